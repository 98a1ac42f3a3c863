//! The relay's errors, each variant named for what the caller does about it.
//!
//! Inside, causes are kept whole ([`StoreError`] carries its source); routes turn these into
//! faults in one `match` without a wildcard.

use std::path::PathBuf;

use yizhan_proto::{DeskKey, PersonId, ProtocolVersion, RegionKey, StationId};

use yizhan_client_core::model::Refusal;

use crate::clock::NoRandomness;
pub use crate::store::StoreError;

/// The relay cannot start on this data folder.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it cannot be made, read or written.
    #[error("the data folder {} cannot be used; check that it exists and belongs to this user", path.display())]
    Folder {
        /// Folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another relay runs on the same data folder.
    #[error("another relay is running on {}; stop it first, or give this one its own --data folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The database was written by a newer version.
    #[error("{} was written by a newer version (format {found}, this version knows {known}); use that version", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest this version knows.
        known: u32,
    },
    /// The database is damaged, or is not one of ours.
    #[error("{} is damaged or is not a relay's database; restore it from a backup", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        #[source]
        source: StoreError,
    },
    /// Something else failed: disk full, database locked, I/O.
    #[error("the store in {} cannot be opened", path.display())]
    Store {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// No random bytes for the relay's first ids.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The writer thread could not be started.
    #[error("the writer thread could not be started")]
    Thread(#[source] std::io::Error),
}

/// A request was not served. Nothing of it was stored, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The protocol version is not served here.
    #[error("protocol version {} is not served here", found.0)]
    UnsupportedVersion {
        /// The version of the request.
        found: ProtocolVersion,
    },
    /// The request passes a limit of [`yizhan_proto::limits`].
    #[error("{found} where {limit} allows {bound}")]
    Limit {
        /// The limit's name.
        limit: &'static str,
        /// Its bound, in its unit.
        bound: u64,
        /// What the request had.
        found: u64,
    },
    /// A value in the request is not acceptable; the text says which, and what to do.
    #[error("{0}")]
    Invalid(String),
    /// The writer's queue is full: come back.
    #[error("the relay has more work than it takes on; come back after {retry_after_ms} ms")]
    Busy {
        /// When.
        retry_after_ms: u64,
    },
    /// The relay is shutting down.
    #[error("the relay is shutting down")]
    ShuttingDown,
    /// The device was revoked while the request was under way.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// Disk full or failing; nothing was stored.
    #[error("the relay cannot store anything right now")]
    Storage(#[from] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// A task of the relay's own failed in a way it should not.
    #[error("the relay failed: {0}")]
    Internal(&'static str),
}

/// A device may not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    /// The relay does not know the device; pair it.
    #[error("the relay does not know this device; pair it")]
    Unknown,
    /// The device was revoked; pair it again.
    #[error("this device was revoked; pair it again")]
    Revoked,
}

/// A device's key was not changed, or its farewell not taken.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The device may not act, and is not to be wiped either.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The device has another key by now.
    #[error(
        "the key of this device was replaced; this is a copy with an older one: ask for a pairing code"
    )]
    KeyReplaced,
    /// The device changed its key so often within an hour that it has to wait for the next.
    #[error("this device changed its key {bound} times within an hour; come back later")]
    TooOften {
        /// How often it may.
        bound: u64,
        /// When to come back.
        retry_after_ms: u64,
    },
    /// The device may act: it has no farewell to take.
    #[error("this device was not revoked; sync")]
    NotRevoked,
    /// The number is not that of an order of this relay's.
    #[error("this is not the number of the order to this device")]
    NotOrdered,
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

/// A report was not handed out.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The person does not coordinate the region.
    #[error("reports of the region {0} are for its coordinators")]
    NotCoordinated(RegionKey),
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

/// Bytes of an attachment were not taken or given.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// No document that the caller reads names them; or the address is no hash.
    #[error("no such attachment here")]
    NotFound,
    /// A document names them, and who wrote that has not sent them yet.
    #[error("the attachment was not sent to the relay yet; try again later")]
    NotHere,
    /// The piece does not follow on what is here.
    #[error("the next piece begins at byte {expected}")]
    Offset {
        /// Where the next piece begins.
        expected: u64,
    },
    /// More or fewer bytes than the document says.
    #[error("the document says {announced} bytes, not {found}")]
    Length {
        /// What the document says.
        announced: u64,
        /// What was sent, or announced now.
        found: u64,
    },
    /// All bytes came, and their hash is another one.
    #[error(
        "these are not the bytes that the document names; all of them were dropped, send them again from the first"
    )]
    Mismatch,
    /// The person has put as much here as one may.
    #[error("this would make {wanted} bytes of attachments where one person may have {bound}")]
    Quota {
        /// What one may.
        bound: u64,
        /// What it would be.
        wanted: u64,
    },
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

impl From<StoreError> for AttachmentError {
    fn from(error: StoreError) -> Self {
        Self::Relay(error.into())
    }
}

/// A people, devices or regions command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is no such person.
    #[error("no person {0}")]
    NoPerson(PersonId),
    /// There is no such device.
    #[error("no such device")]
    NoDevice,
    /// There is no such station.
    #[error("no station {0}")]
    NoStation(StationId),
    /// There is no such region.
    #[error("no region {0}; import its stations or add it first")]
    NoRegion(RegionKey),
    /// There is no such desk.
    #[error("no desk {0}; see: yizhan desk list")]
    NoDesk(DeskKey),
    /// A value is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

/// Nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// There is no such person, document or erasure.
    #[error("{0}")]
    NotFound(String),
    /// The ground, or what is to be erased, is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

impl From<StoreError> for ErasureError {
    fn from(error: StoreError) -> Self {
        Self::Relay(error.into())
    }
}

impl From<NoRandomness> for ErasureError {
    fn from(error: NoRandomness) -> Self {
        Self::Relay(error.into())
    }
}

/// Two people were not made one by a coordinator.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The caller may not; the text says why, and who may.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It cannot be done, whoever asks.
    #[error(transparent)]
    People(#[from] PeopleError),
}

/// A device was not paired or registered.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// No such code.
    #[error("no such pairing code; check it for typing mistakes")]
    CodeWrong,
    /// The code was used before, by another device.
    #[error("the pairing code was used before; ask for a new one")]
    CodeUsed,
    /// The code is past its time.
    #[error("the pairing code has expired; ask for a new one")]
    CodeExpired,
    /// The station's standing code is not valid.
    #[error("the station's code is not valid; scan the code at the counter again")]
    StationCodeInvalid,
    /// A device of this id exists with another key (or, at registration, acts for somebody else).
    #[error("a device with this id exists with another key or for another person")]
    DeviceConflict,
    /// The device was revoked: it does not come back by registering, only by pairing.
    #[error("this device was revoked; ask for a pairing code")]
    DeviceRevoked,
    /// The person id offered belongs to somebody.
    #[error("this person id is in use")]
    PersonConflict,
    /// As many registered at the station within a day as may.
    #[error(
        "{bound} people registered at this station within a day; ask for a pairing code, or come back tomorrow"
    )]
    TooManyHere {
        /// How many may.
        bound: u64,
        /// When the first of them is a day past, milliseconds from now.
        retry_after_ms: u64,
    },
    /// The outside identity is linked to nobody.
    #[error("this outside identity is linked to nobody here; ask the operator to link it")]
    OutsideUnknown,
    /// The outside token has paired another device.
    #[error("this token was used before; sign in again")]
    OutsideTokenUsed,
    /// A value is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

/// Stations were not imported: none of them was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A station is not acceptable.
    #[error("station {key} (number {index} of the import)")]
    Station {
        /// Position in the import, from 1.
        index: usize,
        /// Its key.
        key: String,
        /// Why.
        #[source]
        source: Refusal,
    },
    /// The same key stands twice in the import.
    #[error("station key {key} stands twice in the import")]
    Twice {
        /// The key.
        key: String,
    },
    /// A stored station cannot be read, or differs in something an import cannot change.
    #[error("station {key}: {problem}")]
    Unchangeable {
        /// The key.
        key: String,
        /// What, and what to do.
        problem: String,
    },
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}
