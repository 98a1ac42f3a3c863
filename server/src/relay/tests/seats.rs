//! Seats as phones meet them: a request goes up, the decision comes down in the same exchange.

use yizhan_client_core::model::activity::{self, NewActivity, Sort, State};
use yizhan_client_core::model::enrolment::{
    self, Ask, Decision, Enrolment, First, NewEnrolment, NewRequest, Outcome, Reason,
};
use yizhan_client_core::model::order::Order;
use yizhan_client_core::model::{Activity, Document, inspect};
use yizhan_proto::sync::Outcome as Receipt;
use yizhan_proto::{DocumentId, EntryId, Kind, PersonId, Role, Timestamp};

use super::phone::Phone;
use super::{MORNING_MS, World, open};
use crate::relay::Relay;
use crate::store::Snapshot;

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_ms(MORNING_MS + hour * HOUR_MS)
}

/// A world with one activity at the first station.
pub(super) struct Class {
    pub(super) world: World,
    pub(super) keeper: Phone,
    pub(super) activity: DocumentId,
    entries: u64,
}

impl Class {
    pub(super) async fn new(capacity: u32, state: State) -> Self {
        let mut world = World::new().await;
        let mut keeper = world.keeper(0).await;
        let activity = world.document_id();
        let new = NewActivity {
            region: "changzhou".parse().unwrap(),
            station: world.stations[0],
            sort: Sort::Lecture,
            title: "道路货运安全".into(),
            text: None,
            starts_at: at(48),
            ends_at: at(50),
            place: None,
            capacity: Some(capacity),
            state,
            quiz_draw: None,
            by: keeper.identity.person,
        };
        keeper.edit(activity, activity::Command::Create(new));
        keeper.sync(0).await;
        Self {
            world,
            keeper,
            activity,
            entries: 0,
        }
    }

    fn entry(&mut self) -> EntryId {
        self.entries += 1;
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&self.entries.to_be_bytes());
        EntryId::from_bytes(bytes)
    }

    async fn edit(&mut self, command: activity::Command) {
        self.keeper.edit(self.activity, command);
        self.keeper.sync(0).await;
    }

    async fn capacity(&mut self, seats: u32) {
        self.edit(activity::Command::SetCapacity(seats)).await;
    }

    pub(super) async fn drivers(&mut self, count: usize) -> Vec<Phone> {
        let mut drivers = Vec::new();
        for _ in 0..count {
            let mut driver = self.world.driver().await;
            driver.sync(0).await;
            drivers.push(driver);
        }
        drivers
    }

    fn request(&mut self, by: PersonId, what: Ask, lease: Option<EntryId>) -> NewRequest {
        NewRequest {
            entry: self.entry(),
            what,
            lease,
            by,
            at: at(0),
        }
    }

    /// The phone's owner enrols a driver, who may be the owner.
    fn enrol(&mut self, phone: &mut Phone, driver: PersonId, lease: Option<EntryId>) {
        let request = self.request(phone.identity.person, Ask::Enrol, lease);
        let new = NewEnrolment {
            driver,
            driver_name: "王师傅".into(),
            activity: self.activity,
            station: self.world.stations[0],
            first: First::Request(request),
        };
        let id = enrolment::id_of(self.activity, driver);
        phone.edit(id, enrolment::Command::Create(new));
    }

    /// The driver enrols, and syncs once.
    pub(super) async fn enrol_now(&mut self, phone: &mut Phone) {
        let me = phone.identity.person;
        self.enrol(phone, me, None);
        phone.exchange(0).await;
    }

    async fn ask(&mut self, phone: &mut Phone, what: Ask) {
        let me = phone.identity.person;
        let request = self.request(me, what, None);
        let id = enrolment::id_of(self.activity, me);
        phone.edit(id, enrolment::Command::Request(request));
        phone.exchange(0).await;
    }

    /// The keeper's device asks for a lease; gives its id and how many seats were granted.
    async fn lease(&mut self, seats: u32) -> (EntryId, u32) {
        let entry = self.entry();
        let ask = activity::Command::AskLease {
            entry,
            seats,
            until: at(5),
            device: self.keeper.device,
            by: self.keeper.identity.person,
            at: at(0),
        };
        self.edit(ask).await;
        let lease = *self.read_activity().lease(entry).unwrap();
        assert_eq!(lease.device, self.keeper.device);
        (entry, lease.seats)
    }

    fn give_back(&mut self, lease: EntryId, used: u32, lost: bool) -> activity::Command {
        activity::Command::ReturnLease {
            entry: self.entry(),
            lease,
            used,
            lost,
            by: self.keeper.identity.person,
            at: at(6),
        }
    }

    /// The activity as the keeper's phone shows it.
    fn read_activity(&self) -> Activity {
        let held = &self.keeper.documents[&self.activity];
        let changes = held.changes.iter().map(|(_, bytes)| bytes.as_slice());
        let document = Document::open(self.activity, Kind::Activity, changes).unwrap();
        Activity::read(&document).unwrap()
    }

    /// What the relay decided about a driver, in order.
    async fn told(&self, driver: &Phone) -> Vec<Decision> {
        self.at_relay(driver.identity.person).await.decisions
    }

    async fn at_relay(&self, driver: PersonId) -> Enrolment {
        let id = enrolment::id_of(self.activity, driver);
        read(&self.world.relay, id).await
    }

    /// The latest that each driver was told.
    pub(super) async fn latest(&self, drivers: &[Phone]) -> Vec<(Outcome, Option<u32>)> {
        let mut latest = Vec::new();
        for driver in drivers {
            let decisions = self.told(driver).await;
            let last = decisions.last().unwrap();
            latest.push((last.outcome, last.number));
        }
        latest
    }
}

/// An enrolment as it is kept at the relay.
async fn read(relay: &Relay, id: DocumentId) -> Enrolment {
    let read = move |snapshot: &Snapshot<'_>| -> Result<_, crate::store::StoreError> {
        let sequences = snapshot.sequences(id)?;
        sequences
            .into_iter()
            .map(|sequence| Ok((sequence, snapshot.change(sequence)?.change)))
            .collect()
    };
    let changes: Vec<_> = relay.inner.readers.read(read).await.unwrap();
    let order = Order::new(changes.iter().map(|(sequence, bytes)| {
        let change = inspect(bytes).unwrap();
        let ops = change.start_op..=change.last_op;
        (change.actor, ops, Some(*sequence))
    }));
    let bytes = changes.iter().map(|(_, bytes)| bytes.as_slice());
    let document = Document::open(id, Kind::Enrolment, bytes).unwrap();
    Enrolment::read(&document, &order).unwrap()
}

fn accepted(number: u32) -> (Outcome, Option<u32>) {
    (Outcome::Accepted, Some(number))
}

fn waits(place: u32) -> (Outcome, Option<u32>) {
    (Outcome::Waitlisted, Some(place))
}

#[tokio::test]
async fn five_drivers_and_two_seats_go_by_arrival_and_each_hears_at_once() {
    let mut class = Class::new(2, State::Open).await;
    let mut drivers = class.drivers(5).await;
    for driver in &mut drivers {
        class.enrol_now(driver).await;
        let id = enrolment::id_of(class.activity, driver.identity.person);
        let held = &driver.documents[&id];
        assert_eq!(held.changes.len(), 2, "the decision came with the receipt");
        assert_eq!(held.acked.len(), 2);
        let wanted = driver.sync(0).await;
        assert_eq!(wanted, 1, "and nothing was left to fetch");
    }
    let expected = [accepted(1), accepted(2), waits(1), waits(2), waits(3)];
    assert_eq!(class.latest(&drivers).await, expected);
    assert_eq!(class.world.relay.status().await.unwrap().seats_waiting, 3);
}

#[tokio::test]
async fn who_gives_up_a_seat_makes_room_for_the_first_who_waits() {
    let mut class = Class::new(1, State::Open).await;
    let mut drivers = class.drivers(3).await;
    for driver in &mut drivers {
        class.enrol_now(driver).await;
    }
    class.ask(&mut drivers[0], Ask::Cancel).await;
    let told = class.told(&drivers[1]).await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].outcome, Outcome::Accepted);
    assert_eq!(told[1].reason, Some(Reason::Promoted));
    assert_eq!(told[1].request, told[0].request);
    // Who comes back stands at the end.
    class.ask(&mut drivers[0], Ask::Enrol).await;
    let told = class.told(&drivers[0]).await;
    let told: Vec<_> = told.iter().map(|d| (d.outcome, d.reason)).collect();
    assert_eq!(
        told,
        [
            (Outcome::Accepted, None),
            (Outcome::Released, Some(Reason::CancelledByDriver)),
            (Outcome::Waitlisted, Some(Reason::Full)),
        ]
    );
    assert_eq!(class.told(&drivers[2]).await.len(), 1);
    class.ask(&mut drivers[1], Ask::Cancel).await;
    assert_eq!(class.latest(&drivers).await[2], accepted(3));
}

#[tokio::test]
async fn a_push_that_comes_again_decides_nothing_again() {
    let mut class = Class::new(1, State::Open).await;
    let mut driver = class.drivers(1).await.remove(0);
    let me = driver.identity.person;
    class.enrol(&mut driver, me, None);
    let lost = driver.unsent.clone();
    driver.exchange(0).await;
    let head = class.world.relay.status().await.unwrap().head;
    driver.unsent = lost;
    let receipts = driver.push().await;
    assert!(matches!(receipts[0].outcome, Receipt::Duplicate(_)));
    assert_eq!(class.told(&driver).await.len(), 1);
    assert_eq!(class.world.relay.status().await.unwrap().head, head);
}

#[tokio::test]
async fn driver_and_keeper_who_both_enrol_the_driver_use_one_seat() {
    let mut class = Class::new(1, State::Open).await;
    let mut drivers = class.drivers(2).await;
    let driver = drivers[0].identity.person;
    let mut keeper = class.world.keeper(0).await;
    keeper.sync(0).await;
    class.enrol(&mut keeper, driver, None);
    class.enrol_now(&mut drivers[0]).await;
    class.enrol_now(&mut drivers[1]).await;
    keeper.exchange(0).await;
    let enrolment = class.at_relay(driver).await;
    assert_eq!(enrolment.requests.len(), 2);
    let told: Vec<_> = enrolment
        .decisions
        .iter()
        .map(|decision| (decision.request, decision.outcome, decision.number))
        .collect();
    let requests: Vec<_> = enrolment.requests.iter().map(|r| r.entry).collect();
    assert_eq!(
        told,
        [
            (requests[0], Outcome::Accepted, Some(1)),
            (requests[1], Outcome::Accepted, Some(1)),
        ]
    );
    assert_eq!(class.latest(&drivers).await, [accepted(1), waits(1)]);
}

#[tokio::test]
async fn fewer_seats_send_the_latest_back_and_more_seats_take_them_in() {
    let mut class = Class::new(3, State::Open).await;
    let mut drivers = class.drivers(4).await;
    for driver in &mut drivers {
        class.enrol_now(driver).await;
    }
    class.capacity(1).await;
    let told = class.latest(&drivers).await;
    assert_eq!(told, [accepted(1), waits(1), waits(2), waits(1)]);
    class.capacity(3).await;
    let told = class.latest(&drivers).await;
    assert_eq!(told, [accepted(1), accepted(4), accepted(5), waits(1)]);
}

#[tokio::test]
async fn an_activity_that_is_not_open_refuses_with_the_reason() {
    for (state, reason) in [
        (State::Draft, Reason::Draft),
        (State::Closed, Reason::Closed),
        (State::Cancelled, Reason::Cancelled),
        (State::Done, Reason::Done),
    ] {
        let mut class = Class::new(1, state).await;
        let mut driver = class.drivers(1).await.remove(0);
        class.enrol_now(&mut driver).await;
        let told = class.told(&driver).await;
        assert_eq!(told[0].outcome, Outcome::Refused);
        assert_eq!(told[0].reason, Some(reason));
        class.edit(activity::Command::SetState(State::Open)).await;
        class.ask(&mut driver, Ask::Enrol).await;
        assert_eq!(class.latest(&[driver]).await, [accepted(1)]);
    }
}

#[tokio::test]
async fn what_a_device_holds_to_give_away_is_nobody_elses() {
    let mut class = Class::new(3, State::Open).await;
    let mut drivers = class.drivers(4).await;
    let (lease, granted) = class.lease(2).await;
    assert_eq!(granted, 2);
    let (_, more) = class.lease(5).await;
    assert_eq!(more, 1, "there is only one left");
    class.enrol_now(&mut drivers[0]).await;
    assert_eq!(class.latest(&drivers[..1]).await, [waits(1)]);
    // Two walk in while the keeper is offline; then the keeper is back.
    let mut keeper = class.keeper.clone();
    for driver in &drivers[1..3] {
        let driver = driver.identity.person;
        class.enrol(&mut keeper, driver, Some(lease));
    }
    class.keeper = keeper;
    class.keeper.exchange(0).await;
    for driver in &drivers[1..3] {
        let told = class.told(driver).await;
        assert_eq!(told[0].outcome, Outcome::Accepted);
        assert_eq!(told[0].reason, Some(Reason::Lease));
    }
}

#[tokio::test]
async fn no_capacity_goes_below_what_devices_hold() {
    let mut class = Class::new(5, State::Open).await;
    let (lease, granted) = class.lease(3).await;
    assert_eq!(granted, 3);
    let activity = class.activity;
    class
        .keeper
        .edit(activity, activity::Command::SetCapacity(2));
    let receipts = class.keeper.push().await;
    let Receipt::Refused(reason) = &receipts[0].outcome else {
        panic!("{receipts:?}")
    };
    assert_eq!(reason.code, "seats.leased");
    assert_eq!(reason.path.as_deref(), Some("capacity"));
    assert_eq!(reason.bound.as_deref(), Some("3 or more"));
    // The phone drops the refused edit and goes on.
    class.keeper.discard(activity);
    let back = class.give_back(lease, 1, false);
    class.edit(back).await;
    class.capacity(2).await;
    let mut driver = class.drivers(1).await.remove(0);
    class.enrol_now(&mut driver).await;
    let mut second = class.drivers(1).await.remove(0);
    class.enrol_now(&mut second).await;
    let told = class.latest(&[driver, second]).await;
    assert_eq!(
        told,
        [accepted(1), waits(1)],
        "one seat is still on its way"
    );
}

#[tokio::test]
async fn a_returned_lease_frees_what_was_not_used_and_waits_for_what_was() {
    let mut class = Class::new(3, State::Open).await;
    let mut drivers = class.drivers(4).await;
    let (lease, _) = class.lease(3).await;
    for driver in &mut drivers[..2] {
        class.enrol_now(driver).await;
    }
    // The keeper enrols one driver, and returns the lease before that enrolment is sent.
    let driver = drivers[2].identity.person;
    let mut keeper = class.keeper.clone();
    class.enrol(&mut keeper, driver, Some(lease));
    let back = class.give_back(lease, 1, false);
    class.edit(back).await;
    let told = class.latest(&drivers[..2]).await;
    assert_eq!(told, [accepted(1), accepted(2)]);
    class.enrol_now(&mut drivers[3]).await;
    assert_eq!(class.latest(&drivers[3..]).await, [waits(1)]);
    keeper.push().await;
    assert_eq!(class.latest(&drivers[2..3]).await, [accepted(3)]);
}

#[tokio::test]
async fn what_arrives_under_a_lost_lease_stands_in_line() {
    let mut class = Class::new(1, State::Open).await;
    let mut drivers = class.drivers(2).await;
    let (lease, _) = class.lease(1).await;
    class.enrol_now(&mut drivers[0]).await;
    let mut away = class.keeper.clone();
    let driver = drivers[1].identity.person;
    class.enrol(&mut away, driver, Some(lease));
    class.keeper = class.world.keeper(0).await;
    class.keeper.sync(0).await;
    let lost = class.give_back(lease, 0, true);
    class.edit(lost).await;
    assert_eq!(class.latest(&drivers[..1]).await, [accepted(1)]);
    away.push().await;
    let told = class.told(&drivers[1]).await;
    assert_eq!(told[0].outcome, Outcome::Waitlisted);
    assert_eq!(told[0].reason, Some(Reason::LeaseEnded));
}

#[tokio::test]
async fn another_device_cannot_use_a_lease() {
    let mut class = Class::new(1, State::Open).await;
    let drivers = class.drivers(1).await;
    let (lease, _) = class.lease(1).await;
    let mut other = class.world.keeper(0).await;
    other.sync(0).await;
    class.enrol(&mut other, drivers[0].identity.person, Some(lease));
    other.push().await;
    let told = class.told(&drivers[0]).await;
    assert_eq!(told[0].outcome, Outcome::Waitlisted);
}

#[tokio::test]
async fn a_lease_that_would_end_before_it_began_holds_nothing() {
    let mut class = Class::new(1, State::Open).await;
    class.world.clock.advance_ms(6 * HOUR_MS);
    let (_, granted) = class.lease(1).await;
    assert_eq!(granted, 0);
    let mut driver = class.drivers(1).await.remove(0);
    class.enrol_now(&mut driver).await;
    assert_eq!(class.latest(&[driver]).await, [accepted(1)]);
}

#[tokio::test]
async fn who_cannot_be_told_stands_in_nobodys_way() {
    let mut class = Class::new(1, State::Open).await;
    let mut drivers = class.drivers(3).await;
    for driver in &mut drivers {
        class.enrol_now(driver).await;
    }
    let id = enrolment::id_of(class.activity, drivers[1].identity.person);
    // Its room is used up: by large entries first, by small ones at the end.
    for letters in [5_000, 40] {
        for number in 0..1_000 {
            let feedback = enrolment::Command::Feedback {
                rating: 5,
                text: Some(format!("{number} {}", "好".repeat(letters))),
            };
            drivers[1].edit(id, feedback);
            let receipts = drivers[1].push().await;
            if let Receipt::Refused(reason) = &receipts[0].outcome {
                assert_eq!(reason.code, "document.full");
                break;
            }
        }
        drivers[1].discard(id);
    }
    class.ask(&mut drivers[0], Ask::Cancel).await;
    assert_eq!(class.latest(&drivers[2..]).await, [accepted(2)]);
}

#[tokio::test]
async fn everybody_hears_of_a_cancelled_activity_also_if_the_relay_dies_in_between() {
    let mut class = Class::new(1_000, State::Open).await;
    let drivers: Vec<PersonId> = (0..620_u16)
        .map(|number| {
            let [a, b] = number.to_be_bytes();
            PersonId::from_bytes([[a, b].repeat(7), vec![9, 9]].concat().try_into().unwrap())
        })
        .collect();
    let mut keeper = class.keeper.clone();
    for some in drivers.chunks(100) {
        for driver in some {
            class.enrol(&mut keeper, *driver, None);
        }
        keeper.push().await;
    }
    let cancel = activity::Command::SetState(State::Cancelled);
    class.keeper.edit(class.activity, cancel);
    class.keeper.push().await;
    let count = |told: Vec<Enrolment>| {
        told.iter()
            .filter(|e| e.decisions.last().unwrap().outcome == Outcome::Refused)
            .count()
    };
    let mut told = Vec::new();
    for driver in &drivers {
        told.push(class.at_relay(*driver).await);
    }
    assert_eq!(count(told), 500);
    // It dies; another one opens its folder, and somebody who knows nothing of it pushes.
    class.world.relay.shutdown();
    class.world.relay = open(class.world.folder.path(), &class.world.clock);
    let mut stranger = class.world.driver().await;
    let visit = class.world.document_id();
    stranger.check_in(visit, class.world.stations[1]);
    stranger.push().await;
    let mut told = Vec::new();
    for driver in &drivers {
        told.push(class.at_relay(*driver).await);
    }
    assert_eq!(count(told), 550);
    while class.world.relay.settle_seats().await.unwrap() {}
    for driver in &drivers {
        let enrolment = class.at_relay(*driver).await;
        let told: Vec<_> = enrolment.decisions.iter().map(|d| d.reason).collect();
        assert_eq!(told, [None, Some(Reason::Cancelled)], "each once");
    }
    assert!(!class.world.relay.settle_seats().await.unwrap());
}

#[tokio::test]
async fn a_coordinator_sees_to_seats_like_a_keeper() {
    let mut class = Class::new(1, State::Open).await;
    let region = "changzhou".parse().unwrap();
    let mut coordinator = class
        .world
        .phone("赵主任", vec![Role::Coordinator(region)])
        .await;
    coordinator.sync(0).await;
    let mut drivers = class.drivers(2).await;
    for driver in &mut drivers {
        class.enrol_now(driver).await;
    }
    coordinator.edit(class.activity, activity::Command::SetCapacity(2));
    coordinator.exchange(0).await;
    let told = class.latest(&drivers).await;
    assert_eq!(told, [accepted(1), accepted(2)]);
}
