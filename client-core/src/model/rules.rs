//! The write rules: one small table per kind (kept beside the kind's reads), and what its words mean.
//!
//! A table says for every field and every container who may write it, when, and what may stand
//! there. [`super::gate`] interprets the tables; what concerns several fields at once is a
//! function of the kind's own. Nothing here reads documents.

use yizhan_proto::limits::{LABEL_BYTES_MAX, STRING_BYTES_MAX};
use yizhan_proto::{DeskKey, Kind, RegionKey, Timestamp};

use super::change::Value;
use super::draft::Draft;
use super::outline::{Facts, Outline, Routing};
use super::{Inspected, Refusal, RefusalCode};

/// A set of relations in which an author may stand to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who(u8);

impl Who {
    pub(crate) const NOBODY: Self = Self(0);
    /// The driver whom the document is about.
    pub(crate) const DRIVER: Self = Self(1);
    /// A keeper of the document's station.
    pub(crate) const KEEPER: Self = Self(2);
    /// Somebody with the health role at the document's station.
    pub(crate) const HEALTH: Self = Self(4);
    /// A coordinator of the document's region.
    pub(crate) const COORDINATOR: Self = Self(8);
    /// The relay itself.
    pub(crate) const RELAY: Self = Self(16);
    /// A specialist of the document's desk.
    pub(crate) const SPECIALIST: Self = Self(32);

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// `self` if it holds.
    pub(crate) const fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::NOBODY }
    }
}

/// When a field may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// In the change that makes the document (or the entry), and it must be there.
    Needed,
    /// In that change, if at all.
    Once,
    /// Any time.
    Always,
}

/// What may stand in a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// The document's own id.
    OwnId,
    /// The document's kind.
    OwnKind,
    /// The schema version of its genesis.
    OwnSchema,
    /// A UUID in its lower-case text form.
    Id,
    /// The author's person id.
    Author,
    /// Milliseconds since 1970, between 2020 and 2100.
    Time,
    /// True or false.
    Flag,
    /// A whole number in these bounds, both included.
    Whole(i64, i64),
    /// A number in these bounds, both included.
    Real(f64, f64),
    /// 1–256 bytes of text on one line.
    Label,
    /// Up to 16 KiB of text.
    Prose,
    /// One of these.
    Listed(&'static [&'static str]),
    /// A region's key.
    Region,
    /// A station's key: 1–64 of `a–z`, `0–9`, `-`.
    Key,
    /// A desk's key.
    Desk,
    /// So many digits of lower-case hexadecimal: a hash, a nonce.
    Hex(usize),
}

/// One field of the root or of an entry.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) who: Who,
    pub(crate) when: When,
    pub(crate) what: What,
}

/// Shorthand for tables.
pub(crate) const fn field(name: &'static str, who: Who, when: When, what: What) -> Field {
    Field {
        name,
        who,
        when,
        what,
    }
}

/// What a container holds.
#[derive(Debug)]
pub(crate) enum Holds {
    /// Maps keyed by entry id, each made and filled in one change and never edited.
    Entries(&'static [Field]),
    /// Flags keyed by one of these codes, up to 64. Outlines keep positions in the list: new codes
    /// go to its end.
    Flags(&'static [&'static str]),
    /// Nothing.
    Nothing,
}

/// One container.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) name: &'static str,
    pub(crate) who: Who,
    pub(crate) when: When,
    pub(crate) holds: Holds,
}

/// Shorthand for tables: a container of entries that are added any time.
pub(crate) const fn entries(name: &'static str, who: Who, fields: &'static [Field]) -> Container {
    Container {
        name,
        who,
        when: When::Always,
        holds: Holds::Entries(fields),
    }
}

/// All rules of one kind.
pub(crate) struct Table {
    /// Fields of the root; up to 32. Outlines keep positions in this list: new fields go to its end.
    pub(crate) fields: &'static [Field],
    /// Containers, in the order of the genesis.
    pub(crate) containers: &'static [Container],
    /// The routing of a new document.
    pub(crate) routing: fn(&Draft<'_>) -> Routing,
    /// The facts from this change on.
    pub(crate) facts: fn(&Draft<'_>, &Facts) -> Facts,
    /// What concerns several fields of a new document.
    pub(crate) create: fn(&Draft<'_>) -> Result<(), Refusal>,
    /// What concerns an edit and the document's facts.
    pub(crate) edit: fn(&Draft<'_>, &Facts) -> Result<(), Refusal>,
    /// The routing from a change on, if what has happened in the document moves it elsewhere.
    pub(crate) reroute: Option<fn(&Facts, &Routing) -> Option<Routing>>,
    /// Whether the id follows from what the document is about, so that two devices may both make it.
    pub(crate) twins: bool,
}

impl Table {
    /// The rules of a kind, if this version knows it.
    pub(crate) const fn of(kind: Kind) -> Option<&'static Self> {
        match kind {
            Kind::Station => Some(&super::station::RULES),
            Kind::Visit => Some(&super::visit::RULES),
            Kind::Check => Some(&super::check::RULES),
            Kind::Consent => Some(&super::consent::RULES),
            Kind::Activity => Some(&super::activity::RULES),
            Kind::Enrolment => Some(&super::enrolment::RULES),
            Kind::Notice => Some(&super::notice::RULES),
            Kind::Ticket => Some(&super::ticket::RULES),
            Kind::CaseNote => Some(&super::case_note::RULES),
            Kind::Unknown(_) => None,
        }
    }
}

impl Table {
    /// A field of the root and its position.
    pub(crate) fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        find(self.fields, name)
    }

    /// The place of a flag in the container that the genesis made as this operation.
    pub(crate) fn flag(&self, made_by: u32, code: &str) -> Option<(u16, When)> {
        let at = (made_by as usize).checked_sub(1)?;
        let container = self.containers.get(at)?;
        match container.holds {
            Holds::Flags(codes) => {
                let code = codes.iter().position(|known| *known == code)?;
                Some((flag_place(at, code), container.when))
            }
            Holds::Entries(_) | Holds::Nothing => None,
        }
    }
}

/// A field of a list and its position.
pub(crate) fn find(fields: &'static [Field], name: &str) -> Option<(usize, &'static Field)> {
    fields
        .iter()
        .enumerate()
        .find(|(_, field)| field.name == name)
}

/// The place of a root field in [`super::outline::Write`].
pub(crate) fn field_place(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// The place of a flag in [`super::outline::Write`]: from 64 on, 64 for each container.
pub(crate) fn flag_place(container: usize, code: usize) -> u16 {
    u16::try_from(64 * (container + 1) + code).unwrap_or(u16::MAX)
}

/// The facts of a kind that has none of its own.
pub(crate) fn facts_unchanged(_: &Draft<'_>, facts: &Facts) -> Facts {
    facts.clone()
}

/// For a kind whose edits need no rule across fields.
pub(crate) fn any_edit(_: &Draft<'_>, _: &Facts) -> Result<(), Refusal> {
    Ok(())
}

/// Whether an outline is of a kind, and of the driver, station and region that a document which
/// refers to it has, as far as such documents have them.
pub(crate) fn fits(outline: &Outline, kind: Kind, routing: &Routing) -> bool {
    let (found, here) = (&outline.routing, routing);
    outline.kind == kind
        && match kind {
            // A stand-in for a station that is not known has no region.
            Kind::Station => {
                found.region.is_none() || here.region.is_none() || found.region == here.region
            }
            Kind::Activity => here.station.is_none() || found.station == here.station,
            Kind::Visit | Kind::Check | Kind::Consent | Kind::Enrolment => {
                found.driver == here.driver
                    && (here.station.is_none() || found.station == here.station)
            }
            Kind::Notice | Kind::Ticket | Kind::CaseNote | Kind::Unknown(_) => true,
        }
}

impl What {
    /// Whether a value may stand here; identity and signature are the gate's own.
    pub(crate) fn check(self, value: Value, change: &Inspected) -> Result<(), Misfit> {
        match (self, value) {
            (Self::OwnId | Self::OwnKind | Self::OwnSchema | Self::Author, _) => Ok(()),
            (Self::Id, Value::Text(text)) => match id_of(change.text(text)) {
                Some(_) => Ok(()),
                None => Err(Misfit::Value("an id in lower case")),
            },
            (Self::Time, Value::Int(ms)) if Timestamp::from_ms(ms).is_plausible() => Ok(()),
            (Self::Time, Value::Int(_) | Value::Huge(_)) => Err(Misfit::Range("2020 to 2099")),
            (Self::Flag, Value::Bool(_)) => Ok(()),
            (Self::Whole(least, most), Value::Int(number)) if (least..=most).contains(&number) => {
                Ok(())
            }
            (Self::Whole(least, most), Value::Int(_) | Value::Huge(_)) => {
                Err(Misfit::Whole(least, most))
            }
            (Self::Real(least, most), Value::Real(number)) if number >= least && number <= most => {
                Ok(())
            }
            (Self::Real(least, most), Value::Real(_)) => Err(Misfit::Real(least, most)),
            (Self::Label, Value::Text(text)) => label(change.text(text)),
            (Self::Prose, Value::Text(text)) => prose(change.text(text)),
            (Self::Listed(codes), Value::Text(text)) => {
                if codes.contains(&change.text(text)) {
                    Ok(())
                } else {
                    Err(Misfit::Listed(codes))
                }
            }
            (Self::Region, Value::Text(text)) => change
                .text(text)
                .parse::<RegionKey>()
                .map(|_| ())
                .map_err(|_| Misfit::Value("1 to 32 of a-z, 0-9, -")),
            (Self::Key, Value::Text(text)) => key(change.text(text)),
            (Self::Desk, Value::Text(text)) => change
                .text(text)
                .parse::<DeskKey>()
                .map(|_| ())
                .map_err(|_| Misfit::Value("1 to 32 of a-z, 0-9, -")),
            (Self::Hex(digits), Value::Text(text)) => hex(change.text(text), digits),
            (
                Self::Id
                | Self::Time
                | Self::Flag
                | Self::Whole(..)
                | Self::Real(..)
                | Self::Label
                | Self::Prose
                | Self::Listed(_)
                | Self::Region
                | Self::Key
                | Self::Desk
                | Self::Hex(_),
                _,
            ) => Err(Misfit::Type),
        }
    }
}

/// How a value does not fit, before it is put into words.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Misfit {
    Type,
    Range(&'static str),
    Whole(i64, i64),
    Real(f64, f64),
    Value(&'static str),
    Hex(usize),
    Listed(&'static [&'static str]),
    TooLong(usize),
}

impl Misfit {
    /// As a refusal at a path.
    pub(crate) fn at(self, path: impl Into<String>) -> Refusal {
        match self {
            Self::Type => Refusal::new(RefusalCode::ValueType),
            Self::Range(bound) => Refusal::new(RefusalCode::ValueRange).bound(bound),
            Self::Whole(least, most) => {
                Refusal::new(RefusalCode::ValueRange).bound(format!("{least} to {most}"))
            }
            Self::Real(least, most) => {
                Refusal::new(RefusalCode::ValueRange).bound(format!("{least} to {most}"))
            }
            Self::Value(bound) => Refusal::new(RefusalCode::ValueUnlisted).bound(bound),
            Self::Hex(digits) => {
                Refusal::new(RefusalCode::ValueUnlisted).bound(format!("{digits} of 0-9, a-f"))
            }
            Self::Listed(codes) => Refusal::new(RefusalCode::ValueUnlisted).bound(codes.join(", ")),
            Self::TooLong(bytes) => {
                Refusal::new(RefusalCode::ValueTooLong).bound(format!("{bytes} bytes"))
            }
        }
        .at(path)
    }
}

/// The 16 bytes of a UUID in lower-case hyphenated form; one form only, so that a key is never
/// there twice in two spellings.
pub(crate) fn id_of(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    uuid::Uuid::try_parse(text).ok().map(uuid::Uuid::into_bytes)
}

fn label(text: &str) -> Result<(), Misfit> {
    if text.len() > LABEL_BYTES_MAX {
        Err(Misfit::TooLong(LABEL_BYTES_MAX))
    } else if text.trim().is_empty() || text.chars().any(char::is_control) {
        Err(Misfit::Value("one line of text, not empty"))
    } else {
        Ok(())
    }
}

fn prose(text: &str) -> Result<(), Misfit> {
    let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if text.len() > STRING_BYTES_MAX {
        Err(Misfit::TooLong(STRING_BYTES_MAX))
    } else if text.chars().all(allowed) {
        Ok(())
    } else {
        Err(Misfit::Value("text without control characters"))
    }
}

fn hex(text: &str, digits: usize) -> Result<(), Misfit> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == digits && text.bytes().all(is_digit) {
        Ok(())
    } else {
        Err(Misfit::Hex(digits))
    }
}

fn key(text: &str) -> Result<(), Misfit> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if fits {
        Ok(())
    } else {
        Err(Misfit::Value("1 to 64 of a-z, 0-9, -"))
    }
}
