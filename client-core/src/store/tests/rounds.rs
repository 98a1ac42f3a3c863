//! Exchanges that go well.

use yizhan_proto::{Epoch, PersonId, Role, Scope, codec};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::{Command, consent, visit};
use crate::store::{Budget, ChangeState, Store, VisitFilter};

fn keeper(relay: &mut Relay, clock: &TestClock) -> Store {
    let mut store = Store::in_memory(clock).unwrap();
    let roles = vec![Role::Keeper(station_id()), Role::Health(station_id())];
    relay.pair(&mut store, roles, clock);
    store
}

fn driver(relay: &mut Relay, clock: &TestClock) -> Store {
    let mut store = Store::in_memory(clock).unwrap();
    relay.pair(&mut store, vec![Role::Driver], clock);
    store
}

fn visits(store: &Store, clock: &TestClock) -> Vec<yizhan_proto::DocumentId> {
    let rows = store.visits(&VisitFilter::default(), clock.now()).unwrap();
    rows.iter().map(|row| row.id).collect()
}

#[test]
fn a_visit_logged_offline_reaches_its_station() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut keeper = keeper(&mut relay, &clock);
    let mut driver = Store::in_memory(&clock).unwrap();
    check_in(&mut driver, document(1), "张伟国", &clock);
    relay.pair(&mut driver, vec![Role::Driver], &clock);

    let applied = sync(&mut driver, &mut relay, &clock);
    assert_eq!((applied.accepted, applied.unsent_left), (1, 0));
    assert_eq!(applied.repairs_started, 0);
    let info = driver.visit(document(1), clock.now()).unwrap();
    assert_eq!(info.changes[0].state, ChangeState::Acknowledged);
    assert!(info.changes[0].relay_time.is_some() && info.changes[0].sequence.is_some());
    assert_eq!(info.station_name.as_deref(), Some("天宁司机之家"));

    sync(&mut keeper, &mut relay, &clock);
    assert_eq!(visits(&keeper, &clock), [document(1)]);
    assert_eq!(keeper.stations().unwrap()[0].key, "tianning");
    assert_eq!(
        keeper.station_by_key_or_id("天宁司机之家").unwrap().id,
        station_id()
    );

    // Nothing new: the short form both ways.
    let request = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    assert!(request.summary.is_some() && request.scopes.is_empty());
    let response = relay.sync(driver.device().unwrap().device, &request);
    assert!(response.pages.is_empty());
    assert!(codec::encode(&request).len() + codec::encode(&response).len() < 200);
    let applied = driver.apply_response(&request, &response, &clock).unwrap();
    assert!(!applied.more);
}

#[test]
fn two_devices_that_edit_one_visit_see_the_same_and_the_conflict() {
    for driver_first in [true, false] {
        let clock = TestClock::new(1);
        let mut relay = Relay::new();
        let (mut keeper, mut driver) = (keeper(&mut relay, &clock), driver(&mut relay, &clock));
        check_in(&mut driver, document(1), "张伟国", &clock);
        sync(&mut driver, &mut relay, &clock);
        sync(&mut keeper, &mut relay, &clock);
        for (store, minutes) in [(&mut driver, 10), (&mut keeper, 20)] {
            let left_at = clock.now().saturating_add_ms(minutes * 60_000);
            let leave = Command::Visit(visit::Command::CheckOut { left_at });
            store.edit(document(1), &leave, &clock).unwrap();
        }
        let mut turns = [&mut driver, &mut keeper];
        if !driver_first {
            turns.reverse();
        }
        for _ in 0..2 {
            for store in &mut turns {
                sync(store, &mut relay, &clock);
            }
        }
        let seen = |store: &Store| store.visit(document(1), clock.now()).unwrap().visit;
        assert_eq!(seen(&driver), seen(&keeper));
        assert!(seen(&driver).left_at.is_conflict());
        let row = &driver.visits(&VisitFilter::default(), clock.now()).unwrap()[0];
        assert!(row.conflict && !row.unsent);
    }
}

#[test]
fn history_comes_newest_first_and_whole_whatever_the_page() {
    for page_items in [1, 2, 3, 7] {
        let clock = TestClock::new(1);
        let mut relay = Relay::new();
        let mut driver = driver(&mut relay, &clock);
        for n in 1..=6 {
            check_in(&mut driver, document(n), "张伟国", &clock);
            clock.pass(60 * 60 * 1000);
        }
        sync(&mut driver, &mut relay, &clock);
        let mut keeper = keeper(&mut relay, &clock);
        relay.page_items = page_items;
        let applied = exchange(&mut keeper, &mut relay, &clock);
        assert!(visits(&keeper, &clock).contains(&document(6)));
        assert_eq!(applied.more, page_items < 6);
        sync(&mut keeper, &mut relay, &clock);
        assert_eq!(visits(&keeper, &clock).len(), 6, "{page_items}");
        // News while history is still coming.
        check_in(&mut driver, document(7), "张伟国", &clock);
        sync(&mut driver, &mut relay, &clock);
        let applied = sync(&mut keeper, &mut relay, &clock);
        assert_eq!(visits(&keeper, &clock).len(), 7);
        assert_eq!(
            applied.repairs_started + keeper.status().unwrap().ignored,
            0
        );
    }
}

#[test]
fn an_answer_that_comes_twice_or_late_does_no_harm() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    check_in(&mut driver, document(1), "张伟国", &clock);
    let device = driver.device().unwrap().device;
    let request = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    // The first answer is lost; what was pushed is stored.
    let lost = relay.sync(device, &request);
    note(&mut driver, document(1), "之后", &clock);
    let again = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    let response = relay.sync(device, &again);
    let applied = driver.apply_response(&again, &response, &clock).unwrap();
    assert_eq!((applied.accepted, applied.duplicate), (1, 1));
    driver.apply_response(&again, &response, &clock).unwrap();
    driver.apply_response(&request, &lost, &clock).unwrap();
    sync(&mut driver, &mut relay, &clock);
    let status = driver.status().unwrap();
    assert_eq!((status.unsent_changes, status.repairs), (0, 0));
    for scope in status.scopes {
        assert_eq!(scope.window.unwrap().live.get(), relay.head);
    }
}

#[test]
fn a_large_outbox_goes_in_slices_and_a_crisis_first() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut keeper = keeper(&mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);
    let by = keeper.device().unwrap().person;
    let driver = PersonId::from_bytes([7; 16]);
    for n in 1..=5 {
        let command = Command::Visit(visit::Command::CheckIn {
            driver,
            driver_name: "李明".to_owned(),
            station: station_id(),
            arrived_at: clock.now(),
            source: visit::Source::Keeper,
            vehicle_plate: None,
            requested: Vec::new(),
        });
        keeper.edit(document(n), &command, &clock).unwrap();
    }
    let give = Command::Consent(consent::Command::Give {
        driver,
        station: station_id(),
        purpose: consent::Purpose::HealthRecord,
        given_at: clock.now(),
        witness: Some(by),
        share_with: None,
        until: None,
    });
    keeper.edit(document(10), &give, &clock).unwrap();
    let crisis = new_check(driver, by, document(10), "190", &clock);
    keeper.edit(document(11), &crisis, &clock).unwrap();
    let budget = Budget {
        push_bytes_max: 1,
        page_bytes_max: 0,
    };
    let first = keeper.plan_request(&budget, clock.now()).unwrap();
    assert_eq!(first.pushes.len(), 1);
    let all = keeper
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    let order: Vec<_> = all.pushes.iter().map(|push| push.document).collect();
    assert_eq!(order[..3], [document(10), document(11), document(1)]);
    let applied = sync(&mut keeper, &mut relay, &clock);
    assert_eq!((applied.accepted, applied.refused), (7, 0));
}

#[test]
fn a_restored_relay_gets_back_what_it_lost() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let (mut keeper, mut driver) = (keeper(&mut relay, &clock), driver(&mut relay, &clock));
    check_in(&mut driver, document(1), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    let backup = relay.head;
    note(&mut driver, document(1), "丢不得", &clock);
    check_in(&mut driver, document(2), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);

    relay.restore(backup, Epoch::from_bytes([2; 8]));
    let applied = sync(&mut driver, &mut relay, &clock);
    assert!(applied.epoch_changed);
    // What the relay still had came back by itself.
    assert_eq!((applied.duplicate, applied.accepted), (0, 2));
    sync(&mut keeper, &mut relay, &clock);
    for store in [&driver, &keeper] {
        let visit = store.visit(document(1), clock.now()).unwrap().visit;
        assert_eq!(visit.note.value.as_deref(), Some("丢不得"));
        assert_eq!(
            store
                .visits(&VisitFilter::default(), clock.now())
                .unwrap()
                .len(),
            2
        );
        let status = store.status().unwrap();
        assert_eq!((status.unsent_changes, status.repairs), (0, 0));
    }
}

#[test]
fn a_document_that_leaves_goes_after_its_unsent_work() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let (mut keeper, mut driver) = (keeper(&mut relay, &clock), driver(&mut relay, &clock));
    check_in(&mut driver, document(1), "张伟国", &clock);
    check_in(&mut driver, document(2), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);
    let scope = Scope::Station(station_id());
    relay.forget(&scope, document(1));
    relay.forget(&scope, document(2));
    let serve = Command::Visit(visit::Command::SetKeeperNote("床位已备".to_owned()));
    keeper.edit(document(1), &serve, &clock).unwrap();
    // The push goes first, and brings the document back into the scope at this relay; so it is
    // cut off from pushing here.
    let request = yizhan_proto::sync::SyncRequest {
        pushes: Vec::new(),
        ..keeper
            .plan_request(&Budget::default(), clock.now())
            .unwrap()
    };
    let response = relay.sync(keeper.device().unwrap().device, &request);
    let applied = keeper.apply_response(&request, &response, &clock).unwrap();
    assert_eq!(applied.forgotten, 1);
    assert_eq!(visits(&keeper, &clock), [document(1)]);
    let next = keeper
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    let acks: Vec<_> = next.forgotten.iter().map(|f| f.document).collect();
    assert_eq!(acks, [document(2)]);
    assert_eq!(next.pushes.len(), 1);
    let applied = sync(&mut keeper, &mut relay, &clock);
    assert_eq!(applied.accepted, 1);
    assert!(relay.acknowledged.contains(&(scope.clone(), document(2))));
    assert_eq!(visits(&keeper, &clock), relay.held_in(&scope));
}

#[test]
fn a_scope_that_ends_takes_its_documents_along_but_not_what_is_unsent() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let (mut keeper, mut driver) = (keeper(&mut relay, &clock), driver(&mut relay, &clock));
    check_in(&mut driver, document(1), "张伟国", &clock);
    check_in(&mut driver, document(2), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);
    let edit = Command::Visit(visit::Command::SetKeeperNote("床位已备".to_owned()));
    let change = keeper.edit(document(1), &edit, &clock).unwrap();
    relay.quarantine.insert(change);
    let device = keeper.device().unwrap().device;
    relay.narrow(device, |scope| matches!(scope, Scope::Region(_)));
    let applied = sync(&mut keeper, &mut relay, &clock);
    assert!(applied.identity_changed);
    assert_eq!((applied.forgotten, applied.quarantined), (1, 1));
    assert_eq!(visits(&keeper, &clock), [document(1)]);
    let held = keeper.held().unwrap();
    assert_eq!(held[0].state, ChangeState::Quarantined);
    assert_eq!(held[0].summary, "keeper's note");
    assert_eq!(keeper.status().unwrap().leaving, 1);
    assert_eq!(keeper.stations().unwrap().len(), 1);
}

/// The counts of the status screen follow documents as they come and go, each page, edit and
/// scope that is lost.
#[test]
fn counts_follow_what_comes_and_goes() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut keeper = keeper(&mut relay, &clock);
    let mut driver = driver(&mut relay, &clock);
    let counts = |store: &Store| {
        let status = store.status().unwrap();
        let of = |scope: &Scope| {
            let found = status.scopes.iter().find(|status| status.scope == *scope);
            found.map(|status| status.documents)
        };
        (status.documents, of(&Scope::Station(station_id())))
    };
    for n in 1..=7 {
        check_in(&mut driver, document(n), "张伟国", &clock);
    }
    sync(&mut driver, &mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);
    // Seven visits, and the station itself.
    assert_eq!(counts(&keeper), (8, Some(7)));
    check_in(&mut keeper, document(8), "李师傅", &clock);
    assert_eq!(counts(&keeper), (9, Some(7)), "not the relay's yet");
    sync(&mut keeper, &mut relay, &clock);
    assert_eq!(counts(&keeper), (9, Some(8)));

    relay.pair(&mut keeper, vec![Role::Driver], &clock);
    assert_eq!(
        counts(&keeper),
        (2, None),
        "its own visit stays, and the station"
    );
}
