//! Edits of an enrolment.

use yizhan_proto::{DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::attendance::ScanResult;
use super::seat::{Ask, Outcome, Reason};
use crate::model::activity::Choice;

/// A new enrolment. Its document's id is [`super::id_of`] of activity and driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnrolment {
    /// The driver.
    pub driver: PersonId,
    /// The driver's name as shown to keepers.
    pub driver_name: String,
    /// The activity.
    pub activity: DocumentId,
    /// The activity's host station.
    pub station: StationId,
    /// What it begins with.
    pub first: First,
}

/// What an enrolment begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// Somebody asks for a seat.
    Request(NewRequest),
    /// The driver came without asking.
    Scan(NewScan),
}

/// Asking for a seat, or giving it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRequest {
    /// A new entry id.
    pub entry: EntryId,
    /// Which of the two.
    pub what: Ask,
    /// The lease of the author's device against which it is (a keeper's only).
    pub lease: Option<EntryId>,
    /// Who asks: the author.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A scan of a driver's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScan {
    /// A new entry id.
    pub entry: EntryId,
    /// The code's nonce, its 16 bytes written as a UUID.
    pub nonce: EntryId,
    /// What the device made of it.
    pub result: ScanResult,
    /// The code itself, as evidence, up to 16 KiB.
    pub code: Option<String>,
    /// Who scanned: the author.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// Edits of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Makes the document (the driver, or a keeper of the host station). Where it exists already,
    /// made apart from this by somebody else, the two merge.
    Create(NewEnrolment),
    /// Asks for a seat again, or gives it up (the driver, or a keeper).
    Request(NewRequest),
    /// Decides about a seat (the relay).
    Decide {
        /// A new entry id.
        entry: EntryId,
        /// The request that is decided.
        request: EntryId,
        /// What is decided.
        outcome: Outcome,
        /// Accepted: the seat's number; waitlisted: the place in the waiting list, from 1.
        number: Option<u32>,
        /// Why.
        reason: Option<Reason>,
        /// When.
        at: Timestamp,
    },
    /// The driver's code was scanned (a keeper, or somebody with the health role).
    Scan(NewScan),
    /// Answers a question of the quiz (the driver).
    Answer {
        /// A new entry id.
        entry: EntryId,
        /// The question's entry in the activity.
        question: EntryId,
        /// What is chosen.
        choice: Choice,
        /// When.
        at: Timestamp,
    },
    /// Says what the answers come to (the driver's phone); not more right than asked.
    Grade {
        /// How many were right, 0–50.
        score: u32,
        /// How many were asked, 1–50.
        asked: u32,
    },
    /// Feedback (the driver).
    Feedback {
        /// 1–5.
        rating: u8,
        /// In words, up to 16 KiB.
        text: Option<String>,
    },
    /// Issues a certificate of this number, one line (a keeper).
    Certify(String),
}
