//! What is not in the log any more: erased ids, forgets carried out.

use rusqlite::params;
use yizhan_proto::sync::Forgotten;
use yizhan_proto::{DeviceId, DocumentId, Timestamp};

use super::StoreError;
use super::convert::signed;
use super::log::LogTx;
use super::rows::Member;

impl LogTx<'_> {
    /// Whether anything was ever erased for good.
    #[must_use]
    pub fn has_erased(&self) -> bool {
        self.job.counters.erased > 0
    }

    /// Whether a document id was erased for good.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_erased(&self, document: DocumentId) -> Result<bool, StoreError> {
        // Asked of every new document, and nearly always empty.
        if self.job.counters.erased == 0 {
            return Ok(false);
        }
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM erased WHERE doc = ?1")?
            .exists([document.as_bytes()])?)
    }

    /// Enters a document id in the ledger of those erased for good.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_erased(&mut self, document: DocumentId, now: Timestamp) -> Result<(), StoreError> {
        let added = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO erased(doc, erased_at) VALUES (?1, ?2)")?
            .execute(params![document.as_bytes(), now.as_ms()])?;
        self.job.counters.erased += added as u64;
        Ok(())
    }

    /// Whether a device has carried out the forget of a document that left a scope.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn has_forgotten(
        &mut self,
        device: DeviceId,
        document: DocumentId,
        member: &Member,
    ) -> Result<bool, StoreError> {
        let Some(scope) = self.known_scope(&member.scope)? else {
            return Ok(false);
        };
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM forget_acks
                 WHERE device = ?1 AND scope = ?2 AND doc = ?3 AND seq >= ?4)",
            )?
            .query_row(
                params![
                    device.as_bytes(),
                    scope.id.0,
                    document.as_bytes(),
                    signed(member.last.get()),
                ],
                |row| row.get(0),
            )?)
    }

    /// Notes that a device carried out a forget; whether that is news. One that the relay never
    /// asked for is ignored, and so is one in a scope that the device was never served.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn acknowledge_forget(
        &mut self,
        device: DeviceId,
        forgotten: &Forgotten,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(scope) = self.known_scope(&forgotten.scope)? else {
            return Ok(false);
        };
        let asked = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM leavings WHERE scope = ?1 AND seq = ?2 AND doc = ?3
                     AND EXISTS (SELECT 1 FROM device_scopes WHERE device = ?4 AND scope = ?5)",
            )?
            .exists(params![
                scope.id.0,
                signed(forgotten.sequence.get()),
                forgotten.document.as_bytes(),
                device.as_bytes(),
                forgotten.scope.to_string(),
            ])?;
        if !asked {
            return Ok(false);
        }
        let noted = self
            .connection
            .prepare_cached(
                "INSERT INTO forget_acks(device, scope, doc, seq, acked_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT(device, scope, doc) DO UPDATE SET seq = ?4, acked_at = ?5
                 WHERE seq < ?4",
            )?
            .execute(params![
                device.as_bytes(),
                scope.id.0,
                forgotten.document.as_bytes(),
                signed(forgotten.sequence.get()),
                now.as_ms(),
            ])?;
        self.clear_forgets(device, &forgotten.scope, scope.id)?;
        Ok(noted > 0)
    }
}

impl LogTx<'_> {
    /// Writes a few bytes, to see whether the disk takes them.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn touch(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES ('touched', ?1)")?
            .execute([now.as_ms().to_be_bytes()])?;
        Ok(())
    }
}
