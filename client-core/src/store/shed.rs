//! A lost device whose relay has no room for its unsent work.
//!
//! It may not erase what nobody else has. But neither may it keep everything else for ever because a
//! quota is full: after a week of being put off it keeps what it has yet to hand over, and nothing else.

use rusqlite::{OptionalExtension, Transaction, params};
use yizhan_proto::Timestamp;

use super::sql::{int, time_opt, uint};
use super::{Store, StoreError, documents, views};

/// Times that the relay put work off, before everything else goes.
const PUT_OFF_MAX: u64 = 20;
/// Milliseconds since the first of them: a week, by this device's clock.
const PUT_OFF_MS: i64 = 7 * 24 * 60 * 60 * 1000;

impl Store {
    /// Notes that the relay had no room for what this device hands over. Whether everything else is to
    /// go. The time alone is not enough: whoever holds the device can set its clock.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_put_off(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|tx| {
            let known: Option<(u64, Option<Timestamp>)> = tx
                .query_row("SELECT put_off, put_off_since FROM wipe_order", [], |row| {
                    Ok((uint(row.get(0)?), time_opt(row, 1)?))
                })
                .optional()?;
            let Some((times, since)) = known else {
                return Ok(false);
            };
            // A clock that was set back begins anew, and does not make it wait for years.
            let since = since.filter(|since| *since <= now).unwrap_or(now);
            let times = times.saturating_add(1);
            tx.execute(
                "UPDATE wipe_order SET put_off = ?1, put_off_since = ?2",
                params![int(times), since.as_ms()],
            )?;
            Ok(times >= PUT_OFF_MAX && now.ms_since(since) >= PUT_OFF_MS)
        })
    }

    /// Drops everything but own changes that the relay has not accepted. Paired again, the device gets
    /// back what it may have.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was dropped then, or what was dropped is overwritten later.
    pub fn shed(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.write(shed)?;
        self.reconcile_files(now)?;
        self.scrub_at_once(now)
    }
}

fn shed(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch(
        "DELETE FROM changes WHERE own = 0 OR state NOT IN (0, 2);
         DELETE FROM members;
         DELETE FROM forgets;
         DELETE FROM repairs;
         DELETE FROM fetches;
         DELETE FROM sheets;
         UPDATE scopes SET live = NULL, settled = 0, floor = 0, digest = 0, repair_tries = 0,
             repaired_at = NULL;
         UPDATE documents SET leaving = 0, acked_digest = NULL;",
    )?;
    let all: Vec<i64> = tx
        .prepare_cached("SELECT n FROM documents")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut is_needed =
        tx.prepare_cached("SELECT EXISTS (SELECT 1 FROM changes WHERE document = ?1)")?;
    for n in all {
        if is_needed.query_row([n], |row| row.get(0))? {
            views::remove(tx, n)?;
            tx.prepare_cached("UPDATE documents SET outline = NULL, view = 0 WHERE n = ?1")?
                .execute([n])?;
        } else {
            documents::remove(tx, n)?;
        }
    }
    Ok(())
}
