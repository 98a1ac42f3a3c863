//! Stations that are closed, and the roles at them that come back when they open again.

use rusqlite::params;
use yizhan_proto::{PersonId, Role, StationId, Timestamp};

use super::StoreError;
use super::convert::{bytes, word};
use super::log::LogTx;
use super::queries::all;

impl LogTx<'_> {
    /// Whether a station is closed.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_station_closed(&self, station: StationId) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM closed_stations WHERE station = ?1")?
            .exists([station.as_bytes()])?)
    }

    /// Notes that a station is closed, or that it is not any more.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn set_station_closed(
        &mut self,
        station: StationId,
        closed_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        match closed_at {
            Some(at) => self
                .connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO closed_stations(station, closed_at) VALUES (?1, ?2)",
                )?
                .execute(params![station.as_bytes(), at.as_ms()])?,
            None => self
                .connection
                .prepare_cached("DELETE FROM closed_stations WHERE station = ?1")?
                .execute([station.as_bytes()])?,
        };
        Ok(())
    }

    /// Everybody who holds a role.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn holders(&self, role: &Role) -> Result<Vec<PersonId>, StoreError> {
        all(
            self.connection,
            "SELECT person FROM person_roles WHERE role = ?1 AND ended_at IS NULL ORDER BY person",
            [role.to_string()],
            |row| Ok(PersonId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// Notes that a role comes back when its station opens again.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn suspend_role(
        &mut self,
        station: StationId,
        person: PersonId,
        role: &Role,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO suspended_roles(station, person, role) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                station.as_bytes(),
                person.as_bytes(),
                role.to_string()
            ])?;
        Ok(())
    }

    /// Takes out the roles that come back at a station.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn take_suspended(
        &mut self,
        station: StationId,
    ) -> Result<Vec<(PersonId, Role)>, StoreError> {
        let suspended = all(
            self.connection,
            "SELECT person, role FROM suspended_roles WHERE station = ?1 ORDER BY person, role",
            [station.as_bytes()],
            |row| Ok((PersonId::from_bytes(bytes(row, 0)?), word(row, 1)?)),
        )?;
        self.connection
            .prepare_cached("DELETE FROM suspended_roles WHERE station = ?1")?
            .execute([station.as_bytes()])?;
        Ok(suspended)
    }

    /// A role does not come back: it ended while its station was closed.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn drop_suspended(&mut self, person: PersonId, role: &Role) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM suspended_roles WHERE person = ?1 AND role = ?2")?
            .execute(params![person.as_bytes(), role.to_string()])?;
        Ok(())
    }
}
