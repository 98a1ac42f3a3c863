//! The rows that screens read, written in the transaction that changes a document.

mod activity;
pub(super) mod attachment;
mod case_note;
mod check;
mod consent;
mod enrolment;
mod marks;
mod notice;
mod station;
mod ticket;
mod visit;

use rusqlite::{Transaction, params};

use super::opened::Opened;
use super::{Store, StoreError, reread, search};
use crate::model::document::Register;

/// The version of these rows. When it moves, [`Store::rebuild_views_step`] writes all of them
/// anew; until then a document has those of the version before.
///
/// 1, 2026-11-21: the first.
/// 2, 2026-11-21: activities, enrolments, notices, tickets, case notes; readings; showings
/// of codes, second readings.
/// 3, 2026-11-21: seats of leases that were given away.
pub(super) const VIEW_VERSION: i64 = 3;

/// Every table that holds rows of documents.
const TABLES: &[&str] = &[
    "stations_view",
    "visits_view",
    "attachments_view",
    "checks_view",
    "consents_view",
    "readings_view",
    "tickets_view",
    "ticket_pairs",
    "ticket_links",
    "ticket_reviews",
    "case_notes_view",
    "visit_codes",
    "check_marks",
    "activities_view",
    "leases_view",
    "enrolments_view",
    "lease_uses",
    "notices_view",
];

/// Writes the rows of a document.
pub(super) fn write(tx: &Transaction<'_>, n: i64, opened: &Opened) -> Result<(), StoreError> {
    let indexed = match opened {
        Opened::Station(read) => station::write(tx, n, read)?,
        Opened::Visit(read) => visit::write(tx, n, read)?,
        Opened::Check(read) => check::write(tx, n, read)?,
        Opened::Consent(read) => consent::write(tx, n, read)?,
        Opened::Activity(read) => activity::write(tx, n, read)?,
        Opened::Enrolment(read) => enrolment::write(tx, n, read)?,
        Opened::Notice(read) => notice::write(tx, n, read)?,
        Opened::Ticket(read) => ticket::write(tx, n, read)?,
        Opened::CaseNote(read) => case_note::write(tx, n, read)?,
    };
    search::write(tx, n, &indexed)
}

/// Removes the rows of a document that is not shown any more.
pub(super) fn remove(tx: &Transaction<'_>, n: i64) -> Result<(), StoreError> {
    for table in TABLES {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE document = ?1"))?
            .execute([n])?;
    }
    search::remove(tx, n)
}

/// The value shown and those beside it: a conflict's loser is found as well.
fn all_of(register: &Register<String>) -> impl Iterator<Item = &str> {
    register
        .value
        .iter()
        .chain(&register.others)
        .map(String::as_str)
}

fn lines<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}

impl Store {
    /// Rebuilds the screens' rows of up to `documents` documents after an update of this program.
    /// Returns how many are left; 0: done. An app calls it in the background until then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rebuild_views_step(&mut self, documents: u32) -> Result<u64, StoreError> {
        self.write(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT n FROM documents WHERE view < ?1 ORDER BY view, n LIMIT ?2",
            )?;
            let due: Vec<i64> = statement
                .query_map(params![VIEW_VERSION, documents], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for n in due {
                reread::reread(tx, n)?;
            }
            pending(tx)
        })
    }
}

/// How many documents have rows of an older version.
pub(super) fn pending(connection: &rusqlite::Connection) -> Result<u64, StoreError> {
    let left: i64 = connection
        .prepare_cached("SELECT COUNT(*) FROM documents WHERE view < ?1")?
        .query_row([VIEW_VERSION], |row| row.get(0))?;
    Ok(super::sql::uint(left))
}
