//! The rows of a case note.

use rusqlite::{Transaction, params};
use yizhan_proto::PersonId;

use crate::model::case_note::CaseNote;
use crate::store::StoreError;
use crate::store::search::Indexed;

/// Characters of a note that a hit is called by.
const TITLE_CHARS: usize = 24;

pub(super) fn write(tx: &Transaction<'_>, n: i64, note: &CaseNote) -> Result<Indexed, StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO case_notes_view (document, ticket, desk, by, at, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        n,
        note.ticket.as_bytes(),
        note.desk.as_str(),
        note.by.as_ref().map(PersonId::as_bytes),
        note.at.as_ms(),
        note.text,
    ])?;
    Ok(Indexed {
        title: note.text.chars().take(TITLE_CHARS).collect(),
        text: note.text.clone(),
    })
}
