//! Activities, and the leases of their seats.

use rusqlite::{Connection, Row, ToSql, params};
use yizhan_proto::{DeviceId, DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::super::opened::Opened;
use super::super::sql::{bytes, small_opt, time};
use super::super::{ActivityDetail, ActivityFilter, ActivityRow, FindError, LeaseRow};
use super::super::{Store, StoreError};
use super::{HELD, STATION_NAME, UNSENT, infos, limit, open, station_name};
use crate::model::activity::{Sort, State};
use crate::model::enrolment::Seat;

/// SQL for the seats that are taken in the activity `v`.
const TAKEN: &str = "(SELECT COUNT(*) FROM enrolments_view e
                      WHERE e.activity = v.id AND e.seat IN ('accepted', 'leased'))";

impl Store {
    /// Activities: what begins first, first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn activities(
        &self,
        filter: &ActivityFilter,
        now: Timestamp,
    ) -> Result<Vec<ActivityRow>, StoreError> {
        let person = self.author()?.person;
        self.read(|connection| select(connection, filter, person, now))
    }

    /// One activity, with its leases and changes.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn activity(&self, id: DocumentId) -> Result<ActivityDetail, FindError> {
        self.read(|connection| match open(connection, "activity", id)? {
            (Opened::Activity(activity), rows) => {
                let station = activity.station;
                Ok(ActivityDetail {
                    station_name: station_name(connection, station)?,
                    station_key: super::station_key(connection, station)?,
                    taken: taken(connection, id)?,
                    leases: leases(connection, "v.id = ?1", params![id.as_bytes()])?,
                    activity: *activity,
                    changes: infos(&rows),
                })
            }
            _ => Err(FindError::None {
                what: "activity",
                text: id.to_string(),
            }),
        })
    }

    /// Leases of a device that have not been returned, the first to end first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn leases_of(&self, device: DeviceId) -> Result<Vec<LeaseRow>, StoreError> {
        self.read(|connection| {
            let held = "l.device = ?1 AND l.returned = 0";
            leases(connection, held, params![device.as_bytes()])
        })
    }
}

fn taken(connection: &Connection, activity: DocumentId) -> Result<u32, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT COUNT(*) FROM enrolments_view
             WHERE activity = ?1 AND seat IN ('accepted', 'leased')",
        )?
        .query_row([activity.as_bytes()], |row| row.get(0))?)
}

fn leases(
    connection: &Connection,
    condition: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<LeaseRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT v.id, l.lease, l.device, l.seats, l.until, l.returned,
                (SELECT COUNT(*) FROM lease_uses u
                 WHERE u.lease = l.lease AND u.activity = v.id)
         FROM leases_view l JOIN activities_view v ON v.document = l.document
         WHERE {condition} ORDER BY l.until, l.lease"
    ))?;
    let rows = statement.query_map(params, |row| {
        Ok(LeaseRow {
            activity: bytes(row, 0, DocumentId::from_bytes)?,
            lease: bytes(row, 1, EntryId::from_bytes)?,
            device: bytes(row, 2, DeviceId::from_bytes)?,
            seats: row.get(3)?,
            until: time(row, 4)?,
            returned: row.get(5)?,
            used: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn select(
    connection: &Connection,
    filter: &ActivityFilter,
    person: PersonId,
    now: Timestamp,
) -> Result<Vec<ActivityRow>, StoreError> {
    let (region, station) = (filter.region.as_ref(), filter.station);
    let region = region.map(ToString::to_string);
    let station = station.as_ref().map(StationId::as_bytes);
    let (person, now, limit) = (person.as_bytes(), now.as_ms(), limit(filter.limit));
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":person", person), (":limit", &limit)];
    let mut conditions = String::from("1");
    if let Some(region) = &region {
        conditions.push_str(" AND v.region = :region");
        params.push((":region", region));
    }
    if let Some(station) = &station {
        conditions.push_str(" AND v.station = :station");
        params.push((":station", station));
    }
    if filter.upcoming {
        conditions.push_str(" AND v.ends_at >= :now");
        params.push((":now", &now));
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT v.id, v.region, v.station, {STATION_NAME}, v.sort, v.title, v.starts_at, v.ends_at,
                v.place, v.capacity, v.state, v.questions, {TAKEN}, v.conflict, {UNSENT}, {HELD},
                o.seat, o.number, o.reason
         FROM activities_view v JOIN documents d ON d.n = v.document
         LEFT JOIN enrolments_view o ON o.activity = v.id AND o.driver = :person
         WHERE {conditions} ORDER BY v.starts_at, v.document LIMIT :limit"
    ))?;
    let rows = statement.query_map(params.as_slice(), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ActivityRow> {
    let region: Option<String> = row.get(1)?;
    let sort: Option<String> = row.get(4)?;
    let state: String = row.get(10)?;
    Ok(ActivityRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        region: region.and_then(|region| region.parse().ok()),
        station: bytes(row, 2, StationId::from_bytes)?,
        station_name: row.get(3)?,
        sort: sort.and_then(|sort| Sort::from_text(&sort)),
        title: row.get(5)?,
        starts_at: time(row, 6)?,
        ends_at: time(row, 7)?,
        place: row.get(8)?,
        capacity: small_opt(row, 9)?,
        state: State::from_text(&state),
        questions: small_opt(row, 11)?.unwrap_or(u32::MAX),
        taken: small_opt(row, 12)?.unwrap_or(u32::MAX),
        conflict: row.get(13)?,
        unsent: row.get(14)?,
        held: row.get(15)?,
        own_seat: seat(row, 16)?,
    })
}

/// A seat from three columns.
pub(super) fn seat(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Seat>> {
    let (name, reason): (Option<String>, Option<String>) = (row.get(column)?, row.get(column + 2)?);
    let number = small_opt(row, column + 1)?;
    Ok(name.and_then(|name| Seat::from_parts(&name, number, reason.as_deref())))
}
