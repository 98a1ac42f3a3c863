//! Erasures carried out: a portion a job, then files, then the bytes in the database's pages and
//! its log. What is left to do follows from what is stored, so a relay that dies goes on.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use yizhan_proto::{EntryId, Kind, Timestamp};

use crate::error::RelayError;
use crate::relay::seats::Told;
use crate::relay::{Relay, audit, from_read, from_write};
use crate::store::rows::{ErasureRow, Subject};
use crate::store::{LogTx, StoreError, WriteError};

/// Documents, or files, that one job erases: other jobs wait meanwhile.
const PORTION: u32 = 50;
/// Milliseconds between two rewritings of the database: erasures in between share the next one.
const REWRITE_EVERY_MS: i64 = 10 * 60 * 1000;
/// Milliseconds after a rewriting that failed, for want of room on the disk, say: each try copies the
/// database as far as there is room, and everybody waits meanwhile.
const REWRITE_AGAIN_MS: i64 = 10 * 60 * 1000;

/// Whether there may be something left to erase: spares every tick a look at the store. A relay
/// that starts looks once.
#[derive(Debug)]
pub(in crate::relay) struct Erasing {
    unfinished: AtomicBool,
    /// Up to which rows gone the database was rewritten, while its log is not empty yet.
    rewritten_ms: AtomicI64,
    /// When a rewriting failed last.
    failed_ms: AtomicI64,
}

impl Default for Erasing {
    fn default() -> Self {
        Self {
            unfinished: AtomicBool::new(true),
            rewritten_ms: AtomicI64::new(i64::MIN),
            failed_ms: AtomicI64::new(i64::MIN),
        }
    }
}

impl Erasing {
    pub(super) fn begin(&self) {
        self.unfinished.store(true, Ordering::Relaxed);
    }
}

/// What comes next.
enum Next {
    /// More of the same.
    GoOn,
    /// To count what the person wrote about others.
    Count(EntryId),
    /// To rewrite the database, for what was deleted up to this time.
    Rewrite(Timestamp),
    /// Nothing for now.
    Wait,
}

impl Relay {
    /// Goes on with what is to be erased: one portion. Whether there is more to do at once. Costs
    /// nothing if there is nothing.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails or the relay is busy.
    pub(in crate::relay) async fn go_on_erasing(&self, now: Timestamp) -> Result<bool, RelayError> {
        if !self.inner.erasing.unfinished.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| -> Result<_, RelayError> {
            let mut told = Told::default();
            Ok((relay.next_erased(tx, &mut told, now)?, told))
        };
        let written = self.inner.writer.write(job).await;
        let (next, told) = written.map_err(from_write::<RelayError, RelayError>)?;
        told.count();
        match next {
            Next::GoOn => Ok(true),
            Next::Wait => Ok(false),
            Next::Count(erasure) => self.count_kept(erasure).await.map(|()| true),
            Next::Rewrite(until) => self.rewrite(until, now).await,
        }
    }

    fn next_erased(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
        now: Timestamp,
    ) -> Result<Next, StoreError> {
        if let Some(erasure) = tx.erasure_under_way()? {
            return self.erase_portion(tx, told, &erasure, now);
        }
        let Some(until) = tx.bytes_left()? else {
            self.inner
                .erasing
                .unfinished
                .store(false, Ordering::Relaxed);
            return Ok(Next::Wait);
        };
        let is_soon = tx
            .bytes_last_gone()?
            .is_some_and(|last| (0..REWRITE_EVERY_MS).contains(&now.ms_since(last)));
        let failed = Timestamp::from_ms(self.inner.erasing.failed_ms.load(Ordering::Relaxed));
        let is_soon = is_soon || (0..REWRITE_AGAIN_MS).contains(&now.ms_since(failed));
        Ok(if is_soon {
            Next::Wait
        } else {
            Next::Rewrite(until)
        })
    }

    fn erase_portion(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
        erasure: &ErasureRow,
        now: Timestamp,
    ) -> Result<Next, StoreError> {
        let left = tx.erased_left(erasure.id, PORTION)?;
        if !left.is_empty() {
            for (document, kind) in left {
                if kind == Kind::Enrolment {
                    self.vacate_seat(tx, told, document)?;
                }
                tx.erase_document(erasure.id, document)?;
            }
            return Ok(Next::GoOn);
        }
        let files = tx.erased_files(PORTION)?;
        if !files.is_empty() {
            for (sha256, person, still_sent, still_named) in files {
                let blobs = &self.inner.blobs;
                let mut removed = false;
                if !still_sent {
                    removed |= blobs.remove_part(sha256, person)?;
                }
                if !still_named {
                    removed |= blobs.remove(sha256)?;
                }
                tx.file_is_gone(erasure.id, sha256, person, removed)?;
            }
            return Ok(Next::GoOn);
        }
        if matches!(erasure.subject, Subject::Person(_)) && erasure.parts_kept.is_none() {
            return Ok(Next::Count(erasure.id));
        }
        tx.rows_are_gone(erasure.id, now)?;
        Ok(Next::GoOn)
    }

    async fn count_kept(&self, erasure: EntryId) -> Result<(), RelayError> {
        let count = self
            .inner
            .readers
            .read(move |snapshot| snapshot.changes_by(&snapshot.erased_people(erasure)?))
            .await
            .map_err(from_read)?;
        let job = move |tx: &mut LogTx<'_>| tx.put_parts_kept(erasure, count);
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<StoreError, RelayError>)
    }

    /// Rewrites the database and empties its log. While a reader holds on to the log, only that
    /// is tried again.
    async fn rewrite(&self, until: Timestamp, now: Timestamp) -> Result<bool, RelayError> {
        let rewritten = &self.inner.erasing.rewritten_ms;
        let needed = rewritten.load(Ordering::Relaxed) < until.as_ms();
        let emptied = self.inner.writer.scrub::<RelayError>(needed).await;
        if matches!(emptied, Err(WriteError::Store(_))) {
            let failed = &self.inner.erasing.failed_ms;
            failed.store(now.as_ms(), Ordering::Relaxed);
        }
        let emptied = emptied.map_err(from_write::<RelayError, RelayError>)?;
        rewritten.fetch_max(until.as_ms(), Ordering::Relaxed);
        if !emptied {
            return Ok(false);
        }
        let job = move |tx: &mut LogTx<'_>| -> Result<(), StoreError> {
            for erasure in tx.bytes_are_gone(until, now)? {
                audit::done(tx, &erasure, now)?;
            }
            Ok(())
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<StoreError, RelayError>)?;
        Ok(true)
    }
}
