//! Health checks.

use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use yizhan_proto::{DocumentId, PersonId, StationId};

use super::super::opened::Opened;
use super::super::sql::{bytes, bytes_opt, time};
use super::super::{
    CheckDetail, CheckFilter, CheckRow, FindError, SecondReading, Store, StoreError,
};
use super::crises::{SECOND, due_at};
use super::{HELD, STATION_NAME, UNSENT, infos, limit, open, station_name};
use crate::model::check::Check;
use crate::model::vitals::Level;

/// SQL for the newest check that corrects the check `d`.
const REPLACED_BY: &str = "(SELECT rd.id FROM checks_view r JOIN documents rd ON rd.n = r.document
                            WHERE r.replaces = d.id ORDER BY rd.id DESC LIMIT 1)";

impl Store {
    /// Checks, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn checks(&self, filter: &CheckFilter) -> Result<Vec<CheckRow>, StoreError> {
        self.read(|connection| select(connection, filter))
    }

    /// One check, with its changes.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn check(&self, id: DocumentId) -> Result<CheckDetail, FindError> {
        self.read(|connection| match open(connection, "check", id)? {
            (Opened::Check(check), rows) => Ok(CheckDetail {
                station_name: station_name(connection, check.station)?,
                replaced_by: replaced_by(connection, id)?,
                second_reading: second_reading(connection, id, &check)?,
                check: *check,
                changes: infos(&rows),
            }),
            _ => Err(FindError::None {
                what: "check",
                text: id.to_string(),
            }),
        })
    }
}

fn replaced_by(
    connection: &Connection,
    check: DocumentId,
) -> Result<Option<DocumentId>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT d.id FROM checks_view r JOIN documents d ON d.n = r.document
             WHERE r.replaces = ?1 ORDER BY d.id DESC LIMIT 1",
        )?
        .query_row([check.as_bytes()], |row| {
            bytes(row, 0, DocumentId::from_bytes)
        })
        .optional()?)
}

/// What became of the second reading that a crisis asks for.
fn second_reading(
    connection: &Connection,
    id: DocumentId,
    check: &Check,
) -> Result<Option<SecondReading>, StoreError> {
    if !check.crisis {
        return Ok(None);
    }
    let taken = connection
        .prepare_cached(&format!(
            "SELECT {SECOND} FROM documents d JOIN check_marks m ON m.document = d.n
             WHERE d.id = ?1"
        ))?
        .query_row([id.as_bytes()], |row| {
            bytes_opt(row, 0, DocumentId::from_bytes)
        })
        .optional()?
        .flatten();
    let due = SecondReading::DueAt(due_at(check.taken_at));
    Ok(Some(taken.map_or(due, SecondReading::Taken)))
}

pub(super) fn select(
    connection: &Connection,
    filter: &CheckFilter,
) -> Result<Vec<CheckRow>, StoreError> {
    let (driver, station) = (filter.driver, filter.station);
    let (driver, station) = (
        driver.as_ref().map(PersonId::as_bytes),
        station.as_ref().map(StationId::as_bytes),
    );
    let limit = limit(filter.limit);
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":limit", &limit)];
    let mut conditions = String::from("1");
    if let Some(driver) = &driver {
        conditions.push_str(" AND v.driver = :driver");
        params.push((":driver", driver));
    }
    if let Some(station) = &station {
        conditions.push_str(" AND v.station = :station");
        params.push((":station", station));
    }
    if filter.crisis {
        conditions.push_str(" AND v.crisis <> 0");
    }
    if filter.latest {
        conditions
            .push_str(" AND NOT EXISTS (SELECT 1 FROM checks_view l WHERE l.replaces = d.id)");
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.id, v.driver, v.station, {STATION_NAME}, v.visit, v.taken_at, v.summary, v.crisis,
                v.replaces, {REPLACED_BY}, {UNSENT}, {HELD},
                CASE WHEN m.critical <> 0 THEN {SECOND} END, v.pressure_level, v.glucose_level
         FROM checks_view v JOIN documents d ON d.n = v.document
              LEFT JOIN check_marks m ON m.document = v.document
         WHERE {conditions} ORDER BY v.taken_at DESC, v.document DESC LIMIT :limit"
    ))?;
    let rows = statement.query_map(params.as_slice(), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A level that may be missing.
pub(super) fn level(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Level>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| Level::from_text(&text)))
}

fn read(row: &Row<'_>) -> rusqlite::Result<CheckRow> {
    let (taken_at, crisis) = (time(row, 5)?, row.get(7)?);
    let second = |taken: Option<_>| {
        taken.map_or(SecondReading::DueAt(due_at(taken_at)), SecondReading::Taken)
    };
    Ok(CheckRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        driver: bytes(row, 1, PersonId::from_bytes)?,
        station: bytes(row, 2, StationId::from_bytes)?,
        station_name: row.get(3)?,
        visit: bytes_opt(row, 4, DocumentId::from_bytes)?,
        taken_at,
        summary: row.get(6)?,
        crisis,
        pressure_level: level(row, 13)?,
        glucose_level: level(row, 14)?,
        replaces: bytes_opt(row, 8, DocumentId::from_bytes)?,
        replaced_by: bytes_opt(row, 9, DocumentId::from_bytes)?,
        unsent: row.get(10)?,
        held: row.get(11)?,
        second_reading: match crisis {
            true => Some(second(bytes_opt(row, 12, DocumentId::from_bytes)?)),
            false => None,
        },
    })
}
