//! The rows of scopes: where the device stands in each of its subscriptions.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::{Cursor, DocumentId, Scope, ScopeDigest, Window};

use super::StoreError;
use super::sql::{bytes, cursor_opt, int, uint};

/// Past every document id.
pub(super) const NO_END: [u8; 17] = [0xff; 17];

/// One subscription's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScopeRow {
    /// Its number in this file.
    pub(super) n: i64,
    /// Which.
    pub(super) scope: Scope,
    /// What is held; `None` before first contact.
    pub(super) window: Option<Window>,
    /// The digest of what is held.
    pub(super) digest: ScopeDigest,
}

const COLUMNS: &str = "n, scope, live, floor, digest, settled";

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, String, Option<Window>, ScopeDigest)> {
    let floor = Cursor::new(uint(row.get(3)?));
    let settled = Cursor::new(uint(row.get(5)?));
    Ok((
        row.get(0)?,
        row.get(1)?,
        cursor_opt(row, 2)?.map(|live| Window {
            live,
            settled,
            floor,
        }),
        ScopeDigest::from_bits(row.get::<_, i64>(4)?.cast_unsigned()),
    ))
}

fn parsed(
    (n, scope, window, digest): (i64, String, Option<Window>, ScopeDigest),
) -> Result<ScopeRow, StoreError> {
    let scope = scope
        .parse()
        .map_err(|error| StoreError::damaged(format!("a scope: {error}")))?;
    Ok(ScopeRow {
        n,
        scope,
        window,
        digest,
    })
}

/// All subscriptions, most urgent first.
pub(super) fn all(connection: &Connection) -> Result<Vec<ScopeRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM scopes ORDER BY rank, n"))?;
    let rows = statement.query_map([], read)?;
    rows.map(|row| parsed(row?)).collect()
}

/// One subscription.
pub(super) fn find(connection: &Connection, scope: &Scope) -> Result<Option<ScopeRow>, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM scopes WHERE scope = ?1"))?
        .query_row([scope.to_string()], read)
        .optional()?
        .map(parsed)
        .transpose()
}

/// Sets where the device stands.
pub(super) fn set_window(
    tx: &Transaction<'_>,
    scope: i64,
    window: Window,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE scopes SET live = ?2, floor = ?3, settled = ?4 WHERE n = ?1")?
        .execute(params![
            scope,
            int(window.live.get()),
            int(window.floor.get()),
            int(window.settled.get())
        ])?;
    Ok(())
}

/// Adds to the digests of scopes.
pub(super) fn add_digests(
    tx: &Transaction<'_>,
    deltas: &BTreeMap<i64, ScopeDigest>,
) -> Result<(), StoreError> {
    for (scope, delta) in deltas {
        let stored: Option<i64> = tx
            .prepare_cached("SELECT digest FROM scopes WHERE n = ?1")?
            .query_row([scope], |row| row.get(0))
            .optional()?;
        let Some(stored) = stored else { continue };
        let sum = ScopeDigest::from_bits(stored.cast_unsigned()).and(*delta);
        tx.prepare_cached("UPDATE scopes SET digest = ?2 WHERE n = ?1")?
            .execute(params![scope, sum.to_bits().cast_signed()])?;
    }
    Ok(())
}

/// Adds the digest of a scope up anew from its documents.
pub(super) fn add_up(tx: &Transaction<'_>, scope: i64) -> Result<(), StoreError> {
    let digest = digest_of(&in_range(tx, scope, &[], &NO_END)?);
    tx.execute(
        "UPDATE scopes SET digest = ?2 WHERE n = ?1",
        params![scope, digest.to_bits().cast_signed()],
    )?;
    Ok(())
}

/// The scopes that count a document in their digests.
pub(super) fn of_document(connection: &Connection, document: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT scope FROM members WHERE document = ?1 AND stale = 0")?;
    let rows = statement.query_map([document], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A document of a scope, as a repair compares it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) n: i64,
    pub(super) id: DocumentId,
    pub(super) digest: Option<DocumentDigest>,
}

/// What is held of a scope in `[from, until)`, ascending by id.
pub(super) fn in_range(
    connection: &Connection,
    scope: i64,
    from: &[u8],
    until: &[u8],
) -> Result<Vec<Held>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.n, d.id, d.acked_digest FROM members m JOIN documents d ON d.n = m.document
         WHERE m.scope = ?1 AND m.stale = 0 AND d.id >= ?2 AND d.id < ?3 ORDER BY d.id",
    )?;
    let rows = statement.query_map(params![scope, from, until], |row| {
        Ok(Held {
            n: row.get(0)?,
            id: bytes(row, 1, DocumentId::from_bytes)?,
            digest: row
                .get::<_, Option<i64>>(2)?
                .map(|bits| DocumentDigest::from_bits(bits.cast_unsigned())),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The digest of a range.
pub(super) fn digest_of(held: &[Held]) -> ScopeDigest {
    held.iter().filter_map(|document| document.digest).collect()
}

/// The ends of a range, as stored.
pub(super) fn stored_ends(
    from: Option<DocumentId>,
    until: Option<DocumentId>,
) -> (Vec<u8>, Vec<u8>) {
    (
        from.map_or_else(Vec::new, |id| id.as_bytes().to_vec()),
        until.map_or_else(|| NO_END.to_vec(), |id| id.as_bytes().to_vec()),
    )
}

/// An end of a range, as sent: anything but 16 bytes is an open end.
pub(super) fn sent_end(stored: &[u8]) -> Option<DocumentId> {
    <[u8; 16]>::try_from(stored)
        .ok()
        .map(DocumentId::from_bytes)
}
