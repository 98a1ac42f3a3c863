//! What a device sends.

use minicbor::{Decode, Encode};

use super::{Fetch, RangeDigest};
use crate::digest::ScopeDigest;
use crate::id::{DocumentId, Epoch};
use crate::kind::Kind;
use crate::scope::Scope;
use crate::sequence::{Cursor, Sequence, Window};
use crate::timestamp::Timestamp;
use crate::version::ProtocolVersion;

/// What a device sends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncRequest {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The relay's lineage as the device knows it; absent at first contact. If it is not the
    /// relay's own, the relay ignores all cursors and answers as at first contact.
    #[n(1)]
    pub epoch: Option<Epoch>,
    /// The device's clock.
    #[n(2)]
    pub device_time: Timestamp,
    /// The [`crate::identity::Identity::version`] the device knows, 0 for none.
    #[n(3)]
    pub identity_version: u64,
    /// Short form of the device's position: it is complete and at the same cursor in every scope
    /// of its identity.
    #[n(4)]
    pub summary: Option<Summary>,
    /// Long form: the scopes one by one. Empty with `summary`, or to push only.
    #[n(5)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub scopes: Vec<ScopeState>,
    /// Changes to store, those of one document in the order they were made.
    #[n(6)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub pushes: Vec<Push>,
    /// Bytes of changes the device wants at most in the response; 0 for the relay's own limit.
    #[n(7)]
    #[cbor(default, skip_if = "is_zero")]
    pub page_bytes_max: u32,
    /// Forgets carried out.
    #[n(8)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub forgotten: Vec<Forgotten>,
    /// Ranges to compare, after a digest that did not agree.
    #[n(9)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub repairs: Vec<RangeDigest>,
    /// Documents to send whole, as the result of a repair.
    #[n(10)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub fetches: Vec<Fetch>,
    /// Scopes that are not in the device's identity any more and of whose documents nothing is
    /// left on it; at most [`crate::limits::SCOPES_MAX`].
    #[n(11)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub left: Vec<Scope>,
    /// Up to where the device was told what people decided about its work that waited
    /// ([`super::Decisions::until`], 0 for nothing yet); absent if nothing of its waits.
    #[n(12)]
    pub decided: Option<u64>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A device that is complete in all its scopes at one cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Summary {
    /// Where it stands in every scope.
    #[n(0)]
    pub live: Cursor,
    /// The digests of its scopes, added up ([`ScopeDigest::and`]).
    #[n(1)]
    pub digest: ScopeDigest,
}

/// Where a device stands in one scope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ScopeState {
    /// Which.
    #[n(0)]
    pub scope: Scope,
    /// Read up to here; absent before first contact.
    #[n(1)]
    pub live: Option<Cursor>,
    /// History filled in down to here.
    #[n(2)]
    pub floor: Cursor,
    /// The digest of what is held.
    #[n(3)]
    pub digest: ScopeDigest,
    /// Everything is there as of here; absent: as of `live`. See [`Window::settled`].
    #[n(4)]
    pub settled: Option<Cursor>,
}

impl ScopeState {
    /// Where a device stands that holds `window` of a scope (`None`: first contact).
    #[must_use]
    pub fn new(scope: Scope, window: Option<Window>, digest: ScopeDigest) -> Self {
        Self {
            scope,
            live: window.map(|window| window.live),
            floor: window.map_or(Cursor::START, |window| window.floor),
            digest,
            settled: window
                .filter(|window| window.settled != window.live)
                .map(|window| window.settled),
        }
    }

    /// What is held, or `None` before first contact.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        self.live.map(|live| Window {
            live,
            settled: self.settled.unwrap_or(live),
            floor: self.floor,
        })
    }
}

/// One change to store.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Push {
    /// The document it belongs to.
    #[n(0)]
    pub document: DocumentId,
    /// The document's kind.
    #[n(1)]
    pub kind: Kind,
    /// The Automerge change chunk, uncompressed.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// A forget was carried out: nothing of the document is left in that scope on this device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Forgotten {
    /// The scope it left.
    #[n(0)]
    pub scope: Scope,
    /// The document.
    #[n(1)]
    pub document: DocumentId,
    /// The [`super::Item::sequence`] of the forget.
    #[n(2)]
    pub sequence: Sequence,
}
