//! Reading a document anew from its changes, after any of them came, went or changed its state.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use yizhan_proto::codec;
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::{ChangeHash, Kind};

use super::changes::{self, ChangeRow};
use super::documents::{self, DocumentRow};
use super::opened::{self, Opened};
use super::{ChangeState, StoreError, views};
use crate::model::Document;
use crate::model::document::Unreadable;
use crate::model::genesis::Genesis;

/// What came out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reread {
    /// It cannot be opened, and could before.
    pub(super) newly_set_aside: bool,
    /// The digest of its acknowledged heads.
    pub(super) acked_digest: Option<DocumentDigest>,
}

/// Brings everything that follows from a document's changes up to date: the digest of what the
/// relay is known to have, the outline, the rows of the screens, and whether it can be opened at
/// all. One opening, however many changes are new.
pub(super) fn reread(tx: &Transaction<'_>, n: i64) -> Result<Reread, StoreError> {
    let Some(document) = documents::by_number(tx, n)? else {
        return Ok(Reread::default());
    };
    let mut rows = changes::of_document(tx, n)?;
    if let Some(known) = without_hearsay(&document, &rows) {
        for row in rows.iter().filter(|row| !known.contains(&row.n)) {
            tx.prepare_cached("DELETE FROM changes WHERE n = ?1")?
                .execute([row.n])?;
        }
        rows.retain(|row| known.contains(&row.n));
    }
    let acked_digest = acked_digest(&document, &rows);
    let shown = opened::is_shown(document.kind) && rows.iter().any(ChangeRow::is_shown);
    let (outline, set_aside) = if shown {
        match read(&document, &rows) {
            Ok((document, opened)) => {
                views::write(tx, n, &opened)?;
                views::attachment::write(tx, n, &document)?;
                let outline = opened::outline(document.kind, &rows);
                (outline.as_ref().map(codec::encode), None)
            }
            Err(Unreadable(why)) => {
                views::remove(tx, n)?;
                (None, Some(why))
            }
        }
    } else {
        views::remove(tx, n)?;
        (None, None)
    };
    tx.prepare_cached(
        "UPDATE documents SET acked_digest = ?2, outline = ?3, set_aside = ?4, view = ?5 WHERE n = ?1",
    )?
    .execute(params![
        n,
        acked_digest.map(|digest| digest.to_bits().cast_signed()),
        outline,
        set_aside,
        views::VIEW_VERSION,
    ])?;
    Ok(Reread {
        newly_set_aside: set_aside.is_some() && document.set_aside.is_none(),
        acked_digest,
    })
}

/// The rows to go on with, if the document cannot be opened for what others are said to have written
/// in it, and the relay, asked about it, does not have. Own changes go nowhere.
fn without_hearsay(document: &DocumentRow, rows: &[ChangeRow]) -> Option<BTreeSet<i64>> {
    let unconfirmed = |row: &&ChangeRow| row.state == ChangeState::Unconfirmed;
    let said: Vec<_> = rows
        .iter()
        .filter(unconfirmed)
        .map(|row| row.hash)
        .collect();
    if said.is_empty() || !opened::is_shown(document.kind) || read(document, rows).is_ok() {
        return None;
    }
    let hearsay = changes::with_dependents(rows, &said);
    if hearsay.iter().any(|row| row.own) {
        return None;
    }
    let is_known = |row: &&ChangeRow| hearsay.iter().all(|other| other.n != row.n);
    let known: Vec<ChangeRow> = rows.iter().filter(is_known).cloned().collect();
    read(document, &known).ok()?;
    Some(known.iter().map(|row| row.n).collect())
}

fn read(row: &DocumentRow, rows: &[ChangeRow]) -> Result<(Document, Opened), Unreadable> {
    let document = opened::open(row.id, row.kind, rows)?;
    let opened = Opened::read(&document, rows)?;
    Ok((document, opened))
}

/// Of a document that lacks what its changes build on there is no digest: its heads would be the relay's,
/// and nobody would ever notice.
fn acked_digest(document: &DocumentRow, rows: &[ChangeRow]) -> Option<DocumentDigest> {
    let acked = rows
        .iter()
        .filter(|row| row.state == ChangeState::Acknowledged);
    let heads = changes::heads(acked.clone());
    let is_whole = is_whole(document.kind, acked);
    (is_whole && !heads.is_empty()).then(|| DocumentDigest::of(document.id, &heads))
}

/// Whether all is there that these changes build on; of a kind that this version does not know, nobody
/// here can tell.
fn is_whole<'a>(kind: Kind, acked: impl Iterator<Item = &'a ChangeRow> + Clone) -> bool {
    let Some(genesis) = Genesis::of(kind) else {
        return true;
    };
    let here: BTreeSet<ChangeHash> = acked.clone().map(|row| row.hash).collect();
    acked
        .flat_map(|row| &row.deps)
        .all(|dep| here.contains(dep) || genesis.step(dep).is_some())
}
