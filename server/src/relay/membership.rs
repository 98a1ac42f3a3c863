//! Which scopes a document is in, before and after something happens to it. Pure.

use yizhan_client_core::model::{Outline, route};
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{DocumentId, Scope, Sequence};

use crate::store::rows::{DocumentRow, Member};

/// The document after a change was accepted under `sequence`: a new one joins its audience; one
/// whose routing changed joins and leaves accordingly; wherever it is, it moves to the front.
pub(super) fn accepted(
    document: DocumentId,
    before: Option<&DocumentRow>,
    outline: Outline,
    sequence: Sequence,
) -> DocumentRow {
    let mut row = DocumentRow {
        digest: DocumentDigest::of(document, &outline.head_hashes()),
        members: before.map_or_else(Vec::new, |before| before.members.clone()),
        outline,
    };
    if before.is_none_or(|before| before.outline.routing != row.outline.routing) {
        let audience = route::audience(row.outline.kind, &row.outline.routing);
        for member in &mut row.members {
            if !audience.contains(&member.scope) {
                leave(member, ForgetReason::Left, sequence);
            }
        }
        for scope in &audience {
            join(&mut row, scope, sequence);
        }
    }
    for member in &mut row.members {
        if member.left.is_none() {
            member.last = sequence;
        }
    }
    row
}

/// The document after it joined a scope; `None` if it is there already.
pub(super) fn joined(row: &DocumentRow, scope: &Scope, sequence: Sequence) -> Option<DocumentRow> {
    let mut row = row.clone();
    join(&mut row, scope, sequence).then_some(row)
}

/// The document after it left a scope; `None` if it is not there.
pub(super) fn left(
    row: &DocumentRow,
    scope: &Scope,
    reason: ForgetReason,
    sequence: Sequence,
) -> Option<DocumentRow> {
    let mut row = row.clone();
    let member = row
        .members
        .iter_mut()
        .find(|member| member.scope == *scope)?;
    leave(member, reason, sequence).then_some(row)
}

fn join(row: &mut DocumentRow, scope: &Scope, sequence: Sequence) -> bool {
    let place = Member {
        scope: scope.clone(),
        joined: sequence,
        last: sequence,
        left: None,
    };
    match row.members.iter_mut().find(|member| member.scope == *scope) {
        Some(member) if member.left.is_none() => return false,
        Some(member) => *member = place,
        None => row.members.push(place),
    }
    true
}

fn leave(member: &mut Member, reason: ForgetReason, sequence: Sequence) -> bool {
    if member.left.is_some() {
        return false;
    }
    member.left = Some(reason);
    member.last = sequence;
    true
}
