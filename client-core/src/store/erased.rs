//! Documents that were erased for everybody. This is the one case in which something that a person
//! entered goes without having arrived: it was about somebody, or something, of which nothing may be
//! kept anywhere. That it happened is kept, and shown.

use rusqlite::{Connection, Transaction, params};
use yizhan_proto::{DocumentId, Kind, Timestamp};

use super::documents::DocumentRow;
use super::sql::{bytes, count, int, time, uint};
use super::{ErasedNote, Store, StoreError};

impl Store {
    /// Documents that this device held and that were erased for everybody, the latest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erased(&self) -> Result<Vec<ErasedNote>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT document, kind, told_at, lost FROM erased ORDER BY told_at DESC, document",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(ErasedNote {
                    document: bytes(row, 0, DocumentId::from_bytes)?,
                    kind: Kind::from_code(row.get(1)?),
                    told_at: time(row, 2)?,
                    lost_changes: uint(row.get(3)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Whether a document was erased for everybody, as far as this device was told.
pub(super) fn is_erased(connection: &Connection, id: DocumentId) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM erased WHERE document = ?1)")?
        .query_row([id.as_bytes()], |row| row.get(0))?)
}

/// Drops everything of a document in whatever state but its empty row, which leaves with the rest
/// that leaves in this transaction. Returns how many own changes the relay had not taken.
pub(super) fn drop_content(
    tx: &Transaction<'_>,
    row: &DocumentRow,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let lost = drop_untaken(tx, row, now)?;
    for sql in [
        "DELETE FROM changes WHERE document = ?1",
        "DELETE FROM members WHERE document = ?1",
        "UPDATE documents SET leaving = 1 WHERE n = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([row.n])?;
    }
    Ok(lost)
}

/// Drops the own changes of a document that the relay had not taken, and notes that they went.
/// Returns how many.
pub(super) fn drop_untaken(
    tx: &Transaction<'_>,
    row: &DocumentRow,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let lost = tx
        .prepare_cached(
            "DELETE FROM changes WHERE document = ?1 AND state <> 1 AND state IN (0, 2, 3)",
        )?
        .execute([row.n])?;
    tx.prepare_cached(
        "INSERT INTO erased (document, kind, told_at, lost) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (document) DO UPDATE SET lost = lost + excluded.lost, rewritten = 0",
    )?
    .execute(params![
        row.id.as_bytes(),
        row.kind.code(),
        now.as_ms(),
        int(count(lost))
    ])?;
    Ok(count(lost))
}
