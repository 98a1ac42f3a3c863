//! Looks at other people's checks: one a check, sort of screen and hour, until the relay has them.

use yizhan_proto::audit::Screen;
use yizhan_proto::{DocumentId, PersonId};

use super::screens::{consents, keeper, measures, person};
use super::world::*;
use crate::clock::Clock as _;
use crate::store::Store;
use crate::store::reads::hour_of;

const HOUR: i64 = 60 * 60 * 1000;

/// A keeper's tablet with a check of driver 21 and one of driver 22.
fn tablet(clock: &TestClock) -> Store {
    let mut store = keeper(clock);
    for (driver, consent, check) in [(21, 50, 60), (22, 51, 61)] {
        consents(&mut store, consent, driver, clock);
        measures(
            &mut store,
            (check, driver, consent),
            ("126", "82"),
            None,
            clock,
        );
    }
    store
}

fn look(store: &Store, checks: &[(u8, u8)], screen: Screen, clock: &TestClock) {
    let checks = checks
        .iter()
        .map(|(check, driver)| (document(*check), person(*driver)));
    store.note_reads(checks, screen, clock);
}

fn waiting(store: &Store) -> Vec<(DocumentId, Screen)> {
    let reads = store.reads_to_send(256).unwrap();
    reads
        .iter()
        .map(|read| (read.document, read.screen))
        .collect()
}

#[test]
fn a_list_opened_again_within_the_hour_is_one_look_and_an_opened_check_is_another() {
    let clock = TestClock::new(1);
    let store = tablet(&clock);
    for _ in 0..3 {
        look(&store, &[(60, 21), (61, 22)], Screen::Listed, &clock);
        look(&store, &[(60, 21)], Screen::Opened, &clock);
        clock.pass(1_000);
    }
    let mut seen = waiting(&store);
    seen.sort_unstable();
    let expected = [
        (document(60), Screen::Opened),
        (document(60), Screen::Listed),
        (document(61), Screen::Listed),
    ];
    assert_eq!(seen, expected);
    clock.pass(HOUR);
    look(&store, &[(60, 21)], Screen::Listed, &clock);
    assert_eq!(waiting(&store).len(), 4);
    assert_eq!(store.status().unwrap().reads_unsent, 4);
}

#[test]
fn hours_are_the_same_on_both_sides_of_1970() {
    use yizhan_proto::Timestamp;
    let at = |ms| hour_of(Timestamp::from_ms(ms));
    assert_eq!((at(0), at(HOUR - 1), at(HOUR)), (0, 0, 1));
    assert_eq!((at(-1), at(-HOUR), at(-HOUR - 1)), (-1, -1, -2));
    assert!(at(i64::MIN) < at(i64::MAX));
}

#[test]
fn ones_own_checks_are_nobody_elses_business() {
    let clock = TestClock::new(1);
    let store = tablet(&clock);
    let device = store.device().unwrap();
    let own: Vec<PersonId> = vec![device.person, device.provisional];
    let checks = own.into_iter().map(|driver| (document(60), driver));
    store.note_reads(checks, Screen::Opened, &clock);
    assert_eq!(waiting(&store), []);
}

#[test]
fn what_the_relay_names_is_not_sent_again_and_the_rest_is() {
    let clock = TestClock::new(1);
    let mut store = tablet(&clock);
    look(&store, &[(60, 21), (61, 22)], Screen::Opened, &clock);
    let reads = store.reads_to_send(256).unwrap();
    assert_eq!(store.reads_to_send(1).unwrap(), reads[..1]);
    let entered = [reads[0].entry];
    assert_eq!(store.note_reads_entered(&entered, clock.now()).unwrap(), 1);
    assert_eq!(store.note_reads_entered(&entered, clock.now()).unwrap(), 0);
    assert_eq!(store.reads_to_send(256).unwrap(), reads[1..]);
    // Known to the relay, and still the same look.
    look(&store, &[(60, 21)], Screen::Opened, &clock);
    assert_eq!(store.reads_to_send(256).unwrap(), reads[1..]);
    clock.pass(HOUR);
    let rest = [reads[1].entry];
    store.note_reads_entered(&rest, clock.now()).unwrap();
    let left: i64 = store
        .connection_for_tests()
        .query_row("SELECT COUNT(*) FROM check_reads", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0, "what the relay has leaves the phone");
}

/// Care comes first: the check is shown, and the look is noted when there is room.
#[test]
fn a_full_disk_keeps_no_check_from_being_shown_and_the_look_waits_in_memory() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &clock).unwrap();
    let connection = store.connection_for_tests();
    connection.pragma_update(None, "query_only", true).unwrap();
    look(&store, &[(60, 21), (61, 22)], Screen::Opened, &clock);
    let status = store.status().unwrap();
    assert_eq!((status.reads_unsent, status.reads_unnoted), (0, 2));
    let connection = store.connection_for_tests();
    connection.pragma_update(None, "query_only", false).unwrap();
    look(&store, &[(62, 23)], Screen::Opened, &clock);
    let status = store.status().unwrap();
    assert_eq!((status.reads_unsent, status.reads_unnoted), (3, 0));
}

#[test]
fn looks_of_somebody_the_device_acted_for_before_are_not_sent_as_somebody_elses() {
    let clock = TestClock::new(1);
    let store = tablet(&clock);
    let acts_for = |n: u8| {
        let mut identity = store.device().unwrap().identity.unwrap();
        identity.person = person(n);
        identity.aliases = Vec::new();
        let bytes = yizhan_proto::codec::encode(&identity);
        let sql = "UPDATE device SET identity = ?1";
        store.connection_for_tests().execute(sql, [bytes]).unwrap();
    };
    acts_for(87);
    look(&store, &[(60, 21)], Screen::Opened, &clock);
    acts_for(88);
    assert_eq!(waiting(&store), []);
    look(&store, &[(60, 21)], Screen::Opened, &clock);
    assert_eq!(waiting(&store), [(document(60), Screen::Opened)]);
    assert_eq!(store.status().unwrap().reads_unsent, 2, "none is dropped");
}
