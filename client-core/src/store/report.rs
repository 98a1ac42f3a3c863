//! Reports from what this device holds: one document in memory at a time.

use rusqlite::Connection;

use super::documents::by_number;
use super::{Store, StoreError, changes, opened};
use crate::model::report::{Lens, Report, Sheet, Wanted};

impl Store {
    /// Makes a report of the documents here. The caller has seen to it that the person may have it.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails. A document that cannot be opened is counted in the sheet.
    pub fn report(&self, wanted: Wanted, lens: &Lens<'_>) -> Result<Sheet, StoreError> {
        self.read(|connection| {
            let kinds = Report::kinds(wanted.what);
            let mut report = Report::new(wanted);
            for kind in kinds {
                for n in numbers(connection, kind.code())? {
                    add(connection, n, &mut report, lens)?;
                }
            }
            Ok(report.finish(lens))
        })
    }
}

fn numbers(connection: &Connection, kind: u8) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare("SELECT n FROM documents WHERE kind = ?1 ORDER BY n")?;
    let rows = statement.query_map([kind], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn add(
    connection: &Connection,
    n: i64,
    report: &mut Report,
    lens: &Lens<'_>,
) -> Result<(), StoreError> {
    let Some(row) = by_number(connection, n)? else {
        return Ok(());
    };
    let rows = changes::of_document(connection, n)?;
    if !rows.iter().any(changes::ChangeRow::is_shown) {
        return Ok(());
    }
    match opened::open(row.id, row.kind, &rows) {
        Ok(document) => report.add(&document, &opened::order(&rows), lens),
        Err(_) => report.unreadable(),
    }
    Ok(())
}
