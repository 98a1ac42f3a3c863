//! Which device was ever served which scope, and what each was asked to forget.
//!
//! A row is written before the first document of a scope is served ([`LogTx::tell`]), and follows
//! in the commit that changes what a person may read ([`follow`]). What left a scope is in
//! `leavings`, in order; `clear_to` says up to where a device has carried all of it out, so that
//! what is outstanding is found without looking at what is done.

mod following;

use rusqlite::{Connection, params};
use yizhan_proto::{Cursor, DeviceId, PersonId, Scope, Timestamp};

use super::StoreError;
use super::convert::{bytes, signed, timestamp, timestamp_or_none, unsigned, word};
use super::log::LogTx;
use super::people::device_row;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{DeviceRow, ForgetsDueRow, PersonRow, ScopeId, ScopeLeftRow, ToldDevice};

use following::{Places, leave_others};
pub(super) use following::{any_former, fill, follow};

/// Forgets of one scope that are counted for one device; past it, there are "so many or more".
const COUNTED_MAX: u32 = 10_000;

impl LogTx<'_> {
    /// The devices that were ever served one of these scopes, ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn devices_told(&self, scopes: &[Scope]) -> Result<Vec<ToldDevice>, StoreError> {
        devices_told(self.connection, scopes)
    }

    /// The scopes that a person's devices are served.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn scopes_of(&self, person: &PersonRow) -> Result<Vec<Scope>, StoreError> {
        Ok(Places::read(self.connection)?.scopes_of(person))
    }

    /// Notes that a device is served these scopes from now on, and no others.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn tell(
        &mut self,
        device: DeviceId,
        scopes: &[Scope],
        identity_version: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        leave_others(self.connection, device, scopes, now)?;
        for scope in scopes {
            self.connection
                .prepare_cached(
                    "INSERT INTO device_scopes(device, scope, told_at, clear_to)
                     VALUES (?1, ?2, ?3, 0)
                     ON CONFLICT DO UPDATE SET told_at = ?3, left_at = NULL, confirmed_at = NULL
                     WHERE left_at IS NOT NULL",
                )?
                .execute(params![device.as_bytes(), scope.to_string(), now.as_ms()])?;
        }
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO device_told(device, identity_version) VALUES (?1, ?2)",
            )?
            .execute(params![device.as_bytes(), signed(identity_version)])?;
        Ok(())
    }

    /// Notes that a device begins to read these scopes from here on: of what left them before, it
    /// is told nothing, and has nothing; but for those that it read from a former life of the relay.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn begin_scopes(
        &mut self,
        device: DeviceId,
        scopes: &[Scope],
        head: Cursor,
    ) -> Result<(), StoreError> {
        for scope in scopes {
            self.connection
                .prepare_cached(
                    "UPDATE device_scopes SET clear_to = ?3
                     WHERE device = ?1 AND scope = ?2 AND clear_to < ?3 AND former = 0",
                )?
                .execute(params![
                    device.as_bytes(),
                    scope.to_string(),
                    signed(head.get())
                ])?;
        }
        Ok(())
    }

    /// Notes that a device that had read these scopes from a former life of the relay holds exactly
    /// what is in them, as of `head`, and nothing that left them before.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn settle_scopes(
        &mut self,
        device: DeviceId,
        scopes: &[Scope],
        head: Cursor,
    ) -> Result<(), StoreError> {
        for scope in scopes {
            self.connection
                .prepare_cached(
                    "UPDATE device_scopes SET clear_to = max(clear_to, ?3), former = 0
                     WHERE device = ?1 AND scope = ?2 AND former = 1",
                )?
                .execute(params![
                    device.as_bytes(),
                    scope.to_string(),
                    signed(head.get())
                ])?;
        }
        Ok(())
    }

    /// Notes that nothing is left on a device of what it got by scopes that it is not served any
    /// more. Of one that it is served, nothing is noted.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn confirm_left(
        &mut self,
        device: DeviceId,
        scopes: &[Scope],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for scope in scopes {
            self.connection
                .prepare_cached(
                    "UPDATE device_scopes SET confirmed_at = ?3
                     WHERE device = ?1 AND scope = ?2 AND left_at IS NOT NULL
                       AND confirmed_at IS NULL",
                )?
                .execute(params![device.as_bytes(), scope.to_string(), now.as_ms()])?;
        }
        Ok(())
    }

    /// After a device carried out a forget: moves up to where it has carried out all.
    pub(super) fn clear_forgets(
        &mut self,
        device: DeviceId,
        scope: &Scope,
        id: ScopeId,
    ) -> Result<(), StoreError> {
        let Some(told) = first(
            self.connection,
            "SELECT clear_to FROM device_scopes WHERE device = ?1 AND scope = ?2",
            params![device.as_bytes(), scope.to_string()],
            |row| unsigned(row, 0),
        )?
        else {
            return Ok(());
        };
        let mut clear_to = told;
        // Each leaving is passed once in a device's life.
        while let Some((seq, true)) = first(
            self.connection,
            "SELECT l.seq, EXISTS (SELECT 1 FROM forget_acks a WHERE a.device = ?1
                 AND a.scope = l.scope AND a.doc = l.doc AND a.seq >= l.seq)
             FROM leavings l WHERE l.scope = ?2 AND l.seq > ?3 ORDER BY l.seq LIMIT 1",
            params![device.as_bytes(), id.0, signed(clear_to)],
            |row| Ok((unsigned(row, 0)?, row.get::<_, bool>(1)?)),
        )? {
            clear_to = seq;
        }
        if clear_to != told {
            self.connection
                .prepare_cached(
                    "UPDATE device_scopes SET clear_to = ?3 WHERE device = ?1 AND scope = ?2",
                )?
                .execute(params![
                    device.as_bytes(),
                    scope.to_string(),
                    signed(clear_to)
                ])?;
        }
        Ok(())
    }
}

impl Snapshot<'_> {
    /// The devices that were ever served one of these scopes, ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn devices_told(&self, scopes: &[Scope]) -> Result<Vec<ToldDevice>, StoreError> {
        devices_told(self.connection, scopes)
    }

    /// The identity with which a device was served last.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn identity_told(&self, device: DeviceId) -> Result<Option<u64>, StoreError> {
        first(
            self.connection,
            "SELECT identity_version FROM device_told WHERE device = ?1",
            [device.as_bytes()],
            |row| unsigned(row, 0),
        )
    }

    /// The scopes that a device read from a former life of the relay and has not read anew, ascending.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn former_scopes(&self, device: DeviceId) -> Result<Vec<Scope>, StoreError> {
        all(
            self.connection,
            "SELECT scope FROM device_scopes INDEXED BY device_scopes_former
             WHERE device = ?1 AND former = 1 ORDER BY scope",
            [device.as_bytes()],
            |row| word(row, 0),
        )
    }

    /// Devices after `after`, ascending by id, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn devices_after(
        &self,
        after: Option<DeviceId>,
        devices_max: u32,
    ) -> Result<Vec<DeviceRow>, StoreError> {
        let after = after.map_or_else(Vec::new, |device| device.as_bytes().to_vec());
        all(
            self.connection,
            "SELECT device, person, public_key, label, created_at, revoked_at, last_seen_at
             FROM devices WHERE device > ?1 ORDER BY device LIMIT ?2",
            params![after, devices_max],
            device_row,
        )
    }

    /// Scopes that a device is served and in which it has forgets to carry out, ascending.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn forgets_due(&self, device: DeviceId) -> Result<Vec<ForgetsDueRow>, StoreError> {
        let found = all(
            self.connection,
            "SELECT d.scope, count(l.seq), min(l.left_at)
             FROM device_scopes d JOIN scopes s ON s.scope = d.scope
             JOIN leavings l ON l.scope = s.id AND l.seq > d.clear_to
             WHERE d.device = ?1 AND d.left_at IS NULL
               AND l.seq IN (SELECT seq FROM leavings m WHERE m.scope = s.id
                             AND m.seq > d.clear_to ORDER BY m.seq LIMIT ?2)
               AND NOT EXISTS (SELECT 1 FROM forget_acks a WHERE a.device = d.device
                               AND a.scope = l.scope AND a.doc = l.doc AND a.seq >= l.seq)
             GROUP BY d.scope ORDER BY d.scope",
            params![device.as_bytes(), COUNTED_MAX],
            |row| {
                Ok(ForgetsDueRow {
                    scope: word(row, 0)?,
                    documents: unsigned(row, 1)?,
                    since: timestamp(row, 2)?,
                })
            },
        )?;
        Ok(found)
    }

    /// Scopes that a device is not served any more, and of which it has not said that nothing is
    /// left, ascending.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn scopes_left(&self, device: DeviceId) -> Result<Vec<ScopeLeftRow>, StoreError> {
        all(
            self.connection,
            "SELECT scope, left_at FROM device_scopes
             WHERE device = ?1 AND left_at IS NOT NULL AND confirmed_at IS NULL ORDER BY scope",
            [device.as_bytes()],
            |row| {
                Ok(ScopeLeftRow {
                    scope: word(row, 0)?,
                    since: timestamp(row, 1)?,
                })
            },
        )
    }
}

fn devices_told(connection: &Connection, scopes: &[Scope]) -> Result<Vec<ToldDevice>, StoreError> {
    let mut told: Vec<ToldDevice> = Vec::new();
    for scope in scopes {
        let of_scope = all(
            connection,
            "SELECT s.device, d.person, s.confirmed_at FROM device_scopes s
             JOIN devices d ON d.device = s.device WHERE s.scope = ?1",
            [scope.to_string()],
            |row| {
                Ok(ToldDevice {
                    device: DeviceId::from_bytes(bytes(row, 0)?),
                    person: PersonId::from_bytes(bytes(row, 1)?),
                    confirmed: timestamp_or_none(row, 2)?.is_some(),
                })
            },
        )?;
        told.extend(of_scope);
    }
    // Confirmed counts only if it is of every scope.
    told.sort_by_key(|device| (device.device, device.confirmed));
    told.dedup_by_key(|device| device.device);
    Ok(told)
}
