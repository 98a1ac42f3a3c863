//! What became of the changes that were pushed.

use std::collections::BTreeMap;

use rusqlite::params;
use yizhan_proto::sync::{Outcome, Reason, SyncRequest, SyncResponse};
use yizhan_proto::{ChangeHash, DocumentId};

use super::super::changes::{self, ChangeRow, DEPENDENCY_HELD};
use super::super::device::random_incarnation;
use super::super::{ChangeState, StoreError, documents};
use super::step::Step;

/// Carries out every receipt that names a pushed change; others do not fit and are left out.
pub(super) fn apply(
    step: &mut Step<'_>,
    request: &SyncRequest,
    response: &SyncResponse,
) -> Result<(), StoreError> {
    let pushed: BTreeMap<ChangeHash, DocumentId> = request
        .pushes
        .iter()
        .map(|push| (ChangeHash::of_chunk(&push.change), push.document))
        .collect();
    for receipt in &response.receipts {
        let Some(document) = pushed.get(&receipt.change) else {
            step.ignore();
            continue;
        };
        // Both may be gone by now: forgotten or discarded by another process.
        let Some(row) = documents::find(step.tx, *document)? else {
            continue;
        };
        let Some((n, state, _)) = changes::find(step.tx, row.n, receipt.change)? else {
            continue;
        };
        step.touch(row.n)?;
        one(step, row.n, (n, receipt.change, state), &receipt.outcome)?;
    }
    Ok(())
}

fn one(
    step: &mut Step<'_>,
    document: i64,
    (n, hash, state): (i64, ChangeHash, ChangeState),
    outcome: &Outcome,
) -> Result<(), StoreError> {
    match outcome {
        Outcome::Accepted(stored) => {
            step.applied.accepted += 1;
            step.progressed = true;
            step.acknowledge(document, n, state, *stored)
        }
        Outcome::Duplicate(stored) => {
            step.applied.duplicate += 1;
            step.progressed = true;
            step.acknowledge(document, n, state, *stored)
        }
        // What is known to be stored stays so, whatever a late answer says.
        Outcome::Refused(_) | Outcome::Quarantined(_) | Outcome::Needs(_)
            if state == ChangeState::Acknowledged =>
        {
            Ok(())
        }
        Outcome::Refused(reason) => hold(step, document, hash, ChangeState::Refused, reason),
        Outcome::Quarantined(reason) => {
            hold(step, document, hash, ChangeState::Quarantined, reason)
        }
        Outcome::Needs(needed) if state == ChangeState::Unsent => {
            step.applied.needs += 1;
            send_needed(step, document, (n, hash), needed)
        }
        // The change it needs was refused a moment ago, and this one with it.
        Outcome::Needs(_) => Ok(()),
        Outcome::Unknown(_) => wait(step, n),
    }
}

/// Holds a change, and with it what builds on it. After a refusal the document goes on under a
/// new incarnation: the actor's next number is taken by what was refused.
fn hold(
    step: &mut Step<'_>,
    document: i64,
    hash: ChangeHash,
    state: ChangeState,
    reason: &Reason,
) -> Result<(), StoreError> {
    let rows = changes::of_document(step.tx, document)?;
    let follows = Reason {
        code: DEPENDENCY_HELD.to_owned(),
        path: None,
        bound: None,
    };
    let mut held = 0;
    for row in changes::with_dependents(&rows, &[hash]) {
        let is_root = row.hash == hash;
        let open = row.state == ChangeState::Unsent
            || (row.state == ChangeState::Quarantined && state == ChangeState::Refused);
        if is_root || (row.own && open) {
            held += u64::from(row.state != state);
            changes::hold(
                step.tx,
                row.n,
                state,
                if is_root { reason } else { &follows },
            )?;
        }
    }
    step.progressed = true;
    if state == ChangeState::Refused {
        step.applied.refused += held;
        step.tx
            .prepare_cached("UPDATE documents SET incarnation = ?2 WHERE n = ?1")?
            .execute(params![document, random_incarnation(step.clock)?])?;
    } else {
        step.applied.quarantined += held;
    }
    Ok(())
}

/// The relay lacks what a change builds on: own changes are offered again; for others it waits.
fn send_needed(
    step: &mut Step<'_>,
    document: i64,
    (n, hash): (i64, ChangeHash),
    needed: &[ChangeHash],
) -> Result<(), StoreError> {
    let rows = changes::of_document(step.tx, document)?;
    let find = |hash: &ChangeHash| rows.iter().find(|row| row.hash == *hash);
    let refused = |row: &ChangeRow| row.state == ChangeState::Refused;
    if needed.iter().filter_map(find).any(refused) {
        let reason = Reason {
            code: DEPENDENCY_HELD.to_owned(),
            path: None,
            bound: None,
        };
        return hold(step, document, hash, ChangeState::Refused, &reason);
    }
    let mut offered = false;
    for row in needed.iter().filter_map(find) {
        if row.own && row.state == ChangeState::Acknowledged {
            changes::offer(step.tx, row.n)?;
            offered = true;
        }
    }
    if offered {
        step.progressed = true;
        step.more = true;
        Ok(())
    } else {
        wait(step, n)
    }
}

/// Not to be sent again until something moves in its document, or some time has passed.
fn wait(step: &mut Step<'_>, n: i64) -> Result<(), StoreError> {
    step.tx
        .prepare_cached("UPDATE changes SET waits_since = ?2 WHERE n = ?1 AND state = 0")?
        .execute(params![n, step.clock.now().as_ms()])?;
    Ok(())
}
