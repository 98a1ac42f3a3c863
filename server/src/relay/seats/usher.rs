//! What is decided about seats, carried out in one job: read, decide, tell, keep.

use std::collections::BTreeMap;

use yizhan_client_core::model::activity::{self, Lease, State};
use yizhan_client_core::model::enrolment::{self, Ask};
use yizhan_client_core::model::{Activity, Command, Inspected};
use yizhan_proto::{DeviceId, DocumentId, EntryId, Kind, Sequence, Timestamp};

use super::decide::{Asked, Decision, Due, Scene, carry, decide, due, give_back, grant, leave};
use super::{PORTION, Told, Unsettled};
use crate::relay::own::{Hand, OwnError, open};
use crate::store::rows::{LeaseRow, SeatRow, SeatTally};
use crate::store::{LogTx, SeatOrder, StoreError};

/// Shows people to their seats, in one job.
#[derive(Debug)]
pub(super) struct Usher<'j, 'c> {
    pub(super) tx: &'j mut LogTx<'c>,
    pub(super) hand: &'j Hand,
    pub(super) told: &'j mut Told,
    pub(super) unsettled: &'j Unsettled,
}

/// A lease that is asked for.
struct Asking {
    ask: EntryId,
    seats: u32,
    until: Timestamp,
    device: DeviceId,
}

impl Usher<'_, '_> {
    /// Decides about the requests in a change of an enrolment that was accepted as `arrived`.
    pub(super) fn enrolment(
        &mut self,
        id: DocumentId,
        change: &Inspected,
        arrived: Sequence,
    ) -> Result<(), StoreError> {
        let requests = enrolment::seat_events(change);
        if requests.is_empty() {
            return Ok(());
        }
        let row = self.tx.document(id)?;
        let Some(activity) = row.and_then(|row| row.outline.facts.activity) else {
            return Ok(());
        };
        for request in requests {
            // The gate let nobody enrol in an activity that the relay does not have.
            let Some(tally) = self.tx.seat_tally(activity)? else {
                tracing::error!(%activity, "an activity without a tally of its seats");
                return Ok(());
            };
            let mut scene = scene(tally, self.tx.seat(id)?);
            let asked = match request.what {
                Ask::Cancel => Asked::Cancel,
                Ask::Enrol => Asked::Enrol {
                    lease: self.named(&mut scene, request.lease, request.device)?,
                },
            };
            let decision = decide(&mut scene, id, request.request, arrived, asked);
            if let Some(decision) = decision
                && self.tell(&decision)?
            {
                self.keep(&scene)?;
                self.settle(activity, PORTION)?;
            }
        }
        Ok(())
    }

    /// Frees what an enrolment has, for whoever waits. Nobody is told there: it is erased.
    pub(super) fn vacate(&mut self, enrolment: DocumentId) -> Result<(), StoreError> {
        let row = self.tx.document(enrolment)?;
        let Some(activity) = row.and_then(|row| row.outline.facts.activity) else {
            return Ok(());
        };
        let Some((tally, seat)) = self.tx.seat_tally(activity)?.zip(self.tx.seat(enrolment)?)
        else {
            return Ok(());
        };
        let mut scene = scene(tally, Some(seat));
        leave(&mut scene);
        self.tx.remove_seat(enrolment)?;
        self.put_tally(&scene.tally)?;
        self.settle(activity, PORTION)
    }

    /// The lease that a request names, if the device that asks holds it.
    fn named(
        &self,
        scene: &mut Scene,
        named: Option<EntryId>,
        device: DeviceId,
    ) -> Result<Option<EntryId>, StoreError> {
        let Some(id) = named else { return Ok(None) };
        let lease = self.tx.seat_lease(scene.tally.activity, id)?;
        let Some(lease) = lease.filter(|lease| lease.device == device) else {
            return Ok(None);
        };
        scene.leases.insert(id, lease);
        Ok(Some(id))
    }

    fn keep(&mut self, scene: &Scene) -> Result<(), StoreError> {
        let activity = scene.tally.activity;
        if let Some(seat) = &scene.seat {
            self.tx.put_seat(activity, seat)?;
        }
        for lease in scene.leases.values() {
            self.tx.put_seat_lease(activity, lease)?;
        }
        self.put_tally(&scene.tally)
    }

    fn put_tally(&mut self, tally: &SeatTally) -> Result<(), StoreError> {
        let unsettled = due(tally) != Due::Nothing;
        if unsettled {
            self.unsettled.set(true);
        }
        self.tx.put_seat_tally(tally, unsettled)
    }

    /// Writes a decision into its enrolment. Returns whether that was possible: an enrolment that
    /// is full or cannot be opened is logged and counted, and stops nobody else.
    fn tell(&mut self, decision: &Decision) -> Result<bool, StoreError> {
        let Ok(entry) = self.hand.new_entry() else {
            return Err(StoreError::bug("this machine gives no randomness"));
        };
        let command = Command::Enrolment(enrolment::Command::Decide {
            entry,
            request: decision.request,
            outcome: decision.outcome,
            number: decision.number,
            reason: decision.reason,
            at: self.hand.now,
        });
        let written = open(self.tx, decision.enrolment, Kind::Enrolment)
            .and_then(|mut document| self.hand.write(self.tx, &mut document, &command));
        match written {
            Ok(_) => {
                self.told.decided(decision.outcome);
                Ok(true)
            }
            Err(OwnError::Store(error)) => Err(error),
            Err(error @ (OwnError::Refused(_) | OwnError::Unreadable(_))) => {
                self.told.unwritable += 1;
                let enrolment = decision.enrolment;
                tracing::error!(%enrolment, %error, "a decision cannot be written");
                Ok(false)
            }
        }
    }

    /// Carries out what is due for an activity, telling up to `portion` enrolments. Those whom a
    /// lower capacity sends back are told all at once: seats are never over capacity, not even
    /// between two jobs.
    pub(super) fn settle(
        &mut self,
        activity: DocumentId,
        mut portion: u32,
    ) -> Result<(), StoreError> {
        loop {
            let Some(tally) = self.tx.seat_tally(activity)? else {
                return Ok(());
            };
            let due = due(&tally);
            let (order, count) = match due {
                Due::Nothing => return Ok(()),
                Due::Release(count) => (SeatOrder::LatestAccepted, count),
                Due::Promote(count) => (SeatOrder::Waiting, count.min(portion)),
                Due::Refuse(count) => (SeatOrder::Open, count.min(portion)),
            };
            let seats = self.tx.seats(activity, order, count)?;
            if seats.is_empty() {
                if count > 0 {
                    tracing::error!(%activity, "the tally of its seats is wrong");
                    self.tx.put_seat_tally(&tally, false)?;
                }
                return Ok(());
            }
            portion = portion.saturating_sub(count);
            self.carry_out(tally, due, seats)?;
        }
    }

    fn carry_out(
        &mut self,
        mut tally: SeatTally,
        due: Due,
        seats: Vec<SeatRow>,
    ) -> Result<(), StoreError> {
        let mut place = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        for seat in seats {
            let before = scene(tally, Some(seat));
            let mut scene = before.clone();
            if let Some(decision) = carry(&mut scene, due, place)
                && !self.tell(&decision)?
            {
                // Who cannot be told has no seat and stands in nobody's way.
                scene = before;
                carry(&mut scene, Due::Refuse(1), place);
            }
            self.keep(&scene)?;
            tally = scene.tally;
            place = place.saturating_sub(1);
        }
        Ok(())
    }

    /// Follows an edit of an activity that was accepted: what is in force, who that moves, and
    /// leases.
    pub(super) fn activity(
        &mut self,
        id: DocumentId,
        change: &Inspected,
    ) -> Result<(), StoreError> {
        let events = activity::seat_events(change);
        let known = self.tx.seat_tally(id)?;
        if events.is_empty() && known.is_some() {
            return Ok(());
        }
        let shown = match self.read(id) {
            Ok(shown) => shown,
            Err(OwnError::Store(error)) => return Err(error),
            Err(error @ (OwnError::Refused(_) | OwnError::Unreadable(_))) => {
                tracing::error!(activity = %id, %error, "an activity cannot be read");
                return Ok(());
            }
        };
        let tally = SeatTally {
            capacity: shown.capacity.value,
            state: shown.state.value.unwrap_or(State::Draft),
            ..known.unwrap_or_else(|| nothing_taken(id))
        };
        self.put_tally(&tally)?;
        for event in &events {
            if let activity::SeatEvent::LeaseReturned { lease, used, lost } = *event {
                self.take_back(id, lease, if lost { 0 } else { used })?;
            }
        }
        self.settle(id, PORTION)?;
        for event in events {
            if let activity::SeatEvent::LeaseAsked {
                ask,
                seats,
                until,
                device,
            } = event
            {
                let asking = Asking {
                    ask,
                    seats,
                    until,
                    device,
                };
                self.lease(id, &asking)?;
            }
        }
        Ok(())
    }

    /// An activity as it is shown: of two values set at the same time, the one that all show.
    fn read(&self, id: DocumentId) -> Result<Activity, OwnError> {
        let document = open(self.tx, id, Kind::Activity)?;
        Activity::read(&document).map_err(|problem| OwnError::Unreadable(problem.to_string()))
    }

    fn take_back(
        &mut self,
        activity: DocumentId,
        lease: EntryId,
        used: u32,
    ) -> Result<(), StoreError> {
        let Some(mut lease) = self.tx.seat_lease(activity, lease)? else {
            return Ok(());
        };
        let Some(mut tally) = self.tx.seat_tally(activity)? else {
            return Ok(());
        };
        give_back(&mut tally, &mut lease, used);
        self.tx.put_seat_lease(activity, &lease)?;
        self.put_tally(&tally)
    }

    /// Answers an ask for a lease. The lease's entry has the ask's id: one ask, one lease.
    fn lease(&mut self, activity: DocumentId, asking: &Asking) -> Result<(), StoreError> {
        let Some(mut tally) = self.tx.seat_tally(activity)? else {
            return Ok(());
        };
        if self.tx.seat_lease(activity, asking.ask)?.is_some() {
            return Ok(());
        }
        let now = self.hand.now;
        let seats = grant(&mut tally, asking.seats, asking.until > now);
        let command = Command::Activity(activity::Command::Grant(Lease {
            entry: asking.ask,
            ask: asking.ask,
            device: asking.device,
            seats,
            until: asking.until,
            at: now,
        }));
        let written = open(self.tx, activity, Kind::Activity)
            .and_then(|mut document| self.hand.write(self.tx, &mut document, &command));
        match written {
            Ok(_) => {}
            Err(OwnError::Store(error)) => return Err(error),
            Err(error @ (OwnError::Refused(_) | OwnError::Unreadable(_))) => {
                self.told.unwritable += 1;
                tracing::error!(%activity, %error, "a lease cannot be written");
                return Ok(());
            }
        }
        let lease = LeaseRow {
            lease: asking.ask,
            device: asking.device,
            allowed: seats,
            returned: false,
            spent: 0,
        };
        self.tx.put_seat_lease(activity, &lease)?;
        self.put_tally(&tally)
    }
}

/// What a decision about one seat needs to know.
fn scene(tally: SeatTally, seat: Option<SeatRow>) -> Scene {
    Scene {
        tally,
        seat,
        leases: BTreeMap::new(),
    }
}

/// The tally of an activity that nobody has asked a seat of.
fn nothing_taken(activity: DocumentId) -> SeatTally {
    SeatTally {
        activity,
        capacity: None,
        state: State::Draft,
        accepted: 0,
        covered: 0,
        reserved: 0,
        waiting: 0,
        numbered: 0,
    }
}
