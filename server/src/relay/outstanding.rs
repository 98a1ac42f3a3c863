//! What devices are still to forget: for an operator, a page of devices at a time.

use yizhan_proto::{DeviceId, Timestamp};

use super::types::{ForgetsOfDevice, Outstanding};
use super::{Relay, from_read};
use crate::error::RelayError;
use crate::store::rows::DeviceRow;
use crate::store::{Snapshot, StoreError};

/// Devices that one page looks at.
const DEVICES_LOOKED_AT: u32 = 200;

impl Relay {
    /// What is outstanding on the devices after `after`, as far as one page looks.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn outstanding(&self, after: Option<DeviceId>) -> Result<Outstanding, RelayError> {
        let relay = self.clone();
        let now = self.inner.clock.now();
        let read = self
            .inner
            .readers
            .read(move |snapshot| relay.read_outstanding(snapshot, after, now));
        read.await.map_err(from_read)
    }

    fn read_outstanding(
        &self,
        snapshot: &Snapshot<'_>,
        after: Option<DeviceId>,
        now: Timestamp,
    ) -> Result<Outstanding, StoreError> {
        let devices = snapshot.devices_after(after, DEVICES_LOOKED_AT)?;
        let next = (devices.len() == DEVICES_LOOKED_AT as usize)
            .then(|| devices.last().map(|device| device.id))
            .flatten();
        let mut found = Vec::new();
        for device in devices {
            found.extend(self.of_device(snapshot, device, now)?);
        }
        Ok(Outstanding {
            devices: found,
            next,
        })
    }

    fn of_device(
        &self,
        snapshot: &Snapshot<'_>,
        device: DeviceRow,
        now: Timestamp,
    ) -> Result<Option<ForgetsOfDevice>, StoreError> {
        let (due, left) = (
            snapshot.forgets_due(device.id)?,
            snapshot.scopes_left(device.id)?,
        );
        let since = due
            .iter()
            .map(|row| row.since)
            .chain(left.iter().map(|row| row.since))
            .min();
        let Some(since) = since else {
            return Ok(None);
        };
        let person = self.person(device.person);
        let wipe = snapshot.wipe(device.id)?;
        Ok(Some(ForgetsOfDevice {
            device: device.id,
            label: device.label,
            person: device.person,
            person_name: person.map_or_else(String::new, |person| person.name),
            revoked_at: device.revoked_at,
            wipe,
            last_seen_at: device.last_seen_at,
            since,
            age_ms: u64::try_from(now.ms_since(since)).unwrap_or(0),
            due,
            left,
        }))
    }
}
