//! What people do, by name. Each call is one change in one commit.

mod activities;
mod enrolments;
mod tickets;

use yizhan_proto::{ChangeHash, DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::Client;
use crate::clock::{Clock, NoRandomness};
use crate::engine::Input;
use crate::error::ClientError;
use crate::model::check::{self, NewCheck, ReadingValue};
use crate::model::consent::{self, Purpose};
use crate::model::visit::{self, Source};
use crate::model::vitals::Item;
use crate::model::{Command, Refusal, RefusalCode};

pub use activities::{ActivityEntry, ActivityUpdate, NoticeEntry};
pub use enrolments::{EnrolEntry, QuizSheet, ScanEntry, Scanned};
pub use tickets::TicketEntry;

/// An arrival to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitStart {
    /// Where.
    pub station: StationId,
    /// Another driver than this device's person (recorded by a keeper), and the name to show.
    pub driver: Option<(PersonId, String)>,
    /// The own name to show, if the relay has not given one.
    pub own_name: Option<String>,
    /// When; `None`: this moment.
    pub arrived_at: Option<Timestamp>,
    /// Plate of the vehicle.
    pub vehicle_plate: Option<String>,
    /// Service codes asked for.
    pub requested: Vec<String>,
}

/// A consent to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentEntry {
    /// To whom.
    pub station: StationId,
    /// What for.
    pub purpose: Purpose,
    /// Another driver than this device's person: the person of this device is the witness.
    pub driver: Option<PersonId>,
    /// The station to share with.
    pub share_with: Option<StationId>,
    /// In force until.
    pub until: Option<Timestamp>,
}

/// A health check to record.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckEntry {
    /// Of whom.
    pub driver: PersonId,
    /// Where.
    pub station: StationId,
    /// During which visit.
    pub visit: Option<DocumentId>,
    /// When; `None`: this moment.
    pub taken_at: Option<Timestamp>,
    /// What was measured.
    pub readings: Vec<(Item, ReadingValue)>,
    /// Codes of [`check::ADVICE`].
    pub advice: Vec<String>,
    /// Advice in words.
    pub note: Option<String>,
    /// The check this one corrects, and why.
    pub replaces: Option<(DocumentId, String)>,
}

impl Client {
    /// A new id for a document, of this moment.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new_document_id(&self) -> Result<DocumentId, NoRandomness> {
        let (unix_ms, random) = id_parts(&*self.clock)?;
        Ok(DocumentId::new_v7(unix_ms, random))
    }

    /// A new id for an entry of a document, of this moment.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new_entry_id(&self) -> Result<EntryId, NoRandomness> {
        let (unix_ms, random) = id_parts(&*self.clock)?;
        Ok(EntryId::new_v7(unix_ms, random))
    }

    /// Carries out one edit. A command that makes a document is given a new id.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the reason, [`ClientError::NotFound`],
    /// [`ClientError::Store`]; nothing was stored then.
    pub fn edit(
        &mut self,
        document: DocumentId,
        command: &Command,
    ) -> Result<ChangeHash, ClientError> {
        let change = self.store.edit(document, command, &*self.clock)?;
        self.written();
        Ok(change)
    }

    /// Records an arrival.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn start_visit(&mut self, start: VisitStart) -> Result<DocumentId, ClientError> {
        let source = match &start.driver {
            Some((person, _)) if !self.store.author()?.is(*person) => Source::Keeper,
            Some(_) | None => Source::DriverApp,
        };
        let (driver, driver_name) = self.driver_of(start.driver, start.own_name)?;
        let mut requested = Vec::with_capacity(start.requested.len());
        for service in start.requested {
            requested.push((self.new_entry_id()?, service));
        }
        let id = self.new_document_id()?;
        let command = visit::Command::CheckIn {
            driver,
            driver_name,
            station: start.station,
            arrived_at: start.arrived_at.unwrap_or_else(|| self.clock.now()),
            source,
            vehicle_plate: start.vehicle_plate,
            requested,
        };
        self.edit(id, &Command::Visit(command))?;
        Ok(id)
    }

    /// The driver whom an entry is about, and the name to show: the one given, or this device's
    /// person.
    fn driver_of(
        &self,
        driver: Option<(PersonId, String)>,
        own_name: Option<String>,
    ) -> Result<(PersonId, String), ClientError> {
        let device = self.store.device()?;
        Ok(driver.unwrap_or_else(|| {
            let known = device.identity.map(|identity| identity.name);
            (device.person, own_name.or(known).unwrap_or_default())
        }))
    }

    /// Records a departure; `None`: this moment.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn end_visit(
        &mut self,
        visit: DocumentId,
        left_at: Option<Timestamp>,
    ) -> Result<ChangeHash, ClientError> {
        let left_at = left_at.unwrap_or_else(|| self.clock.now());
        self.edit(visit, &Command::Visit(visit::Command::CheckOut { left_at }))
    }

    /// Asks for a service during a visit (the driver).
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn request(
        &mut self,
        visit: DocumentId,
        service: &str,
        quantity: u32,
    ) -> Result<EntryId, ClientError> {
        let service = service.to_owned();
        self.enter(visit, |entry, by, at| visit::Command::Request {
            entry,
            service,
            quantity,
            by,
            at,
        })
    }

    /// Records a service given during a visit (a keeper).
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn serve(
        &mut self,
        visit: DocumentId,
        service: &str,
        quantity: u32,
    ) -> Result<EntryId, ClientError> {
        let service = service.to_owned();
        self.enter(visit, |entry, by, at| visit::Command::Serve {
            entry,
            service,
            quantity,
            by,
            at,
        })
    }

    /// Makes a new entry of a visit, signed by this device's person, now.
    fn enter(
        &mut self,
        visit: DocumentId,
        command: impl FnOnce(EntryId, PersonId, Timestamp) -> visit::Command,
    ) -> Result<EntryId, ClientError> {
        let entry = self.new_entry_id()?;
        let command = command(entry, self.store.author()?.person, self.clock.now());
        self.edit(visit, &Command::Visit(command))?;
        Ok(entry)
    }

    /// Sets the note of a visit: the driver's own if the visit is of this device's person, the
    /// keeper's otherwise.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn note(&mut self, visit: DocumentId, text: &str) -> Result<ChangeHash, ClientError> {
        let driver = self.store.visit(visit, self.clock.now())?.visit.driver;
        let text = text.to_owned();
        let command = if self.store.author()?.is(driver) {
            visit::Command::SetNote(text)
        } else {
            visit::Command::SetKeeperNote(text)
        };
        self.edit(visit, &Command::Visit(command))
    }

    /// Sets the driver's rating of a visit, 1–5.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn rate(&mut self, visit: DocumentId, rating: u8) -> Result<ChangeHash, ClientError> {
        self.edit(visit, &Command::Visit(visit::Command::Rate(rating)))
    }

    /// Records a consent.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn give_consent(&mut self, entry: ConsentEntry) -> Result<DocumentId, ClientError> {
        let author = self.store.author()?;
        let driver = entry.driver.unwrap_or(author.person);
        let id = self.new_document_id()?;
        let command = consent::Command::Give {
            driver,
            station: entry.station,
            purpose: entry.purpose,
            given_at: self.clock.now(),
            witness: (!author.is(driver)).then_some(author.person),
            share_with: entry.share_with,
            until: entry.until,
        };
        self.edit(id, &Command::Consent(command))?;
        Ok(id)
    }

    /// Withdraws a consent, as of this moment.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::NothingChanged`] if it is known here to be withdrawn:
    /// the earliest withdrawal counts, and a later one would only make the fact look disputed.
    pub fn withdraw_consent(&mut self, consent: DocumentId) -> Result<ChangeHash, ClientError> {
        if self.store.consent(consent)?.withdrawn_at.value.is_some() {
            let why = Refusal::new(RefusalCode::NothingChanged).at("withdrawn_at");
            return Err(ClientError::Refused(why));
        }
        let withdrawn_at = self.clock.now();
        let command = consent::Command::Withdraw { withdrawn_at };
        self.edit(consent, &Command::Consent(command))
    }

    /// Records a health check (a keeper with the health role).
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::ConsentMissing`] if the driver's consent for the health
    /// record at that station is not in force.
    pub fn add_check(&mut self, entry: CheckEntry) -> Result<DocumentId, ClientError> {
        let now = self.clock.now();
        let consent = self
            .store
            .consent_in_force(entry.driver, entry.station, Purpose::HealthRecord, now)?
            .ok_or_else(|| {
                ClientError::Refused(Refusal::new(RefusalCode::ConsentMissing).at("consent"))
            })?
            .id;
        let mut readings = Vec::with_capacity(entry.readings.len());
        for (item, value) in entry.readings {
            let entry = self.new_entry_id()?;
            readings.push(check::Reading { entry, item, value });
        }
        let id = self.new_document_id()?;
        let command = check::Command::Create(NewCheck {
            driver: entry.driver,
            station: entry.station,
            visit: entry.visit,
            consent,
            by: self.store.author()?.person,
            taken_at: entry.taken_at.unwrap_or(now),
            readings,
            advice: entry.advice,
            note: entry.note,
            replaces: entry.replaces,
        });
        self.edit(id, &Command::Check(command))?;
        Ok(id)
    }

    /// Tells the engine that there is something to send.
    pub(super) fn written(&mut self) {
        self.session.notify(Input::LocalChange, &*self.clock);
    }
}

/// Time and randomness of a new id.
fn id_parts(clock: &dyn Clock) -> Result<(u64, [u8; 10]), NoRandomness> {
    let mut random = [0; 10];
    clock.fill_random(&mut random)?;
    // A clock set before 1970 gives the oldest of ids, which are as unique as any.
    let unix_ms = u64::try_from(clock.now().as_ms()).unwrap_or(0);
    Ok((unix_ms, random))
}
