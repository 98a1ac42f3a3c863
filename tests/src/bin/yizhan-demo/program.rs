//! The real network's program: what its stations reported to have held, and what drivers asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use yizhan_client_core::model::activity::{Choice, Sort};
use yizhan_client_core::model::enrolment::{ScanResult, Seat, id_of};
use yizhan_client_core::model::ticket::fold::Step;
use yizhan_client_core::store::{TicketFilter, TicketRow};
use yizhan_proto::{DocumentId, RegionKey, Role, StationId};
use yizhan_tests::invariants::seats::rosters;
use yizhan_tests::network;

use crate::life::{Citizen, Life};
use crate::tally::Tally;

/// Questions of the round table's quiz, of which each driver is asked some.
const QUESTIONS: [&str; 6] = [
    "连续驾驶几小时必须休息?",
    "卧铺里充电要注意什么?",
    "雪天高速跟车距离多少?",
    "疲劳驾驶的表现有哪些?",
    "货物捆扎多久检查一次?",
    "血压多高不宜开车?",
];
/// Lines of a paper that goes with a request.
const PAPER_LINES: usize = 400;
/// Seats of an activity that reported none.
const SEATS: u32 = 8;

impl Life {
    /// Two desks for each region, one under the other.
    pub(crate) fn open_desks(&mut self) {
        let regions: Vec<RegionKey> = network::regions()
            .into_iter()
            .map(|(key, _)| key.parse().expect("a region's key"))
            .collect();
        for region in regions {
            let above = format!("{region}-committee");
            self.served.open_desk(&above, &region, None);
            let key = format!("{region}-desk");
            let desk = self.served.open_desk(&key, &region, Some(&above));
            self.desks.push((desk, region));
        }
        self.places.program.topics = network::topics();
        self.places.program.sessions = network::activities()
            .into_iter()
            .map(|reported| (reported.sort, reported.title, reported.capacity))
            .collect();
    }

    /// Every reported activity is announced by a keeper of its station, the round table with its
    /// quiz; and every reported request is raised, each by another driver.
    pub(crate) fn announce_the_program(&mut self) {
        let mut table = None;
        for reported in network::activities() {
            let Some((number, region, station)) = self.keeper_of(&reported.station) else {
                continue;
            };
            let phone = &mut self.citizens[number].phone;
            let seats = reported.capacity.unwrap_or(SEATS);
            let activity = phone
                .announce(
                    (region, station),
                    (reported.sort, &reported.title),
                    Some(seats),
                )
                .expect("a keeper announces");
            if reported.sort == Sort::Quiz {
                for question in QUESTIONS {
                    phone
                        .add_question(activity, question)
                        .expect("a keeper asks");
                }
                table = Some((number, (activity, station)));
            }
        }
        self.raise_the_requests();
        if let Some((host, table)) = table {
            self.hold_the_round_table(host, table);
        }
    }

    /// Drivers enrol on the way, the host scans who comes, and the quiz is answered and rated, all
    /// of it before anybody syncs again.
    fn hold_the_round_table(&mut self, host: usize, table: (DocumentId, StationId)) {
        self.everybody_syncs();
        let drivers = self.drivers();
        for &number in &drivers {
            let phone = &mut self.citizens[number].phone;
            let (me, name) = (phone.person(), phone.name().to_owned());
            phone.enrol((me, &name), table).expect("a driver enrols");
        }
        self.everybody_syncs();
        for &number in &drivers {
            let person = self.citizens[number].phone.person();
            let enrolment = id_of(table.0, person);
            let keeper = &mut self.citizens[host].phone;
            keeper
                .scan(enrolment, ScanResult::Ok)
                .expect("a keeper scans");
            let phone = &mut self.citizens[number].phone;
            let sheet = phone.client().quiz(enrolment).expect("a quiz");
            for (question, _) in sheet.questions {
                let choice = *self.chance.pick(&[Choice::A, Choice::B, Choice::B]);
                phone
                    .answer(enrolment, question.entry, choice)
                    .expect("a driver answers");
            }
            phone
                .feedback(enrolment, 5, "讲得很清楚")
                .expect("a driver says how it was");
        }
    }

    /// Phones of people who only drive; of those with two phones, one.
    fn drivers(&self) -> Vec<usize> {
        let mut people = BTreeSet::new();
        let phones = self.citizens.iter().enumerate();
        phones
            .filter(|(_, citizen)| citizen.phone.roles() == [Role::Driver])
            .filter(|(_, citizen)| people.insert(citizen.person))
            .map(|(number, _)| number)
            .collect()
    }

    fn raise_the_requests(&mut self) {
        let desks = self.places.program.desks.clone();
        let drivers = self.drivers();
        if desks.is_empty() || drivers.is_empty() {
            return;
        }
        for (at, (class, title)) in network::topics().into_iter().enumerate() {
            let station = self.places.stations[at % self.places.stations.len()];
            let desk = desks[at % desks.len()].clone();
            let phone = &mut self.citizens[drivers[at % drivers.len()]].phone;
            let ticket = phone
                .raise(desk, Some(station), (class, &title), (None, None))
                .expect("a driver asks");
            if at % 3 == 0 {
                let paper = format!("%PDF-1.4\n{}", title.repeat(PAPER_LINES));
                phone
                    .attach(ticket, "说明.pdf", paper.as_bytes())
                    .expect("a paper is put to it");
                self.tally.attachments += 1;
            }
        }
    }

    /// Somebody who keeps the station of that key, with its region.
    fn keeper_of(&self, key: &str) -> Option<(usize, RegionKey, StationId)> {
        self.citizens
            .iter()
            .enumerate()
            .find_map(|(number, citizen)| {
                let row = citizen.phone.client().station(key).ok()?;
                let keeps = citizen.phone.roles().contains(&Role::Keeper(row.id));
                keeps.then_some((number, row.region?, row.id))
            })
    }
}

/// Counts seats as the relay gave them, and requests as phones show them.
pub(crate) fn count(data: &Path, citizens: &[Citizen], tally: &mut Tally) {
    let mut right = 0_u64;
    let mut asked = 0_u64;
    for roster in rosters(data) {
        for enrolment in &roster.enrolments {
            match enrolment.standing.seat {
                Some(Seat::Accepted { .. } | Seat::Leased) => tally.seats += 1,
                Some(Seat::Waitlisted { .. }) => tally.waiting += 1,
                Some(Seat::Requested | Seat::Refused { .. } | Seat::Cancelled) | None => {}
            }
            tally.attended += u64::from(enrolment.attendance().is_some());
            let grade = enrolment.grade(&roster.activity);
            if grade.answered > 0 {
                tally.quizzes += 1;
                right += u64::from(grade.score);
                asked += u64::from(grade.answered);
            }
        }
    }
    tally.quiz_mean_percent = (right * 100).checked_div(asked).unwrap_or(0);
    for row in tickets(citizens).values() {
        tally.recovered_yuan += row.recovered_fen / 100;
        match row.step {
            Some(Step::Closed) => tally.tickets_closed += 1,
            Some(Step::Resolved) => tally.tickets_resolved += 1,
            Some(Step::Rejected | Step::Withdrawn) => {}
            Some(Step::Raised | Step::Verified | Step::Handling | Step::Reopened) | None => {
                tally.tickets_open += 1;
            }
        }
    }
}

/// All requests that any phone shows.
fn tickets(citizens: &[Citizen]) -> BTreeMap<DocumentId, TicketRow> {
    let mut all = BTreeMap::new();
    for citizen in citizens {
        let rows = citizen.phone.client().tickets(&TicketFilter::default());
        for row in rows.expect("tickets are listed") {
            all.insert(row.id, row);
        }
    }
    all
}
