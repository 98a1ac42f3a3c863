//! What the tests of the model share: people, places, and documents that grow through the gate.

use std::collections::BTreeMap;

use yizhan_proto::{
    ActorId, ChangeHash, DeskKey, DeviceId, DocumentId, EntryId, Incarnation, Kind, PersonId,
    RegionKey, Role, StationId, Timestamp,
};

use super::check::{NewCheck, Reading, ReadingValue};
use super::consent::Purpose;
use super::station::{NewStation, StationType};
use super::visit::Source;
use super::vitals::Item;
use super::{
    Author, Command, Document, Inspected, Known, Outline, Refusal, Verdict, check, consent, decide,
    gate, inspect, station, visit,
};

pub(crate) fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n; 16])
}

pub(crate) fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

pub(crate) fn document(n: u8) -> DocumentId {
    DocumentId::from_bytes([n; 16])
}

pub(crate) fn entry(n: u8) -> EntryId {
    EntryId::from_bytes([n; 16])
}

pub(crate) fn actor(author: &Author) -> ActorId {
    ActorId::new(author.device, Incarnation(1))
}

pub(crate) fn region() -> RegionKey {
    "changzhou".parse().unwrap()
}

pub(crate) fn region_above() -> RegionKey {
    "jiangsu".parse().unwrap()
}

pub(crate) fn desk() -> DeskKey {
    "cz-rights".parse().unwrap()
}

pub(crate) fn desk_above() -> DeskKey {
    "js-rights".parse().unwrap()
}

/// Minutes after the morning on which the tests play.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_ms(1_760_000_000_000 + minutes * 60_000)
}

pub(crate) const DRIVER: u8 = 1;
pub(crate) const KEEPER: u8 = 2;
pub(crate) const MEDIC: u8 = 3;
pub(crate) const LEADER: u8 = 4;
pub(crate) const RELAY: u8 = 5;
pub(crate) const STRANGER: u8 = 6;
pub(crate) const OTHER_KEEPER: u8 = 7;
/// Specialists of the desk of the tests.
pub(crate) const FIRST: u8 = 8;
pub(crate) const SECOND: u8 = 9;
/// A specialist of the desk above, in another region, and its coordinator.
pub(crate) const ABOVE: u8 = 10;
pub(crate) const LEADER_ABOVE: u8 = 11;
pub(crate) const STATION: u8 = 100;
pub(crate) const VISIT: u8 = 101;
pub(crate) const CONSENT: u8 = 102;
pub(crate) const CHECK: u8 = 103;
pub(crate) const TICKET: u8 = 104;
pub(crate) const NOTE: u8 = 105;

pub(crate) fn station_id() -> StationId {
    document(STATION).into()
}

/// Everybody there is: n is person and device at once.
pub(crate) fn author(n: u8) -> Author {
    let here = station_id();
    let elsewhere = StationId::from_bytes([99; 16]);
    let roles = match n {
        DRIVER | STRANGER => vec![Role::Driver],
        KEEPER => vec![Role::Keeper(here)],
        MEDIC => vec![Role::Keeper(here), Role::Health(here)],
        LEADER => vec![Role::Coordinator(region())],
        FIRST | SECOND => vec![Role::Specialist(desk())],
        ABOVE => vec![Role::Specialist(desk_above())],
        LEADER_ABOVE => vec![Role::Coordinator(region_above())],
        OTHER_KEEPER => vec![
            Role::Keeper(elsewhere),
            Role::Health(elsewhere),
            Role::Coordinator("banan".parse().unwrap()),
        ],
        _ => vec![],
    };
    Author {
        person: person(n),
        aliases: vec![],
        device: device(n),
        roles,
        relay: n == RELAY,
    }
}

pub(crate) fn new_station() -> Command {
    Command::Station(station::Command::Create(NewStation {
        key: "zy-xinglongsheng".into(),
        name: "兴隆盛司机之家".into(),
        region: region(),
        station_type: StationType::DriverHome,
        facilities: vec!["bed".into(), "rest".into()],
        lat: Some(37.35),
        lon: None,
        address: Some("招远".into()),
        rooms: Some(8),
        beds_total: Some(28),
        hours: None,
        phone: None,
    }))
}

pub(crate) fn check_in() -> Command {
    Command::Visit(visit::Command::CheckIn {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        station: station_id(),
        arrived_at: at(0),
        source: Source::DriverApp,
        vehicle_plate: Some("鲁F12345".into()),
        requested: vec![(entry(50), "bed".into())],
    })
}

pub(crate) fn give_consent() -> Command {
    Command::Consent(consent::Command::Give {
        driver: person(DRIVER),
        station: station_id(),
        purpose: Purpose::HealthRecord,
        given_at: at(1),
        witness: None,
        share_with: None,
        until: None,
    })
}

pub(crate) fn quantity(n: u8, item: Item, entered: &str) -> Reading {
    Reading {
        entry: entry(n),
        item,
        value: ReadingValue::Quantity {
            entered: entered.into(),
            unit: item.unit().into(),
            comparator: None,
        },
    }
}

pub(crate) fn plain_check() -> NewCheck {
    NewCheck {
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
            Reading {
                entry: entry(63),
                item: Item::Neck,
                value: ReadingValue::Spine {
                    finding: "tight".into(),
                    pain: 3,
                },
            },
        ],
        advice: vec!["rest".into()],
        note: Some("多喝水".into()),
        replaces: None,
    }
}

pub(crate) fn new_check(new: NewCheck) -> Command {
    Command::Check(check::Command::Create(new))
}

/// One document as a relay keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) outline: Outline,
    pub(crate) changes: Vec<Vec<u8>>,
    pub(crate) last_ops: BTreeMap<ChangeHash, u64>,
}

/// A relay's worth of documents, kept through the gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    pub(crate) documents: BTreeMap<DocumentId, Kept>,
}

impl Shelf {
    pub(crate) fn open(&self, id: DocumentId, kind: Kind) -> Document {
        let changes = self
            .documents
            .get(&id)
            .map_or(&[][..], |kept| &kept.changes);
        Document::open(id, kind, changes.iter().map(Vec::as_slice)).unwrap()
    }

    /// Writes a command on what the shelf holds; the change is not put in.
    pub(crate) fn write(
        &self,
        id: DocumentId,
        author: &Author,
        command: &Command,
    ) -> Result<Vec<u8>, Refusal> {
        self.open(id, command.kind())
            .write(actor(author), at(0), command)
    }

    pub(crate) fn decide(
        &self,
        id: DocumentId,
        kind: Kind,
        author: &Author,
        chunk: &[u8],
    ) -> Verdict {
        match inspect(chunk) {
            Ok(change) => self.decide_inspected(id, kind, author, &change),
            Err(refusal) => Verdict::Refuse(refusal),
        }
    }

    pub(crate) fn decide_inspected(
        &self,
        id: DocumentId,
        kind: Kind,
        author: &Author,
        change: &Inspected,
    ) -> Verdict {
        let kept = self.documents.get(&id);
        let known = Known {
            desks: None,
            last_ops: kept.map(|kept| kept.last_ops.clone()).unwrap_or_default(),
            pardoned: false,
            received_at: None,
            outlines: gate::references(kind, change)
                .into_iter()
                .filter_map(|id| Some((id, self.documents.get(&id)?.outline.clone())))
                .collect(),
        };
        decide(
            id,
            kind,
            kept.map(|kept| &kept.outline),
            author,
            change,
            &known,
        )
    }

    /// Puts a change in if the gate accepts it.
    pub(crate) fn push(
        &mut self,
        id: DocumentId,
        kind: Kind,
        author: &Author,
        chunk: &[u8],
    ) -> Verdict {
        let verdict = self.decide(id, kind, author, chunk);
        if let Verdict::Accept(outline) = &verdict {
            let change = inspect(chunk).unwrap();
            let kept = self.documents.entry(id).or_insert_with(|| Kept {
                outline: (**outline).clone(),
                changes: vec![],
                last_ops: BTreeMap::new(),
            });
            kept.outline = (**outline).clone();
            kept.changes.push(chunk.to_vec());
            kept.last_ops.insert(change.hash, change.last_op);
        }
        verdict
    }

    /// Writes a command and puts it in.
    pub(crate) fn edit(&mut self, id: DocumentId, author: &Author, command: &Command) -> Verdict {
        match self.write(id, author, command) {
            Ok(chunk) => self.push(id, command.kind(), author, &chunk),
            Err(refusal) => Verdict::Refuse(refusal),
        }
    }

    #[track_caller]
    pub(crate) fn accepts(&mut self, id: DocumentId, author: &Author, command: &Command) {
        let verdict = self.edit(id, author, command);
        assert!(
            matches!(verdict, Verdict::Accept(_)),
            "{command:?}: {verdict:?}"
        );
    }

    /// With the station of the tests, a visit of the driver and a consent.
    pub(crate) fn furnished() -> Self {
        let mut shelf = Self::default();
        shelf.accepts(document(STATION), &author(LEADER), &new_station());
        shelf.accepts(document(VISIT), &author(DRIVER), &check_in());
        shelf.accepts(document(CONSENT), &author(DRIVER), &give_consent());
        shelf
    }
}
