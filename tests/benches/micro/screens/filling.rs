//! The documents of a station's tablet, made one after another, the same every time.

use yizhan_client_core::client::Client;
use yizhan_client_core::model::Command;
use yizhan_client_core::model::activity::{self, NewActivity, Sort, State};
use yizhan_client_core::model::case_note::{self, NewNote};
use yizhan_client_core::model::check::{self, NewCheck, Reading, ReadingValue};
use yizhan_client_core::model::consent::{self, Purpose};
use yizhan_client_core::model::enrolment::{self, Ask, First, NewEnrolment, NewRequest, id_of};
use yizhan_client_core::model::notice::{self, Level, NewNotice};
use yizhan_client_core::model::ticket::{self, Act, Class, NewTicket, Priority};
use yizhan_client_core::model::visit::{self, Source};
use yizhan_client_core::model::vitals::Item;
use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, RegionKey, StationId, Timestamp};

/// Documents in all; a few where nothing is optimised and the figures say nothing.
pub(super) const DOCUMENTS: usize = if cfg!(debug_assertions) { 400 } else { 20_000 };
/// Of a hundred documents so many are visits, checks and so on; what is left are consents.
const VISITS: usize = 40;
const CHECKED: usize = VISITS + 15;
const ENROLLED: usize = CHECKED + 12;
const RAISED: usize = ENROLLED + 12;
const ANNOUNCED: usize = RAISED + 2;
const PUBLISHED: usize = ANNOUNCED + 2;
const NOTED: usize = PUBLISHED + 2;
/// Drivers who enrol in one activity.
const ENROLLED_AT_ONCE: usize = if DRIVERS < 60 { DRIVERS } else { 60 };
/// Drivers that they are of.
const DRIVERS: usize = DOCUMENTS / 40;
/// Days over which they are spread.
const DAYS: i64 = if cfg!(debug_assertions) { 4 } else { 180 };
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Family names, so that a search finds some and not all.
const NAMES: [&str; 6] = ["李", "王", "张", "赵", "孙", "周"];

/// The driver of a document: mixed, so that each has something of all.
fn whose(number: usize) -> usize {
    if number < DRIVERS {
        return number;
    }
    (number.wrapping_mul(2_654_435_761) >> 9) % DRIVERS
}

pub(super) fn driver(number: usize) -> PersonId {
    PersonId::from_bytes(id(3, number))
}

pub(super) fn region() -> RegionKey {
    "zhaoyuan".parse().expect("a region's key")
}

pub(super) fn desk() -> DeskKey {
    "zy-home".parse().expect("a desk's key")
}

fn id(kind: u8, number: usize) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

/// Makes the tablet's documents, one after another, the same every time.
pub(super) struct Filling {
    station: StationId,
    me: PersonId,
    now: Timestamp,
    pub(super) made: usize,
    pub(super) activities: Vec<DocumentId>,
    enrolled: usize,
    tickets: Vec<DocumentId>,
}

impl Filling {
    pub(super) fn of(station: StationId, me: PersonId, now: Timestamp) -> Self {
        Self {
            station,
            me,
            now,
            made: 0,
            activities: Vec::new(),
            enrolled: 0,
            tickets: Vec::new(),
        }
    }

    /// The next document.
    pub(super) fn make_one(&mut self, client: &mut Client) {
        let number = self.made;
        self.made += 1;
        // A consent comes first for each driver, as checks need one.
        if number < DRIVERS {
            return self.consent(client, number);
        }
        // Mixed, so that each day has something of all.
        match (number * 37) % 100 {
            0..VISITS => self.visit(client, number),
            VISITS..CHECKED => self.check(client, number),
            CHECKED..ENROLLED if self.open_activity().is_some() => self.enrolment(client, number),
            ENROLLED..RAISED => self.ticket(client, number),
            RAISED..ANNOUNCED => self.activity(client, number),
            ANNOUNCED..PUBLISHED => self.notice(client, number),
            PUBLISHED..NOTED if !self.tickets.is_empty() => self.note(client, number),
            _ => self.consent(client, number),
        }
    }

    fn activity(&mut self, client: &mut Client, number: usize) {
        let starts_at = self.at(number);
        let new = NewActivity {
            region: region(),
            station: self.station,
            sort: Sort::Lecture,
            title: format!("卡友大讲堂{number}"),
            text: None,
            starts_at,
            ends_at: starts_at.saturating_add_ms(DAY_MS / 4),
            place: None,
            capacity: Some(50),
            state: State::Open,
            quiz_draw: None,
            by: self.me,
        };
        let command = Command::Activity(activity::Command::Create(new));
        let id = self.edit(client, number, &command);
        self.activities.push(id);
    }

    /// The activity in which the next driver enrols: each only once in each.
    fn open_activity(&self) -> Option<DocumentId> {
        let full = self.enrolled / ENROLLED_AT_ONCE;
        self.activities.get(full).copied()
    }

    fn enrolment(&mut self, client: &mut Client, number: usize) {
        let activity = self.open_activity().expect("there is room");
        let driver_number = self.enrolled % DRIVERS;
        self.enrolled += 1;
        let new = NewEnrolment {
            driver: driver(driver_number),
            driver_name: format!("师傅{driver_number}"),
            activity,
            station: self.station,
            first: First::Request(NewRequest {
                entry: EntryId::from_bytes(id(20, number)),
                what: Ask::Enrol,
                lease: None,
                by: self.me,
                at: self.at(number),
            }),
        };
        let document = id_of(activity, driver(driver_number));
        let command = Command::Enrolment(enrolment::Command::Create(new));
        client.edit(document, &command).expect("an edit");
    }

    fn ticket(&mut self, client: &mut Client, number: usize) {
        let at = self.at(number);
        let new = NewTicket {
            driver: driver(whose(number)),
            driver_name: format!("师傅{number}"),
            region: region(),
            desk: desk(),
            station: Some(self.station),
            visit: None,
            activity: None,
            class: Class::Pay,
            title: "运费被拖欠三个月".to_owned(),
            text: "从三月起没有结清".to_owned(),
            raised_at: at,
            about: None,
            about_text: None,
            phone: None,
            by: self.me,
        };
        let command = Command::Ticket(ticket::Command::Raise(Box::new(new)));
        let id = self.edit(client, number, &command);
        let mut act = |nth: u8, act: Act| {
            let command = ticket::Command::Act {
                entry: EntryId::from_bytes(self::id(30 + nth, number)),
                by: self.me,
                at,
                act,
            };
            client.edit(id, &Command::Ticket(command)).expect("an edit");
        };
        act(
            0,
            Act::Verify {
                class: None,
                priority: Priority::Normal,
                text: None,
            },
        );
        if self.tickets.len().is_multiple_of(4) {
            act(
                1,
                Act::Assign {
                    first: self.me,
                    second: None,
                    desk: desk(),
                    instead_of: None,
                },
            );
        }
        self.tickets.push(id);
    }

    fn notice(&self, client: &mut Client, number: usize) {
        let published_at = self.at(number);
        let new = NewNotice {
            region: Some(region()),
            station: Some(self.station),
            title: format!("第{number}号通知"),
            text: "今晚停水".to_owned(),
            level: Level::Info,
            published_at,
            until: Some(published_at.saturating_add_ms(30 * DAY_MS)),
            by: self.me,
        };
        self.edit(
            client,
            number,
            &Command::Notice(notice::Command::Publish(new)),
        );
    }

    fn note(&self, client: &mut Client, number: usize) {
        let new = NewNote {
            desk: desk(),
            region: region(),
            ticket: self.tickets[number % self.tickets.len()],
            by: self.me,
            at: self.at(number),
            text: "货主有前例".to_owned(),
        };
        let command = Command::CaseNote(case_note::Command::Create(new));
        self.edit(client, number, &command);
    }

    /// When document `number` was made: the last ones today, the others over half a year.
    fn at(&self, number: usize) -> Timestamp {
        let share = i64::try_from(DOCUMENTS - number).expect("few documents");
        let total = i64::try_from(DOCUMENTS).expect("few documents");
        self.now.saturating_add_ms(-DAYS * DAY_MS / total * share)
    }

    fn edit(&self, client: &mut Client, number: usize, command: &Command) -> DocumentId {
        let document = DocumentId::from_bytes(id(4, number));
        client.edit(document, command).expect("an edit");
        document
    }

    fn visit(&self, client: &mut Client, number: usize) {
        let arrived_at = self.at(number);
        let command = visit::Command::CheckIn {
            driver: driver(whose(number)),
            driver_name: format!("{}师傅{number}", NAMES[number % NAMES.len()]),
            station: self.station,
            arrived_at,
            source: Source::Keeper,
            vehicle_plate: Some(format!("鲁F{number:05}")),
            requested: Vec::new(),
        };
        let visit = self.edit(client, number, &Command::Visit(command));
        let left_at = arrived_at.saturating_add_ms(DAY_MS / 3);
        let next = if left_at < self.now {
            visit::Command::CheckOut { left_at }
        } else {
            visit::Command::Serve {
                entry: EntryId::from_bytes(id(5, number)),
                service: "bed".to_owned(),
                quantity: 1,
                by: self.me,
                at: arrived_at,
            }
        };
        client.edit(visit, &Command::Visit(next)).expect("an edit");
    }

    fn check(&self, client: &mut Client, number: usize) {
        let reading = |nth: u8, item: Item, value: usize| Reading {
            entry: EntryId::from_bytes(id(10 + nth, number)),
            item,
            value: ReadingValue::Quantity {
                entered: value.to_string(),
                unit: item.unit().to_owned(),
                comparator: None,
            },
        };
        let driver_number = whose(number);
        let new = NewCheck {
            driver: driver(driver_number),
            station: self.station,
            visit: None,
            consent: DocumentId::from_bytes(id(4, driver_number)),
            by: self.me,
            taken_at: self.at(number),
            readings: vec![
                reading(0, Item::Systolic, 110 + number % 60),
                reading(1, Item::Diastolic, 70 + number % 30),
                reading(2, Item::Pulse, 60 + number % 40),
            ],
            advice: vec!["rest".to_owned()],
            note: None,
            replaces: None,
        };
        self.edit(client, number, &Command::Check(check::Command::Create(new)));
    }

    fn consent(&self, client: &mut Client, number: usize) {
        let purpose = if number < DRIVERS {
            Purpose::HealthRecord
        } else {
            Purpose::Visits
        };
        let command = consent::Command::Give {
            driver: driver(whose(number)),
            station: self.station,
            purpose,
            given_at: self.at(0),
            witness: Some(self.me),
            share_with: None,
            until: None,
        };
        self.edit(client, number, &Command::Consent(command));
    }
}
