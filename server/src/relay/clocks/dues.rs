//! By when a ticket must be where. Pure.
//!
//! To verify takes clock time; a first response and a solution take working time, from the
//! verification on, and anew in each cycle. The clock stands still while the ticket is resolved
//! and while the driver was asked something: what was left then is left when it goes on. What was
//! overdue by then stays so. An escalation changes no clock.

use yizhan_client_core::model::ticket::Priority;
use yizhan_client_core::model::ticket::fold::{CYCLES_MAX, REOPEN_MS_MAX, State, Step};
use yizhan_proto::{DocumentId, Timestamp};

use super::calendar::Calendar;
use crate::store::rows::{DueStep, TicketClockRow, TimeLeft};

/// The clock of a ticket in this state from `now` on; `before` is its clock up to now.
pub(super) fn dues(
    calendar: &Calendar,
    ticket: DocumentId,
    before: Option<&TicketClockRow>,
    state: &State,
    now: Timestamp,
) -> TicketClockRow {
    let mut clock = Clock {
        calendar,
        state,
        now,
        verify: before.and_then(|row| row.verify_due),
        response: before.and_then(|row| row.response_due),
        solution: before.and_then(|row| row.solution_due),
        left: before.and_then(|row| row.left),
    };
    if before.is_none() {
        clock.verify = Some(now.saturating_add_ms(calendar.allowances().verify_ms));
    }
    clock.resume();
    let anew = before.is_some_and(|row| row.cycle < state.cycle);
    if state.verified_at.is_some() && (anew || clock.response.is_none()) {
        clock.begin();
    }
    clock.pause();
    TicketClockRow {
        document: ticket,
        desk: state.desk.clone(),
        step: state.step as u8,
        cycle: state.cycle,
        open: state.step.is_open() || state.step == Step::Resolved,
        next: clock.next(),
        verify_due: clock.verify,
        response_due: clock.response,
        solution_due: clock.solution,
        left: clock.left,
        closes_at: closes_at(calendar, state),
        reopens_until: reopens_until(state),
    }
}

fn closes_at(calendar: &Calendar, state: &State) -> Option<Timestamp> {
    let resolved_at = state.resolved_at.filter(|_| state.step == Step::Resolved)?;
    Some(resolved_at.saturating_add_ms(calendar.allowances().close_ms))
}

/// A ticket that is closed comes back to its desk if the driver reopens it.
fn reopens_until(state: &State) -> Option<Timestamp> {
    let may = state.step == Step::Closed && state.cycle < CYCLES_MAX;
    let resolved_at = state.resolved_at.filter(|_| may)?;
    Some(resolved_at.saturating_add_ms(REOPEN_MS_MAX))
}

struct Clock<'a> {
    calendar: &'a Calendar,
    state: &'a State,
    now: Timestamp,
    verify: Option<Timestamp>,
    response: Option<Timestamp>,
    solution: Option<Timestamp>,
    left: Option<TimeLeft>,
}

impl Clock<'_> {
    /// Starts a cycle.
    fn begin(&mut self) {
        let allowed = self.calendar.allowances();
        let day_ms = self.calendar.day_ms();
        let days = match self.state.priority {
            Priority::Normal => allowed.solution_days,
            Priority::Urgent => allowed.solution_days_urgent,
        };
        let after = |days: i64| self.calendar.add_working(self.now, days * day_ms);
        (self.response, self.solution) = (Some(after(allowed.response_days)), Some(after(days)));
    }

    /// What was left goes on from now; `pause` stops it again where it still stands still.
    fn resume(&mut self) {
        let Some(left) = self.left.take() else {
            return;
        };
        if !self.state.step.is_open() && self.state.step != Step::Resolved {
            return;
        }
        let working = |ms: i64| self.calendar.add_working(self.now, ms);
        let clock = |ms: i64| self.now.saturating_add_ms(ms);
        self.verify = left.verify_ms.map(clock).or(self.verify);
        self.response = left.response_ms.map(working).or(self.response);
        self.solution = left.solution_ms.map(working).or(self.solution);
    }

    fn pause(&mut self) {
        if !self.state.is_paused() {
            return;
        }
        let open = self.state.step.is_open() || self.state.step == Step::Resolved;
        let (now, runs) = (self.now, |due: Option<Timestamp>, running: bool| {
            due.filter(|due| running && *due > self.now)
        });
        let working = |due: Timestamp| self.calendar.working_between(now, due);
        self.left = Some(TimeLeft {
            verify_ms: runs(self.verify, self.state.step == Step::Raised)
                .map(|due| due.ms_since(now)),
            response_ms: runs(self.response, self.state.responded_at.is_none()).map(working),
            solution_ms: runs(self.solution, open).map(working),
        });
    }

    /// What is due next; nothing while the clock stands still.
    fn next(&self) -> Option<(DueStep, Timestamp)> {
        if self.left.is_some() {
            return None;
        }
        let (step, due) = match self.state.step {
            Step::Raised => (DueStep::Verify, self.verify),
            Step::Verified | Step::Handling | Step::Reopened => match self.state.responded_at {
                None => (DueStep::Response, self.response),
                Some(_) => (DueStep::Solution, self.solution),
            },
            Step::Resolved | Step::Closed | Step::Rejected | Step::Withdrawn => return None,
        };
        due.map(|due| (step, due))
    }
}
