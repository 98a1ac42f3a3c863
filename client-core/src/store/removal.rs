//! Taking a whole store from a device that goes on: one keeper's profile from a shared tablet.

use core::time::Duration;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use yizhan_proto::DeviceId;

use super::sql::{bytes, uint};
use super::{DatabaseKey, StoreError, cipher, open, papers, reads, wipe};

/// How long a look into a store waits for another process.
const BUSY: Duration = Duration::from_millis(500);

/// What is in a store and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// The device of the store.
    pub device: DeviceId,
    /// Own changes that the relay has not taken, refused ones included.
    pub entries: u64,
    /// Photos and papers whose bytes the relay does not have.
    pub files: u64,
    /// Looks at checks that the relay has not entered.
    pub looks: u64,
}

/// What would be lost with the store in a folder; `None` if there is none. Its device's key need not be
/// open.
///
/// # Errors
/// [`StoreError`] if it cannot be read, or is encrypted and this is not its key.
pub fn unfinished_in(
    home: &Path,
    key: Option<&DatabaseKey>,
) -> Result<Option<Unfinished>, StoreError> {
    if !open::path(home).exists() {
        return Ok(None);
    }
    let store = connect(&open::path(home), key)?;
    let number = |connection: &Connection, sql: &str| {
        let number = connection.query_row(sql, [], |row| row.get(0));
        number.map(uint)
    };
    let device = store.query_row("SELECT device FROM device", [], |row| {
        bytes(row, 0, DeviceId::from_bytes)
    })?;
    let open = "SELECT COUNT(*) FROM changes WHERE state <> 1 AND own = 1 AND state IN (0, 2)";
    let files = if papers::path(home).exists() {
        let papers = connect(&papers::path(home), key)?;
        number(&papers, "SELECT COUNT(*) FROM files WHERE own = 1")?
    } else {
        0
    };
    Ok(Some(Unfinished {
        device,
        entries: number(&store, open)?,
        files,
        looks: reads::unsent(&store)?,
    }))
}

fn connect(path: &Path, key: Option<&DatabaseKey>) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    cipher::unlock(&connection, key)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Overwrites and removes every file of the store in a folder, and the folder, if nothing else is in it.
/// Repeated after a failure it goes on; a folder that is not there is no error.
///
/// # Errors
/// [`StoreError`].
pub fn remove_home(home: &Path) -> Result<(), StoreError> {
    if !home.exists() {
        return Ok(());
    }
    wipe::erase_files(home)?;
    // Whatever else somebody put there is theirs.
    let _left = fs::remove_dir(home);
    Ok(())
}
