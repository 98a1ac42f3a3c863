//! What is kept, as plain data. No SQL here, and no rule.

use minicbor::{Decode, Encode};
use yizhan_client_core::model::Outline;
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::sync::{ForgetReason, Stored};
use yizhan_proto::{
    ActorId, ChangeHash, DeviceId, DocumentId, Kind, PersonId, RegionKey, Role, Scope, ScopeDigest,
    Sequence, StationId, Timestamp,
};

mod access;
mod desks;
mod erasure;
mod outside;
mod quarantine;
mod quotas;
mod recipients;
mod retention;
mod seats;

pub use access::{ConsentRow, PlacingRow, ScopeEntry};
pub use desks::{DeskMemberRow, DeskRow, DueStep, TicketClockRow, TicketCount, TimeLeft};
pub use erasure::{ErasedKind, ErasedRows, ErasureRow, OutstandingDevice, Subject};
pub use outside::OutsideIdentityRow;
pub use quarantine::{DecisionRow, HeldOf, HeldRow, QuarantineRow, ToldDecision, Verdict};
pub use quotas::FullScopeRow;
pub use recipients::{ForgetsDueRow, ScopeLeftRow, ToldDevice};
pub use retention::{Age, AskedRow, MarkRow};
pub use seats::{LeaseRow, SeatRow, SeatTally, Standing};

/// A document as the relay knows it: never its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// What the gate needs to check the next change.
    pub outline: Outline,
    /// Digest of its heads.
    pub digest: DocumentDigest,
    /// The scopes it is or was in, each once.
    pub members: Vec<Member>,
}

/// A document's place in one scope.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Member {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// When the document joined it.
    #[n(1)]
    pub joined: Sequence,
    /// Its latest sequence there: of a change, the joining or the leaving.
    #[n(2)]
    pub last: Sequence,
    /// Why it left; absent while it is in the scope.
    #[n(3)]
    pub left: Option<ForgetReason>,
}

/// A person's change names some bytes in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamingRow {
    /// The document.
    pub document: DocumentId,
    /// The person.
    pub person: PersonId,
    /// How many bytes, as the change says.
    pub bytes: u64,
    /// What they are, as the change says.
    pub media_type: String,
    /// Whether the person has shown to have them.
    pub is_proven: bool,
}

/// A change to keep.
#[derive(Debug, Clone)]
pub struct NewChange<'a> {
    /// Its number, allotted in the same transaction.
    pub sequence: Sequence,
    /// The document.
    pub document: DocumentId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Who wrote it, to Automerge.
    pub actor: ActorId,
    /// The person on whose behalf.
    pub person: PersonId,
    /// The counter of its last operation.
    pub last_op: u64,
    /// When the relay received it.
    pub received_at: Timestamp,
    /// Device clock minus relay clock, milliseconds, 0 within tolerance.
    pub skew_ms: i64,
    /// The chunk.
    pub bytes: &'a [u8],
}

/// A kept change, as it is looked up by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownChange {
    /// Its number and times.
    pub stored: Stored,
    /// The counter of its last operation.
    pub last_op: u64,
}

/// A scope's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeRow {
    /// Its number inside the store.
    pub id: ScopeId,
    /// The digest of what it holds.
    pub digest: ScopeDigest,
    /// How many documents it holds.
    pub documents: u64,
}

/// A scope's number inside the store; means nothing outside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeId(pub(super) i64);

/// One document of a scope, as the index lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexRow {
    /// The document.
    pub document: DocumentId,
    /// Its latest sequence in the scope.
    pub last: Sequence,
    /// When it joined.
    pub joined: Sequence,
    /// Why it left.
    pub left: Option<ForgetReason>,
    /// The document's kind; unknown if nothing of the document is kept any more.
    pub kind: Kind,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Who.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// When added.
    pub created_at: Timestamp,
    /// Roles, ascending.
    pub roles: Vec<Role>,
    /// Roles that were taken away, ascending.
    pub former_roles: Vec<Role>,
    /// Other ids, ascending.
    pub aliases: Vec<PersonId>,
    /// Devices, ascending by id.
    pub devices: Vec<DeviceRow>,
}

impl PersonRow {
    /// Whether nothing but ids is left of the person: everybody else has a name.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.name.is_empty()
    }
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Which.
    pub id: DeviceId,
    /// Who it acts for.
    pub person: PersonId,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
    /// What people call it.
    pub label: String,
    /// When it was paired first.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it last paired or pushed.
    pub last_seen_at: Option<Timestamp>,
}

/// A one-time pairing code, known by its hash only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairCodeRow {
    /// SHA-256 of the code in its plain form.
    pub hash: [u8; 32],
    /// Whom it pairs with.
    pub person: PersonId,
    /// When it stops being good.
    pub expires_at: Timestamp,
    /// The device that used it.
    pub used_by: Option<DeviceId>,
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionRow {
    /// Its key.
    pub key: RegionKey,
    /// Its name.
    pub name: String,
}

/// A station's standing code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationCodeRow {
    /// The station.
    pub station: StationId,
    /// The code in its plain form: it stands on the counter for all to see.
    pub code: String,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Documents.
    pub documents: u64,
    /// Changes.
    pub changes: u64,
    /// People.
    pub people: u64,
    /// Devices not revoked.
    pub devices: u64,
    /// Devices revoked.
    pub devices_revoked: u64,
    /// Changes that wait in quarantine.
    pub quarantined: u64,
    /// Forgets acknowledged by devices.
    pub forgets_acknowledged: u64,
    /// Bytes of the database's pages.
    pub database_bytes: u64,
}
