//! Visits.

use rusqlite::{Connection, Row, ToSql};
use yizhan_proto::{DocumentId, Nonce, PersonId, StationId, Timestamp};

use super::super::opened::Opened;
use super::super::sql::{bytes, bytes_opt, small_opt, time, time_opt};
use super::super::{FindError, Store, StoreError, VisitDetail, VisitFilter, VisitRow};
use super::{HELD, SAME_MS, STATION_NAME, UNSENT, infos, limit, open, open_since, station_name};
use crate::model::visit::Visit;

/// SQL for the earliest other visit of the driver of `v` that was begun by the same showing of a
/// code, if it is earlier than `v`.
const SAME_SHOWING: &str = "(SELECT w.id FROM visit_codes own
                             JOIN visit_codes other ON other.nonce = own.nonce
                             JOIN visits_view w ON w.document = other.document
                             WHERE own.document = v.document AND w.driver = v.driver
                               AND (w.arrived_at, w.id) < (v.arrived_at, v.id)
                             ORDER BY w.arrived_at, w.id LIMIT 1)";

impl Store {
    /// Visits, newest arrival first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn visits(
        &self,
        filter: &VisitFilter,
        now: Timestamp,
    ) -> Result<Vec<VisitRow>, StoreError> {
        self.read(|connection| select(connection, filter, now))
    }

    /// A driver's visits that are open: more than one is worth a warning.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_visits(
        &self,
        driver: PersonId,
        now: Timestamp,
    ) -> Result<Vec<VisitRow>, StoreError> {
        let filter = VisitFilter {
            driver: Some(driver),
            open: true,
            ..VisitFilter::default()
        };
        self.visits(&filter, now)
    }

    /// The visits begun by this showing of a code, earliest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn visits_of_showing(&self, nonce: Nonce) -> Result<Vec<DocumentId>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT v.id FROM visit_codes c JOIN visits_view v ON v.document = c.document
                 WHERE c.nonce = ?1 ORDER BY v.arrived_at, v.id",
            )?;
            let rows = statement.query_map([nonce.as_bytes()], |row| {
                bytes(row, 0, DocumentId::from_bytes)
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// One visit, with its changes.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn visit(&self, id: DocumentId, now: Timestamp) -> Result<VisitDetail, FindError> {
        self.read(|connection| match open(connection, "visit", id)? {
            (Opened::Visit(visit), rows) => Ok(VisitDetail {
                station_name: station_name(connection, visit.station)?,
                open: is_open(visit.left_at.value, visit.arrived_at, now),
                same_as: same_arrival(connection, &visit)?,
                visit: *visit,
                changes: infos(&rows),
            }),
            _ => Err(FindError::None {
                what: "visit",
                text: id.to_string(),
            }),
        })
    }
}

fn is_open(left_at: Option<Timestamp>, arrived_at: Timestamp, now: Timestamp) -> bool {
    left_at.is_none() && arrived_at.as_ms() > open_since(now)
}

pub(super) fn select(
    connection: &Connection,
    filter: &VisitFilter,
    now: Timestamp,
) -> Result<Vec<VisitRow>, StoreError> {
    let (driver, station) = (filter.driver, filter.station);
    let (driver, station) = (
        driver.as_ref().map(PersonId::as_bytes),
        station.as_ref().map(StationId::as_bytes),
    );
    let (since, limit) = (open_since(now), limit(filter.limit));
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":since", &since), (":limit", &limit)];
    let mut conditions = String::from("1");
    if let Some(driver) = &driver {
        conditions.push_str(" AND v.driver = :driver");
        params.push((":driver", driver));
    }
    if let Some(station) = &station {
        conditions.push_str(" AND v.station = :station");
        params.push((":station", station));
    }
    if filter.open {
        conditions.push_str(" AND v.left_at IS NULL AND v.arrived_at > :since");
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns} FROM visits_view v JOIN documents d ON d.n = v.document
         WHERE {conditions} ORDER BY v.arrived_at DESC, v.document DESC LIMIT :limit",
        columns = columns(),
    ))?;
    let rows = statement.query_map(params.as_slice(), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// SQL for the columns of a [`VisitRow`] in its order, of the visit `v` and its document `d`; the
/// parameter `:since` is [`open_since`].
pub(super) fn columns() -> String {
    format!(
        "d.id, v.driver, v.driver_name, v.station, {STATION_NAME}, v.arrived_at, v.left_at,
         v.left_at IS NULL AND v.arrived_at > :since, v.plate, v.given, v.beds, v.rating,
         coalesce((SELECT w.id FROM visits_view w
          WHERE w.driver = v.driver AND w.station = v.station
            AND w.arrived_at BETWEEN v.arrived_at - {SAME_MS} AND v.arrived_at
            AND (w.arrived_at, w.id) < (v.arrived_at, v.id)
          ORDER BY w.arrived_at, w.id LIMIT 1), {SAME_SHOWING}),
         v.conflict, {UNSENT}, {HELD}"
    )
}

/// How many columns a [`VisitRow`] takes.
pub(super) const COLUMNS: usize = 16;

/// Reads [`columns`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<VisitRow> {
    Ok(VisitRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        driver: bytes(row, 1, PersonId::from_bytes)?,
        driver_name: row.get(2)?,
        station: bytes(row, 3, StationId::from_bytes)?,
        station_name: row.get(4)?,
        arrived_at: time(row, 5)?,
        left_at: time_opt(row, 6)?,
        open: row.get(7)?,
        vehicle_plate: row.get(8)?,
        services_given: small_opt(row, 9)?.unwrap_or(u32::MAX),
        beds_given: small_opt(row, 10)?.unwrap_or(u32::MAX),
        rating: small_opt(row, 11)?,
        same_as: bytes_opt(row, 12, DocumentId::from_bytes)?,
        conflict: row.get(13)?,
        unsent: row.get(14)?,
        held: row.get(15)?,
    })
}

/// Other records of the same arrival, earlier or later.
fn same_arrival(connection: &Connection, visit: &Visit) -> Result<Vec<DocumentId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, arrived_at FROM visits_view
         WHERE driver = ?1 AND station = ?2 AND arrived_at BETWEEN ?3 AND ?4 AND id <> ?5
         UNION
         SELECT w.id, w.arrived_at FROM visit_codes other
         JOIN visits_view w ON w.document = other.document
         WHERE other.nonce = ?6 AND w.driver = ?1 AND w.id <> ?5
         ORDER BY 2, 1",
    )?;
    let rows = statement.query_map(
        rusqlite::params![
            visit.driver.as_bytes(),
            visit.station.as_bytes(),
            visit.arrived_at.saturating_add_ms(-SAME_MS).as_ms(),
            visit.arrived_at.saturating_add_ms(SAME_MS).as_ms(),
            visit.id.as_bytes(),
            visit.code.as_ref().map(|code| code.nonce.as_bytes()),
        ],
        |row| bytes(row, 0, DocumentId::from_bytes),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
