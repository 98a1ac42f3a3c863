//! Changes that wait for a person, and what was decided about them.

use yizhan_proto::sync::{Reason, Stored};
use yizhan_proto::{ChangeHash, DeviceId, DocumentId, Kind, PersonId, Timestamp};

/// A change that waits for a person to decide.
#[derive(Debug, Clone)]
pub struct QuarantineRow<'a> {
    /// Its hash.
    pub hash: ChangeHash,
    /// The document it is for.
    pub document: DocumentId,
    /// That document's kind, as the device said.
    pub kind: Kind,
    /// The device that pushed it.
    pub device: DeviceId,
    /// The person it acted for.
    pub person: PersonId,
    /// The chunk.
    pub bytes: &'a [u8],
    /// Why.
    pub reason: Reason,
    /// When the relay received it.
    pub received_at: Timestamp,
    /// Device clock minus relay clock, milliseconds, 0 within tolerance.
    pub skew_ms: i64,
}

/// A change that waits, or waited and was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    /// Its place in the order of arrival.
    pub arrived: u64,
    /// Its hash.
    pub hash: ChangeHash,
    /// The document it is for.
    pub document: DocumentId,
    /// That document's kind, as the device said.
    pub kind: Kind,
    /// The device that pushed it.
    pub device: DeviceId,
    /// The person it acted for.
    pub person: PersonId,
    /// The chunk.
    pub bytes: Vec<u8>,
    /// Why it waits.
    pub reason: Reason,
    /// When the relay received it.
    pub received_at: Timestamp,
    /// Device clock minus relay clock, milliseconds, 0 within tolerance.
    pub skew_ms: i64,
    /// Whether a person decided against it.
    pub rejected: bool,
}

/// Whose changes are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOf {
    /// Everybody's.
    All,
    /// Those of one device.
    Device(DeviceId),
    /// Those of one person, under one id.
    Person(PersonId),
}

/// What a person decided about a change that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was let in.
    Accepted,
    /// It was not.
    Rejected,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub hash: ChangeHash,
    /// The device that pushed it.
    pub device: DeviceId,
    /// The person it acted for.
    pub person: PersonId,
    /// What.
    pub verdict: Verdict,
    /// On whose word; `None` for the operator's own.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// Why, in words; given with every rejection.
    pub reason: Option<String>,
}

/// A decision as its device is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldDecision {
    /// Its number: decisions of a device are told in rising order.
    pub n: u64,
    /// The decision.
    pub row: DecisionRow,
    /// How the change is kept, if it is.
    pub stored: Option<Stored>,
}
