//! A store whose files are encrypted (SQLCipher), for builds that have it: the feature `sqlcipher`.
//!
//! The app hands in a key of 32 bytes at each opening and keeps it where its platform keeps keys.
//! Nothing here depends on the feature: whether SQLite can encrypt is asked at run time, so the
//! same code is checked in every build. An empty file beside an encrypted store says that it is
//! one, so that a store opened without its key is not taken for a damaged one.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{StoreError, open, papers, wipe};

/// Says that the store beside it is encrypted.
pub(super) const MARK: &str = "yizhan.encrypted";
/// How every SQLite file begins that is not encrypted.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// The key of an encrypted store.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseKey(pub [u8; 32]);

impl std::fmt::Debug for DatabaseKey {
    /// Never shows the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseKey")
    }
}

impl DatabaseKey {
    /// The key as SQLCipher takes it: raw, so that opening costs no derivation.
    fn literal(&self) -> String {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("x'{hex}'")
    }
}

/// Whether this build can encrypt stores.
#[must_use]
pub fn can_encrypt() -> bool {
    Connection::open_in_memory().is_ok_and(|connection| is_cipher(&connection))
}

fn is_cipher(connection: &Connection) -> bool {
    let version = connection
        .query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0))
        .optional();
    matches!(version, Ok(Some(_)))
}

/// Whether the store of a folder is encrypted.
#[must_use]
pub fn is_encrypted(home: &Path) -> bool {
    home.join(MARK).exists()
}

/// Before a store is opened or made: the key is there if it is needed, and not if it is not.
pub(super) fn check(home: &Path, key: Option<&DatabaseKey>) -> Result<(), StoreError> {
    match key {
        None if is_encrypted(home) => Err(StoreError::KeyNeeded),
        None => Ok(()),
        Some(_) if !can_encrypt() => Err(StoreError::NoCipher),
        Some(_) if is_plain(&open::path(home))? => Err(StoreError::NotEncrypted),
        Some(_) => mark(home),
    }
}

fn mark(home: &Path) -> Result<(), StoreError> {
    let path = home.join(MARK);
    if path.exists() {
        return Ok(());
    }
    let made = wipe::private().truncate(true).open(&path);
    made.and_then(|file| file.sync_all())
        .map_err(|source| StoreError::Home { path, source })
}

/// Whether a file is there and a plain SQLite file.
fn is_plain(path: &Path) -> Result<bool, StoreError> {
    let read = || -> io::Result<bool> {
        let mut start = Vec::new();
        File::open(path)?.take(16).read_to_end(&mut start)?;
        Ok(start == PLAIN)
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map_err(|source| StoreError::Home {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The first thing that is done with a connection to an encrypted file.
///
/// # Errors
/// [`StoreError::WrongKey`] if the file is not one of this key.
pub(super) fn unlock(connection: &Connection, key: Option<&DatabaseKey>) -> Result<(), StoreError> {
    let Some(key) = key else {
        return Ok(());
    };
    // What is wrong is told as an error; SQLCipher would write it to standard error as well.
    connection.pragma_update(None, "cipher_log_level", "NONE")?;
    connection.pragma_update(None, "key", key.literal())?;
    let read = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    read.map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::WrongKey,
        Some(_) | None => error.into(),
    })
}

/// Encrypts the files of a store that nobody has open. Repeated after it broke off it goes on.
///
/// # Errors
/// [`StoreError`]; what was plain still is, or is encrypted with this key.
pub fn encrypt(home: &Path, key: &DatabaseKey) -> Result<(), StoreError> {
    if !can_encrypt() {
        return Err(StoreError::NoCipher);
    }
    mark(home)?;
    for path in [open::path(home), papers::path(home)] {
        // What was replaced when the program died.
        let plain = path.with_extension("plain");
        if plain.exists() && !is_plain(&path)? {
            wipe::erase_file(&plain).map_err(|source| StoreError::Home {
                path: plain.clone(),
                source,
            })?;
        }
        if is_plain(&path)? {
            encrypt_file(&path, key)?;
        }
    }
    Ok(())
}

fn encrypt_file(path: &Path, key: &DatabaseKey) -> Result<(), StoreError> {
    let new = path.with_extension("encrypting");
    let failed = |source| StoreError::Home {
        path: path.to_owned(),
        source,
    };
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    wipe::private().open(&new).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // Folds the log into the file, and fails while somebody else has it open.
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    if mode != "delete" {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            why: format!("its log cannot be folded ({mode})"),
            source: None,
        });
    }
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.execute(
        "ATTACH DATABASE ?1 AS encrypted KEY ?2",
        [&new.to_string_lossy().into_owned(), &key.literal()],
    )?;
    connection.query_row("SELECT sqlcipher_export('encrypted')", [], |_| Ok(()))?;
    connection.pragma_update(Some("encrypted"), "user_version", version)?;
    connection.execute_batch("DETACH DATABASE encrypted")?;
    drop(connection);
    // What was plain is overwritten in the file that is then replaced.
    let plain = path.with_extension("plain");
    let swap = || -> io::Result<()> {
        File::open(&new)?.sync_all()?;
        fs::hard_link(path, &plain)?;
        fs::rename(&new, path)?;
        wipe::erase_file(&plain)
    };
    swap().map_err(failed)
}
