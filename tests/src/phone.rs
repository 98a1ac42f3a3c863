//! One phone: what its owner does with it, and what befalls it.
//!
//! Generic over the transport, so that the simulation and the demonstration over real sockets act
//! through the same hands. Every entry goes to the reference, together with what the phone showed
//! when it was made.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use yizhan_client_core::driver::{Driver, Session, Step};
use yizhan_client_core::engine::{Input, Outcome};
use yizhan_client_core::model::check::{NewCheck, Reading};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::visit::Source;
use yizhan_client_core::model::{Command, check, consent, station, visit};
use yizhan_client_core::store::{
    ConsentFilter, ConsentRow, EditError, Held, Status, Store, VisitFilter, VisitRow,
};
use yizhan_client_core::transport::{Transport, TransportError};
use yizhan_proto::identity::{PairRequest, RegisterRequest, Welcome};
use yizhan_proto::{
    ChangeHash, DeviceId, DocumentId, EntryId, PersonId, ProtocolVersion, Role, StationId,
    Timestamp,
};

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::pocket::{self, Pocket};
use crate::reference::{Entry, Reference};

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
    /// `None` while it is dead.
    alive: Option<Alive>,
}

/// What is lost when the phone dies: everything but its disk.
#[derive(Debug)]
struct Alive {
    store: Store,
    session: Session,
}

impl Alive {
    fn open(home: &Path, clock: &SimClock) -> Self {
        let store = Store::open(home, clock).expect("a store that closed opens again");
        let session = Session::new(&store, clock).expect("a session begins");
        Self { store, session }
    }
}

type Entered = Result<DocumentId, EditError>;

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
        let alive = Alive::open(&home, &clock);
        let device = alive.store.device().expect("a device").device;
        Self {
            name: name.to_owned(),
            home,
            clock,
            chance,
            transport: transport(device),
            reference,
            device,
            alive: Some(alive),
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
    /// If it is dead.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.store().device().expect("a device").person
    }

    /// Its own roles, as it knows them; a driver before pairing.
    ///
    /// # Panics
    /// If it is dead.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.store().author().expect("an author").roles
    }

    /// Its store.
    ///
    /// # Panics
    /// If it is dead.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.alive.as_ref().expect("the phone is on").store
    }

    /// Its store, to write.
    ///
    /// # Panics
    /// If it is dead.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.alive.as_mut().expect("the phone is on").store
    }

    /// How its store is doing.
    ///
    /// # Panics
    /// If it cannot say.
    #[must_use]
    pub fn status(&self) -> Status {
        self.store().status().expect("a status")
    }

    /// Changes of its own that the relay did not take.
    ///
    /// # Panics
    /// If it cannot say.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        self.store().held().expect("what is held")
    }

    /// What lies in its store.
    #[must_use]
    pub fn pocket(&self) -> Pocket {
        pocket::look_into(&self.home)
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
        self.alive = None;
        self.alive = Some(Alive::open(&self.home, &self.clock));
    }

    /// It is switched off, for a test to do something to its folder.
    pub fn switch_off(&mut self) {
        self.alive = None;
    }

    /// It is switched on again.
    pub fn switch_on(&mut self) {
        if self.alive.is_none() {
            self.alive = Some(Alive::open(&self.home, &self.clock));
        }
    }

    /// Presents a pairing code.
    ///
    /// # Errors
    /// As the relay answers.
    ///
    /// # Panics
    /// If the store fails.
    pub fn pair(&mut self, code: &str, relay_url: &str) -> Result<Welcome, TransportError> {
        let device = self.store().device().expect("a device");
        let mut request = PairRequest {
            version: ProtocolVersion::CURRENT,
            code: code.to_owned(),
            device: device.device,
            public_key: device.public_key.to_vec(),
            provisional: device.provisional,
            label: format!("{}的手机", self.name),
            signature: Vec::new(),
        };
        request.signature = self.sign(&request.signed_bytes());
        let welcome = self.transport.pair(&request)?;
        self.keep(&welcome, relay_url);
        Ok(welcome)
    }

    /// Registers with a station's standing code.
    ///
    /// # Errors
    /// As the relay answers.
    ///
    /// # Panics
    /// If the store fails.
    pub fn register(&mut self, code: &str, relay_url: &str) -> Result<Welcome, TransportError> {
        let device = self.store().device().expect("a device");
        let mut request = RegisterRequest {
            version: ProtocolVersion::CURRENT,
            station_code: code.to_owned(),
            device: device.device,
            public_key: device.public_key.to_vec(),
            person: device.provisional,
            name: self.name.clone(),
            label: format!("{}的手机", self.name),
            signature: Vec::new(),
        };
        request.signature = self.sign(&request.signed_bytes());
        let welcome = self.transport.register(&request)?;
        self.keep(&welcome, relay_url);
        Ok(welcome)
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.store().sign(bytes).expect("a signature").to_vec()
    }

    fn keep(&mut self, welcome: &Welcome, relay_url: &str) {
        let clock = Arc::clone(&self.clock);
        self.store_mut()
            .welcome(welcome, relay_url, &*clock)
            .expect("a welcome is kept");
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
        let alive = self.alive.as_mut().expect("the phone is on");
        Driver::new(
            &mut alive.store,
            &mut self.transport,
            &*self.clock,
            &mut alive.session,
        )
        .notify(Input::SyncWanted);
    }

    fn sync_steps(&mut self, effects: u32) -> Option<Outcome> {
        let alive = self.alive.as_mut().expect("the phone is on");
        let mut driver = Driver::new(
            &mut alive.store,
            &mut self.transport,
            &*self.clock,
            &mut alive.session,
        );
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
        self.store()
            .visits(filter, self.clock.reads())
            .expect("visits are listed")
    }

    /// Consents in its list.
    ///
    /// # Panics
    /// If the store fails.
    #[must_use]
    pub fn consents(&self, filter: &ConsentFilter) -> Vec<ConsentRow> {
        self.store()
            .consents(filter, self.clock.reads())
            .expect("consents are listed")
    }

    /// The driver's consent for health checks at a station, if the phone knows one in force.
    ///
    /// # Panics
    /// If the store fails.
    #[must_use]
    pub fn consent_for_checks(&self, driver: PersonId, station: StationId) -> Option<DocumentId> {
        self.store()
            .consent_in_force(driver, station, Purpose::HealthRecord, self.clock.reads())
            .expect("consents are found")
            .map(|row| row.id)
    }
}

/// What its owner enters.
impl<T: Transport> Phone<T> {
    /// A new id for an entry of a document.
    pub fn new_entry(&mut self) -> EntryId {
        let mut random = [0; 10];
        self.chance.fill(&mut random);
        EntryId::new_v7(self.unix_ms(), random)
    }

    fn new_document(&mut self) -> DocumentId {
        let mut random = [0; 10];
        self.chance.fill(&mut random);
        DocumentId::new_v7(self.unix_ms(), random)
    }

    fn unix_ms(&self) -> u64 {
        u64::try_from(self.now().as_ms()).unwrap_or(0)
    }

    fn now(&self) -> Timestamp {
        self.clock.reads()
    }

    /// Enters something. If the phone takes it, the reference hears of it.
    ///
    /// # Errors
    /// [`EditError`] as the phone gives it; nothing may be stored then.
    ///
    /// # Panics
    /// If something was stored all the same.
    pub fn enter(
        &mut self,
        document: DocumentId,
        command: Command,
    ) -> Result<ChangeHash, EditError> {
        let before = pocket::shown_changes(&self.home, document);
        let clock = Arc::clone(&self.clock);
        let entered = self.store_mut().edit(document, &command, &*clock);
        match entered {
            Ok(change) => {
                let entry = Entry {
                    device: self.device,
                    document,
                    command,
                    change,
                    before,
                };
                self.reference().entered(entry);
                Ok(change)
            }
            Err(error) => {
                let after = pocket::shown_changes(&self.home, document);
                assert_eq!(before, after, "{error}, and yet something was stored");
                Err(error)
            }
        }
    }

    fn edit_visit(&mut self, visit: DocumentId, command: visit::Command) -> Entered {
        self.enter(visit, Command::Visit(command)).map(|_| visit)
    }

    /// The owner arrives at a station.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn log_visit(&mut self, station: StationId) -> Entered {
        let (me, name) = (self.person(), self.name.clone());
        self.check_in(me, &name, station, Source::DriverApp)
    }

    /// A keeper notes the arrival of a driver.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn log_visit_of(&mut self, driver: PersonId, name: &str, station: StationId) -> Entered {
        self.check_in(driver, name, station, Source::Keeper)
    }

    fn check_in(
        &mut self,
        driver: PersonId,
        name: &str,
        station: StationId,
        source: Source,
    ) -> Entered {
        let document = self.new_document();
        let command = visit::Command::CheckIn {
            driver,
            driver_name: name.to_owned(),
            station,
            arrived_at: self.now(),
            source,
            vehicle_plate: Some("苏D·A1234".to_owned()),
            requested: vec![(self.new_entry(), "rest".to_owned())],
        };
        self.edit_visit(document, command)
    }

    /// The driver leaves.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn leave(&mut self, visit: DocumentId) -> Entered {
        let left_at = self.now();
        self.edit_visit(visit, visit::Command::CheckOut { left_at })
    }

    /// The driver asks for a service.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn ask_for(&mut self, visit: DocumentId, service: &str, quantity: u32) -> Entered {
        let command = visit::Command::Request {
            entry: self.new_entry(),
            service: service.to_owned(),
            quantity,
            by: self.person(),
            at: self.now(),
        };
        self.edit_visit(visit, command)
    }

    /// A keeper gives a service.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn serve(&mut self, visit: DocumentId, service: &str, quantity: u32) -> Entered {
        let command = visit::Command::Serve {
            entry: self.new_entry(),
            service: service.to_owned(),
            quantity,
            by: self.person(),
            at: self.now(),
        };
        self.edit_visit(visit, command)
    }

    /// The driver writes a note.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn note(&mut self, visit: DocumentId, text: &str) -> Entered {
        self.edit_visit(visit, visit::Command::SetNote(text.to_owned()))
    }

    /// A keeper writes a note.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn keeper_note(&mut self, visit: DocumentId, text: &str) -> Entered {
        self.edit_visit(visit, visit::Command::SetKeeperNote(text.to_owned()))
    }

    /// The driver gives stars.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn rate(&mut self, visit: DocumentId, stars: u8) -> Entered {
        self.edit_visit(visit, visit::Command::Rate(stars))
    }

    /// The owner consents to something at a station.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn give_consent(&mut self, station: StationId, purpose: Purpose) -> Entered {
        let me = self.person();
        self.consent(me, station, purpose, None)
    }

    /// A keeper witnesses a driver's consent.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn witness_consent(
        &mut self,
        driver: PersonId,
        station: StationId,
        purpose: Purpose,
    ) -> Entered {
        let me = self.person();
        self.consent(driver, station, purpose, (me != driver).then_some(me))
    }

    fn consent(
        &mut self,
        driver: PersonId,
        station: StationId,
        purpose: Purpose,
        witness: Option<PersonId>,
    ) -> Entered {
        let document = self.new_document();
        let command = consent::Command::Give {
            driver,
            station,
            purpose,
            given_at: self.now(),
            witness,
            share_with: None,
            until: None,
        };
        self.enter(document, Command::Consent(command))
            .map(|_| document)
    }

    /// A consent is withdrawn.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn withdraw(&mut self, consent: DocumentId) -> Entered {
        let withdrawn_at = self.now();
        self.enter(
            consent,
            Command::Consent(consent::Command::Withdraw { withdrawn_at }),
        )
        .map(|_| consent)
    }

    /// A keeper with the health role takes a check.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn take_check(
        &mut self,
        driver: PersonId,
        station: StationId,
        consent: DocumentId,
        readings: Vec<Reading>,
        advice: Vec<String>,
    ) -> Entered {
        let document = self.new_document();
        let new = NewCheck {
            driver,
            station,
            visit: None,
            consent,
            by: self.person(),
            taken_at: self.now(),
            readings,
            advice,
            note: None,
            replaces: None,
        };
        self.enter(document, Command::Check(check::Command::Create(new)))
            .map(|_| document)
    }

    /// A keeper says how many beds are free.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn set_beds_free(&mut self, station: StationId, beds: u32) -> Entered {
        self.edit_station(station, station::Command::SetBedsFree(beds))
    }

    /// A keeper pins up a notice.
    ///
    /// # Errors
    /// [`EditError`].
    pub fn set_notice(&mut self, station: StationId, notice: &str) -> Entered {
        self.edit_station(station, station::Command::SetNotice(notice.to_owned()))
    }

    fn edit_station(&mut self, station: StationId, command: station::Command) -> Entered {
        let document = DocumentId::from(station);
        self.enter(document, Command::Station(command))
            .map(|_| document)
    }
}
