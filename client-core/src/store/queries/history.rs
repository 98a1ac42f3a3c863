//! A driver's past: their own on their phone, and what a keeper sees of it at the counter.

use core::cmp::Reverse;

use rusqlite::{Connection, Row, params};
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::super::sql::{bytes, time, uint};
use super::super::{
    CheckFilter, CheckRow, ConsentFilter, DriverCard, History, ItemTrend, ReadingRow, Store,
    StoreError, VisitFilter, VisitRow, device,
};
use super::{checks, consents, limit, today, visits};
use crate::model::check::Comparator;
use crate::model::trend::Trend;
use crate::model::vitals::Item;

/// Items that come to a number, in the order of a form.
const ITEMS: [Item; 6] = [
    Item::Systolic,
    Item::Diastolic,
    Item::Pulse,
    Item::GlucoseFasting,
    Item::GlucoseAfterMeal,
    Item::GlucoseRandom,
];

impl Store {
    /// A driver's past: the last `rows` visits and checks, and the trend of the last `rows`
    /// readings of each item. For this device's own person, under every id they go by.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history(
        &self,
        driver: PersonId,
        rows: u32,
        now: Timestamp,
    ) -> Result<History, StoreError> {
        self.read(|connection| {
            let ids = ids_of(connection, driver)?;
            let mut trends = Vec::new();
            for item in ITEMS {
                trends.extend(trend_of(connection, &ids, item, rows)?);
            }
            Ok(History {
                driver,
                visits: last_visits(connection, &ids, rows, now)?,
                checks: last_checks(connection, &ids, rows)?,
                trends,
            })
        })
    }

    /// The last `rows` readings of one item of a driver, and what they say; `None` if this device
    /// holds none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trend(
        &self,
        driver: PersonId,
        item: Item,
        rows: u32,
    ) -> Result<Option<ItemTrend>, StoreError> {
        self.read(|connection| {
            let ids = ids_of(connection, driver)?;
            trend_of(connection, &ids, item, rows)
        })
    }

    /// A driver as a keeper of a station sees them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn driver_card(
        &self,
        driver: PersonId,
        station: StationId,
        now: Timestamp,
    ) -> Result<DriverCard, StoreError> {
        self.read(|connection| {
            let here = VisitFilter {
                driver: Some(driver),
                station: Some(station),
                limit: 1,
                ..VisitFilter::default()
            };
            let last_visit = visits::select(connection, &here, now)?.pop();
            let check = CheckFilter {
                driver: Some(driver),
                station: Some(station),
                latest: true,
                limit: 1,
                ..CheckFilter::default()
            };
            let consent = ConsentFilter {
                driver: Some(driver),
                station: Some(station),
                ..ConsentFilter::default()
            };
            Ok(DriverCard {
                driver,
                name: last_visit.as_ref().map(|visit| visit.driver_name.clone()),
                visits_here: visits_here(connection, driver, station)?,
                last_visit,
                open: today::open_of(connection, driver, now)?,
                consents: consents::select(connection, &consent, true, now)?,
                last_check: checks::select(connection, &check)?.pop(),
            })
        })
    }
}

/// Every id of a driver that this device knows: of its own person all, of others the one.
fn ids_of(connection: &Connection, driver: PersonId) -> Result<Vec<PersonId>, StoreError> {
    let own = device::load(connection)?.people();
    Ok(if own.contains(&driver) {
        own
    } else {
        vec![driver]
    })
}

fn visits_here(
    connection: &Connection,
    driver: PersonId,
    station: StationId,
) -> Result<u32, StoreError> {
    let count: i64 = connection
        .prepare_cached("SELECT COUNT(*) FROM visits_view WHERE driver = ?1 AND station = ?2")?
        .query_row(params![driver.as_bytes(), station.as_bytes()], |row| {
            row.get(0)
        })?;
    Ok(u32::try_from(uint(count)).unwrap_or(u32::MAX))
}

fn last_visits(
    connection: &Connection,
    ids: &[PersonId],
    rows: u32,
    now: Timestamp,
) -> Result<Vec<VisitRow>, StoreError> {
    last_of(
        ids,
        rows,
        |visit: &VisitRow| visit.arrived_at,
        |driver| {
            let filter = VisitFilter {
                driver: Some(driver),
                limit: rows,
                ..VisitFilter::default()
            };
            visits::select(connection, &filter, now)
        },
    )
}

fn last_checks(
    connection: &Connection,
    ids: &[PersonId],
    rows: u32,
) -> Result<Vec<CheckRow>, StoreError> {
    last_of(
        ids,
        rows,
        |check: &CheckRow| check.taken_at,
        |driver| {
            let filter = CheckFilter {
                driver: Some(driver),
                latest: true,
                limit: rows,
                ..CheckFilter::default()
            };
            checks::select(connection, &filter)
        },
    )
}

fn trend_of(
    connection: &Connection,
    ids: &[PersonId],
    item: Item,
    rows: u32,
) -> Result<Option<ItemTrend>, StoreError> {
    let mut readings = last_of(
        ids,
        rows,
        |reading: &ReadingRow| reading.taken_at,
        |driver| readings(connection, driver, item, rows),
    )?;
    readings.reverse();
    let values: Vec<f64> = readings.iter().map(|reading| reading.value).collect();
    Ok(Trend::of(item, &values).map(|trend| ItemTrend {
        item,
        readings,
        trend,
    }))
}

/// The last `rows` (0: all) of what several ids have, newest first.
fn last_of<T>(
    ids: &[PersonId],
    rows: u32,
    at: impl Fn(&T) -> Timestamp,
    mut of: impl FnMut(PersonId) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    for id in ids {
        all.extend(of(*id)?);
    }
    all.sort_by_key(|row| Reverse(at(row)));
    if let (Ok(rows), true) = (usize::try_from(rows), rows > 0) {
        all.truncate(rows);
    }
    Ok(all)
}

/// Readings of one item, newest first, without those that a later check corrects.
fn readings(
    connection: &Connection,
    driver: PersonId,
    item: Item,
    rows: u32,
) -> Result<Vec<ReadingRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.id, r.taken_at, r.value, r.comparator, r.level
         FROM readings_view r JOIN documents d ON d.n = r.document
         WHERE r.driver = ?1 AND r.item = ?2
           AND NOT EXISTS (SELECT 1 FROM checks_view l WHERE l.replaces = d.id)
         ORDER BY r.taken_at DESC, r.document DESC, r.entry DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(
        params![driver.as_bytes(), item.as_str(), limit(rows)],
        reading,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn reading(row: &Row<'_>) -> rusqlite::Result<ReadingRow> {
    let comparator: Option<String> = row.get(3)?;
    Ok(ReadingRow {
        check: bytes(row, 0, DocumentId::from_bytes)?,
        taken_at: time(row, 1)?,
        value: row.get(2)?,
        comparator: comparator.and_then(|text| Comparator::from_text(&text)),
        level: checks::level(row, 4)?,
    })
}
