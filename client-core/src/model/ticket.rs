//! A request: raised by a driver (or for one), verified, handled by a pair, resolved, rated.
//!
//! The request itself is immutable. What happens to it are entries of `events`, and the state is
//! [`fold`]ed from them in the relay's order. Deciding which steps count is the fold's affair; the
//! gate only looks at who writes what.

use minicbor::{Decode, Encode};
use yizhan_proto::{DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::Document;
use super::codes::text_codes;
use super::document::{Register, Unreadable};
use super::order::Order;

mod command;
pub mod desks;
pub mod event;
pub mod fold;
pub mod groups;
mod read;
mod rules;
mod state;
pub mod suggest;

pub use command::{Command, NewTicket};
pub use event::{Act, Event, EventType};
pub(crate) use rules::{RULES, escalations};

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Class {
    #[n(0)]
    Parking,
    #[n(1)]
    Charging,
    #[n(2)]
    Entry,
    #[n(3)]
    Rest,
    #[n(4)]
    Food,
    #[n(5)]
    TollRoute,
    #[n(6)]
    Permit,
    #[n(7)]
    Labour,
    #[n(8)]
    Pay,
    #[n(9)]
    Injury,
    #[n(10)]
    Legal,
    #[n(11)]
    Counselling,
    #[n(12)]
    Dispute,
    #[n(13)]
    Fine,
    #[n(14)]
    Insurance,
    #[n(15)]
    Repair,
    #[n(16)]
    Family,
    #[n(17)]
    Suggestion,
    #[n(18)]
    Errand,
    #[n(19)]
    Other,
}

text_codes!(Class {
    Parking = "parking",
    Charging = "charging",
    Entry = "entry",
    Rest = "rest",
    Food = "food",
    TollRoute = "toll_route",
    Permit = "permit",
    Labour = "labour",
    Pay = "pay",
    Injury = "injury",
    Legal = "legal",
    Counselling = "counselling",
    Dispute = "dispute",
    Fine = "fine",
    Insurance = "insurance",
    Repair = "repair",
    Family = "family",
    Suggestion = "suggestion",
    Errand = "errand",
    Other = "other",
});

/// How soon a request must be seen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Priority {
    #[n(0)]
    #[default]
    Normal,
    #[n(1)]
    Urgent,
}

text_codes!(Priority {
    Normal = "normal",
    Urgent = "urgent",
});

/// What came of a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// All parties agreed.
    Settled,
    /// They agreed in part.
    Partly,
    /// They did not agree.
    NotSettled,
    /// It went to a court, an authority or another body.
    Referred,
}

text_codes!(Outcome {
    Settled = "settled",
    Partly = "partly",
    NotSettled = "not_settled",
    Referred = "referred",
});

/// What a party of a dispute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum PartyRole {
    Driver,
    Merchant,
    Company,
    Other,
}

text_codes!(PartyRole {
    Driver = "driver",
    Merchant = "merchant",
    Company = "company",
    Other = "other",
});

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its entry.
    pub entry: EntryId,
    /// Who wrote it.
    pub by: PersonId,
    /// When, by the device's clock.
    pub at: Timestamp,
    /// The comment.
    pub text: String,
}

/// A party of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its entry.
    pub entry: EntryId,
    /// What it is.
    pub role: PartyRole,
    /// Its name.
    pub name: String,
    /// How to reach it.
    pub contact: Option<String>,
    /// Who named it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// The due times that the relay wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clocks {
    /// To be verified by.
    pub verify_due: Register<Timestamp>,
    /// First response by.
    pub response_due: Register<Timestamp>,
    /// Solved by.
    pub solution_due: Register<Timestamp>,
    /// Whether the clock stands still.
    pub paused: bool,
}

impl Clocks {
    /// What is due next in this state, and by when; `None` if nothing is, or the clock stands still.
    #[must_use]
    pub fn next(&self, state: &fold::State) -> Option<(Due, Timestamp)> {
        if self.paused {
            return None;
        }
        let due = match state.step {
            fold::Step::Raised => Due::Verify,
            fold::Step::Verified | fold::Step::Handling | fold::Step::Reopened => {
                if state.responded_at.is_none() {
                    Due::Response
                } else {
                    Due::Solution
                }
            }
            fold::Step::Resolved
            | fold::Step::Closed
            | fold::Step::Rejected
            | fold::Step::Withdrawn => return None,
        };
        let at = match due {
            Due::Verify => self.verify_due.value,
            Due::Response => self.response_due.value.or(self.solution_due.value),
            Due::Solution => self.solution_due.value,
        };
        at.map(|at| (due, at))
    }
}

/// What is to be done by a due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Due {
    Verify,
    Response,
    Solution,
}

text_codes!(Due {
    Verify = "verify",
    Response = "response",
    Solution = "solution",
});

/// A ticket as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name.
    pub driver_name: String,
    /// The station where it was raised.
    pub station: Option<StationId>,
    /// The visit during which it was raised.
    pub visit: Option<DocumentId>,
    /// The activity at which it was raised.
    pub activity: Option<DocumentId>,
    /// In a line.
    pub title: String,
    /// In full.
    pub text: String,
    /// When it was raised, by the device's clock.
    pub raised_at: Timestamp,
    /// The class it was raised under; the one in force is in [`Ticket::state`].
    pub class: Class,
    /// Who or what is complained about, in words.
    pub about_text: Option<String>,
    /// A number to call back.
    pub phone: Option<String>,
    /// Who raised it.
    pub by: Option<PersonId>,
    /// Where it stands.
    pub state: fold::State,
    /// What happened, in the order in which it counts, and what became of each event.
    pub events: Vec<fold::Folded>,
    /// Tickets that it was linked with, ascending, each once.
    pub links: Vec<DocumentId>,
    /// The comments, in the order of [`Order`].
    pub comments: Vec<Comment>,
    /// The parties of the dispute, in the order of [`Order`].
    pub parties: Vec<Party>,
    /// The due times.
    pub clocks: Clocks,
}

impl Ticket {
    /// Reads a ticket, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a ticket.
    pub fn read(document: &Document, order: &Order) -> Result<Self, Unreadable> {
        read::read(document, order)
    }

    /// The events that do not count and that nobody has looked at yet, in order.
    pub fn to_review(&self) -> impl Iterator<Item = &fold::Folded> {
        let reviewed = |entry: EntryId| {
            self.counted()
                .any(|event| matches!(event.act, Act::Review { event, .. } if event == entry))
        };
        self.events
            .iter()
            .filter(move |folded| folded.superseded.is_some() && !reviewed(folded.event.entry))
    }

    /// What was recovered for the driver, in fen, over all cycles.
    #[must_use]
    pub fn recovered_fen(&self) -> u64 {
        self.resolutions()
            .filter_map(|(amount_fen, _)| amount_fen)
            .fold(0, u64::saturating_add)
    }

    /// What came of the dispute, by the last resolution.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.resolutions().last().and_then(|(_, outcome)| outcome)
    }

    fn resolutions(&self) -> impl Iterator<Item = (Option<u64>, Option<Outcome>)> {
        self.counted().filter_map(|event| {
            if let Act::Resolve {
                amount_fen,
                outcome,
                ..
            } = event.act
            {
                Some((amount_fen, outcome))
            } else {
                None
            }
        })
    }

    /// The events that count, in order.
    pub fn counted(&self) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(|folded| folded.superseded.is_none())
            .map(|folded| &folded.event)
    }
}

#[cfg(test)]
mod tests;
