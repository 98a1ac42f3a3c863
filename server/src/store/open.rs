//! Opening the data folder: lock, permissions, format, and the relay's lasting facts.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};
use yizhan_proto::{DeviceId, Epoch, Timestamp};

use super::cache::{Committed, Counters};
use super::convert::{bytes, unsigned};
use super::migrations::{self, Format};
use super::queries::{first, head};
use super::readers::Readers;
use super::rows::{DeskRow, PersonRow, RegionRow};
use super::writer::{Commit, Writer};
use super::{StoreError, access, audit, desks, people, places, recipients};

/// Name of the database in the data folder.
const DATABASE: &str = "relay.db";
/// Name of the file whose lock says that a relay runs here.
const LOCK: &str = "relay.lock";
/// Pages of the write-ahead log after which it is written back: 32 MiB. A commit of many devices
/// touches a page in each of their scopes, and most of those again in the next: the longer the log,
/// the fewer times each is written back.
const CHECKPOINT_PAGES: u32 = 8_192;
/// Milliseconds to wait for another program that holds the database.
pub(super) const LOCK_WAIT_MS: u32 = 2_000;

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    /// A folder or file cannot be made, read or written.
    #[error("{} cannot be used", path.display())]
    Folder {
        /// Folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another relay holds the lock.
    #[error("another relay runs here")]
    InUse,
    /// A newer format than this version knows.
    #[error("format {found} is newer than {known}")]
    Newer {
        /// Its format.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// The database failed or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writer thread could not be started.
    #[error("the writer thread could not be started")]
    Thread(#[source] std::io::Error),
}

/// What a new store is given: identities that it then keeps for good.
#[derive(Debug, Clone, Copy)]
pub struct Birth {
    /// The lineage.
    pub epoch: Epoch,
    /// The relay's own device id.
    pub device: DeviceId,
    /// What the clock says.
    pub at: Timestamp,
}

/// An opened store.
#[derive(Debug)]
pub struct Opened {
    /// The only way to write.
    pub writer: Writer,
    /// The ways to read.
    pub readers: Readers,
    /// What the store was given when it was made.
    pub birth: Birth,
    /// All people.
    pub people: Vec<PersonRow>,
    /// All regions.
    pub regions: Vec<RegionRow>,
    /// All desks.
    pub desks: Vec<DeskRow>,
    /// Whether devices may hold what they read from a former life of the relay.
    pub former: bool,
}

/// Sizes of the store's inner works.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// Jobs that may wait for the writer.
    pub queue_jobs_max: usize,
    /// Read-only connections.
    pub readers: usize,
    /// Documents kept in memory by the writer.
    pub documents_cached_max: usize,
    /// Whether the store came from a backup, and so begins a new lineage.
    pub restored: bool,
}

/// The database's path in a data folder.
#[must_use]
pub fn database_path(data: &Path) -> PathBuf {
    data.join(DATABASE)
}

/// Opens, or makes, the store in the folder `data`, and starts its writer thread. `birth` is used
/// if it is new. `published` is called on the writer thread after each commit, before anybody is
/// told of it; `now` is the relay's clock, for what a commit brings about by itself.
///
/// # Errors
/// [`OpenFailure`].
pub fn open(
    data: &Path,
    options: StoreOptions,
    birth: Birth,
    now: impl Fn() -> Timestamp + Send + 'static,
    published: impl FnMut(Commit) + Send + 'static,
) -> Result<Opened, OpenFailure> {
    make_folder(data).map_err(|source| OpenFailure::Folder {
        path: data.to_owned(),
        source,
    })?;
    let lock = lock(&data.join(LOCK))?;
    let database = database_path(data);
    private_file(&database).map_err(|source| OpenFailure::Folder {
        path: database.clone(),
        source,
    })?;
    let connection = open_database(&database)?;
    let birth = birth_of(&connection, birth, options.restored)?;
    let people = people::people(&connection)?;
    recipients::fill(&connection, &people, options.restored)?;
    let former = recipients::any_former(&connection)?;
    access::fill(&connection)?;
    let regions = places::regions(&connection)?;
    let desks = desks::desks(&connection)?;
    let committed = Committed::new(counters(&connection)?, options.documents_cached_max);
    let writer = Writer::start(
        connection,
        committed,
        lock,
        options.queue_jobs_max,
        Box::new(now),
        Box::new(published),
    )
    .map_err(OpenFailure::Thread)?;
    Ok(Opened {
        writer,
        readers: Readers::new(database, options.readers),
        birth,
        people,
        regions,
        desks,
        former,
    })
}

/// What every connection has in common.
pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_millis(LOCK_WAIT_MS.into()))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    // A statement is planned once, not again for each value that is bound to it: that took a third of
    // the writer's time where an `ORDER BY` met an equality.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn open_database(database: &Path) -> Result<Connection, OpenFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(database, flags).map_err(StoreError::from)?;
    configure(&connection)?;
    let version = match migrations::format(&connection)? {
        Format::Empty => 0,
        Format::Ours(version) => version,
        Format::Newer(found) => {
            let known = migrations::VERSION;
            return Err(OpenFailure::Newer { found, known });
        }
        Format::Foreign => {
            return Err(StoreError::damaged("the file is some other program's database").into());
        }
    };
    durable(&connection)?;
    migrations::migrate(&mut connection, version)?;
    Ok(connection)
}

/// A commit that returned survives a power cut.
fn durable(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // What is deleted is overwritten at once, not when its place is needed.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(())
}

/// Who the store is. A restored one is given both anew: an epoch, so that devices offer again what
/// the backup did not have, and a device, so that the relay never writes another change under a
/// number of its own that a phone knows.
fn birth_of(connection: &Connection, new: Birth, restored: bool) -> Result<Birth, StoreError> {
    let sql = if restored {
        "INSERT OR REPLACE INTO meta(key, value) VALUES ('epoch', ?1), ('device', ?2)"
    } else {
        "INSERT OR IGNORE INTO meta(key, value) VALUES ('epoch', ?1), ('device', ?2)"
    };
    let tx = connection.unchecked_transaction()?;
    tx.execute(sql, params![new.epoch.as_bytes(), new.device.as_bytes()])?;
    let sql = "SELECT (SELECT value FROM meta WHERE key = 'epoch'),
                      (SELECT value FROM meta WHERE key = 'device')";
    let birth = first(&tx, sql, [], |row| {
        Ok(Birth {
            epoch: Epoch::from_bytes(bytes(row, 0)?),
            device: DeviceId::from_bytes(bytes(row, 1)?),
            at: new.at,
        })
    })?
    .ok_or_else(|| StoreError::damaged("the relay's own ids are missing"))?;
    audit::begin(&tx, birth, restored)?;
    tx.commit()?;
    Ok(birth)
}

fn counters(connection: &Connection) -> Result<Counters, StoreError> {
    let sql = "SELECT (SELECT ifnull(max(id), 0) FROM scopes), (SELECT count(*) FROM quarantine),
                      (SELECT count(*) FROM erased) + (SELECT count(*) FROM erased_people)";
    let counts = first(connection, sql, [], |row| {
        Ok((row.get::<_, i64>(0)?, unsigned(row, 1)?, unsigned(row, 2)?))
    })?;
    let (scope_id, quarantined, erased) = counts.unwrap_or_default();
    Ok(Counters {
        head: head(connection)?,
        scope_id,
        quarantined,
        erased,
    })
}

fn lock(path: &Path) -> Result<File, OpenFailure> {
    let folder = |source| OpenFailure::Folder {
        path: path.to_owned(),
        source,
    };
    let file = private_file(path).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenFailure::InUse),
        Err(TryLockError::Error(source)) => Err(folder(source)),
    }
}

/// A folder that only its owner may enter.
fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A file that only its owner may read; what is in it stays.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
