//! Refusals, quarantine, divergence, and answers that do not fit.

use yizhan_proto::sync::{Item, Outcome, Page, Receipt, Stored};
use yizhan_proto::{ChangeHash, Cursor, Kind, Role, Scope, Sequence, Timestamp};

use super::world::*;
use crate::clock::Clock as _;
use crate::store::{Budget, ChangeState, EditError, Store, VisitFilter};

fn driver(relay: &mut Relay, clock: &TestClock) -> Store {
    let mut store = Store::in_memory(clock).unwrap();
    relay.pair(&mut store, vec![Role::Driver], clock);
    store
}

fn note_of(store: &Store, clock: &TestClock) -> Option<String> {
    store
        .visit(document(1), clock.now())
        .unwrap()
        .visit
        .note
        .value
}

#[test]
fn a_refused_change_is_shown_apart_and_the_document_goes_on() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    check_in(&mut driver, document(1), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    let bad = note(&mut driver, document(1), "一", &clock);
    note(&mut driver, document(1), "二", &clock);
    check_in(&mut driver, document(2), "张伟国", &clock);
    relay.refuse.insert(bad);
    let applied = sync(&mut driver, &mut relay, &clock);
    // One bad change holds up nothing else.
    assert_eq!((applied.refused, applied.accepted), (2, 1));
    assert_eq!(note_of(&driver, &clock), None);
    let held = driver.held().unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(held[0].reason.code, "field.forbidden");
    assert_eq!(held[1].reason.code, "dependency.held");
    let rows = driver.visits(&VisitFilter::default(), clock.now()).unwrap();
    assert!(
        rows.iter()
            .any(|row| row.id == document(1) && row.held && !row.unsent)
    );

    // It goes on under another incarnation, and the relay takes it.
    note(&mut driver, document(1), "三", &clock);
    let applied = sync(&mut driver, &mut relay, &clock);
    assert_eq!((applied.refused, applied.accepted), (0, 1));
    assert_eq!(note_of(&driver, &clock).as_deref(), Some("三"));

    // Offered again, it is taken now, with what builds on it.
    relay.refuse.clear();
    assert_eq!(driver.retry(bad).unwrap(), 2);
    let applied = sync(&mut driver, &mut relay, &clock);
    assert_eq!(applied.accepted, 2);
    assert!(driver.held().unwrap().is_empty());
    let visit = driver.visit(document(1), clock.now()).unwrap().visit;
    assert!(visit.note.is_conflict());
    assert_eq!(driver.status().unwrap().repairs, 0);
}

#[test]
fn a_refused_change_can_be_discarded() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    let bad = check_in(&mut driver, document(1), "张伟国", &clock);
    note(&mut driver, document(1), "二", &clock);
    relay.refuse.insert(bad);
    sync(&mut driver, &mut relay, &clock);
    assert_eq!(driver.held().unwrap().len(), 2);
    assert!(driver.visit(document(1), clock.now()).is_err());
    assert!(driver.search("张伟国", 5).unwrap().is_empty());
    let mut written = Vec::new();
    driver.export(&mut written).unwrap();
    assert!(String::from_utf8(written).unwrap().contains("张伟国"));
    assert!(driver.discard(ChangeHash::from_bytes([0; 32])).is_err());
    assert_eq!(driver.discard(bad).unwrap(), 2);
    let status = driver.status().unwrap();
    assert_eq!((status.refused, status.documents), (0, 1));
}

#[test]
fn what_waits_for_a_decision_stays_in_the_document_and_is_not_pushed_again() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    check_in(&mut driver, document(1), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    let odd = note(&mut driver, document(1), "一", &clock);
    relay.quarantine.insert(odd);
    assert_eq!(sync(&mut driver, &mut relay, &clock).quarantined, 1);
    assert_eq!(note_of(&driver, &clock).as_deref(), Some("一"));
    let request = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    assert!(request.pushes.is_empty());
    // What builds on it is sent, so that the relay keeps it too.
    note(&mut driver, document(1), "二", &clock);
    assert_eq!(sync(&mut driver, &mut relay, &clock).quarantined, 1);
    assert_eq!(driver.held().unwrap().len(), 2);
    assert_eq!(note_of(&driver, &clock).as_deref(), Some("二"));
    relay.quarantine.clear();
    assert_eq!(driver.retry(odd).unwrap(), 2);
    assert_eq!(sync(&mut driver, &mut relay, &clock).accepted, 2);
    assert!(driver.held().unwrap().is_empty());
}

#[test]
fn what_diverged_heals_and_is_counted() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut first = driver(&mut relay, &clock);
    let mut keeper = Store::in_memory(&clock).unwrap();
    relay.pair(&mut keeper, vec![Role::Keeper(station_id())], &clock);
    for n in 1..=9 {
        check_in(&mut first, document(n), "张伟国", &clock);
    }
    note(&mut first, document(1), "一", &clock);
    sync(&mut first, &mut relay, &clock);
    sync(&mut keeper, &mut relay, &clock);
    assert_eq!(keeper.status().unwrap().repairs, 0);

    // As a mistake of this program would leave it: a change lost.
    let lost = keeper
        .write(|tx| {
            let n = super::super::documents::find(tx, document(1))?.unwrap().n;
            tx.execute(
                "DELETE FROM changes WHERE n = (SELECT MAX(n) FROM changes WHERE document = ?1)",
                [n],
            )?;
            super::super::reread::reread(tx, n)?;
            for row in super::super::scopes::all(tx)? {
                super::super::scopes::add_up(tx, row.n)?;
            }
            Ok::<_, crate::store::StoreError>(n)
        })
        .unwrap();
    assert!(lost > 0);
    note(&mut first, document(2), "news", &clock);
    sync(&mut first, &mut relay, &clock);
    let applied = sync(&mut keeper, &mut relay, &clock);
    assert_eq!(applied.repairs_started, 1, "{applied:?}");
    let status = keeper.status().unwrap();
    assert_eq!(status.repairs, 1);
    assert!(status.scopes.iter().all(|scope| !scope.repairing));
    assert_eq!(
        keeper
            .visit(document(1), clock.now())
            .unwrap()
            .changes
            .len(),
        2
    );
}

#[test]
fn what_a_device_made_and_may_not_keep_goes_once_the_relay_has_it() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    let device = driver.device().unwrap().device;
    sync(&mut driver, &mut relay, &clock);
    relay.narrow(device, |scope| matches!(scope, Scope::Region(_)));
    check_in(&mut driver, document(1), "张伟国", &clock);
    let applied = sync(&mut driver, &mut relay, &clock);
    assert_eq!((applied.accepted, applied.forgotten), (1, 1));
    assert!(driver.visit(document(1), clock.now()).is_err());
    assert_eq!(driver.status().unwrap().documents, 1);
}

#[test]
fn a_wrong_sum_is_added_up_again() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    check_in(&mut driver, document(1), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    for damage in [
        "UPDATE scopes SET digest = digest + 1 WHERE rank = 0",
        "UPDATE documents SET acked_digest = acked_digest + 1",
    ] {
        driver.connection.execute_batch(damage).unwrap();
        for _ in 0..3 {
            sync(&mut driver, &mut relay, &clock);
        }
        let started = driver.status().unwrap().repairs;
        sync(&mut driver, &mut relay, &clock);
        assert_eq!(driver.status().unwrap().repairs, started, "{damage}");
    }
}

#[test]
fn a_repair_drops_what_the_relay_does_not_hold_and_offers_own_work_again() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    check_in(&mut driver, document(1), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    let before = relay.clone();
    check_in(&mut driver, document(2), "张伟国", &clock);
    note(&mut driver, document(1), "二", &clock);
    sync(&mut driver, &mut relay, &clock);
    // The relay lost both, and did not say so.
    let head = relay.head;
    relay = before;
    relay.head = head;
    let applied = sync(&mut driver, &mut relay, &clock);
    assert!(applied.repairs_started >= 1, "{applied:?}");
    assert_eq!(applied.accepted, 2, "{applied:?}");
    let visits = driver.visits(&VisitFilter::default(), clock.now()).unwrap();
    assert_eq!(visits.len(), 2);
    assert_eq!(note_of(&driver, &clock).as_deref(), Some("二"));
    assert_eq!(driver.status().unwrap().unsent_changes, 0);
}

#[test]
fn what_cannot_be_opened_is_set_aside_and_stops_nothing() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    let scope = Scope::Person(driver.device().unwrap().person);
    relay.plant(&scope, document(5), Kind::Visit, b"nonsense");
    relay.plant(&scope, document(6), Kind::Unknown(77), b"from the future");
    check_in(&mut driver, document(1), "张伟国", &clock);
    let applied = sync(&mut driver, &mut relay, &clock);
    assert_eq!((applied.set_aside, applied.accepted), (1, 1));
    let status = driver.status().unwrap();
    assert_eq!(status.set_aside.len(), 1);
    assert_eq!(status.set_aside[0].document, document(5));
    assert_eq!(status.unknown_kinds, 1);
    assert_eq!(status.repairs, 0);
    let command = crate::model::Command::Visit(crate::model::visit::Command::Rate(5));
    let refused = driver.edit(document(5), &command, &clock).unwrap_err();
    assert!(matches!(refused, EditError::SetAside { .. }), "{refused}");
    assert!(driver.visit(document(5), clock.now()).is_err());
    assert!(driver.visit(document(1), clock.now()).is_ok());
}

#[test]
fn what_does_not_fit_the_request_is_left_out_and_counted() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    check_in(&mut driver, document(1), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    note(&mut driver, document(1), "一", &clock);
    let status = driver.status().unwrap();
    let request = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    let mut response = relay.sync(driver.device().unwrap().device, &request);
    response.pages.clear();
    response.receipts = vec![Receipt {
        change: ChangeHash::from_bytes([9; 32]),
        outcome: Outcome::Accepted(Stored {
            sequence: Sequence::FIRST,
            received_at: Timestamp::from_ms(0),
            skew_ms: 0,
        }),
    }];
    let page = |scope: Scope, live, floor| Page {
        scope,
        items: vec![Item {
            document: document(99),
            kind: Kind::Visit,
            sequence: Sequence::FIRST,
            changes: Vec::new(),
            forget: None,
        }],
        live: Cursor::new(live),
        floor: Cursor::new(floor),
        digest: None,
        more: true,
        settled: None,
    };
    response.pages = vec![
        page("desk:nobody".parse().unwrap(), 9, 0),
        page(status.scopes[0].scope.clone(), 0, 0),
        page(status.scopes[1].scope.clone(), 1, 2),
    ];
    let applied = driver.apply_response(&request, &response, &clock).unwrap();
    assert_eq!(applied.ignored, 4);
    assert_eq!((applied.accepted, applied.documents_received), (0, 0));
    assert_eq!(driver.status().unwrap().unsent_changes, 1);
    // The relay has it since, and only its own receipt says so.
    assert_eq!(sync(&mut driver, &mut relay, &clock).duplicate, 1);
}

#[test]
fn a_change_whose_dependencies_the_relay_lacks_waits_and_holds_up_nobody() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut driver = driver(&mut relay, &clock);
    check_in(&mut driver, document(1), "张伟国", &clock);
    sync(&mut driver, &mut relay, &clock);
    let change = note(&mut driver, document(1), "一", &clock);
    check_in(&mut driver, document(2), "张伟国", &clock);
    let request = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    let mut response = relay.sync(driver.device().unwrap().device, &request);
    response.receipts[0].outcome = Outcome::Needs(vec![ChangeHash::from_bytes([9; 32])]);
    response.pages.clear();
    let applied = driver.apply_response(&request, &response, &clock).unwrap();
    assert_eq!(
        (applied.needs, applied.accepted, applied.more),
        (1, 1, false)
    );
    let later = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    assert!(later.pushes.is_empty());
    clock.pass(11 * 60 * 1000);
    let later = driver
        .plan_request(&Budget::default(), clock.now())
        .unwrap();
    assert_eq!(ChangeHash::of_chunk(&later.pushes[0].change), change);
    assert_eq!(
        driver.visit(document(1), clock.now()).unwrap().changes[1].state,
        ChangeState::Unsent
    );
}
