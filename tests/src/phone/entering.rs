//! What a phone's owner enters.

use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::check::{NewCheck, Reading, ReadingValue};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::visit::Source;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Command, check, consent, station, visit};
use yizhan_client_core::transport::Transport;
use yizhan_proto::{ChangeHash, DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::Phone;
use crate::reference::Entry;

type Entered = Result<DocumentId, ClientError>;

/// What its owner enters.
impl<T: Transport> Phone<T> {
    /// A new id for an entry of a document.
    pub fn new_entry(&mut self) -> EntryId {
        let mut random = [0; 10];
        self.chance.fill(&mut random);
        EntryId::new_v7(self.unix_ms(), random)
    }

    /// A new id for a document.
    pub fn new_document(&mut self) -> DocumentId {
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

    /// A keeper scans a driver's check-in code on arrival.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn log_visit_by_code(&mut self, code: &str, station: StationId) -> Entered {
        let document = self.new_document();
        let command = visit::Command::CheckInByCode {
            code: code.to_owned(),
            station,
            arrived_at: self.now(),
            vehicle_plate: None,
            requested: vec![(self.new_entry(), "meal".to_owned())],
        };
        self.edit_visit(document, command)
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

    /// The owner shares what they have at a station with another one, until a date.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn share(&mut self, station: StationId, with: StationId, for_ms: i64) -> Entered {
        let given_at = self.now();
        let document = self.new_document();
        let command = consent::Command::Give {
            driver: self.person(),
            station,
            purpose: Purpose::Share,
            given_at,
            witness: None,
            share_with: Some(with),
            until: Some(given_at.saturating_add_ms(for_ms)),
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
