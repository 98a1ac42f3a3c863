//! Reports from what this device holds: one document in memory at a time.

use rusqlite::{Connection, OptionalExtension};

use super::documents::by_number;
use super::{Store, StoreError, changes, opened};
use crate::model::inspect;
use crate::model::report::{Counted, Lens, Report, Sheet, Wanted, What};
use yizhan_proto::{Kind, PersonId};

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

    /// Whose documents are counted in reports, by the consents here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn counted(&self, person: &dyn Fn(PersonId) -> PersonId) -> Result<Counted, StoreError> {
        self.read(|connection| {
            let mut counted = Counted::default();
            for n in numbers(connection, Kind::Consent.code())? {
                let rows = changes::of_document(connection, n)?;
                let said: Vec<_> = rows
                    .iter()
                    .filter(|row| row.is_shown())
                    .filter_map(|row| {
                        let at = row.received_at.unwrap_or(row.device_time);
                        Some((at, inspect(&row.bytes).ok()?))
                    })
                    .collect();
                counted.hear(&said, person);
            }
            Ok(counted)
        })
    }

    /// Documents of the kinds of a report that have left this device because they grew old, ever:
    /// a report made of what is here does not count them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn grown_old(&self, what: What) -> Result<u64, StoreError> {
        self.read(|connection| {
            let mut sum = 0;
            for kind in Report::kinds(what) {
                let found: Option<i64> = connection
                    .prepare_cached("SELECT documents FROM grown_old WHERE kind = ?1")?
                    .query_row([kind.code()], |row| row.get(0))
                    .optional()?;
                sum += found.map_or(0, i64::unsigned_abs);
            }
            Ok(sum)
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
