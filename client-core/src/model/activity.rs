//! Something a station holds: a lecture, a clinic, a class with a quiz. Everybody in the region
//! sees it; the host station's keepers and the region's coordinators write it.
//!
//! Seats are not here: each driver's place is an [`super::enrolment`]. Here is what bounds them
//! (capacity, state) and the leases: seats that one device may give away while it is offline.

use yizhan_proto::{
    DeviceId, DocumentId, EntryId, Kind, PersonId, RegionKey, StationId, Timestamp,
};

use super::Document;
use super::codes::text_codes;
use super::document::{Register, Unreadable};
use super::reader::{Map, Reader};

mod command;
mod events;
mod rules;

pub use command::{Command, NewActivity, Options};
pub use events::{SeatEvent, seat_events};
pub(crate) use rules::RULES;

/// What sort of activity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Sort {
    Lecture,
    Clinic,
    Legal,
    Training,
    Quiz,
    Family,
    Meeting,
    Volunteer,
}

text_codes!(Sort {
    Lecture = "lecture",
    Clinic = "clinic",
    Legal = "legal",
    Training = "training",
    Quiz = "quiz",
    Family = "family",
    Meeting = "meeting",
    Volunteer = "volunteer",
});

/// Where an activity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// `draft`: being prepared; nobody can enrol.
    Draft,
    /// `open`: drivers can enrol.
    Open,
    /// `closed`: takes place, but nobody else can enrol.
    Closed,
    /// `cancelled`: does not take place; every seat is given up.
    Cancelled,
    /// `done`: has taken place.
    Done,
}

text_codes!(State {
    Draft = "draft",
    Open = "open",
    Closed = "closed",
    Cancelled = "cancelled",
    Done = "done",
});

/// One of a question's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are letters")]
pub enum Choice {
    A,
    B,
    C,
    D,
}

text_codes!(Choice {
    A = "a",
    B = "b",
    C = "c",
    D = "d",
});

/// A question of the activity's quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its entry.
    pub entry: EntryId,
    /// What is asked.
    pub text: String,
    /// What there is to choose from.
    pub options: Options,
    /// The right one.
    pub answer: Choice,
    /// Who entered it.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

/// A device asks for seats that it may give away on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseAsk {
    /// Its entry.
    pub entry: EntryId,
    /// How many seats, 1–1,000.
    pub seats: u32,
    /// Until when.
    pub until: Timestamp,
    /// For which device.
    pub device: DeviceId,
    /// Who asks.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

/// Seats that the relay has set aside for one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Its entry: what requests and returns name.
    pub entry: EntryId,
    /// The [`LeaseAsk`] it answers.
    pub ask: EntryId,
    /// The device that may use it.
    pub device: DeviceId,
    /// How many seats were granted; 0: none were left.
    pub seats: u32,
    /// Until when the device may give them away.
    pub until: Timestamp,
    /// When it was granted.
    pub at: Timestamp,
}

/// What was left of a lease goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseReturn {
    /// Its entry.
    pub entry: EntryId,
    /// Which [`Lease`].
    pub lease: EntryId,
    /// How many of its seats were given away.
    pub used: u32,
    /// Whether somebody else returns it because the device is lost.
    pub lost: bool,
    /// Who returns it.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

/// An activity as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its document.
    pub id: DocumentId,
    /// The region in whose directory it is.
    pub region: Option<RegionKey>,
    /// The host station.
    pub station: StationId,
    /// What sort it is.
    pub sort: Option<Sort>,
    /// Title.
    pub title: Register<String>,
    /// What it is about.
    pub text: Register<String>,
    /// When it begins.
    pub starts_at: Register<Timestamp>,
    /// When it ends.
    pub ends_at: Register<Timestamp>,
    /// Where, if not at the station itself.
    pub place: Register<String>,
    /// Seats; never set: without bound. The value shown is the one in force.
    pub capacity: Register<u32>,
    /// Where it stands. The value shown is the one in force.
    pub state: Register<State>,
    /// Questions drawn for each driver; never set: all of them.
    pub quiz_draw: Register<u32>,
    /// Who made it.
    pub by: Option<PersonId>,
    /// Questions, ascending by time and entry.
    pub questions: Vec<Question>,
    /// Asks for leases, ascending by time and entry.
    pub lease_asks: Vec<LeaseAsk>,
    /// Leases, ascending by time and entry.
    pub leases: Vec<Lease>,
    /// Returns of leases, ascending by time and entry.
    pub lease_returns: Vec<LeaseReturn>,
}

impl Activity {
    /// Reads an activity, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not an activity.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::Activity)?;
        let root = reader.root();
        Ok(Self {
            id: document.id(),
            region: root.text("region").and_then(|text| text.parse().ok()),
            station: root.needed("station", root.station("station"))?,
            sort: root.text("type").and_then(|text| Sort::from_text(&text)),
            title: root.texts("title"),
            text: root.texts("text"),
            starts_at: root.times("starts_at"),
            ends_at: root.times("ends_at"),
            place: root.texts("place"),
            capacity: root.counts("capacity"),
            state: root.coded("state", State::from_text),
            quiz_draw: root.counts("quiz_draw"),
            by: root.person("by"),
            questions: sorted(&reader, "questions", question, |it| (it.at, it.entry)),
            lease_asks: sorted(&reader, "lease_asks", lease_ask, |it| (it.at, it.entry)),
            leases: sorted(&reader, "leases", lease, |it| (it.at, it.entry)),
            lease_returns: sorted(&reader, "lease_returns", lease_return, |it| {
                (it.at, it.entry)
            }),
        })
    }

    /// The lease of an id.
    #[must_use]
    pub fn lease(&self, lease: EntryId) -> Option<&Lease> {
        self.leases.iter().find(|known| known.entry == lease)
    }

    /// Whether a lease has been returned, by its device or as lost.
    #[must_use]
    pub fn is_returned(&self, lease: EntryId) -> bool {
        self.lease_returns
            .iter()
            .any(|returned| returned.lease == lease)
    }

    /// The leases from which a device may give seats away at a time of the relay's.
    pub fn live_leases(&self, device: DeviceId, now: Timestamp) -> impl Iterator<Item = &Lease> {
        self.leases.iter().filter(move |lease| {
            lease.device == device && now < lease.until && !self.is_returned(lease.entry)
        })
    }
}

/// The readable entries of a container, in an order that does not depend on arrival.
fn sorted<T, K: Ord>(
    reader: &Reader<'_>,
    container: &str,
    read: impl Fn(EntryId, &Map<'_>) -> Option<T>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let entries = reader.entries(container);
    let mut sorted: Vec<T> = entries
        .iter()
        .filter_map(|(entry, map)| read(*entry, map))
        .collect();
    sorted.sort_by_key(key);
    sorted
}

fn question(entry: EntryId, map: &Map<'_>) -> Option<Question> {
    Some(Question {
        entry,
        text: map.text("text")?,
        options: Options {
            a: map.text("a")?,
            b: map.text("b")?,
            c: map.text("c"),
            d: map.text("d"),
        },
        answer: map
            .text("answer")
            .and_then(|text| Choice::from_text(&text))?,
        by: map.person("by"),
        at: map.time("at")?,
    })
}

fn lease_ask(entry: EntryId, map: &Map<'_>) -> Option<LeaseAsk> {
    Some(LeaseAsk {
        entry,
        seats: map.count("seats")?,
        until: map.time("until")?,
        device: map.device("device")?,
        by: map.person("by"),
        at: map.time("at")?,
    })
}

fn lease(entry: EntryId, map: &Map<'_>) -> Option<Lease> {
    Some(Lease {
        entry,
        ask: map.entry("ask")?,
        device: map.device("device")?,
        seats: map.count("seats")?,
        until: map.time("until")?,
        at: map.time("at")?,
    })
}

fn lease_return(entry: EntryId, map: &Map<'_>) -> Option<LeaseReturn> {
    Some(LeaseReturn {
        entry,
        lease: map.entry("lease")?,
        used: map.count("used")?,
        lost: map.flag("lost").unwrap_or(false),
        by: map.person("by"),
        at: map.time("at")?,
    })
}
