//! Writing a commit's documents, scopes and counters, each once.

use rusqlite::{Connection, params};
use yizhan_proto::{DocumentId, Scope, Timestamp};

use super::StoreError;
use super::cache::{Committed, Dirty, Layer};
use super::convert::{signed, to_cbor};
use super::rows::{Member, ScopeId, ScopeRow};

/// Writes a layer's documents, scopes and counters.
pub(super) fn flush(
    connection: &Connection,
    layer: &Layer,
    committed: &Committed,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (scope, row) in &layer.scopes {
        flush_scope(connection, scope, row, committed)?;
    }
    for (id, dirty) in &layer.documents {
        if dirty.gone {
            connection
                .prepare_cached("DELETE FROM documents WHERE doc = ?1")?
                .execute([id.as_bytes()])?;
            flush_members(connection, *id, dirty, layer, now)?;
            continue;
        }
        let sql = match dirty.before {
            None => {
                "INSERT INTO documents(doc, kind, outline, digest, members)
                 VALUES (?1, ?2, ?3, ?4, ?5)"
            }
            Some(_) => {
                "UPDATE documents SET kind = ?2, outline = ?3, digest = ?4, members = ?5
                 WHERE doc = ?1"
            }
        };
        connection.prepare_cached(sql)?.execute(params![
            id.as_bytes(),
            dirty.after.outline.kind.code(),
            to_cbor(&dirty.after.outline)?,
            signed(dirty.after.digest.to_bits()),
            to_cbor(&dirty.after.members)?,
        ])?;
        flush_members(connection, *id, dirty, layer, now)?;
    }
    if layer.counters.head != committed.counters.head {
        connection
            .prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES ('head', ?1)")?
            .execute([layer.counters.head.get().to_be_bytes()])?;
    }
    Ok(())
}

/// Scope numbers only grow, so the number says whether the row is there already.
fn flush_scope(
    connection: &Connection,
    scope: &Scope,
    row: &ScopeRow,
    committed: &Committed,
) -> Result<(), StoreError> {
    let (digest, documents) = (signed(row.digest.to_bits()), signed(row.documents));
    if row.id.0 > committed.counters.scope_id {
        connection
            .prepare_cached(
                "INSERT INTO scopes(id, scope, digest, documents) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![row.id.0, scope.to_string(), digest, documents])?;
    } else {
        connection
            .prepare_cached("UPDATE scopes SET digest = ?2, documents = ?3 WHERE id = ?1")?
            .execute(params![row.id.0, digest, documents])?;
    }
    Ok(())
}

/// Moves a document to its new place in the index of each scope.
fn flush_members(
    connection: &Connection,
    id: DocumentId,
    dirty: &Dirty,
    layer: &Layer,
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = dirty
        .before
        .as_deref()
        .map_or(&[][..], |row| &row.members[..]);
    for member in &dirty.after.members {
        let old = before.iter().find(|old| old.scope == member.scope);
        if old == Some(member) {
            continue;
        }
        let scope = layer
            .scopes
            .get(&member.scope)
            .ok_or_else(|| StoreError::bug("a member's scope is not in its layer"))?
            .id;
        if let Some(old) = old {
            let sql = match old.left {
                None => "DELETE FROM scope_index WHERE scope = ?1 AND last_seq = ?2",
                Some(_) => "DELETE FROM leavings WHERE scope = ?1 AND seq = ?2",
            };
            connection
                .prepare_cached(sql)?
                .execute(params![scope.0, signed(old.last.get())])?;
        }
        insert_member(connection, scope, id, member, now)?;
    }
    Ok(())
}

/// Puts a document where it is in a scope, or among what left it.
fn insert_member(
    connection: &Connection,
    scope: ScopeId,
    id: DocumentId,
    member: &Member,
    now: Timestamp,
) -> Result<(), StoreError> {
    let last = signed(member.last.get());
    match member.left {
        None => connection
            .prepare_cached(
                "INSERT INTO scope_index(scope, last_seq, doc, joined_seq)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                scope.0,
                last,
                id.as_bytes(),
                signed(member.joined.get()),
            ])?,
        Some(reason) => connection
            .prepare_cached(
                "INSERT INTO leavings(scope, seq, doc, left_at, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                scope.0,
                last,
                id.as_bytes(),
                now.as_ms(),
                reason.code(),
            ])?,
    };
    Ok(())
}
