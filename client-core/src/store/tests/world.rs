//! A clock, people, and what they do, for the tests of the store.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use yizhan_proto::{ChangeHash, DocumentId, EntryId, PersonId, StationId, Timestamp};

pub(crate) use super::relay::Relay;
use crate::clock::{Clock, NoRandomness};
use crate::model::station::{NewStation, StationType};
use crate::model::visit::Source;
use crate::model::{Command, check, consent, visit};
use crate::store::{Applied, Budget, Store};

/// 2026-11-21, some hour.
pub(crate) const MORNING: i64 = 1_795_000_000_000;

/// A clock that stands still, and randomness that repeats.
#[derive(Debug)]
pub(crate) struct TestClock {
    now: AtomicI64,
    random: AtomicU64,
}

impl TestClock {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: AtomicI64::new(MORNING),
            random: AtomicU64::new(seed),
        }
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now.load(Ordering::Relaxed))
    }

    fn elapsed_ms(&self) -> u64 {
        0
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for byte in bytes {
            let x = self
                .random
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (x ^ (x >> 27))
                .wrapping_mul(0x94d0_49bb_1331_11eb)
                .to_be_bytes()[0];
        }
        Ok(())
    }
}

pub(crate) fn station_id() -> StationId {
    StationId::from_bytes([100; 16])
}

pub(crate) fn document(n: u8) -> DocumentId {
    DocumentId::from_bytes([n; 16])
}

pub(crate) fn entry(n: u8) -> EntryId {
    EntryId::from_bytes([n; 16])
}

/// One exchange.
pub(crate) fn exchange(store: &mut Store, relay: &mut Relay, clock: &TestClock) -> Applied {
    let device = store.device().unwrap().device;
    let request = store.plan_request(&Budget::default(), clock.now()).unwrap();
    let response = relay.sync(device, &request);
    store.apply_response(&request, &response, clock).unwrap()
}

/// Exchanges until there is nothing more to do; the sum of what they did.
pub(crate) fn sync(store: &mut Store, relay: &mut Relay, clock: &TestClock) -> Applied {
    let mut sum = Applied::default();
    for _ in 0..200 {
        let applied = exchange(store, relay, clock);
        sum.accepted += applied.accepted;
        sum.duplicate += applied.duplicate;
        sum.refused += applied.refused;
        sum.quarantined += applied.quarantined;
        sum.changes_received += applied.changes_received;
        sum.documents_received += applied.documents_received;
        sum.forgotten += applied.forgotten;
        sum.set_aside += applied.set_aside;
        sum.repairs_started += applied.repairs_started;
        sum.ignored += applied.ignored;
        sum.epoch_changed |= applied.epoch_changed;
        sum.identity_changed |= applied.identity_changed;
        if !applied.more {
            sum.unsent_left = applied.unsent_left;
            return sum;
        }
    }
    panic!("it never comes to rest");
}

pub(crate) fn new_station() -> NewStation {
    NewStation {
        key: "tianning".to_owned(),
        name: "天宁司机之家".to_owned(),
        region: "changzhou".parse().unwrap(),
        station_type: StationType::DriverHome,
        facilities: vec!["bed".to_owned(), "parking".to_owned()],
        lat: None,
        lon: None,
        address: Some("常州市天宁区".to_owned()),
        rooms: Some(8),
        beds_total: Some(28),
        hours: None,
        phone: None,
    }
}

/// A visit of the store's own person.
pub(crate) fn check_in(
    store: &mut Store,
    id: DocumentId,
    name: &str,
    clock: &TestClock,
) -> ChangeHash {
    let driver = store.device().unwrap().person;
    let command = Command::Visit(visit::Command::CheckIn {
        driver,
        driver_name: name.to_owned(),
        station: station_id(),
        arrived_at: clock.now(),
        source: Source::DriverApp,
        vehicle_plate: Some("苏D·12345".to_owned()),
        requested: Vec::new(),
    });
    store.edit(id, &command, clock).unwrap()
}

pub(crate) fn note(store: &mut Store, id: DocumentId, text: &str, clock: &TestClock) -> ChangeHash {
    let command = Command::Visit(visit::Command::SetNote(text.to_owned()));
    store.edit(id, &command, clock).unwrap()
}

pub(crate) fn give_consent(store: &mut Store, id: DocumentId, clock: &TestClock) -> ChangeHash {
    let command = Command::Consent(consent::Command::Give {
        driver: store.device().unwrap().person,
        station: station_id(),
        purpose: consent::Purpose::HealthRecord,
        given_at: clock.now(),
        witness: None,
        share_with: None,
        until: None,
    });
    store.edit(id, &command, clock).unwrap()
}

pub(crate) fn new_check(
    driver: PersonId,
    by: PersonId,
    consent: DocumentId,
    systolic: &str,
    clock: &TestClock,
) -> Command {
    let reading = |n, item, entered: &str| check::Reading {
        entry: entry(n),
        item,
        value: check::ReadingValue::Quantity {
            entered: entered.to_owned(),
            unit: "mm[Hg]".to_owned(),
            comparator: None,
        },
    };
    Command::Check(check::Command::Create(check::NewCheck {
        driver,
        station: station_id(),
        visit: None,
        consent,
        by,
        taken_at: clock.now(),
        readings: vec![
            reading(1, crate::model::vitals::Item::Systolic, systolic),
            reading(2, crate::model::vitals::Item::Diastolic, "85"),
        ],
        advice: Vec::new(),
        note: Some("头晕，建议休息".to_owned()),
        replaces: None,
    }))
}
