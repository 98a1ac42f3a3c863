//! Erasures, as plain data.

use yizhan_proto::{DeviceId, DocumentId, EntryId, Kind, PersonId, Timestamp};

/// What is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A person, with every document about them.
    Person(PersonId),
    /// One document, and what only makes sense with it.
    Document(DocumentId),
}

impl Subject {
    /// `person` or `document`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Document(_) => "document",
        }
    }

    pub(in crate::store) const fn bytes(&self) -> &[u8; 16] {
        match self {
            Self::Person(person) => person.as_bytes(),
            Self::Document(document) => document.as_bytes(),
        }
    }
}

/// An erasure: never content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRow {
    /// Its id.
    pub id: EntryId,
    /// What is erased.
    pub subject: Subject,
    /// Why, as the operator said.
    pub ground: String,
    /// When it was ordered: nothing was taken from then on.
    pub at: Timestamp,
    /// When the last backup that holds it expires.
    pub backups_expire_at: Timestamp,
    /// Changes that went.
    pub changes: u64,
    /// Changes that waited in quarantine, and went.
    pub quarantined: u64,
    /// Files of attachments that went.
    pub attachments: u64,
    /// Changes by the person in documents about others, which stay; `None` before they are counted.
    pub parts_kept: Option<u64>,
    /// When nothing of it was left in any table or folder.
    pub rows_gone_at: Option<Timestamp>,
    /// When nothing of it was left in the file's pages or its log.
    pub bytes_gone_at: Option<Timestamp>,
}

/// How many documents of a kind an erasure takes, and how many of them are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedKind {
    /// The kind.
    pub kind: Kind,
    /// Documents.
    pub documents: u64,
    /// Of these, those whose rows are gone.
    pub done: u64,
}

/// A device that has not confirmed that it holds nothing of what was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutstandingDevice {
    /// Which.
    pub device: DeviceId,
    /// Who it acts for.
    pub person: PersonId,
    /// What people call it.
    pub label: String,
    /// When it last paired or pushed.
    pub last_seen_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was ordered to erase itself.
    pub wipe_ordered_at: Option<Timestamp>,
    /// When it said that it has.
    pub wiped_at: Option<Timestamp>,
    /// Documents whose forget it has not acknowledged.
    pub documents: u64,
}

/// What one document had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErasedRows {
    /// Changes.
    pub changes: u64,
    /// Changes in quarantine.
    pub quarantined: u64,
}
