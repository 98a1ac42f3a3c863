//! On which side of the marks a document lies.

use std::collections::BTreeMap;
use std::sync::Arc;

use yizhan_client_core::model::retention::{Audience, ended_at};
use yizhan_client_core::model::{Inspected, Outline, gate};
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{DocumentId, Kind, Sequence, Timestamp};

use super::periods::PERIOD_MS_MIN;
use crate::relay::access;
use crate::store::rows::{Age, DocumentRow, Member};
use crate::store::{LogTx, StoreError};

/// The document with what follows from its age, as it is to be kept with this sequence. Only what
/// is new, ends at another time or belongs elsewhere is looked at: everything else lies where it
/// should.
pub(in crate::relay) fn judged(
    tx: &mut LogTx<'_>,
    id: DocumentId,
    before: Option<&DocumentRow>,
    row: DocumentRow,
    sequence: Sequence,
    now: Timestamp,
) -> Result<DocumentRow, StoreError> {
    let outline = &row.outline;
    let Some(before) = before else {
        if let (Kind::Enrolment, Some(activity)) = (outline.kind, outline.facts.activity) {
            tx.put_follower(activity, id)?;
        }
        return aged(tx, id, row, sequence, now);
    };
    let (ended, ends) = (ended_at(&before.outline), ended_at(outline));
    if ended != ends {
        let is_old = |at: Option<Timestamp>| at.is_some_and(|at| !is_young(at, now));
        let leads = matches!(outline.kind, Kind::Activity | Kind::Ticket);
        if leads && (is_old(ended) || is_old(ends)) {
            tx.ask_followers(id)?;
        }
    } else if before.outline.routing == outline.routing {
        return Ok(row);
    }
    aged(tx, id, row, sequence, now)
}

/// The document with each of its places on the right side of the marks.
pub(in crate::relay) fn aged(
    tx: &mut LogTx<'_>,
    id: DocumentId,
    row: DocumentRow,
    sequence: Sequence,
    now: Timestamp,
) -> Result<DocumentRow, StoreError> {
    let age = age_of(tx, id, &row.outline)?;
    let young = age.is_none_or(|age| is_young(age.ended_at, now));
    let is_retired = |member: &Member| member.left == Some(ForgetReason::Retired);
    if young && !row.members.iter().any(is_retired) {
        return Ok(row);
    }
    let mut out = BTreeMap::new();
    for audience in audiences(&row) {
        let mark = tx.mark(audience)?;
        out.insert(audience, age.is_some_and(|age| age < mark.age));
    }
    let decide = |audience: Audience| out.get(&audience).copied();
    let (row, moved) = put_on_side(tx, row, decide, sequence, now)?;
    for (audience, by) in moved {
        let mut mark = tx.mark(audience)?;
        mark.retired = mark.retired.saturating_add_signed(by);
        tx.put_mark(&mark)?;
    }
    Ok(row)
}

/// As [`aged`], for a document that is there: a note whose ticket is known by now, an enrolment whose
/// activity ends at another time.
pub(in crate::relay) fn look_again(
    tx: &mut LogTx<'_>,
    id: DocumentId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(before) = tx.document(id)? else {
        return Ok(());
    };
    let sequence = tx.next_sequence();
    let after = aged(tx, id, DocumentRow::clone(&before), sequence, now)?;
    keep(tx, id, before, after)
}

/// Keeps what changed of the places of a document, under the next sequence.
pub(super) fn keep(
    tx: &mut LogTx<'_>,
    id: DocumentId,
    before: Arc<DocumentRow>,
    after: DocumentRow,
) -> Result<(), StoreError> {
    if before.members == after.members {
        return Ok(());
    }
    tx.allot_sequence();
    tx.put_document(id, Some(before), after)
}

/// Puts the places of a document on the side that `decide` says (`true`: out), where it says one.
/// Gives by how many each audience has more documents that left it.
pub(super) fn put_on_side(
    tx: &mut LogTx<'_>,
    mut row: DocumentRow,
    decide: impl Fn(Audience) -> Option<bool>,
    sequence: Sequence,
    now: Timestamp,
) -> Result<(DocumentRow, BTreeMap<Audience, i64>), StoreError> {
    let mut moved = BTreeMap::new();
    for member in &mut row.members {
        let kind = row.outline.kind;
        let Some(audience) = Audience::of(kind, &row.outline.routing, &member.scope) else {
            continue;
        };
        match (decide(audience), member.left) {
            (Some(true), None) => {
                member.left = Some(ForgetReason::Retired);
                member.last = sequence;
                *moved.entry(audience).or_default() += 1;
            }
            (Some(false), Some(ForgetReason::Retired)) => {
                if access::may_lie(tx, &row.outline, &member.scope, now)? {
                    member.left = None;
                    member.joined = sequence;
                    member.last = sequence;
                } else {
                    // What keeps it away is no longer its age, but a consent.
                    member.left = Some(ForgetReason::Left);
                }
                *moved.entry(audience).or_default() -= 1;
            }
            (Some(_) | None, _) => {}
        }
    }
    Ok((row, moved))
}

/// What an audience's mark is compared with; `None`: it has no end, and is young.
fn age_of(
    tx: &mut LogTx<'_>,
    id: DocumentId,
    outline: &Outline,
) -> Result<Option<Age>, StoreError> {
    let leader = match outline.kind {
        Kind::Enrolment => outline.facts.activity,
        Kind::CaseNote => tx.ticket_of_note(id)?,
        Kind::Station
        | Kind::Activity
        | Kind::Notice
        | Kind::Visit
        | Kind::Check
        | Kind::Consent
        | Kind::Ticket
        | Kind::Unknown(_) => return Ok(ended_at(outline).map(|ended| Age::of(ended, id))),
    };
    let Some(leader) = leader else {
        return Ok(None);
    };
    let row = tx.document(leader)?;
    let ended = row.and_then(|row| ended_at(&row.outline));
    Ok(ended.map(|ended| Age::of(ended, leader).with(id)))
}

/// Whether it ended so lately that no period is over: spares most changes a look at the marks.
fn is_young(ended_at: Timestamp, now: Timestamp) -> bool {
    now.ms_since(ended_at) < PERIOD_MS_MIN
}

fn audiences(row: &DocumentRow) -> impl Iterator<Item = Audience> {
    let outline = &row.outline;
    let of = |member: &Member| Audience::of(outline.kind, &outline.routing, &member.scope);
    row.members.iter().filter_map(of)
}

/// When the latest was taken of the checks that this change corrects, if it makes a check that
/// corrects one. A correction must not leave before what it corrects: that would pass for right.
pub(in crate::relay) fn latest_of(
    tx: &mut LogTx<'_>,
    kind: Kind,
    change: &Inspected,
) -> Result<Option<Timestamp>, StoreError> {
    if kind != Kind::Check {
        return Ok(None);
    }
    let mut latest = None;
    for named in gate::references(kind, change) {
        let row = tx.document(named)?;
        let row = row.filter(|row| row.outline.kind == Kind::Check);
        latest = latest.max(row.and_then(|row| ended_at(&row.outline)));
    }
    Ok(latest)
}
