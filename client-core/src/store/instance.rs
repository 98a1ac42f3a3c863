//! Notices that the store was restored or copied.
//!
//! A store that comes back from a backup must not go on under its old incarnation: Automerge
//! would see one actor give the same number to two different changes, and the document would be
//! wedged for ever. So beside the database lies a small file with a random token. The database
//! remembers the token and what the file system says about the file (device, inode, time of
//! change, none of which survive a copy). They are compared, and the token renewed, before the
//! first edit of each session. A false alarm costs nothing but a new incarnation.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use rusqlite::{OptionalExtension, Transaction, params};

use super::device::random_incarnation;
use super::{StoreError, regular};
use crate::clock::Clock;

/// The side file, in the home folder.
pub(super) const FILE: &str = "yizhan.instance";
/// Bytes of a token.
const TOKEN_BYTES: usize = 16;

/// Compares, takes a new incarnation if the store is not where it was, and renews the token.
///
/// # Errors
/// [`StoreError`]; the transaction is to be given up then.
pub(super) fn settle(
    tx: &Transaction<'_>,
    home: &Path,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let path = home.join(FILE);
    let failed = |source| StoreError::Home {
        path: path.clone(),
        source,
    };
    let known: Option<Vec<u8>> = tx
        .query_row("SELECT instance FROM device", [], |row| row.get(0))
        .optional()?
        .flatten();
    if known.is_some() && known != fingerprint(&path).map_err(failed)? {
        tx.execute(
            "UPDATE device SET incarnation = ?1",
            params![random_incarnation(clock)?],
        )?;
        tx.execute(
            "UPDATE documents SET incarnation = NULL WHERE incarnation IS NOT NULL",
            [],
        )?;
    }
    let mut token = [0; TOKEN_BYTES];
    clock.fill_random(&mut token)?;
    write_token(&path, &token).map_err(failed)?;
    let renewed = fingerprint(&path).map_err(failed)?;
    tx.execute("UPDATE device SET instance = ?1", params![renewed])?;
    Ok(())
}

/// The token, and what the file system says about its file; `None` if it is not there.
fn fingerprint(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(mut print) = regular::read(path, TOKEN_BYTES)? else {
        return Ok(None);
    };
    // Nothing longer was ever written here.
    print.truncate(TOKEN_BYTES);
    let about = std::fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        print.extend(about.dev().to_be_bytes());
        print.extend(about.ino().to_be_bytes());
        print.extend(about.ctime().to_be_bytes());
        print.extend(about.ctime_nsec().to_be_bytes());
    }
    #[cfg(not(unix))]
    print.extend(format!("{:?}", about.created().ok()).into_bytes());
    Ok(Some(print))
}

fn write_token(path: &Path, token: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(token)
}
