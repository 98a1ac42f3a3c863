//! One phone: what its owner does with it, and what befalls it.
//!
//! Generic over the transport, so that the simulation and the demonstration over real sockets act
//! through the same hands. Every entry goes to the reference, together with what the phone showed
//! when it was made.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use yizhan_client_core::client::Client;
use yizhan_client_core::clock::Clock;
use yizhan_client_core::driver::Step;
use yizhan_client_core::engine::{Input, Outcome};
use yizhan_client_core::error::{ClientError, PairError};
use yizhan_client_core::model::check::{NewCheck, Reading, ReadingValue};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::visit::Source;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Command, check, consent, station, visit};
use yizhan_client_core::store::{ConsentFilter, ConsentRow, Held, Status, VisitFilter, VisitRow};
use yizhan_client_core::transport::{RelayUrl, Transport};
use yizhan_proto::identity::Identity;
use yizhan_proto::{
    ChangeHash, DeviceId, DocumentId, EntryId, PersonId, Role, StationId, Timestamp,
};

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::pocket::{Eyes, Pocket};
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
    eyes: Eyes,
    /// `None` while it is off.
    client: Option<Client>,
}

fn open(home: &Path, clock: &Arc<SimClock>) -> Client {
    let clock: Arc<dyn Clock> = Arc::<SimClock>::clone(clock);
    Client::open(home, clock).expect("a store that closed opens again")
}

type Entered = Result<DocumentId, ClientError>;

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
        let client = self.client.as_mut().expect("the phone is on");
        let mut driver = client.driver(&mut self.transport);
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
    /// [`ClientError`] as the phone gives it; nothing may be stored then.
    ///
    /// # Panics
    /// If something was stored all the same.
    pub fn enter(
        &mut self,
        document: DocumentId,
        command: Command,
    ) -> Result<ChangeHash, ClientError> {
        let before = self.eyes.shown_changes(document);
        let entered = self.client_mut().edit(document, &command);
        match entered {
            Ok(change) => {
                let entry = Entry {
                    device: self.device,
                    document,
                    command,
                    change,
                    before,
                    discarded: false,
                };
                self.reference().entered(entry);
                Ok(change)
            }
            Err(error) => {
                let after = self.eyes.shown_changes(document);
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
    /// [`ClientError`].
    pub fn log_visit(&mut self, station: StationId) -> Entered {
        let (me, name) = (self.person(), self.name.clone());
        self.check_in(me, &name, station, Source::DriverApp)
    }

    /// A keeper notes the arrival of a driver.
    ///
    /// # Errors
    /// [`ClientError`].
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
    /// [`ClientError`].
    pub fn leave(&mut self, visit: DocumentId) -> Entered {
        let left_at = self.now();
        self.edit_visit(visit, visit::Command::CheckOut { left_at })
    }

    /// The driver asks for a service.
    ///
    /// # Errors
    /// [`ClientError`].
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
    /// [`ClientError`].
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
    /// [`ClientError`].
    pub fn note(&mut self, visit: DocumentId, text: &str) -> Entered {
        self.edit_visit(visit, visit::Command::SetNote(text.to_owned()))
    }

    /// A keeper writes a note.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn keeper_note(&mut self, visit: DocumentId, text: &str) -> Entered {
        self.edit_visit(visit, visit::Command::SetKeeperNote(text.to_owned()))
    }

    /// The driver gives stars.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn rate(&mut self, visit: DocumentId, stars: u8) -> Entered {
        self.edit_visit(visit, visit::Command::Rate(stars))
    }

    /// The owner consents to something at a station.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn give_consent(&mut self, station: StationId, purpose: Purpose) -> Entered {
        let me = self.person();
        self.consent(me, station, purpose, None)
    }

    /// A keeper witnesses a driver's consent.
    ///
    /// # Errors
    /// [`ClientError`].
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
    /// [`ClientError`].
    pub fn withdraw(&mut self, consent: DocumentId) -> Entered {
        let withdrawn_at = self.now();
        self.enter(
            consent,
            Command::Consent(consent::Command::Withdraw { withdrawn_at }),
        )
        .map(|_| consent)
    }

    /// Readings that say nothing alarming.
    pub fn ordinary_readings(&mut self) -> Vec<Reading> {
        [(Item::Systolic, "126"), (Item::Diastolic, "82")]
            .into_iter()
            .map(|(item, entered)| Reading {
                entry: self.new_entry(),
                item,
                value: ReadingValue::Quantity {
                    entered: entered.to_owned(),
                    unit: "mm[Hg]".to_owned(),
                    comparator: None,
                },
            })
            .collect()
    }

    /// A keeper with the health role takes a check.
    ///
    /// # Errors
    /// [`ClientError`].
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
    /// [`ClientError`].
    pub fn set_beds_free(&mut self, station: StationId, beds: u32) -> Entered {
        self.edit_station(station, station::Command::SetBedsFree(beds))
    }

    /// A keeper pins up a notice.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn set_notice(&mut self, station: StationId, notice: &str) -> Entered {
        self.edit_station(station, station::Command::SetNotice(notice.to_owned()))
    }

    fn edit_station(&mut self, station: StationId, command: station::Command) -> Entered {
        let document = DocumentId::from(station);
        self.enter(document, Command::Station(command))
            .map(|_| document)
    }
}
