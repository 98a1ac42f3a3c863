//! What screens ask. Lists read the rows that [`super::views`] writes; one document with all its
//! details is opened from its changes.

mod activities;
mod checks;
pub(super) mod consents;
mod crises;
mod enrolments;
mod history;
mod notices;
mod stations;
mod tickets;
mod today;
mod visits;

use rusqlite::{Connection, OptionalExtension};
use yizhan_proto::{DocumentId, StationId, Timestamp};

use super::changes::{self, ChangeRow};
use super::opened::{self, Opened};
use super::{ChangeInfo, FindError, StoreError, documents};
use crate::model::document::Unreadable;

/// An open visit counts as closed after so long.
const OPEN_MS: i64 = 24 * 60 * 60 * 1000;
/// Two records of an arrival within so long are one.
const SAME_MS: i64 = 30 * 60 * 1000;

/// SQL for "there are unsent changes" and "there are held ones" of the document `d`.
const UNSENT: &str = "EXISTS (SELECT 1 FROM changes c WHERE c.document = d.n AND c.state = 0)";
const HELD: &str = "EXISTS (SELECT 1 FROM changes c
                            WHERE c.document = d.n AND c.state IN (2, 3) AND c.state <> 1)";
/// SQL for the name of the station `v.station`.
const STATION_NAME: &str = "(SELECT s.name FROM documents sd
                             JOIN stations_view s ON s.document = sd.n WHERE sd.id = v.station)";

/// From when on a visit without a departure is open.
fn open_since(now: Timestamp) -> i64 {
    now.saturating_add_ms(-OPEN_MS).as_ms()
}

/// `LIMIT`'s word for "all" is a negative number.
fn limit(rows: u32) -> i64 {
    if rows == 0 { -1 } else { i64::from(rows) }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Opens one document, with all of its changes.
fn open(
    connection: &Connection,
    what: &'static str,
    document: DocumentId,
) -> Result<(Opened, Vec<ChangeRow>), FindError> {
    let none = || FindError::None {
        what,
        text: document.to_string(),
    };
    let row = documents::find(connection, document)?.ok_or_else(none)?;
    let rows = changes::of_document(connection, row.n)?;
    if !rows.iter().any(ChangeRow::is_shown) {
        return Err(none());
    }
    let unreadable = |why: Unreadable| FindError::SetAside { document, why };
    let opened = opened::open(document, row.kind, &rows).map_err(unreadable)?;
    Ok((Opened::read(&opened, &rows).map_err(unreadable)?, rows))
}

fn infos(rows: &[ChangeRow]) -> Vec<ChangeInfo> {
    rows.iter().map(ChangeRow::info).collect()
}

fn station_name(connection: &Connection, station: StationId) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT s.name FROM documents d JOIN stations_view s ON s.document = d.n WHERE d.id = ?1",
        )?
        .query_row([station.as_bytes()], |row| row.get(0))
        .optional()?)
}

fn station_key(connection: &Connection, station: StationId) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT s.key FROM documents d JOIN stations_view s ON s.document = d.n WHERE d.id = ?1",
        )?
        .query_row([station.as_bytes()], |row| row.get(0))
        .optional()?)
}
