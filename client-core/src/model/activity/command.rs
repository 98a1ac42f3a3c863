//! Edits of an activity.

use yizhan_proto::{DeviceId, EntryId, PersonId, RegionKey, StationId, Timestamp};

use super::{Choice, Lease, Sort, State};

/// A new activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewActivity {
    /// The host station's region.
    pub region: RegionKey,
    /// The host station.
    pub station: StationId,
    /// What sort it is.
    pub sort: Sort,
    /// Title, one line.
    pub title: String,
    /// What it is about, up to 16 KiB.
    pub text: Option<String>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends; not before it begins.
    pub ends_at: Timestamp,
    /// Where, if not at the station itself.
    pub place: Option<String>,
    /// Seats, 1–100,000; `None`: without bound.
    pub capacity: Option<u32>,
    /// Where it stands.
    pub state: State,
    /// Questions drawn for each driver, 1–50; `None`: all of them.
    pub quiz_draw: Option<u32>,
    /// Who makes it: the author.
    pub by: PersonId,
}

/// What a question offers to choose from, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are letters")]
pub struct Options {
    pub a: String,
    pub b: String,
    pub c: Option<String>,
    pub d: Option<String>,
}

impl Options {
    /// What one of them says; `None`: it is not offered.
    #[must_use]
    pub fn of(&self, choice: Choice) -> Option<&str> {
        match choice {
            Choice::A => Some(&self.a),
            Choice::B => Some(&self.b),
            Choice::C => self.c.as_deref(),
            Choice::D => self.d.as_deref(),
        }
    }

    /// Whether it is offered.
    #[must_use]
    pub fn offers(&self, choice: Choice) -> bool {
        self.of(choice).is_some()
    }
}

/// Edits of an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Makes the document (a keeper of the host station, a coordinator of its region).
    Create(NewActivity),
    /// Changes what is given (keeper, coordinator).
    Describe {
        /// New title.
        title: Option<String>,
        /// New text.
        text: Option<String>,
        /// New place.
        place: Option<String>,
    },
    /// Moves it to another time (keeper, coordinator).
    Reschedule {
        /// When it begins.
        starts_at: Timestamp,
        /// When it ends; not before it begins.
        ends_at: Timestamp,
    },
    /// Sets the number of seats, 1–100,000 (keeper, coordinator).
    SetCapacity(u32),
    /// Says where it stands (keeper, coordinator).
    SetState(State),
    /// Sets how many questions are drawn for each driver, 1–50 (keeper, coordinator).
    SetQuizDraw(u32),
    /// Adds a question to the quiz (keeper, coordinator).
    AddQuestion {
        /// A new entry id.
        entry: EntryId,
        /// What is asked.
        text: String,
        /// What there is to choose from.
        options: Options,
        /// The right one; one of those offered.
        answer: Choice,
        /// Who adds it: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// Asks for seats to give away while offline (keeper, coordinator).
    AskLease {
        /// A new entry id.
        entry: EntryId,
        /// How many seats, 1–1,000.
        seats: u32,
        /// Until when.
        until: Timestamp,
        /// For which device: the author's own.
        device: DeviceId,
        /// Who asks: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// Grants a lease (the relay).
    Grant(Lease),
    /// Returns what is left of a lease (keeper, coordinator).
    ReturnLease {
        /// A new entry id.
        entry: EntryId,
        /// Which [`Lease`].
        lease: EntryId,
        /// How many of its seats were given away, 0–1,000.
        used: u32,
        /// Whether somebody else returns it because the device is lost.
        lost: bool,
        /// Who returns it: the author.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
}
