//! People who are one: rows in, rows out.

use rusqlite::params;
use yizhan_proto::{PersonId, StationId, Timestamp};

use super::StoreError;
use super::convert::{bytes, signed, timestamp};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::PersonRow;

impl LogTx<'_> {
    /// Notes where a person registered by themselves.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_registration(
        &mut self,
        person: PersonId,
        station: StationId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO registrations(person, station, registered_at)
                 VALUES (?1, ?2, ?3)",
            )?
            .execute(params![person.as_bytes(), station.as_bytes(), now.as_ms()])?;
        Ok(())
    }

    /// When the last but so many registered at a station.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn registration_before_last(
        &self,
        station: StationId,
        so_many: u64,
    ) -> Result<Option<Timestamp>, StoreError> {
        first(
            self.connection,
            "SELECT registered_at FROM registrations WHERE station = ?1
             ORDER BY registered_at DESC LIMIT 1 OFFSET ?2 - 1",
            params![station.as_bytes(), signed(so_many)],
            |row| timestamp(row, 0),
        )
    }

    /// Where a person registered by themselves, under the id they have.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn registered_at(&self, person: PersonId) -> Result<Option<StationId>, StoreError> {
        first(
            self.connection,
            "SELECT station FROM registrations WHERE person = ?1",
            [person.as_bytes()],
            |row| Ok(StationId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// Makes a person an alias of another: devices, roles, desks, aliases and pairing codes go
    /// over.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn merge_person(
        &mut self,
        keep: PersonId,
        gone: &PersonRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.touched.people.insert(keep);
        self.touched.people.remove(&gone.id);
        self.touched.gone.insert(gone.id);
        self.touched.desks = true;
        self.all_consents_moved();
        // A role that either of the two holds is held.
        for sql in [
            "UPDATE devices SET person = ?1 WHERE person = ?2",
            "UPDATE pair_codes SET person = ?1 WHERE person = ?2",
            "UPDATE person_alias SET person = ?1 WHERE person = ?2",
            "INSERT INTO person_alias(alias, person) VALUES (?2, ?1)",
            "INSERT INTO person_roles(person, role, ended_at)
             SELECT ?1, role, ended_at FROM person_roles WHERE person = ?2
             ON CONFLICT DO UPDATE SET ended_at = NULL WHERE excluded.ended_at IS NULL",
            "INSERT INTO desk_members(desk, person, coordinator, classes, added_at)
             SELECT desk, ?1, coordinator, classes, added_at FROM desk_members WHERE person = ?2
             ON CONFLICT DO UPDATE SET coordinator = max(coordinator, excluded.coordinator)",
        ] {
            self.connection
                .prepare_cached(sql)?
                .execute(params![keep.as_bytes(), gone.id.as_bytes()])?;
        }
        for sql in [
            "DELETE FROM person_roles WHERE person = ?1",
            "DELETE FROM desk_members WHERE person = ?1",
            "DELETE FROM people WHERE person = ?1",
        ] {
            self.connection
                .prepare_cached(sql)?
                .execute([gone.id.as_bytes()])?;
        }
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO person_merges(person, kept, name, created_at, merged_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                gone.id.as_bytes(),
                keep.as_bytes(),
                gone.name,
                gone.created_at.as_ms(),
                now.as_ms()
            ])?;
        Ok(())
    }
}

/// Who registered by themselves, where and when.
pub(crate) type Registration = (PersonId, (StationId, Timestamp));

impl Snapshot<'_> {
    /// Where and when people registered by themselves, ascending by person.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn registrations(&self) -> Result<Vec<Registration>, StoreError> {
        all(
            self.connection,
            "SELECT person, station, registered_at FROM registrations ORDER BY person",
            [],
            |row| {
                let place = (StationId::from_bytes(bytes(row, 1)?), timestamp(row, 2)?);
                Ok((PersonId::from_bytes(bytes(row, 0)?), place))
            },
        )
    }
}
