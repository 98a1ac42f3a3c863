//! What people do in the honest history: every kind of document, and nearly every command.

use yizhan_client_core::model::activity::{self, Choice, NewActivity, Options, Sort, State};
use yizhan_client_core::model::attachment::NewAttachment;
use yizhan_client_core::model::check::{self, NewCheck, Reading, ReadingValue};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::enrolment::{
    self, Ask, First, NewEnrolment, NewRequest, NewScan, ScanResult,
};
use yizhan_client_core::model::notice::{self, Level, NewNotice};
use yizhan_client_core::model::station::{NewStation, StationType};
use yizhan_client_core::model::ticket::{self, Act, Class, NewTicket, PartyRole, Priority};
use yizhan_client_core::model::visit::Source;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Author, Command, case_note, consent, station, visit};
use yizhan_proto::{
    ContentHash, DeskKey, DeviceId, DocumentId, EntryId, Kind, MediaType, PersonId, RegionKey,
    Role, StationId, Timestamp,
};

const DRIVER: u8 = 1;
const KEEPER: u8 = 2;
const MEDIC: u8 = 3;
const LEADER: u8 = 4;
const RELAY: u8 = 5;
const STRANGER: u8 = 6;
const FIRST: u8 = 8;
const SECOND: u8 = 9;

/// Everybody there is.
pub(in super::super) const AUTHORS: [u8; 8] = [
    DRIVER, KEEPER, MEDIC, LEADER, RELAY, STRANGER, FIRST, SECOND,
];

const STATION: u8 = 100;
const VISIT: u8 = 101;
const CONSENT: u8 = 102;
const CHECK: u8 = 103;
const TICKET: u8 = 104;
const NOTE: u8 = 105;
const ACTIVITY: u8 = 106;
const NOTICE: u8 = 107;

fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n; 16])
}

fn document(n: u8) -> DocumentId {
    DocumentId::from_bytes([n; 16])
}

fn entry(n: u8) -> EntryId {
    EntryId::from_bytes([n; 16])
}

fn station_id() -> StationId {
    document(STATION).into()
}

fn region() -> RegionKey {
    "changzhou".parse().expect("a key")
}

fn desk() -> DeskKey {
    "cz-rights".parse().expect("a key")
}

/// Minutes after the morning on which the history plays.
pub(super) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_ms(1_793_577_600_000 + minutes * 60_000)
}

/// Person and device `n`, with their roles.
pub(in super::super) fn author(n: u8) -> Author {
    let here = station_id();
    let roles = match n {
        DRIVER | STRANGER => vec![Role::Driver],
        KEEPER => vec![Role::Keeper(here)],
        MEDIC => vec![Role::Keeper(here), Role::Health(here)],
        LEADER => vec![Role::Coordinator(region())],
        FIRST | SECOND => vec![Role::Specialist(desk())],
        _ => vec![],
    };
    Author {
        person: person(n),
        aliases: vec![],
        device: DeviceId::from_bytes([n; 16]),
        roles,
        relay: n == RELAY,
    }
}

/// Who does what, in which document.
pub(super) fn history() -> Vec<(u8, DocumentId, Command)> {
    let mut all = at_the_station();
    all.extend(a_visit());
    all.extend(a_check());
    all.extend(an_activity());
    all.extend(an_enrolment());
    all.extend(a_ticket());
    all
}

fn at_the_station() -> Vec<(u8, DocumentId, Command)> {
    use station::Command as C;
    let of = |who, command| (who, document(STATION), Command::Station(command));
    let create = C::Create(NewStation {
        key: "zy-xinglongsheng".into(),
        name: "兴隆盛司机之家".into(),
        region: region(),
        station_type: StationType::DriverHome,
        facilities: vec!["bed".into(), "rest".into()],
        lat: Some(37.35),
        lon: Some(120.4),
        address: Some("招远".into()),
        rooms: Some(8),
        beds_total: Some(28),
        hours: None,
        phone: None,
    });
    let describe = C::Describe {
        name: Some("兴隆盛".into()),
        station_type: None,
        address: None,
        place: Some((37.4, 120.5)),
        beds_total: Some(30),
    };
    let facility = C::SetFacility {
        facility: "shower".into(),
        offered: true,
    };
    let notice = NewNotice {
        region: Some(region()),
        station: Some(station_id()),
        title: "今晚停水".into(),
        text: "22点到6点".into(),
        level: Level::Warning,
        published_at: at(0),
        until: Some(at(60)),
        by: person(KEEPER),
    };
    let withdrawn = notice::Command::Withdraw {
        withdrawn_at: at(5),
    };
    vec![
        of(LEADER, create),
        of(KEEPER, C::SetBedsFree(3)),
        of(KEEPER, C::SetBedsFree(2)),
        of(KEEPER, C::SetOpen(true)),
        of(KEEPER, facility),
        of(LEADER, describe),
        (
            KEEPER,
            document(NOTICE),
            Command::Notice(notice::Command::Publish(notice)),
        ),
        (KEEPER, document(NOTICE), Command::Notice(withdrawn)),
    ]
}

fn a_visit() -> Vec<(u8, DocumentId, Command)> {
    use visit::Command as C;
    let of = |who, command| (who, document(VISIT), Command::Visit(command));
    let check_in = C::CheckIn {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        station: station_id(),
        arrived_at: at(0),
        source: Source::DriverApp,
        vehicle_plate: Some("鲁F12345".into()),
        requested: vec![(entry(50), "bed".into())],
    };
    let request = C::Request {
        entry: entry(51),
        service: "meal".into(),
        quantity: 2,
        by: person(DRIVER),
        at: at(1),
    };
    let serve = C::Serve {
        entry: entry(52),
        service: "bed".into(),
        quantity: 1,
        by: person(KEEPER),
        at: at(2),
    };
    let photo = NewAttachment {
        entry: entry(53),
        sha256: ContentHash::of(b"a photo"),
        bytes: 7,
        media_type: MediaType::Jpeg,
        name: "车.jpg".into(),
        thumb: Some((ContentHash::of(b"small"), 5)),
        by: person(DRIVER),
        at: at(3),
    };
    let attach = Command::Attach {
        kind: Kind::Visit,
        attachment: photo,
    };
    vec![
        of(DRIVER, check_in),
        of(DRIVER, request),
        of(KEEPER, serve),
        of(DRIVER, C::SetNote("车停在后院".into())),
        of(KEEPER, C::SetKeeperNote("已登记".into())),
        (DRIVER, document(VISIT), attach),
        of(DRIVER, C::CheckOut { left_at: at(90) }),
        of(DRIVER, C::Rate(5)),
    ]
}

fn a_check() -> Vec<(u8, DocumentId, Command)> {
    let give = consent::Command::Give {
        driver: person(DRIVER),
        station: station_id(),
        purpose: Purpose::HealthRecord,
        given_at: at(1),
        witness: None,
        share_with: None,
        until: None,
    };
    let quantity = |n: u8, item: Item, entered: &str| Reading {
        entry: entry(n),
        item,
        value: ReadingValue::Quantity {
            entered: entered.into(),
            unit: item.unit().into(),
            comparator: None,
        },
    };
    let neck = Reading {
        entry: entry(63),
        item: Item::Neck,
        value: ReadingValue::Spine {
            finding: "tight".into(),
            pain: 3,
        },
    };
    let new = NewCheck {
        driver: person(DRIVER),
        station: station_id(),
        visit: Some(document(VISIT)),
        consent: document(CONSENT),
        by: person(MEDIC),
        taken_at: at(10),
        readings: vec![
            quantity(60, Item::Systolic, "152"),
            quantity(61, Item::Diastolic, "95"),
            quantity(62, Item::GlucoseRandom, "7.2"),
            neck,
        ],
        advice: vec!["rest".into()],
        note: Some("多喝水".into()),
        replaces: None,
    };
    let withdraw = consent::Command::Withdraw {
        withdrawn_at: at(30),
    };
    let consent = |command| (DRIVER, document(CONSENT), Command::Consent(command));
    let create = Command::Check(check::Command::Create(new));
    vec![
        consent(give),
        (MEDIC, document(CHECK), create),
        consent(withdraw),
    ]
}

fn an_activity() -> Vec<(u8, DocumentId, Command)> {
    use activity::Command as C;
    let of = |command| (KEEPER, document(ACTIVITY), Command::Activity(command));
    let create = C::Create(NewActivity {
        region: region(),
        station: station_id(),
        sort: Sort::Quiz,
        title: "圆桌党课".into(),
        text: Some("知识竞答".into()),
        starts_at: at(100),
        ends_at: at(220),
        place: Some("大厅".into()),
        capacity: Some(40),
        state: State::Open,
        quiz_draw: Some(3),
        by: person(KEEPER),
    });
    let question = C::AddQuestion {
        entry: entry(9),
        text: "几小时必须休息?".into(),
        options: Options {
            a: "2".into(),
            b: "4".into(),
            c: Some("6".into()),
            d: None,
        },
        answer: Choice::B,
        by: person(KEEPER),
        at: at(1),
    };
    let lease = C::AskLease {
        entry: entry(10),
        seats: 5,
        until: at(200),
        device: author(KEEPER).device,
        by: person(KEEPER),
        at: at(2),
    };
    vec![
        of(create),
        of(question),
        of(C::SetCapacity(60)),
        of(C::SetQuizDraw(1)),
        of(lease),
        of(C::SetState(State::Closed)),
    ]
}

fn an_enrolment() -> Vec<(u8, DocumentId, Command)> {
    use enrolment::Command as C;
    let id = enrolment::id_of(document(ACTIVITY), person(DRIVER));
    let of = |who, command| (who, id, Command::Enrolment(command));
    let request = |n, what| NewRequest {
        entry: entry(n),
        what,
        lease: None,
        by: person(DRIVER),
        at: at(3),
    };
    let create = C::Create(NewEnrolment {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        activity: document(ACTIVITY),
        station: station_id(),
        first: First::Request(request(1, Ask::Enrol)),
    });
    let decide = C::Decide {
        entry: entry(2),
        request: entry(1),
        outcome: enrolment::Outcome::Accepted,
        number: Some(1),
        reason: None,
        at: at(4),
    };
    let scan = NewScan {
        entry: entry(11),
        nonce: entry(12),
        result: ScanResult::Ok,
        code: Some("YZ1:abc".into()),
        by: person(KEEPER),
        at: at(101),
    };
    let answer = C::Answer {
        entry: entry(14),
        question: entry(9),
        choice: Choice::B,
        at: at(110),
    };
    let feedback = C::Feedback {
        rating: 5,
        text: Some("讲得很清楚".into()),
    };
    vec![
        of(DRIVER, create),
        of(RELAY, decide),
        of(KEEPER, C::Scan(scan)),
        of(DRIVER, answer),
        of(DRIVER, C::Grade { score: 1, asked: 1 }),
        of(DRIVER, feedback),
        of(KEEPER, C::Certify("ZY-2026-017".into())),
        of(DRIVER, C::Request(request(13, Ask::Cancel))),
    ]
}

fn a_ticket() -> Vec<(u8, DocumentId, Command)> {
    use ticket::Command as C;
    let of = |who, command| (who, document(TICKET), Command::Ticket(command));
    let act = |who, n, act| {
        let (entry, by, at) = (entry(n), person(who), at(i64::from(n)));
        of(who, C::Act { entry, by, at, act })
    };
    let words = || Some("属实".to_owned());
    let raise = C::Raise(Box::new(NewTicket {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        region: region(),
        desk: desk(),
        station: Some(station_id()),
        visit: Some(document(VISIT)),
        activity: None,
        class: Class::Pay,
        title: "运费被拖欠三个月".into(),
        text: "从三月起".into(),
        raised_at: at(5),
        about: None,
        about_text: Some("某货主".into()),
        phone: Some("0535-1".into()),
        by: person(DRIVER),
    }));
    let verify = Act::Verify {
        class: Some(Class::Labour),
        priority: Priority::Urgent,
        text: words(),
    };
    let assign = Act::Assign {
        first: person(FIRST),
        second: Some(person(SECOND)),
        desk: desk(),
        instead_of: None,
    };
    let resolve = Act::Resolve {
        text: "货主已付清".into(),
        amount_fen: Some(3_600_000),
        outcome: Some(ticket::Outcome::Settled),
    };
    let (rating, text) = (4, words());
    let comment = C::Comment {
        entry: entry(20),
        by: person(DRIVER),
        at: at(6),
        text: "还在等消息".into(),
    };
    let party = C::AddParty {
        entry: entry(26),
        by: person(DRIVER),
        at: at(7),
        role: PartyRole::Merchant,
        name: "某货主".into(),
        contact: Some("0535-1".into()),
    };
    let clocks = C::SetClocks {
        verify_due: Some(at(500)),
        response_due: None,
        solution_due: None,
        paused: Some(false),
    };
    let note = case_note::NewNote {
        desk: desk(),
        region: region(),
        ticket: document(TICKET),
        by: person(FIRST),
        at: at(8),
        text: "货主有前例".into(),
    };
    let note = Command::CaseNote(case_note::Command::Create(note));
    let (question, answer) = ("哪家货主?".to_owned(), "某货主".to_owned());
    vec![
        of(DRIVER, raise),
        of(RELAY, clocks),
        of(DRIVER, comment),
        of(DRIVER, party),
        act(KEEPER, 30, verify),
        (FIRST, document(NOTE), note),
        act(LEADER, 31, assign),
        act(FIRST, 32, Act::Start),
        act(SECOND, 33, Act::Ask { text: question }),
        act(DRIVER, 34, Act::Answer { text: answer }),
        act(FIRST, 35, resolve),
        act(DRIVER, 36, Act::Rate { rating, text }),
    ]
}
