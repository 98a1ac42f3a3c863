//! A device goes over to a new key. Whoever calls has verified both signatures.
//!
//! Tokens of before stay good until they expire: they name a device, and no key. What the old key
//! signed for others (check-in codes) is verified with the certificate it is shown in, so the
//! old key is remembered until the last such certificate has run out.

use yizhan_proto::device::KeyRequest;
use yizhan_proto::limits::{CERTIFICATE_LIFE_MS, CODE_SKEW_TOLERATED_MS};
use yizhan_proto::{DeviceId, Timestamp};

use super::{Relay, audit, from_read, from_write};
use crate::error::{CallerError, DeviceError, RelayError};
use crate::store::rows::DeviceRow;
use crate::store::{LogTx, StoreError};

impl From<StoreError> for DeviceError {
    fn from(error: StoreError) -> Self {
        Self::Relay(RelayError::Storage(error))
    }
}

impl Relay {
    /// Puts a device's new key in the place of its old one. Again: nothing changes.
    ///
    /// # Errors
    /// [`DeviceError::Caller`] for a device that may not act; [`DeviceError::KeyReplaced`] if its
    /// key is neither the old nor the new one by now; [`DeviceError::TooOften`].
    pub async fn replace_key(&self, request: KeyRequest) -> Result<(), DeviceError> {
        let now = self.inner.clock.now();
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| relay.replace(tx, &request, now);
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<_, DeviceError>)
    }

    /// Whether a device had this key before the one it has, as far as such keys are kept.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn former_keys(&self, device: DeviceId) -> Result<Vec<[u8; 32]>, RelayError> {
        let read = self
            .inner
            .readers
            .read(move |snapshot| snapshot.former_keys(device));
        read.await.map_err(from_read)
    }

    fn replace(
        &self,
        tx: &mut LogTx<'_>,
        request: &KeyRequest,
        now: Timestamp,
    ) -> Result<(), DeviceError> {
        let mut row = tx.device(request.device)?.ok_or(CallerError::Unknown)?;
        if row.revoked_at.is_some() {
            return Err(CallerError::Revoked.into());
        }
        if row.public_key == request.new_key {
            return Ok(());
        }
        if row.public_key != request.old_key {
            return Err(DeviceError::KeyReplaced);
        }
        self.may_rekey(row.id, now)?;
        keep_former(tx, &row, now)?;
        row.public_key = request.new_key;
        Ok(tx.put_device(&row)?)
    }
}

/// Keeps the key that a device has, for as long as a certificate of it may be good, and enters that
/// it goes over to another.
pub(super) fn keep_former(
    tx: &mut LogTx<'_>,
    row: &DeviceRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept_until = now.saturating_add_ms(CERTIFICATE_LIFE_MS + CODE_SKEW_TOLERATED_MS);
    tx.audit(&audit::rekeyed(now, row.person, row.id))?;
    tx.keep_former_key(row.id, row.public_key, now, kept_until)
}
