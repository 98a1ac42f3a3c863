//! Reading a document anew from its changes, after any of them came, went or changed its state.

use rusqlite::{Transaction, params};
use yizhan_proto::codec;
use yizhan_proto::digest::DocumentDigest;

use super::changes::{self, ChangeRow};
use super::documents::{self, DocumentRow};
use super::opened::{self, Opened};
use super::{ChangeState, StoreError, views};
use crate::model::Document;
use crate::model::document::Unreadable;

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
    let rows = changes::of_document(tx, n)?;
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

fn read(row: &DocumentRow, rows: &[ChangeRow]) -> Result<(Document, Opened), Unreadable> {
    let document = opened::open(row.id, row.kind, rows)?;
    let opened = Opened::read(&document, rows)?;
    Ok((document, opened))
}

fn acked_digest(document: &DocumentRow, rows: &[ChangeRow]) -> Option<DocumentDigest> {
    let heads = changes::heads(
        rows.iter()
            .filter(|row| row.state == ChangeState::Acknowledged),
    );
    (!heads.is_empty()).then(|| DocumentDigest::of(document.id, &heads))
}
