//! The rows of changes.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use yizhan_proto::sync::{Reason, Stored};
use yizhan_proto::{ActorId, ChangeHash, DeviceId, Sequence, Timestamp};

use super::sql::{bytes, int, join_hashes, sequence_opt, split_hashes, time, time_opt, uint};
use super::{ChangeInfo, ChangeState, StoreError};
use crate::model::{Inspected, inspect};

/// A change that builds on one that waits for a decision, or was refused.
pub(super) const DEPENDENCY_HELD: &str = "dependency.held";

impl ChangeState {
    /// As stored.
    pub(super) const fn code(self) -> i64 {
        match self {
            Self::Unsent => 0,
            Self::Acknowledged => 1,
            Self::Refused => 2,
            Self::Quarantined => 3,
            Self::Unconfirmed => 4,
        }
    }

    const fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Acknowledged,
            2 => Self::Refused,
            3 => Self::Quarantined,
            4 => Self::Unconfirmed,
            // 0, and no other is ever written; what is not known to be sent is unsent.
            _ => Self::Unsent,
        }
    }
}

/// One change's row.
#[derive(Debug, Clone)]
pub(super) struct ChangeRow {
    pub(super) n: i64,
    pub(super) hash: ChangeHash,
    pub(super) bytes: Vec<u8>,
    pub(super) actor: Option<ActorId>,
    pub(super) start_op: u64,
    pub(super) last_op: u64,
    pub(super) device_time: Timestamp,
    pub(super) deps: Vec<ChangeHash>,
    pub(super) own: bool,
    pub(super) state: ChangeState,
    pub(super) sequence: Option<Sequence>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) skew_ms: i64,
    pub(super) reason: Option<Reason>,
}

impl ChangeRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            n: row.get(0)?,
            hash: bytes(row, 1, ChangeHash::from_bytes)?,
            bytes: row.get(2)?,
            actor: ActorId::from_slice(row.get_ref(3)?.as_blob()?).ok(),
            start_op: uint(row.get(15)?),
            last_op: uint(row.get(4)?),
            device_time: time(row, 5)?,
            deps: split_hashes(row.get_ref(6)?.as_blob()?),
            own: row.get(7)?,
            state: ChangeState::from_code(row.get(8)?),
            sequence: sequence_opt(row, 9)?,
            received_at: time_opt(row, 10)?,
            skew_ms: row.get(11)?,
            reason: read_reason(row, 12)?,
        })
    }

    /// Whether it is part of the document that people see.
    pub(super) fn is_shown(&self) -> bool {
        self.state != ChangeState::Refused
    }

    /// What screens show of it.
    pub(super) fn info(&self) -> ChangeInfo {
        ChangeInfo {
            change: self.hash,
            device: self
                .actor
                .map_or(DeviceId::from_bytes([0; 16]), |actor| actor.device()),
            own: self.own,
            state: self.state,
            device_time: self.device_time,
            relay_time: self.received_at,
            sequence: self.sequence,
            skew_ms: self.skew_ms,
            reason: self.reason.clone(),
        }
    }
}

/// Reads a reason from three columns.
pub(super) fn read_reason(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Reason>> {
    let code: Option<String> = row.get(column)?;
    let path = row.get(column + 1)?;
    let bound = row.get(column + 2)?;
    Ok(code.map(|code| Reason { code, path, bound }))
}

/// All changes of a document, each after those it builds on.
pub(super) fn of_document(
    connection: &Connection,
    document: i64,
) -> Result<Vec<ChangeRow>, StoreError> {
    // A change's first operation lies beyond all operations it builds on.
    let mut statement = connection.prepare_cached(
        "SELECT n, hash, bytes, actor, last_op, device_time, deps, own, state,
                sequence, received_at, skew_ms, reason_code, reason_path, reason_bound,
                start_op
         FROM changes WHERE document = ?1 ORDER BY start_op, n",
    )?;
    let rows = statement.query_map([document], ChangeRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Number and state of one change.
pub(super) fn find(
    connection: &Connection,
    document: i64,
    hash: ChangeHash,
) -> Result<Option<(i64, ChangeState, bool)>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT n, state, own FROM changes WHERE document = ?1 AND hash = ?2")?
        .query_row(params![document, hash.as_bytes()], |row| {
            Ok((
                row.get(0)?,
                ChangeState::from_code(row.get(1)?),
                row.get(2)?,
            ))
        })
        .optional()?)
}

/// Own changes of this hash that are unsent, wait for a decision, or were refused with another that
/// they build on: document, number, state. One document has it, if any.
pub(super) fn open_by_hash(
    connection: &Connection,
    hash: ChangeHash,
) -> Result<Vec<(i64, i64, ChangeState)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT document, n, state FROM changes
         WHERE state <> 1 AND own = 1 AND hash = ?1
               AND (state IN (0, 3) OR (state = 2 AND reason_code = ?2))",
    )?;
    let rows = statement.query_map(params![hash.as_bytes(), DEPENDENCY_HELD], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            ChangeState::from_code(row.get(2)?),
        ))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A change to insert.
pub(super) struct NewChange<'a> {
    pub(super) document: i64,
    pub(super) bytes: &'a [u8],
    pub(super) own: bool,
    pub(super) state: ChangeState,
    pub(super) stored: Option<Stored>,
    pub(super) summary: Option<&'a str>,
}

/// Inserts a change that is not there yet, and returns its number. `inspected` is `None` for
/// bytes from the relay that cannot be read: they are kept, last in their document.
pub(super) fn insert(
    tx: &Transaction<'_>,
    new: &NewChange<'_>,
    inspected: Option<&Inspected>,
) -> Result<i64, StoreError> {
    let hash = inspected.map_or_else(|| ChangeHash::of_chunk(new.bytes), |change| change.hash);
    let actor = inspected.map_or(&[][..], |change| &change.actor.as_bytes()[..]);
    let (start_op, last_op) = inspected.map_or((i64::MAX, 0), |change| {
        (int(change.start_op), int(change.last_op))
    });
    let time = inspected.map_or(0, |change| change.time.as_ms());
    let deps = inspected.map_or_else(Vec::new, |change| join_hashes(&change.deps));
    let sequence = new.stored.map(|stored| int(stored.sequence.get()));
    let received_at = new.stored.map(|stored| stored.received_at.as_ms());
    let skew_ms = new.stored.map_or(0, |stored| stored.skew_ms);
    tx.prepare_cached(
        "INSERT INTO changes (document, hash, bytes, actor, start_op, last_op,
             device_time, deps, own, state, sequence, received_at, skew_ms, summary)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        new.document,
        hash.as_bytes(),
        new.bytes,
        actor,
        start_op,
        last_op,
        time,
        deps,
        new.own,
        new.state.code(),
        sequence,
        received_at,
        skew_ms,
        new.summary,
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Marks a change as kept by the relay.
pub(super) fn acknowledge(
    tx: &Transaction<'_>,
    change: i64,
    stored: Stored,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE changes SET state = 1, sequence = ?2, received_at = ?3, skew_ms = ?4, urgent = 0,
             waits_since = NULL, reason_code = NULL, reason_path = NULL, reason_bound = NULL
         WHERE n = ?1",
    )?
    .execute(params![
        change,
        int(stored.sequence.get()),
        stored.received_at.as_ms(),
        stored.skew_ms
    ])?;
    Ok(())
}

/// Marks a change as unsent (to be offered again), with nothing left of what was said about it.
pub(super) fn offer(tx: &Transaction<'_>, change: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE changes SET state = 0, sequence = NULL, received_at = NULL, skew_ms = 0,
             waits_since = NULL, reason_code = NULL, reason_path = NULL, reason_bound = NULL
         WHERE n = ?1",
    )?
    .execute([change])?;
    Ok(())
}

/// Marks a change as refused or quarantined, with the reason.
pub(super) fn hold(
    tx: &Transaction<'_>,
    change: i64,
    state: ChangeState,
    reason: &Reason,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE changes SET state = ?2, reason_code = ?3, reason_path = ?4, reason_bound = ?5,
             waits_since = NULL
         WHERE n = ?1",
    )?
    .execute(params![
        change,
        state.code(),
        reason.code,
        reason.path,
        reason.bound
    ])?;
    Ok(())
}

/// Marks somebody else's change as not found at the relay.
pub(super) fn unconfirm(tx: &Transaction<'_>, change: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE changes SET state = 4 WHERE n = ?1")?
        .execute([change])?;
    Ok(())
}

/// The rows that build on any of `roots`, directly or not, `roots` included; `rows` are all of one
/// document, each after those it builds on.
pub(super) fn with_dependents(rows: &[ChangeRow], roots: &[ChangeHash]) -> Vec<ChangeRow> {
    let mut found = roots.to_vec();
    let mut dependents = Vec::new();
    for row in rows {
        let depends = row.deps.iter().any(|dep| found.contains(dep));
        if depends || roots.contains(&row.hash) {
            if !found.contains(&row.hash) {
                found.push(row.hash);
            }
            dependents.push(row.clone());
        }
    }
    dependents
}

/// The hashes among `rows` that no other of them builds on.
pub(super) fn heads<'a>(rows: impl Iterator<Item = &'a ChangeRow> + Clone) -> Vec<ChangeHash> {
    let mut built_on: Vec<ChangeHash> = rows.clone().flat_map(|row| row.deps.clone()).collect();
    built_on.sort_unstable();
    rows.map(|row| row.hash)
        .filter(|hash| built_on.binary_search(hash).is_err())
        .collect()
}

/// What is known of the bytes of a change from the relay: `None` if they cannot be read here.
pub(super) fn look_at(bytes: &[u8]) -> Option<Inspected> {
    inspect(bytes).ok()
}
