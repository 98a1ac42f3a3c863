//! What devices are still to forget, and stations that close: the admin API's messages about them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which page of devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ForgetQuery {
    /// The `next` of the page before; absent: from the first device on.
    pub after: Option<String>,
}

/// A page of devices that have something to forget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForgetPage {
    /// The devices, ascending by id. A page may have none, and not be the last.
    pub devices: Vec<Forgets>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What one device is still to forget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Forgets {
    /// The device's id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// The id of the person it acts for.
    pub person: String,
    /// Their name.
    pub person_name: String,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When.
    #[serde(default)]
    pub revoked_at: Option<String>,
    /// When it was ordered to erase itself.
    #[serde(default)]
    pub wipe_ordered_at: Option<String>,
    /// When it said that it has.
    #[serde(default)]
    pub wiped_at: Option<String>,
    /// When it last paired or pushed.
    pub last_seen_at: Option<String>,
    /// Since when the oldest of it is outstanding.
    pub since: String,
    /// Milliseconds since then.
    pub age_ms: u64,
    /// Documents that left scopes which it is served, and that it did not confirm to have
    /// forgotten; each scope counts at most 10,000.
    pub documents: u64,
    /// These scopes.
    pub scopes: Vec<ForgetScope>,
    /// Scopes that it is not served any more, and of which it did not confirm to have nothing.
    pub scopes_left: Vec<ForgetScope>,
}

/// A scope of which something is outstanding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForgetScope {
    /// As text: `station:S`, `station:S/health`, `person:P`, `desk:K`, `region:R`.
    pub scope: String,
    /// Since when.
    pub since: String,
    /// How many documents; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<u64>,
}

/// A station that closed or opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StationClosed {
    /// The station's id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Whether it is closed.
    pub closed: bool,
    /// How many roles ended, or came back.
    pub roles: u64,
}

/// From which role to which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleMove {
    /// The role that ends, as in `RoleText`.
    pub from: String,
    /// The role that is given.
    pub to: String,
}
