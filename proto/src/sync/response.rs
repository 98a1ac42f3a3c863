//! What the relay answers: receipts, pages, and what a repair asked for.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::{Fetched, Receipt, RepairAnswer};
use crate::digest::ScopeDigest;
use crate::id::{DocumentId, Epoch};
use crate::identity::Identity;
use crate::kind::Kind;
use crate::scope::Scope;
use crate::sequence::{Cursor, Sequence, Window};
use crate::timestamp::Timestamp;
use crate::version::ProtocolVersion;

/// What the relay answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncResponse {
    /// The protocol version it is written in.
    #[n(0)]
    pub version: ProtocolVersion,
    /// The relay's lineage.
    #[n(1)]
    pub epoch: Epoch,
    /// The relay's clock.
    #[n(2)]
    pub relay_time: Timestamp,
    /// The relay's latest sequence in the snapshot that the pages were read from. Subscribed
    /// scopes without a page are current up to here.
    #[n(3)]
    pub head: Cursor,
    /// One per pushed change, in their order.
    #[n(4)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
    /// At most one per subscribed scope.
    #[n(5)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub pages: Vec<Page>,
    /// Present if it is not the one whose version the device sent. Scopes that are not in it any
    /// more are to be left: their documents are forgotten after their unsent work was uploaded.
    #[n(6)]
    pub identity: Option<Identity>,
    /// For each asked range that differs: what the relay holds there.
    #[n(7)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub repairs: Vec<RepairAnswer>,
    /// The fetched documents, each whole (or a forget, if the scope does not hold it).
    #[n(8)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub fetched: Vec<Fetched>,
    /// Sync again after so many milliseconds, and not before, unless a person asks.
    #[n(9)]
    pub next_sync_ms: Option<u64>,
    /// What people decided about work of this device since it was last told; absent for nothing,
    /// and if the device did not ask.
    #[n(12)]
    pub decisions: Option<Decisions>,
}

/// What people decided about changes that waited at the relay, in the order of the decisions.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Decisions {
    /// What the device says next time in [`super::SyncRequest::decided`], once it applied these.
    #[n(0)]
    pub until: u64,
    /// At most [`crate::limits::DECISIONS_MAX`]: accepted, or refused with a reason.
    #[n(1)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
    /// Whether there are more: sync again at once.
    #[n(2)]
    #[cbor(default)]
    pub more: bool,
}

/// News and history of one scope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Page {
    /// Which scope.
    #[n(0)]
    pub scope: Scope,
    /// News in rising order of sequence, then history in falling order.
    #[n(1)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// The device's new live cursor, once the items are applied.
    #[n(2)]
    pub live: Cursor,
    /// The device's new floor, once the items are applied.
    #[n(3)]
    pub floor: Cursor,
    /// The relay's digest of the whole scope, if live has reached the head and the floor is 0.
    #[n(4)]
    pub digest: Option<ScopeDigest>,
    /// Whether there is more: sync again at once.
    #[n(5)]
    #[cbor(default)]
    pub more: bool,
    /// Everything is there as of here, once the items are applied; absent: as of `live`. See
    /// [`Window::settled`].
    #[n(6)]
    pub settled: Option<Cursor>,
}

impl Page {
    /// A page that leads to `window`.
    #[must_use]
    pub fn new(
        scope: Scope,
        items: Vec<Item>,
        window: Window,
        digest: Option<ScopeDigest>,
        more: bool,
    ) -> Self {
        Self {
            scope,
            items,
            live: window.live,
            floor: window.floor,
            digest,
            more,
            settled: (window.settled != window.live).then_some(window.settled),
        }
    }

    /// Where the device stands once the items are applied.
    #[must_use]
    pub fn window(&self) -> Window {
        Window {
            live: self.live,
            settled: self.settled.unwrap_or(self.live),
            floor: self.floor,
        }
    }
}

/// One document of a page.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Item {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// Its kind.
    #[n(1)]
    pub kind: Kind,
    /// Its latest sequence in this scope.
    #[n(2)]
    pub sequence: Sequence,
    /// The changes the device does not have, in order of sequence. Those it pushed in the same
    /// exchange are left out, so this may be empty: the document is in the scope all the same.
    #[n(3)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub changes: Vec<StoredChange>,
    /// Present: the document left the scope (`changes` is empty). To be dropped from this device,
    /// after its unsent work was uploaded, unless another scope holds it; then acknowledged.
    #[n(4)]
    pub forget: Option<ForgetReason>,
}

/// A change as the relay keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct StoredChange {
    /// Its number.
    #[n(0)]
    pub sequence: Sequence,
    /// When the relay received it.
    #[n(1)]
    pub received_at: Timestamp,
    /// See [`super::Stored::skew_ms`].
    #[n(2)]
    pub skew_ms: i64,
    /// The Automerge change chunk, uncompressed.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// Why a document left a scope. One byte on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForgetReason {
    /// It is somewhere else now, or this audience's right to it has ended.
    Left,
    /// It grew too old for this audience.
    Retired,
    /// It was erased, for everybody.
    Erased,
    /// A reason of a newer version, kept as its code.
    Unknown(u8),
}

impl ForgetReason {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Left => 1,
            Self::Retired => 2,
            Self::Erased => 3,
            Self::Unknown(code) => code,
        }
    }

    /// The reason of a code.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Left,
            2 => Self::Retired,
            3 => Self::Erased,
            other => Self::Unknown(other),
        }
    }
}

impl<C> Encode<C> for ForgetReason {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u8(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for ForgetReason {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(Self::from_code(d.u8()?))
    }
}
