//! Notices.

use rusqlite::{Connection, Row, ToSql};
use yizhan_proto::{DocumentId, StationId, Timestamp};

use super::super::opened::Opened;
use super::super::sql::{bytes, bytes_opt, time, time_opt};
use super::super::{FindError, NoticeDetail, NoticeFilter, NoticeRow, Store, StoreError};
use super::{HELD, STATION_NAME, UNSENT, infos, limit, open, station_name};
use crate::model::notice::Level;

/// SQL for "in force at `:now`", as the model's own rule has it: any withdrawal ends it.
const IN_FORCE: &str = "(v.withdrawn_at IS NULL AND (v.until IS NULL OR v.until >= :now))";

impl Store {
    /// Notices: the most urgent first, then the newest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notices(
        &self,
        filter: &NoticeFilter,
        now: Timestamp,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        self.read(|connection| select(connection, filter, now))
    }

    /// One notice, with its changes.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn notice(&self, id: DocumentId) -> Result<NoticeDetail, FindError> {
        self.read(|connection| match open(connection, "notice", id)? {
            (Opened::Notice(notice), rows) => Ok(NoticeDetail {
                station_name: match notice.station {
                    Some(station) => station_name(connection, station)?,
                    None => None,
                },
                notice: *notice,
                changes: infos(&rows),
            }),
            _ => Err(FindError::None {
                what: "notice",
                text: id.to_string(),
            }),
        })
    }
}

fn select(
    connection: &Connection,
    filter: &NoticeFilter,
    now: Timestamp,
) -> Result<Vec<NoticeRow>, StoreError> {
    let region = filter.region.as_ref().map(ToString::to_string);
    let station = filter.station;
    let station = station.as_ref().map(StationId::as_bytes);
    let (now, limit) = (now.as_ms(), limit(filter.limit));
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":now", &now), (":limit", &limit)];
    let mut conditions = String::from("1");
    if let Some(region) = &region {
        conditions.push_str(" AND v.region = :region");
        params.push((":region", region));
    }
    if let Some(station) = &station {
        conditions.push_str(" AND v.station = :station");
        params.push((":station", station));
    }
    if filter.in_force {
        conditions.push_str(&format!(" AND {IN_FORCE}"));
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.id, v.region, v.station, {STATION_NAME}, v.title, v.text, v.level,
                v.published_at, v.until, v.withdrawn_at, {IN_FORCE}, {UNSENT}, {HELD}
         FROM notices_view v JOIN documents d ON d.n = v.document
         WHERE {conditions}
         ORDER BY CASE v.level WHEN 'urgent' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END,
                  v.published_at DESC, v.document DESC LIMIT :limit"
    ))?;
    let rows = statement.query_map(params.as_slice(), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<NoticeRow> {
    let region: Option<String> = row.get(1)?;
    let level: String = row.get(6)?;
    Ok(NoticeRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        region: region.and_then(|region| region.parse().ok()),
        station: bytes_opt(row, 2, StationId::from_bytes)?,
        station_name: row.get(3)?,
        title: row.get(4)?,
        text: row.get(5)?,
        level: Level::from_text(&level).unwrap_or(Level::Info),
        published_at: time(row, 7)?,
        until: time_opt(row, 8)?,
        withdrawn_at: time_opt(row, 9)?,
        in_force: row.get(10)?,
        unsent: row.get(11)?,
        held: row.get(12)?,
    })
}
