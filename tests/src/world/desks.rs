//! Desks, tickets and people who are one, in a world.

use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::Command;
use yizhan_client_core::model::case_note::{self, NewNote};
use yizhan_client_core::model::ticket::{self, Act, Class, NewTicket};
use yizhan_proto::{DeskKey, DocumentId, RegionKey, Role};
use yizhan_server::relay::NewDesk;

use super::{PhoneNo, World};

/// Desks and tickets.
impl World {
    /// The region of all desks here: the first that the relay serves.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn desk_region(&self) -> RegionKey {
        let regions = self.relay().regions();
        regions.first().expect("a region").key.clone()
    }

    /// The operator adds a desk under another.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn add_desk(&self, key: &str, parent: Option<&str>) -> DeskKey {
        let read = |text: &str| -> DeskKey { text.parse().expect("a key") };
        let wanted = read(key);
        let new = NewDesk {
            key: wanted.clone(),
            name: format!("{wanted} 专班"),
            region: self.desk_region(),
            parent: parent.map(read),
            station: None,
            classes: Vec::new(),
        };
        self.run(self.relay().add_desk(new)).expect("a desk");
        wanted
    }

    /// A specialist of a desk, with a paired phone.
    pub fn specialist(&mut self, name: &str, desk: &DeskKey) -> PhoneNo {
        self.worker(name, vec![Role::Specialist(desk.clone())])
    }

    /// The phone's owner raises a request at a desk.
    ///
    /// # Errors
    /// As the phone refuses it.
    pub fn raise(&mut self, phone: PhoneNo, desk: &DeskKey) -> Result<DocumentId, ClientError> {
        let region = self.desk_region();
        let phone = &mut self.phones[phone.0];
        let new = NewTicket {
            driver: phone.person(),
            driver_name: phone.name().to_owned(),
            region,
            desk: desk.clone(),
            station: None,
            visit: None,
            activity: None,
            class: Class::Pay,
            title: "运费拖欠".to_owned(),
            text: "三个月没有结".to_owned(),
            raised_at: phone.clock().reads(),
            about: None,
            about_text: None,
            phone: None,
            by: phone.person(),
        };
        let id = phone.new_document();
        let raise = ticket::Command::Raise(Box::new(new));
        phone.enter(id, Command::Ticket(raise)).map(|_| id)
    }

    /// The phone's owner takes a step with a ticket.
    ///
    /// # Errors
    /// As the phone refuses it.
    pub fn act(&mut self, phone: PhoneNo, ticket: DocumentId, act: Act) -> Result<(), ClientError> {
        let phone = &mut self.phones[phone.0];
        let (by, at) = (phone.person(), phone.clock().reads());
        let entry = phone.new_entry();
        let act = ticket::Command::Act { entry, by, at, act };
        phone.enter(ticket, Command::Ticket(act)).map(|_| ())
    }

    /// The phone's owner notes something on a ticket for the desk alone.
    ///
    /// # Panics
    /// If the phone refuses it.
    pub fn note_on(&mut self, phone: PhoneNo, ticket: DocumentId, desk: &DeskKey) -> DocumentId {
        let region = self.desk_region();
        let phone = &mut self.phones[phone.0];
        let new = NewNote {
            desk: desk.clone(),
            region,
            ticket,
            by: phone.person(),
            at: phone.clock().reads(),
            text: "司机情绪激动".to_owned(),
        };
        let id = phone.new_document();
        let create = case_note::Command::Create(new);
        phone.enter(id, Command::CaseNote(create)).expect("a note");
        id
    }

    /// A coordinator takes a ticket to another desk; the reference hears of it.
    ///
    /// # Panics
    /// If the phone refuses it.
    pub fn escalate(&mut self, phone: PhoneNo, ticket: DocumentId, desk: &DeskKey) {
        let act = Act::Escalate {
            desk: desk.clone(),
            region: self.desk_region(),
            reason: None,
            instead_of: None,
        };
        self.act(phone, ticket, act).expect("an escalation");
        self.reference().escalated(ticket, desk);
    }

    /// The operator finds that the owners of two phones are one person, and keeps the first.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn merge(&mut self, keep: PhoneNo, other: PhoneNo) {
        let of = |phone: PhoneNo| self.people[phone.0].person.expect("a paired phone");
        let (kept, gone) = (of(keep), of(other));
        self.run(self.relay().merge_people(kept, gone))
            .expect("one person");
        for owner in &mut self.people {
            if owner.person == Some(gone) {
                owner.person = Some(kept);
            }
        }
        self.share_ids(kept);
    }
}
