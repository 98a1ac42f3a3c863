//! How two sides that disagree find out where: digests of ranges, narrowed down, then documents.

use minicbor::{Decode, Encode};

use super::Item;
use crate::digest::{DocumentDigest, ScopeDigest};
use crate::id::DocumentId;
use crate::scope::Scope;

/// The documents of a scope whose ids lie in `[from, until)`, and their digest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RangeDigest {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// First document id of the range; absent: from the first.
    #[n(1)]
    pub from: Option<DocumentId>,
    /// First document id past the range; absent: to the last.
    #[n(2)]
    pub until: Option<DocumentId>,
    /// The digest of what lies between.
    #[n(3)]
    pub digest: ScopeDigest,
}

/// A document to send whole.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Fetch {
    /// The scope through which the device may have it.
    #[n(0)]
    pub scope: Scope,
    /// The document.
    #[n(1)]
    pub document: DocumentId,
}

/// What the relay holds in a range that differs: entries if they are few, else digests of parts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RepairAnswer {
    /// The range as it was asked, with the relay's own digest of it.
    #[n(0)]
    pub range: RangeDigest,
    /// Every document in it with its digest; absent if there are more than
    /// [`crate::limits::REPAIR_ENTRIES_MAX`].
    #[n(1)]
    pub entries: Option<Vec<RangeEntry>>,
    /// Else: its parts, at most [`crate::limits::REPAIR_SPLITS`], in order.
    #[n(2)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub parts: Vec<RangeDigest>,
}

/// One document of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RangeEntry {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Its digest.
    #[n(1)]
    pub digest: DocumentDigest,
}

/// The answer to one [`Fetch`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fetched {
    /// The scope it was asked through.
    #[n(0)]
    pub scope: Scope,
    /// All changes of the document; or a forget. Absent: left out for want of space, ask again.
    #[n(1)]
    pub item: Item,
}
