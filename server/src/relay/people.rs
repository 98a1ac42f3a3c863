//! People, roles, devices and regions.

use yizhan_proto::identity::Identity;
use yizhan_proto::limits::{
    CERTIFICATE_LIFE_MS, CODE_SKEW_TOLERATED_MS, LABEL_BYTES_MAX, REVOKED_MAX,
};
use yizhan_proto::{DeviceId, Kind, PersonId, RegionKey, Role, StationId, Timestamp};

use super::audit::{self, operator};
use super::codes::Code;
use super::desks::{end_role, give_role};
use super::directory::{person_info, region_info};
use super::types::{Caller, DeviceInfo, PairCode, PersonInfo, RegionInfo};
use super::{Relay, from_write, random, unix_ms};
use crate::audit::{Action, Subject};
use crate::error::{PeopleError, RelayError};
use crate::store::rows::{PairCodeRow, PersonRow, RegionRow, StationCodeRow};
use crate::store::{LogTx, StoreError};

/// Milliseconds that an expired pairing code is kept, so that "expired" can be told from "wrong".
const EXPIRED_CODE_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

impl From<StoreError> for PeopleError {
    fn from(error: StoreError) -> Self {
        Self::Relay(RelayError::Storage(error))
    }
}

impl From<crate::clock::NoRandomness> for PeopleError {
    fn from(error: crate::clock::NoRandomness) -> Self {
        Self::Relay(RelayError::Randomness(error))
    }
}

impl Relay {
    /// Adds a person.
    ///
    /// # Errors
    /// [`PeopleError::Invalid`] for an empty or too long name, or a role this version does not
    /// know; [`PeopleError::NoStation`], [`PeopleError::NoRegion`] or [`PeopleError::NoDesk`] if a
    /// role is at a place that is not there.
    pub async fn add_person(
        &self,
        name: &str,
        roles: Vec<Role>,
    ) -> Result<PersonInfo, PeopleError> {
        let name = label("a person's name", name, 1)?;
        let clock = &*self.inner.clock;
        let (id, now) = (
            PersonId::new_v7(unix_ms(clock), random(clock)?),
            clock.now(),
        );
        self.people_job(move |tx| {
            tx.put_person(id, &name, now)?;
            tx.audit(&operator(now, Action::PersonAdded).to(Subject::Person(id)))?;
            for role in &roles {
                check_role(tx, role)?;
                give_role(tx, id, role, now)?;
                tx.audit(&audit::role(now, Action::RoleGiven, id, role))?;
            }
            listed(tx, id)
        })
        .await
    }

    /// All people, ascending by name, then id.
    #[must_use]
    pub fn people(&self) -> Vec<PersonInfo> {
        self.inner.directory.people()
    }

    /// One person, found by id or alias.
    #[must_use]
    pub fn person(&self, person: PersonId) -> Option<PersonInfo> {
        self.inner.directory.person(person)
    }

    /// Gives a person a role (giving it again changes nothing).
    ///
    /// # Errors
    /// As [`Relay::add_person`], and [`PeopleError::NoPerson`].
    pub async fn add_role(&self, person: PersonId, role: Role) -> Result<PersonInfo, PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            let before = existing(tx, person)?;
            check_role(tx, &role)?;
            give_role(tx, person, &role, now)?;
            if !before.roles.contains(&role) {
                tx.audit(&audit::role(now, Action::RoleGiven, person, &role))?;
            }
            listed(tx, person)
        })
        .await
    }

    /// Takes a role away (one not held: nothing changes). What the person wrote under it and is
    /// pushed later waits in quarantine.
    ///
    /// # Errors
    /// [`PeopleError::NoPerson`].
    pub async fn remove_role(
        &self,
        person: PersonId,
        role: Role,
    ) -> Result<PersonInfo, PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            let before = existing(tx, person)?;
            end_role(tx, person, &role, now)?;
            if before.roles.contains(&role) {
                tx.audit(&audit::role(now, Action::RoleEnded, person, &role))?;
            }
            listed(tx, person)
        })
        .await
    }

    /// Moves a person from one role to another, in one step.
    ///
    /// # Errors
    /// As [`Relay::add_role`]; [`PeopleError::Invalid`] if the person does not have the role `from`.
    pub async fn move_role(
        &self,
        person: PersonId,
        from: Role,
        to: Role,
    ) -> Result<PersonInfo, PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            let row = existing(tx, person)?;
            if !row.roles.contains(&from) {
                return Err(PeopleError::Invalid(format!(
                    "{} does not have the role {from}",
                    row.name
                )));
            }
            check_role(tx, &to)?;
            end_role(tx, person, &from, now)?;
            give_role(tx, person, &to, now)?;
            if from != to {
                tx.audit(&audit::role(now, Action::RoleEnded, person, &from))?;
            }
            if !row.roles.contains(&to) {
                tx.audit(&audit::role(now, Action::RoleGiven, person, &to))?;
            }
            listed(tx, person)
        })
        .await
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
        let code = Code::from_random(random(&*self.inner.clock)?);
        let now = self.inner.clock.now();
        let expires_at = now.saturating_add_ms(i64::try_from(ttl_ms).unwrap_or(i64::MAX));
        let hash = code.hash();
        self.people_job(move |tx| {
            existing(tx, person)?;
            let row = PairCodeRow {
                hash,
                person,
                expires_at,
                used_by: None,
            };
            tx.put_pair_code(&row, now.saturating_add_ms(-EXPIRED_CODE_KEPT_MS))?;
            tx.audit(&operator(now, Action::PairCodeMade).to(Subject::Person(person)))?;
            Ok(())
        })
        .await?;
        let code = code.shown();
        Ok(PairCode { code, expires_at })
    }

    /// Revokes a device: from its next request on it is refused, and its watches end. Again:
    /// nothing changes.
    ///
    /// # Errors
    /// [`PeopleError::NoDevice`].
    pub async fn revoke_device(&self, device: DeviceId) -> Result<DeviceInfo, PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            let mut row = tx.device(device)?.ok_or(PeopleError::NoDevice)?;
            if row.revoked_at.is_none() {
                row.revoked_at = Some(now);
                tx.put_device(&row)?;
                let revoked = operator(now, Action::DeviceRevoked).to(Subject::Device(device));
                tx.audit(&revoked.about(row.person))?;
            }
            let wipe = tx.wipe(device)?;
            Ok(DeviceInfo::new(row, wipe))
        })
        .await
    }

    /// The devices revoked while a certificate of theirs may still be good, for a caller who
    /// verifies codes: a keeper or somebody with the health role; nobody else is told.
    #[must_use]
    pub fn revoked_devices(&self, caller: &Caller, now: Timestamp) -> Vec<DeviceId> {
        let verifies = |role: &Role| matches!(role, Role::Keeper(_) | Role::Health(_));
        if !caller.author.roles.iter().any(verifies) {
            return Vec::new();
        }
        let since = now.saturating_add_ms(-CERTIFICATE_LIFE_MS - CODE_SKEW_TOLERATED_MS);
        self.inner.directory.revoked_since(since, REVOKED_MAX)
    }

    /// A station's standing code for drivers to register with, as `XXXXX-XXXXX`; made when first
    /// asked for, the same from then on.
    ///
    /// # Errors
    /// [`PeopleError::NoStation`].
    pub async fn station_code(&self, station: StationId) -> Result<String, PeopleError> {
        let new = Code::from_random(random(&*self.inner.clock)?);
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            check_station(tx, station)?;
            tx.audit(&operator(now, Action::StationCodeShown).to(Subject::Station(station)))?;
            if let Some(row) = tx.station_code(station)? {
                return Ok(Code::read(&row.code).map_or(row.code, |code| code.shown()));
            }
            let code = new.plain().to_owned();
            tx.put_station_code(&StationCodeRow { station, code })?;
            Ok(new.shown())
        })
        .await
    }

    /// The regions served, ascending by key.
    #[must_use]
    pub fn regions(&self) -> Vec<RegionInfo> {
        self.inner.directory.regions()
    }

    /// Adds a region, or names it anew.
    ///
    /// # Errors
    /// [`PeopleError::Invalid`] for a name that is empty or too long.
    pub async fn add_region(&self, key: RegionKey, name: &str) -> Result<RegionInfo, PeopleError> {
        let name = label("a region's name", name, 1)?;
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            let row = RegionRow { key, name };
            if tx.region(&row.key)?.as_ref() != Some(&row) {
                tx.put_region(&row)?;
                let region = Subject::Region(row.key.clone());
                tx.audit(&operator(now, Action::RegionNamed).to(region))?;
            }
            Ok(region_info(&row))
        })
        .await
    }

    pub(super) async fn people_job<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut LogTx<'_>) -> Result<T, PeopleError> + Send + 'static,
    ) -> Result<T, PeopleError> {
        self.inner.writer.write(job).await.map_err(from_write)
    }

    /// What a device of this person is told.
    pub(super) fn identity_of(&self, person: &PersonRow) -> Identity {
        self.inner.directory.identity_of(person)
    }
}

/// A person who is there; one who was erased is not.
pub(super) fn existing(tx: &LogTx<'_>, person: PersonId) -> Result<PersonRow, PeopleError> {
    tx.person(person)?
        .filter(|row| !row.is_erased())
        .ok_or(PeopleError::NoPerson(person))
}

pub(super) fn listed(tx: &LogTx<'_>, person: PersonId) -> Result<PersonInfo, PeopleError> {
    Ok(person_info(&existing(tx, person)?))
}

/// A role is at a place that is there.
fn check_role(tx: &mut LogTx<'_>, role: &Role) -> Result<(), PeopleError> {
    match role {
        Role::Driver | Role::Specialist(_) | Role::Operator => Ok(()),
        Role::Keeper(station) | Role::Health(station) => check_station(tx, *station),
        Role::Coordinator(region) => match tx.region(region)? {
            Some(_) => Ok(()),
            None => Err(PeopleError::NoRegion(region.clone())),
        },
        Role::Other(text) => Err(PeopleError::Invalid(format!(
            "no role {text}: driver, keeper@STATION, health@STATION, specialist@DESK, \
             coordinator@REGION or operator"
        ))),
    }
}

pub(super) fn check_station(tx: &mut LogTx<'_>, station: StationId) -> Result<(), PeopleError> {
    match tx.document(station.into())? {
        Some(row) if row.outline.kind == Kind::Station => Ok(()),
        Some(_) | None => Err(PeopleError::NoStation(station)),
    }
}

/// A short text on one line, without blank ends; an error if it is too short or too long. A name is
/// read on other people's screens: nothing in it ends a line there, or moves what a terminal shows.
pub(super) fn label(what: &str, text: &str, bytes_min: usize) -> Result<String, PeopleError> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(PeopleError::Invalid(format!("{what} is one line of text")));
    }
    if (bytes_min..=LABEL_BYTES_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(PeopleError::Invalid(format!(
        "{what} has {} bytes; {bytes_min} to {LABEL_BYTES_MAX} are allowed",
        text.len()
    )))
}
