//! Activities by sort: who enrolled, who was there, what they thought of it. An activity counts
//! in the month in which it begins, unless it is a draft or was cancelled.

use std::collections::BTreeMap;

use yizhan_proto::DocumentId;

use super::tally::{At, Column, PLAIN, Plan, SUMMED, Show, Tally, column};
use super::{Lens, Month, Wanted};
use crate::model::Activity;
use crate::model::activity::{Sort, State};
use crate::model::document::Register;
use crate::model::enrolment::{Ask, Enrolment, Seat};

const ACTIVITIES: usize = 0;
const ENROLLED: usize = 1;
const ACCEPTED: usize = 2;
const ATTENDED: usize = 3;
const WALK_INS: usize = 4;
const FEEDBACK: usize = 5;
const QUIZ: usize = 6;
const CERTIFICATES: usize = 7;

const COLUMNS: &[Column] = &[
    column("activities", ACTIVITIES, Show::Count),
    column("enrolled", ENROLLED, Show::Count),
    column("accepted", ACCEPTED, Show::Count),
    column("attended", ATTENDED, Show::Count),
    column("walk_ins", WALK_INS, Show::Count),
    column("feedback", FEEDBACK, Show::Count),
    column("feedback_mean", FEEDBACK, Show::Mean),
    column("quizzes", QUIZ, Show::Count),
    column("quiz_percent_mean", QUIZ, Show::Mean),
    column("certificates", CERTIFICATES, Show::Count),
];

static PLAN: Plan = Plan {
    place: "station",
    item: "type",
    measures: &[
        PLAIN, SUMMED, SUMMED, SUMMED, SUMMED, SUMMED, SUMMED, SUMMED,
    ],
    columns: COLUMNS,
};

/// The numbers, and the activities that enrolments are counted under.
#[derive(Debug)]
pub(super) struct Activities {
    tally: Tally,
    known: BTreeMap<DocumentId, Known>,
}

#[derive(Debug)]
struct Known {
    month: Month,
    station: String,
    sort: &'static str,
    /// What the quiz is graded with; the words are left out.
    activity: Activity,
}

impl Default for Activities {
    fn default() -> Self {
        Self {
            tally: Tally::new(&PLAN),
            known: BTreeMap::new(),
        }
    }
}

impl Activities {
    pub(super) fn activity(&mut self, mut activity: Activity, wanted: &Wanted, lens: &Lens<'_>) {
        let takes_place = match activity.state.value {
            Some(State::Draft | State::Cancelled) | None => false,
            Some(State::Open | State::Closed | State::Done) => true,
        };
        let starts_at = activity.starts_at.value;
        let month = starts_at.and_then(|starts_at| wanted.month(lens, starts_at));
        let (Some(month), true, true) = (month, takes_place, wanted.place.holds(activity.station))
        else {
            return;
        };
        activity.text = Register::default();
        let known = Known {
            month,
            station: (lens.station)(activity.station),
            sort: activity.sort.map_or("other", Sort::as_str),
            activity,
        };
        self.tally.add(known.at(), ACTIVITIES, None, 1);
        self.known.insert(known.activity.id, known);
    }

    pub(super) fn enrolment(&mut self, enrolment: &Enrolment, lens: &Lens<'_>) {
        let Some(known) = self.known.get(&enrolment.activity) else {
            return;
        };
        let requested = enrolment.requests.iter().map(|request| request.at);
        let scanned = enrolment.scans.iter().map(|scan| scan.at);
        let begun = requested.chain(scanned).min();
        let station = known.activity.station;
        if begun.is_some_and(|begun| !lens.counts(enrolment.driver, station, begun)) {
            return;
        }
        let person = Some((lens.person)(enrolment.driver));
        let tally = &mut self.tally;
        let mut add = |measure, value| tally.add(known.at(), measure, person, value);
        let asked = |request: &crate::model::enrolment::Request| request.what == Ask::Enrol;
        if enrolment.requests.iter().any(asked) {
            add(ENROLLED, 1);
        }
        let seated = enrolment.standing.seat.is_some_and(Seat::is_taken);
        if seated {
            add(ACCEPTED, 1);
        }
        if enrolment.attendance().is_some() {
            add(ATTENDED, 1);
            if !seated {
                add(WALK_INS, 1);
            }
        }
        if let Some(rating) = enrolment.feedback_rating.value {
            add(FEEDBACK, i64::from(rating) * 100);
        }
        let grade = enrolment.grade(&known.activity);
        if grade.answered > 0 {
            add(
                QUIZ,
                i64::from(grade.score) * 10_000 / i64::from(grade.asked.max(1)),
            );
        }
        if enrolment.certificate.value.is_some() {
            add(CERTIFICATES, 1);
        }
    }

    pub(super) fn finish(self) -> Tally {
        self.tally
    }
}

impl Known {
    fn at(&self) -> At<'_> {
        At {
            month: self.month,
            place: &self.station,
            item: self.sort,
        }
    }
}
