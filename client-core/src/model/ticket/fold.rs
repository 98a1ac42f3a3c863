//! The state of a ticket, folded from its events in the relay's order.
//!
//! [`step`] is pure and is all there is: reading a ticket folds its events with it, and the relay
//! folds each accepted event into what it remembers of the ticket. An event that does not fit the
//! state it meets is kept and changes nothing; it is *superseded*, with the reason.

use minicbor::{Decode, Encode};
use yizhan_proto::{DeskKey, EntryId, PersonId, RegionKey, Timestamp};

use super::event::{Act, Event, EventType};
use super::{Class, Priority};
use crate::model::codes::text_codes;

/// A driver may reopen within so many milliseconds of the resolution: seven days.
pub const REOPEN_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1000;
/// Cycles a ticket may have: it is reopened once.
pub const CYCLES_MAX: u32 = 2;

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

/// An event, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The event.
    pub event: Event,
    /// The cycle it fell into.
    pub cycle: u32,
    /// Why it does not count; `None`: it does.
    pub superseded: Option<Superseded>,
}

/// Folds events that stand in the order in which they count.
#[must_use]
pub fn fold(mut state: State, events: impl IntoIterator<Item = Event>) -> (State, Vec<Folded>) {
    let mut folded = Vec::new();
    for event in events {
        let superseded = match step(&state, &event) {
            Ok(next) => {
                state = next;
                None
            }
            Err(superseded) => Some(superseded),
        };
        folded.push(Folded {
            event,
            cycle: state.cycle,
            superseded,
        });
    }
    (state, folded)
}

/// The state after an event.
///
/// # Errors
/// [`Superseded`] if the event does not count from here; the state stays as it is.
pub fn step(state: &State, event: &Event) -> Result<State, Superseded> {
    let why = |why| Superseded {
        event: event.act.event_type(),
        why,
    };
    fits(state, event).map_err(why)?;
    let mut next = state.clone();
    apply(&mut next, event);
    Ok(next)
}

/// Whether an event counts from this state.
fn fits(state: &State, event: &Event) -> Result<(), Why> {
    let by = event.by;
    if handles(event.act.event_type()) && state.about == Some(by) {
        return Err(Why::Conflicted);
    }
    match &event.act {
        Act::Rate { .. } | Act::Link { .. } | Act::Review { .. } => Ok(()),
        Act::Verify { .. } | Act::Reject { .. } => match state.step {
            Step::Raised => Ok(()),
            Step::Verified | Step::Handling | Step::Reopened => Err(Why::AfterVerified),
            Step::Resolved | Step::Closed | Step::Rejected | Step::Withdrawn => Err(ended(state)),
        },
        Act::Assign {
            first,
            second,
            desk,
            instead_of,
        } => {
            verified_and_open(state)?;
            if *desk != state.desk {
                Err(Why::EscalatedSince)
            } else if *instead_of != state.assignment {
                Err(Why::AssignedSince)
            } else if state.about.is_some()
                && (state.about == Some(*first) || state.about == *second)
            {
                Err(Why::Conflicted)
            } else {
                Ok(())
            }
        }
        Act::Start => {
            verified_and_open(state)?;
            if state.step == Step::Handling {
                Err(Why::AfterStarted)
            } else {
                assigned(state, by)
            }
        }
        Act::Ask { .. } => {
            open(state)?;
            if state.assignment.is_none() {
                Ok(())
            } else {
                assigned(state, by)
            }
        }
        Act::Answer { .. } => {
            open(state)?;
            if state.waiting {
                Ok(())
            } else {
                Err(Why::NothingAsked)
            }
        }
        Act::Resolve { .. } => {
            verified_and_open(state)?;
            if state.step == Step::Handling {
                assigned(state, by)
            } else {
                Err(Why::BeforeStarted)
            }
        }
        Act::Close => match state.step {
            Step::Resolved => Ok(()),
            Step::Closed | Step::Rejected | Step::Withdrawn => Err(ended(state)),
            Step::Raised | Step::Verified | Step::Handling | Step::Reopened => {
                Err(Why::BeforeResolved)
            }
        },
        Act::Withdraw { .. } => open(state),
        Act::Reopen { .. } => reopens(state, event),
        Act::Escalate {
            desk, instead_of, ..
        } => {
            open(state)?;
            if *instead_of != state.escalation {
                Err(Why::EscalatedSince)
            } else if *desk == state.desk {
                Err(Why::SameDesk)
            } else {
                Ok(())
            }
        }
    }
}

/// Whether an event of that sort is part of handling a ticket, which the person complained about
/// has no part in.
#[must_use]
pub const fn handles(event: EventType) -> bool {
    match event {
        EventType::Verify
        | EventType::Reject
        | EventType::Assign
        | EventType::Start
        | EventType::Ask
        | EventType::Answer
        | EventType::Resolve
        | EventType::Escalate
        | EventType::Link
        | EventType::Review => true,
        // The relay's, and the driver's own.
        EventType::Close | EventType::Rate | EventType::Withdraw | EventType::Reopen => false,
    }
}

fn ended(state: &State) -> Why {
    match state.step {
        Step::Rejected => Why::AfterRejected,
        Step::Withdrawn => Why::AfterWithdrawn,
        Step::Closed => Why::AfterClosed,
        Step::Resolved => Why::AfterResolved,
        Step::Raised => Why::BeforeVerified,
        Step::Verified | Step::Reopened => Why::AfterVerified,
        Step::Handling => Why::AfterStarted,
    }
}

fn open(state: &State) -> Result<(), Why> {
    if state.step.is_open() {
        Ok(())
    } else {
        Err(ended(state))
    }
}

fn verified_and_open(state: &State) -> Result<(), Why> {
    open(state)?;
    if state.step == Step::Raised {
        Err(Why::BeforeVerified)
    } else {
        Ok(())
    }
}

fn assigned(state: &State, by: PersonId) -> Result<(), Why> {
    if state.is_assigned(by) {
        Ok(())
    } else {
        Err(Why::NotAssigned)
    }
}

fn reopens(state: &State, event: &Event) -> Result<(), Why> {
    match (state.step, state.resolved_at) {
        (Step::Resolved | Step::Closed, _) if state.cycle >= CYCLES_MAX => Err(Why::ReopenedBefore),
        (Step::Resolved | Step::Closed, Some(resolved_at)) => {
            if event.when() > resolved_at.saturating_add_ms(REOPEN_MS_MAX) {
                Err(Why::TooLate)
            } else {
                Ok(())
            }
        }
        (Step::Rejected | Step::Withdrawn, _) => Err(ended(state)),
        _ if state.cycle >= CYCLES_MAX => Err(Why::ReopenedBefore),
        _ => Err(Why::BeforeResolved),
    }
}

/// Takes an event that counts into the state.
fn apply(state: &mut State, event: &Event) {
    let when = event.when();
    match &event.act {
        Act::Verify {
            class, priority, ..
        } => {
            state.step = Step::Verified;
            state.class = class.unwrap_or(state.class);
            state.priority = *priority;
            state.verified_at = Some(when);
        }
        Act::Reject { .. } => end(state, Step::Rejected, when),
        Act::Assign { first, second, .. } => {
            (state.first, state.second) = (Some(*first), *second);
            state.assignment = Some(event.entry);
        }
        Act::Start => {
            state.step = Step::Handling;
            state.responded_at.get_or_insert(when);
        }
        Act::Ask { .. } => {
            state.waiting = true;
            state.responded_at.get_or_insert(when);
        }
        Act::Answer { .. } => state.waiting = false,
        Act::Resolve { .. } => {
            state.step = Step::Resolved;
            state.waiting = false;
            state.resolved_at = Some(when);
        }
        Act::Close => end(state, Step::Closed, when),
        Act::Rate { rating, .. } => {
            state.rating = Some(*rating);
            if state.step == Step::Resolved {
                end(state, Step::Closed, when);
            }
        }
        Act::Withdraw { .. } => end(state, Step::Withdrawn, when),
        Act::Reopen { .. } => {
            state.step = Step::Reopened;
            state.cycle = state.cycle.saturating_add(1);
            state.waiting = false;
            state.reopened_at = Some(when);
            (state.responded_at, state.ended_at, state.rating) = (None, None, None);
        }
        Act::Escalate { desk, region, .. } => {
            state.desk = desk.clone();
            state.region = region.clone();
            (state.first, state.second, state.assignment) = (None, None, None);
            state.escalation = Some(event.entry);
            // The new desk takes it up where it was before anybody handled it.
            if state.step == Step::Handling {
                state.step = Step::Verified;
            }
        }
        Act::Link { .. } | Act::Review { .. } => {}
    }
    state.moved_at = when;
}

fn end(state: &mut State, step: Step, when: Timestamp) {
    state.step = step;
    state.waiting = false;
    state.ended_at = Some(when);
}
