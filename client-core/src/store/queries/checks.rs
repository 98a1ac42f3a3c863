//! Health checks.

use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use yizhan_proto::{DocumentId, PersonId, StationId};

use super::super::opened::Opened;
use super::super::sql::{bytes, bytes_opt, time};
use super::super::{CheckDetail, CheckFilter, CheckRow, FindError, Store, StoreError};
use super::{HELD, STATION_NAME, UNSENT, infos, limit, open, station_name};
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
                v.pressure_level, v.glucose_level, v.replaces, {REPLACED_BY}, {UNSENT}, {HELD}
         FROM checks_view v JOIN documents d ON d.n = v.document
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
    Ok(CheckRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        driver: bytes(row, 1, PersonId::from_bytes)?,
        station: bytes(row, 2, StationId::from_bytes)?,
        station_name: row.get(3)?,
        visit: bytes_opt(row, 4, DocumentId::from_bytes)?,
        taken_at: time(row, 5)?,
        summary: row.get(6)?,
        crisis: row.get(7)?,
        pressure_level: level(row, 8)?,
        glucose_level: level(row, 9)?,
        replaces: bytes_opt(row, 10, DocumentId::from_bytes)?,
        replaced_by: bytes_opt(row, 11, DocumentId::from_bytes)?,
        unsent: row.get(12)?,
        held: row.get(13)?,
    })
}
