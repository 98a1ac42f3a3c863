//! What the relay tells its callers: plain data.

use yizhan_client_core::model::Author;
use yizhan_proto::identity::Identity;
use yizhan_proto::{
    Cursor, DeskKey, DeviceId, Epoch, PersonId, RegionKey, Role, StationId, Timestamp,
};

use crate::store::rows::DeviceRow;

pub use crate::store::keys::WipeRow;
pub use crate::store::rows::{
    DueStep, ErasedKind, ErasureRow, ForgetsDueRow, OutstandingDevice, ScopeLeftRow, Subject,
    TicketCount, ToldDevice,
};

/// A device that may act, and for whom, at the moment of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The device.
    pub device: DeviceId,
    /// Its Ed25519 public key, 32 bytes.
    pub public_key: [u8; 32],
    /// The person.
    pub person: PersonId,
    /// What the device is told about itself, but for the desks, which all share;
    /// `identity.scopes` are its subscriptions.
    pub identity: Identity,
    /// The same, as the gate takes it.
    pub author: Author,
    /// The same with the roles the person had once; the same author if there are none.
    pub former: Author,
}

/// What a device gets at pairing and registration, but for its access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paired {
    /// Who the device acts for.
    pub identity: Identity,
    /// The relay's lineage.
    pub epoch: Epoch,
    /// The relay's clock.
    pub relay_time: Timestamp,
}

/// A person as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonInfo {
    /// Who.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Roles, ascending.
    pub roles: Vec<Role>,
    /// Other ids of the same person, ascending.
    pub aliases: Vec<PersonId>,
    /// When the person was added.
    pub created_at: Timestamp,
}

/// A device as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Which.
    pub id: DeviceId,
    /// Who it acts for.
    pub person: PersonId,
    /// What people call it; may be empty.
    pub label: String,
    /// When it was paired first.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it last paired or pushed. A sync without pushes writes nothing, so not this either.
    pub last_seen_at: Option<Timestamp>,
    /// The order to erase itself, if there is one, and how far it is.
    pub wipe: Option<WipeRow>,
}

impl DeviceInfo {
    /// A device as it is kept.
    pub(super) fn new(row: DeviceRow, wipe: Option<WipeRow>) -> Self {
        Self {
            id: row.id,
            person: row.person,
            label: row.label,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            last_seen_at: row.last_seen_at,
            wipe,
        }
    }
}

/// A one-time pairing code. It is stored only as a hash: show it now or never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairCode {
    /// Ten characters, shown as `XXXXX-XXXXX`.
    pub code: String,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

/// A region this relay serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionInfo {
    /// Its key.
    pub key: RegionKey,
    /// Its name as shown; the key if nobody named it.
    pub name: String,
}

/// A desk to add, or as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDesk {
    /// Its key.
    pub key: DeskKey,
    /// Its name.
    pub name: String,
    /// Its region; that of a desk which is there cannot be changed.
    pub region: RegionKey,
    /// The desk above it, to which it escalates.
    pub parent: Option<DeskKey>,
    /// The station it sits at.
    pub station: Option<StationId>,
    /// The classes of request it answers; empty for all.
    pub classes: Vec<String>,
}

/// A desk as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// Its key.
    pub key: DeskKey,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: RegionKey,
    /// The desk above it.
    pub parent: Option<DeskKey>,
    /// The station it sits at.
    pub station: Option<StationId>,
    /// The classes of request it answers; empty for all.
    pub classes: Vec<String>,
    /// Who belongs to it, ascending by id.
    pub members: Vec<DeskPerson>,
    /// Tickets that lie with it and are not finished. Counted in listings only.
    pub open_tickets: u64,
    /// Of these, those past what is due next. Counted in listings only.
    pub breached: u64,
}

/// A person who belongs to a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskPerson {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Whether they coordinate there.
    pub coordinator: bool,
    /// The classes of request they answer; empty for all of the desk's.
    pub classes: Vec<String>,
}

/// What two people have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The name, but for spaces, width and case.
    Name,
    /// What a phone of theirs is called.
    PhoneLabel,
    /// The station where they registered, within a day.
    Registration,
}

impl Likeness {
    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::PhoneLabel => "phone_label",
            Self::Registration => "registration",
        }
    }
}

/// Two people who may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The one who was there first.
    pub first: PersonInfo,
    /// The other.
    pub other: PersonInfo,
    /// What they have in common.
    pub why: Vec<Likeness>,
}

/// What an import did to one station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is new.
    Created,
    /// Fields differed and were changed.
    Updated,
    /// It was there just so.
    Unchanged,
}

/// One station of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedStation {
    /// Its key.
    pub key: String,
    /// Its id.
    pub id: StationId,
    /// What was done.
    pub outcome: ImportOutcome,
}

/// Numbers for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Documents kept.
    pub documents: u64,
    /// Changes kept.
    pub changes: u64,
    /// People.
    pub people: u64,
    /// Devices that may act.
    pub devices: u64,
    /// Devices revoked.
    pub devices_revoked: u64,
    /// Changes waiting for a person to decide.
    pub quarantined: u64,
    /// For how long the one has waited that came first, milliseconds.
    pub quarantined_oldest_ms: Option<u64>,
    /// Forgets that devices have not acknowledged are not counted here; those acknowledged are.
    pub forgets_acknowledged: u64,
    /// Places that documents have left because they grew old, and have not come back to.
    pub retired: u64,
    /// People who wait for a seat, of all activities.
    pub seats_waiting: u64,
    /// The latest sequence.
    pub head: Cursor,
    /// The relay's lineage.
    pub epoch: Epoch,
    /// Bytes of the database and its log.
    pub database_bytes: u64,
    /// Jobs waiting for the writer.
    pub queue_depth: u64,
    /// Open tickets by what is due next on them.
    pub tickets: Vec<TicketCount>,
    /// Digests of devices that did not agree, since the start.
    pub digest_mismatches: u64,
}

/// What devices are still to forget, as far as one page looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// The devices with something outstanding, ascending by id.
    pub devices: Vec<ForgetsOfDevice>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<DeviceId>,
}

/// What one device is still to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgetsOfDevice {
    /// The device.
    pub device: DeviceId,
    /// What people call it.
    pub label: String,
    /// Who it acts for.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// When it was revoked: then it says nothing any more, unless it was ordered to erase itself.
    pub revoked_at: Option<Timestamp>,
    /// What it was ordered, if it was.
    pub wipe: Option<WipeRow>,
    /// When it last paired or pushed.
    pub last_seen_at: Option<Timestamp>,
    /// Since when the oldest of it is outstanding.
    pub since: Timestamp,
    /// Milliseconds since then.
    pub age_ms: u64,
    /// Documents that left scopes it is served.
    pub due: Vec<ForgetsDueRow>,
    /// Scopes that it is not served any more.
    pub left: Vec<ScopeLeftRow>,
}
