//! Applying one response: everything it says, in one transaction, or nothing.
//!
//! Every part may arrive twice, late, or not fit the request; what does not fit is left out and
//! counted. No document's trouble stops another's. A document is opened once for a response,
//! however many changes of it came.

mod forget;
pub(super) mod identity;
mod pages;
mod receipts;
mod repair;
mod step;

use rusqlite::{Transaction, params};
use yizhan_proto::Timestamp;
use yizhan_proto::sync::{SyncRequest, SyncResponse};

use super::sql::int;
use super::{Applied, Store, StoreError, device, outbox, scopes};
use crate::clock::Clock;
use step::Step;

pub(super) use forget::drop_leaving;

impl Store {
    /// Applies one response to the request it answers, in one commit. May be repeated.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of the response was applied then.
    pub fn apply_response(
        &mut self,
        request: &SyncRequest,
        response: &SyncResponse,
        clock: &dyn Clock,
    ) -> Result<Applied, StoreError> {
        let applied = self.write(|tx| apply(tx, request, response, clock))?;
        // What was acknowledged named documents, too; an identity that was replaced, people; with
        // a right, reports may have gone.
        if applied.forgotten > 0 || applied.identity_changed || !request.forgotten.is_empty() {
            self.fold_log();
        } else {
            self.fold_what_is_left();
        }
        if !applied.more {
            self.scrub(clock.now());
        }
        Ok(applied)
    }

    /// Remembers why an exchange failed, for [`Store::status`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_sync_error(&mut self, error: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("UPDATE device SET last_sync_error = ?1", params![error])?;
            Ok(())
        })
    }
}

fn apply(
    tx: &Transaction<'_>,
    request: &SyncRequest,
    response: &SyncResponse,
    clock: &dyn Clock,
) -> Result<Applied, StoreError> {
    let device = device::load(tx)?;
    let mut step = Step::new(tx, clock, device.id);
    step.applied.next_sync_ms = response.next_sync_ms;
    let is_another = device.epoch.is_some_and(|known| known != response.epoch);
    let is_behind = pages::is_behind(tx, request, response)?;
    if is_another || is_behind {
        identity::new_lineage(tx)?;
        step.applied.epoch_changed = true;
        step.progressed |= is_behind;
    }
    receipts::apply(&mut step, request, response)?;
    receipts::apply_decisions(&mut step, response)?;
    forget::acknowledged(tx, request)?;
    if let Some(new) = &response.identity {
        // What is new is told to whoever asks as this identity: that is worth another exchange.
        let known = device.identity.as_ref().map(|known| known.version);
        step.progressed |= known != Some(new.version);
        identity::subscribe(tx, new)?;
        step.applied.identity_changed = true;
    }
    if !is_behind {
        pages::apply(&mut step, request, response)?;
    }
    repair::take_fetched(&mut step, request, response)?;
    step.settle_touched()?;
    repair::compare(&mut step, response)?;
    repair::narrow(&mut step, request, response)?;
    step.settle_touched()?;
    if is_current(&step, response)? {
        forget::end_doubts(tx)?;
    }
    if identity::is_nobodys(device::load(tx)?.identity.as_ref()) {
        forget::leave_all(&mut step)?;
        step.settle_touched()?;
    }
    let gone = forget::drop_leaving(tx)?;
    step.progressed |= gone.documents > 0;
    step.applied.forgotten += gone.documents;
    step.applied.grown_old += gone.grown_old;
    note(tx, &step.applied, response, clock.now())?;
    finish(&step)
}

/// Whether every scope was read whole, up to what was pushed in this exchange.
fn is_current(step: &Step<'_>, response: &SyncResponse) -> Result<bool, StoreError> {
    let told_all = !step.applied.identity_changed && !step.applied.epoch_changed;
    let scopes = scopes::all(step.tx)?;
    Ok(told_all
        && scopes.iter().all(|row| {
            row.window
                .is_some_and(|window| window.is_complete() && window.live >= response.head)
        }))
}

/// Remembers on the device's row how the exchange went.
fn note(
    tx: &Transaction<'_>,
    applied: &Applied,
    response: &SyncResponse,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE device SET epoch = ?1, last_sync_at = ?2, last_sync_error = NULL,
             clock_offset_ms = ?3, repairs = repairs + ?4, ignored = ignored + ?5",
    )?
    .execute(params![
        response.epoch.as_bytes(),
        now.as_ms(),
        now.ms_since(response.relay_time),
        int(applied.repairs_started),
        int(applied.ignored),
    ])?;
    Ok(())
}

/// Whether to go on at once: there is something left to do, and this exchange got somewhere.
fn finish(step: &Step<'_>) -> Result<Applied, StoreError> {
    let mut applied = step.applied.clone();
    applied.unsent_left = outbox::sendable(step.tx)?;
    let open: bool = step.tx.query_row(
        &format!(
            "SELECT EXISTS (SELECT 1 FROM repairs) OR EXISTS (SELECT 1 FROM fetches)
                 OR EXISTS (SELECT 1 FROM scopes WHERE live IS NULL OR floor > 0)
                 OR EXISTS ({})",
            outbox::LEFT_TO_TELL
        ),
        [],
        |row| row.get(0),
    )?;
    let settled = applied.accepted
        + applied.duplicate
        + applied.refused
        + applied.quarantined
        + applied.erased
        + applied.erased_unsent
        > 0;
    let wanted = step.more || open || applied.identity_changed || applied.epoch_changed;
    applied.more =
        (wanted && step.progressed) || (applied.unsent_left > 0 && (settled || step.freed));
    Ok(applied)
}
