//! Desks and people who are one: the admin API's messages about them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Person;

/// A desk to add, or as it is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewDesk {
    /// Its key: 1–32 of `a–z`, `0–9`, `-`.
    pub id: String,
    /// Its name as shown.
    pub name: String,
    /// The key of its region, which cannot be changed later.
    pub region: String,
    /// The key of the desk above it, to which it escalates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Key or id of the station it sits at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    /// The classes of request it answers; empty for all.
    #[serde(default)]
    pub classes: Vec<String>,
}

/// A desk as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Desk {
    /// Its key.
    pub id: String,
    /// Its name as shown.
    pub name: String,
    /// The key of its region.
    pub region: String,
    /// The key of the desk above it.
    pub parent: Option<String>,
    /// The id of the station it sits at.
    pub station: Option<String>,
    /// The classes of request it answers; empty for all.
    pub classes: Vec<String>,
    /// Who belongs to it.
    pub members: Vec<DeskMember>,
    /// Tickets that lie with it and are not finished.
    pub open_tickets: u64,
    /// Of these, those past what is due next.
    pub breached: u64,
}

/// A person who belongs to a desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskMember {
    /// The person's id.
    pub id: String,
    /// The person's name.
    pub name: String,
    /// Whether they coordinate there.
    pub coordinator: bool,
    /// The classes of request they answer; empty for all of the desk's.
    pub classes: Vec<String>,
}

/// A person who is to belong to a desk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewDeskMember {
    /// The person's id.
    pub person: String,
    /// Whether they coordinate there; they must coordinate the desk's region.
    #[serde(default)]
    pub coordinator: bool,
    /// The classes of request they answer; empty for all of the desk's.
    #[serde(default)]
    pub classes: Vec<String>,
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// Its id or key.
    pub id: String,
}

/// Two people who may be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Duplicate {
    /// The id of the one who was there first.
    pub id: String,
    /// The one who was there first.
    pub first: Person,
    /// The other.
    pub other: Person,
    /// Why they may be one: `name`, `phone_label`, `registration`.
    pub why: Vec<String>,
}

/// Who is to become an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Merge {
    /// The id of the person who becomes an alias.
    pub other: String,
}

/// Open tickets that wait for one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenTickets {
    /// What is due next: `verify`, `response` or `solution`; `paused` while the clock stands still.
    pub step: String,
    /// How many.
    pub open: u64,
    /// Of these, those past their time.
    pub breached: u64,
}
