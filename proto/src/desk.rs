//! Desks: where request tickets are answered. A desk belongs to a region and may have a parent, to
//! which what it cannot settle is escalated: station, then district, then city, then province.
//!
//! The relay keeps the register. A device learns it with its [`crate::identity::Identity`].

use minicbor::{Decode, Encode};

use crate::id::{PersonId, StationId};
use crate::scope::{DeskKey, RegionKey};

/// One desk, as a device learns of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeskInfo {
    /// Its key, which the routing field `desk` of a ticket names.
    #[n(0)]
    pub key: DeskKey,
    /// What people call it ("天宁区货车司机服务专班").
    #[n(1)]
    pub name: String,
    /// The region it belongs to; its parent's region may be another.
    #[n(2)]
    pub region: RegionKey,
    /// The desk that it escalates to; none for the root of a tree.
    #[n(3)]
    pub parent: Option<DeskKey>,
    /// The station it sits at, if it is a station's own desk.
    #[n(4)]
    pub station: Option<StationId>,
    /// The classes of request it answers (`arrears`, `road`...); empty for all.
    #[n(5)]
    #[cbor(default)]
    pub classes: Vec<String>,
    /// Who belongs to it. Given only to devices of people who belong to it themselves or coordinate
    /// its region; `None` says "not for you", an empty list "nobody yet".
    #[n(6)]
    pub members: Option<Vec<DeskMember>>,
}

/// A person who belongs to a desk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeskMember {
    /// The person, by the id that the relay knows them by first (never an alias).
    #[n(0)]
    pub person: PersonId,
    /// Their name, as registered.
    #[n(1)]
    pub name: String,
    /// The classes of request they answer; empty for all of the desk's.
    #[n(2)]
    #[cbor(default)]
    pub classes: Vec<String>,
    /// Whether they coordinate at this desk (assign and escalate) rather than answer.
    #[n(3)]
    pub coordinator: bool,
}
