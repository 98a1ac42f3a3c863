//! The sync exchange: `POST /v1/sync`, one request and one response that do everything.
//!
//! Push is before pull; every step may be repeated, or cut at any byte. The relay answers
//! each pushed change with a [`Receipt`], and each subscribed scope with at most one [`Page`]. A
//! scope without a page is unchanged: the device moves its cursor there to
//! [`SyncResponse::head`].

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::digest::{DocumentDigest, ScopeDigest};
use crate::id::{ChangeHash, DocumentId, Epoch};
use crate::identity::Identity;
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
    /// The [`Identity::version`] the device knows, 0 for none.
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
}

impl ScopeState {
    /// What is held, or `None` before first contact.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        let floor = self.floor;
        self.live.map(|live| Window { live, floor })
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
    /// The [`Item::sequence`] of the forget.
    #[n(2)]
    pub sequence: Sequence,
}

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
}

/// What became of one pushed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The change, by its hash.
    pub change: ChangeHash,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a pushed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, durably, under this sequence.
    Accepted(Stored),
    /// It was there already, under this sequence.
    Duplicate(Stored),
    /// Not stored, and will not be as it is; the device keeps it and shows the reason.
    Refused(Reason),
    /// Not stored: these changes are missing; send them first, then this one again.
    Needs(Vec<ChangeHash>),
    /// Kept at the relay for a person to decide on.
    Quarantined(Reason),
    /// An outcome of a newer version: not settled; the device keeps the change as unsent.
    Unknown(u8),
}

/// How an accepted change is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub sequence: Sequence,
    /// When the relay received it.
    pub received_at: Timestamp,
    /// The device's clock minus the relay's when it was pushed, milliseconds; 0 within
    /// [`crate::limits::CLOCK_SKEW_TOLERATED_MS`].
    pub skew_ms: i64,
}

/// Why a change was refused or quarantined: a stable code, and where.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[error("{code}{}{}", in_path(path.as_ref()), in_bound(bound.as_ref()))]
#[cbor(map)]
pub struct Reason {
    /// The stable code, as listed in `docs/PROTOCOL.md`; an app translates it.
    #[n(0)]
    pub code: String,
    /// The field it is about: `services/…/quantity`.
    #[n(1)]
    pub path: Option<String>,
    /// The bound or rule that was broken, for people: `0..=10`.
    #[n(2)]
    pub bound: Option<String>,
}

fn in_path(path: Option<&String>) -> String {
    path.map_or_else(String::new, |path| format!(" at {path}"))
}

fn in_bound(bound: Option<&String>) -> String {
    bound.map_or_else(String::new, |bound| format!(" (allowed: {bound})"))
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
    /// See [`Stored::skew_ms`].
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

/// A receipt as it travels: a flat map, so that an outcome of a newer version can be skipped.
#[derive(Encode, Decode)]
#[cbor(map)]
struct ReceiptWire {
    #[n(0)]
    change: ChangeHash,
    #[n(1)]
    outcome: u8,
    #[n(2)]
    sequence: Option<Sequence>,
    #[n(3)]
    received_at: Option<Timestamp>,
    #[n(4)]
    skew_ms: Option<i64>,
    #[n(5)]
    reason: Option<Reason>,
    #[n(6)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    needs: Vec<ChangeHash>,
}

const ACCEPTED: u8 = 1;
const DUPLICATE: u8 = 2;
const REFUSED: u8 = 3;
const NEEDS: u8 = 4;
const QUARANTINED: u8 = 5;

impl From<&Receipt> for ReceiptWire {
    fn from(receipt: &Receipt) -> Self {
        let mut wire = Self {
            change: receipt.change,
            outcome: 0,
            sequence: None,
            received_at: None,
            skew_ms: None,
            reason: None,
            needs: Vec::new(),
        };
        match &receipt.outcome {
            Outcome::Accepted(stored) | Outcome::Duplicate(stored) => {
                let accepted = matches!(receipt.outcome, Outcome::Accepted(_));
                wire.outcome = if accepted { ACCEPTED } else { DUPLICATE };
                wire.sequence = Some(stored.sequence);
                wire.received_at = Some(stored.received_at);
                wire.skew_ms = (stored.skew_ms != 0).then_some(stored.skew_ms);
            }
            Outcome::Refused(reason) => {
                wire.outcome = REFUSED;
                wire.reason = Some(reason.clone());
            }
            Outcome::Needs(hashes) => {
                wire.outcome = NEEDS;
                wire.needs.clone_from(hashes);
            }
            Outcome::Quarantined(reason) => {
                wire.outcome = QUARANTINED;
                wire.reason = Some(reason.clone());
            }
            Outcome::Unknown(code) => wire.outcome = *code,
        }
        wire
    }
}

impl TryFrom<ReceiptWire> for Receipt {
    type Error = &'static str;

    fn try_from(wire: ReceiptWire) -> Result<Self, Self::Error> {
        let stored = || -> Result<Stored, Self::Error> {
            Ok(Stored {
                sequence: wire.sequence.ok_or("a stored change has a sequence")?,
                received_at: wire.received_at.ok_or("a stored change has a time")?,
                skew_ms: wire.skew_ms.unwrap_or(0),
            })
        };
        let reason = || wire.reason.clone().ok_or("a refusal has a reason");
        let outcome = match wire.outcome {
            ACCEPTED => Outcome::Accepted(stored()?),
            DUPLICATE => Outcome::Duplicate(stored()?),
            REFUSED => Outcome::Refused(reason()?),
            NEEDS => Outcome::Needs(wire.needs),
            QUARANTINED => Outcome::Quarantined(reason()?),
            other => Outcome::Unknown(other),
        };
        Ok(Self {
            change: wire.change,
            outcome,
        })
    }
}

impl<C> Encode<C> for Receipt {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        ReceiptWire::from(self).encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Receipt {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        ReceiptWire::decode(d, ctx)?
            .try_into()
            .map_err(|why| decode::Error::message(why).at(at))
    }
}
