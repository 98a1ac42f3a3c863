//! One health check: created once, corrected only by a new one that names it.

use yizhan_proto::{DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::Document;
use super::document::Unreadable;
use super::vitals::{Item, Level};

/// What a meter prints instead of a number it cannot give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparator {
    /// `HI`: more than the value.
    Above,
    /// `LO`: less than the value.
    Below,
}

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
        let _ = document;
        todo!()
    }
}
