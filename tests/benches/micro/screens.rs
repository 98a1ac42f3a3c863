//! What each screen costs on a station's tablet that holds 20,000 documents: one indexed query or
//! a few, each to stay under 5 ms.
//!
//! The documents are made by real edits and acknowledged by a relay, once a run.

use core::ops::Range;
use std::sync::{Mutex, PoisonError};

use divan::Bencher;
use yizhan_client_core::client::Client;
use yizhan_client_core::model::Command;
use yizhan_client_core::model::check::{self, NewCheck, Reading, ReadingValue};
use yizhan_client_core::model::consent::{self, Purpose};
use yizhan_client_core::model::visit::{self, Source};
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::store::{CheckFilter, ConsentFilter, VisitFilter};
use yizhan_proto::{DocumentId, EntryId, PersonId, StationId, Timestamp};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::SimClock;
use yizhan_tests::world::World;

/// Documents in all; a few where nothing is optimised and the figures say nothing.
const DOCUMENTS: usize = if cfg!(debug_assertions) { 400 } else { 20_000 };
/// Of a hundred documents: visits and checks; what is left are consents.
const VISITS: usize = 60;
const CHECKED: usize = VISITS + 25;
/// Drivers that they are of.
const DRIVERS: usize = DOCUMENTS / 20;
/// Days over which they are spread.
const DAYS: i64 = if cfg!(debug_assertions) { 4 } else { 180 };
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Documents that are made between two syncs.
const AT_ONCE: usize = 2_000;
/// Rows of a list on a screen.
const ROWS: u32 = 50;

/// Family names, so that a search finds some and not all.
const NAMES: [&str; 6] = ["李", "王", "张", "赵", "孙", "周"];

const STATION: &str = "zy-xinglongsheng";

static TABLET: Mutex<Option<Tablet>> = Mutex::new(None);

/// A station's tablet, full.
struct Tablet {
    client: Client,
    station: StationId,
    /// A driver who was often there.
    driver: PersonId,
    /// The relay, and the folder of all.
    _world: World,
}

/// Gives the tablet's folder back, after the last bench.
pub(crate) fn clean_up() {
    drop(TABLET.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Measures one screen of the tablet, which has to show something.
fn measure<T>(bencher: Bencher<'_, '_>, screen: impl Fn(&Tablet) -> T, shows: impl Fn(&T) -> bool) {
    let mut held = TABLET.lock().unwrap_or_else(PoisonError::into_inner);
    let tablet = held.get_or_insert_with(Tablet::filled);
    assert!(shows(&screen(tablet)), "the screen is empty");
    bencher.bench_local(|| screen(tablet));
}

impl Tablet {
    fn filled() -> Self {
        let mut world = World::new(1);
        let phone = world.medic("王站长", STATION);
        let station = world.station(STATION);
        world.sync(phone);
        let mut filling = Filling {
            station,
            me: world.person(phone),
            now: world.phone(phone).client().clock().now(),
            made: 0,
        };
        while filling.made < DOCUMENTS {
            let until = DOCUMENTS.min(filling.made + AT_ONCE);
            while filling.made < until {
                filling.make_one(world.phone(phone).client_mut());
            }
            world.sync(phone);
        }
        let status = world.phone(phone).status();
        assert_eq!((status.unsent_changes, status.refused), (0, 0));
        assert!(status.documents >= DOCUMENTS as u64);
        world.phone(phone).switch_off();
        let home = world.phone(phone).home().to_owned();
        let clock = SimClock::new(world.time().clone(), Chance::new(2));
        Self {
            client: Client::open(&home, clock).expect("a store"),
            station,
            driver: driver(7),
            _world: world,
        }
    }

    fn day(&self) -> Range<Timestamp> {
        let now = self.client.clock().now();
        now.saturating_add_ms(-DAY_MS / 2)..now.saturating_add_ms(DAY_MS / 2)
    }
}

fn driver(number: usize) -> PersonId {
    PersonId::from_bytes(id(3, number))
}

fn id(kind: u8, number: usize) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

/// Makes the tablet's documents, one after another, the same every time.
struct Filling {
    station: StationId,
    me: PersonId,
    now: Timestamp,
    made: usize,
}

impl Filling {
    fn make_one(&mut self, client: &mut Client) {
        let number = self.made;
        self.made += 1;
        // A consent comes first for each driver, as checks need one.
        if number < DRIVERS {
            return self.consent(client, number);
        }
        // Mixed, so that each day has something of all.
        match (number * 37) % 100 {
            0..VISITS => self.visit(client, number),
            VISITS..CHECKED => self.check(client, number),
            _ => self.consent(client, number),
        }
    }

    /// When document `number` was made: the last ones today, the others over half a year.
    fn at(&self, number: usize) -> Timestamp {
        let share = i64::try_from(DOCUMENTS - number).expect("few documents");
        let total = i64::try_from(DOCUMENTS).expect("few documents");
        self.now.saturating_add_ms(-DAYS * DAY_MS / total * share)
    }

    fn edit(&self, client: &mut Client, number: usize, command: &Command) -> DocumentId {
        let document = DocumentId::from_bytes(id(4, number));
        client.edit(document, command).expect("an edit");
        document
    }

    fn visit(&self, client: &mut Client, number: usize) {
        let arrived_at = self.at(number);
        let command = visit::Command::CheckIn {
            driver: driver(number % DRIVERS),
            driver_name: format!("{}师傅{number}", NAMES[number % NAMES.len()]),
            station: self.station,
            arrived_at,
            source: Source::Keeper,
            vehicle_plate: Some(format!("鲁F{number:05}")),
            requested: Vec::new(),
        };
        let visit = self.edit(client, number, &Command::Visit(command));
        let left_at = arrived_at.saturating_add_ms(DAY_MS / 3);
        let next = if left_at < self.now {
            visit::Command::CheckOut { left_at }
        } else {
            visit::Command::Serve {
                entry: EntryId::from_bytes(id(5, number)),
                service: "bed".to_owned(),
                quantity: 1,
                by: self.me,
                at: arrived_at,
            }
        };
        client.edit(visit, &Command::Visit(next)).expect("an edit");
    }

    fn check(&self, client: &mut Client, number: usize) {
        let reading = |nth: u8, item: Item, value: usize| Reading {
            entry: EntryId::from_bytes(id(10 + nth, number)),
            item,
            value: ReadingValue::Quantity {
                entered: value.to_string(),
                unit: item.unit().to_owned(),
                comparator: None,
            },
        };
        let driver_number = number % DRIVERS;
        let new = NewCheck {
            driver: driver(driver_number),
            station: self.station,
            visit: None,
            consent: DocumentId::from_bytes(id(4, driver_number)),
            by: self.me,
            taken_at: self.at(number),
            readings: vec![
                reading(0, Item::Systolic, 110 + number % 60),
                reading(1, Item::Diastolic, 70 + number % 30),
                reading(2, Item::Pulse, 60 + number % 40),
            ],
            advice: vec!["rest".to_owned()],
            note: None,
            replaces: None,
        };
        self.edit(client, number, &Command::Check(check::Command::Create(new)));
    }

    fn consent(&self, client: &mut Client, number: usize) {
        let purpose = if number < DRIVERS {
            Purpose::HealthRecord
        } else {
            Purpose::Visits
        };
        let command = consent::Command::Give {
            driver: driver(number % DRIVERS),
            station: self.station,
            purpose,
            given_at: self.at(0),
            witness: Some(self.me),
            share_with: None,
            until: None,
        };
        self.edit(client, number, &Command::Consent(command));
    }
}

/// A keeper's day: visitors, beds, who is still somewhere else.
#[divan::bench(sample_count = 100)]
fn today(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| tablet.client.today(tablet.station, tablet.day()),
        |shown| {
            shown
                .as_ref()
                .is_ok_and(|today| today.open > 0 && today.beds.given > 0)
        },
    );
}

/// The open visits of the station.
#[divan::bench(sample_count = 100)]
fn open_visits(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| {
            tablet.client.visits(&VisitFilter {
                station: Some(tablet.station),
                open: true,
                ..VisitFilter::default()
            })
        },
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// The first page of all visits.
#[divan::bench(sample_count = 100)]
fn latest_visits(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| {
            tablet.client.visits(&VisitFilter {
                limit: ROWS,
                ..VisitFilter::default()
            })
        },
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// The first page of all checks that stand.
#[divan::bench(sample_count = 100)]
fn latest_checks(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| {
            tablet.client.checks(&CheckFilter {
                latest: true,
                limit: ROWS,
                ..CheckFilter::default()
            })
        },
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// A driver's visits, checks, and the trend of every item.
#[divan::bench(sample_count = 100)]
fn history_of_a_driver(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| tablet.client.history(tablet.driver, 10),
        |shown| {
            shown
                .as_ref()
                .is_ok_and(|history| history.trends.len() == 3)
        },
    );
}

/// The trend of one item.
#[divan::bench(sample_count = 100)]
fn trend_of_a_driver(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| tablet.client.trend(tablet.driver, Item::Systolic, 20),
        |shown| shown.as_ref().is_ok_and(Option::is_some),
    );
}

/// A driver at the counter.
#[divan::bench(sample_count = 100)]
fn card_of_a_driver(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| tablet.client.driver_card(tablet.driver, tablet.station),
        |shown| shown.as_ref().is_ok_and(|card| card.visits_here > 0),
    );
}

/// The first page of the station's consents.
#[divan::bench(sample_count = 100)]
fn latest_consents(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| {
            tablet.client.consents(&ConsentFilter {
                station: Some(tablet.station),
                limit: ROWS,
                ..ConsentFilter::default()
            })
        },
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// The directory.
#[divan::bench(sample_count = 100)]
fn directory(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| tablet.client.stations(),
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// Part of a plate, which few have.
#[divan::bench(sample_count = 100)]
fn search_of_a_plate(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| tablet.client.search("鲁F00200", ROWS),
        |shown| shown.as_ref().is_ok_and(|hits| !hits.is_empty()),
    );
}

/// How the store is doing.
#[divan::bench(sample_count = 100)]
fn status(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| tablet.client.status(),
        |shown| shown.as_ref().is_ok_and(|status| status.documents > 0),
    );
}
