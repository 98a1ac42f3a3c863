//! Edits and queries without any relay.

use yizhan_proto::{DocumentId, Kind, PersonId, Timestamp};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::{Command, RefusalCode, consent, visit};
use crate::store::{
    Budget, ChangeState, CheckFilter, ConsentFilter, EditError, FindError, Store, VisitFilter,
};

#[test]
fn an_edit_is_here_and_unsent_when_the_call_returns() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    let change = check_in(&mut store, document(1), "张伟国", &clock);
    note(&mut store, document(1), "轮胎有问题", &clock);

    let rows = store.visits(&VisitFilter::default(), clock.now()).unwrap();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].open && rows[0].unsent && !rows[0].held && !rows[0].conflict);
    let detail = store.visit(document(1), clock.now()).unwrap();
    assert_eq!(detail.visit.note.value.as_deref(), Some("轮胎有问题"));
    assert_eq!(detail.changes.len(), 2);
    assert_eq!(detail.changes[0].change, change);
    assert!(
        detail
            .changes
            .iter()
            .all(|c| c.own && c.state == ChangeState::Unsent)
    );

    let status = store.status().unwrap();
    assert_eq!(status.unsent_changes, 2);
    assert_eq!(status.oldest_unsent_at, Some(clock.now()));
    let request = store.plan_request(&Budget::default(), clock.now()).unwrap();
    assert_eq!(request.pushes.len(), 2);
    assert_eq!(request.pushes[0].kind, Kind::Visit);
}

#[test]
fn what_an_edit_leaves_is_what_reading_it_again_leaves() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    note(&mut store, document(1), "一", &clock);
    give_consent(&mut store, document(2), &clock);
    let outlines = |store: &Store| -> Vec<Vec<u8>> {
        let mut statement = store
            .connection
            .prepare("SELECT outline FROM documents ORDER BY n")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let before = outlines(&store);
    store
        .connection
        .execute_batch("UPDATE documents SET view = 0, outline = NULL; DELETE FROM visits_view;")
        .unwrap();
    assert_eq!(store.status().unwrap().views_pending, 2);
    assert_eq!(store.rebuild_views_step(1).unwrap(), 1);
    assert_eq!(store.rebuild_views_step(1).unwrap(), 0);
    assert_eq!(outlines(&store), before);
    let rows = store.visits(&VisitFilter::default(), clock.now()).unwrap();
    assert_eq!(rows.len(), 1);
}

#[test]
fn a_refused_edit_leaves_nothing() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    let rate = Command::Visit(visit::Command::Rate(6));
    let refused = store.edit(document(1), &rate, &clock).unwrap_err();
    assert!(matches!(refused, EditError::Refused(_)), "{refused}");
    let missing = store.edit(document(2), &rate, &clock).unwrap_err();
    assert!(matches!(missing, EditError::NotHeld { .. }), "{missing}");
    let withdraw = Command::Consent(consent::Command::Withdraw {
        withdrawn_at: clock.now(),
    });
    let wrong = store.edit(document(1), &withdraw, &clock).unwrap_err();
    assert!(matches!(wrong, EditError::WrongKind { .. }), "{wrong}");
    let driver = store.device().unwrap().person;
    let check = new_check(driver, driver, document(3), "120", &clock);
    let no_consent = store.edit(document(4), &check, &clock).unwrap_err();
    assert!(matches!(no_consent, EditError::Refused(_)), "{no_consent}");
    assert_eq!(store.status().unwrap().unsent_changes, 1);
    assert_eq!(store.status().unwrap().documents, 1);
}

#[test]
fn search_finds_every_script_from_one_character_on() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    note(
        &mut store,
        document(1),
        "LI Ming 100% \"引号\" OR 1=1",
        &clock,
    );
    check_in(&mut store, document(2), "李明", &clock);
    let find = |query: &str| -> Vec<DocumentId> {
        let hits = store.search(query, 10).unwrap();
        hits.iter().map(|hit| hit.document).collect()
    };
    assert_eq!(find("张"), [document(1)]);
    assert_eq!(find("伟国"), [document(1)]);
    assert_eq!(find("国伟"), []);
    assert_eq!(find("li ming"), [document(1)]);
    assert_eq!(find("ＬＩ"), [document(1)]);
    assert_eq!(find("d·123"), [document(2), document(1)]);
    assert_eq!(find("\"引号\" or"), [document(1)]);
    assert_eq!(find("张 李"), []);
    assert_eq!(find("%"), [document(1)]);
    for nothing in ["", "  ", "'", "*", "\0"] {
        assert_eq!(find(nothing), [], "{nothing:?}");
    }
    assert_eq!(store.search("明", 0).unwrap().len(), 0);
    // What was overwritten is not found any more.
    note(&mut store, document(1), "换了", &clock);
    assert!(store.search("引号", 10).unwrap().is_empty());
}

#[test]
fn two_records_of_one_arrival_are_shown_as_one_and_an_old_visit_is_closed() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(2), "张伟国", &clock);
    clock.pass(30 * 60 * 1000);
    check_in(&mut store, document(1), "张伟国", &clock);
    clock.pass(31 * 60 * 1000);
    check_in(&mut store, document(3), "张伟国", &clock);
    let rows = store.visits(&VisitFilter::default(), clock.now()).unwrap();
    let same: Vec<_> = rows.iter().map(|row| (row.id, row.same_as)).collect();
    assert_eq!(
        same,
        [
            (document(3), None),
            (document(1), Some(document(2))),
            (document(2), None)
        ]
    );
    let detail = store.visit(document(2), clock.now()).unwrap();
    assert_eq!(detail.same_as, [document(1)]);
    let driver = store.device().unwrap().person;
    assert_eq!(store.open_visits(driver, clock.now()).unwrap().len(), 3);
    clock.pass(24 * 60 * 60 * 1000);
    assert_eq!(store.open_visits(driver, clock.now()).unwrap().len(), 0);
    let limited = VisitFilter {
        limit: 1,
        driver: Some(driver),
        station: Some(station_id()),
        ..VisitFilter::default()
    };
    assert_eq!(
        store.visits(&limited, clock.now()).unwrap()[0].id,
        document(3)
    );
    let other = VisitFilter {
        driver: Some(PersonId::from_bytes([7; 16])),
        ..VisitFilter::default()
    };
    assert!(store.visits(&other, clock.now()).unwrap().is_empty());
}

#[test]
fn a_consent_is_in_force_until_it_is_withdrawn() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    give_consent(&mut store, document(1), &clock);
    let driver = store.device().unwrap().person;
    let purpose = consent::Purpose::HealthRecord;
    let in_force = |store: &Store, now: Timestamp| {
        store
            .consent_in_force(driver, station_id(), purpose, now)
            .unwrap()
            .map(|row| row.id)
    };
    assert_eq!(in_force(&store, clock.now()), Some(document(1)));
    clock.pass(1000);
    let withdraw = Command::Consent(consent::Command::Withdraw {
        withdrawn_at: clock.now(),
    });
    store.edit(document(1), &withdraw, &clock).unwrap();
    assert_eq!(in_force(&store, clock.now()), None);
    let rows = store
        .consents(&ConsentFilter::default(), clock.now())
        .unwrap();
    assert_eq!(rows[0].withdrawn_at, Some(clock.now()));
    assert!(!rows[0].in_force);
    assert!(store.checks(&CheckFilter::default()).unwrap().is_empty());
}

#[test]
fn an_unknown_station_is_named() {
    let clock = TestClock::new(1);
    let store = Store::in_memory(&clock).unwrap();
    let none = store.station_by_key_or_id("no-such").unwrap_err();
    assert!(matches!(none, FindError::None { .. }));
    assert!(none.to_string().contains("no-such"));
    assert!(store.visit(document(1), clock.now()).is_err());
}

#[test]
fn an_export_is_one_json_object_with_everything() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    note(&mut store, document(1), "\"引号\"\n", &clock);
    give_consent(&mut store, document(2), &clock);
    let mut written = Vec::new();
    assert_eq!(store.export(&mut written).unwrap(), 2);
    let json: serde_json::Value = serde_json::from_slice(&written).unwrap();
    let documents = json["documents"].as_array().unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0]["as_shown"]["note"], "\"引号\"\n");
    assert_eq!(documents[0]["fields"]["driver_name"], "张伟国");
    assert_eq!(documents[0]["changes"][1]["state"], "unsent");
    assert_eq!(documents[1]["as_shown"]["purpose"], "health_record");

    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(store.export(&mut Full).is_err());
}

#[test]
fn an_export_as_csv_has_a_file_for_each_kind_and_no_formulas() {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    #[derive(Clone, Default)]
    struct Kept(Rc<RefCell<Vec<u8>>>);
    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    note(&mut store, document(1), "=HYPERLINK(\"x\"),夜里", &clock);
    give_consent(&mut store, document(2), &clock);
    let mut files: BTreeMap<String, Kept> = BTreeMap::new();
    let mut open = |name: &str| -> std::io::Result<Box<dyn std::io::Write>> {
        Ok(Box::new(files.entry(name.to_owned()).or_default().clone()))
    };
    let time = |time: yizhan_proto::Timestamp| time.as_ms().to_string();
    assert_eq!(store.export_csv(&mut open, &time).unwrap(), 2);
    let file = |name: &str| String::from_utf8(files[name].0.borrow().clone()).unwrap();
    assert_eq!(files.len(), 6);
    let visits = file("visits.csv");
    assert!(
        visits.starts_with("\u{feff}id,station,arrived_at,"),
        "{visits}"
    );
    // Quoted as CSV wants it, and no formula for a spreadsheet.
    assert!(
        visits.contains("\"'=HYPERLINK(\"\"x\"\"),夜里\""),
        "{visits}"
    );
    assert_eq!(file("consents.csv").lines().count(), 2);
    assert_eq!(file("tickets.csv").lines().count(), 1);

    let mut full = |_: &str| Err(std::io::ErrorKind::StorageFull.into());
    assert!(store.export_csv(&mut full, &time).is_err());
}

#[test]
fn a_withdrawn_consent_is_refused_at_the_tap() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let mut keeper = Store::in_memory(&clock).unwrap();
    let roles = vec![
        yizhan_proto::Role::Keeper(station_id()),
        yizhan_proto::Role::Health(station_id()),
    ];
    relay.pair(&mut keeper, roles, &clock);
    let by = keeper.device().unwrap().person;
    let driver = PersonId::from_bytes([7; 16]);
    let give = Command::Consent(consent::Command::Give {
        driver,
        station: station_id(),
        purpose: consent::Purpose::HealthRecord,
        given_at: clock.now(),
        witness: Some(by),
        share_with: None,
        until: None,
    });
    keeper.edit(document(1), &give, &clock).unwrap();
    let check = new_check(driver, by, document(1), "120", &clock);
    keeper.edit(document(2), &check, &clock).unwrap();
    let withdraw = Command::Consent(consent::Command::Withdraw {
        withdrawn_at: clock.now(),
    });
    keeper.edit(document(1), &withdraw, &clock).unwrap();
    let check = new_check(driver, by, document(1), "120", &clock);
    let EditError::Refused(refusal) = keeper.edit(document(3), &check, &clock).unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(refusal.code, RefusalCode::ConsentWithdrawn);
    let checks = keeper.checks(&CheckFilter::default()).unwrap();
    assert_eq!(checks.len(), 1);
    assert!(
        checks[0].summary.contains("systolic 120"),
        "{}",
        checks[0].summary
    );
    assert_eq!(keeper.search("头晕", 5).unwrap().len(), 1);
}
