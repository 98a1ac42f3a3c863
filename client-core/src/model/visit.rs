//! One stay of one driver at one station.

use yizhan_proto::{DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::Document;
use super::document::{Register, Unreadable};

/// Who recorded the arrival, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Source {
    DriverApp,
    Keeper,
    Qr,
}

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
}

impl Visit {
    /// Reads a visit, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a visit.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let _ = document;
        todo!()
    }
}
