//! What waits for a person to decide, as the admin API tells it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HeldQuery {
    /// Only documents of this region, by its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only work of this person, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Only what came at this time or later, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What was rejected, and not what waits.
    #[serde(default)]
    pub rejected: bool,
    /// Go on where the page before ended.
    #[serde(default)]
    pub after: u64,
}

/// A change that waits for a person to decide, or was rejected: never its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// The change's hash.
    pub id: String,
    /// Its document.
    pub document: String,
    /// The document's kind.
    pub kind: String,
    /// The region where the document lies, if that is known.
    pub region: Option<String>,
    /// The id of the person who wrote it.
    pub person: String,
    /// Their name.
    pub name: String,
    /// Their device.
    pub device: String,
    /// What the device's clock said when it was written.
    pub device_time: Option<String>,
    /// When the relay received it.
    pub received_at: String,
    /// Device clock minus relay clock, milliseconds; 0 within tolerance.
    pub skew_ms: i64,
    /// How long ago the relay received it, milliseconds.
    pub age_ms: u64,
    /// Bytes of the change.
    pub bytes: u64,
    /// Why it waits: a code of docs/PROTOCOL.md.
    pub code: String,
    /// The field that is about, if it is about one.
    pub path: Option<String>,
    /// The changes it builds on that wait too.
    pub builds_on: Vec<String>,
    /// Whether it was rejected.
    pub rejected: bool,
}

/// A page of what waits, in order of arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldPage {
    /// The changes.
    pub changes: Vec<Held>,
    /// Ask for what is after this; absent if there is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Who wants to see what a change says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HeldReader {
    /// The person, by id; they must have a part in such documents. Absent: no content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
}

/// What builds on a change that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldDependent {
    /// How many steps away.
    pub steps: u32,
    /// The change.
    pub change: Held,
}

/// What was decided about a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldDecision {
    /// `accepted` or `rejected`.
    pub decision: String,
    /// On whose word, by id; absent for the operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    pub at: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One value that a change writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldValue {
    /// The field.
    pub path: String,
    /// The value, as text; times as RFC 3339.
    pub value: String,
}

/// One change that waits, or was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldShown {
    /// The change's hash.
    pub id: String,
    /// What is known of it.
    pub change: Held,
    /// What builds on it, in order.
    pub dependents: Vec<HeldDependent>,
    /// What was decided, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<HeldDecision>,
    /// What it says; only for a reader who has a part in such documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Vec<HeldValue>>,
}

/// Changes to accept: some by their hashes, or all of a device or a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accept {
    /// Hashes, or their beginnings.
    #[serde(default)]
    pub ids: Vec<String>,
    /// All that wait of this device, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// All that wait of this person, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// On whose word, by id; absent for the operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Changes to reject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reject {
    /// Hashes, or their beginnings.
    pub ids: Vec<String>,
    /// Why, on one line: their authors read it.
    pub reason: String,
    /// On whose word, by id; absent for the operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// One change, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decided {
    /// The change's hash.
    pub id: String,
    /// Its document.
    pub document: String,
    /// `accepted`, `accepted_before`, `rejected`, `rejected_before` or `stays`.
    pub outcome: String,
    /// The sequence under which it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Why it stays: a code of docs/PROTOCOL.md.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}
