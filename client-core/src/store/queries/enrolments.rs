//! Enrolments: a driver's own, and the roster of an activity.

use rusqlite::{Connection, Row, ToSql};
use yizhan_proto::{DocumentId, EntryId, PersonId, StationId};

use super::super::opened::Opened;
use super::super::sql::{bytes, bytes_opt, small_opt, time, time_opt};
use super::super::{EnrolmentDetail, EnrolmentFilter, EnrolmentRow, FindError, Store, StoreError};
use super::activities::seat;
use super::{HELD, STATION_NAME, UNSENT, infos, limit, open, station_name};
use crate::model::Activity;

impl Store {
    /// Enrolments, newest first; those of one activity, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn enrolments(&self, filter: &EnrolmentFilter) -> Result<Vec<EnrolmentRow>, StoreError> {
        self.read(|connection| select(connection, filter))
    }

    /// One enrolment, with its activity and changes, and its quiz graded anew.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn enrolment(&self, id: DocumentId) -> Result<EnrolmentDetail, FindError> {
        self.read(|connection| match open(connection, "enrolment", id)? {
            (Opened::Enrolment(enrolment), rows) => {
                let activity = activity_of(connection, enrolment.activity)?;
                let grade = activity.as_ref().map(|activity| enrolment.grade(activity));
                Ok(EnrolmentDetail {
                    station_name: station_name(connection, enrolment.station)?,
                    grade: grade.filter(|grade| grade.asked > 0),
                    activity,
                    enrolment: *enrolment,
                    changes: infos(&rows),
                })
            }
            _ => Err(FindError::None {
                what: "enrolment",
                text: id.to_string(),
            }),
        })
    }

    /// Whether an enrolment is here and shown.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_enrolment(&self, id: DocumentId) -> Result<bool, StoreError> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM documents d
                                    JOIN enrolments_view v ON v.document = d.n WHERE d.id = ?1)",
                )?
                .query_row([id.as_bytes()], |row| row.get(0))?)
        })
    }
}

/// The activity of an enrolment, if it is here and can be read.
fn activity_of(
    connection: &Connection,
    activity: DocumentId,
) -> Result<Option<Activity>, StoreError> {
    match open(connection, "activity", activity) {
        Ok((Opened::Activity(activity), _)) => Ok(Some(*activity)),
        Ok(_)
        | Err(FindError::None { .. } | FindError::Ambiguous { .. } | FindError::SetAside { .. }) => {
            Ok(None)
        }
        Err(FindError::Store(error)) => Err(error),
    }
}

fn select(
    connection: &Connection,
    filter: &EnrolmentFilter,
) -> Result<Vec<EnrolmentRow>, StoreError> {
    let (driver, activity, station) = (filter.driver, filter.activity, filter.station);
    let driver = driver.as_ref().map(PersonId::as_bytes);
    let activity = activity.as_ref().map(DocumentId::as_bytes);
    let station = station.as_ref().map(StationId::as_bytes);
    let limit = limit(filter.limit);
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":limit", &limit)];
    let mut conditions = String::from("1");
    if let Some(driver) = &driver {
        conditions.push_str(" AND v.driver = :driver");
        params.push((":driver", driver));
    }
    if let Some(activity) = &activity {
        conditions.push_str(" AND v.activity = :activity");
        params.push((":activity", activity));
    }
    if let Some(station) = &station {
        conditions.push_str(" AND v.station = :station");
        params.push((":station", station));
    }
    let way = if activity.is_some() { "" } else { " DESC" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.id, v.driver, v.driver_name, v.activity, a.title, a.starts_at, v.station,
                {STATION_NAME}, v.seat, v.number, v.reason, v.lease, v.asked_at, v.attended_at,
                v.walk_in, v.duplicates, v.failed_scans, v.quiz_score, v.quiz_asked, v.rating,
                v.certificate, v.conflict, {UNSENT}, {HELD}
         FROM enrolments_view v JOIN documents d ON d.n = v.document
         LEFT JOIN activities_view a ON a.id = v.activity
         WHERE {conditions} ORDER BY v.asked_at{way}, v.document{way} LIMIT :limit"
    ))?;
    let rows = statement.query_map(params.as_slice(), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<EnrolmentRow> {
    let (score, asked) = (small_opt(row, 17)?, small_opt(row, 18)?);
    Ok(EnrolmentRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        driver: bytes(row, 1, PersonId::from_bytes)?,
        driver_name: row.get(2)?,
        activity: bytes(row, 3, DocumentId::from_bytes)?,
        title: row.get(4)?,
        starts_at: time_opt(row, 5)?,
        station: bytes(row, 6, StationId::from_bytes)?,
        station_name: row.get(7)?,
        seat: seat(row, 8)?,
        lease: bytes_opt(row, 11, EntryId::from_bytes)?,
        asked_at: time(row, 12)?,
        attended_at: time_opt(row, 13)?,
        walk_in: row.get(14)?,
        duplicates: small_opt(row, 15)?.unwrap_or(u32::MAX),
        failed_scans: small_opt(row, 16)?.unwrap_or(u32::MAX),
        quiz: score.zip(asked),
        rating: small_opt(row, 19)?,
        certificate: row.get(20)?,
        conflict: row.get(21)?,
        unsent: row.get(22)?,
        held: row.get(23)?,
    })
}
