//! Edits of a ticket.

use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, RegionKey, StationId, Timestamp};

use super::{Act, Class, PartyRole};

/// A request to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicket {
    /// The driver whose request it is.
    pub driver: PersonId,
    /// The driver's name as shown to those who answer.
    pub driver_name: String,
    /// The region of the desk.
    pub region: RegionKey,
    /// The desk that answers it.
    pub desk: DeskKey,
    /// The station where it was raised.
    pub station: Option<StationId>,
    /// The visit during which it was raised.
    pub visit: Option<DocumentId>,
    /// The activity at which it was raised.
    pub activity: Option<DocumentId>,
    /// What it is about.
    pub class: Class,
    /// In a line.
    pub title: String,
    /// In full, up to 16 KiB.
    pub text: String,
    /// When.
    pub raised_at: Timestamp,
    /// The person complained about, if known here: never handles it.
    pub about: Option<PersonId>,
    /// Who or what is complained about, in words.
    pub about_text: Option<String>,
    /// A number to call back.
    pub phone: Option<String>,
    /// Who raises it: the author; the driver, or a keeper of the station for the driver.
    pub by: PersonId,
}

/// Edits of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Makes it (the driver, or a keeper of the station for the driver).
    Raise(Box<NewTicket>),
    /// A step; who may take it depends on the step, see [`Act`].
    Act {
        /// A new entry id.
        entry: EntryId,
        /// Who takes it: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// The step.
        act: Act,
    },
    /// The relay closes it, seven days after it was resolved. The entry is a new one.
    Close {
        /// A new entry id.
        entry: EntryId,
        /// The relay's own person.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// A comment (anybody who sees the ticket), in whatever state it is.
    Comment {
        /// A new entry id.
        entry: EntryId,
        /// Who writes it: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// The comment, up to 16 KiB.
        text: String,
    },
    /// A party of a dispute is named (anybody who sees the ticket).
    AddParty {
        /// A new entry id.
        entry: EntryId,
        /// Who names it: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// What it is.
        role: PartyRole,
        /// Its name.
        name: String,
        /// How to reach it.
        contact: Option<String>,
    },
    /// The relay sets the due times and whether the clock stands still. `None`: as it is.
    SetClocks {
        /// To be verified by.
        verify_due: Option<Timestamp>,
        /// First response by.
        response_due: Option<Timestamp>,
        /// Solved by.
        solution_due: Option<Timestamp>,
        /// Whether the clock stands still.
        paused: Option<bool>,
    },
}
