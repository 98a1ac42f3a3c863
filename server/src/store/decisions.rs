//! What people decided about changes that waited: rows in, rows out.

use rusqlite::{Connection, Row, params};
use yizhan_proto::sync::Stored;
use yizhan_proto::{ChangeHash, DeviceId, DocumentId, PersonId};

use super::StoreError;
use super::convert::{bytes, number, sequence, timestamp, unsigned};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{DecisionRow, ToldDecision, Verdict};

const ACCEPTED: i64 = 1;
const REJECTED: i64 = 2;

impl LogTx<'_> {
    /// The reason for which a person rejected a change, if one did.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn rejection(
        &self,
        document: DocumentId,
        hash: ChangeHash,
    ) -> Result<Option<String>, StoreError> {
        if self.job.counters.quarantined == 0 {
            return Ok(None);
        }
        let decision = decision(self.connection, document, hash)?;
        Ok(decision
            .filter(|row| row.verdict == Verdict::Rejected)
            .map(|row| row.reason.unwrap_or_default()))
    }

    /// What was decided about a change.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn decision(
        &self,
        document: DocumentId,
        hash: ChangeHash,
    ) -> Result<Option<DecisionRow>, StoreError> {
        decision(self.connection, document, hash)
    }

    /// Decisions about changes whose hash lies in a range, both ends included; at most two.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn decided_between(&self, range: [ChangeHash; 2]) -> Result<Vec<DecisionRow>, StoreError> {
        let [from, until] = range;
        all(
            self.connection,
            "SELECT doc, hash, device, person, decision, decided_by, decided_at, reason
             FROM decisions WHERE hash >= ?1 AND hash <= ?2 LIMIT 2",
            params![from.as_bytes(), until.as_bytes()],
            |row| decision_row(row, 0),
        )
    }

    /// Keeps a decision. A change that was rejected stays in quarantine, marked so.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_decision(&mut self, row: &DecisionRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO decisions(doc, hash, device, person, decision, decided_by, decided_at,
                 reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT(doc, hash) DO NOTHING",
            )?
            .execute(params![
                row.document.as_bytes(),
                row.hash.as_bytes(),
                row.device.as_bytes(),
                row.person.as_bytes(),
                match row.verdict {
                    Verdict::Accepted => ACCEPTED,
                    Verdict::Rejected => REJECTED,
                },
                row.by.as_ref().map(PersonId::as_bytes),
                row.at.as_ms(),
                row.reason,
            ])?;
        if row.verdict == Verdict::Rejected {
            self.connection
                .prepare_cached("UPDATE quarantine SET rejected = 1 WHERE doc = ?1 AND hash = ?2")?
                .execute(params![row.document.as_bytes(), row.hash.as_bytes()])?;
        }
        Ok(())
    }
}

impl Snapshot<'_> {
    /// What was decided about a change.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn decision(
        &self,
        document: DocumentId,
        hash: ChangeHash,
    ) -> Result<Option<DecisionRow>, StoreError> {
        decision(self.connection, document, hash)
    }

    /// Decisions about a device's work after the one numbered `after`, rising, at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn decisions_of(
        &self,
        device: DeviceId,
        after: u64,
        rows_max: u32,
    ) -> Result<Vec<ToldDecision>, StoreError> {
        all(
            self.connection,
            "SELECT d.n, d.doc, d.hash, d.device, d.person, d.decision, d.decided_by, d.decided_at,
                    d.reason, c.seq, c.received_at, c.skew_ms
             FROM decisions d LEFT JOIN changes c ON c.doc = d.doc AND c.hash = d.hash
             WHERE d.device = ?1
               AND d.n > CASE WHEN ?2 > (SELECT ifnull(max(n), 0) FROM decisions) THEN 0 ELSE ?2 END
             ORDER BY d.n LIMIT ?3",
            params![device.as_bytes(), number(after), rows_max],
            |row| {
                let kept: Option<i64> = row.get(9)?;
                Ok(ToldDecision {
                    n: unsigned(row, 0)?,
                    row: decision_row(row, 1)?,
                    stored: match kept {
                        None => None,
                        Some(_) => Some(Stored {
                            sequence: sequence(row, 9)?,
                            received_at: timestamp(row, 10)?,
                            skew_ms: row.get(11)?,
                        }),
                    },
                })
            },
        )
    }
}

fn decision(
    connection: &Connection,
    document: DocumentId,
    hash: ChangeHash,
) -> Result<Option<DecisionRow>, StoreError> {
    first(
        connection,
        "SELECT doc, hash, device, person, decision, decided_by, decided_at, reason
         FROM decisions WHERE doc = ?1 AND hash = ?2",
        params![document.as_bytes(), hash.as_bytes()],
        |row| decision_row(row, 0),
    )
}

/// Reads a decision from the eight columns that begin at `at`.
fn decision_row(row: &Row<'_>, at: usize) -> Result<DecisionRow, StoreError> {
    let by: Option<Vec<u8>> = row.get(at + 5)?;
    Ok(DecisionRow {
        document: DocumentId::from_bytes(bytes(row, at)?),
        hash: ChangeHash::from_bytes(bytes(row, at + 1)?),
        device: DeviceId::from_bytes(bytes(row, at + 2)?),
        person: PersonId::from_bytes(bytes(row, at + 3)?),
        verdict: match row.get::<_, i64>(at + 4)? {
            ACCEPTED => Verdict::Accepted,
            REJECTED => Verdict::Rejected,
            _ => return Err(StoreError::damaged("a decision of no known sort")),
        },
        by: by
            .map(|_| bytes(row, at + 5).map(PersonId::from_bytes))
            .transpose()?,
        at: timestamp(row, at + 6)?,
        reason: row.get(at + 7)?,
    })
}
