//! Identities of outside providers, and their tokens that were used.

use rusqlite::{Row, params};
use yizhan_proto::{DeviceId, PersonId, Timestamp};

use super::StoreError;
use super::convert::{bytes, timestamp};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::OutsideIdentityRow;

impl LogTx<'_> {
    /// Who a subject of an issuer was linked to.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn outside_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<PersonId>, StoreError> {
        first(
            self.connection,
            "SELECT person FROM outside_identities WHERE issuer = ?1 AND subject = ?2",
            [issuer, subject],
            |row| Ok(PersonId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// Links a subject, in place of any former link.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_outside_identity(&mut self, link: &OutsideIdentityRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO outside_identities(issuer, subject, person, linked_at)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET person = ?3, linked_at = ?4 WHERE person <> ?3",
            )?
            .execute(params![
                link.issuer,
                link.subject,
                link.person.as_bytes(),
                link.linked_at.as_ms()
            ])?;
        Ok(())
    }

    /// Takes a link back; whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn remove_outside_identity(
        &mut self,
        issuer: &str,
        subject: &str,
    ) -> Result<bool, StoreError> {
        let removed = self
            .connection
            .prepare_cached("DELETE FROM outside_identities WHERE issuer = ?1 AND subject = ?2")?
            .execute([issuer, subject])?;
        Ok(removed > 0)
    }

    /// The device that used a token, by the token's hash.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn outside_token(&self, hash: [u8; 32]) -> Result<Option<DeviceId>, StoreError> {
        first(
            self.connection,
            "SELECT device FROM outside_tokens WHERE hash = ?1",
            [hash],
            |row| Ok(DeviceId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// Notes that a device used a token, and drops those that expired a day before `now`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn use_outside_token(
        &mut self,
        hash: [u8; 32],
        device: DeviceId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
        self.connection
            .prepare_cached("DELETE FROM outside_tokens WHERE expires_at < ?1")?
            .execute([now.saturating_add_ms(-KEPT_MS).as_ms()])?;
        self.connection
            .prepare_cached(
                "INSERT INTO outside_tokens(hash, device, expires_at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![hash, device.as_bytes(), expires_at.as_ms()])?;
        Ok(())
    }
}

impl Snapshot<'_> {
    /// All links, ascending by issuer, then subject.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn outside_identities(&self) -> Result<Vec<OutsideIdentityRow>, StoreError> {
        all(
            self.connection,
            "SELECT issuer, subject, person, linked_at FROM outside_identities
             ORDER BY issuer, subject",
            [],
            identity_row,
        )
    }
}

fn identity_row(row: &Row<'_>) -> Result<OutsideIdentityRow, StoreError> {
    Ok(OutsideIdentityRow {
        issuer: row.get(0)?,
        subject: row.get(1)?,
        person: PersonId::from_bytes(bytes(row, 2)?),
        linked_at: timestamp(row, 3)?,
    })
}
