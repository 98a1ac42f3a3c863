//! Regions, and the standing codes of stations.

use rusqlite::{Connection, Row, params};
use yizhan_proto::{RegionKey, StationId};

use super::StoreError;
use super::convert::{bytes, word};
use super::log::LogTx;
use super::queries::{all, first};
use super::rows::{RegionRow, StationCodeRow};

impl LogTx<'_> {
    /// A station's standing code.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn station_code(&self, station: StationId) -> Result<Option<StationCodeRow>, StoreError> {
        first(
            self.connection,
            "SELECT station, code FROM station_codes WHERE station = ?1",
            [station.as_bytes()],
            station_code_row,
        )
    }

    /// The station with this standing code.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn station_of_code(&self, code: &str) -> Result<Option<StationCodeRow>, StoreError> {
        first(
            self.connection,
            "SELECT station, code FROM station_codes WHERE code = ?1",
            [code],
            station_code_row,
        )
    }

    /// Gives a station its standing code.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_station_code(&mut self, row: &StationCodeRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO station_codes(station, code) VALUES (?1, ?2)")?
            .execute(params![row.station.as_bytes(), row.code])?;
        Ok(())
    }

    /// A region.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn region(&self, key: &RegionKey) -> Result<Option<RegionRow>, StoreError> {
        first(
            self.connection,
            "SELECT region, name FROM regions WHERE region = ?1",
            [key.as_str()],
            region_row,
        )
    }

    /// Adds a region, or names it anew.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_region(&mut self, row: &RegionRow) -> Result<(), StoreError> {
        self.touched.regions = true;
        self.connection
            .prepare_cached(
                "INSERT INTO regions(region, name) VALUES (?1, ?2)
                 ON CONFLICT(region) DO UPDATE SET name = ?2",
            )?
            .execute(params![row.key.as_str(), row.name])?;
        Ok(())
    }
}

/// All regions, ascending by key.
pub(super) fn regions(connection: &Connection) -> Result<Vec<RegionRow>, StoreError> {
    all(
        connection,
        "SELECT region, name FROM regions ORDER BY region",
        [],
        region_row,
    )
}

fn station_code_row(row: &Row<'_>) -> Result<StationCodeRow, StoreError> {
    Ok(StationCodeRow {
        station: StationId::from_bytes(bytes(row, 0)?),
        code: row.get(1)?,
    })
}

fn region_row(row: &Row<'_>) -> Result<RegionRow, StoreError> {
    Ok(RegionRow {
        key: word(row, 0)?,
        name: row.get(1)?,
    })
}
