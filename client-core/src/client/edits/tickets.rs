//! What people do with tickets, by name.

use yizhan_proto::{
    ChangeHash, DeskInfo, DeskKey, DocumentId, EntryId, PersonId, RegionKey, StationId, Timestamp,
};

use super::Client;
use crate::error::ClientError;
use crate::model::case_note::{self, NewNote};
use crate::model::ticket::fold::State;
use crate::model::ticket::{self, Act, Class, NewTicket, PartyRole, desks, suggest};
use crate::model::{Command, Refusal, RefusalCode};

/// A request to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketEntry {
    /// Another driver than this device's person (taken down by a keeper), and the name to show.
    pub driver: Option<(PersonId, String)>,
    /// The own name to show, if the relay has not given one.
    pub own_name: Option<String>,
    /// Where it is raised; of a visit or an activity that is here, its station.
    pub station: Option<StationId>,
    /// During which visit.
    pub visit: Option<DocumentId>,
    /// At which activity.
    pub activity: Option<DocumentId>,
    /// The desk and its region; `None`: the one that follows from station and class.
    pub desk: Option<(DeskKey, RegionKey)>,
    /// What it is about.
    pub class: Class,
    /// In a line.
    pub title: String,
    /// In full.
    pub text: String,
    /// The person complained about.
    pub about: Option<PersonId>,
    /// Who or what is complained about, in words.
    pub about_text: Option<String>,
    /// A number to call back.
    pub phone: Option<String>,
}

/// Every edit: [`ClientError::Refused`] with the reason, [`ClientError::NotFound`],
/// [`ClientError::Store`]; nothing was stored then.
impl Client {
    /// Raises a request: an own one, or as a keeper that of a driver.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::FieldMissing`] if this device knows no desk for it.
    pub fn raise_ticket(&mut self, entry: TicketEntry) -> Result<DocumentId, ClientError> {
        let device = self.store.device()?;
        let own_name = device.identity.map(|identity| identity.name);
        let (driver, driver_name) = entry.driver.clone().unwrap_or_else(|| {
            let name = entry.own_name.clone().or(own_name).unwrap_or_default();
            (device.person, name)
        });
        let station = match (entry.station, entry.visit.or(entry.activity)) {
            (None, Some(document)) => {
                let routing = self.store.routing(document)?;
                routing.and_then(|routing| routing.station)
            }
            (station, _) => station,
        };
        let (desk, region) = match entry.desk {
            Some(desk) => desk,
            None => self.desk_for(station, entry.class)?,
        };
        let id = self.new_document_id()?;
        let new = NewTicket {
            driver,
            driver_name,
            region,
            desk,
            station,
            visit: entry.visit,
            activity: entry.activity,
            class: entry.class,
            title: entry.title,
            text: entry.text,
            raised_at: self.clock.now(),
            about: entry.about,
            about_text: entry.about_text,
            phone: entry.phone,
            by: self.store.author()?.person,
        };
        self.edit(id, &Command::Ticket(ticket::Command::Raise(Box::new(new))))?;
        Ok(id)
    }

    /// The desks that this device knows.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn desks(&self) -> Result<Vec<DeskInfo>, ClientError> {
        let identity = self.store.device()?.identity;
        Ok(identity
            .and_then(|identity| identity.desks)
            .unwrap_or_default())
    }

    fn desk_for(
        &self,
        station: Option<StationId>,
        class: Class,
    ) -> Result<(DeskKey, RegionKey), ClientError> {
        let desks = self.desks()?;
        let known = match station {
            Some(station) => self.store.routing(station.into())?,
            None => None,
        };
        let mut region = known.and_then(|routing| routing.region);
        if region.is_none()
            && let Some(identity) = self.store.device()?.identity
            && let [only] = identity.regions.as_slice()
        {
            region = Some(only.clone());
        }
        desks::choose(&desks, station, region.as_ref(), class)
            .map(|desk| (desk.key.clone(), desk.region.clone()))
            .ok_or_else(|| missing("desk", "a desk and its region: none is known here for it"))
    }

    /// Takes a step; those that name what they take the place of have their own calls.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn act_on_ticket(&mut self, ticket: DocumentId, act: Act) -> Result<EntryId, ClientError> {
        self.enter_in_ticket(ticket, |entry, by, at| ticket::Command::Act {
            entry,
            by,
            at,
            act,
        })
    }

    /// Has a pair handle it, in the place of whoever is assigned as far as is known here.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn assign_ticket(
        &mut self,
        ticket: DocumentId,
        first: PersonId,
        second: Option<PersonId>,
    ) -> Result<EntryId, ClientError> {
        let state = self.ticket_state(ticket)?;
        let act = Act::Assign {
            first,
            second,
            desk: state.desk,
            instead_of: state.assignment,
        };
        self.act_on_ticket(ticket, act)
    }

    /// The pair to suggest: of the desk's people by class, then by load, never the person complained
    /// about. `None` if this device is not told who belongs to the desk, or nobody is left.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn suggest_pair(
        &self,
        ticket: DocumentId,
    ) -> Result<Option<(PersonId, Option<PersonId>)>, ClientError> {
        let state = self.ticket_state(ticket)?;
        let desks = self.desks()?;
        let members = desks::find(&desks, &state.desk)
            .map(desks::members)
            .unwrap_or_default();
        let load = self.store.ticket_load()?;
        Ok(suggest::pair(&members, state.class, &load, state.about))
    }

    /// Lets another desk answer it: the one named, or the one above (a coordinator).
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::FieldMissing`] if no desk above is known here.
    pub fn escalate_ticket(
        &mut self,
        ticket: DocumentId,
        desk: Option<(DeskKey, RegionKey)>,
        reason: Option<String>,
    ) -> Result<EntryId, ClientError> {
        let state = self.ticket_state(ticket)?;
        let (desk, region) = match desk {
            Some(desk) => desk,
            None => desks::above(&self.desks()?, &state.desk)
                .map(|desk| (desk.key.clone(), desk.region.clone()))
                .ok_or_else(|| {
                    missing("desk", "a desk and its region: none above is known here")
                })?,
        };
        let act = Act::Escalate {
            desk,
            region,
            reason,
            instead_of: state.escalation,
        };
        self.act_on_ticket(ticket, act)
    }

    /// Says that two tickets are about the same; in both, where both are here.
    ///
    /// # Errors
    /// As [`Client::edit`]; [`RefusalCode::ValueContradiction`] for a ticket with itself.
    pub fn link_tickets(
        &mut self,
        one: DocumentId,
        other: DocumentId,
    ) -> Result<EntryId, ClientError> {
        if one == other {
            let why = Refusal::new(RefusalCode::ValueContradiction).at("ticket");
            return Err(ClientError::Refused(why.bound("another ticket")));
        }
        let entry = self.act_on_ticket(one, Act::Link { ticket: other })?;
        if self.store.routing(other)?.is_some() {
            self.act_on_ticket(other, Act::Link { ticket: one })?;
        }
        Ok(entry)
    }

    /// Writes a comment.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn comment_on_ticket(
        &mut self,
        ticket: DocumentId,
        text: &str,
    ) -> Result<EntryId, ClientError> {
        let text = text.to_owned();
        self.enter_in_ticket(ticket, |entry, by, at| ticket::Command::Comment {
            entry,
            by,
            at,
            text,
        })
    }

    /// Names a party of a dispute.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn add_party(
        &mut self,
        ticket: DocumentId,
        role: PartyRole,
        name: &str,
        contact: Option<String>,
    ) -> Result<EntryId, ClientError> {
        let name = name.to_owned();
        self.enter_in_ticket(ticket, |entry, by, at| ticket::Command::AddParty {
            entry,
            by,
            at,
            role,
            name,
            contact,
        })
    }

    /// Writes a note that only the desk sees (its specialists, and coordinators of its region).
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn note_on_ticket(
        &mut self,
        ticket: DocumentId,
        text: &str,
    ) -> Result<DocumentId, ClientError> {
        let state = self.ticket_state(ticket)?;
        let id = self.new_document_id()?;
        let new = NewNote {
            desk: state.desk,
            region: state.region,
            ticket,
            by: self.store.author()?.person,
            at: self.clock.now(),
            text: text.to_owned(),
        };
        self.edit(id, &Command::CaseNote(case_note::Command::Create(new)))?;
        Ok(id)
    }

    fn ticket_state(&self, ticket: DocumentId) -> Result<State, ClientError> {
        Ok(self.store.ticket(ticket, self.clock.now())?.ticket.state)
    }

    /// Makes a new entry of a ticket, signed by this device's person, now.
    fn enter_in_ticket(
        &mut self,
        ticket: DocumentId,
        command: impl FnOnce(EntryId, PersonId, Timestamp) -> ticket::Command,
    ) -> Result<EntryId, ClientError> {
        let entry = self.new_entry_id()?;
        let command = command(entry, self.store.author()?.person, self.clock.now());
        let _: ChangeHash = self.edit(ticket, &Command::Ticket(command))?;
        Ok(entry)
    }
}

fn missing(field: &str, bound: &str) -> ClientError {
    ClientError::Refused(
        Refusal::new(RefusalCode::FieldMissing)
            .at(field)
            .bound(bound),
    )
}
