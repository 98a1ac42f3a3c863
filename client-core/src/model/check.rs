//! One health check: created once, corrected only by a new one that names it.

use yizhan_proto::{DocumentId, EntryId, Kind, PersonId, StationId, Timestamp};

use super::Document;
use super::codes::text_codes;
use super::document::Unreadable;
use super::reader::{Map, Reader};
use super::vitals::{Item, Level};

mod rules;

pub(crate) use rules::RULES;
pub(super) use rules::assess;

/// What a meter prints instead of a number it cannot give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparator {
    /// `HI`: more than the value.
    Above,
    /// `LO`: less than the value.
    Below,
}

text_codes!(Comparator {
    Above = ">",
    Below = "<",
});

/// One measurement as it is entered.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// A new entry id.
    pub entry: EntryId,
    /// What was measured.
    pub item: Item,
    /// What it came to.
    pub value: ReadingValue,
}

/// What a measurement came to.
#[derive(Debug, Clone, PartialEq)]
pub enum ReadingValue {
    /// A number, as typed, in the unit typed (UCUM: `mm[Hg]`, `/min`, `mmol/L`, `mg/dL`).
    Quantity {
        /// As typed, for instance `126`.
        entered: String,
        /// Unit as typed.
        unit: String,
        /// `HI` or `LO`.
        comparator: Option<Comparator>,
    },
    /// Not measured, and why (of a blood pressure of which the other value is there).
    Absent {
        /// Why, in a word or two.
        reason: String,
    },
    /// Neck or lumbar: a finding and pain 0–10.
    Spine {
        /// One of `normal`, `tight`, `tender`, `limited`, `radiating`.
        finding: String,
        /// 0–10.
        pain: u8,
    },
}

/// A check to make.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCheck {
    /// The driver.
    pub driver: PersonId,
    /// Where.
    pub station: StationId,
    /// During which visit.
    pub visit: Option<DocumentId>,
    /// The driver's consent for the health record at that station, in force.
    pub consent: DocumentId,
    /// Who takes it: the author.
    pub by: PersonId,
    /// When.
    pub taken_at: Timestamp,
    /// The measurements, at least one.
    pub readings: Vec<Reading>,
    /// Advice: codes of [`ADVICE`].
    pub advice: Vec<String>,
    /// Advice in words, up to 16 KiB.
    pub note: Option<String>,
    /// The check this one corrects, and why.
    pub replaces: Option<(DocumentId, String)>,
}

/// Advice codes.
pub const ADVICE: &[&str] = &[
    "rest",
    "drink_water",
    "second_reading",
    "see_doctor",
    "do_not_drive",
    "call_120",
    "less_salt",
    "exercise",
    "stretch",
    "no_smoking",
    "no_alcohol",
    "eat_first",
    "follow_up",
];

/// What is found at neck or lumbar.
pub const FINDINGS: &[&str] = &["normal", "tight", "tender", "limited", "radiating"];

/// Edits of a check: only its making.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it (a keeper with the health role).
    Create(NewCheck),
}

/// One measurement as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Its entry.
    pub entry: EntryId,
    /// What was measured.
    pub item: Item,
    /// Canonical value, in the item's canonical unit.
    pub value: Option<f64>,
    /// Canonical unit (UCUM).
    pub unit: String,
    /// As typed.
    pub entered: String,
    /// `HI` or `LO`.
    pub comparator: Option<Comparator>,
    /// Why there is no value.
    pub absent: Option<String>,
    /// Finding (neck, lumbar).
    pub finding: Option<String>,
    /// Pain 0–10 (neck, lumbar).
    pub pain: Option<u8>,
}

/// A check as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// Where.
    pub station: StationId,
    /// During which visit.
    pub visit: Option<DocumentId>,
    /// Under which consent.
    pub consent: Option<DocumentId>,
    /// Who took it.
    pub by: Option<PersonId>,
    /// When.
    pub taken_at: Timestamp,
    /// Measurements, ascending by item.
    pub measurements: Vec<Measurement>,
    /// Level of the blood pressure, as stored.
    pub pressure_level: Option<Level>,
    /// Level of the glucose, as stored.
    pub glucose_level: Option<Level>,
    /// The rule set the levels come from.
    pub rule_set: String,
    /// Whether any result is a crisis: do not drive, call 120.
    pub crisis: bool,
    /// Advice codes.
    pub advice: Vec<String>,
    /// Advice in words.
    pub note: Option<String>,
    /// The check it corrects, and why.
    pub replaces: Option<(DocumentId, String)>,
}

impl Check {
    /// Reads a check, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a check.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::Check)?;
        let root = reader.root();
        let mut measurements: Vec<_> = reader
            .entries("measurements")
            .into_iter()
            .filter_map(|(entry, map)| measurement(entry, &map))
            .collect();
        measurements.sort_by_key(|measurement| (measurement.item, measurement.entry));
        let level = |field| root.text(field).and_then(|text| Level::from_text(&text));
        Ok(Self {
            id: document.id(),
            driver: root.needed("driver", root.person("driver"))?,
            station: root.needed("station", root.station("station"))?,
            visit: root.document("visit"),
            consent: root.document("consent"),
            by: root.person("by"),
            taken_at: root.needed("taken_at", root.time("taken_at"))?,
            measurements,
            pressure_level: level("pressure_level"),
            glucose_level: level("glucose_level"),
            rule_set: root.text("rule_set").unwrap_or_default(),
            crisis: root.flag("crisis").unwrap_or_default(),
            advice: reader.flags("advice"),
            note: root.text("note"),
            replaces: root
                .document("replaces")
                .map(|replaced| (replaced, root.text("replaces_reason").unwrap_or_default())),
        })
    }
}

fn measurement(entry: EntryId, map: &Map<'_>) -> Option<Measurement> {
    Some(Measurement {
        entry,
        item: Item::from_text(&map.text("item")?)?,
        value: map.real("value"),
        unit: map.text("unit").unwrap_or_default(),
        entered: map.text("entered").unwrap_or_default(),
        comparator: map
            .text("comparator")
            .and_then(|text| Comparator::from_text(&text)),
        absent: map.text("absent"),
        finding: map.text("finding"),
        pain: map.count("pain").and_then(|pain| u8::try_from(pain).ok()),
    })
}
