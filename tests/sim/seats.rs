//! Seats, with phones out of coverage, leases, and a relay that stops between any two steps. The
//! world looks at all enrolments at the relay after every sync.

use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::activity::{Command as Edit, State};
use yizhan_client_core::model::enrolment::{Reason, Seat};
use yizhan_client_core::model::{Refusal, RefusalCode};
use yizhan_proto::{DocumentId, EntryId, PersonId, StationId};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::{HOUR_MS, MINUTE_MS};
use yizhan_tests::net::Mishap;
use yizhan_tests::world::{PhoneNo, World};

use crate::{HOME, seeds};

/// A world with a keeper, drivers, and an activity that all of them know.
struct Class {
    world: World,
    keeper: PhoneNo,
    drivers: Vec<PhoneNo>,
    station: StationId,
    activity: DocumentId,
    walked_in: u64,
}

impl Class {
    fn new(seed: u64, drivers: usize, capacity: Option<u32>) -> Self {
        let mut world = World::new(seed);
        world.watch_all_seats();
        let keeper = world.keeper("王站长", HOME);
        let drivers: Vec<_> = (0..drivers)
            .map(|number| world.driver(&format!("司机{number}")))
            .collect();
        let station = world.station(HOME);
        world.sync(keeper);
        let activity = world.announce(keeper, station, capacity);
        world.run_until_quiet();
        Self {
            world,
            keeper,
            drivers,
            station,
            activity,
            walked_in: 0,
        }
    }

    /// A driver asks for a seat on the own phone.
    fn ask(&mut self, driver: PhoneNo) {
        let me = self.world.person(driver);
        let (activity, station) = (self.activity, self.station);
        self.world
            .enrol(driver, activity, station, me, None)
            .unwrap();
    }

    fn give_up(&mut self, driver: PhoneNo) {
        let me = self.world.person(driver);
        self.world.give_up(driver, self.activity, me).unwrap();
    }

    /// The keeper enrols somebody who walked in without a phone, against a lease.
    fn walk_in(&mut self, keeper: PhoneNo, lease: EntryId) -> PersonId {
        self.walked_in += 1;
        let mut id = [7; 16];
        id[8..].copy_from_slice(&self.walked_in.to_be_bytes());
        let person = PersonId::from_bytes(id);
        let (activity, station) = (self.activity, self.station);
        self.world
            .enrol(keeper, activity, station, person, Some(lease))
            .unwrap();
        assert_eq!(
            self.world.seat(keeper, activity, person),
            Some(Seat::Leased),
            "as good as accepted, offline"
        );
        person
    }

    fn seat(&self, driver: PhoneNo) -> Option<Seat> {
        let me = self.world.person(driver);
        self.world.seat(driver, self.activity, me)
    }

    fn edit(&mut self, edit: Edit) {
        let (keeper, activity) = (self.keeper, self.activity);
        let unchanged = Refusal::new(RefusalCode::NothingChanged);
        match self.world.edit_activity(keeper, activity, edit) {
            Ok(()) => {}
            Err(ClientError::Refused(refusal)) => assert_eq!(refusal, unchanged),
            Err(error) => panic!("{error}"),
        }
    }

    fn lease(&mut self, keeper: PhoneNo, seats: u32) -> EntryId {
        let lease = self
            .world
            .ask_lease(keeper, self.activity, seats, 4 * HOUR_MS);
        self.world.sync(keeper);
        lease
    }

    fn granted(&self, keeper: PhoneNo, lease: EntryId) -> u32 {
        let activity = self.world.activity(keeper, self.activity);
        activity.lease(lease).unwrap().seats
    }

    fn reopen(&mut self) {
        self.world.stop_relay();
        self.world.start_relay();
    }
}

fn accepted(number: u32) -> Option<Seat> {
    Some(Seat::Accepted {
        number: Some(number),
    })
}

fn waits(number: u32) -> Option<Seat> {
    Some(Seat::Waitlisted {
        number: Some(number),
    })
}

#[test]
fn of_many_who_ask_offline_the_first_to_reach_the_relay_have_the_seats() {
    for seed in seeds(3) {
        let mut class = Class::new(seed, 7, Some(3));
        let mut order = class.drivers.clone();
        for driver in &order {
            class.ask(*driver);
            assert_eq!(class.seat(*driver), Some(Seat::Requested));
        }
        order.rotate_left(usize::try_from(seed).unwrap());
        for driver in &order {
            class.world.sync(*driver);
            class.reopen();
        }
        let shown: Vec<_> = order.iter().map(|driver| class.seat(*driver)).collect();
        let expected = [1, 2, 3].map(accepted).into_iter();
        let expected: Vec<_> = expected.chain([1, 2, 3, 4].map(waits)).collect();
        assert_eq!(shown, expected, "each knows after one exchange");
        class.give_up(order[1]);
        class.world.sync(order[1]);
        class.world.settle();
        assert_eq!(class.seat(order[3]), accepted(4));
        assert_eq!(class.seat(order[4]), waits(2), "as it was told");
    }
}

#[test]
fn a_lease_is_final_offline_and_what_is_left_goes_back_when_its_holder_is_heard() {
    let mut class = Class::new(1, 4, Some(4));
    let keeper = class.keeper;
    let lease = class.lease(keeper, 3);
    assert_eq!(class.granted(keeper, lease), 3);
    class.world.go_offline(keeper);
    let walked_in = [class.walk_in(keeper, lease), class.walk_in(keeper, lease)];
    for driver in class.drivers.clone() {
        class.ask(driver);
        class.world.sync(driver);
    }
    let seats: Vec<_> = class.drivers.iter().map(|d| class.seat(*d)).collect();
    assert_eq!(seats, [accepted(1), waits(1), waits(2), waits(3)]);
    // It ends while nobody hears the holder: its seats stay its own.
    class.world.wait_ms(5 * HOUR_MS);
    class.world.sync(class.drivers[1]);
    assert_eq!(class.seat(class.drivers[1]), waits(1));
    class.world.come_online(keeper);
    let used = class.world.used_of_lease(keeper, class.activity, lease);
    assert_eq!(used, 2);
    let activity = class.activity;
    class
        .world
        .return_lease(keeper, activity, lease, used, false)
        .unwrap();
    class.world.settle();
    for person in walked_in {
        let seat = class.world.seat(keeper, activity, person);
        assert!(matches!(seat, Some(Seat::Accepted { .. })), "{seat:?}");
    }
    let seats: Vec<_> = class.drivers.iter().map(|d| class.seat(*d)).collect();
    assert!(matches!(seats[1], Some(Seat::Accepted { .. })), "{seats:?}");
    assert_eq!(seats[2..], [waits(2), waits(3)]);
}

#[test]
fn what_a_lost_device_gave_away_stands_in_line_when_it_is_found() {
    let mut class = Class::new(1, 2, Some(1));
    let (found, other) = (class.keeper, class.world.keeper("李站长", HOME));
    let lease = class.lease(found, 1);
    class.world.go_offline(found);
    let walked_in = class.walk_in(found, lease);
    class.world.sync(other);
    let (activity, driver) = (class.activity, class.drivers[0]);
    class.ask(driver);
    class.world.sync(driver);
    assert_eq!(class.seat(driver), waits(1));
    class
        .world
        .return_lease(other, activity, lease, 0, true)
        .unwrap();
    class.world.sync(other);
    class.world.come_online(found);
    class.world.settle();
    assert_eq!(class.seat(driver), accepted(1));
    assert_eq!(class.world.seat(found, activity, walked_in), waits(1));
}

#[test]
fn a_capacity_below_what_devices_hold_is_refused_and_the_keeper_sees_why() {
    let mut class = Class::new(1, 1, Some(5));
    let keeper = class.keeper;
    let lease = class.lease(keeper, 4);
    assert_eq!(class.granted(keeper, lease), 4);
    class.edit(Edit::SetCapacity(2));
    class.world.sync(keeper);
    let held = class.world.phone(keeper).held();
    assert_eq!(held.len(), 1);
    assert!(format!("{held:?}").contains("seats.leased"), "{held:?}");
    let shown = class.world.activity(keeper, class.activity);
    assert_eq!(shown.capacity.value, Some(5));
    class.edit(Edit::SetCapacity(4));
    class.world.settle();
    let shown = class.world.activity(class.drivers[0], class.activity);
    assert_eq!(shown.capacity.value, Some(4));
}

#[test]
fn who_enrolled_in_what_is_cancelled_hears_of_it() {
    for seed in seeds(3) {
        let mut class = Class::new(seed, 5, Some(2));
        for driver in class.drivers.clone() {
            class.ask(driver);
        }
        // Two are heard before, one in between, two after.
        class.world.sync(class.drivers[0]);
        class.world.sync(class.drivers[1]);
        class.edit(Edit::SetState(State::Cancelled));
        class.world.sync(class.drivers[2]);
        class.world.sync(class.keeper);
        class.reopen();
        class.world.settle();
        let refused = Some(Seat::Refused {
            reason: Some(Reason::Cancelled),
        });
        for driver in &class.drivers {
            assert_eq!(class.seat(*driver), refused);
        }
    }
}

/// Fewer seats on one phone, more on another, both offline: one of them is shown to all, and
/// that one is in force.
#[test]
fn of_two_capacities_set_at_once_the_one_that_all_show_is_in_force() {
    for seed in seeds(4) {
        let mut class = Class::new(seed, 4, Some(3));
        let other = class.world.keeper("李站长", HOME);
        class.world.run_until_quiet();
        for driver in class.drivers.clone() {
            class.ask(driver);
            class.world.sync(driver);
        }
        class.edit(Edit::SetCapacity(1));
        let activity = class.activity;
        let more = Edit::SetCapacity(4);
        class.world.edit_activity(other, activity, more).unwrap();
        class.world.settle();
        let shown = class.world.activity(other, activity).capacity;
        assert_eq!(shown.others.len(), 1, "the conflict is shown");
        let seats = usize::try_from(shown.value.unwrap()).unwrap();
        let has = |driver: &&PhoneNo| matches!(class.seat(**driver), Some(Seat::Accepted { .. }));
        assert_eq!(class.drivers.iter().filter(has).count(), seats);
    }
}

/// Whatever happens: never more seats than there are, nobody passed over, every request answered
/// once, and what a device gave away against its lease is kept.
#[test]
fn no_history_gives_away_a_seat_twice() {
    for seed in seeds(12) {
        let mut class = Class::new(seed, 6, Some(3));
        let second = class.world.keeper("李站长", HOME);
        class.world.run_until_quiet();
        let mut history = History {
            chance: class.world.chance("history of seats"),
            keepers: [class.keeper, second],
            leases: Vec::new(),
            promised: Vec::new(),
            class,
        };
        for _ in 0..60 {
            history.step();
        }
        history.end();
    }
}

struct Held {
    lease: EntryId,
    keeper: PhoneNo,
    ended: bool,
    lost: bool,
}

struct History {
    class: Class,
    chance: Chance,
    keepers: [PhoneNo; 2],
    leases: Vec<Held>,
    promised: Vec<(PersonId, usize)>,
}

impl History {
    fn step(&mut self) {
        let driver = *self.chance.pick(&self.class.drivers);
        let keeper = *self.chance.pick(&self.keepers);
        match self.chance.below(20) {
            0..=4 => self.class.ask(driver),
            5..=6 if self.class.seat(driver).is_some() => self.class.give_up(driver),
            7 => {
                let seats = u32::try_from(self.chance.between(1, 6)).unwrap();
                self.class.keeper = keeper;
                self.class.edit(Edit::SetCapacity(seats));
            }
            8 => {
                let states = [State::Open, State::Open, State::Closed, State::Draft];
                let state = *self.chance.pick(&states);
                self.class.keeper = keeper;
                self.class.edit(Edit::SetState(state));
            }
            9 => {
                let seats = u32::try_from(self.chance.between(1, 3)).unwrap();
                let activity = self.class.activity;
                let lease = self
                    .class
                    .world
                    .ask_lease(keeper, activity, seats, 2 * HOUR_MS);
                self.leases.push(Held {
                    lease,
                    keeper,
                    ended: false,
                    lost: false,
                });
            }
            10..=12 => self.walk_in(),
            13 => self.give_back(),
            14 => {
                self.class.reopen();
                self.class.world.wait_ms(10 * MINUTE_MS);
            }
            15 => self.class.world.crash(driver),
            16 => {
                let mishap = *self.chance.pick(&Mishap::ALL);
                self.class.world.order(driver, &[mishap, mishap]);
                self.class.world.order(keeper, &[mishap]);
            }
            17 => {
                self.class.world.sync(keeper);
            }
            _ => {
                self.class.world.sync(driver);
            }
        }
        if self.chance.one_in(3) {
            self.class.world.sync(driver);
        }
        if self.chance.one_in(4) {
            self.class.world.sync(keeper);
        }
    }

    /// A device gives a seat away if it knows of one.
    fn walk_in(&mut self) {
        for number in 0..self.leases.len() {
            let Held {
                lease,
                keeper,
                ended,
                ..
            } = self.leases[number];
            let world = &self.class.world;
            let shown = world.activity(keeper, self.class.activity);
            let Some(granted) = shown.lease(lease) else {
                continue;
            };
            let used = world.used_of_lease(keeper, self.class.activity, lease);
            if !ended && !shown.is_returned(lease) && used < granted.seats {
                let person = self.class.walk_in(keeper, lease);
                self.promised.push((person, number));
                return;
            }
        }
    }

    /// A lease ends: mostly its holder says so, now and then somebody who believes it lost.
    fn give_back(&mut self) {
        let Some(number) = self.leases.iter().position(|held| !held.ended) else {
            return;
        };
        let (lease, holder) = (self.leases[number].lease, self.leases[number].keeper);
        let activity = self.class.activity;
        let other = self.keepers[usize::from(self.keepers[0] == holder)];
        let lost = self.chance.one_in(4);
        let by = if lost { other } else { holder };
        let shown = self.class.world.activity(by, activity);
        if shown.lease(lease).is_none() || shown.is_returned(lease) {
            return;
        }
        let used = self.class.world.used_of_lease(holder, activity, lease);
        let used = if lost { 0 } else { used };
        self.class
            .world
            .return_lease(by, activity, lease, used, lost)
            .unwrap();
        self.leases[number].ended = true;
        self.leases[number].lost = lost;
    }

    fn end(mut self) {
        let activity = self.class.activity;
        // What was set on top of a refused capacity is refused with it: only what stands counts.
        self.class.world.settle();
        for (person, number) in &self.promised {
            let held = &self.leases[*number];
            let seat = self.class.world.seat(held.keeper, activity, *person);
            let kept = matches!(seat, Some(Seat::Accepted { .. }));
            assert!(kept || held.lost, "promised offline, and {seat:?}");
        }
        self.class.keeper = self.keepers[0];
        self.class.edit(Edit::SetState(State::Cancelled));
        self.class.world.settle();
    }
}
