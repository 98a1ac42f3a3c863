//! A whole world in one process: one relay, its people, their phones, their clocks, a network.
//!
//! Everything in it comes from one seed. A test that fails says which, and how to run it again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use yizhan_client_core::engine::Outcome;
use yizhan_client_core::transport::RelayUrl;
use yizhan_proto::{Epoch, PersonId, Role, StationId};
use yizhan_server::relay::{Relay, RelayOptions};

use crate::audit::audit;
use crate::chance::Chance;
use crate::clock::{DAY_MS, SECOND_MS, SimClock, TrueTime};
use crate::invariants::{self, Witness};
use crate::ledger::{self, Ledger};
use crate::net::{Mishap, Net};
use crate::network;
use crate::phone::{Phone, SharedReference};
use crate::reference::{Person, Reference};
use crate::wire::SimTransport;

/// A phone of the simulation.
pub type SimPhone = Phone<SimTransport>;

/// Where the simulated relay says it is.
const RELAY_URL: &str = "http://127.0.0.1:8787";

/// Which phone; as [`World::driver`] and its like gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneNo(usize);

/// The world.
#[derive(Debug)]
pub struct World {
    seed: u64,
    chance: Chance,
    time: TrueTime,
    runtime: Arc<Runtime>,
    folder: TempDir,
    relay: Option<Relay>,
    relay_clock: Arc<SimClock>,
    /// How many relays there were: each in a folder of its own.
    relays: u32,
    net: Net,
    reference: SharedReference,
    stations: BTreeMap<String, StationId>,
    phones: Vec<SimPhone>,
    people: Vec<Owner>,
    /// Phones whose rights shrank: their files may name what they once held.
    once_held_more: BTreeSet<PhoneNo>,
}

/// Who owns a phone.
#[derive(Debug, Clone, Default)]
struct Owner {
    person: Option<PersonId>,
    ids: BTreeSet<PersonId>,
}

/// Passes over all phones after which a world that is not quiet never will be.
const PASSES_MAX: usize = 40;

impl World {
    /// A world with a relay and the real network's stations, and nobody in it yet.
    ///
    /// # Panics
    /// If this machine gives no folder or the relay does not start.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let chance = Chance::new(seed);
        let time = TrueTime::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let runtime = Arc::new(runtime);
        let mut world = Self {
            seed,
            relay_clock: SimClock::new(time.clone(), chance.fork("relay")),
            net: Net::new(Arc::clone(&runtime), chance.fork("net")),
            chance,
            time,
            runtime,
            folder: folder(),
            relay: None,
            relays: 0,
            reference: Arc::new(Mutex::new(Reference::default())),
            stations: BTreeMap::new(),
            phones: Vec::new(),
            people: Vec::new(),
            once_held_more: BTreeSet::new(),
        };
        world.start_relay();
        world.import_network();
        world
    }

    fn import_network(&mut self) {
        let relay = self.relay().clone();
        let imported = self
            .runtime
            .block_on(relay.import_stations(network::stations()))
            .expect("the network is imported");
        let mut reference = self
            .reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for station in imported {
            reference.imported(station.id);
            self.stations.insert(station.key, station.id);
        }
    }

    /// The relay.
    ///
    /// # Panics
    /// If it is down.
    #[must_use]
    pub fn relay(&self) -> &Relay {
        self.relay.as_ref().expect("the relay is up")
    }

    /// What the relay's calls run on.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The relay's clock.
    #[must_use]
    pub fn relay_clock(&self) -> &SimClock {
        &self.relay_clock
    }

    /// Carries a call of the relay to its end.
    pub fn run<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// The network.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// A stream of chance of the world's seed.
    #[must_use]
    pub fn chance(&self, name: &str) -> Chance {
        self.chance.fork(name)
    }

    /// What people entered.
    ///
    /// # Panics
    /// If a phone panicked while it told.
    pub fn reference(&self) -> std::sync::MutexGuard<'_, Reference> {
        self.reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A station by its key.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn station(&self, key: &str) -> StationId {
        *self
            .stations
            .get(key)
            .unwrap_or_else(|| panic!("no station {key}"))
    }

    /// All stations.
    #[must_use]
    pub fn stations(&self) -> Vec<StationId> {
        self.stations.values().copied().collect()
    }

    /// All phones.
    #[must_use]
    pub fn phone_numbers(&self) -> Vec<PhoneNo> {
        (0..self.phones.len()).map(PhoneNo).collect()
    }

    /// A phone.
    pub fn phone(&mut self, phone: PhoneNo) -> &mut SimPhone {
        &mut self.phones[phone.0]
    }

    /// The person a phone acts for.
    #[must_use]
    pub fn person(&self, phone: PhoneNo) -> PersonId {
        self.phones[phone.0].person()
    }

    /// The true time.
    #[must_use]
    pub fn time(&self) -> &TrueTime {
        &self.time
    }

    /// Lets time go by.
    pub fn wait_ms(&self, ms: i64) {
        self.time.pass_ms(ms);
    }
}

/// People and phones.
impl World {
    /// A phone that never was online.
    pub fn stranger(&mut self, name: &str) -> PhoneNo {
        let number = self.phones.len();
        let chance = self.chance.fork(&format!("phone {number}"));
        let home = self.folder.path().join(format!("phone-{number}"));
        let net = self.net.clone();
        let phone = Phone::new(
            name,
            home,
            SimClock::new(self.time.clone(), chance.fork("clock")),
            chance.fork("ids"),
            Arc::clone(&self.reference),
            |device| SimTransport::new(net, device),
        );
        self.people.push(Owner {
            person: None,
            ids: BTreeSet::from([phone.person()]),
        });
        self.phones.push(phone);
        PhoneNo(number)
    }

    /// A driver with a phone, registered at the first station's counter.
    pub fn driver(&mut self, name: &str) -> PhoneNo {
        let phone = self.stranger(name);
        self.register(phone);
        phone
    }

    /// The phone's owner registers with a station's standing code.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn register(&mut self, phone: PhoneNo) {
        let station = self.stations()[0];
        let code = self
            .run(self.relay().station_code(station))
            .expect("a standing code");
        let identity = self.phones[phone.0]
            .register(&relay_url(), &code)
            .expect("registered");
        self.people[phone.0].person = Some(identity.person);
        self.people[phone.0].ids.insert(identity.person);
    }

    /// A keeper of a station, without the health role, with a paired phone.
    pub fn keeper(&mut self, name: &str, station: &str) -> PhoneNo {
        let role = Role::Keeper(self.station(station));
        self.worker(name, vec![role])
    }

    /// A keeper of a station who also takes health checks.
    pub fn medic(&mut self, name: &str, station: &str) -> PhoneNo {
        let station = self.station(station);
        self.worker(name, vec![Role::Keeper(station), Role::Health(station)])
    }

    /// Somebody with roles, with a paired phone.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn worker(&mut self, name: &str, roles: Vec<Role>) -> PhoneNo {
        let person = self
            .run(self.relay().add_person(name, roles))
            .expect("a person is added");
        let phone = self.stranger(name);
        self.pair(phone, person.id);
        phone
    }

    /// Another phone of the same person.
    ///
    /// # Panics
    /// If that phone was never paired.
    pub fn second_phone_of(&mut self, phone: PhoneNo) -> PhoneNo {
        let person = self.people[phone.0].person.expect("a paired phone");
        let name = self.phones[phone.0].name().to_owned();
        let second = self.stranger(&name);
        self.pair(second, person);
        second
    }

    /// Pairs a phone with a person by a one-time code.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn pair(&mut self, phone: PhoneNo, person: PersonId) {
        let day_ms = DAY_MS.unsigned_abs();
        let code = self
            .run(self.relay().create_pair_code(person, day_ms))
            .expect("a code");
        self.phones[phone.0]
            .pair(&relay_url(), &code.code)
            .expect("paired");
        self.people[phone.0].person = Some(person);
        self.people[phone.0].ids.insert(person);
        self.share_ids(person);
    }

    /// All phones of a person know all of the person's ids.
    fn share_ids(&mut self, person: PersonId) {
        let own = |owner: &&Owner| owner.person == Some(person);
        let ids: BTreeSet<PersonId> = self
            .people
            .iter()
            .filter(own)
            .flat_map(|owner| owner.ids.clone())
            .collect();
        for owner in &mut self.people {
            if owner.person == Some(person) {
                owner.ids.clone_from(&ids);
            }
        }
    }

    /// A role is taken from the phone's owner.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn take_role(&mut self, phone: PhoneNo, role: Role) {
        let person = self.people[phone.0].person.expect("a paired phone");
        self.run(self.relay().remove_role(person, role))
            .expect("the role is taken away");
        for (number, owner) in self.people.iter().enumerate() {
            if owner.person == Some(person) {
                self.once_held_more.insert(PhoneNo(number));
            }
        }
    }

    /// A role is given to the phone's owner.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn give_role(&mut self, phone: PhoneNo, role: Role) {
        let person = self.people[phone.0].person.expect("a paired phone");
        self.run(self.relay().add_role(person, role))
            .expect("the role is given");
    }
}

/// What befalls the world.
impl World {
    fn relay_folder(&self) -> PathBuf {
        self.folder.path().join(format!("relay-{}", self.relays))
    }

    /// Starts the relay on its folder.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_relay(&mut self) {
        let folder = self.relay_folder();
        std::fs::create_dir_all(&folder).expect("a folder");
        let clock: Arc<SimClock> = Arc::clone(&self.relay_clock);
        let relay = Relay::open(&folder, clock, &RelayOptions::default()).expect("the relay opens");
        self.net.connect(Some(relay.clone()));
        self.relay = Some(relay);
    }

    /// Stops the relay.
    pub fn stop_relay(&mut self) {
        self.net.connect(None);
        if let Some(relay) = self.relay.take() {
            relay.shutdown();
        }
    }

    /// Copies the stopped relay's folder, as a backup does.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn back_up_relay(&mut self) -> PathBuf {
        self.stop_relay();
        let backup = self.folder.path().join(format!("backup-{}", self.relays));
        copy_folder(&self.relay_folder(), &backup);
        self.start_relay();
        backup
    }

    /// The relay is lost, and comes back from a backup, in a lineage of its own.
    ///
    /// # Panics
    /// If it does not.
    pub fn restore_relay(&mut self, backup: &Path) {
        self.stop_relay();
        self.relays += 1;
        copy_folder(backup, &self.relay_folder());
        let mut epoch = [0; 8];
        self.chance
            .fork(&format!("epoch {}", self.relays))
            .fill(&mut epoch);
        ledger::begin_epoch(&self.relay_folder(), Epoch::from_bytes(epoch));
        self.start_relay();
        self.net.forget_old_requests();
    }

    /// What the relay accepted so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::read(&self.relay_folder())
    }

    /// The phone leaves coverage.
    pub fn go_offline(&mut self, phone: PhoneNo) {
        self.net.set_offline(self.phones[phone.0].device(), true);
    }

    /// The phone is back in coverage.
    pub fn come_online(&mut self, phone: PhoneNo) {
        self.net.set_offline(self.phones[phone.0].device(), false);
    }

    /// The phone's next exchange is cut after the relay committed.
    pub fn cut(&mut self, phone: PhoneNo) {
        self.order(phone, &[Mishap::ResponseCut]);
    }

    /// What happens to the phone's next exchanges.
    pub fn order(&mut self, phone: PhoneNo, mishaps: &[Mishap]) {
        let device = self.phones[phone.0].device();
        self.net.order(device, mishaps.iter().copied());
    }

    /// The phone syncs.
    pub fn sync(&mut self, phone: PhoneNo) -> Outcome {
        self.time.pass_ms(SECOND_MS);
        self.phones[phone.0].sync()
    }

    /// The phone dies without farewell and is switched on again.
    pub fn crash(&mut self, phone: PhoneNo) {
        self.phones[phone.0].crash();
    }

    /// Everybody comes into coverage, nothing goes wrong any more, and all sync until nothing moves.
    ///
    /// # Panics
    /// If that never comes.
    pub fn run_until_quiet(&mut self) {
        self.net.heal();
        let mut last = None;
        for _ in 0..PASSES_MAX {
            for phone in self.phone_numbers() {
                if self.people[phone.0].person.is_none() {
                    continue;
                }
                match self.sync(phone) {
                    Outcome::Synced { .. } => {}
                    other => panic!("{}: {other:?}", self.phones[phone.0].name()),
                }
            }
            let now = (self.relay_head(), self.unsent());
            if last == Some(now) && now.1 == 0 {
                return;
            }
            last = Some(now);
        }
        panic!("not quiet after {PASSES_MAX} passes: {last:?}");
    }

    fn relay_head(&self) -> u64 {
        let status = self.run(self.relay().status()).expect("a status");
        status.head.get()
    }

    fn unsent(&self) -> u64 {
        self.phones
            .iter()
            .zip(&self.people)
            .filter(|(_, owner)| owner.person.is_some())
            .map(|(phone, _)| phone.status().unsent_changes)
            .sum()
    }
}

/// The proof.
impl World {
    /// Runs until all is quiet, and checks everything that must be true then.
    ///
    /// # Panics
    /// With all that is wrong.
    pub fn settle(&mut self) {
        self.run_until_quiet();
        let wrong = self.wrong();
        assert!(
            wrong.is_empty(),
            "all is quiet, and wrong:\n  {}",
            wrong.join("\n  ")
        );
    }

    /// All that is wrong, in words.
    ///
    /// # Panics
    /// If a phone or the relay cannot be looked into.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let ledger = self.ledger();
        let witnesses: Vec<Witness<'_>> = self
            .phone_numbers()
            .into_iter()
            .filter(|phone| self.people[phone.0].person.is_some())
            .map(|phone| self.witness(phone))
            .collect();
        invariants::check(&self.reference(), &ledger, &witnesses)
    }

    fn witness(&self, number: PhoneNo) -> Witness<'_> {
        let phone = &self.phones[number.0];
        let owner = &self.people[number.0];
        let person = owner.person.expect("a paired phone");
        let known = self.relay().person(person).expect("a known person");
        let person = Person {
            ids: owner.ids.clone(),
            roles: known.roles.into_iter().collect(),
        };
        let audit = audit(&self.runtime, self.relay(), phone.device(), 0);
        Witness::of(phone, person, audit, !self.once_held_more.contains(&number))
    }
}

/// A folder in memory, if there is such a place: phones here die like processes, not like disks.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    };
    made.or_else(|_| TempDir::new()).expect("a folder")
}

fn relay_url() -> RelayUrl {
    RELAY_URL.parse().expect("an address")
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a file is copied");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.seed;
            eprintln!(
                "seed {seed}; again: YIZHAN_SIM_SEED={seed} cargo test -p yizhan-tests --test sim"
            );
        }
        self.phones.clear();
        self.stop_relay();
    }
}
