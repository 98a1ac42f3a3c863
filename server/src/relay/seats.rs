//! Seats: who has one is decided here, in the order in which requests arrive.
//!
//! In the job that accepts a request, or an edit of an activity, the [`Usher`] asks `decide` what
//! comes of it and writes that into the enrolments by the relay's own hand. So a request and its
//! decision are one commit: no death of the relay comes between them.
//!
//! What concerns very many at once (an activity is cancelled) is carried out in portions. What is
//! still to do follows from what is stored, so nothing is lost if the relay dies in between: the
//! next push, or [`Relay::settle_seats`], goes on.

mod decide;
#[cfg(test)]
mod tests;
mod usher;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use yizhan_client_core::model::enrolment::Outcome;
use yizhan_client_core::model::{Activity, Document, Refusal, RefusalCode, activity};
use yizhan_proto::{DocumentId, Kind, Sequence};

use super::accept::Incoming;
use super::own::Hand;
use super::{Relay, from_write};
use crate::error::RelayError;
use crate::store::{LogTx, StoreError};
use usher::Usher;

/// Enrolments told in one job at most, where many are told the same. Each takes about half a
/// millisecond, and other jobs wait meanwhile.
const PORTION: u32 = 500;
/// The same, in a job that somebody waits for who has nothing to do with it.
const PORTION_BESIDE: u32 = 50;

/// Whether there may be something left to decide: spares every push a look at the store. A relay
/// that starts looks once.
#[derive(Debug)]
pub(super) struct Unsettled(AtomicBool);

impl Default for Unsettled {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Unsettled {
    fn set(&self, unsettled: bool) {
        self.0.store(unsettled, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was decided in a job, to be counted once it is committed.
#[derive(Debug, Default)]
pub(super) struct Told {
    decisions: BTreeMap<&'static str, u64>,
    unwritable: u64,
}

impl Told {
    fn decided(&mut self, outcome: Outcome) {
        *self.decisions.entry(outcome.as_str()).or_default() += 1;
    }

    /// Counts it.
    pub(super) fn count(self) {
        for (outcome, count) in self.decisions {
            metrics::counter!("yizhan_seat_decisions_total", "outcome" => outcome).increment(count);
        }
        if self.unwritable > 0 {
            metrics::counter!("yizhan_seat_unwritable_total").increment(self.unwritable);
        }
    }
}

impl Relay {
    /// Goes on with what is still to be decided about seats: one portion, of one activity.
    /// Returns whether there may be more. Costs nothing if there is nothing.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails or the relay is busy.
    pub async fn settle_seats(&self) -> Result<bool, RelayError> {
        if !self.inner.unsettled.get() {
            return Ok(false);
        }
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| -> Result<_, RelayError> {
            let mut told = Told::default();
            relay.go_on(tx, &mut told, PORTION)?;
            Ok(told)
        };
        let told: Told = self
            .inner
            .writer
            .write(job)
            .await
            .map_err(from_write::<_, RelayError>)?;
        told.count();
        Ok(self.inner.unsettled.get())
    }

    /// Decides what a change that was accepted asks for, before the next one is looked at.
    pub(super) fn seat(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
        incoming: &Incoming,
        sequence: Sequence,
    ) -> Result<(), StoreError> {
        let Ok(change) = &incoming.inspected else {
            return Ok(());
        };
        if !matches!(incoming.kind, Kind::Activity | Kind::Enrolment) {
            return Ok(());
        }
        let hand = self.hand();
        let mut usher = self.usher(tx, &hand, told);
        if incoming.kind == Kind::Enrolment {
            usher.enrolment(incoming.document, change, sequence)
        } else {
            usher.activity(incoming.document, change)
        }
    }

    /// Goes on a little with what is still to be decided, in a job that is about something else.
    pub(super) fn seat_beside(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
    ) -> Result<(), StoreError> {
        // A job that decided about seats has done its share.
        if self.inner.unsettled.get() && told.decisions.is_empty() {
            self.go_on(tx, told, PORTION_BESIDE)?;
        }
        Ok(())
    }

    /// Gives up the seat of an enrolment that is about to be erased.
    pub(super) fn vacate_seat(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
        enrolment: DocumentId,
    ) -> Result<(), StoreError> {
        let hand = self.hand();
        self.usher(tx, &hand, told).vacate(enrolment)
    }

    fn go_on(&self, tx: &mut LogTx<'_>, told: &mut Told, portion: u32) -> Result<(), StoreError> {
        match tx.unsettled_activity()? {
            Some(activity) => {
                let hand = self.hand();
                self.usher(tx, &hand, told).settle(activity, portion)
            }
            None => {
                self.inner.unsettled.set(false);
                Ok(())
            }
        }
    }

    fn usher<'j, 'c>(
        &'j self,
        tx: &'j mut LogTx<'c>,
        hand: &'j Hand,
        told: &'j mut Told,
    ) -> Usher<'j, 'c> {
        Usher {
            tx,
            hand,
            told,
            unsettled: &self.inner.unsettled,
        }
    }
}

/// Why a change that the gate lets in may not enter all the same: it leaves an activity fewer seats
/// than leases hold, and those may have been given away where nobody hears of it yet.
pub(super) fn objection(
    tx: &LogTx<'_>,
    incoming: &Incoming,
) -> Result<Option<Refusal>, StoreError> {
    let (Kind::Activity, Ok(change)) = (incoming.kind, &incoming.inspected) else {
        return Ok(None);
    };
    let lowers = |event: &activity::SeatEvent| matches!(event, activity::SeatEvent::Capacity(_));
    if !activity::seat_events(change).iter().any(lowers) {
        return Ok(None);
    }
    let leased = match tx.seat_tally(incoming.document)? {
        Some(tally) if tally.leased() > 0 => tally.leased(),
        Some(_) | None => return Ok(None),
    };
    let stored = tx.change_bytes(incoming.document)?;
    let changes = stored.iter().chain([&incoming.bytes]).map(Vec::as_slice);
    let opened = Document::open(incoming.document, Kind::Activity, changes)
        .and_then(|document| Activity::read(&document));
    let capacity = match opened {
        Ok(activity) => activity.capacity.value,
        Err(problem) => {
            tracing::error!(activity = %incoming.document, %problem, "an activity cannot be read");
            None
        }
    };
    Ok(capacity.filter(|capacity| *capacity < leased).map(|_| {
        Refusal::new(RefusalCode::SeatsLeased)
            .at("capacity")
            .bound(format!("{leased} or more"))
    }))
}
