//! Who the device acts for, what it subscribes to, and which relay it speaks to.

use rusqlite::{Transaction, params};
use yizhan_proto::identity::{Identity, Welcome};
use yizhan_proto::limits::SCOPES_MAX;

use super::super::scopes::{self, ScopeRow};
use super::super::sql::{count, int};
use super::super::{StoreError, device, kit, sheets};
use super::forget::drop_leaving;

/// A pairing or registration.
pub(in super::super) fn welcome(tx: &Transaction<'_>, welcome: &Welcome) -> Result<(), StoreError> {
    let known = device::load(tx)?.epoch;
    if known.is_some_and(|known| known != welcome.epoch) {
        new_lineage(tx)?;
    }
    tx.execute(
        "UPDATE device SET epoch = ?1",
        params![welcome.epoch.as_bytes()],
    )?;
    subscribe(tx, &welcome.identity)?;
    drop_leaving(tx)?;
    Ok(())
}

/// Keeps a new identity. Scopes that are not in it any more are left: their documents are
/// dropped once nothing unsent or held is in them, unless another scope holds them.
pub(super) fn subscribe(tx: &Transaction<'_>, identity: &Identity) -> Result<(), StoreError> {
    device::save_identity(tx, identity)?;
    sheets::retain(tx, identity)?;
    if identity.name.is_empty() {
        // Whoever was erased has no name, and the kit for codes has one in it.
        kit::drop(tx)?;
    }
    let granted = &identity.scopes[..identity.scopes.len().min(SCOPES_MAX)];
    for row in scopes::all(tx)? {
        if !granted.contains(&row.scope) {
            tx.execute(
                "UPDATE documents SET leaving = 1
                 WHERE n IN (SELECT document FROM members WHERE scope = ?1)",
                params![row.n],
            )?;
            leave_scope(tx, &row)?;
        }
    }
    for (rank, scope) in granted.iter().enumerate() {
        tx.execute(
            "INSERT INTO scopes (scope, rank) VALUES (?1, ?2)
             ON CONFLICT (scope) DO UPDATE SET rank = excluded.rank",
            params![scope.to_string(), int(count(rank))],
        )?;
        for sql in [
            "DELETE FROM left_scopes WHERE scope = ?1",
            "DELETE FROM left_documents WHERE scope = ?1",
        ] {
            tx.execute(sql, params![scope.to_string()])?;
        }
    }
    Ok(())
}

/// Whether the person whom this device acts for was erased: everybody else has a name, and reads something.
pub(in super::super) fn is_nobodys(identity: Option<&Identity>) -> bool {
    identity.is_some_and(|identity| {
        identity.name.is_empty() && identity.roles.is_empty() && identity.scopes.is_empty()
    })
}

/// Leaves a scope. The relay is told once nothing that came by it is here: what has no open work
/// goes in this very transaction, the rest is noted.
fn leave_scope(tx: &Transaction<'_>, row: &ScopeRow) -> Result<(), StoreError> {
    let scope = row.scope.to_string();
    tx.execute(
        "INSERT OR REPLACE INTO left_scopes (scope) VALUES (?1)",
        params![scope],
    )?;
    tx.execute(
        "INSERT OR IGNORE INTO left_documents (document, scope)
         SELECT m.document, ?2 FROM members m WHERE m.scope = ?1
             AND EXISTS (SELECT 1 FROM changes c WHERE c.document = m.document
                         AND c.state <> 1 AND c.state IN (0, 2, 3))",
        params![row.n, scope],
    )?;
    tx.execute("DELETE FROM scopes WHERE n = ?1", params![row.n])?;
    Ok(())
}

/// The relay was restored from a backup, or it is another one: nothing is known of what it has.
/// Own changes are offered again, also those that waited for a decision; others count as unconfirmed until they come back. What a scope
/// held stays until that scope is complete again ([`super::pages`]).
pub(super) fn new_lineage(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch(
        "UPDATE scopes SET live = NULL, settled = 0, floor = 0, digest = 0, repair_tries = 0, repaired_at = NULL;
         UPDATE members SET stale = 1;
         UPDATE documents SET acked_digest = NULL;
         UPDATE changes SET state = CASE own WHEN 1 THEN 0 ELSE 4 END, sequence = NULL,
             received_at = NULL
         WHERE state = 1;
         UPDATE changes SET state = 0, reason_code = NULL, reason_path = NULL,
             reason_bound = NULL
         WHERE state = 3 AND state <> 1;
         UPDATE changes SET waits_since = NULL WHERE state = 0;
         UPDATE device SET decided = 0;
         DELETE FROM forgets;
         UPDATE left_scopes SET told = 0;
         DELETE FROM repairs;
         DELETE FROM fetches;",
    )?;
    sheets::ask_anew(tx)
}
