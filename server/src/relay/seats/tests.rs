//! Histories of one activity: whatever happens in whatever order, seats go by arrival.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use yizhan_proto::{DeviceId, DocumentId, EntryId, Sequence};

use yizhan_client_core::model::activity::State;
use yizhan_client_core::model::enrolment::{Outcome, Reason};

use super::decide::{Asked, Decision, Due, Scene, carry, decide, due, give_back, grant};
use crate::store::rows::{LeaseRow, SeatRow, SeatTally, Standing};

/// The whole of an activity in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ledger {
    tally: SeatTally,
    seats: BTreeMap<DocumentId, SeatRow>,
    leases: BTreeMap<EntryId, LeaseRow>,
    at: u64,
}

#[derive(Debug, Clone)]
enum Event {
    Enrol {
        who: u8,
        lease: Option<usize>,
    },
    Cancel {
        who: u8,
    },
    /// The latest request of somebody arrives once more.
    Again {
        who: u8,
    },
    Capacity(Option<u32>),
    State(State),
    LeaseAsked {
        seats: u32,
        live: bool,
    },
    /// The holder says how many were used; so many of those have yet to arrive.
    LeaseReturned {
        lease: usize,
        coming: u32,
    },
    LeaseLost {
        lease: usize,
    },
}

fn person(who: u8) -> DocumentId {
    DocumentId::from_bytes([who; 16])
}

fn entry(at: u64) -> EntryId {
    EntryId::from_bytes([[0; 8], at.to_be_bytes()].concat().try_into().unwrap())
}

impl Ledger {
    fn new(capacity: Option<u32>) -> Self {
        Self {
            tally: SeatTally {
                activity: DocumentId::from_bytes([200; 16]),
                capacity,
                state: State::Open,
                accepted: 0,
                covered: 0,
                reserved: 0,
                waiting: 0,
                numbered: 0,
            },
            seats: BTreeMap::new(),
            leases: BTreeMap::new(),
            at: 0,
        }
    }

    fn lease(&self, index: usize) -> Option<EntryId> {
        let ids: Vec<_> = self.leases.keys().copied().collect();
        (!ids.is_empty()).then(|| ids[index % ids.len()])
    }

    fn scene(&self, who: DocumentId) -> Scene {
        Scene {
            tally: self.tally.clone(),
            seat: self.seats.get(&who).cloned(),
            leases: self.leases.clone(),
        }
    }

    fn keep(&mut self, scene: Scene) {
        self.tally = scene.tally;
        self.leases = scene.leases;
        let seat = scene.seat.unwrap();
        self.seats.insert(seat.enrolment, seat);
    }

    fn ask(&mut self, who: DocumentId, request: EntryId, asked: Asked) -> Vec<Decision> {
        let mut scene = self.scene(who);
        let arrived = Sequence::new(self.at).unwrap();
        let decision = decide(&mut scene, who, request, arrived, asked);
        if decision.is_some() {
            self.keep(scene);
        }
        decision.into_iter().collect()
    }

    fn handle(&mut self, event: &Event) -> Vec<Decision> {
        self.at += 1;
        let request = entry(self.at);
        let mut decisions = match event {
            Event::Enrol { who, lease } => {
                // A device stops at what it was granted, and when it has returned the lease.
                let lease = lease.and_then(|index| self.lease(index));
                self.ask(person(*who), request, Asked::Enrol { lease })
            }
            Event::Cancel { who } => self.ask(person(*who), request, Asked::Cancel),
            Event::Again { who } => match self.seats.get(&person(*who)).cloned() {
                Some(seat) => self.ask(person(*who), seat.request, Asked::Enrol { lease: None }),
                None => Vec::new(),
            },
            Event::Capacity(capacity) => {
                // The relay refuses a capacity below what leases hold.
                if capacity.is_none_or(|capacity| capacity >= self.tally.leased()) {
                    self.tally.capacity = *capacity;
                }
                Vec::new()
            }
            Event::State(state) => {
                self.tally.state = *state;
                Vec::new()
            }
            Event::LeaseAsked { seats, live } => {
                let allowed = grant(&mut self.tally, *seats, *live);
                let lease = LeaseRow {
                    lease: request,
                    device: DeviceId::from_bytes([1; 16]),
                    allowed,
                    returned: false,
                    spent: 0,
                };
                self.leases.insert(request, lease);
                Vec::new()
            }
            Event::LeaseReturned { lease, coming } => {
                if let Some(id) = self.lease(*lease) {
                    let lease = self.leases.get_mut(&id).unwrap();
                    let used = lease.spent + coming;
                    give_back(&mut self.tally, lease, used);
                }
                Vec::new()
            }
            Event::LeaseLost { lease } => {
                if let Some(id) = self.lease(*lease) {
                    let lease = self.leases.get_mut(&id).unwrap();
                    give_back(&mut self.tally, lease, 0);
                }
                Vec::new()
            }
        };
        decisions.extend(self.settle());
        decisions
    }

    /// All that is due, as the relay carries it out.
    fn settle(&mut self) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for _ in 0..100 {
            let due = due(&self.tally);
            let seats = match due {
                Due::Nothing => return decisions,
                Due::Release(n) => self.first(n, |seat| {
                    (seat.standing == Standing::Accepted).then(|| u64::MAX - seat.arrived.get())
                }),
                Due::Promote(n) => self.first(n, |seat| {
                    (seat.standing == Standing::Waiting).then(|| seat.arrived.get())
                }),
                Due::Refuse(n) => self.first(n, |seat| {
                    has_or_waits(seat.standing).then(|| seat.arrived.get())
                }),
            };
            let count = u32::try_from(seats.len()).unwrap();
            for (place, who) in (1..=count).rev().zip(seats) {
                let mut scene = self.scene(who);
                decisions.extend(carry(&mut scene, due, place));
                self.keep(scene);
            }
        }
        panic!("it does not settle: {self:?}");
    }

    fn first(&self, n: u32, key: impl Fn(&SeatRow) -> Option<u64>) -> Vec<DocumentId> {
        let mut found: Vec<_> = self
            .seats
            .values()
            .filter_map(|seat| Some((key(seat)?, seat.enrolment)))
            .collect();
        found.sort_unstable();
        let found = found.into_iter().map(|(_, who)| who);
        found.take(usize::try_from(n).unwrap()).collect()
    }

    fn standing(&self, standing: impl Fn(Standing) -> bool) -> Vec<&SeatRow> {
        let seats = self.seats.values();
        seats.filter(|seat| standing(seat.standing)).collect()
    }

    /// What holds whatever happened.
    fn check(&self) {
        let tally = &self.tally;
        let accepted = self.standing(|standing| standing == Standing::Accepted);
        let covered = self.standing(|standing| matches!(standing, Standing::Covered(_)));
        let waiting = self.standing(|standing| standing == Standing::Waiting);
        let count = |seats: &[&SeatRow]| u32::try_from(seats.len()).unwrap();
        assert_eq!(tally.accepted, count(&accepted));
        assert_eq!(tally.covered, count(&covered));
        assert_eq!(tally.waiting, count(&waiting));
        let reserved: u32 = self.leases.values().map(LeaseRow::reserved).sum();
        assert_eq!(tally.reserved, reserved);
        for lease in self.leases.values() {
            let held = self.standing(|standing| standing == Standing::Covered(lease.lease));
            assert!(lease.spent >= count(&held));
        }
        if let Some(capacity) = tally.capacity {
            assert!(tally.taken() <= capacity, "over capacity: {tally:?}");
        }
        let last = accepted.iter().map(|seat| seat.arrived).max();
        let first = waiting.iter().map(|seat| seat.arrived).min();
        if let (Some(last), Some(first)) = (last, first) {
            assert!(last < first, "somebody was passed over");
        }
        if matches!(tally.state, State::Open | State::Closed) {
            assert!(
                waiting.is_empty() || tally.room() == 0,
                "a free seat, and somebody waits: {tally:?}"
            );
        }
        if tally.state == State::Cancelled {
            assert!(accepted.is_empty() && covered.is_empty() && waiting.is_empty());
        }
        let numbers: Vec<_> = accepted.iter().chain(&covered).map(|s| s.number).collect();
        let distinct: BTreeSet<_> = numbers.iter().flatten().collect();
        assert_eq!(
            distinct.len(),
            numbers.len(),
            "each seat has its own number"
        );
    }
}

fn has_or_waits(standing: Standing) -> bool {
    matches!(
        standing,
        Standing::Accepted | Standing::Covered(_) | Standing::Waiting
    )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let who = || 0..12_u8;
    let lease = || 0..8_usize;
    let state = prop_oneof![
        4 => Just(State::Open),
        1 => Just(State::Closed),
        1 => Just(State::Draft),
        1 => Just(State::Done),
        1 => Just(State::Cancelled),
    ];
    let event = prop_oneof![
        8 => who().prop_map(|who| Event::Enrol { who, lease: None }),
        4 => (who(), lease()).prop_map(|(who, lease)| Event::Enrol { who, lease: Some(lease) }),
        4 => who().prop_map(|who| Event::Cancel { who }),
        2 => who().prop_map(|who| Event::Again { who }),
        2 => proptest::option::weighted(0.9, 0..8_u32).prop_map(Event::Capacity),
        1 => state.prop_map(Event::State),
        2 => (1..4_u32, any::<bool>())
            .prop_map(|(seats, dead)| Event::LeaseAsked { seats, live: !dead || seats > 1 }),
        1 => (lease(), 0..3_u32)
            .prop_map(|(lease, coming)| Event::LeaseReturned { lease, coming }),
        1 => lease().prop_map(|lease| Event::LeaseLost { lease }),
    ];
    proptest::collection::vec(event, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn seats_never_exceed_the_capacity_and_go_by_arrival(
        capacity in proptest::option::weighted(0.9, 0..6_u32),
        events in events(),
    ) {
        let mut ledger = Ledger::new(capacity);
        for event in &events {
            ledger.handle(event);
            ledger.check();
        }
    }

    #[test]
    fn an_enrolment_that_a_lease_covers_is_always_accepted(
        capacity in 0..6_u32,
        events in events(),
        who in 0..12_u8,
        pick in 0..8_usize,
    ) {
        let mut ledger = Ledger::new(Some(capacity));
        for event in &events {
            ledger.handle(event);
        }
        let Some(id) = ledger.lease(pick) else { return Ok(()) };
        if ledger.leases[&id].reserved() == 0 || ledger.tally.state == State::Cancelled {
            return Ok(());
        }
        let seats_before = ledger.standing(has_or_waits).len();
        let stood = ledger.seats.get(&person(who)).is_some_and(|s| has_or_waits(s.standing));
        let told = ledger.handle(&Event::Enrol { who, lease: Some(pick) });
        prop_assert_eq!(told[0].outcome, Outcome::Accepted);
        prop_assert_eq!(told[0].enrolment, person(who));
        let seats_after = ledger.standing(has_or_waits).len();
        prop_assert_eq!(seats_after, seats_before + usize::from(!stood));
        ledger.check();
    }

    #[test]
    fn a_retry_changes_nothing(capacity in 0..6_u32, events in events(), who in 0..12_u8) {
        let mut ledger = Ledger::new(Some(capacity));
        for event in &events {
            ledger.handle(event);
        }
        let before = ledger.clone();
        prop_assert_eq!(ledger.handle(&Event::Again { who }), vec![]);
        ledger.at = before.at;
        prop_assert_eq!(ledger, before);
    }

    #[test]
    fn a_seat_given_up_goes_to_the_first_who_waits(capacity in 1..6_u32, events in events()) {
        let mut ledger = Ledger::new(Some(capacity));
        for event in &events {
            ledger.handle(event);
        }
        ledger.handle(&Event::State(State::Open));
        let taken = ledger.tally.taken();
        let Some(who) = ledger.seats.values().find(|s| match s.standing {
            Standing::Accepted | Standing::Covered(_) => true,
            Standing::Waiting | Standing::Refused | Standing::Cancelled => false,
        }) else { return Ok(()) };
        let who = who.enrolment.as_bytes()[0];
        let next = ledger.first(1, |s| {
            (s.standing == Standing::Waiting).then(|| s.arrived.get())
        });
        let told = ledger.handle(&Event::Cancel { who });
        prop_assert_eq!(told[0].outcome, Outcome::Released);
        match next.first() {
            Some(next) => {
                prop_assert_eq!(told.len(), 2);
                prop_assert_eq!(told[1].enrolment, *next);
                prop_assert_eq!(told[1].outcome, Outcome::Accepted);
                prop_assert_eq!(told[1].reason, Some(Reason::Promoted));
                prop_assert_eq!(ledger.tally.taken(), taken);
            }
            None => {
                prop_assert_eq!(told.len(), 1);
                prop_assert_eq!(ledger.tally.taken(), taken - 1);
            }
        }
    }

    /// Ids have no say: the same arrivals of other people come to the same decisions.
    #[test]
    fn decisions_are_a_function_of_the_order_of_arrival_only(
        capacity in 0..6_u32,
        events in events(),
    ) {
        let renamed = |event: &Event| {
            let other = |who: &u8| 11 - who;
            match event.clone() {
                Event::Enrol { who, lease } => Event::Enrol { who: other(&who), lease },
                Event::Cancel { who } => Event::Cancel { who: other(&who) },
                Event::Again { who } => Event::Again { who: other(&who) },
                same @ (Event::Capacity(_)
                | Event::State(_)
                | Event::LeaseAsked { .. }
                | Event::LeaseReturned { .. }
                | Event::LeaseLost { .. }) => same,
            }
        };
        let (mut one, mut two) = (Ledger::new(Some(capacity)), Ledger::new(Some(capacity)));
        for event in &events {
            let told: Vec<_> = one.handle(event);
            let mut again = two.handle(&renamed(event));
            for decision in &mut again {
                decision.enrolment = person(11 - decision.enrolment.as_bytes()[0]);
            }
            prop_assert_eq!(told, again);
        }
    }

    /// Without leases and closings, those with a seat are the earliest requests that stand.
    #[test]
    fn those_with_a_seat_are_the_earliest_who_ask(
        capacity in 0..6_u32,
        events in events(),
    ) {
        let mut ledger = Ledger::new(Some(capacity));
        let mut line: Vec<u8> = Vec::new();
        for event in &events {
            match event {
                Event::Enrol { who, .. } => {
                    ledger.handle(&Event::Enrol { who: *who, lease: None });
                    if !line.contains(who) {
                        line.push(*who);
                    }
                }
                Event::Cancel { who } => {
                    ledger.handle(event);
                    line.retain(|other| other != who);
                }
                Event::Capacity(_) => { ledger.handle(event); }
                Event::Again { .. } | Event::State(_) | Event::LeaseAsked { .. }
                | Event::LeaseReturned { .. } | Event::LeaseLost { .. } => {}
            }
            let seats = ledger.tally.capacity.map_or(usize::MAX, |c| c as usize);
            let expected: BTreeSet<_> = line.iter().take(seats).map(|who| person(*who)).collect();
            let with_seat = ledger.standing(|standing| standing == Standing::Accepted);
            let with_seat: BTreeSet<_> = with_seat.iter().map(|seat| seat.enrolment).collect();
            prop_assert_eq!(with_seat, expected);
        }
    }
}

#[test]
fn those_whom_a_lower_capacity_sends_back_stand_at_the_head_of_the_list() {
    let mut ledger = Ledger::new(Some(3));
    for who in 1..=4 {
        ledger.handle(&Event::Enrol { who, lease: None });
    }
    let told = ledger.handle(&Event::Capacity(Some(1)));
    let told: Vec<_> = told
        .iter()
        .map(|d| (d.enrolment, d.outcome, d.number, d.reason.unwrap()))
        .collect();
    let waits = |who, place| {
        let reason = Reason::CapacityLowered;
        (person(who), Outcome::Waitlisted, Some(place), reason)
    };
    assert_eq!(told, [waits(3, 2), waits(2, 1)]);
    let told = ledger.handle(&Event::Cancel { who: 1 });
    assert_eq!(told[1].enrolment, person(2));
}

/// Two drivers wait; the only seats are those of a lease of two.
fn leased_out() -> Ledger {
    let mut ledger = Ledger::new(Some(2));
    ledger.handle(&Event::LeaseAsked {
        seats: 2,
        live: true,
    });
    for who in [8, 9] {
        ledger.handle(&Event::Enrol { who, lease: None });
    }
    ledger
}

const UNDER_LEASE: fn(u8) -> Event = |who| Event::Enrol {
    who,
    lease: Some(0),
};

#[test]
fn a_seat_under_a_lease_that_is_given_up_goes_to_whoever_waits() {
    let mut ledger = leased_out();
    ledger.handle(&UNDER_LEASE(1));
    let told = ledger.handle(&Event::Cancel { who: 1 });
    assert_eq!((told.len(), told[1].enrolment), (2, person(8)));
    // The other seat is still the holder's to give away, in whatever order that arrives.
    assert_eq!(ledger.handle(&UNDER_LEASE(2))[0].outcome, Outcome::Accepted);
    assert_eq!(
        ledger.handle(&UNDER_LEASE(3))[0].outcome,
        Outcome::Waitlisted
    );
}

#[test]
fn a_holder_who_has_not_heard_that_a_seat_was_given_up_holds_none_back_for_ever() {
    let mut ledger = leased_out();
    ledger.handle(&UNDER_LEASE(1));
    ledger.handle(&Event::Cancel { who: 1 });
    // The device gave one seat away, and says so: nothing of it is still to come.
    let told = ledger.handle(&Event::LeaseReturned {
        lease: 0,
        coming: 0,
    });
    assert_eq!((told.len(), told[0].enrolment), (1, person(9)));
    assert_eq!(ledger.tally.reserved, 0);
}

#[test]
fn a_seat_of_a_lease_for_somebody_who_has_one_is_free_for_whoever_waits() {
    let mut ledger = Ledger::new(Some(2));
    ledger.handle(&Event::Enrol {
        who: 1,
        lease: None,
    });
    ledger.handle(&Event::LeaseAsked {
        seats: 1,
        live: true,
    });
    ledger.handle(&Event::Enrol {
        who: 8,
        lease: None,
    });
    // At the door nobody knows that the first one has a seat already.
    let told = ledger.handle(&UNDER_LEASE(1));
    assert_eq!(told[0].outcome, Outcome::Accepted);
    assert_eq!((told.len(), told[1].enrolment), (2, person(8)));
}

#[test]
fn no_lease_passes_those_over_who_wait() {
    let mut ledger = Ledger::new(Some(1));
    for who in [1, 2] {
        ledger.handle(&Event::Enrol { who, lease: None });
    }
    // Nobody is promoted while it is not open.
    ledger.handle(&Event::State(State::Draft));
    ledger.handle(&Event::Cancel { who: 1 });
    ledger.handle(&Event::LeaseAsked {
        seats: 1,
        live: true,
    });
    assert_eq!((ledger.tally.reserved, ledger.tally.room()), (0, 1));
    let told = ledger.handle(&Event::State(State::Open));
    assert_eq!(told[0].enrolment, person(2));
}

#[test]
fn a_later_word_about_a_lease_frees_more_and_never_takes_back() {
    let mut ledger = Ledger::new(Some(2));
    ledger.handle(&Event::LeaseAsked {
        seats: 2,
        live: true,
    });
    for coming in [1, 2] {
        ledger.handle(&Event::LeaseReturned { lease: 0, coming });
        assert_eq!(ledger.tally.reserved, 1);
    }
    ledger.handle(&Event::LeaseLost { lease: 0 });
    assert_eq!(ledger.tally.reserved, 0);
}

#[test]
fn a_late_arrival_under_a_lost_lease_stands_in_line_like_anybody() {
    let mut ledger = Ledger::new(Some(1));
    ledger.handle(&Event::LeaseAsked {
        seats: 1,
        live: true,
    });
    ledger.handle(&Event::Enrol {
        who: 1,
        lease: None,
    });
    assert_eq!(
        ledger.handle(&Event::LeaseLost { lease: 0 })[0].enrolment,
        person(1)
    );
    let told = ledger.handle(&Event::Enrol {
        who: 2,
        lease: Some(0),
    });
    assert_eq!(told[0].outcome, Outcome::Waitlisted);
    assert_eq!(told[0].reason, Some(Reason::LeaseEnded));
}

#[test]
fn seats_used_but_not_yet_heard_of_stay_held_after_the_return() {
    let mut ledger = Ledger::new(Some(3));
    ledger.handle(&Event::LeaseAsked {
        seats: 3,
        live: true,
    });
    for who in 1..=3 {
        ledger.handle(&Event::Enrol { who, lease: None });
    }
    let told = ledger.handle(&Event::LeaseReturned {
        lease: 0,
        coming: 2,
    });
    assert_eq!(told.len(), 1, "one of three was not used");
    for who in 4..=5 {
        let told = ledger.handle(&Event::Enrol {
            who,
            lease: Some(0),
        });
        assert_eq!(told[0].outcome, Outcome::Accepted);
    }
    let told = ledger.handle(&Event::Enrol {
        who: 6,
        lease: Some(0),
    });
    assert_eq!(told[0].outcome, Outcome::Waitlisted);
}
