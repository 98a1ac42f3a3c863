//! What is to be sent and fetched, and what came of it. One step is one piece, and one commit.

use rusqlite::{OptionalExtension, Transaction, params};
use yizhan_proto::{ContentHash, Timestamp};

use super::super::sql::{bytes, count, int, time_opt, uint};
use super::super::{Store, StoreError};
use super::reading::range;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferWay {
    /// To the relay.
    Send,
    /// From the relay.
    Fetch,
}

/// A file that is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its bytes.
    pub sha256: ContentHash,
    /// How many.
    pub bytes: u64,
    /// Which way.
    pub way: TransferWay,
    /// How many are there already; `None`: the relay is to be asked.
    pub done: Option<u64>,
    /// Whether it is a small picture of another.
    pub thumb: bool,
    /// Whether a person waits for it.
    pub asked: bool,
    /// Failures in a row.
    pub tries: u32,
    /// Not to be tried before.
    pub not_before: Option<Timestamp>,
}

impl Store {
    /// All files that are not where they should be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn transfers(&self) -> Result<Vec<Transfer>, StoreError> {
        if !self.papers.exists() {
            return Ok(Vec::new());
        }
        self.papers.read(|connection| {
            let sql = "SELECT sha256, bytes, thumb, have, own, sent, wanted, tries, not_before
                       FROM files WHERE own = 1 OR wanted > 0 ORDER BY n";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (whole, have) = (uint(row.get(1)?), uint(row.get(3)?));
                let sends = row.get::<_, i64>(4)? == 1 && have == whole;
                if !sends && have == whole {
                    continue;
                }
                let (way, done) = if sends {
                    let sent: Option<i64> = row.get(5)?;
                    (TransferWay::Send, sent.map(uint))
                } else {
                    (TransferWay::Fetch, Some(have))
                };
                found.push(Transfer {
                    sha256: bytes(row, 0, ContentHash::from_bytes)?,
                    bytes: whole,
                    way,
                    done,
                    thumb: row.get(2)?,
                    asked: row.get::<_, i64>(6)? == 2,
                    tries: row.get(7)?,
                    not_before: time_opt(row, 8)?,
                });
            }
            Ok(found)
        })
    }

    /// A person waits for these bytes: they are fetched as soon as there is a way to the relay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn want_file(&mut self, sha256: ContentHash) -> Result<(), StoreError> {
        if !self.papers.exists() {
            return Ok(());
        }
        self.papers.write(|tx| {
            tx.prepare_cached(
                "UPDATE files SET wanted = 2, not_before = NULL
                 WHERE sha256 = ?1 AND have < bytes",
            )?
            .execute([sha256.as_bytes()])?;
            Ok(())
        })
    }

    /// A piece to send.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn piece(&self, sha256: ContentHash, at: u64, len: usize) -> Result<Vec<u8>, StoreError> {
        let until = at.saturating_add(count(len));
        self.papers
            .read(|connection| range(connection, sha256, at, until))
    }

    /// The relay has so many bytes of a file of this phone's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_sent(
        &mut self,
        sha256: ContentHash,
        have: u64,
        complete: bool,
    ) -> Result<(), StoreError> {
        self.papers.write(|tx| {
            tx.prepare_cached(
                "UPDATE files SET sent = CASE ?3 WHEN 1 THEN bytes ELSE min(?2, bytes) END,
                     own = CASE ?3 WHEN 1 THEN 2 ELSE own END,
                     tries = 0, not_before = NULL, failed_code = NULL, failed_text = NULL
                 WHERE sha256 = ?1 AND own > 0",
            )?
            .execute(params![sha256.as_bytes(), int(have), complete])?;
            Ok(())
        })
    }

    /// How much of a file of this phone's the relay has, is to be asked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ask_sent(&mut self, sha256: ContentHash) -> Result<(), StoreError> {
        self.papers.write(|tx| {
            tx.prepare_cached("UPDATE files SET sent = NULL WHERE sha256 = ?1 AND own = 1")?
                .execute([sha256.as_bytes()])?;
            Ok(())
        })
    }

    /// A piece came. Returns whether the file is whole now; `None` if its bytes are not those of
    /// its hash, and were dropped.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_piece(
        &mut self,
        sha256: ContentHash,
        at: u64,
        piece: &[u8],
    ) -> Result<Option<bool>, StoreError> {
        self.papers.write(|tx| take(tx, sha256, at, piece))
    }

    /// Sending or fetching a file failed: it is tried again at `not_before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_transfer_failed(
        &mut self,
        sha256: ContentHash,
        code: &str,
        text: &str,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        self.papers.write(|tx| {
            tx.prepare_cached(
                "UPDATE files SET tries = tries + 1, not_before = ?2, failed_code = ?3,
                     failed_text = ?4 WHERE sha256 = ?1",
            )?
            .execute(params![sha256.as_bytes(), not_before.as_ms(), code, text])?;
            Ok(())
        })
    }

    /// A person wants to sync: no wait applies.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_transfer_waits(&mut self) -> Result<(), StoreError> {
        if self.transfers()?.iter().all(|one| one.not_before.is_none()) {
            return Ok(());
        }
        self.papers.write(|tx| {
            tx.execute("UPDATE files SET not_before = NULL", [])?;
            Ok(())
        })
    }
}

fn take(
    tx: &Transaction<'_>,
    sha256: ContentHash,
    at: u64,
    piece: &[u8],
) -> Result<Option<bool>, StoreError> {
    let found: Option<(i64, i64, i64)> = tx
        .prepare_cached("SELECT n, have, bytes FROM files WHERE sha256 = ?1")?
        .query_row([sha256.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((n, have, whole)) = found else {
        // The document left meanwhile.
        return Ok(Some(false));
    };
    let until = int(at.saturating_add(count(piece.len())));
    if int(at) != have || until > whole || piece.is_empty() {
        return Ok(Some(have == whole));
    }
    tx.prepare_cached("INSERT INTO pieces (file, at, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![n, have, piece])?;
    if until < whole {
        tx.prepare_cached(
            "UPDATE files SET have = ?2, tries = 0, failed_code = NULL, failed_text = NULL
             WHERE n = ?1",
        )?
        .execute(params![n, until])?;
        return Ok(Some(false));
    }
    let all = range(tx, sha256, 0, uint(whole))?;
    if ContentHash::of(&all) == sha256 {
        tx.prepare_cached(
            "UPDATE files SET have = bytes, wanted = 0, tries = 0, not_before = NULL,
                 failed_code = NULL, failed_text = NULL WHERE n = ?1",
        )?
        .execute([n])?;
        return Ok(Some(true));
    }
    tx.prepare_cached("DELETE FROM pieces WHERE file = ?1")?
        .execute([n])?;
    tx.prepare_cached("UPDATE files SET have = 0 WHERE n = ?1")?
        .execute([n])?;
    Ok(None)
}
