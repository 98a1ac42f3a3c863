//! Erasures: the admin API's messages about them. Never content.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;

/// What is to be erased, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewErasure {
    /// `person` or `document`.
    pub kind: String,
    /// Its id; of a person, an alias too.
    pub subject: String,
    /// One line that says on what ground; it is kept for good, so no names belong in it.
    pub ground: String,
}

/// Which receipts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ErasureQuery {
    /// Those that are called so: the id of the erasure, or its beginning, or the id of what was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// Only those that come behind this one, by id: the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// At most so many; 50 without it, and never more than 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The receipt of an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// Its id.
    pub id: String,
    /// `person` or `document`.
    pub kind: String,
    /// The id of what was erased.
    pub subject: String,
    /// The ground.
    pub ground: String,
    /// When it was ordered: nothing was taken from then on.
    pub erased_at: String,
    /// Documents it takes, by kind.
    pub documents: Vec<ErasedDocuments>,
    /// Changes that went.
    pub changes: u64,
    /// Changes that waited in quarantine, and went.
    pub quarantined: u64,
    /// Files of attachments that went.
    pub attachments: u64,
    /// Changes by the person in documents about others, which stay; null before they are counted,
    /// and for a document.
    pub parts_kept: Option<u64>,
    /// When nothing of it was left in the relay's tables and folders.
    pub rows_gone_at: Option<String>,
    /// When nothing of it was left in any byte of the relay's files.
    pub bytes_gone_at: Option<String>,
    /// When the last backup that holds it expires.
    pub backups_expire_at: String,
    /// Devices that got what was erased and have not confirmed that nothing of it is left.
    pub outstanding: Vec<OutstandingDevice>,
}

impl Erasure {
    /// Documents it takes, and how many of them are gone.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let of = self.documents.iter().map(|kind| kind.documents).sum();
        let gone = self.documents.iter().map(|kind| kind.gone).sum();
        (gone, of)
    }
}

/// Documents of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasedDocuments {
    /// The kind.
    pub kind: String,
    /// How many.
    pub documents: u64,
    /// How many of them are gone.
    pub gone: u64,
}

/// A device that has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutstandingDevice {
    /// Its id.
    pub id: String,
    /// The id of the person it acts for.
    pub person: String,
    /// What people call it.
    pub label: String,
    /// When it last paired or pushed.
    pub last_seen_at: Option<String>,
    /// When it was revoked: it will not confirm any more.
    pub revoked_at: Option<String>,
    /// When it was ordered to erase itself.
    #[serde(default)]
    pub wipe_ordered_at: Option<String>,
    /// When it said that it has: then nothing is left there.
    #[serde(default)]
    pub wiped_at: Option<String>,
    /// Documents it has not confirmed.
    pub documents: u64,
    /// Since when it is to forget them.
    pub since: String,
    /// Milliseconds since then.
    pub age_ms: u64,
}

/// One line of the answer to who waits for an erasure: how far it is, then the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureLine {
    /// So many documents are gone, of so many.
    Progress {
        /// Gone.
        done: u64,
        /// Of.
        of: u64,
    },
    /// The receipt: the last line.
    Receipt(Erasure),
    /// There is none: the last line.
    Problem(Problem),
}

/// An erasure as it is kept apart from the relay, for the day a backup is put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    /// Its id.
    pub id: String,
    /// `person` or `document`.
    pub kind: String,
    /// The id of what was erased.
    pub subject: String,
    /// The ground.
    pub ground: String,
    /// When it was ordered.
    pub erased_at: String,
    /// When the last backup that holds it expires.
    pub backups_expire_at: String,
    /// All ids of the person.
    pub people: Vec<String>,
    /// The documents.
    pub documents: Vec<LedgerDocument>,
}

/// A document of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerDocument {
    /// Its id.
    pub id: String,
    /// Its kind, as its code.
    pub kind: u8,
}

/// What a ledger brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replayed {
    /// Erasures in it.
    pub erasures: u64,
    /// Of these, those that the relay did not know, and carries out again.
    pub new: u64,
}
