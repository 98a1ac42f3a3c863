//! A station's day, and whether somebody is still somewhere else.

use core::ops::Range;

use rusqlite::{Connection, OptionalExtension, named_params};
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::super::sql::{bytes_opt, small_opt};
use super::super::{Store, StoreError, Today, TodayVisit, VisitFilter, VisitRow};
use super::visits;
use super::{OPEN_MS, SAME_MS, open_since};

impl Store {
    /// The day of a station: who arrived in `day`, left in it, or is still there, and the beds.
    ///
    /// The caller says when the day begins and ends (the store knows no time zones), and what time
    /// it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn today(
        &self,
        station: StationId,
        day: Range<Timestamp>,
        now: Timestamp,
    ) -> Result<Today, StoreError> {
        self.read(|connection| {
            let (name, beds) = about(connection, station)?;
            let visits = select(connection, station, &day, now)?;
            Ok(Today::of(station, name, beds, visits, day.start))
        })
    }

    /// Open visits of a driver that are no record of the same arrival as this one; the latest
    /// first. Any is worth a question.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn also_open(
        &self,
        visit: DocumentId,
        driver: PersonId,
        now: Timestamp,
    ) -> Result<Vec<VisitRow>, StoreError> {
        self.read(|connection| {
            let mut open = open_of(connection, driver, now)?;
            let Some(at) = open.iter().position(|row| row.id == visit) else {
                return Ok(open);
            };
            let this = open.remove(at);
            open.retain(|other| {
                let apart = other.arrived_at.ms_since(this.arrived_at).unsigned_abs();
                let same = other.same_as == Some(this.id) || this.same_as == Some(other.id);
                !same && (other.station != this.station || apart > SAME_MS.unsigned_abs())
            });
            Ok(open)
        })
    }
}

/// A driver's open visits, newest first.
pub(super) fn open_of(
    connection: &Connection,
    driver: PersonId,
    now: Timestamp,
) -> Result<Vec<VisitRow>, StoreError> {
    let filter = VisitFilter {
        driver: Some(driver),
        open: true,
        ..VisitFilter::default()
    };
    visits::select(connection, &filter, now)
}

/// A station's name, its beds in all, and those said to be free.
type About = (Option<String>, (Option<u32>, Option<u32>));

fn about(connection: &Connection, station: StationId) -> Result<About, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT s.name, s.beds_total, s.beds_free
             FROM documents d JOIN stations_view s ON s.document = d.n WHERE d.id = ?1",
        )?
        .query_row([station.as_bytes()], |row| {
            Ok((Some(row.get(0)?), (small_opt(row, 1)?, small_opt(row, 2)?)))
        })
        .optional()?;
    Ok(row.unwrap_or_default())
}

fn select(
    connection: &Connection,
    station: StationId,
    day: &Range<Timestamp>,
    now: Timestamp,
) -> Result<Vec<TodayVisit>, StoreError> {
    // Who was open when the day began can have left in it.
    let since = open_since(now);
    let earliest = since.min(day.start.saturating_add_ms(-OPEN_MS).as_ms());
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns},
                (SELECT od.id FROM visits_view o JOIN documents od ON od.n = o.document
                 WHERE o.driver = v.driver AND o.left_at IS NULL AND o.arrived_at > :since
                   AND o.document <> v.document
                   AND NOT (o.station = v.station
                            AND o.arrived_at BETWEEN v.arrived_at - {SAME_MS}
                                                 AND v.arrived_at + {SAME_MS})
                 ORDER BY o.arrived_at DESC LIMIT 1)
         FROM visits_view v JOIN documents d ON d.n = v.document
         WHERE v.station = :station AND v.arrived_at > :earliest
           AND (v.arrived_at >= :from AND v.arrived_at < :until
                OR v.left_at >= :from AND v.left_at < :until
                OR v.left_at IS NULL AND v.arrived_at > :since)
         ORDER BY v.arrived_at DESC, v.document DESC",
        columns = visits::columns(),
    ))?;
    let rows = statement.query_map(
        named_params! {
            ":station": station.as_bytes(),
            ":since": since,
            ":earliest": earliest,
            ":from": day.start.as_ms(),
            ":until": day.end.as_ms(),
        },
        |row| {
            let visit = visits::read(row)?;
            let also_open = bytes_opt(row, visits::COLUMNS, DocumentId::from_bytes)?;
            // Who has left here may be somewhere else.
            let also_open = also_open.filter(|_| visit.open);
            Ok(TodayVisit { visit, also_open })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
