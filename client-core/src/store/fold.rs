//! Folding the write-ahead log into the file.
//!
//! What is deleted is overwritten in the file (`secure_delete`), but the log still holds the pages
//! as they were before. So when documents have left the device the log is folded in and emptied,
//! at the latest when the store is next opened. No tap waits for it.

use core::time::Duration;

use super::Store;
use super::open::BUSY_MS;

impl Store {
    /// Folds the log in and empties it. Another process that reads right now keeps it: then the
    /// next step that may has another try.
    pub(super) fn fold_log(&mut self) {
        self.unfolded = true;
        self.fold_what_is_left();
    }

    /// Has another try, if one is wanted.
    pub(super) fn fold_what_is_left(&mut self) {
        if !self.unfolded {
            return;
        }
        let connection = &self.connection;
        let fold = || -> rusqlite::Result<bool> {
            connection.busy_timeout(Duration::ZERO)?;
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            connection.query_row(sql, [], |row| Ok(row.get::<_, i64>(0)? == 0))
        };
        let folded = fold().unwrap_or(false);
        let waits = connection.busy_timeout(Duration::from_millis(BUSY_MS));
        self.unfolded = !(folded && waits.is_ok());
    }
}
