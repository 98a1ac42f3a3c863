//! A crisis asks for a second reading until there is one.

use yizhan_proto::{DocumentId, PersonId, Role, Timestamp};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::check::{NewCheck, Reading, ReadingValue};
use crate::model::visit::Source;
use crate::model::vitals::Item;
use crate::model::{Command, check, consent, visit};
use crate::store::{CheckFilter, SecondReading, Store};

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A keeper with the health role, offline, and two drivers who consent.
struct Clinic {
    clock: TestClock,
    store: Store,
}

impl Clinic {
    fn new() -> Self {
        let clock = TestClock::new(1);
        let mut relay = Relay::new();
        let mut store = Store::in_memory(&clock).unwrap();
        let roles = vec![Role::Keeper(station_id()), Role::Health(station_id())];
        relay.pair(&mut store, roles, &clock);
        let mut clinic = Self { clock, store };
        clinic.consent(1);
        clinic.consent(2);
        clinic
    }

    fn consent(&mut self, driver: u8) {
        let give = consent::Command::Give {
            driver: PersonId::from_bytes([driver; 16]),
            station: station_id(),
            purpose: consent::Purpose::HealthRecord,
            given_at: self.clock.now(),
            witness: Some(self.store.device().unwrap().person),
            share_with: None,
            until: None,
        };
        let id = document(200 + driver);
        self.store
            .edit(id, &Command::Consent(give), &self.clock)
            .unwrap();
    }

    fn measure(&mut self, id: u8, driver: u8, readings: &[(Item, &str)]) {
        self.correct(id, driver, readings, None);
    }

    fn correct(&mut self, id: u8, driver: u8, readings: &[(Item, &str)], replaces: Option<u8>) {
        let reading = |(n, (item, entered)): (usize, &(Item, &str))| Reading {
            entry: entry(u8::try_from(n).unwrap()),
            item: *item,
            value: ReadingValue::Quantity {
                entered: (*entered).to_owned(),
                unit: item.unit().to_owned(),
                comparator: None,
            },
        };
        let new = NewCheck {
            driver: PersonId::from_bytes([driver; 16]),
            station: station_id(),
            visit: None,
            consent: document(200 + driver),
            by: self.store.device().unwrap().person,
            taken_at: self.clock.now(),
            readings: readings.iter().enumerate().map(reading).collect(),
            advice: Vec::new(),
            note: None,
            replaces: replaces.map(|id| (document(id), "wrong arm".to_owned())),
        };
        let command = Command::Check(check::Command::Create(new));
        self.store
            .edit(document(id), &command, &self.clock)
            .unwrap();
    }

    fn pass(&self, ms: i64) {
        self.clock.pass(ms);
    }

    fn open(&self) -> Vec<DocumentId> {
        let crises = self.store.open_crises(self.clock.now()).unwrap();
        crises.iter().map(|crisis| crisis.check).collect()
    }

    fn second(&self, id: u8) -> Option<SecondReading> {
        let rows = self.store.checks(&CheckFilter::default()).unwrap();
        let Some(row) = rows.iter().find(|row| row.id == document(id)) else {
            panic!("the check is listed");
        };
        let detail = self.store.check(document(id)).unwrap();
        assert_eq!(
            detail.second_reading, row.second_reading,
            "list and detail agree"
        );
        row.second_reading
    }
}

const HIGH: &[(Item, &str)] = &[(Item::Systolic, "190"), (Item::Diastolic, "112")];
const USUAL: &[(Item, &str)] = &[(Item::Systolic, "128"), (Item::Diastolic, "80")];
const LOW_SUGAR: &[(Item, &str)] = &[(Item::GlucoseRandom, "3.1")];

fn due(taken_at: Timestamp) -> Option<SecondReading> {
    Some(SecondReading::DueAt(taken_at.saturating_add_ms(5 * MINUTE)))
}

#[test]
fn a_crisis_is_open_until_the_same_is_measured_again() {
    let mut clinic = Clinic::new();
    let taken_at = clinic.clock.now();
    clinic.measure(1, 1, HIGH);
    assert_eq!(clinic.open(), [document(1)]);
    assert_eq!(clinic.second(1), due(taken_at));
    clinic.pass(MINUTE);
    clinic.measure(2, 1, LOW_SUGAR);
    clinic.measure(3, 2, USUAL);
    assert_eq!(
        clinic.open(),
        [document(2), document(1)],
        "another item, another driver"
    );
    assert_eq!(clinic.second(3), None, "no crisis, nothing due");
    clinic.pass(5 * MINUTE);
    clinic.measure(4, 1, USUAL);
    assert_eq!(clinic.open(), [document(2)]);
    assert_eq!(clinic.second(1), Some(SecondReading::Taken(document(4))));
    clinic.measure(5, 1, &[(Item::GlucoseFasting, "5.0")]);
    assert_eq!(clinic.open(), [], "glucose is glucose");
}

#[test]
fn a_second_reading_that_is_a_crisis_asks_for_one_itself() {
    let mut clinic = Clinic::new();
    clinic.measure(1, 1, HIGH);
    clinic.pass(5 * MINUTE);
    clinic.measure(2, 1, HIGH);
    assert_eq!(clinic.open(), [document(2)]);
}

#[test]
fn both_items_of_a_double_crisis_are_measured_again() {
    let mut clinic = Clinic::new();
    let both = [HIGH, LOW_SUGAR].concat();
    clinic.measure(1, 1, &both);
    clinic.pass(5 * MINUTE);
    clinic.measure(2, 1, USUAL);
    assert_eq!(clinic.open(), [document(1)]);
    clinic.pass(MINUTE);
    let again = [USUAL, &[(Item::GlucoseRandom, "5.1")]].concat();
    clinic.measure(3, 1, &again);
    assert_eq!(clinic.open(), []);
}

#[test]
fn after_a_day_it_is_neither_open_nor_answered() {
    let mut clinic = Clinic::new();
    let taken_at = clinic.clock.now();
    clinic.measure(1, 1, HIGH);
    clinic.pass(DAY - 1);
    assert_eq!(clinic.open(), [document(1)]);
    clinic.pass(1);
    assert_eq!(clinic.open(), []);
    clinic.pass(1);
    clinic.measure(2, 1, USUAL);
    assert_eq!(clinic.second(1), due(taken_at), "nobody took one in time");
}

#[test]
fn a_corrected_crisis_is_none_and_a_corrected_reading_answers_none() {
    let mut clinic = Clinic::new();
    clinic.measure(1, 1, HIGH);
    clinic.pass(MINUTE);
    clinic.correct(2, 1, USUAL, Some(1));
    assert_eq!(clinic.open(), [], "it was no crisis");

    clinic.measure(3, 2, HIGH);
    clinic.pass(5 * MINUTE);
    clinic.measure(4, 2, USUAL);
    assert_eq!(clinic.open(), []);
    // What was measured was another driver's: the correction says so by measuring something else.
    clinic.correct(5, 2, &[(Item::Pulse, "70")], Some(4));
    assert_eq!(clinic.open(), [document(3)]);
}

#[test]
fn an_open_crisis_tells_the_drivers_name_if_a_visit_does() {
    let mut clinic = Clinic::new();
    clinic.measure(1, 1, HIGH);
    let first = |clinic: &Clinic| {
        clinic
            .store
            .open_crises(clinic.clock.now())
            .unwrap()
            .remove(0)
    };
    assert_eq!(first(&clinic).driver_name, None);
    let arrive = visit::Command::CheckIn {
        driver: PersonId::from_bytes([1; 16]),
        driver_name: "李师傅".to_owned(),
        station: station_id(),
        arrived_at: clinic.clock.now(),
        source: Source::Keeper,
        vehicle_plate: None,
        requested: Vec::new(),
    };
    let Clinic { clock, store } = &mut clinic;
    store
        .edit(document(9), &Command::Visit(arrive), clock)
        .unwrap();
    let crisis = first(&clinic);
    assert_eq!(crisis.driver_name.as_deref(), Some("李师傅"));
    assert_eq!(crisis.summary, "systolic 190 mm[Hg], diastolic 112 mm[Hg]");
    assert_eq!(crisis.second_due_at.ms_since(crisis.taken_at), 5 * MINUTE);
}

#[test]
fn open_crises_are_found_by_an_index() {
    let clinic = Clinic::new();
    let mut statement = clinic
        .store
        .connection
        .prepare(
            "EXPLAIN QUERY PLAN SELECT document FROM check_marks m
             WHERE m.critical <> 0 AND m.taken_at > 0 ORDER BY m.taken_at DESC, m.document DESC",
        )
        .unwrap();
    let plan: String = statement.query_row([], |row| row.get(3)).unwrap();
    assert!(plan.contains("check_marks_critical"), "{plan}");
}
