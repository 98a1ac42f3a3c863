//! Who gets a seat: pure. Plain data in, decisions out; no store, no clock, no document.
//!
//! Seats go in the order in which requests arrived at the relay. What is kept is such that this
//! order has one border in it: everybody who was accepted by arrival came before everybody who
//! waits. Leases stand apart: what one of them holds is nobody else's until it is returned.

use std::collections::BTreeMap;

use yizhan_client_core::model::activity::State;
use yizhan_client_core::model::enrolment::{Outcome, Reason};
use yizhan_proto::{DocumentId, EntryId, Sequence};

use crate::store::rows::{LeaseRow, SeatRow, SeatTally, Standing};

/// What is decided about one enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::relay) struct Decision {
    /// The enrolment.
    pub(in crate::relay) enrolment: DocumentId,
    /// The request that is answered.
    pub(in crate::relay) request: EntryId,
    /// What comes of it.
    pub(in crate::relay) outcome: Outcome,
    /// The seat's number, or the place on the waiting list.
    pub(in crate::relay) number: Option<u32>,
    /// Why, where the outcome does not say it all.
    pub(in crate::relay) reason: Option<Reason>,
}

/// A request as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::relay) enum Asked {
    /// For a seat, perhaps under a lease that the asking device holds.
    Enrol {
        /// The lease, if it is one of this activity and of that device.
        lease: Option<EntryId>,
    },
    /// To give the seat up.
    Cancel,
}

/// All that a decision about one enrolment needs to know, and what it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::relay) struct Scene {
    /// The activity.
    pub(in crate::relay) tally: SeatTally,
    /// The enrolment's seat, if it ever asked for one.
    pub(in crate::relay) seat: Option<SeatRow>,
    /// The lease that the request names.
    pub(in crate::relay) leases: BTreeMap<EntryId, LeaseRow>,
}

impl SeatTally {
    /// Seats given or held back.
    pub(in crate::relay) fn taken(&self) -> u32 {
        self.accepted
            .saturating_add(self.covered)
            .saturating_add(self.reserved)
    }

    /// Seats that leases hold, taken or not: no capacity can be below.
    pub(in crate::relay) fn leased(&self) -> u32 {
        self.covered.saturating_add(self.reserved)
    }

    /// Seats that are nobody's.
    pub(in crate::relay) fn room(&self) -> u32 {
        self.capacity
            .map_or(u32::MAX, |capacity| capacity.saturating_sub(self.taken()))
    }

    fn next_number(&mut self) -> u32 {
        self.numbered = self.numbered.saturating_add(1);
        self.numbered
    }
}

impl LeaseRow {
    /// Seats it holds that were not given away, or not heard of.
    pub(in crate::relay) fn reserved(&self) -> u32 {
        self.allowed.saturating_sub(self.spent)
    }
}

/// Decides about a request. The order of calls is the order of arrival; `arrived` rises with it. A
/// request that was answered already changes nothing.
pub(in crate::relay) fn decide(
    scene: &mut Scene,
    enrolment: DocumentId,
    request: EntryId,
    arrived: Sequence,
    asked: Asked,
) -> Option<Decision> {
    if scene
        .seat
        .as_ref()
        .is_some_and(|seat| seat.request == request)
    {
        return None;
    }
    let (standing, number, reason) = match asked {
        Asked::Cancel => {
            leave(scene);
            (Standing::Cancelled, None, Some(Reason::CancelledByDriver))
        }
        Asked::Enrol { lease } => enrol(scene, lease),
    };
    let stands = matches!(asked, Asked::Enrol { .. })
        && scene
            .seat
            .as_ref()
            .is_some_and(|seat| is_open(seat.standing));
    let seat = SeatRow {
        enrolment,
        standing,
        // Who asks again keeps the place; a move under a lease leaves the order of arrival.
        arrived: match &scene.seat {
            Some(seat) if stands => seat.arrived,
            Some(_) | None => arrived,
        },
        request,
        number,
    };
    let decision = told(&seat, reason);
    scene.seat = Some(seat);
    Some(decision)
}

type Found = (Standing, Option<u32>, Option<Reason>);

fn enrol(scene: &mut Scene, named: Option<EntryId>) -> Found {
    // Whatever comes of it, its holder counts a seat of the lease as given away.
    let lease = named.filter(|id| spend(scene, *id));
    if scene.tally.state == State::Cancelled {
        leave(scene);
        return (Standing::Refused, None, Some(Reason::Cancelled));
    }
    let before = scene.seat.as_ref().map(|seat| (seat.standing, seat.number));
    match (before, lease) {
        // One person never has two seats: that of the lease is free for whoever waits.
        (Some((standing @ Standing::Covered(_), number)), _) => {
            return (standing, number, Some(Reason::Lease));
        }
        (Some((Standing::Accepted, number)), _) => {
            return (Standing::Accepted, number, None);
        }
        (_, Some(lease)) => {
            leave(scene);
            return cover(scene, lease);
        }
        (Some((Standing::Waiting, number)), None) => {
            return (Standing::Waiting, number, None);
        }
        (Some((Standing::Refused | Standing::Cancelled, _)) | None, None) => {}
    }
    let tally = &mut scene.tally;
    // What was promised offline under a lease that has ended is held to the seats, not to the door.
    let late = named.is_some();
    let shut = match tally.state {
        State::Open => None,
        State::Draft => Some(Reason::Draft),
        State::Closed => Some(Reason::Closed),
        State::Done => Some(Reason::Done),
        State::Cancelled => Some(Reason::Cancelled),
    };
    if let Some(reason) = shut.filter(|_| !late) {
        return (Standing::Refused, None, Some(reason));
    }
    if tally.room() > 0 && tally.waiting == 0 {
        tally.accepted += 1;
        return (Standing::Accepted, Some(tally.next_number()), None);
    }
    if tally.state == State::Done {
        return (Standing::Refused, None, Some(Reason::LeaseEnded));
    }
    tally.waiting += 1;
    let reason = if late {
        Reason::LeaseEnded
    } else {
        Reason::Full
    };
    (Standing::Waiting, Some(tally.waiting), Some(reason))
}

/// Takes a seat out of a lease. Returns whether it had one left.
fn spend(scene: &mut Scene, id: EntryId) -> bool {
    let left = |lease: &&mut LeaseRow| lease.reserved() > 0;
    let Some(lease) = scene.leases.get_mut(&id).filter(left) else {
        return false;
    };
    lease.spent += 1;
    scene.tally.reserved = scene.tally.reserved.saturating_sub(1);
    true
}

fn cover(scene: &mut Scene, id: EntryId) -> Found {
    scene.tally.covered += 1;
    let number = scene.tally.next_number();
    (Standing::Covered(id), Some(number), Some(Reason::Lease))
}

/// Takes from the enrolment what it has, for whoever waits. Also a seat under a lease: its holder
/// may be offline, and gives each seat away once.
pub(in crate::relay) fn leave(scene: &mut Scene) {
    let Some(seat) = &scene.seat else { return };
    let tally = &mut scene.tally;
    match seat.standing {
        Standing::Accepted => tally.accepted = tally.accepted.saturating_sub(1),
        Standing::Waiting => tally.waiting = tally.waiting.saturating_sub(1),
        Standing::Covered(_) => tally.covered = tally.covered.saturating_sub(1),
        Standing::Refused | Standing::Cancelled => {}
    }
}

fn is_open(standing: Standing) -> bool {
    match standing {
        Standing::Accepted | Standing::Covered(_) | Standing::Waiting => true,
        Standing::Refused | Standing::Cancelled => false,
    }
}

/// A seat as its person is told of it.
fn told(seat: &SeatRow, reason: Option<Reason>) -> Decision {
    Decision {
        enrolment: seat.enrolment,
        request: seat.request,
        outcome: match seat.standing {
            Standing::Accepted | Standing::Covered(_) => Outcome::Accepted,
            Standing::Waiting => Outcome::Waitlisted,
            Standing::Refused => Outcome::Refused,
            Standing::Cancelled => Outcome::Released,
        },
        number: seat.number,
        reason,
    }
}

/// Seats to hold back for a lease that is asked for: those that nobody has or waits for, up to
/// what was asked. None for one that would end before it began.
pub(in crate::relay) fn grant(tally: &mut SeatTally, asked: u32, live: bool) -> u32 {
    let held = match tally.state {
        State::Draft | State::Open | State::Closed => live && tally.waiting == 0,
        State::Cancelled | State::Done => false,
    };
    let seats = if held { asked.min(tally.room()) } else { 0 };
    tally.reserved = tally.reserved.saturating_add(seats);
    seats
}

/// Ends a lease of which so many seats were given away, those among them that have yet to arrive.
/// A later word can only free more: what was freed may have gone to others.
pub(in crate::relay) fn give_back(tally: &mut SeatTally, lease: &mut LeaseRow, used: u32) {
    let before = lease.reserved();
    lease.returned = true;
    lease.allowed = lease.allowed.min(used);
    tally.reserved = tally.reserved.saturating_sub(before - lease.reserved());
}

/// What is still to be decided for an activity as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::relay) enum Due {
    /// Nothing.
    Nothing,
    /// So many of those accepted by arrival, the newest first, go back to the waiting list.
    Release(u32),
    /// So many of those who wait, the earliest first, get a seat.
    Promote(u32),
    /// Everybody with a seat or waiting for one, in whatever order, is told that nothing comes of it.
    Refuse(u32),
}

/// What is still to be decided for an activity as it stands.
pub(in crate::relay) fn due(tally: &SeatTally) -> Due {
    let open = tally
        .accepted
        .saturating_add(tally.covered)
        .saturating_add(tally.waiting);
    let over = tally
        .capacity
        .map_or(0, |capacity| tally.taken().saturating_sub(capacity))
        .min(tally.accepted);
    let promoted = tally.room().min(tally.waiting);
    match tally.state {
        State::Cancelled if open > 0 => Due::Refuse(open),
        State::Cancelled => Due::Nothing,
        State::Draft | State::Open | State::Closed | State::Done if over > 0 => Due::Release(over),
        State::Open | State::Closed if promoted > 0 => Due::Promote(promoted),
        State::Draft | State::Open | State::Closed | State::Done => Due::Nothing,
    }
}

/// Carries out what is due for one enrolment that it is due for; `place` is its place on the
/// waiting list, for one that goes back there.
pub(in crate::relay) fn carry(scene: &mut Scene, due: Due, place: u32) -> Option<Decision> {
    let before = scene.seat.clone()?;
    leave(scene);
    let tally = &mut scene.tally;
    let (standing, number, reason) = match due {
        Due::Nothing => return None,
        Due::Release(_) => {
            tally.waiting += 1;
            (Standing::Waiting, Some(place), Reason::CapacityLowered)
        }
        Due::Promote(_) => {
            tally.accepted += 1;
            let number = tally.next_number();
            (Standing::Accepted, Some(number), Reason::Promoted)
        }
        Due::Refuse(_) => (Standing::Refused, None, Reason::Cancelled),
    };
    let seat = SeatRow {
        standing,
        number,
        ..before
    };
    let decision = told(&seat, Some(reason));
    scene.seat = Some(seat);
    Some(decision)
}
