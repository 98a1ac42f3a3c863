//! Consents as they bear on who holds what, and what is to be put in its place.

use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::{DocumentId, PersonId, Sequence, StationId, Timestamp};

/// A consent, as far as the audience of a driver's visits and checks follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// Its document.
    pub document: DocumentId,
    /// The driver, by the id that the consent names.
    pub driver: PersonId,
    /// The station it was given to.
    pub station: StationId,
    /// What for.
    pub purpose: Purpose,
    /// The station to share with.
    pub share_with: Option<StationId>,
    /// In force until.
    pub until: Option<Timestamp>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// Whether there is nothing more to do when its time is over.
    pub ended: bool,
}

/// A driver whose visits and checks at a station are to be put where they belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacingRow {
    /// The driver, by one of their ids.
    pub driver: PersonId,
    /// The station.
    pub station: StationId,
    /// How far the driver's documents were looked at: 0 for not at all.
    pub position: u64,
    /// The latest sequence when this was asked for.
    pub asked: u64,
}

/// A document of a scope, and its latest sequence there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeEntry {
    /// The document.
    pub document: DocumentId,
    /// Its latest sequence there.
    pub last: Sequence,
}
