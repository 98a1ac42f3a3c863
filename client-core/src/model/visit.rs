//! One stay of one driver at one station.

use yizhan_proto::checkin::CheckInCode;
use yizhan_proto::{DocumentId, EntryId, Kind, PersonId, StationId, Timestamp};

use super::attachment;
use super::codes::text_codes;
use super::document::{Register, Unreadable};
use super::draft::Draft;
use super::outline::{Facts, Routing};
use super::reader::{Map, Reader};
use super::rules::{Container, Field, Holds, Table, What, When, Who, field};
use super::station::FACILITIES;
use super::{Document, Refusal, RefusalCode};

/// Who recorded the arrival, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Source {
    DriverApp,
    Keeper,
    Qr,
}

text_codes!(Source {
    DriverApp = "driver_app",
    Keeper = "keeper",
    Qr = "qr",
});

/// Edits of a visit.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The driver arrives (the driver, or a keeper of the station). Makes the document.
    CheckIn {
        /// The driver.
        driver: PersonId,
        /// The driver's name as shown to keepers.
        driver_name: String,
        /// The station.
        station: StationId,
        /// When.
        arrived_at: Timestamp,
        /// Who recorded it.
        source: Source,
        /// Plate of the vehicle.
        vehicle_plate: Option<String>,
        /// Services asked for on arrival: entry id and code.
        requested: Vec<(EntryId, String)>,
    },
    /// A keeper takes down the arrival of the driver whose check-in code was scanned, with source
    /// `qr`; driver and name are those of the code. Makes the document.
    CheckInByCode {
        /// The code's text.
        code: String,
        /// The station.
        station: StationId,
        /// When.
        arrived_at: Timestamp,
        /// Plate of the vehicle.
        vehicle_plate: Option<String>,
        /// Services asked for on arrival: entry id and code.
        requested: Vec<(EntryId, String)>,
    },
    /// The driver leaves (the driver, or a keeper). Not before arrival.
    CheckOut {
        /// When.
        left_at: Timestamp,
    },
    /// A service is asked for (the driver).
    Request {
        /// A new entry id.
        entry: EntryId,
        /// Service code, one of [`super::station::FACILITIES`].
        service: String,
        /// How many, 1–1,000.
        quantity: u32,
        /// Who asks: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// A service was given (a keeper).
    Serve {
        /// A new entry id.
        entry: EntryId,
        /// Service code, one of [`super::station::FACILITIES`].
        service: String,
        /// How many, 1–1,000.
        quantity: u32,
        /// Who gave it: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// The driver's own note, up to 16 KiB.
    SetNote(String),
    /// The keeper's note, up to 16 KiB.
    SetKeeperNote(String),
    /// The driver's rating, 1–5.
    Rate(u8),
}

/// A service asked for or given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its entry.
    pub entry: EntryId,
    /// Service code.
    pub service: String,
    /// How many.
    pub quantity: u32,
    /// Who asked or gave.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

/// A visit as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name.
    pub driver_name: String,
    /// The station.
    pub station: StationId,
    /// Arrival.
    pub arrived_at: Timestamp,
    /// Departure.
    pub left_at: Register<Timestamp>,
    /// Who recorded the arrival.
    pub source: Option<Source>,
    /// Plate of the vehicle.
    pub vehicle_plate: Option<String>,
    /// Asked for, ascending by time and entry.
    pub requested: Vec<Service>,
    /// Given, ascending by time and entry.
    pub services: Vec<Service>,
    /// The driver's note.
    pub note: Register<String>,
    /// The keeper's note.
    pub keeper_note: Register<String>,
    /// The driver's rating.
    pub rating: Register<u8>,
    /// The driver's check-in code, if a keeper scanned one.
    pub code: Option<CheckInCode>,
}

impl Visit {
    /// Reads a visit, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a visit.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::Visit)?;
        let root = reader.root();
        let services = |container| {
            let mut services: Vec<_> = reader
                .entries(container)
                .into_iter()
                .filter_map(|(entry, map)| service(entry, &map))
                .collect();
            services.sort_by_key(|service| (service.at, service.entry, service.by));
            services
        };
        Ok(Self {
            id: document.id(),
            driver: root.needed("driver", root.person("driver"))?,
            driver_name: root.text("driver_name").unwrap_or_default(),
            station: root.needed("station", root.station("station"))?,
            arrived_at: root.needed("arrived_at", root.time("arrived_at"))?,
            left_at: root.times("left_at"),
            source: root
                .text("source")
                .and_then(|text| Source::from_text(&text)),
            vehicle_plate: root.text("vehicle_plate"),
            requested: services("requested"),
            services: services("services"),
            note: root.texts("note"),
            keeper_note: root.texts("keeper_note"),
            rating: root.ratings("rating"),
            code: root
                .text("code")
                .and_then(|text| CheckInCode::from_text(&text).ok()),
        })
    }
}

fn service(entry: EntryId, map: &Map<'_>) -> Option<Service> {
    Some(Service {
        entry,
        service: map.text("service")?,
        quantity: map.count("quantity").unwrap_or(1),
        by: map.person("by"),
        at: map.time("at")?,
    })
}

const STAFF: Who = Who::KEEPER;
const BOTH: Who = Who::DRIVER.or(STAFF);

const FIELDS: &[Field] = &[
    field("id", BOTH, When::Needed, What::OwnId),
    field("kind", BOTH, When::Needed, What::OwnKind),
    field("schema", BOTH, When::Needed, What::OwnSchema),
    field("driver", BOTH, When::Needed, What::Id),
    field("driver_name", BOTH, When::Needed, What::Label),
    field("station", BOTH, When::Needed, What::Id),
    field("arrived_at", BOTH, When::Needed, What::Time),
    field("source", BOTH, When::Needed, What::Listed(Source::TEXTS)),
    field("vehicle_plate", BOTH, When::Once, What::Label),
    field("left_at", BOTH, When::Always, What::Time),
    field("note", Who::DRIVER, When::Always, What::Prose),
    field("keeper_note", STAFF, When::Always, What::Prose),
    field("rating", Who::DRIVER, When::Always, What::Whole(1, 5)),
    field("code", STAFF, When::Once, What::Prose),
];

/// A service asked for; who asked is left out where a keeper took it down on arrival.
const REQUESTED: &[Field] = &[
    field("service", BOTH, When::Needed, What::Listed(FACILITIES)),
    field("quantity", BOTH, When::Needed, What::Whole(1, 1_000)),
    field("by", BOTH, When::Once, What::Author),
    field("at", BOTH, When::Needed, What::Time),
];

const SERVICES: &[Field] = &[
    field("service", STAFF, When::Needed, What::Listed(FACILITIES)),
    field("quantity", STAFF, When::Needed, What::Whole(1, 1_000)),
    field("by", STAFF, When::Needed, What::Author),
    field("at", STAFF, When::Needed, What::Time),
];

/// Who writes what in a visit.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[
        Container {
            name: "requested",
            who: BOTH,
            when: When::Always,
            holds: Holds::Entries(REQUESTED),
        },
        Container {
            name: "services",
            who: STAFF,
            when: When::Always,
            holds: Holds::Entries(SERVICES),
        },
        // Schema 2.
        Container {
            name: "attachments",
            who: attachment::WHO_FOR_VISIT,
            when: When::Always,
            holds: Holds::Entries(attachment::FIELDS_FOR_VISIT),
        },
    ],
    routing: |draft| Routing {
        driver: draft.root().person("driver"),
        station: draft.root().station("station"),
        ..Routing::default()
    },
    facts: |draft, before| Facts {
        began_at: draft.root().time("arrived_at").or(before.began_at),
        until: draft.root().time("left_at").or(before.until),
        ..before.clone()
    },
    create,
    edit,
    reroute: None,
    twins: false,
};

fn create(draft: &Draft<'_>) -> Result<(), Refusal> {
    // Who took it down is told truly: a keeper's entry never passes for the driver's own, unless
    // the driver's code is there to show for it.
    let source = draft.root().text("source").and_then(Source::from_text);
    let scanned = draft.root().text("code");
    if let Some(code) = scanned {
        names_driver(code, draft.root().person("driver"))?;
        if source != Some(Source::Qr) {
            return Err(Refusal::new(RefusalCode::ValueContradiction)
                .at("source")
                .bound("qr, with a code"));
        }
    }
    let needed = match source {
        Some(Source::Keeper) => STAFF,
        Some(Source::Qr) if scanned.is_some() => STAFF,
        Some(Source::Qr | Source::DriverApp) | None => Who::DRIVER,
    };
    if !draft.who.meets(needed) {
        return Err(Refusal::new(RefusalCode::ValueNotSelf).at("source"));
    }
    left_after(draft, draft.root().time("arrived_at"))
}

/// The code is one, and names this driver. Its signatures are not looked at: only a holder of the
/// relay's key could, and the same rule stands on every phone.
fn names_driver(code: &str, driver: Option<PersonId>) -> Result<(), Refusal> {
    let read = CheckInCode::from_text(code).map_err(|_| {
        Refusal::new(RefusalCode::ValueType)
            .at("code")
            .bound("a check-in code")
    })?;
    if Some(read.certificate.person) == driver {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::ValueContradiction)
        .at("code")
        .bound("a code of this driver"))
}

fn edit(draft: &Draft<'_>, facts: &Facts) -> Result<(), Refusal> {
    left_after(draft, facts.began_at)
}

fn left_after(draft: &Draft<'_>, arrived_at: Option<Timestamp>) -> Result<(), Refusal> {
    match (draft.root().time("left_at"), arrived_at) {
        (Some(left), Some(arrived)) if left < arrived => {
            Err(Refusal::new(RefusalCode::ValueContradiction)
                .at("left_at")
                .bound("not before arrived_at"))
        }
        _ => Ok(()),
    }
}
