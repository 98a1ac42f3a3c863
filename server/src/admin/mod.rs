//! The admin API's messages, as JSON: shared by the routes that serve them and the commands that
//! ask for them. Plain data; times are RFC 3339 in UTC.

mod access;
mod audit;
mod desks;
mod erasures;
mod keys;
mod quarantine;
mod report;

pub use access::{ForgetPage, ForgetQuery, ForgetScope, Forgets, RoleMove, StationClosed};
pub use audit::{
    AuditChain, AuditChange, AuditEntry, AuditHead, AuditListing, AuditPart, AuditQuery,
};
pub use desks::{Desk, DeskMember, Duplicate, Merge, NewDesk, NewDeskMember, OpenTickets, Removed};
pub use erasures::{
    ErasedDocuments, Erasure, ErasureLine, ErasureQuery, LedgerDocument, LedgerEntry, NewErasure,
    OutstandingDevice, Replayed,
};
pub use keys::{Key, OutsideLink, OutsideSubject, RotateKey, ScopeCount};
pub use quarantine::{
    Accept, Decided, Held, HeldDecision, HeldDependent, HeldPage, HeldQuery, HeldReader, HeldShown,
    HeldValue, Reject,
};
pub use report::{ReportCell, ReportLine, ReportQuery, ReportSheet};

use jiff::Timestamp as Moment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yizhan_proto::{Fault, Timestamp};

/// A fault as a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong and what to do.
    pub detail: String,
    /// The stable code, as in docs/PROTOCOL.md.
    pub code: String,
    /// Come back after so many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The limit that was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Its bound, in its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<u64>,
}

impl Problem {
    /// The problem document of a fault.
    #[must_use]
    pub fn of(fault: &Fault) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: fault.code.title().to_owned(),
            status: fault.code.status(),
            detail: fault.message.clone(),
            code: fault.code.as_str().to_owned(),
            retry_after_ms: fault.retry_after_ms,
            limit: fault.limit.clone(),
            bound: fault.bound,
        }
    }
}

/// A station to import. Absent fields stay as they are, or unset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StationDraft {
    /// Short name for people and commands: 1–64 of `a–z`, `0–9`, `-`.
    pub key: String,
    /// Region key.
    pub region: String,
    /// Name as shown.
    pub name: String,
    /// `driver_home`, `courier_station`, `service_area`, `repair` or `office`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Facility codes.
    #[serde(default)]
    pub facilities: Vec<String>,
    /// Degrees north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Street address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Rooms to sleep in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rooms: Option<u32>,
    /// Beds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beds_total: Option<u32>,
    /// Opening hours, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A region this relay serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Region {
    /// Its key: 1–32 of `a–z`, `0–9`, `-`.
    pub id: String,
    /// Its name as shown.
    pub name: String,
}

/// Stations to import, all or none, and names for their regions. The shape of `network.json`;
/// what else such a file holds is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    /// Names of regions.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// The stations.
    pub stations: Vec<StationDraft>,
}

/// What an import did to one station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// The station's id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// `created`, `updated` or `unchanged`.
    pub outcome: String,
}

/// A station as listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Station {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its name as shown.
    pub name: String,
    /// Region key.
    pub region: Option<String>,
    /// Its sort.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Facility codes offered, ascending.
    pub facilities: Vec<String>,
    /// Beds in all.
    pub beds_total: Option<u32>,
    /// Beds free, as last said.
    pub beds_free: Option<u32>,
}

/// A station's standing code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StationCode {
    /// The station's id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The code, `XXXXX-XXXXX`.
    pub code: String,
    /// What its QR says.
    pub url: String,
}

/// A person to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewPerson {
    /// Name.
    pub name: String,
    /// Roles, as in [`RoleText`].
    pub roles: Vec<String>,
}

/// A role as text: `driver`, `keeper@STATION`, `health@STATION`, `specialist@DESK`,
/// `coordinator@REGION` or `operator`. A station may be named by its key or its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleText {
    /// The role.
    pub role: String,
}

/// A person as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The person's id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Roles; stations by id.
    pub roles: Vec<String>,
    /// Other ids of the same person.
    pub aliases: Vec<String>,
    /// When the person was added.
    pub created_at: String,
}

/// How long a pairing code is to be good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewPairCode {
    /// Seconds; absent: a quarter of an hour. At most seven days.
    #[serde(default)]
    pub ttl_s: Option<u64>,
}

/// A one-time pairing code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairCode {
    /// The person's id.
    pub id: String,
    /// The person's name.
    pub name: String,
    /// The code, `XXXXX-XXXXX`.
    pub code: String,
    /// What its QR says.
    pub url: String,
    /// When it stops being good.
    pub expires_at: String,
}

/// A device as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// The id of the person it acts for.
    pub person: String,
    /// What people call it.
    pub label: String,
    /// When it was paired first.
    pub created_at: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// When it last paired or pushed.
    pub last_seen_at: Option<String>,
    /// When it was ordered to erase itself.
    #[serde(default)]
    pub wipe_ordered_at: Option<String>,
    /// When it said that nothing is left on it.
    #[serde(default)]
    pub wiped_at: Option<String>,
    /// Changes that it handed over before; they wait for a person to decide.
    #[serde(default)]
    pub handed_over: Option<u64>,
    /// Photos and papers whose bytes went with it.
    #[serde(default)]
    pub attachments_lost: Option<u64>,
}

/// Numbers for operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The relay's own device id.
    pub id: String,
    /// The relay's lineage.
    pub epoch: String,
    /// The version of the program.
    pub version: String,
    /// Where phones reach it.
    pub url: String,
    /// The latest sequence.
    pub head: u64,
    /// Documents kept.
    pub documents: u64,
    /// Changes kept.
    pub changes: u64,
    /// People.
    pub people: u64,
    /// Devices that may act.
    pub devices: u64,
    /// Devices revoked.
    pub devices_revoked: u64,
    /// Changes that wait for a person to decide.
    pub quarantined: u64,
    /// For how long the one has waited that came first, milliseconds; absent if none waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined_oldest_ms: Option<u64>,
    /// Forgets that devices acknowledged.
    pub forgets_acknowledged: u64,
    /// Places that documents have left because they grew old, and have not come back to.
    #[serde(default)]
    pub retired: u64,
    /// Digests of devices that did not agree, since the start.
    pub digest_mismatches: u64,
    /// Bytes of the database and its log.
    pub database_bytes: u64,
    /// Jobs that wait for the writer.
    pub queue_depth: u64,
    /// Open tickets by what is due next on them.
    #[serde(default)]
    pub tickets: Vec<OpenTickets>,
    /// Scopes that hold more than 10,000 documents, the fullest first.
    #[serde(default)]
    pub scopes_full: Vec<ScopeCount>,
    /// Milliseconds the relay has been running.
    pub uptime_ms: u64,
}

/// A time as RFC 3339, in UTC; empty if it lies outside what that can say.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    Moment::from_millisecond(time.as_ms())
        .map_or_else(|_| String::new(), |moment| moment.to_string())
}
