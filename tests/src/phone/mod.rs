//! One phone: what its owner does with it, and what befalls it.
//!
//! Generic over the transport, so that the simulation and the demonstration over real sockets act
//! through the same hands. Every entry goes to the reference, together with what the phone showed
//! when it was made.

mod entering;
mod papers;
mod program;
mod reads;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use yizhan_client_core::client::Client;
use yizhan_client_core::clock::Clock;
use yizhan_client_core::driver::Step;
use yizhan_client_core::engine::{Input, Outcome};
use yizhan_client_core::error::PairError;
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::store::{ConsentFilter, ConsentRow, Held, Status, VisitFilter, VisitRow};
use yizhan_client_core::transport::{RelayUrl, Transport};
use yizhan_proto::identity::Identity;
use yizhan_proto::{DeviceId, DocumentId, PersonId, Role, StationId};

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::pocket::{Eyes, Pocket};
use crate::reference::Reference;

/// The reference, shared by all phones of a world.
pub type SharedReference = Arc<Mutex<Reference>>;

/// A phone and its owner.
#[derive(Debug)]
pub struct Phone<T: Transport> {
    name: String,
    home: PathBuf,
    clock: Arc<SimClock>,
    chance: Chance,
    transport: T,
    reference: SharedReference,
    device: DeviceId,
    eyes: Eyes,
    /// `None` while it is off.
    client: Option<Client>,
}

fn open(home: &Path, clock: &Arc<SimClock>) -> Client {
    let clock: Arc<dyn Clock> = Arc::<SimClock>::clone(clock);
    Client::open(home, clock).expect("a store that closed opens again")
}

impl<T: Transport> Phone<T> {
    /// A new phone in a folder; `transport` makes its way to the relay from its device id.
    ///
    /// # Panics
    /// If the folder cannot be used.
    pub fn new(
        name: &str,
        home: PathBuf,
        clock: Arc<SimClock>,
        chance: Chance,
        reference: SharedReference,
        transport: impl FnOnce(DeviceId) -> T,
    ) -> Self {
        let client = open(&home, &clock);
        let device = client.device().expect("a device").device;
        Self {
            name: name.to_owned(),
            eyes: Eyes::on(&home),
            home,
            clock,
            chance,
            transport: transport(device),
            reference,
            device,
            client: Some(client),
        }
    }

    /// Its owner's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its device id.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Its folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// The person it acts for.
    ///
    /// # Panics
    /// If it is off.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.client().device().expect("a device").person
    }

    /// Its own roles, as it knows them; a driver before pairing.
    ///
    /// # Panics
    /// If it is off.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.client().author().expect("an author").roles
    }

    /// Its client.
    ///
    /// # Panics
    /// If it is off.
    #[must_use]
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("the phone is on")
    }

    /// Its client, to write.
    ///
    /// # Panics
    /// If it is off.
    pub fn client_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("the phone is on")
    }

    /// How its store is doing.
    ///
    /// # Panics
    /// If it cannot say.
    #[must_use]
    pub fn status(&self) -> Status {
        self.client().status().expect("a status")
    }

    /// Changes of its own that the relay did not take.
    ///
    /// # Panics
    /// If it cannot say.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        self.client().held().expect("what is held")
    }

    /// Its way to the relay.
    pub fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// What lies in its store.
    #[must_use]
    pub fn pocket(&self) -> Pocket {
        self.eyes.pocket()
    }

    fn reference(&self) -> MutexGuard<'_, Reference> {
        self.reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What befalls a phone.
impl<T: Transport> Phone<T> {
    /// It dies without farewell, and is switched on again.
    pub fn crash(&mut self) {
        self.switch_off();
        self.switch_on();
    }

    /// It is switched off, for a test to do something to its folder.
    pub fn switch_off(&mut self) {
        self.client = None;
    }

    /// It is switched on again.
    pub fn switch_on(&mut self) {
        if self.client.is_none() {
            self.client = Some(open(&self.home, &self.clock));
        }
    }

    /// Presents a pairing code.
    ///
    /// # Errors
    /// As the relay answers.
    ///
    /// # Panics
    /// If it is off.
    pub fn pair(&mut self, relay: &RelayUrl, code: &str) -> Result<Identity, PairError> {
        let label = format!("{}的手机", self.name);
        let client = self.client.as_mut().expect("the phone is on");
        client.pair(&mut self.transport, relay, code, &label)
    }

    /// Registers with a station's standing code.
    ///
    /// # Errors
    /// As the relay answers.
    ///
    /// # Panics
    /// If it is off.
    pub fn register(&mut self, relay: &RelayUrl, code: &str) -> Result<Identity, PairError> {
        let label = format!("{}的手机", self.name);
        let client = self.client.as_mut().expect("the phone is on");
        client.register(&mut self.transport, relay, code, &self.name, &label)
    }

    /// Syncs until the round ends, whatever its end.
    ///
    /// # Panics
    /// If the store fails, or the round does not end.
    pub fn sync(&mut self) -> Outcome {
        self.begin_sync();
        self.sync_steps(u32::MAX).expect("the round ends")
    }

    /// Begins to sync, dies after `effects` effects of the driver, and is switched on again.
    /// `None`: it died; else the round had ended before.
    ///
    /// # Panics
    /// If the store fails.
    pub fn sync_and_die_after(&mut self, effects: u32) -> Option<Outcome> {
        self.begin_sync();
        let outcome = self.sync_steps(effects);
        self.crash();
        outcome
    }

    fn begin_sync(&mut self) {
        let client = self.client.as_mut().expect("the phone is on");
        client.driver(&mut self.transport).notify(Input::SyncWanted);
    }

    fn sync_steps(&mut self, effects: u32) -> Option<Outcome> {
        let mut driver = self.client.as_mut()?.driver(&mut self.transport);
        for _ in 0..effects {
            match driver.step().expect("the store works") {
                Step::Finished(outcome) => return Some(outcome),
                Step::Idle => panic!("a round that does not end and has nothing to do"),
                Step::Planned | Step::Renewed | Step::Sent | Step::Applied => {}
            }
        }
        None
    }
}

/// What its owner sees.
impl<T: Transport> Phone<T> {
    /// Visits in its list.
    ///
    /// # Panics
    /// If the store fails.
    #[must_use]
    pub fn visits(&self, filter: &VisitFilter) -> Vec<VisitRow> {
        self.client().visits(filter).expect("visits are listed")
    }

    /// Consents in its list.
    ///
    /// # Panics
    /// If the store fails.
    #[must_use]
    pub fn consents(&self, filter: &ConsentFilter) -> Vec<ConsentRow> {
        self.client().consents(filter).expect("consents are listed")
    }

    /// The driver's consent for health checks at a station, if the phone knows one in force.
    ///
    /// # Panics
    /// If the store fails.
    #[must_use]
    pub fn consent_for_checks(&self, driver: PersonId, station: StationId) -> Option<DocumentId> {
        self.client()
            .consent_in_force(driver, station, Purpose::HealthRecord)
            .expect("consents are found")
            .map(|row| row.id)
    }
}
