//! Days going by: people work, phones come and go, nothing is reliable.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tempfile::TempDir;
use yizhan_client_core::engine::Outcome;
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_proto::{DeskKey, PersonId, RegionKey, Role, StationId};
use yizhan_tests::action::{Did, Places, act};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::{DAY_MS, HOUR_MS, SimClock, TrueTime};
use yizhan_tests::patchy::Patchy;
use yizhan_tests::phone::{Phone, SharedReference};
use yizhan_tests::reference::Reference;

use crate::Args;
use crate::network::Served;
use crate::people;
use crate::tally::Tally;

/// Moments of a day at which people do things.
const MOMENTS: u16 = 12;
/// Every so manieth phone belongs to somebody who has another.
const SECOND_PHONE_EVERY: usize = 5;
/// Of so many phones one belongs to a station's staff.
const STAFF_EVERY: usize = 3;
/// Every so manieth phone, from the sixth on, belongs to somebody who answers requests.
const SPECIALIST_EVERY: usize = 10;
const SPECIALIST_FROM: usize = 5;
/// One exchange in so many is cut.
const CUT_ONE_IN: u64 = 12;
/// Passes after which phones that still have something to say never end.
const PASSES_MAX: usize = 40;

/// One phone and who owns it.
pub(crate) struct Citizen {
    pub(crate) phone: Phone<Patchy<HttpTransport>>,
    pub(crate) person: PersonId,
    pub(crate) ids: BTreeSet<PersonId>,
    dead_zone: bool,
}

/// The world of the demonstration.
pub(crate) struct Life {
    pub(crate) chance: Chance,
    time: TrueTime,
    pub(crate) served: Served,
    pub(crate) citizens: Vec<Citizen>,
    pub(crate) reference: SharedReference,
    pub(crate) places: Places,
    /// The desks at the foot of the tree, each with its region.
    pub(crate) desks: Vec<(DeskKey, RegionKey)>,
    pub(crate) tally: Tally,
    bar: ProgressBar,
    /// Rounds that ended as no round should.
    pub(crate) stopped: Vec<String>,
    /// Last: phones and relay let go of their files before it goes.
    folder: TempDir,
}

impl Life {
    /// A relay, the network, and everybody's phones.
    pub(crate) fn begin(args: &Args) -> Self {
        let chance = Chance::new(args.seed);
        let time = TrueTime::new();
        let folder = TempDir::new().expect("a temporary folder");
        let clock = SimClock::new(time.clone(), chance.fork("relay"));
        let served = Served::start(&folder.path().join("relay"), clock);
        let reference: SharedReference = Arc::new(Mutex::new(Reference::default()));
        let mut life = Self {
            places: Places::default(),
            desks: Vec::new(),
            tally: Tally::default(),
            bar: progress_bar(args),
            stopped: Vec::new(),
            citizens: Vec::new(),
            chance,
            time,
            served,
            reference,
            folder,
        };
        life.open_stations();
        life.open_desks();
        life.hand_out_phones(usize::from(args.phones));
        life.everybody_syncs();
        life.announce_the_program();
        life
    }

    fn open_stations(&mut self) {
        let stations = self.served.import_network();
        let mut reference = self
            .reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for station in &stations {
            reference.imported(*station);
        }
        drop(reference);
        self.tally.stations = stations.len() as u64;
        self.places.stations = stations;
    }

    fn hand_out_phones(&mut self, phones: usize) {
        self.tally.phones = phones as u64;
        let mut names = self.chance.fork("names");
        for number in 0..phones {
            let stations = self.places.stations.len();
            if number % SPECIALIST_EVERY == SPECIALIST_FROM {
                self.appoint(&people::name(&mut names), number / SPECIALIST_EVERY);
                continue;
            }
            let station = self.places.stations[number % stations];
            if number % STAFF_EVERY == 1 {
                // Each station has somebody before any has two.
                let station = self.places.stations[number / STAFF_EVERY % stations];
                self.employ(&people::name(&mut names), station, number % 2 == 0);
            } else if number % SECOND_PHONE_EVERY == 3 {
                self.second_phone(number / 2);
            } else {
                self.register(&people::name(&mut names), station);
            }
        }
    }

    fn new_phone(&mut self, name: &str) -> Phone<Patchy<HttpTransport>> {
        let number = self.citizens.len();
        let chance = self.chance.fork(&format!("phone {number}"));
        let clock = SimClock::new(self.time.clone(), chance.fork("clock"));
        let transport = Patchy::new(
            HttpTransport::new(self.served.url().clone()),
            chance.fork("coverage"),
            CUT_ONE_IN,
        );
        Phone::new(
            name,
            self.folder.path().join(format!("phone-{number}")),
            clock,
            chance.fork("ids"),
            Arc::clone(&self.reference),
            |_| transport,
        )
    }

    /// A driver scans the QR at a station's counter; some have been writing before.
    fn register(&mut self, name: &str, station: StationId) {
        let mut phone = self.new_phone(name);
        if self.chance.one_in(4) {
            phone.log_visit(station).expect("a stranger may write");
        }
        let code = self.served.station_code(station);
        let identity = phone
            .register(self.served.url(), &code)
            .expect("a driver registers");
        self.tally.drivers += 1;
        self.places.drivers.push((identity.person, name.to_owned()));
        self.settle_in(phone, identity.person);
    }

    /// A keeper, with the health role or without, scans a pairing code.
    fn employ(&mut self, name: &str, station: StationId, medic: bool) {
        let mut roles = vec![Role::Keeper(station)];
        if medic {
            roles.push(Role::Health(station));
        }
        let (person, code) = self.served.add_person(name, roles);
        let mut phone = self.new_phone(name);
        phone
            .pair(self.served.url(), &code)
            .expect("a keeper pairs");
        self.tally.staff += 1;
        self.settle_in(phone, person);
    }

    /// A specialist of the desk of a region scans a pairing code. Desks that have somebody are
    /// those that drivers write to.
    fn appoint(&mut self, name: &str, number: usize) {
        let desk = self.desks[number % self.desks.len()].clone();
        if !self.places.program.desks.contains(&desk) {
            self.places.program.desks.push(desk.clone());
        }
        let (person, code) = self.served.add_person(name, vec![Role::Specialist(desk.0)]);
        let mut phone = self.new_phone(name);
        phone
            .pair(self.served.url(), &code)
            .expect("a specialist pairs");
        self.tally.staff += 1;
        self.settle_in(phone, person);
    }

    /// Somebody gets another phone.
    fn second_phone(&mut self, of: usize) {
        let person = self.citizens[of].person;
        let name = self.citizens[of].phone.name().to_owned();
        let code = self.served.pair_code(person);
        let mut phone = self.new_phone(&name);
        let provisional = phone.person();
        phone
            .pair(self.served.url(), &code)
            .expect("a second phone pairs");
        self.settle_in(phone, person);
        for citizen in &mut self.citizens {
            if citizen.person == person {
                citizen.ids.insert(provisional);
            }
        }
    }

    fn settle_in(&mut self, phone: Phone<Patchy<HttpTransport>>, person: PersonId) {
        self.citizens.push(Citizen {
            phone,
            person,
            ids: BTreeSet::from([person]),
            dead_zone: false,
        });
        let last = self.citizens.len() - 1;
        if self.chance.one_in(5) {
            self.upset_clock(last);
        }
    }

    /// Somebody sets a clock wrong, or right again.
    fn upset_clock(&mut self, citizen: usize) {
        let wrong_ms = *self.chance.pick(&[
            0,
            5 * 60_000,
            -2 * HOUR_MS,
            9 * HOUR_MS,
            -40 * DAY_MS,
            800 * DAY_MS,
        ]);
        self.citizens[citizen]
            .phone
            .clock()
            .set_wrong_by_ms(wrong_ms);
        self.tally.wrong_clocks += u64::from(wrong_ms != 0);
    }

    /// Lets days go by.
    pub(crate) fn go_by(&mut self, days: u16) {
        for day in 1..=days {
            self.bar.set_message(format!("day {day} of {days}"));
            for _ in 0..MOMENTS {
                self.time.pass_ms(DAY_MS / i64::from(MOMENTS));
                for citizen in 0..self.citizens.len() {
                    self.moment(citizen);
                }
                self.bar.inc(1);
            }
        }
    }

    fn moment(&mut self, number: usize) {
        if self.chance.one_in(60) {
            self.upset_clock(number);
        }
        let citizen = &mut self.citizens[number];
        if self.chance.one_in(4) {
            citizen.dead_zone = !citizen.dead_zone;
        }
        if self.chance.one_in(2) {
            let did = act(&mut citizen.phone, &self.places, &mut self.chance);
            self.tally.refused_at_tap += u64::from(matches!(did, Did::RefusedAtTap(_)));
        }
        if citizen.dead_zone || !self.chance.one_in(3) {
            return;
        }
        self.tally.syncs += 1;
        let outcome = if self.chance.one_in(10) {
            let effects = 1 + u32::try_from(self.chance.below(8)).unwrap_or(0);
            let outcome = citizen.phone.sync_and_die_after(effects);
            self.tally.deaths += u64::from(outcome.is_none());
            outcome
        } else {
            Some(citizen.phone.sync())
        };
        if let Some(Outcome::Stopped(stop)) = outcome {
            let name = citizen.phone.name();
            self.stopped.push(format!("{name}: stopped: {stop:?}"));
        }
    }

    /// Coverage for everybody, until nobody has anything to say; and the numbers.
    pub(crate) fn end(&mut self) -> Tally {
        self.bar.set_message("everybody syncs");
        for citizen in &mut self.citizens {
            citizen.phone.transport_mut().cut_one_in(0);
            citizen.phone.sync();
            citizen.phone.move_pieces();
        }
        let mut last = None;
        for _ in 0..PASSES_MAX {
            self.time.pass_ms(HOUR_MS);
            let mut unsent = 0;
            for citizen in &mut self.citizens {
                self.tally.syncs += 1;
                if !matches!(citizen.phone.sync(), Outcome::Synced { .. }) {
                    unsent += 1;
                }
                unsent += citizen.phone.status().unsent_changes;
            }
            self.served.settle_seats();
            let status = self.served.status();
            let now = (status.head, unsent);
            if last == Some(now) && unsent == 0 {
                break;
            }
            last = Some(now);
        }
        self.count();
        self.bar.finish_and_clear();
        self.tally.clone()
    }

    /// Everybody is online twice, and nothing is cut: what the last wrote has come to the first.
    pub(crate) fn everybody_syncs(&mut self) {
        for _ in 0..2 {
            for citizen in &mut self.citizens {
                citizen.phone.transport_mut().cut_one_in(0);
                citizen.phone.sync();
                citizen.phone.transport_mut().cut_one_in(CUT_ONE_IN);
            }
        }
    }

    fn count(&mut self) {
        let tally = &mut self.tally;
        tally.changes = self.served.status().changes;
        for citizen in &mut self.citizens {
            let passed = citizen.phone.transport_mut().passed();
            tally.bytes_up += passed.bytes_up;
            tally.bytes_down += passed.bytes_down;
            tally.syncs_cut += passed.cut;
            let status = citizen.phone.status();
            tally.refused += status.refused;
            tally.quarantined += status.quarantined;
        }
        crate::proof::count(self.citizens.as_slice(), &self.reference, tally);
        crate::program::count(self.served.data(), self.citizens.as_slice(), tally);
    }
}

fn progress_bar(args: &Args) -> ProgressBar {
    // Drawn on a terminal only.
    let target = ProgressDrawTarget::stderr();
    let steps = u64::from(args.days) * u64::from(MOMENTS);
    let bar = ProgressBar::with_draw_target(Some(steps), target);
    let style = ProgressStyle::with_template("{msg:<16} {bar:40} {percent:>3} %  {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
