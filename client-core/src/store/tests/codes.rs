//! The kit for check-in codes, and visits that were begun by one showing.

use yizhan_proto::checkin::{Certificate, CheckInCode, CheckInKit, RelayKey};
use yizhan_proto::identity::Access;
use yizhan_proto::limits::{RELAY_KEYS_MAX, REVOKED_MAX};
use yizhan_proto::{DeviceId, DocumentId, Nonce, PersonId, Role};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::{Command, visit};
use crate::store::{Store, VisitFilter};

fn kit_of(store: &Store) -> CheckInKit {
    let device = store.device().unwrap();
    CheckInKit {
        certificate: Certificate {
            device: device.device,
            person: device.person,
            name: "张伟国".into(),
            public_key: device.public_key,
            not_after: yizhan_proto::Timestamp::from_ms(MORNING),
            signature: [5; 64],
        },
        relay_keys: vec![RelayKey([7; 32])],
        revoked: vec![DeviceId::from_bytes([9; 16])],
    }
}

fn access(check_in: Option<CheckInKit>) -> Access {
    Access {
        token: "token".to_owned(),
        token_ttl_s: 900,
        challenge: vec![1],
        check_in,
    }
}

#[test]
fn a_kit_is_kept_until_the_next_and_goes_with_a_new_pairing() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut store = Store::in_memory(&clock).unwrap();
    assert_eq!(store.check_in_kit().unwrap(), None);
    let first = kit_of(&store);
    store.save_access(&access(Some(first.clone()))).unwrap();
    assert_eq!(store.check_in_kit().unwrap(), Some(first.clone()));
    store.save_access(&access(None)).unwrap();
    assert_eq!(
        store.check_in_kit().unwrap(),
        Some(first.clone()),
        "an older relay gives none"
    );
    let second = CheckInKit {
        revoked: vec![],
        ..first
    };
    store.save_access(&access(Some(second.clone()))).unwrap();
    assert_eq!(store.check_in_kit().unwrap(), Some(second));
    relay.pair(&mut store, vec![Role::Driver], &clock);
    assert_eq!(
        store.check_in_kit().unwrap(),
        None,
        "another person, perhaps another relay"
    );
}

#[test]
fn a_kit_of_another_device_is_left_and_a_large_one_is_cut() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    let good = kit_of(&store);
    let mut other_device = good.clone();
    other_device.certificate.device = DeviceId::from_bytes([1; 16]);
    let mut other_key = good.clone();
    other_key.certificate.public_key = [1; 32];
    for kit in [other_device, other_key] {
        store.save_access(&access(Some(kit))).unwrap();
        assert_eq!(store.check_in_kit().unwrap(), None);
    }
    let large = CheckInKit {
        relay_keys: vec![RelayKey([7; 32]); RELAY_KEYS_MAX + 1],
        revoked: vec![DeviceId::from_bytes([9; 16]); REVOKED_MAX + 1],
        ..good
    };
    store.save_access(&access(Some(large))).unwrap();
    let kept = store.check_in_kit().unwrap().unwrap();
    assert_eq!(
        (kept.relay_keys.len(), kept.revoked.len()),
        (RELAY_KEYS_MAX, REVOKED_MAX)
    );
}

fn scan(store: &mut Store, id: u8, driver: u8, nonce: u8, clock: &TestClock) {
    let certificate = Certificate {
        device: DeviceId::from_bytes([driver; 16]),
        person: PersonId::from_bytes([driver; 16]),
        name: "李师傅".into(),
        public_key: [3; 32],
        not_after: clock.now(),
        signature: [5; 64],
    };
    let nonce = Nonce::from_bytes([nonce; 16]);
    let code = CheckInCode::unsigned(certificate, clock.now(), clock.now(), nonce, None);
    let command = visit::Command::CheckInByCode {
        code: code.to_string(),
        station: station_id(),
        arrived_at: clock.now(),
        vehicle_plate: None,
        requested: vec![],
    };
    store
        .edit(document(id), &Command::Visit(command), clock)
        .unwrap();
}

#[test]
fn visits_by_one_showing_are_one_arrival_however_far_apart() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut store = Store::in_memory(&clock).unwrap();
    relay.pair(&mut store, vec![Role::Keeper(station_id())], &clock);
    scan(&mut store, 1, 40, 7, &clock);
    clock.pass(3 * 60 * 60 * 1000);
    scan(&mut store, 2, 40, 7, &clock);
    scan(&mut store, 3, 40, 8, &clock);
    // The same nonce in the code of somebody else is not the same showing.
    scan(&mut store, 4, 41, 7, &clock);
    let rows = store.visits(&VisitFilter::default(), clock.now()).unwrap();
    let same: std::collections::BTreeMap<DocumentId, Option<DocumentId>> =
        rows.iter().map(|row| (row.id, row.same_as)).collect();
    assert_eq!(same[&document(1)], None);
    // The one before it within half an hour, or else the same showing.
    assert_eq!(same[&document(2)], Some(document(1)));
    assert_eq!(same[&document(4)], None);
    let detail = store.visit(document(1), clock.now()).unwrap();
    assert_eq!(detail.same_as, [document(2)]);
    let nonce = Nonce::from_bytes([7; 16]);
    let of_showing = store.visits_of_showing(nonce).unwrap();
    assert_eq!(of_showing, [document(1), document(2), document(4)]);
}
