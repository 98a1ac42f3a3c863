//! A care station. DOMAIN: name, region, type, place, facilities, beds, hours, phone, open state, notice.

use yizhan_proto::{DocumentId, Kind, RegionKey};

use super::codes::text_codes;
use super::document::{Register, Unreadable};
use super::draft::Draft;
use super::outline::Routing;
use super::reader::Reader;
use super::rules::{
    Container, Field, Holds, Table, What, When, Who, any_edit, facts_unchanged, field,
};
use super::{Document, Refusal, RefusalCode};

/// What sort of station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum StationType {
    DriverHome,
    CourierStation,
    ServiceArea,
    Repair,
    Office,
}

text_codes!(StationType {
    DriverHome = "driver_home",
    CourierStation = "courier_station",
    ServiceArea = "service_area",
    Repair = "repair",
    Office = "office",
});

/// All fields of a new station.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStation {
    /// Short name for people and commands: 1–64 of `a–z`, `0–9`, `-`.
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Region whose directory it is in.
    pub region: RegionKey,
    /// Sort of station.
    pub station_type: StationType,
    /// Facility codes, see [`FACILITIES`].
    pub facilities: Vec<String>,
    /// Degrees north, −90–90.
    pub lat: Option<f64>,
    /// Degrees east, −180–180.
    pub lon: Option<f64>,
    /// Street address.
    pub address: Option<String>,
    /// Rooms to sleep in, 0–10,000.
    pub rooms: Option<u32>,
    /// Beds, 0–10,000.
    pub beds_total: Option<u32>,
    /// Opening hours, in words.
    pub hours: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

/// Facility and service codes. The five free basics of the national notice come first.
pub const FACILITIES: &[&str] = &[
    "parking",
    "rest",
    "hot_water",
    "meal_heating",
    "shower",
    "laundry",
    "bed",
    "meal",
    "charging",
    "storage",
    "heating_cooling",
    "reading",
    "fitness",
    "massage",
    "wifi",
    "tv",
    "vehicle_check",
    "vehicle_repair",
    "insurance",
    "medical",
    "legal",
    "counselling",
    "mediation",
    "training",
    "supplies",
    "permit",
];

/// Edits of a station.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it (coordinator of the region, or the relay at an import).
    Create(NewStation),
    /// Changes name, type, place or total beds (coordinator). Absent: as it is.
    Describe {
        /// New name.
        name: Option<String>,
        /// New sort.
        station_type: Option<StationType>,
        /// New address.
        address: Option<String>,
        /// New place: latitude and longitude in degrees.
        place: Option<(f64, f64)>,
        /// New number of beds.
        beds_total: Option<u32>,
    },
    /// Sets whether a facility is offered (keeper, coordinator).
    SetFacility {
        /// Facility code.
        facility: String,
        /// Whether it is offered.
        offered: bool,
    },
    /// Sets the number of free beds (keeper, coordinator).
    SetBedsFree(u32),
    /// Sets the opening hours, in words.
    SetHours(String),
    /// Sets the phone number.
    SetPhone(String),
    /// Sets whether the station is open.
    SetOpen(bool),
    /// Sets the notice shown with the station; empty: none.
    SetNotice(String),
}

/// A station as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Its document; also its station id.
    pub id: DocumentId,
    /// Short name.
    pub key: String,
    /// Name as shown.
    pub name: Register<String>,
    /// Region.
    pub region: Option<RegionKey>,
    /// Sort of station.
    pub station_type: Option<StationType>,
    /// Offered facilities, ascending.
    pub facilities: Vec<String>,
    /// Latitude and longitude in degrees.
    pub place: Option<(f64, f64)>,
    /// Street address.
    pub address: Register<String>,
    /// Rooms to sleep in.
    pub rooms: Option<u32>,
    /// Beds in all.
    pub beds_total: Register<u32>,
    /// Beds free, as last said.
    pub beds_free: Register<u32>,
    /// Opening hours.
    pub hours: Register<String>,
    /// Phone number.
    pub phone: Register<String>,
    /// Whether open; `None` if nobody said.
    pub open: Register<bool>,
    /// Notice.
    pub notice: Register<String>,
}

impl Station {
    /// Reads a station, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a station.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::Station)?;
        let root = reader.root();
        Ok(Self {
            id: document.id(),
            key: root.needed("key", root.text("key"))?,
            name: root.texts("name"),
            region: root.text("region").and_then(|text| text.parse().ok()),
            station_type: root
                .text("type")
                .and_then(|text| StationType::from_text(&text)),
            facilities: reader.flags("facilities"),
            place: root.real("lat").zip(root.real("lon")),
            address: root.texts("address"),
            rooms: root.count("rooms"),
            beds_total: root.counts("beds_total"),
            beds_free: root.counts("beds_free"),
            hours: root.texts("hours"),
            phone: root.texts("phone"),
            open: root.flag_register("open"),
            notice: root.texts("notice"),
        })
    }
}

const LEADS: Who = Who::COORDINATOR.or(Who::RELAY);
const RUNS: Who = LEADS.or(Who::KEEPER);
const BEDS: What = What::Whole(0, 10_000);

const FIELDS: &[Field] = &[
    field("id", LEADS, When::Needed, What::OwnId),
    field("kind", LEADS, When::Needed, What::OwnKind),
    field("schema", LEADS, When::Needed, What::OwnSchema),
    field("key", LEADS, When::Needed, What::Key),
    field("name", LEADS, When::Always, What::Label),
    field("region", LEADS, When::Needed, What::Region),
    field(
        "type",
        LEADS,
        When::Always,
        What::Listed(StationType::TEXTS),
    ),
    field("lat", LEADS, When::Always, What::Real(-90.0, 90.0)),
    field("lon", LEADS, When::Always, What::Real(-180.0, 180.0)),
    field("address", LEADS, When::Always, What::Prose),
    field("rooms", LEADS, When::Once, BEDS),
    field("beds_total", LEADS, When::Always, BEDS),
    field("beds_free", RUNS, When::Always, BEDS),
    field("hours", RUNS, When::Always, What::Prose),
    field("phone", RUNS, When::Always, What::Prose),
    field("open", RUNS, When::Always, What::Flag),
    field("notice", RUNS, When::Always, What::Prose),
];

/// Who writes what in a station.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[Container {
        name: "facilities",
        who: RUNS,
        when: When::Always,
        holds: Holds::Flags(FACILITIES),
    }],
    routing: |draft| Routing {
        region: draft.root().region("region"),
        ..Routing::default()
    },
    facts: facts_unchanged,
    create,
    edit: any_edit,
    reroute: None,
    twins: false,
};

fn create(draft: &Draft<'_>) -> Result<(), Refusal> {
    for name in ["name", "type"] {
        if !draft.root().has(name) {
            return Err(Refusal::new(RefusalCode::FieldMissing).at(name));
        }
    }
    Ok(())
}
