//! The audit log: the admin API's messages about it, and an exported file's lines.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rfc3339;
use crate::audit::{By, ChainHash, Event, Verdict};

/// Which entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Not before this time (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// By or about this person: id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// By or about this device: id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// About this document: id. Who made its changes is told beside the entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Of this action: its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only entries before this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// At most so many; at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which part of the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditPart {
    /// Entries behind this number; absent: from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// An entry. All but `event` and `hash` repeats what the bytes say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub id: u64,
    /// When, by the relay's clock.
    pub at: String,
    /// `operator`, `relay` or `device`.
    pub by: String,
    /// The person who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// On which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What was done: a stable code.
    pub action: String,
    /// What to: `document:ID`, `person:ID`, `device:ID`, `station:ID`, `desk:KEY`, `region:KEY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The person it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Which role, which code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When by the device's own clock, if it was done offline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<String>,
    /// The device's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Why it was refused; absent: it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The entry's bytes, hexadecimal.
    pub event: String,
    /// The hash of the entry and of all before it, hexadecimal.
    pub hash: String,
}

impl AuditEntry {
    /// An entry as it is told: its number, what it says, its bytes and hash.
    #[must_use]
    pub fn of(n: u64, event: &Event, bytes: &[u8], hash: &ChainHash) -> Self {
        let (by, person, device) = match event.by {
            By::Operator => ("operator", None, None),
            By::Relay => ("relay", None, None),
            By::Device(person, device) => ("device", Some(person), Some(device)),
        };
        Self {
            at: rfc3339(event.at),
            by: by.to_owned(),
            person: person.map(|id| id.to_string()),
            device: device.map(|id| id.to_string()),
            action: event.action.to_string(),
            subject: event.subject.as_ref().map(ToString::to_string),
            about: event.about.map(|id| id.to_string()),
            detail: event
                .detail
                .as_ref()
                .map(|detail| detail.as_str().to_owned()),
            read_at: event.read_at.map(rfc3339),
            entry: event.entry.map(|id| id.to_string()),
            refused: match &event.verdict {
                Verdict::Done => None,
                Verdict::Refused(why) => Some(why.as_str().to_owned()),
            },
            ..Self::unread(n, bytes, hash)
        }
    }

    /// An entry whose bytes cannot be read, as it is told.
    #[must_use]
    pub fn unread(n: u64, bytes: &[u8], hash: &ChainHash) -> Self {
        Self {
            id: n,
            event: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            hash: hash.to_string(),
            ..Self::default()
        }
    }

    /// The entry's bytes; `None` if they are not hexadecimal digits.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let digits = self.event.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        if !rest.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        pairs.iter().map(byte).collect()
    }
}

/// Who made a change of a document, as the log of changes says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditChange {
    /// Its number.
    pub id: u64,
    /// When the relay took it.
    pub at: String,
    /// Who pushed it.
    pub person: String,
    /// The device that wrote it.
    pub device: String,
}

/// Entries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditListing {
    /// Entries.
    pub entries: Vec<AuditEntry>,
    /// With `document`: who made its latest changes, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditChange>,
    /// There are more: ask for those before this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// A part of the chain, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditChain {
    /// Entries; none: that was all.
    pub entries: Vec<AuditEntry>,
    /// The first of them that the relay's own index tells otherwise than its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misfiled: Option<u64>,
}

/// The end of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// How many entries there are.
    pub entries: u64,
    /// The last one's hash: written down elsewhere, it shows later that nothing was cut off.
    pub id: String,
}
