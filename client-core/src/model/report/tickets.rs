//! Requests by class and desk, in the month in which they were raised. Times are hours of the
//! clock since the raising, nights and holidays included, on the relay's time; what was due when
//! is another matter, and counted as `late`.

use yizhan_proto::Timestamp;

use super::tally::{At, Column, Plan, SPREAD, SUMMED, Show, Tally, column};
use super::{Lens, Wanted, Where};
use crate::model::document::Register;
use crate::model::ticket::fold::Step;
use crate::model::ticket::{Act, Event, Ticket};

/// Milliseconds of a hundredth of an hour.
const HOUR_HUNDREDTH_MS: i64 = 36_000;
/// Ratings from here on say that the driver is satisfied.
const SATISFIED_FROM: u8 = 4;

const RAISED: usize = 0;
const VERIFY: usize = 1;
const RESPONSE: usize = 2;
const SOLUTION: usize = 3;
const LATE: usize = 4;
const RATED: usize = 5;
const SATISFIED: usize = 6;
const RECOVERED: usize = 7;

const COLUMNS: &[Column] = &[
    column("raised", RAISED, Show::Count),
    column("verified", VERIFY, Show::Count),
    column("verify_hours_median", VERIFY, Show::Median),
    column("verify_hours_p90", VERIFY, Show::NinetiethPercentile),
    column("responded", RESPONSE, Show::Count),
    column("response_hours_median", RESPONSE, Show::Median),
    column("response_hours_p90", RESPONSE, Show::NinetiethPercentile),
    column("resolved", SOLUTION, Show::Count),
    column("solution_hours_median", SOLUTION, Show::Median),
    column("solution_hours_p90", SOLUTION, Show::NinetiethPercentile),
    column("late", LATE, Show::Count),
    column("rated", RATED, Show::Count),
    column("rating_mean", RATED, Show::Mean),
    column("satisfied_percent", SATISFIED, Show::Mean),
    column("recoveries", RECOVERED, Show::Count),
    column("recovered_yuan", RECOVERED, Show::SumOfHundredths),
];

static PLAN: Plan = Plan {
    place: "desk",
    item: "class",
    measures: &[
        SUMMED, SPREAD, SPREAD, SPREAD, SUMMED, SUMMED, SUMMED, SUMMED,
    ],
    columns: COLUMNS,
};

/// The numbers.
#[derive(Debug)]
pub(super) struct Tickets {
    tally: Tally,
}

impl Tickets {
    pub(super) fn new() -> Self {
        Self {
            tally: Tally::new(&PLAN),
        }
    }

    pub(super) fn ticket(&mut self, ticket: &Ticket, wanted: &Wanted, lens: &Lens<'_>) {
        let state = &ticket.state;
        let holds = match &wanted.place {
            Where::Everywhere => true,
            Where::Stations(stations) => ticket.station.is_some_and(|at| stations.contains(&at)),
            Where::Region(region, _) => state.region == *region,
        };
        let month = wanted.month(lens, state.raised_at);
        let (Some(month), true) = (month, holds) else {
            return;
        };
        let at = At {
            month,
            place: state.desk.as_str(),
            item: state.class.as_str(),
        };
        let person = Some((lens.person)(ticket.driver));
        let tally = &mut self.tally;
        let mut add = |measure, value| tally.add(at, measure, person, value);
        add(RAISED, 1);
        let first = |fits: fn(&Act) -> bool| {
            let mut counted = ticket.counted();
            counted.find(|event| fits(&event.act)).map(Event::when)
        };
        let responded = first(|act| matches!(act, Act::Start | Act::Ask { .. }));
        let resolved = first(|act| matches!(act, Act::Resolve { .. }));
        let steps = [
            (VERIFY, state.verified_at),
            (RESPONSE, responded),
            (SOLUTION, resolved),
        ];
        for (measure, done_at) in steps {
            if let Some(done_at) = done_at {
                let ms = done_at.ms_since(state.raised_at).max(0);
                add(measure, ms / HOUR_HUNDREDTH_MS);
            }
        }
        if is_late(ticket, lens.now) {
            add(LATE, 1);
        }
        if let Some(rating) = state.rating {
            add(RATED, i64::from(rating) * 100);
            add(SATISFIED, if rating >= SATISFIED_FROM { 10_000 } else { 0 });
        }
        let recovered_fen = i64::try_from(ticket.recovered_fen()).unwrap_or(i64::MAX);
        if recovered_fen > 0 {
            add(RECOVERED, recovered_fen);
        }
    }

    pub(super) fn finish(self) -> Tally {
        self.tally
    }
}

/// Whether a step of the cycle in force was, or is, past its time.
fn is_late(ticket: &Ticket, now: Timestamp) -> bool {
    let (state, clocks) = (&ticket.state, &ticket.clocks);
    let ended = state.ended_at;
    let solved = match state.step {
        Step::Resolved | Step::Closed => state.resolved_at,
        Step::Rejected | Step::Withdrawn => ended,
        Step::Raised | Step::Verified | Step::Handling | Step::Reopened => None,
    };
    let late = |due: &Register<Timestamp>, done: Option<Timestamp>| {
        let until = match done {
            None if clocks.paused => return false,
            done => done.unwrap_or(now),
        };
        due.value.is_some_and(|due| until > due)
    };
    late(&clocks.verify_due, state.verified_at.or(ended))
        || late(&clocks.response_due, state.responded_at.or(solved))
        || late(&clocks.solution_due, solved)
}
