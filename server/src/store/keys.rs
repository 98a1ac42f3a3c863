//! Former keys of devices, and devices that are to erase themselves: rows in, rows out.

use rusqlite::{Connection, params};
use yizhan_proto::{DeviceId, Nonce, Timestamp};

use super::StoreError;
use super::convert::{bytes, signed, timestamp, timestamp_or_none, unsigned};
use super::log::LogTx;
use super::people::device_by_id;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::DeviceRow;

/// A revoked device that is to erase itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WipeRow {
    /// Which.
    pub device: DeviceId,
    /// When a person ordered it.
    pub ordered_at: Timestamp,
    /// When the device heard of it first.
    pub told_at: Option<Timestamp>,
    /// The number of its question that was answered last.
    pub nonce: Option<Nonce>,
    /// Changes that it handed over.
    pub handed_over: u64,
    /// When it said first that nothing is left on it.
    pub wiped_at: Option<Timestamp>,
    /// Photos and papers whose bytes went with it.
    pub attachments_lost: Option<u64>,
}

const COLUMNS: &str = "SELECT device, ordered_at, told_at, nonce, handed_over, wiped_at,
    attachments_lost FROM device_wipes";

fn wipe_row(row: &rusqlite::Row<'_>) -> Result<WipeRow, StoreError> {
    let is_told = row.get::<_, Option<Vec<u8>>>(3)?.is_some();
    let is_counted = row.get::<_, Option<i64>>(6)?.is_some();
    Ok(WipeRow {
        device: DeviceId::from_bytes(bytes(row, 0)?),
        ordered_at: timestamp(row, 1)?,
        told_at: timestamp_or_none(row, 2)?,
        nonce: is_told
            .then(|| bytes(row, 3).map(Nonce::from_bytes))
            .transpose()?,
        handed_over: unsigned(row, 4)?,
        wiped_at: timestamp_or_none(row, 5)?,
        attachments_lost: is_counted.then(|| unsigned(row, 6)).transpose()?,
    })
}

fn wipe(connection: &Connection, device: DeviceId) -> Result<Option<WipeRow>, StoreError> {
    let sql = format!("{COLUMNS} WHERE device = ?1");
    first(connection, &sql, [device.as_bytes()], wipe_row)
}

impl LogTx<'_> {
    /// Keeps a key that a device had, and drops what no certificate can need any more.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn keep_former_key(
        &mut self,
        device: DeviceId,
        public_key: [u8; 32],
        now: Timestamp,
        kept_until: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM device_keys WHERE kept_until < ?1")?
            .execute([now.as_ms()])?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO device_keys(device, public_key, replaced_at, kept_until)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                device.as_bytes(),
                public_key,
                now.as_ms(),
                kept_until.as_ms()
            ])?;
        Ok(())
    }

    /// The wipe that was ordered of a device.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn wipe(&self, device: DeviceId) -> Result<Option<WipeRow>, StoreError> {
        wipe(self.connection, device)
    }

    /// Orders a wipe, or puts down how far it is.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_wipe(&mut self, row: &WipeRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO device_wipes(device, ordered_at, told_at, nonce,
                 handed_over, wiped_at, attachments_lost) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                row.device.as_bytes(),
                row.ordered_at.as_ms(),
                row.told_at.map(Timestamp::as_ms),
                row.nonce.as_ref().map(|nonce| &nonce.as_bytes()[..]),
                signed(row.handed_over),
                row.wiped_at.map(Timestamp::as_ms),
                row.attachments_lost.map(signed),
            ])?;
        Ok(())
    }

    /// Takes back the order to wipe a device, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn drop_wipe(&mut self, device: DeviceId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM device_wipes WHERE device = ?1")?
            .execute([device.as_bytes()])?;
        Ok(())
    }
}

impl Snapshot<'_> {
    /// A device.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        device_by_id(self.connection, id)
    }

    /// Keys that a device had before its present one, as far as they are kept.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn former_keys(&self, device: DeviceId) -> Result<Vec<[u8; 32]>, StoreError> {
        all(
            self.connection,
            "SELECT public_key FROM device_keys WHERE device = ?1",
            [device.as_bytes()],
            |row| bytes(row, 0),
        )
    }

    /// The wipe that was ordered of a device.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn wipe(&self, device: DeviceId) -> Result<Option<WipeRow>, StoreError> {
        wipe(self.connection, device)
    }

    /// All wipes that were ordered, ascending by device.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn wipes(&self) -> Result<Vec<WipeRow>, StoreError> {
        let sql = format!("{COLUMNS} ORDER BY device");
        all(self.connection, &sql, [], wipe_row)
    }
}
