//! What the store gives out: plain data, no handles, no SQL.

use std::path::PathBuf;

use yizhan_proto::identity::Identity;
use yizhan_proto::sync::Reason;
use yizhan_proto::{
    ChangeHash, DeviceId, DocumentId, Epoch, Incarnation, Kind, PersonId, RegionKey, Scope,
    Sequence, StationId, Timestamp, Window,
};

use crate::model::check::Check;
use crate::model::consent::{Consent, Purpose};
use crate::model::station::Station;
use crate::model::visit::Visit;

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
    /// Changes that were new here.
    pub changes_received: u64,
    /// Documents that were new here.
    pub documents_received: u64,
    /// Documents that left this device.
    pub forgotten: u64,
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

/// One station in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct StationRow {
    /// Its document.
    pub id: StationId,
    /// Short name for people and commands.
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Region whose directory it is in.
    pub region: Option<RegionKey>,
    /// Sort of station: `driver_home`, `courier_station`, `service_area`, `repair`, `office`.
    pub station_type: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Opening hours, in words.
    pub hours: Option<String>,
    /// Facility codes, ascending.
    pub facilities: Vec<String>,
    /// Beds in all.
    pub beds_total: Option<u32>,
    /// Beds free, as last said.
    pub beds_free: Option<u32>,
    /// Whether open; `None` if nobody said.
    pub open: Option<bool>,
    /// The notice shown with it.
    pub notice: Option<String>,
    /// Whether a field was set differently at the same time.
    pub conflict: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
}

/// Which visits to list. Empty: all. Newest arrival first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VisitFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// At this station.
    pub station: Option<StationId>,
    /// Only those without a departure that are younger than 24 hours.
    pub open: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One visit in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The driver's name as recorded.
    pub driver_name: String,
    /// The station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// Arrival.
    pub arrived_at: Timestamp,
    /// Departure.
    pub left_at: Option<Timestamp>,
    /// No departure, and arrived within the last 24 hours.
    pub open: bool,
    /// Plate of the vehicle.
    pub vehicle_plate: Option<String>,
    /// Services given, with their quantities added up.
    pub services_given: u32,
    /// The driver's rating.
    pub rating: Option<u8>,
    /// The earlier record of the same arrival (same driver and station, within 30 minutes): shown
    /// as one with it.
    pub same_as: Option<DocumentId>,
    /// Whether a field was set differently at the same time.
    pub conflict: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
    /// Whether it holds changes that were refused or wait for a decision.
    pub held: bool,
}

/// One visit with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitDetail {
    /// The visit.
    pub visit: Visit,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// No departure, and arrived within the last 24 hours.
    pub open: bool,
    /// Other records of the same arrival.
    pub same_as: Vec<DocumentId>,
    /// Every change, in the order in which they build on each other.
    pub changes: Vec<ChangeInfo>,
}

/// Which checks to list. Empty: all. Newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// At this station.
    pub station: Option<StationId>,
    /// Only those with a crisis.
    pub crisis: bool,
    /// Whether to leave out those that a later one corrects.
    pub latest: bool,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One check in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// During which visit.
    pub visit: Option<DocumentId>,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Measurements in words: `systolic 126 mm[Hg], diastolic 80 mm[Hg]`.
    pub summary: String,
    /// Whether a result is a crisis.
    pub crisis: bool,
    /// The check it corrects.
    pub replaces: Option<DocumentId>,
    /// The check that corrects it.
    pub replaced_by: Option<DocumentId>,
    /// Whether it is not at the relay yet.
    pub unsent: bool,
    /// Whether it was refused or waits for a decision.
    pub held: bool,
}

/// One check with all that is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDetail {
    /// The check.
    pub check: Check,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// The check that corrects it.
    pub replaced_by: Option<DocumentId>,
    /// Every change.
    pub changes: Vec<ChangeInfo>,
}

/// Which consents to list. Empty: all. Newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsentFilter {
    /// Of this driver.
    pub driver: Option<PersonId>,
    /// Given to this station.
    pub station: Option<StationId>,
    /// For this purpose.
    pub purpose: Option<Purpose>,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// One consent in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The station.
    pub station: StationId,
    /// The station's name, if its document is here.
    pub station_name: Option<String>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// When given.
    pub given_at: Timestamp,
    /// In force until.
    pub until: Option<Timestamp>,
    /// When withdrawn (the earliest, if people said so differently).
    pub withdrawn_at: Option<Timestamp>,
    /// Whether it is in force.
    pub in_force: bool,
    /// Whether it holds changes that are not at the relay yet.
    pub unsent: bool,
    /// Whether it was refused or waits for a decision.
    pub held: bool,
}

/// One document found by a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The document.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// What it is, in a few words for people.
    pub title: String,
    /// The text around the first place found.
    pub excerpt: String,
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
    /// The scopes of this device, most urgent first.
    pub scopes: Vec<ScopeStatus>,
    /// Repairs ever started.
    pub repairs: u64,
    /// Parts of responses ever left out because they did not fit their request.
    pub ignored: u64,
    /// This device's clock minus the relay's at the last exchange, milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// Which life of the store this is.
    pub incarnation: Incarnation,
    /// Documents whose screens' rows are still to be rebuilt after an update.
    pub views_pending: u64,
}

/// A station's document, opened.
pub type StationDetail = Station;
/// A consent's document, opened.
pub type ConsentDetail = Consent;
