//! What lists and screens of tickets get.

use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, StationId, Timestamp};

use crate::model::case_note::CaseNote;
use crate::model::ticket::fold::Step;
use crate::model::ticket::{Class, Due, Ticket};
use crate::store::ChangeInfo;

/// Which tickets. Of several conditions all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// Raised at this station.
    pub station: Option<StationId>,
    /// Lying with this desk: then those due first come first, otherwise the newest do.
    pub desk: Option<DeskKey>,
    /// Assigned to this person; in the order of due times as well.
    pub assigned: Option<PersonId>,
    /// Something is still to be done.
    pub open: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One ticket in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name.
    pub driver_name: String,
    /// The desk that has it.
    pub desk: String,
    /// That desk's region.
    pub region: String,
    /// Where it was raised.
    pub station: Option<StationId>,
    /// That station's name, if it is here.
    pub station_name: Option<String>,
    /// What it is about.
    pub class: Option<Class>,
    /// In a line.
    pub title: String,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Where it stands.
    pub step: Option<Step>,
    /// Which cycle, from 1.
    pub cycle: u32,
    /// One of the pair.
    pub first: Option<PersonId>,
    /// The other.
    pub second: Option<PersonId>,
    /// Whether the driver was asked something.
    pub waiting: bool,
    /// Whether the clock stands still.
    pub paused: bool,
    /// What is due next, and when.
    pub due: Option<(Due, Timestamp)>,
    /// Whether that time has passed.
    pub breached: bool,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// The driver's rating.
    pub rating: Option<u8>,
    /// What was recovered, in fen.
    pub recovered_fen: u64,
    /// Events that do not count and that nobody has looked at.
    pub reviews: u32,
    /// Whether people set something differently at once.
    pub conflict: bool,
    /// Whether something of it is unsent.
    pub unsent: bool,
    /// Whether something of it was refused or waits for a decision.
    pub held: bool,
}

/// An event that does not count and that nobody has looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketReview {
    /// The ticket.
    pub ticket: DocumentId,
    /// In a line.
    pub title: String,
    /// The event: what a review names.
    pub entry: EntryId,
    /// What sort of event, as the document spells it.
    pub event: String,
    /// Why it does not count: a stable code.
    pub why: String,
    /// Why, in a sentence of English.
    pub sentence: String,
    /// Who wrote it.
    pub by: PersonId,
    /// When: by the relay's clock if that is known.
    pub at: Timestamp,
}

/// One ticket with all that is known of it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketDetail {
    /// The ticket.
    pub ticket: Ticket,
    /// The station's name, if it is here.
    pub station_name: Option<String>,
    /// What is due next, and when.
    pub due: Option<(Due, Timestamp)>,
    /// Whether that time has passed.
    pub breached: bool,
    /// Every ticket of its group, itself included, ascending: the first is the head. Empty if it
    /// is linked with none.
    pub group: Vec<DocumentId>,
    /// The desk's own notes, oldest first; only those of the desk hold them.
    pub notes: Vec<CaseNote>,
    /// Its changes.
    pub changes: Vec<ChangeInfo>,
}
