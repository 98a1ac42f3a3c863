//! What people do at activities and with requests, chosen by chance.

use yizhan_client_core::model::activity::{Choice, Sort, State};
use yizhan_client_core::model::enrolment::ScanResult;
use yizhan_client_core::model::notice::Level;
use yizhan_client_core::model::ticket::fold::Step;
use yizhan_client_core::model::ticket::{Act, Class, Outcome, Priority};
use yizhan_client_core::store::{
    ActivityFilter, ActivityRow, EnrolmentFilter, EnrolmentRow, TicketFilter, TicketRow,
};
use yizhan_client_core::transport::Transport;
use yizhan_proto::{DeskKey, RegionKey, Role, StationId};

use super::{Done, Places, note, stars};
use crate::chance::Chance;
use crate::phone::Phone;

/// What there is to do beside visits; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// Desks that answer, each with its region.
    pub desks: Vec<(DeskKey, RegionKey)>,
    /// What drivers ask for.
    pub topics: Vec<(Class, String)>,
    /// What stations hold: sort, title, seats.
    pub sessions: Vec<(Sort, String, Option<u32>)>,
}

impl Program {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.desks.is_empty() || self.topics.is_empty() || self.sessions.is_empty()
    }
}

/// Lets the phone's owner do one thing of the program.
pub(super) fn take_part<T: Transport>(
    phone: &mut Phone<T>,
    places: &Places,
    chance: &mut Chance,
) -> Done {
    let roles = phone.roles();
    for role in &roles {
        match role {
            Role::Keeper(station) => return host(phone, *station, places, chance),
            Role::Specialist(desk) => return answer_for(phone, desk, places, chance),
            Role::Driver
            | Role::Health(_)
            | Role::Coordinator(_)
            | Role::Operator
            | Role::Other(_) => {}
        }
    }
    visit_program(phone, places, chance)
}

fn activities<T: Transport>(phone: &Phone<T>, station: Option<StationId>) -> Vec<ActivityRow> {
    let filter = ActivityFilter {
        station,
        ..ActivityFilter::default()
    };
    phone
        .client()
        .activities(&filter)
        .expect("activities are listed")
}

fn enrolments<T: Transport>(phone: &Phone<T>, filter: &EnrolmentFilter) -> Vec<EnrolmentRow> {
    phone
        .client()
        .enrolments(filter)
        .expect("enrolments are listed")
}

fn tickets<T: Transport>(phone: &Phone<T>, filter: &TicketFilter) -> Vec<TicketRow> {
    phone.client().tickets(filter).expect("tickets are listed")
}

/// One of them, if there are any.
fn one<'a, R>(rows: &'a [R], chance: &mut Chance) -> Option<&'a R> {
    (!rows.is_empty()).then(|| chance.pick(rows))
}

/// A keeper holds activities, scans codes, verifies requests, tells news.
fn host<T: Transport>(
    phone: &mut Phone<T>,
    station: StationId,
    places: &Places,
    chance: &mut Chance,
) -> Done {
    let Ok(row) = phone.client().station(&station.to_string()) else {
        return Ok(None);
    };
    let Some(region) = row.region else {
        return Ok(None);
    };
    let held = activities(phone, Some(station));
    let choice = chance.below(12);
    if held.is_empty() || (choice == 0 && held.len() < 4) {
        let (sort, title, seats) = chance.pick(&places.program.sessions).clone();
        return phone
            .announce((region, station), (sort, &title), seats)
            .map(Some);
    }
    let activity = chance.pick(&held).clone();
    let here = EnrolmentFilter {
        activity: Some(activity.id),
        ..EnrolmentFilter::default()
    };
    match choice {
        1 | 2 if activity.questions < 6 => phone.add_question(activity.id, &note(chance)).map(Some),
        3 => {
            let seats = 1 + u32::try_from(chance.below(6)).unwrap_or(0);
            phone.set_capacity(activity.id, seats).map(Some)
        }
        4 if chance.one_in(6) => phone.set_state(activity.id, State::Cancelled).map(Some),
        4 => {
            let region = (!chance.one_in(3)).then_some(region);
            let level = *chance.pick(&[Level::Info, Level::Warning, Level::Urgent]);
            phone
                .publish(region, station, (level, &note(chance)))
                .map(Some)
        }
        5 | 6 => {
            let rows = enrolments(phone, &here);
            let Some(row) = one(&rows, chance) else {
                return Ok(None);
            };
            let result = *chance.pick(&[ScanResult::Ok, ScanResult::Ok, ScanResult::Expired]);
            phone.scan(row.id, result).map(Some)
        }
        7 => {
            let rows = enrolments(phone, &here);
            let Some(row) = one(&rows, chance) else {
                return Ok(None);
            };
            let number = format!("证{}", chance.below(1_000));
            phone.certify(row.id, &number).map(Some)
        }
        8 if !places.drivers.is_empty() => {
            let (driver, name) = chance.pick(&places.drivers).clone();
            phone
                .enrol((driver, &name), (activity.id, station))
                .map(Some)
        }
        _ => see_to_requests(phone, station, chance),
    }
}

/// A keeper verifies what was raised at the station, or comments on it.
fn see_to_requests<T: Transport>(
    phone: &mut Phone<T>,
    station: StationId,
    chance: &mut Chance,
) -> Done {
    let raised = TicketFilter {
        station: Some(station),
        ..TicketFilter::default()
    };
    let rows = tickets(phone, &raised);
    let Some(row) = one(&rows, chance) else {
        return Ok(None);
    };
    if row.step == Some(Step::Raised) {
        return phone.step(row.id, verified(chance)).map(Some);
    }
    phone.comment(row.id, &note(chance)).map(Some)
}

fn verified(chance: &mut Chance) -> Act {
    Act::Verify {
        class: None,
        priority: *chance.pick(&[Priority::Normal, Priority::Normal, Priority::Urgent]),
        text: Some("属实".to_owned()),
    }
}

/// A specialist takes a request one step further, or does not look and takes a wrong one.
fn answer_for<T: Transport>(
    phone: &mut Phone<T>,
    desk: &DeskKey,
    places: &Places,
    chance: &mut Chance,
) -> Done {
    let of_desk = TicketFilter {
        desk: Some(desk.clone()),
        ..TicketFilter::default()
    };
    let rows = tickets(phone, &of_desk);
    let Some(row) = one(&rows, chance) else {
        return Ok(None);
    };
    let ticket = row.id;
    if chance.one_in(5) {
        let found = places.program.desks.iter().find(|(key, _)| key == desk);
        let Some(own) = found.cloned() else {
            return Ok(None);
        };
        return phone.case_note(ticket, own, &note(chance)).map(Some);
    }
    if chance.one_in(5) {
        return phone.comment(ticket, &note(chance)).map(Some);
    }
    let me = phone.person();
    let step = if chance.one_in(10) { None } else { row.step };
    let act = match step {
        Some(Step::Raised) => verified(chance),
        Some(Step::Verified | Step::Reopened) if row.first.is_none() => Act::Assign {
            first: me,
            second: None,
            desk: desk.clone(),
            instead_of: None,
        },
        Some(Step::Verified | Step::Reopened) => Act::Start,
        Some(Step::Handling) if chance.one_in(4) => Act::Ask { text: note(chance) },
        Some(Step::Handling) | None => Act::Resolve {
            text: note(chance),
            amount_fen: chance.one_in(2).then(|| 100 * (1 + chance.below(50_000))),
            outcome: (row.class == Some(Class::Dispute)).then_some(Outcome::Settled),
        },
        Some(Step::Resolved | Step::Closed | Step::Rejected | Step::Withdrawn) => {
            return phone.comment(ticket, &note(chance)).map(Some);
        }
    };
    phone.step(ticket, act).map(Some)
}

/// A driver enrols, takes part, and asks for things.
fn visit_program<T: Transport>(phone: &mut Phone<T>, places: &Places, chance: &mut Chance) -> Done {
    if chance.one_in(2) {
        return ask_for_things(phone, places, chance);
    }
    let me = phone.person();
    let own = EnrolmentFilter {
        driver: Some(me),
        ..EnrolmentFilter::default()
    };
    let mine = enrolments(phone, &own);
    let choice = chance.below(8);
    if mine.is_empty() || choice < 2 {
        let all = activities(phone, None);
        let Some(activity) = one(&all, chance) else {
            return Ok(None);
        };
        let (activity, name) = ((activity.id, activity.station), phone.name().to_owned());
        return phone.enrol((me, &name), activity).map(Some);
    }
    let row = chance.pick(&mine).clone();
    match choice {
        2 => phone.give_up(row.id).map(Some),
        3 | 4 => phone
            .feedback(row.id, stars(chance), &note(chance))
            .map(Some),
        _ => {
            let Ok(sheet) = phone.client().quiz(row.id) else {
                return Ok(None);
            };
            let open = sheet
                .questions
                .iter()
                .find(|(_, answered)| answered.is_none());
            let Some((question, _)) = open else {
                return Ok(None);
            };
            let choice = *chance.pick(&[Choice::A, Choice::B, Choice::B, Choice::C]);
            phone.answer(row.id, question.entry, choice).map(Some)
        }
    }
}

fn ask_for_things<T: Transport>(
    phone: &mut Phone<T>,
    places: &Places,
    chance: &mut Chance,
) -> Done {
    let own = TicketFilter {
        driver: Some(phone.person()),
        ..TicketFilter::default()
    };
    let mine = tickets(phone, &own);
    if mine.is_empty() || (chance.one_in(3) && mine.len() < 4) {
        let desk = chance.pick(&places.program.desks).clone();
        let (class, title) = chance.pick(&places.program.topics).clone();
        let station = *chance.pick(&places.stations);
        return phone
            .raise(desk, Some(station), (class, &title), (None, None))
            .map(Some);
    }
    let row = chance.pick(&mine).clone();
    let act = match row.step {
        Some(Step::Resolved) if chance.one_in(4) => Act::Reopen {
            reason: note(chance),
        },
        Some(Step::Resolved) => Act::Rate {
            rating: stars(chance),
            text: None,
        },
        Some(Step::Handling) if row.waiting => Act::Answer { text: note(chance) },
        Some(Step::Raised) if chance.one_in(5) => Act::Withdraw { reason: None },
        _ if row.class == Some(Class::Dispute) => {
            return phone.name_party(row.id, "某货主").map(Some);
        }
        _ => return phone.comment(row.id, &note(chance)).map(Some),
    };
    phone.step(row.id, act).map(Some)
}
