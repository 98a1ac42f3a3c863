//! The bytes of photos and papers: a database of their own beside the store.
//!
//! Apart, because a large or damaged one must never stand in the way of a tap: it is opened when
//! something first asks for bytes, and what documents say is in the store alone. What is deleted
//! there is overwritten. Nothing here touches the network.
//!
//! | module | what it does |
//! | --- | --- |
//! | `adding` | a file of this phone's becomes an attachment |
//! | `reading` | what there is, and its bytes |
//! | `moving` | what is to be sent and fetched, and what came of it |
//! | `keeping` | which bytes are to be here, after documents changed |

mod adding;
mod keeping;
mod moving;
mod reading;

use core::time::Duration;
use std::cell::OnceCell;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::error::Placed;
use super::{DatabaseKey, StoreError, cipher, regular};

pub use adding::NewFile;
pub use moving::{Transfer, TransferWay};
pub use reading::{AttachmentPlace, AttachmentRow, AttachmentTotals};

/// The database, in the home folder.
const FILE: &str = "attachments.db";
/// How long a step waits for another process to finish its own.
const BUSY_MS: u64 = 5_000;
/// The formats the file has had.
const MIGRATIONS: &[&str] = &[include_str!("0001.sql")];

/// The database of bytes, opened when first needed.
#[derive(Debug)]
pub(super) struct Papers {
    /// `None` in memory.
    path: Option<PathBuf>,
    key: Option<DatabaseKey>,
    connection: OnceCell<Connection>,
}

/// The database's file in a folder.
pub(super) fn path(home: &Path) -> PathBuf {
    home.join(FILE)
}

impl Papers {
    /// Beside a store, under its key; `None`: in memory. Makes and opens nothing yet.
    pub(super) fn new(home: Option<&Path>, key: Option<DatabaseKey>) -> Self {
        Self {
            path: home.map(path),
            key,
            connection: OnceCell::new(),
        }
    }

    /// Whether anything was ever put there.
    fn exists(&self) -> bool {
        self.connection.get().is_some() || self.path.as_ref().is_some_and(|path| path.exists())
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let opened = self.open().map_err(|error| self.placed(error))?;
        Ok(self.connection.get_or_init(|| opened))
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let mut connection = match &self.path {
            Some(path) => {
                make_file(path)?;
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(path, flags)?
            }
            None => Connection::open_in_memory()?,
        };
        cipher::unlock(&connection, self.key.as_ref())?;
        connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        let _mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        migrate(&mut connection)?;
        Ok(connection)
    }

    /// Reads, of one state of the bytes.
    fn read<T, E: Placed>(&self, f: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let run = || {
            let tx = self
                .connection()?
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            f(&tx)
        };
        run().map_err(|error| self.placed(error))
    }

    /// One step: all of it, on disk, or nothing.
    fn write<T, E: Placed>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let run = || {
            let connection = self.connection()?;
            let tx = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
                .map_err(StoreError::from)?;
            let done = f(&tx)?;
            tx.commit().map_err(StoreError::from)?;
            Ok(done)
        };
        run().map_err(|error| self.placed(error))
    }

    /// Bytes of the file; 0 if there is none.
    pub(super) fn file_bytes(&self) -> u64 {
        let about = self.path.as_ref().map(std::fs::metadata);
        about.and_then(Result::ok).map_or(0, |about| about.len())
    }

    /// Writes the file anew, if there is one, and empties its log.
    pub(super) fn rewrite(
        &self,
        rewrite: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        if self.path.is_none() || !self.exists() {
            return Ok(());
        }
        let connection = self.connection()?;
        rewrite(connection).map_err(|error| self.placed(StoreError::from(error)))?;
        self.fold()
    }

    /// Folds the log in and empties it. Another process that reads right now keeps it; the next one
    /// folds it.
    fn fold(&self) -> Result<(), StoreError> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection()?
            .query_row(sql, [], |_| Ok(()))
            .map_err(|error| self.placed(StoreError::from(error)))
    }

    fn placed<E: Placed>(&self, error: E) -> E {
        error.placed(self.path.as_deref().unwrap_or(Path::new(":memory:")))
    }
}

/// A file that only its owner may read; what is in it stays.
fn make_file(path: &Path) -> Result<(), StoreError> {
    regular::is_there(path).map_err(|source| StoreError::Home {
        path: path.to_owned(),
        source,
    })?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(StoreError::Home {
            path: path.to_owned(),
            source,
        }),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = |connection: &Connection| -> Result<i64, StoreError> {
        Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
    };
    if version(connection)? == known {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been here while this one waited.
    let found = version(&tx)?;
    if found > known {
        let path = PathBuf::new();
        return Err(StoreError::TooNew { path, found, known });
    }
    let done =
        usize::try_from(found).map_err(|_| StoreError::damaged("its format number is negative"))?;
    for migration in MIGRATIONS.iter().skip(done) {
        tx.execute_batch(migration)?;
    }
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    Ok(())
}
