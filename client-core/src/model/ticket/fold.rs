//! The state of a ticket, folded from its events in the relay's order.
//!
//! [`step`] is pure and is all there is: reading a ticket folds its events with it, and the relay
//! folds each accepted event into what it remembers of the ticket. An event that does not fit the
//! state it meets is kept and changes nothing; it is *superseded*, with the reason.

use yizhan_proto::{DeskKey, EntryId, PersonId, Timestamp};

use super::event::{Act, Event, EventType};
pub use super::state::{State, Step, Superseded, Why};

/// A driver may reopen within so many milliseconds of the resolution: seven days.
pub const REOPEN_MS_MAX: i64 = 7 * 24 * 60 * 60 * 1000;
/// Cycles a ticket may have: it is reopened once.
pub const CYCLES_MAX: u32 = 2;

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
        Act::Assign { .. } => assigns(state, &event.act),
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
        } => escalates(state, desk, *instead_of),
    }
}

fn assigns(state: &State, act: &Act) -> Result<(), Why> {
    let Act::Assign {
        first,
        second,
        desk,
        instead_of,
    } = act
    else {
        return Ok(());
    };
    verified_and_open(state)?;
    let is_about = |person: PersonId| state.about == Some(person);
    if *desk != state.desk {
        Err(Why::EscalatedSince)
    } else if *instead_of != state.assignment {
        Err(Why::AssignedSince)
    } else if is_about(*first) || second.is_some_and(is_about) {
        Err(Why::Conflicted)
    } else {
        Ok(())
    }
}

fn escalates(state: &State, desk: &DeskKey, instead_of: Option<EntryId>) -> Result<(), Why> {
    open(state)?;
    if instead_of != state.escalation {
        Err(Why::EscalatedSince)
    } else if *desk == state.desk {
        Err(Why::SameDesk)
    } else {
        Ok(())
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
