//! What the fold of a ticket remembers, and why an event does not count.

use minicbor::{Decode, Encode};
use yizhan_proto::{DeskKey, EntryId, PersonId, RegionKey, Timestamp};

use super::event::EventType;
use super::{Class, Priority};
use crate::model::codes::text_codes;

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Step {
    #[n(0)]
    Raised,
    #[n(1)]
    Verified,
    #[n(2)]
    Handling,
    #[n(3)]
    Resolved,
    #[n(4)]
    Closed,
    #[n(5)]
    Rejected,
    #[n(6)]
    Withdrawn,
    #[n(7)]
    Reopened,
}

text_codes!(Step {
    Raised = "raised",
    Verified = "verified",
    Handling = "handling",
    Resolved = "resolved",
    Closed = "closed",
    Rejected = "rejected",
    Withdrawn = "withdrawn",
    Reopened = "reopened",
});

impl Step {
    /// Whether something is still to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Raised | Self::Verified | Self::Handling | Self::Reopened
        )
    }
}

/// What the fold remembers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct State {
    /// Where the ticket stands.
    #[n(0)]
    pub step: Step,
    /// Which cycle, from 1; each reopening begins one.
    #[n(1)]
    pub cycle: u32,
    /// The desk that answers it.
    #[n(2)]
    pub desk: DeskKey,
    /// That desk's region.
    #[n(3)]
    pub region: RegionKey,
    /// What it is about.
    #[n(4)]
    pub class: Class,
    /// How soon.
    #[n(5)]
    pub priority: Priority,
    /// The person complained about.
    #[n(6)]
    pub about: Option<PersonId>,
    /// One of the pair that handles it.
    #[n(7)]
    pub first: Option<PersonId>,
    /// The other.
    #[n(8)]
    pub second: Option<PersonId>,
    /// The assignment in force.
    #[n(9)]
    pub assignment: Option<EntryId>,
    /// The last escalation.
    #[n(10)]
    pub escalation: Option<EntryId>,
    /// Whether the driver was asked something and has not answered.
    #[n(11)]
    pub waiting: bool,
    /// When it was raised: of this and all times below, the relay's time if it is known.
    #[n(12)]
    pub raised_at: Timestamp,
    /// When it was verified.
    #[n(13)]
    pub verified_at: Option<Timestamp>,
    /// The first response of this cycle: a question, or the start of handling.
    #[n(14)]
    pub responded_at: Option<Timestamp>,
    /// When it was last resolved.
    #[n(15)]
    pub resolved_at: Option<Timestamp>,
    /// When it was closed, rejected or withdrawn.
    #[n(16)]
    pub ended_at: Option<Timestamp>,
    /// When it was reopened.
    #[n(17)]
    pub reopened_at: Option<Timestamp>,
    /// The driver's rating of this cycle.
    #[n(18)]
    pub rating: Option<u8>,
    /// The relay's time of the last event that counts, for due times; raised, at first.
    #[n(19)]
    pub moved_at: Timestamp,
}

impl State {
    /// A ticket that was raised.
    #[must_use]
    pub const fn raised(
        desk: DeskKey,
        region: RegionKey,
        class: Class,
        about: Option<PersonId>,
        raised_at: Timestamp,
    ) -> Self {
        Self {
            step: Step::Raised,
            cycle: 1,
            desk,
            region,
            class,
            priority: Priority::Normal,
            about,
            first: None,
            second: None,
            assignment: None,
            escalation: None,
            waiting: false,
            raised_at,
            verified_at: None,
            responded_at: None,
            resolved_at: None,
            ended_at: None,
            reopened_at: None,
            rating: None,
            moved_at: raised_at,
        }
    }

    /// Whether somebody is one of the pair.
    #[must_use]
    pub fn is_assigned(&self, person: PersonId) -> bool {
        self.first == Some(person) || self.second == Some(person)
    }

    /// Whether the clock stands still: it is resolved, or the driver was asked something.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.step == Step::Resolved || (self.step.is_open() && self.waiting)
    }
}

/// Why an event does not count. The texts are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The driver had withdrawn the ticket.
    AfterWithdrawn,
    /// It had been rejected.
    AfterRejected,
    /// It had been resolved.
    AfterResolved,
    /// It had been closed.
    AfterClosed,
    /// It had been verified.
    AfterVerified,
    /// Handling had started.
    AfterStarted,
    /// It had not been verified.
    BeforeVerified,
    /// Handling had not started.
    BeforeStarted,
    /// It had not been resolved.
    BeforeResolved,
    /// Its author was not one of the assigned pair.
    NotAssigned,
    /// Others had been assigned since.
    AssignedSince,
    /// It had gone to another desk since.
    EscalatedSince,
    /// That desk has it already.
    SameDesk,
    /// More than seven days after the resolution.
    TooLate,
    /// It had been reopened before.
    ReopenedBefore,
    /// Nothing was being asked.
    NothingAsked,
    /// It is by, or for, the person complained about.
    Conflicted,
}

text_codes!(Why {
    AfterWithdrawn = "after_withdrawn",
    AfterRejected = "after_rejected",
    AfterResolved = "after_resolved",
    AfterClosed = "after_closed",
    AfterVerified = "after_verified",
    AfterStarted = "after_started",
    BeforeVerified = "before_verified",
    BeforeStarted = "before_started",
    BeforeResolved = "before_resolved",
    NotAssigned = "not_assigned",
    AssignedSince = "assigned_since",
    EscalatedSince = "escalated_since",
    SameDesk = "same_desk",
    TooLate = "too_late",
    ReopenedBefore = "reopened_before",
    NothingAsked = "nothing_asked",
    Conflicted = "conflicted",
});

impl Why {
    const fn words(self) -> &'static str {
        match self {
            Self::AfterWithdrawn => "after it was withdrawn",
            Self::AfterRejected => "after it was rejected",
            Self::AfterResolved => "after it was resolved",
            Self::AfterClosed => "after it was closed",
            Self::AfterVerified => "after it was verified",
            Self::AfterStarted => "after handling had started",
            Self::BeforeVerified => "before it was verified",
            Self::BeforeStarted => "before handling started",
            Self::BeforeResolved => "before it was resolved",
            Self::NotAssigned => "by somebody it was not assigned to",
            Self::AssignedSince => "after others were assigned",
            Self::EscalatedSince => "after it went to another desk",
            Self::SameDesk => "to the desk that has it",
            Self::TooLate => "more than seven days after it was resolved",
            Self::ReopenedBefore => "after it was reopened once before",
            Self::NothingAsked => "when nothing was asked",
            Self::Conflicted => "by or for the person complained about",
        }
    }
}

/// An event that does not count, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Superseded {
    /// What sort of event.
    pub event: EventType,
    /// Why it does not count.
    pub why: Why,
}

impl std::fmt::Display for Superseded {
    /// `handling started after it was withdrawn`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let event = match self.event {
            EventType::Verify => "verified",
            EventType::Reject => "rejected",
            EventType::Assign => "assigned",
            EventType::Start => "handling started",
            EventType::Ask => "the driver was asked",
            EventType::Answer => "the driver answered",
            EventType::Resolve => "resolved",
            EventType::Close => "closed",
            EventType::Rate => "rated",
            EventType::Withdraw => "withdrawn",
            EventType::Reopen => "reopened",
            EventType::Escalate => "escalated",
            EventType::Link => "linked",
            EventType::Review => "reviewed",
        };
        write!(f, "{event} {}", self.why.words())
    }
}
