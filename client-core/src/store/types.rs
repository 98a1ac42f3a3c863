//! What the store gives out about itself: plain data, no handles, no SQL.

use std::path::PathBuf;

use yizhan_proto::identity::Identity;
use yizhan_proto::sync::Reason;
use yizhan_proto::{
    ChangeHash, DeviceId, DocumentId, Epoch, Incarnation, Kind, PersonId, Scope, Sequence,
    Timestamp, Window,
};

/// This device, and who it acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its id, made when the store was.
    pub device: DeviceId,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// Who it acts for: the identity's person, or the provisional one.
    pub person: PersonId,
    /// The person id it made for itself, before any pairing.
    pub provisional: PersonId,
    /// What the relay says about the person; `None` before pairing.
    pub identity: Option<Identity>,
    /// Where the relay is; `None` before pairing.
    pub relay_url: Option<String>,
    /// The relay's lineage; `None` before pairing.
    pub epoch: Option<Epoch>,
}

/// Access to the relay, as last given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredAccess {
    /// The bearer token, if there is one.
    pub token: Option<String>,
    /// The challenge to answer for the next one; empty: ask for one.
    pub challenge: Vec<u8>,
}

/// How much one exchange may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of pushed changes, framing included. At least one change is always sent.
    pub push_bytes_max: usize,
    /// Bytes of changes wanted in the response; 0: the relay's own limit.
    pub page_bytes_max: u32,
}

impl Default for Budget {
    /// Three quarters of the smallest request limit, so that what does not compress fits too.
    fn default() -> Self {
        Self {
            push_bytes_max: yizhan_proto::limits::REQUEST_COMPRESSED_BYTES_MAX / 4 * 3,
            page_bytes_max: 0,
        }
    }
}

/// What applying one response did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Pushed changes accepted.
    pub accepted: u64,
    /// Pushed changes the relay had already.
    pub duplicate: u64,
    /// Own changes that are refused now, dependents included.
    pub refused: u64,
    /// Own changes that wait for a person's decision now.
    pub quarantined: u64,
    /// Pushed changes that lack others at the relay.
    pub needs: u64,
    /// Pushed changes that the relay has no room for yet: they stay unsent.
    pub put_off: u64,
    /// Changes that were new here.
    pub changes_received: u64,
    /// Documents that were new here.
    pub documents_received: u64,
    /// Documents that left this device.
    pub forgotten: u64,
    /// Documents among them that grew too old to be here.
    pub grown_old: u64,
    /// Documents among them that were erased for everybody.
    pub erased: u64,
    /// Own changes that the relay had not taken, and that went with these.
    pub erased_unsent: u64,
    /// Documents that cannot be opened and were set aside in this step.
    pub set_aside: u64,
    /// Repairs started after a digest that did not agree.
    pub repairs_started: u64,
    /// Parts of the response that did not fit the request and were left out.
    pub ignored: u64,
    /// Whether roles or subscriptions changed.
    pub identity_changed: bool,
    /// Whether the relay has a new lineage, so that everything is offered again.
    pub epoch_changed: bool,
    /// Whether to sync again at once: more pages, more to push, a repair under way.
    pub more: bool,
    /// Changes that can be sent and are not yet.
    pub unsent_left: u64,
    /// The relay's wish: not again before so many milliseconds.
    pub next_sync_ms: Option<u64>,
}

/// Whether a local change has reached the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeState {
    /// Made here, not yet acknowledged.
    Unsent,
    /// At the relay.
    Acknowledged,
    /// Not accepted; not part of the shown document.
    Refused,
    /// Waiting at the relay for a person's decision; part of the shown document.
    Quarantined,
    /// Somebody else's, once received, and no longer found at the relay by a repair.
    Unconfirmed,
}

/// An own change that the relay did not take, or has not decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The change; what `discard` and `retry` take.
    pub change: ChangeHash,
    /// Its document.
    pub document: DocumentId,
    /// The document's kind.
    pub kind: Kind,
    /// [`ChangeState::Refused`] or [`ChangeState::Quarantined`].
    pub state: ChangeState,
    /// Why.
    pub reason: Reason,
    /// When it was made, by this device's clock.
    pub made_at: Timestamp,
    /// What it is, in a few words for people: `visit at Changzhou Driver Home`.
    pub summary: String,
}

/// A document that this device held and that was erased for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedNote {
    /// The document.
    pub document: DocumentId,
    /// What it was.
    pub kind: Kind,
    /// When this device was told, by its clock.
    pub told_at: Timestamp,
    /// Own changes that the relay had not taken, and that went with it.
    pub lost_changes: u64,
}

/// What is known of one change of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeInfo {
    /// The change.
    pub change: ChangeHash,
    /// The device that wrote it.
    pub device: DeviceId,
    /// Whether that is this device.
    pub own: bool,
    /// Where it stands.
    pub state: ChangeState,
    /// What its device's clock said.
    pub device_time: Timestamp,
    /// When the relay received it.
    pub relay_time: Option<Timestamp>,
    /// Its number at the relay.
    pub sequence: Option<Sequence>,
    /// The device's clock minus the relay's when it was sent, milliseconds; 0: tolerable.
    pub skew_ms: i64,
    /// Why it is refused or quarantined.
    pub reason: Option<Reason>,
}

/// Where the device stands in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeStatus {
    /// The scope.
    pub scope: Scope,
    /// What is held of it; `None` before first contact.
    pub window: Option<Window>,
    /// Documents held through it.
    pub documents: u64,
    /// Whether a repair is under way.
    pub repairing: bool,
}

/// A document that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The document.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// Why.
    pub why: String,
}

/// How the store is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The home folder; `None` in memory.
    pub home: Option<PathBuf>,
    /// Changes not yet acknowledged.
    pub unsent_changes: u64,
    /// When the oldest of them was made, by this device's clock.
    pub oldest_unsent_at: Option<Timestamp>,
    /// When an exchange last succeeded, by this device's clock.
    pub last_sync_at: Option<Timestamp>,
    /// Why the last one failed, if it did.
    pub last_sync_error: Option<String>,
    /// Own changes refused.
    pub refused: u64,
    /// Own changes that wait for a person's decision.
    pub quarantined: u64,
    /// Documents that cannot be opened.
    pub set_aside: Vec<SetAside>,
    /// Documents held.
    pub documents: u64,
    /// Documents of kinds this version does not know; kept, not shown.
    pub unknown_kinds: u64,
    /// Documents that are to leave this device and wait for their unsent or held work.
    pub leaving: u64,
    /// Documents that have left this device because they grew old, ever.
    pub grown_old: u64,
    /// The scopes of this device, most urgent first.
    pub scopes: Vec<ScopeStatus>,
    /// Repairs ever started.
    pub repairs: u64,
    /// Parts of responses ever left out because they did not fit their request.
    pub ignored: u64,
    /// This device's clock minus the relay's at the last exchange, milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// Looks at other people's checks that the relay has not entered yet.
    pub reads_unsent: u64,
    /// Looks at other people's checks that could not be noted on this disk in this session.
    pub reads_unnoted: u64,
    /// Which life of the store this is.
    pub incarnation: Incarnation,
    /// Whether the person whom this device acts for was erased at the relay: nothing is kept here then.
    pub person_erased: bool,
    /// Documents whose screens' rows are still to be rebuilt after an update.
    pub views_pending: u64,
}
