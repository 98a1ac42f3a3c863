//! Stations.

use rusqlite::{Connection, Params, Row};
use yizhan_proto::{DocumentId, StationId};

use super::super::opened::Opened;
use super::super::sql::{bytes, small_opt};
use super::super::{FindError, StationDetail, StationRow, Store, StoreError};
use super::{UNSENT, open, shortened};

/// Stations named when several fit.
const FITS_MAX: usize = 8;

impl Store {
    /// All stations, by region and name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stations(&self) -> Result<Vec<StationRow>, StoreError> {
        self.read(|connection| select(connection, "1 ORDER BY v.region, v.name, v.document", []))
    }

    /// The station that a person means: by id, by key, or by its whole name.
    ///
    /// # Errors
    /// [`FindError`] if none fits, or several do.
    pub fn station_by_key_or_id(&self, text: &str) -> Result<StationRow, FindError> {
        self.read(|connection| {
            let mut fits = match text.parse::<StationId>() {
                Ok(id) => select(connection, "d.id = ?1", [id.as_bytes()])?,
                Err(_) => select(connection, "v.key = ?1 ORDER BY d.id", [text])?,
            };
            if fits.is_empty() {
                fits = select(connection, "v.name = ?1 ORDER BY d.id", [text])?;
            }
            match (fits.pop(), fits.is_empty()) {
                (None, _) => Err(FindError::None {
                    what: "station",
                    text: shortened(text),
                }),
                (Some(one), true) => Ok(one),
                (Some(last), false) => Err(FindError::Ambiguous {
                    text: shortened(text),
                    fits: fits
                        .iter()
                        .chain([&last])
                        .take(FITS_MAX)
                        .map(|station| station.id.to_string())
                        .collect(),
                }),
            }
        })
    }

    /// One station, opened: with the values that stand beside each other.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn station(&self, id: StationId) -> Result<StationDetail, FindError> {
        self.read(|connection| {
            let document = DocumentId::from(id);
            match open(connection, "station", document)? {
                (Opened::Station(station), _) => Ok(*station),
                _ => Err(FindError::None {
                    what: "station",
                    text: id.to_string(),
                }),
            }
        })
    }
}

fn select(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<StationRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.id, v.key, v.name, v.region, v.sort, v.address, v.phone, v.hours, v.facilities,
                v.beds_total, v.beds_free, v.open, v.notice, v.conflict, {UNSENT}
         FROM stations_view v JOIN documents d ON d.n = v.document WHERE {condition}"
    ))?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<StationRow> {
    let facilities: String = row.get(8)?;
    Ok(StationRow {
        id: bytes(row, 0, StationId::from_bytes)?,
        key: row.get(1)?,
        name: row.get(2)?,
        region: row
            .get::<_, Option<String>>(3)?
            .and_then(|region| region.parse().ok()),
        station_type: row.get(4)?,
        address: row.get(5)?,
        phone: row.get(6)?,
        hours: row.get(7)?,
        facilities: facilities.split_whitespace().map(str::to_owned).collect(),
        beds_total: small_opt(row, 9)?,
        beds_free: small_opt(row, 10)?,
        open: row.get(11)?,
        notice: row.get(12)?,
        conflict: row.get(13)?,
        unsent: row.get(14)?,
    })
}
