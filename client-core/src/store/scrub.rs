//! Rewriting a file after something in it was deleted.
//!
//! Deleting overwrites a row where it lies (`secure_delete`). But when a page fills up or empties, SQLite
//! moves rows to its neighbours, and what lay between the rows of the old page stays there: a row that
//! is deleted afterwards is overwritten in its new place alone. In a trial with 2,000 documents that left,
//! words of some were found. A rewritten file has nothing but what it holds.
//!
//! That takes as long as copying the file, so it is done once a round at most, and the less often the larger
//! the file is. What is due is in the store, and not forgotten by a device that dies.

use core::time::Duration;

use rusqlite::{Connection, Transaction, params};
use yizhan_proto::Timestamp;

use super::open::BUSY_MS;
use super::sql::time_opt;
use super::{Store, StoreError};

/// A file up to so many bytes is rewritten whenever something has left.
const SMALL_BYTES: u64 = 16 * 1024 * 1024;
/// One up to so many bytes at most once an hour, a larger one once a day.
const MIDDLE_BYTES: u64 = 256 * 1024 * 1024;
const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A file up to so many bytes is copied in memory, so that no copy of it lies on the disk meanwhile.
const IN_MEMORY_BYTES: u64 = 64 * 1024 * 1024;

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Documents, and all that follows from them.
    Store,
    /// The bytes of photos and papers.
    Papers,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Papers => "papers",
        }
    }
}

/// Notes that something of a file was or will be deleted.
pub(super) fn note(tx: &Transaction<'_>, part: Part) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE rewrites SET due = 1 WHERE file = ?1 AND due = 0")?
        .execute([part.name()])?;
    Ok(())
}

/// Milliseconds that lie between two rewritings of a file of so many bytes.
const fn pause_ms(bytes: u64) -> i64 {
    if bytes <= SMALL_BYTES {
        0
    } else if bytes <= MIDDLE_BYTES {
        HOUR_MS
    } else {
        DAY_MS
    }
}

/// Whether a file may be rewritten again. A clock that was set back puts nothing off.
fn may_be(bytes: u64, done_at: Option<Timestamp>, now: Timestamp) -> bool {
    done_at.is_none_or(|done_at| now.ms_since(done_at).saturating_abs() >= pause_ms(bytes))
}

/// Whether something is due; whether it may not wait: what was erased for everybody; when it was done last.
fn due(connection: &Connection, part: Part) -> rusqlite::Result<(bool, bool, Option<Timestamp>)> {
    connection
        .prepare_cached(
            "SELECT due, ?1 = 'store' AND EXISTS (SELECT 1 FROM erased WHERE rewritten = 0), done_at
             FROM rewrites WHERE file = ?1",
        )?
        .query_row([part.name()], |row| {
            Ok((row.get(0)?, row.get(1)?, time_opt(row, 2)?))
        })
}

/// Writes a database anew, if nobody else is at it.
fn rewrite(connection: &Connection) -> rusqlite::Result<()> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let pages = number("PRAGMA page_count")?;
    let bytes = pages.saturating_mul(number("PRAGMA page_size")?);
    let is_small = u64::try_from(bytes).is_ok_and(|bytes| bytes <= IN_MEMORY_BYTES);
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(
        None,
        "temp_store",
        if is_small { "MEMORY" } else { "DEFAULT" },
    )?;
    let done = connection.execute_batch("VACUUM");
    connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
    done
}

impl Store {
    /// Rewrites the store's file if something has left it and its time has come. If another process is
    /// at it, or the disk is full, the next exchange or the next opening has another try.
    pub(super) fn scrub(&mut self, now: Timestamp) {
        let Some(path) = self.path.clone() else {
            return;
        };
        let bytes = std::fs::metadata(path).map_or(0, |about| about.len());
        let wanted = due(&self.connection, Part::Store);
        let Ok((due, urgent, done_at)) = wanted else {
            return;
        };
        let its_time = urgent || due && may_be(bytes, done_at, now);
        if its_time && rewrite(&self.connection).is_ok() && self.noted(Part::Store, now).is_ok() {
            self.fold_log();
        }
    }

    /// The same for the file of photos and papers.
    pub(super) fn scrub_papers(&mut self, now: Timestamp) {
        let bytes = self.papers.file_bytes();
        let wanted = due(&self.connection, Part::Papers);
        let Ok((true, _, done_at)) = wanted else {
            return;
        };
        if may_be(bytes, done_at, now) && self.papers.rewrite(rewrite).is_ok() {
            let _tried_again_later = self.noted(Part::Papers, now);
        }
    }

    /// Whatever the pause: the rest of what is here is to go at once.
    pub(super) fn scrub_at_once(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| -> Result<(), StoreError> {
            tx.execute("UPDATE rewrites SET due = 1, done_at = NULL", [])?;
            Ok(())
        })?;
        self.scrub(now);
        self.scrub_papers(now);
        Ok(())
    }

    fn noted(&mut self, part: Part, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE rewrites SET due = 0, done_at = ?2 WHERE file = ?1",
                params![part.name(), now.as_ms()],
            )?;
            if part == Part::Store {
                tx.execute("UPDATE erased SET rewritten = 1 WHERE rewritten = 0", [])?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_rewritten_each_time_and_a_large_one_after_a_pause() {
        let at = Timestamp::from_ms;
        for (bytes, last, now, expected) in [
            (1, Some(0), 0, true),
            (SMALL_BYTES, Some(0), 0, true),
            (SMALL_BYTES + 1, None, 0, true),
            (SMALL_BYTES + 1, Some(0), HOUR_MS - 1, false),
            (SMALL_BYTES + 1, Some(0), HOUR_MS, true),
            (MIDDLE_BYTES + 1, Some(0), DAY_MS - 1, false),
            (u64::MAX, Some(0), DAY_MS, true),
            // The clock was set back by a year, or stood at the end of time.
            (u64::MAX, Some(365 * DAY_MS), 0, true),
            (u64::MAX, Some(i64::MAX), i64::MIN, true),
        ] {
            assert_eq!(
                may_be(bytes, last.map(at), at(now)),
                expected,
                "{bytes} {last:?} {now}"
            );
        }
    }
}
