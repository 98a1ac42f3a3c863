//! A whole world in one process: one relay, its people, their phones, their clocks, a network.
//!
//! Everything in it comes from one seed. A test that fails says which, and how to run it again.

mod access;
mod aging;
mod desks;
mod erasing;
mod fate;
mod people;
mod proof;
mod seats;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use yizhan_proto::{PersonId, StationId, Timestamp};
use yizhan_server::relay::{Periods, Quotas, Relay};

use crate::chance::Chance;
use crate::clock::{SimClock, TrueTime};
use crate::ledger::Ledger;
use crate::net::Net;
use crate::network;
use crate::phone::{Phone, SharedReference};
use crate::reference::Reference;
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
    backups: u32,
    net: Net,
    reference: SharedReference,
    stations: BTreeMap<String, StationId>,
    phones: Vec<SimPhone>,
    people: Vec<Owner>,
    /// Whether a test did something to a store that only a repair makes good.
    tampered: bool,
    /// Whether anything was ever erased here.
    erasing: bool,
    /// How long documents stay; at first, for ever.
    periods: Periods,
    /// How much people may begin and leave waiting.
    quotas: Quotas,
    /// When the relay last let go what grew old.
    aged_at: Option<Timestamp>,
    /// Whether seats are looked at after every sync.
    seats_watched: bool,
    /// What the relay had accepted when all was last proven, and which relay that was.
    settled: Option<(u32, Ledger)>,
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
            backups: 0,
            reference: Arc::new(Mutex::new(Reference::default())),
            stations: BTreeMap::new(),
            phones: Vec::new(),
            people: Vec::new(),
            tampered: false,
            erasing: false,
            periods: Periods::off(),
            quotas: Quotas::default(),
            aged_at: None,
            seats_watched: false,
            settled: None,
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
    pub fn reference(&self) -> MutexGuard<'_, Reference> {
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

    /// Says that a test did something to a store that only a repair makes good.
    pub fn expect_repairs(&mut self) {
        self.tampered = true;
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
