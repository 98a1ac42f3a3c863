//! What people do in the honest history: every kind of document, and nearly every command.

mod activities;
mod tickets;

use yizhan_client_core::model::attachment::NewAttachment;
use yizhan_client_core::model::check::{self, NewCheck, Reading, ReadingValue};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::notice::{self, Level, NewNotice};
use yizhan_client_core::model::station::{NewStation, StationType};
use yizhan_client_core::model::visit::Source;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Author, Command, consent, station, visit};
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
    all.extend(activities::an_activity());
    all.extend(activities::an_enrolment());
    all.extend(tickets::a_ticket());
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
