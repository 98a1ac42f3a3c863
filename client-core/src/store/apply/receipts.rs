//! What became of the changes that were pushed.

use std::collections::BTreeMap;

use rusqlite::params;
use yizhan_proto::sync::{Outcome, Reason, SyncRequest, SyncResponse};
use yizhan_proto::{ChangeHash, DocumentId};

use super::super::changes::{self, ChangeRow, DEPENDENCY_HELD};
use super::super::device::random_incarnation;
use super::super::sql::int;
use super::super::{ChangeState, StoreError, documents};
use super::forget;
use super::step::Step;
use crate::model::RefusalCode;

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
        if is_erased(&receipt.outcome) {
            forget::erase_refused(step, &row)?;
            continue;
        }
        forget::doubt(step.tx, row.n)?;
        one(step, row.n, (n, receipt.change, state), &receipt.outcome)?;
    }
    Ok(())
}

/// Carries out what people decided about changes that waited. One that is settled here already, by
/// a page or by hand, stays as it is.
pub(super) fn apply_decisions(
    step: &mut Step<'_>,
    response: &SyncResponse,
) -> Result<(), StoreError> {
    let Some(decisions) = &response.decisions else {
        return Ok(());
    };
    for receipt in &decisions.receipts {
        if !is_decision(&receipt.outcome) {
            step.ignore();
            continue;
        }
        for (document, n, state) in changes::open_by_hash(step.tx, receipt.change)? {
            step.touch(document)?;
            forget::doubt(step.tx, document)?;
            one(step, document, (n, receipt.change, state), &receipt.outcome)?;
        }
    }
    step.tx
        .prepare_cached("UPDATE device SET decided = ?1")?
        .execute([int(decisions.until)])?;
    step.progressed = true;
    step.more |= decisions.more;
    Ok(())
}

/// A person takes a change or does not; anything else is none of theirs to say.
const fn is_decision(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Accepted(_) | Outcome::Duplicate(_) | Outcome::Refused(_) => true,
        Outcome::Needs(_) | Outcome::Quarantined(_) | Outcome::Later(_) | Outcome::Unknown(_) => {
            false
        }
    }
}

/// Whether the relay refuses it because it was erased, or is about somebody who was.
fn is_erased(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(reason)
        if RefusalCode::from_text(&reason.code) == Some(RefusalCode::DocumentErased))
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
        Outcome::Refused(_) | Outcome::Quarantined(_) | Outcome::Needs(_) | Outcome::Later(_)
            if state == ChangeState::Acknowledged =>
        {
            Ok(())
        }
        Outcome::Refused(reason) => refuse(step, document, hash, reason),
        Outcome::Quarantined(reason) => quarantine(step, n, reason),
        Outcome::Needs(needed) if state == ChangeState::Unsent => {
            step.applied.needs += 1;
            send_needed(step, document, (n, hash), needed)
        }
        // The change it needs was refused a moment ago, and this one with it.
        Outcome::Needs(_) => Ok(()),
        Outcome::Later(reason) => put_off(step, n, state, reason),
        Outcome::Unknown(_) => wait(step, n),
    }
}

/// Refuses a change, and with it what builds on it. The document goes on under a new incarnation:
/// the actor's next number is taken by what was refused.
fn refuse(
    step: &mut Step<'_>,
    document: i64,
    hash: ChangeHash,
    reason: &Reason,
) -> Result<(), StoreError> {
    let rows = changes::of_document(step.tx, document)?;
    let follows = held_by_dependency();
    for row in changes::with_dependents(&rows, &[hash]) {
        let open = matches!(row.state, ChangeState::Unsent | ChangeState::Quarantined);
        if row.hash == hash || (row.own && open) {
            step.applied.refused += u64::from(row.state != ChangeState::Refused);
            let why = if row.hash == hash { reason } else { &follows };
            changes::hold(step.tx, row.n, ChangeState::Refused, why)?;
        }
    }
    step.progressed = true;
    step.tx
        .prepare_cached("UPDATE documents SET incarnation = ?2 WHERE n = ?1")?
        .execute(params![document, random_incarnation(step.clock)?])?;
    Ok(())
}

/// A person decides at the relay. What builds on the change is sent all the same, so that the
/// relay keeps it too, and has its own receipt.
fn quarantine(step: &mut Step<'_>, n: i64, reason: &Reason) -> Result<(), StoreError> {
    step.applied.quarantined += 1;
    step.progressed = true;
    changes::hold(step.tx, n, ChangeState::Quarantined, reason)
}

/// The relay has no room for it yet: it stays unsent, with the reason, and is offered again later.
fn put_off(
    step: &mut Step<'_>,
    n: i64,
    state: ChangeState,
    reason: &Reason,
) -> Result<(), StoreError> {
    step.applied.put_off += 1;
    if state == ChangeState::Unsent {
        changes::hold(step.tx, n, ChangeState::Unsent, reason)?;
    }
    wait(step, n)
}

fn held_by_dependency() -> Reason {
    Reason {
        code: DEPENDENCY_HELD.to_owned(),
        path: None,
        bound: None,
    }
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
    let is_refused = |row: &ChangeRow| row.state == ChangeState::Refused;
    if needed.iter().filter_map(find).any(is_refused) {
        return refuse(step, document, hash, &held_by_dependency());
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
