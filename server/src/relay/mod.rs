//! The relay: orders, checks, keeps and passes on changes. It knows no HTTP and no SQL.

use std::path::Path;
use std::sync::Arc;

use yizhan_client_core::model::{
    Author,
    station::{NewStation, Station},
};
use yizhan_proto::identity::{Identity, PairRequest, RegisterRequest};
use yizhan_proto::sync::{SyncRequest, SyncResponse};
use yizhan_proto::{Cursor, DeviceId, Epoch, PersonId, RegionKey, Role, StationId, Timestamp};

use crate::clock::Clock;
use crate::error::{CallerError, ImportError, OpenError, PairError, PeopleError, RelayError};
use crate::watch::Watch;

/// Sizes of the relay's inner works. The defaults fit one small machine.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// Jobs that may wait for the writer; past it, [`RelayError::Busy`].
    pub queue_jobs_max: usize,
    /// Read-only connections, and so pages read at one time.
    pub readers: usize,
    /// Outlines kept in memory by the writer.
    pub outlines_cached_max: usize,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            queue_jobs_max: 1024,
            readers: 4,
            outlines_cached_max: 50_000,
        }
    }
}

/// The relay on one data folder. Cheap to clone; all clones are the same relay.
#[derive(Debug, Clone)]
pub struct Relay {
    _private: (),
}

/// A device that may act, and for whom, at the moment of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The device.
    pub device: DeviceId,
    /// Its Ed25519 public key, 32 bytes.
    pub public_key: [u8; 32],
    /// The person.
    pub person: PersonId,
    /// What the device is told about itself; `identity.scopes` are its subscriptions.
    pub identity: Identity,
    /// The same, as the gate takes it.
    pub author: Author,
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
    /// Forgets that devices have not acknowledged are not counted here; those acknowledged are.
    pub forgets_acknowledged: u64,
    /// The latest sequence.
    pub head: Cursor,
    /// The relay's lineage.
    pub epoch: Epoch,
    /// Bytes of the database and its log.
    pub database_bytes: u64,
    /// Jobs waiting for the writer.
    pub queue_depth: u64,
    /// Digests of devices that did not agree, since the start.
    pub digest_mismatches: u64,
}

impl Relay {
    /// Opens (or makes) the store in the folder `data` and starts the writer thread. Must be
    /// called once a folder; a second relay on it is refused.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub fn open(
        data: &Path,
        clock: Arc<dyn Clock>,
        options: &RelayOptions,
    ) -> Result<Self, OpenError> {
        let _ = (data, clock, options);
        todo!()
    }

    /// Takes no more work, finishes what was taken, ends all watches and closes the store.
    /// Blocks until the writer is done: call it through `spawn_blocking`.
    pub fn shutdown(&self) {
        todo!()
    }

    /// The relay's lineage.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        todo!()
    }

    /// The relay's own device id, under which it writes.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        todo!()
    }

    /// The device as it may act right now. A look at memory: cheap, and true from the moment a
    /// change of people or devices was committed.
    ///
    /// # Errors
    /// [`CallerError`] if it may not.
    pub fn caller(&self, device: DeviceId) -> Result<Arc<Caller>, CallerError> {
        let _ = device;
        todo!()
    }

    /// One sync exchange.
    ///
    /// # Errors
    /// [`RelayError`]; nothing of the request was stored then.
    pub async fn sync(
        &self,
        caller: &Caller,
        request: SyncRequest,
    ) -> Result<SyncResponse, RelayError> {
        let _ = (caller, request);
        todo!()
    }

    /// Listens to the caller's scopes.
    ///
    /// # Errors
    /// [`CallerError`] if the device has been revoked meanwhile.
    pub fn watch(&self, caller: &Caller) -> Result<Watch, CallerError> {
        let _ = caller;
        todo!()
    }

    /// Numbers for operators. Reads the store.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn status(&self) -> Result<Status, RelayError> {
        todo!()
    }

    /// Whether the writer runs and the store answers: for `/readyz`.
    ///
    /// # Errors
    /// [`RelayError`] says what is wrong.
    pub async fn ready(&self) -> Result<(), RelayError> {
        todo!()
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`PeopleError::Invalid`] for an empty or too long name; [`PeopleError::NoStation`] or
    /// [`PeopleError::NoRegion`] if a role is at a place that is not there.
    pub async fn add_person(
        &self,
        name: &str,
        roles: Vec<Role>,
    ) -> Result<PersonInfo, PeopleError> {
        let _ = (name, roles);
        todo!()
    }

    /// All people, ascending by name, then id.
    #[must_use]
    pub fn people(&self) -> Vec<PersonInfo> {
        todo!()
    }

    /// One person, found by id or alias.
    #[must_use]
    pub fn person(&self, person: PersonId) -> Option<PersonInfo> {
        let _ = person;
        todo!()
    }

    /// Gives a person a role (giving it again changes nothing).
    ///
    /// # Errors
    /// As [`Relay::add_person`], and [`PeopleError::NoPerson`].
    pub async fn add_role(&self, person: PersonId, role: Role) -> Result<PersonInfo, PeopleError> {
        let _ = (person, role);
        todo!()
    }

    /// Takes a role away (one not held: nothing changes).
    ///
    /// # Errors
    /// [`PeopleError::NoPerson`].
    pub async fn remove_role(
        &self,
        person: PersonId,
        role: Role,
    ) -> Result<PersonInfo, PeopleError> {
        let _ = (person, role);
        todo!()
    }

    /// Makes a one-time pairing code for a person.
    ///
    /// # Errors
    /// [`PeopleError::NoPerson`].
    pub async fn create_pair_code(
        &self,
        person: PersonId,
        ttl_ms: u64,
    ) -> Result<PairCode, PeopleError> {
        let _ = (person, ttl_ms);
        todo!()
    }

    /// Pairs a device with a one-time code. The caller has verified the signature against
    /// `request.public_key`.
    ///
    /// # Errors
    /// [`PairError`].
    pub async fn pair(&self, request: PairRequest) -> Result<Paired, PairError> {
        let _ = request;
        todo!()
    }

    /// Registers a driver with a station's standing code. The caller has verified the signature.
    ///
    /// # Errors
    /// [`PairError`].
    pub async fn register(&self, request: RegisterRequest) -> Result<Paired, PairError> {
        let _ = request;
        todo!()
    }

    /// All devices, ascending by creation, then id.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn devices(&self) -> Result<Vec<DeviceInfo>, RelayError> {
        todo!()
    }

    /// Revokes a device: from its next request on it is refused, and its watches end.
    ///
    /// # Errors
    /// [`PeopleError::NoDevice`].
    pub async fn revoke_device(&self, device: DeviceId) -> Result<DeviceInfo, PeopleError> {
        let _ = device;
        todo!()
    }

    /// A station's standing code for drivers to register with, as `XXXXX-XXXXX`; made when first
    /// asked for, the same from then on.
    ///
    /// # Errors
    /// [`PeopleError::NoStation`].
    pub async fn station_code(&self, station: StationId) -> Result<String, PeopleError> {
        let _ = station;
        todo!()
    }

    /// Imports stations, all or none: new ones are made, existing ones (by key) changed where
    /// they differ. Their regions are added to those served.
    ///
    /// # Errors
    /// [`ImportError`] names the station; nothing was imported.
    pub async fn import_stations(
        &self,
        stations: Vec<NewStation>,
    ) -> Result<Vec<ImportedStation>, ImportError> {
        let _ = stations;
        todo!()
    }

    /// All stations, ascending by key.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn stations(&self) -> Result<Vec<Station>, RelayError> {
        todo!()
    }

    /// The regions served, ascending by key.
    #[must_use]
    pub fn regions(&self) -> Vec<RegionInfo> {
        todo!()
    }

    /// Adds a region, or names it anew.
    ///
    /// # Errors
    /// [`PeopleError::Invalid`] for a name that is empty or too long.
    pub async fn add_region(&self, key: RegionKey, name: &str) -> Result<RegionInfo, PeopleError> {
        let _ = (key, name);
        todo!()
    }
}
