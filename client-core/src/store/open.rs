//! Opening a store: the folder and the file, their rights, their soundness, their format.

use core::time::Duration;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::Placed as _;
use super::papers::Papers;
use super::{
    DatabaseKey, SealKey, Store, StoreError, cipher, device, instance, keys, migrations, regular,
    wipe,
};
use crate::clock::Clock;

/// The database, in the home folder.
const FILE: &str = "yizhan.sqlite";
/// What SQLite may leave beside it.
const COMPANIONS: [&str; 2] = ["yizhan.sqlite-wal", "yizhan.sqlite-shm"];
/// How long a step waits for another process to finish its own.
pub(super) const BUSY_MS: u64 = 5_000;
/// A file up to so many bytes is checked whole when it is opened (some milliseconds); a larger
/// one by [`Store::verify`], and wherever SQLite comes across damage.
const CHECKED_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What a store is opened with, besides its folder.
#[derive(Debug, Clone, Default)]
pub struct OpenKeys {
    /// What opens the device's key, if that is sealed.
    pub seal: Option<SealKey>,
    /// The key of the files, if they are encrypted; a new store is then made encrypted.
    pub database: Option<DatabaseKey>,
}

impl Store {
    /// Opens the store in a folder, making both if they are missing (0700, and 0600 for the file).
    ///
    /// # Errors
    /// [`StoreError`] says what is in the way and what to do.
    pub fn open(home: &Path, clock: &dyn Clock) -> Result<Self, StoreError> {
        Self::open_with(home, clock, &OpenKeys::default())
    }

    /// [`Store::open`], with keys. They are not kept.
    ///
    /// # Errors
    /// [`StoreError`] says what is in the way and what to do; [`StoreError::Sealed`] and
    /// [`StoreError::WrongKey`] if a key is missing, or another one.
    pub fn open_with(home: &Path, clock: &dyn Clock, keys: &OpenKeys) -> Result<Self, StoreError> {
        make_folder(home)?;
        wipe::check(home)?;
        let database = keys.database.as_ref();
        cipher::check(home, database)?;
        let path = path(home);
        let bytes = make_file(home, &path, clock)?;
        let left_over = log_bytes(home) > 0;
        let open = || -> Result<(Connection, bool), StoreError> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut connection = Connection::open_with_flags(&path, flags)?;
            cipher::unlock(&connection, database)?;
            configure(&connection)?;
            if bytes > 0 && bytes <= CHECKED_BYTES_MAX {
                check(&connection)?;
            }
            let new = prepare(&mut connection, clock)?;
            if keys::is_sealed(&connection)? {
                keys::present(&connection, keys.seal.as_ref())?;
            }
            Ok((connection, new))
        };
        let (connection, new) = open().map_err(|error| error.placed(&path))?;
        let mut store = Self {
            connection,
            path: Some(path),
            home: Some(home.to_owned()),
            papers: Papers::new(Some(home), database.cloned()),
            unnoted: std::cell::RefCell::default(),
            instance_settled: false,
            unfolded: false,
            seal: keys.seal.clone(),
            wiped_at: None,
        };
        if left_over {
            // The last session died, or another one is at it: what it deleted may be in its log.
            store.fold_log();
        }
        store.scrub(clock.now());
        if new {
            store.settle_instance(clock)?;
        }
        Ok(store)
    }

    /// A store that is gone when it is dropped; for tests and benches.
    ///
    /// # Errors
    /// [`StoreError`] if there is no memory or no randomness.
    pub fn in_memory(clock: &dyn Clock) -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        configure(&connection)?;
        prepare(&mut connection, clock)?;
        Ok(Self {
            connection,
            path: None,
            home: None,
            papers: Papers::new(None, None),
            unnoted: std::cell::RefCell::default(),
            instance_settled: true,
            unfolded: false,
            seal: None,
            wiped_at: None,
        })
    }

    /// Reads the whole file and checks that it is sound.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is not.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.read(check)
    }

    /// See [`instance`]; its own transaction, for a store that was just made.
    fn settle_instance(&mut self, clock: &dyn Clock) -> Result<(), StoreError> {
        let home = self.home.clone();
        self.write(|tx| match &home {
            Some(home) => instance::settle(tx, home, clock),
            None => Ok(()),
        })?;
        self.instance_settled = true;
        Ok(())
    }
}

/// Bytes of the log that a session before left behind.
fn log_bytes(home: &Path) -> u64 {
    std::fs::metadata(home.join(COMPANIONS[0])).map_or(0, |about| about.len())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Home { path, source }
}

/// The database's file in a folder.
pub(super) fn path(home: &Path) -> PathBuf {
    home.join(FILE)
}

/// Whether a store is, or was, in a folder.
#[must_use]
pub fn is_home(folder: &Path) -> bool {
    folder.join(FILE).exists() || wipe::was_wiped(folder)
}

/// Makes a folder that only its owner may open, if it is missing.
///
/// # Errors
/// [`StoreError::Home`].
pub fn make_folder(home: &Path) -> Result<(), StoreError> {
    if home.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(home).map_err(failed(home))
}

/// Makes the file if it is missing, and returns how many bytes are in it.
///
/// An empty file where a store has been is damage, and not a new store.
fn make_file(home: &Path, path: &Path, clock: &dyn Clock) -> Result<u64, StoreError> {
    // SQLite would follow a link, and keep its log where no wipe looks for it.
    regular::is_there(path).map_err(failed(path))?;
    match std::fs::metadata(path) {
        Ok(about) if about.len() == 0 && home.join(instance::FILE).exists() => {
            return Err(StoreError::damaged("it is empty").placed(path));
        }
        Ok(about) => return Ok(about.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(path)(error)),
    }
    // The database was moved aside, and its companions were not: they must not be taken for the
    // new one's.
    for name in COMPANIONS {
        let left_over = home.join(name);
        if left_over.exists() {
            let aside = format!("{name}.aside-{}", clock.now().as_ms());
            std::fs::rename(&left_over, home.join(aside)).map_err(failed(&left_over))?;
        }
    }
    let side_file = home.join(instance::FILE);
    match std::fs::remove_file(&side_file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed(&side_file)(error));
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(failed(path))?;
    Ok(0)
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What a document said goes from the file when the document leaves the device.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    // A database in memory has no log; every other has, or the file system cannot hold one.
    if mode == "wal" || mode == "memory" {
        Ok(())
    } else {
        let source = io::Error::other(format!("no write-ahead log is possible there ({mode})"));
        let path = PathBuf::from(connection.path().unwrap_or_default());
        Err(StoreError::Home { path, source })
    }
}

fn check(connection: &Connection) -> Result<(), StoreError> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(StoreError::damaged(said))
    }
}

/// Brings the format up to date, and makes the device of a new store. Returns whether it is new.
fn prepare(connection: &mut Connection, clock: &dyn Clock) -> Result<bool, StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found == migrations::newest() {
        // Nothing to write: a store on a full disk can still be read.
        device::load(connection)?;
        return Ok(false);
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been here while this one waited.
    let from = migrations::run(&tx)?;
    if from == 0 {
        device::create(&tx, clock)?;
    }
    tx.commit()?;
    Ok(from == 0)
}
