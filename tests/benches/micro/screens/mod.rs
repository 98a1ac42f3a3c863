//! What each screen costs on a station's tablet that holds 20,000 documents: one indexed query or
//! a few, each to stay under 5 ms.
//!
//! The documents are made by real edits and acknowledged by a relay, once a run.

mod filling;

use core::ops::Range;
use std::sync::{Mutex, PoisonError};

use divan::Bencher;
use yizhan_client_core::client::Client;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::store::{
    ActivityFilter, CheckFilter, ConsentFilter, EnrolmentFilter, NoticeFilter, TicketFilter,
    VisitFilter,
};
use yizhan_proto::{DocumentId, PersonId, Role, StationId, Timestamp};
use yizhan_server::relay::{NewDesk, Quotas};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::SimClock;
use yizhan_tests::world::World;

use self::filling::{DAY_MS, DOCUMENTS, Filling, desk, driver, region};

/// Documents that are made between two syncs.
const AT_ONCE: usize = 2_000;
/// Rows of a list on a screen.
const ROWS: u32 = 50;

const STATION: &str = "zy-xinglongsheng";

static TABLET: Mutex<Option<Tablet>> = Mutex::new(None);

/// A station's tablet, full.
struct Tablet {
    client: Client,
    station: StationId,
    /// A driver who was often there.
    driver: PersonId,
    /// Its owner.
    me: PersonId,
    /// An activity in which many enrolled.
    activity: DocumentId,
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
        // One keeper fills the tablet in a day.
        world.limit(Quotas {
            person_documents_per_day_max: DOCUMENTS as u64 * 2,
            ..Quotas::default()
        });
        let station = world.station(STATION);
        let desk = NewDesk {
            key: desk(),
            name: "服务台".to_owned(),
            region: region(),
            parent: None,
            station: Some(station),
            classes: Vec::new(),
        };
        world
            .run(world.relay().add_desk(desk.clone()))
            .expect("a desk");
        let roles = vec![
            Role::Keeper(station),
            Role::Health(station),
            Role::Specialist(desk.key),
        ];
        let phone = world.worker("王站长", roles);
        world.sync(phone);
        let me = world.person(phone);
        let now = world.phone(phone).client().clock().now();
        let mut filling = Filling::of(station, me, now);
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
            me,
            activity: filling.activities[0],
            _world: world,
        }
    }

    fn day(&self) -> Range<Timestamp> {
        let now = self.client.clock().now();
        now.saturating_add_ms(-DAY_MS / 2)..now.saturating_add_ms(DAY_MS / 2)
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
        |tablet| tablet.client.search("鲁F10000", ROWS),
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

/// What takes place, the next first.
#[divan::bench(sample_count = 100)]
fn activities(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| {
            tablet.client.activities(&ActivityFilter {
                limit: ROWS,
                ..ActivityFilter::default()
            })
        },
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// Who asked for a seat in an activity.
#[divan::bench(sample_count = 100)]
fn roster_of_an_activity(bencher: Bencher<'_, '_>) {
    enrolments(bencher, |tablet| EnrolmentFilter {
        activity: Some(tablet.activity),
        ..EnrolmentFilter::default()
    });
}

/// A driver's enrolments.
#[divan::bench(sample_count = 100)]
fn enrolments_of_a_driver(bencher: Bencher<'_, '_>) {
    enrolments(bencher, |tablet| EnrolmentFilter {
        driver: Some(tablet.driver),
        ..EnrolmentFilter::default()
    });
}

fn enrolments(bencher: Bencher<'_, '_>, filter: impl Fn(&Tablet) -> EnrolmentFilter) {
    measure(
        bencher,
        |tablet| tablet.client.enrolments(&filter(tablet)),
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// The desk's requests, those due first.
#[divan::bench(sample_count = 100)]
fn tickets_of_the_desk(bencher: Bencher<'_, '_>) {
    tickets(bencher, |_| TicketFilter {
        desk: Some(desk()),
        open: true,
        limit: ROWS,
        ..TicketFilter::default()
    });
}

/// What is assigned to the owner, what is due first.
#[divan::bench(sample_count = 100)]
fn tickets_assigned_to_me(bencher: Bencher<'_, '_>) {
    tickets(bencher, |tablet| TicketFilter {
        assigned: Some(tablet.me),
        open: true,
        limit: ROWS,
        ..TicketFilter::default()
    });
}

/// A driver's requests.
#[divan::bench(sample_count = 100)]
fn tickets_of_a_driver(bencher: Bencher<'_, '_>) {
    tickets(bencher, |tablet| TicketFilter {
        driver: Some(tablet.driver),
        limit: ROWS,
        ..TicketFilter::default()
    });
}

fn tickets(bencher: Bencher<'_, '_>, filter: impl Fn(&Tablet) -> TicketFilter) {
    measure(
        bencher,
        |tablet| tablet.client.tickets(&filter(tablet)),
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}

/// News in force.
#[divan::bench(sample_count = 100)]
fn notices_in_force(bencher: Bencher<'_, '_>) {
    measure(
        bencher,
        |tablet| {
            tablet.client.notices(&NoticeFilter {
                in_force: true,
                limit: ROWS,
                ..NoticeFilter::default()
            })
        },
        |shown| shown.as_ref().is_ok_and(|rows| !rows.is_empty()),
    );
}
