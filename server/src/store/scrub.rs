//! Bytes that were deleted, gone from the file and its log.
//!
//! `secure_delete` overwrites what is deleted, but not the copies that stay behind in a page when
//! SQLite moves rows to its neighbour. So the file is rewritten whole, and the log emptied.

use std::time::Duration;

use rusqlite::Connection;

use super::StoreError;
use super::open::LOCK_WAIT_MS;

/// Milliseconds that readers are given to let go of the log; all writers wait meanwhile.
const READERS_WAIT: Duration = Duration::from_millis(100);

/// Rewrites the database, if asked to, and empties its log. Returns whether the log is empty: not
/// while somebody reads from it.
pub(super) fn scrub(connection: &Connection, rewrite: bool) -> Result<bool, StoreError> {
    if rewrite {
        connection.execute_batch("VACUUM")?;
    }
    connection.busy_timeout(READERS_WAIT)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, bool>(0)
    });
    connection.busy_timeout(Duration::from_millis(LOCK_WAIT_MS.into()))?;
    Ok(!busy?)
}
