//! Changes that wait for a person, or were rejected: rows in, rows out. What may wait is the relay's
//! decision.

use rusqlite::{Connection, Row, params};
use yizhan_proto::sync::Reason;
use yizhan_proto::{ChangeHash, DeviceId, DocumentId, Kind, PersonId, Timestamp};

use super::StoreError;
use super::convert::{bytes, number, timestamp, unsigned};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{HeldOf, HeldRow, QuarantineRow};

/// The columns of a [`HeldRow`], in the order in which [`held_row`] reads them.
const HELD: &str = "arrived, hash, doc, kind, device, person, bytes, code, path, bound, \
                    received_at, skew_ms, rejected";

impl LogTx<'_> {
    /// Whether a change waits in quarantine.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_quarantined(
        &self,
        document: DocumentId,
        hash: ChangeHash,
    ) -> Result<bool, StoreError> {
        if self.job.counters.quarantined == 0 {
            return Ok(false);
        }
        Ok(self
            .connection
            .prepare_cached(
                "SELECT 1 FROM quarantine WHERE doc = ?1 AND hash = ?2 AND rejected = 0",
            )?
            .exists(params![document.as_bytes(), hash.as_bytes()])?)
    }

    /// Keeps a change for a person to decide on. One that is there already stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_quarantine(&mut self, row: &QuarantineRow<'_>) -> Result<(), StoreError> {
        let added = self
            .connection
            .prepare_cached(
                "INSERT INTO quarantine(doc, hash, kind, device, person, bytes, code, path, bound,
                 received_at, skew_ms, arrived)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                         (SELECT ifnull(max(arrived), 0) + 1 FROM quarantine))
                 ON CONFLICT(doc, hash) DO NOTHING",
            )?
            .execute(params![
                row.document.as_bytes(),
                row.hash.as_bytes(),
                row.kind.code(),
                row.device.as_bytes(),
                row.person.as_bytes(),
                row.bytes,
                row.reason.code,
                row.reason.path,
                row.reason.bound,
                row.received_at.as_ms(),
                row.skew_ms,
            ])?;
        self.job.counters.quarantined += added as u64;
        Ok(())
    }

    /// Takes a change out of quarantine, because it was accepted after all.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn remove_quarantine(
        &mut self,
        document: DocumentId,
        hash: ChangeHash,
    ) -> Result<(), StoreError> {
        if self.job.counters.quarantined == 0 {
            return Ok(());
        }
        let removed = self
            .connection
            .prepare_cached("DELETE FROM quarantine WHERE doc = ?1 AND hash = ?2")?
            .execute(params![document.as_bytes(), hash.as_bytes()])?;
        self.job.counters.quarantined =
            self.job.counters.quarantined.saturating_sub(removed as u64);
        Ok(())
    }

    /// Deletes whatever of a document waits, waited or was decided, with its bytes and reasons.
    /// Says how many changes that were.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn drop_quarantine(&mut self, document: DocumentId) -> Result<u64, StoreError> {
        let removed = self
            .connection
            .prepare_cached("DELETE FROM quarantine WHERE doc = ?1")?
            .execute([document.as_bytes()])? as u64;
        self.connection
            .prepare_cached("DELETE FROM decisions WHERE doc = ?1")?
            .execute([document.as_bytes()])?;
        self.job.counters.quarantined = self.job.counters.quarantined.saturating_sub(removed);
        Ok(removed)
    }

    /// Those whose hash lies in a range, both ends included; at most two.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn held_between(&self, range: [ChangeHash; 2]) -> Result<Vec<HeldRow>, StoreError> {
        held_between(self.connection, range)
    }

    /// All of a document that waits or was rejected, in order of arrival.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn held_of_document(&self, document: DocumentId) -> Result<Vec<HeldRow>, StoreError> {
        held_of_document(self.connection, document)
    }

    /// What waits of somebody, in order of arrival after `after`, at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn waiting(
        &self,
        of: HeldOf,
        after: u64,
        rows_max: u32,
    ) -> Result<Vec<HeldRow>, StoreError> {
        held(self.connection, of, false, after, rows_max)
    }
}

impl Snapshot<'_> {
    /// What waits of somebody (or what was rejected), in order of arrival after `after`, at most
    /// `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn held(
        &self,
        of: HeldOf,
        rejected: bool,
        after: u64,
        rows_max: u32,
    ) -> Result<Vec<HeldRow>, StoreError> {
        held(self.connection, of, rejected, after, rows_max)
    }

    /// Those whose hash lies in a range, both ends included; at most two.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn held_between(&self, range: [ChangeHash; 2]) -> Result<Vec<HeldRow>, StoreError> {
        held_between(self.connection, range)
    }

    /// All of a document that waits or was rejected, in order of arrival.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn held_of_document(&self, document: DocumentId) -> Result<Vec<HeldRow>, StoreError> {
        held_of_document(self.connection, document)
    }

    /// Whether a change waits or was rejected.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_held(&self, document: DocumentId, hash: ChangeHash) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM quarantine WHERE doc = ?1 AND hash = ?2")?
            .exists(params![document.as_bytes(), hash.as_bytes()])?)
    }

    /// When the change that waits longest came.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn oldest_waiting(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT received_at FROM quarantine WHERE rejected = 0
                   ORDER BY received_at LIMIT 1";
        first(self.connection, sql, [], |row| timestamp(row, 0))
    }
}

fn held(
    connection: &Connection,
    of: HeldOf,
    rejected: bool,
    after: u64,
    rows_max: u32,
) -> Result<Vec<HeldRow>, StoreError> {
    let (condition, id) = match &of {
        HeldOf::All => ("", &[][..]),
        HeldOf::Device(device) => ("device = ?4 AND ", &device.as_bytes()[..]),
        HeldOf::Person(person) => ("person = ?4 AND ", &person.as_bytes()[..]),
    };
    let sql = format!(
        "SELECT {HELD} FROM quarantine WHERE {condition} arrived > ?1 AND rejected = ?2
         ORDER BY arrived LIMIT ?3"
    );
    let after = number(after);
    match of {
        HeldOf::All => all(
            connection,
            &sql,
            params![after, rejected, rows_max],
            held_row,
        ),
        HeldOf::Device(_) | HeldOf::Person(_) => all(
            connection,
            &sql,
            params![after, rejected, rows_max, id],
            held_row,
        ),
    }
}

fn held_between(
    connection: &Connection,
    [from, until]: [ChangeHash; 2],
) -> Result<Vec<HeldRow>, StoreError> {
    all(
        connection,
        &format!(
            "SELECT {HELD} FROM quarantine WHERE hash >= ?1 AND hash <= ?2 ORDER BY hash LIMIT 2"
        ),
        params![from.as_bytes(), until.as_bytes()],
        held_row,
    )
}

fn held_of_document(
    connection: &Connection,
    document: DocumentId,
) -> Result<Vec<HeldRow>, StoreError> {
    all(
        connection,
        &format!("SELECT {HELD} FROM quarantine WHERE doc = ?1 ORDER BY arrived"),
        [document.as_bytes()],
        held_row,
    )
}

fn held_row(row: &Row<'_>) -> Result<HeldRow, StoreError> {
    Ok(HeldRow {
        arrived: unsigned(row, 0)?,
        hash: ChangeHash::from_bytes(bytes(row, 1)?),
        document: DocumentId::from_bytes(bytes(row, 2)?),
        kind: Kind::from_code(row.get(3)?),
        device: DeviceId::from_bytes(bytes(row, 4)?),
        person: PersonId::from_bytes(bytes(row, 5)?),
        bytes: row.get(6)?,
        reason: Reason {
            code: row.get(7)?,
            path: row.get(8)?,
            bound: row.get(9)?,
        },
        received_at: timestamp(row, 10)?,
        skew_ms: row.get(11)?,
        rejected: row.get(12)?,
    })
}
