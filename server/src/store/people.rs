//! People, devices, codes and regions: rows in, rows out. Which of them may be is the relay's
//! decision.

use rusqlite::{Connection, Row, params};
use yizhan_proto::{DeviceId, PersonId, Role, Scope, Timestamp};

use super::StoreError;
use super::convert::{bytes, timestamp, timestamp_or_none, word};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{DeviceRow, PairCodeRow, PersonRow};

impl LogTx<'_> {
    /// A person by id (not by alias).
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        person_row(self.connection, id)
    }

    /// The person who has this id as an alias.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn person_of_alias(&self, alias: PersonId) -> Result<Option<PersonId>, StoreError> {
        first(
            self.connection,
            "SELECT person FROM person_alias WHERE alias = ?1",
            [alias.as_bytes()],
            |row| Ok(PersonId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// Whether any document was ever kept for this person id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn has_documents(&mut self, person: PersonId) -> Result<bool, StoreError> {
        Ok(self.known_scope(&Scope::Person(person))?.is_some())
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_person(
        &mut self,
        id: PersonId,
        name: &str,
        created_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.touched.people.insert(id);
        self.connection
            .prepare_cached("INSERT INTO people(person, name, created_at) VALUES (?1, ?2, ?3)")?
            .execute(params![id.as_bytes(), name, created_at.as_ms()])?;
        Ok(())
    }

    /// Gives a role.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn add_role(&mut self, person: PersonId, role: &Role) -> Result<(), StoreError> {
        self.touched.people.insert(person);
        self.connection
            .prepare_cached(
                "INSERT INTO person_roles(person, role) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET ended_at = NULL",
            )?
            .execute(params![person.as_bytes(), role.to_string()])?;
        Ok(())
    }

    /// Takes a role away; that it was held stays known.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn end_role(
        &mut self,
        person: PersonId,
        role: &Role,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.touched.people.insert(person);
        self.connection
            .prepare_cached(
                "UPDATE person_roles SET ended_at = ?3
                 WHERE person = ?1 AND role = ?2 AND ended_at IS NULL",
            )?
            .execute(params![person.as_bytes(), role.to_string(), now.as_ms()])?;
        Ok(())
    }

    /// Gives a person another id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn add_alias(&mut self, person: PersonId, alias: PersonId) -> Result<(), StoreError> {
        self.touched.people.insert(person);
        self.all_consents_moved();
        self.connection
            .prepare_cached("INSERT INTO person_alias(alias, person) VALUES (?1, ?2)")?
            .execute(params![alias.as_bytes(), person.as_bytes()])?;
        Ok(())
    }

    /// A device.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        device_by_id(self.connection, id)
    }

    /// Adds a device, or changes whatever differs.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_device(&mut self, device: &DeviceRow) -> Result<(), StoreError> {
        if let Some(before) = self.device(device.id)? {
            self.touched.people.insert(before.person);
        }
        self.touched.people.insert(device.person);
        self.connection
            .prepare_cached(
                "INSERT INTO devices(device, person, public_key, label, created_at, revoked_at,
                 last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT(device) DO UPDATE SET person = ?2, public_key = ?3, label = ?4,
                 created_at = ?5, revoked_at = ?6, last_seen_at = ?7",
            )?
            .execute(params![
                device.id.as_bytes(),
                device.person.as_bytes(),
                device.public_key,
                device.label,
                device.created_at.as_ms(),
                device.revoked_at.map(Timestamp::as_ms),
                device.last_seen_at.map(Timestamp::as_ms),
            ])?;
        Ok(())
    }

    /// Notes that a device was here.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn see_device(&mut self, id: DeviceId, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE devices SET last_seen_at = ?2 WHERE device = ?1")?
            .execute(params![id.as_bytes(), now.as_ms()])?;
        Ok(())
    }

    /// A pairing code by its hash.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn pair_code(&self, hash: [u8; 32]) -> Result<Option<PairCodeRow>, StoreError> {
        first(
            self.connection,
            "SELECT person, expires_at, used_by FROM pair_codes WHERE hash = ?1",
            [hash],
            |row| {
                let used = row.get_ref(2)?.as_blob_or_null().ok().flatten().is_some();
                Ok(PairCodeRow {
                    hash,
                    person: PersonId::from_bytes(bytes(row, 0)?),
                    expires_at: timestamp(row, 1)?,
                    used_by: used
                        .then(|| bytes(row, 2).map(DeviceId::from_bytes))
                        .transpose()?,
                })
            },
        )
    }

    /// Adds a pairing code, and drops those that expired before `stale_before`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_pair_code(
        &mut self,
        code: &PairCodeRow,
        stale_before: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM pair_codes WHERE expires_at < ?1")?
            .execute([stale_before.as_ms()])?;
        self.connection
            .prepare_cached("INSERT INTO pair_codes(hash, person, expires_at) VALUES (?1, ?2, ?3)")?
            .execute(params![
                code.hash,
                code.person.as_bytes(),
                code.expires_at.as_ms()
            ])?;
        Ok(())
    }

    /// Marks a pairing code as used.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn use_pair_code(
        &mut self,
        hash: [u8; 32],
        device: DeviceId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE pair_codes SET used_by = ?2, used_at = ?3 WHERE hash = ?1")?
            .execute(params![hash, device.as_bytes(), now.as_ms()])?;
        Ok(())
    }
}

impl Snapshot<'_> {
    /// All devices, ascending by creation, then id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        all(
            self.connection,
            "SELECT device, person, public_key, label, created_at, revoked_at, last_seen_at
             FROM devices ORDER BY created_at, device",
            [],
            device_row,
        )
    }
}

/// All people.
pub(super) fn people(connection: &Connection) -> Result<Vec<PersonRow>, StoreError> {
    let ids = all(connection, "SELECT person FROM people", [], |row| {
        Ok(PersonId::from_bytes(bytes(row, 0)?))
    })?;
    ids.into_iter()
        .filter_map(|id| person_row(connection, id).transpose())
        .collect()
}

/// One person with roles, aliases and devices.
pub(super) fn person_row(
    connection: &Connection,
    id: PersonId,
) -> Result<Option<PersonRow>, StoreError> {
    let person = first(
        connection,
        "SELECT name, created_at FROM people WHERE person = ?1",
        [id.as_bytes()],
        |row| Ok((row.get::<_, String>(0)?, timestamp(row, 1)?)),
    )?;
    let Some((name, created_at)) = person else {
        return Ok(None);
    };
    let mut held: Vec<(Role, bool)> = all(
        connection,
        "SELECT role, ended_at IS NULL FROM person_roles WHERE person = ?1",
        [id.as_bytes()],
        |row| Ok((word(row, 0)?, row.get(1)?)),
    )?;
    held.sort_unstable();
    let (roles, former_roles): (Vec<_>, Vec<_>) = held.into_iter().partition(|(_, now)| *now);
    let names = |roles: Vec<(Role, bool)>| roles.into_iter().map(|(role, _)| role).collect();
    let aliases = all(
        connection,
        "SELECT alias FROM person_alias WHERE person = ?1 ORDER BY alias",
        [id.as_bytes()],
        |row| Ok(PersonId::from_bytes(bytes(row, 0)?)),
    )?;
    let devices = all(
        connection,
        "SELECT device, person, public_key, label, created_at, revoked_at, last_seen_at
         FROM devices WHERE person = ?1 ORDER BY device",
        [id.as_bytes()],
        device_row,
    )?;
    Ok(Some(PersonRow {
        id,
        name,
        created_at,
        roles: names(roles),
        former_roles: names(former_roles),
        aliases,
        devices,
    }))
}

/// One device.
pub(super) fn device_by_id(
    connection: &Connection,
    id: DeviceId,
) -> Result<Option<DeviceRow>, StoreError> {
    first(
        connection,
        "SELECT device, person, public_key, label, created_at, revoked_at, last_seen_at
         FROM devices WHERE device = ?1",
        [id.as_bytes()],
        device_row,
    )
}

pub(super) fn device_row(row: &Row<'_>) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        id: DeviceId::from_bytes(bytes(row, 0)?),
        person: PersonId::from_bytes(bytes(row, 1)?),
        public_key: bytes(row, 2)?,
        label: row.get(3)?,
        created_at: timestamp(row, 4)?,
        revoked_at: timestamp_or_none(row, 5)?,
        last_seen_at: timestamp_or_none(row, 6)?,
    })
}
