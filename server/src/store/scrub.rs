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

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// Some of 4,000 rows with ids in no order, of several sizes, are shortened or deleted. Their
    /// neighbours have moved from page to page meanwhile, and left copies behind.
    fn after_deleting(connection: &Connection, seed: u32) -> Vec<String> {
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON;
                 CREATE TABLE people(id BLOB PRIMARY KEY, name TEXT) WITHOUT ROWID; BEGIN",
            )
            .unwrap();
        let mut gone = Vec::new();
        let id = |n: u32| -> [u8; 32] {
            Sha256::digest([seed, n].map(u32::to_be_bytes).concat()).into()
        };
        for n in 0..4_000 {
            let id = id(n);
            let name = format!("NAME{n:05}{}", "p".repeat(usize::from(id[0])));
            let sql = "INSERT INTO people VALUES (?1, ?2)";
            connection.execute(sql, (id, &name)).unwrap();
            if id[1] < 40 {
                gone.push((id, name[..9].to_owned()));
            }
        }
        for (id, _) in &gone {
            let sql = if id[2] < 128 {
                "DELETE FROM people WHERE id = ?1"
            } else {
                "UPDATE people SET name = '' WHERE id = ?1"
            };
            connection.execute(sql, [id]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        gone.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn copies_that_stay_in_pages_go_with_the_log() {
        for seed in 0..3 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.db");
            let connection = Connection::open(&path).unwrap();
            let gone = after_deleting(&connection, seed);
            assert!(scrub(&connection, true).unwrap());
            let file = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&file);
            let names: std::collections::BTreeSet<&str> = text
                .match_indices("NAME")
                .filter_map(|(at, _)| text.get(at..at + 9))
                .collect();
            assert!(names.len() > 3_000, "{}", names.len());
            let left: Vec<_> = gone
                .iter()
                .filter(|name| names.contains(name.as_str()))
                .collect();
            assert!(left.is_empty(), "{left:?}");
            let log = std::fs::metadata(folder.path().join("a.db-wal")).unwrap();
            assert_eq!(log.len(), 0);
        }
    }

    #[test]
    fn a_reader_keeps_the_log_and_the_next_try_empties_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        after_deleting(&connection, 9);
        let reader = Connection::open(&path).unwrap();
        let open = reader.unchecked_transaction().unwrap();
        let count = "SELECT count(*) FROM people";
        open.query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap();
        assert!(!scrub(&connection, true).unwrap());
        drop(open);
        assert!(scrub(&connection, false).unwrap());
    }
}
