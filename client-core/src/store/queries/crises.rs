//! Crises, and the second readings they ask for.

use rusqlite::Row;
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::super::sql::{bytes, time};
use super::super::{Crisis, Store, StoreError};
use super::STATION_NAME;
use crate::model::vitals::SECOND_READING_AFTER_MIN;

/// A second reading is asked for so long after the first.
const SECOND_MS: i64 = SECOND_READING_AFTER_MIN as i64 * 60 * 1000;
/// So long after the first, a reading is no second one any more, and the crisis is no open one.
const OPEN_MS: i64 = 24 * 60 * 60 * 1000;

/// SQL for the earliest later check of the driver, at any station, that measured what the check
/// `v` with the marks `m` found to be a crisis. Neither is one that was corrected.
pub(super) const SECOND: &str = "(SELECT sd.id FROM check_marks s
    JOIN documents sd ON sd.n = s.document
    WHERE s.driver = m.driver AND s.taken_at > m.taken_at AND s.taken_at <= m.taken_at + 86400000
      AND s.measured & m.critical = m.critical
      AND NOT EXISTS (SELECT 1 FROM checks_view r WHERE r.replaces = sd.id)
    ORDER BY s.taken_at, s.document LIMIT 1)";

/// When the second reading of a check taken then is due.
pub(super) fn due_at(taken_at: Timestamp) -> Timestamp {
    taken_at.saturating_add_ms(SECOND_MS)
}

impl Store {
    /// The crises of the last 24 hours that nobody has taken a second reading of, the newest
    /// first. Those that a later check corrects are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_crises(&self, now: Timestamp) -> Result<Vec<Crisis>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT d.id, v.driver,
                        (SELECT w.driver_name FROM visits_view w WHERE w.driver = v.driver
                         ORDER BY w.arrived_at DESC, w.document DESC LIMIT 1),
                        v.station, {STATION_NAME}, v.taken_at, v.summary
                 FROM check_marks m
                 JOIN checks_view v ON v.document = m.document
                 JOIN documents d ON d.n = m.document
                 WHERE m.critical <> 0 AND m.taken_at > ?1
                   AND NOT EXISTS (SELECT 1 FROM checks_view r WHERE r.replaces = d.id)
                   AND {SECOND} IS NULL
                 ORDER BY m.taken_at DESC, m.document DESC"
            ))?;
            let since = now.saturating_add_ms(-OPEN_MS).as_ms();
            let rows = statement.query_map([since], read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Crisis> {
    let taken_at = time(row, 5)?;
    Ok(Crisis {
        check: bytes(row, 0, DocumentId::from_bytes)?,
        driver: bytes(row, 1, PersonId::from_bytes)?,
        driver_name: row.get(2)?,
        station: bytes(row, 3, StationId::from_bytes)?,
        station_name: row.get(4)?,
        taken_at,
        summary: row.get(6)?,
        second_due_at: due_at(taken_at),
    })
}
