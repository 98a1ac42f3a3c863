//! What one look at a screen shows, and that no screen reads all there is.

use std::sync::mpsc;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use yizhan_proto::{DocumentId, PersonId, Role, StationId, Timestamp};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::check::{self, NewCheck, Reading, ReadingValue};
use crate::model::consent::Purpose;
use crate::model::trend::Direction;
use crate::model::visit::{self, Source};
use crate::model::vitals::{Item, Level};
use crate::model::{Command, consent};
use crate::store::{
    ActivityFilter, CheckFilter, ConsentFilter, EnrolmentFilter, NoticeFilter, Store, TicketFilter,
    Today, VisitFilter,
};

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;

/// A keeper with the health role, who holds the directory.
pub(super) fn keeper(clock: &TestClock) -> Store {
    let mut relay = Relay::new();
    let mut store = Store::in_memory(clock).unwrap();
    let roles = vec![Role::Keeper(station_id()), Role::Health(station_id())];
    relay.pair(&mut store, roles, clock);
    sync(&mut store, &mut relay, clock);
    store
}

pub(super) fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n; 16])
}

fn arrives(store: &mut Store, id: u8, driver: u8, clock: &TestClock) -> DocumentId {
    let command = visit::Command::CheckIn {
        driver: person(driver),
        driver_name: format!("司机{driver}"),
        station: station_id(),
        arrived_at: clock.now(),
        source: Source::Keeper,
        vehicle_plate: None,
        requested: Vec::new(),
    };
    store
        .edit(document(id), &Command::Visit(command), clock)
        .unwrap();
    document(id)
}

fn serve(store: &mut Store, visit: DocumentId, n: u8, service: &str, clock: &TestClock) {
    let command = visit::Command::Serve {
        entry: entry(n),
        service: service.to_owned(),
        quantity: 1,
        by: store.device().unwrap().person,
        at: clock.now(),
    };
    store.edit(visit, &Command::Visit(command), clock).unwrap();
}

fn leaves(store: &mut Store, visit: DocumentId, clock: &TestClock) {
    let left_at = clock.now();
    let command = Command::Visit(visit::Command::CheckOut { left_at });
    store.edit(visit, &command, clock).unwrap();
}

pub(super) fn consents(store: &mut Store, id: u8, driver: u8, clock: &TestClock) {
    let command = consent::Command::Give {
        driver: person(driver),
        station: station_id(),
        purpose: Purpose::HealthRecord,
        given_at: clock.now(),
        witness: Some(store.device().unwrap().person),
        share_with: None,
        until: None,
    };
    store
        .edit(document(id), &Command::Consent(command), clock)
        .unwrap();
}

/// Takes a check of a pressure, correcting another if it says so.
pub(super) fn measures(
    store: &mut Store,
    (id, driver, consent): (u8, u8, u8),
    (systolic, diastolic): (&str, &str),
    replaces: Option<u8>,
    clock: &TestClock,
) {
    let reading = |n, item, entered: &str| Reading {
        entry: entry(n),
        item,
        value: ReadingValue::Quantity {
            entered: entered.to_owned(),
            unit: "mm[Hg]".to_owned(),
            comparator: None,
        },
    };
    let new = NewCheck {
        driver: person(driver),
        station: station_id(),
        visit: None,
        consent: document(consent),
        by: store.device().unwrap().person,
        taken_at: clock.now(),
        readings: vec![
            reading(1, Item::Systolic, systolic),
            reading(2, Item::Diastolic, diastolic),
        ],
        advice: Vec::new(),
        note: None,
        replaces: replaces.map(|id| (document(id), "读错了".to_owned())),
    };
    let command = Command::Check(check::Command::Create(new));
    store.edit(document(id), &command, clock).unwrap();
}

/// The day that began at [`MORNING`].
fn day(store: &Store, clock: &TestClock) -> Today {
    let from = Timestamp::from_ms(MORNING);
    let until = from.saturating_add_ms(24 * HOUR);
    store.today(station_id(), from..until, clock.now()).unwrap()
}

#[test]
fn a_day_holds_who_came_left_or_is_still_there_and_the_beds() {
    let clock = TestClock::new(1);
    let mut store = keeper(&clock);
    clock.pass(-30 * HOUR);
    arrives(&mut store, 1, 21, &clock); // long ago, never left: counts as closed
    clock.pass(24 * HOUR);
    let overnight = arrives(&mut store, 2, 22, &clock); // 06:00 before
    serve(&mut store, overnight, 1, "bed", &clock);
    let gone = arrives(&mut store, 3, 23, &clock);
    serve(&mut store, gone, 2, "bed", &clock);
    let before = arrives(&mut store, 4, 24, &clock);
    leaves(&mut store, before, &clock); // came and went before the day
    clock.pass(7 * HOUR);
    leaves(&mut store, gone, &clock); // leaves in the morning: its bed is free
    let fresh = arrives(&mut store, 5, 25, &clock);
    serve(&mut store, fresh, 3, "shower", &clock);

    let today = day(&store, &clock);
    let ids: Vec<_> = today.visits.iter().map(|row| row.visit.id).collect();
    assert_eq!(ids, [fresh, gone, overnight]);
    assert_eq!((today.arrived, today.open), (1, 2));
    assert_eq!(today.station_name.as_deref(), Some("天宁司机之家"));
    assert_eq!((today.beds.total, today.beds.given), (Some(28), 1));
    assert_eq!(today.beds.said_free, None);
    assert_eq!(today.beds.free(), Some(27));

    let said = Command::Station(crate::model::station::Command::SetBedsFree(5));
    store.edit(station_id().into(), &said, &clock).unwrap();
    let beds = day(&store, &clock).beds;
    assert_eq!((beds.free(), beds.counted_free()), (Some(5), Some(27)));

    let elsewhere = StationId::from_bytes([101; 16]);
    let nothing = store
        .today(elsewhere, clock.now()..clock.now(), clock.now())
        .unwrap();
    assert_eq!((nothing.visits.len(), nothing.beds.free()), (0, None));
}

#[test]
fn two_records_of_one_arrival_are_one_guest_with_one_bed() {
    let clock = TestClock::new(1);
    let mut store = keeper(&clock);
    clock.pass(HOUR);
    let first = arrives(&mut store, 1, 21, &clock);
    clock.pass(20 * MINUTE);
    let second = arrives(&mut store, 2, 21, &clock);
    serve(&mut store, first, 1, "bed", &clock);
    serve(&mut store, second, 2, "bed", &clock);
    let today = day(&store, &clock);
    assert_eq!((today.arrived, today.open, today.beds.given), (1, 1, 1));
    assert!(today.visits.iter().all(|row| row.also_open.is_none()));
    let also = store.also_open(second, person(21), clock.now()).unwrap();
    assert_eq!(also, []);
    // One of the records says that they left: they left.
    leaves(&mut store, first, &clock);
    let today = day(&store, &clock);
    assert_eq!((today.arrived, today.open, today.beds.given), (1, 0, 0));
}

#[test]
fn who_is_still_somewhere_is_asked_about() {
    let clock = TestClock::new(1);
    let mut store = keeper(&clock);
    let first = arrives(&mut store, 1, 21, &clock);
    clock.pass(31 * MINUTE);
    let second = arrives(&mut store, 2, 21, &clock);
    arrives(&mut store, 3, 22, &clock);
    let also: Vec<_> = day(&store, &clock)
        .visits
        .iter()
        .map(|row| (row.visit.id, row.also_open))
        .collect();
    assert_eq!(
        also,
        [
            (document(3), None),
            (second, Some(first)),
            (first, Some(second))
        ]
    );
    let of = |visit| -> Vec<_> {
        let rows = store.also_open(visit, person(21), clock.now()).unwrap();
        rows.iter().map(|row| row.id).collect()
    };
    assert_eq!(of(second), [first]);
    leaves(&mut store, first, &clock);
    let rows = store.also_open(second, person(21), clock.now()).unwrap();
    assert_eq!(rows, []);
}

#[test]
fn readings_make_a_trend_without_those_that_were_corrected() {
    let clock = TestClock::new(1);
    let mut store = keeper(&clock);
    consents(&mut store, 50, 21, &clock);
    for (n, systolic) in ["118", "122", "141", "188", "146"].into_iter().enumerate() {
        clock.pass(HOUR);
        let id = 60 + u8::try_from(n).unwrap();
        measures(&mut store, (id, 21, 50), (systolic, "85"), None, &clock);
    }
    measures(&mut store, (70, 21, 50), ("144", "85"), Some(63), &clock);
    let trend = store
        .trend(person(21), Item::Systolic, 4)
        .unwrap()
        .expect("there are some");
    let values: Vec<f64> = trend.readings.iter().map(|row| row.value).collect();
    assert_eq!(
        values,
        [122.0, 141.0, 146.0, 144.0],
        "the last four, oldest first"
    );
    assert_eq!((trend.trend.least, trend.trend.most), (122.0, 146.0));
    assert_eq!(trend.trend.median, 142.5);
    assert_eq!(trend.trend.direction, Some(Direction::Rising));
    let levels: Vec<_> = trend.readings.iter().map(|row| row.level).collect();
    assert_eq!(levels[0], Some(Level::HighNormal));
    assert_eq!(levels[3], Some(Level::Grade1));

    let history = store.history(person(21), 0, clock.now()).unwrap();
    let items: Vec<Item> = history.trends.iter().map(|trend| trend.item).collect();
    assert_eq!(items, [Item::Systolic, Item::Diastolic]);
    assert_eq!(history.checks.len(), 5, "the corrected one is left out");
    assert_eq!(store.trend(person(21), Item::Pulse, 4).unwrap(), None);
    assert_eq!(store.trend(person(22), Item::Systolic, 4).unwrap(), None);
}

#[test]
fn a_history_is_that_of_every_id_a_person_goes_by() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    let before = store.device().unwrap().person;
    // Paired with a person who was known before: the provisional id is another name.
    let mut relay = Relay::new();
    relay.pair(&mut store, vec![Role::Driver], &clock);
    let known = person(77);
    let mut identity = store.device().unwrap().identity.unwrap();
    identity.person = known;
    identity.aliases = vec![before];
    store
        .connection
        .execute(
            "UPDATE device SET identity = ?1",
            [yizhan_proto::codec::encode(&identity)],
        )
        .unwrap();
    clock.pass(HOUR);
    check_in(&mut store, document(2), "张伟国", &clock);
    for id in [known, before] {
        let visits = store.history(id, 10, clock.now()).unwrap().visits;
        let ids: Vec<_> = visits.iter().map(|row| row.id).collect();
        assert_eq!(ids, [document(2), document(1)]);
        assert_eq!(store.history(id, 1, clock.now()).unwrap().visits.len(), 1);
    }
}

#[test]
fn a_card_tells_a_keeper_what_matters_at_the_counter() {
    let clock = TestClock::new(1);
    let mut store = keeper(&clock);
    let first = arrives(&mut store, 1, 21, &clock);
    leaves(&mut store, first, &clock);
    clock.pass(HOUR);
    let second = arrives(&mut store, 2, 21, &clock);
    consents(&mut store, 50, 21, &clock);
    measures(&mut store, (60, 21, 50), ("186", "112"), None, &clock);
    let card = store
        .driver_card(person(21), station_id(), clock.now())
        .unwrap();
    assert_eq!(card.name.as_deref(), Some("司机21"));
    assert_eq!(card.visits_here, 2);
    assert_eq!(card.last_visit.map(|row| row.id), Some(second));
    assert_eq!(card.open.len(), 1);
    assert_eq!(card.consents.len(), 1);
    let check = card.last_check.expect("a check");
    assert_eq!(check.pressure_level, Some(Level::Grade3));
    assert!(check.crisis);

    let stranger = store
        .driver_card(person(99), station_id(), clock.now())
        .unwrap();
    assert_eq!((stranger.visits_here, stranger.last_check), (0, None));
}

/// Every list there is, asked once; add yours. (A search and what is held sort the few they find.)
fn ask_every_screen(store: &Store, now: Timestamp) {
    let (driver, station) = (person(21), station_id());
    let visits = |driver, station, open| {
        let filter = VisitFilter {
            driver,
            station,
            open,
            limit: 20,
        };
        store.visits(&filter, now).unwrap();
    };
    let checks = |driver, station, crisis| {
        let filter = CheckFilter {
            driver,
            station,
            crisis,
            latest: true,
            limit: 20,
        };
        store.checks(&filter).unwrap();
    };
    let consents = |driver, station| {
        let filter = ConsentFilter {
            driver,
            station,
            purpose: driver.and(station).map(|_| Purpose::Visits),
            limit: 20,
        };
        store.consents(&filter, now).unwrap();
    };
    for driver in [None, Some(driver)] {
        for station in [None, Some(station)] {
            for flag in [false, true] {
                visits(driver, station, flag);
                checks(driver, station, flag);
            }
            consents(driver, station);
        }
    }
    ask_every_screen_of_the_program(store, now);
    store.stations().unwrap();
    store.station_by_key_or_id("tianning").unwrap();
    store.today(station, now..now, now).unwrap();
    store.also_open(document(1), driver, now).unwrap();
    store.history(driver, 20, now).unwrap();
    store.trend(driver, Item::Pulse, 20).unwrap();
    store.driver_card(driver, station, now).unwrap();
    store
        .consent_in_force(driver, station, Purpose::HealthRecord, now)
        .unwrap();
}

fn ask_every_screen_of_the_program(store: &Store, now: Timestamp) {
    let (driver, station, activity) = (person(21), station_id(), document(3));
    for upcoming in [false, true] {
        for station in [None, Some(station)] {
            let filter = ActivityFilter {
                region: None,
                station,
                upcoming,
                limit: 20,
            };
            store.activities(&filter, now).unwrap();
        }
    }
    for (driver, activity, station) in [
        (None, None, None),
        (Some(driver), None, None),
        (None, Some(activity), None),
        (None, None, Some(station)),
    ] {
        let filter = EnrolmentFilter {
            driver,
            activity,
            station,
            limit: 20,
        };
        store.enrolments(&filter).unwrap();
    }
    for in_force in [false, true] {
        let filter = NoticeFilter {
            in_force,
            limit: 20,
            ..NoticeFilter::default()
        };
        store.notices(&filter, now).unwrap();
    }
    let desk: yizhan_proto::DeskKey = "zy-home".parse().unwrap();
    for open in [false, true] {
        for filter in [
            TicketFilter::default(),
            TicketFilter {
                driver: Some(driver),
                ..TicketFilter::default()
            },
            TicketFilter {
                station: Some(station),
                ..TicketFilter::default()
            },
            TicketFilter {
                desk: Some(desk.clone()),
                ..TicketFilter::default()
            },
            TicketFilter {
                assigned: Some(driver),
                ..TicketFilter::default()
            },
        ] {
            let filter = TicketFilter {
                open,
                limit: 20,
                ..filter
            };
            store.tickets(&filter, now).unwrap();
        }
    }
}

/// Tables with one row, or as few as there are stations, scopes and notices (which are sorted by
/// how much they matter).
const SMALL: [&str; 4] = ["device", "stations_view", "scopes", "notices_view"];

/// What SQLite says of a statement that reads more than it shows.
fn reads_too_much(store: &Store, sql: &str) -> Vec<String> {
    let mut statement = store
        .connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let plan: Vec<(i64, String)> = statement
        .raw_query()
        .mapped(|row| Ok((row.get(1)?, row.get(3)?)))
        .collect::<Result<_, _>>()
        .unwrap();
    let small = SMALL
        .iter()
        .any(|table| sql.contains(&format!("FROM {table}")));
    let walks_to_a_limit = |step: &str| step.contains("INDEX") && sql.contains("LIMIT");
    // A subquery of a row may sort the few it finds; the rows themselves come in their index's order.
    let sorts = |within: i64, step: &str| within == 0 && step.starts_with("USE TEMP B-TREE");
    plan.into_iter()
        .filter(|(within, step)| step.starts_with("SCAN ") || sorts(*within, step))
        .map(|(_, step)| step)
        .filter(|step| !small && !walks_to_a_limit(step))
        .collect()
}

#[test]
fn no_screen_reads_all_there_is() {
    let clock = TestClock::new(1);
    let mut store = keeper(&clock);
    let (tell, told) = mpsc::channel();
    let keep = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(_, sql) = event {
            tell.send(sql.to_owned()).unwrap();
        }
    };
    store
        .connection
        .trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(keep))
        .unwrap();
    ask_every_screen(&store, clock.now());
    let mut said: Vec<String> = told.try_iter().collect();
    said.retain(|sql| sql.trim_start().starts_with("SELECT"));
    said.sort();
    said.dedup();
    assert!(said.len() > 20, "few statements: {}", said.len());
    let wrong: Vec<String> = said
        .iter()
        .flat_map(|sql| {
            let steps = reads_too_much(&store, sql);
            steps.into_iter().map(move |step| format!("{step}\n{sql}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // The test itself has teeth.
    for bad in [
        "SELECT * FROM visits_view WHERE driver_name = 'x' LIMIT 5",
        "SELECT * FROM visits_view ORDER BY plate",
        "SELECT COUNT(*) FROM documents",
    ] {
        assert!(!reads_too_much(&store, bad).is_empty(), "{bad}");
    }
}
