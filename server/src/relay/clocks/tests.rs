//! What happens to a ticket, and what its clock then says.

use yizhan_client_core::model::ticket::fold::{State, Step};
use yizhan_client_core::model::ticket::{Class, Priority};
use yizhan_proto::{DocumentId, Timestamp};

use super::calendar::Calendar;
use super::dues::dues;
use crate::store::rows::{DueStep, TicketClockRow, TimeLeft};

const HOUR: i64 = 3_600_000;

fn at(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = format!("{text}:00+08:00").parse().unwrap();
    Timestamp::from_ms(moment.as_millisecond())
}

/// One ticket, and its clock.
struct Ticket {
    state: State,
    clock: Option<TicketClockRow>,
}

impl Ticket {
    /// Raised on Monday, 2026-09-14, at ten.
    fn raised() -> Self {
        let raised_at = at("2026-09-14T10:00");
        let (desk, region) = ("city".parse().unwrap(), "changzhou".parse().unwrap());
        let mut ticket = Self {
            state: State::raised(desk, region, Class::Pay, None, raised_at),
            clock: None,
        };
        ticket.wind(raised_at);
        ticket
    }

    fn wind(&mut self, now: Timestamp) {
        let calendar = Calendar::default();
        let id = DocumentId::from_bytes([1; 16]);
        self.clock = Some(dues(&calendar, id, self.clock.as_ref(), &self.state, now));
    }

    fn happens(&mut self, when: &str, what: impl FnOnce(&mut State, Timestamp)) -> &TicketClockRow {
        let now = at(when);
        what(&mut self.state, now);
        self.wind(now);
        self.clock.as_ref().unwrap()
    }

    fn verified(&mut self, when: &str, priority: Priority) -> &TicketClockRow {
        self.happens(when, |state, now| {
            (state.step, state.priority) = (Step::Verified, priority);
            state.verified_at = Some(now);
        })
    }
}

fn started(state: &mut State, now: Timestamp) {
    state.step = Step::Handling;
    state.responded_at.get_or_insert(now);
}

fn asked(state: &mut State, now: Timestamp) {
    state.waiting = true;
    state.responded_at.get_or_insert(now);
}

fn answered(state: &mut State, _: Timestamp) {
    state.waiting = false;
}

fn resolved(state: &mut State, now: Timestamp) {
    (state.step, state.waiting) = (Step::Resolved, false);
    state.resolved_at = Some(now);
}

fn reopened(state: &mut State, now: Timestamp) {
    (state.step, state.cycle) = (Step::Reopened, 2);
    (state.responded_at, state.reopened_at) = (None, Some(now));
}

#[test]
fn a_day_to_verify_then_a_working_day_to_respond_and_five_to_solve() {
    let mut ticket = Ticket::raised();
    let clock = ticket.clock.clone().unwrap();
    assert_eq!(clock.next, Some((DueStep::Verify, at("2026-09-15T10:00"))));
    assert_eq!((clock.response_due, clock.solution_due), (None, None));

    let clock = ticket.verified("2026-09-14T16:00", Priority::Normal);
    assert_eq!(
        clock.next,
        Some((DueStep::Response, at("2026-09-15T16:00")))
    );
    assert_eq!(
        clock.solution_due,
        Some(at("2026-09-21T16:00")),
        "a weekend between"
    );

    let clock = ticket.happens("2026-09-15T09:00", started);
    assert_eq!(
        clock.next,
        Some((DueStep::Solution, at("2026-09-21T16:00")))
    );
    assert_eq!(
        clock.verify_due,
        Some(at("2026-09-15T10:00")),
        "what was met stays as data"
    );
}

#[test]
fn what_is_urgent_has_three_working_days() {
    let mut ticket = Ticket::raised();
    let clock = ticket.verified("2026-09-14T16:00", Priority::Urgent);
    assert_eq!(clock.solution_due, Some(at("2026-09-17T16:00")));
}

#[test]
fn while_the_driver_is_asked_the_clock_stands_still_and_goes_on_with_what_was_left() {
    let mut ticket = Ticket::raised();
    ticket.verified("2026-09-14T16:00", Priority::Normal);
    ticket.happens("2026-09-14T17:00", started);
    let clock = ticket.happens("2026-09-15T12:00", asked);
    assert_eq!(clock.next, None);
    let left = TimeLeft {
        solution_ms: Some(40 * HOUR),
        ..TimeLeft::default()
    };
    assert_eq!(clock.left, Some(left));
    // Over the weekend, and then some: the forty hours are all there.
    let clock = ticket.happens("2026-09-28T09:00", answered);
    assert_eq!(
        clock.next,
        Some((DueStep::Solution, at("2026-10-02T13:00")))
    );
    assert_eq!(clock.left, None);
}

#[test]
fn who_is_asked_before_it_is_verified_holds_up_the_verification() {
    let mut ticket = Ticket::raised();
    ticket.happens("2026-09-14T16:00", asked);
    // Verified all the same, while the question is open: its clocks begin, and stand still.
    let clock = ticket.verified("2026-09-16T09:00", Priority::Normal);
    assert_eq!(clock.next, None);
    assert_eq!(clock.left.unwrap().solution_ms, Some(45 * HOUR));
    let clock = ticket.happens("2026-09-17T09:00", answered);
    assert_eq!(
        clock.next,
        Some((DueStep::Solution, at("2026-09-23T18:00")))
    );

    let mut ticket = Ticket::raised();
    ticket.happens("2026-09-14T16:00", asked);
    let clock = ticket.happens("2026-09-20T16:00", answered);
    assert_eq!(
        clock.next,
        Some((DueStep::Verify, at("2026-09-21T10:00"))),
        "18 hours are left"
    );
}

#[test]
fn what_was_overdue_when_the_clock_stood_still_is_overdue_when_it_goes_on() {
    let mut ticket = Ticket::raised();
    ticket.verified("2026-09-14T16:00", Priority::Urgent);
    ticket.happens("2026-09-18T10:00", asked);
    let clock = ticket.happens("2026-09-25T10:00", answered);
    assert_eq!(
        clock.next,
        Some((DueStep::Solution, at("2026-09-17T16:00")))
    );
}

#[test]
fn a_reopened_ticket_has_all_its_time_again_and_a_resolved_one_closes_after_seven_days() {
    let mut ticket = Ticket::raised();
    ticket.verified("2026-09-14T16:00", Priority::Normal);
    ticket.happens("2026-09-14T17:00", started);
    let clock = ticket.happens("2026-09-15T10:00", resolved);
    assert_eq!(
        (clock.next, clock.closes_at),
        (None, Some(at("2026-09-22T10:00")))
    );
    assert!(clock.open && clock.left.is_some());

    let clock = ticket.happens("2026-09-16T10:00", reopened);
    assert_eq!(
        clock.next,
        Some((DueStep::Response, at("2026-09-17T10:00")))
    );
    assert_eq!(clock.solution_due, Some(at("2026-09-23T10:00")));
    assert_eq!((clock.closes_at, clock.cycle), (None, 2));

    ticket.happens("2026-09-16T11:00", resolved);
    let clock = ticket.happens("2026-09-17T11:00", |state, now| {
        (state.step, state.ended_at) = (Step::Closed, Some(now));
    });
    assert_eq!(
        (clock.open, clock.next, clock.left, clock.closes_at),
        (false, None, None, None)
    );
}

#[test]
fn an_escalation_changes_no_clock() {
    let mut ticket = Ticket::raised();
    let before = ticket
        .verified("2026-09-14T16:00", Priority::Normal)
        .clone();
    let after = ticket.happens("2026-09-15T16:00", |state, _| {
        state.desk = "province".parse().unwrap();
    });
    assert_eq!(after.desk.as_str(), "province");
    assert_eq!(
        (after.next, after.solution_due),
        (before.next, before.solution_due)
    );
}
