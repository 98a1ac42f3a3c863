//! Who was ever served which audience: noted before the first document of it leaves the relay.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use yizhan_proto::{Cursor, DeviceId, Scope};

use super::page::Ask;
use super::types::{Caller, ToldDevice};
use super::{Relay, from_read, from_write};
use crate::error::RelayError;
use crate::store::LogTx;

/// Devices remembered; past it, all are looked up anew, once each.
const DEVICES_MAX: usize = 100_000;
/// How often a device's scopes may change under the eyes of one exchange.
const TRIES_MAX: u32 = 8;

/// The identity with which each device was served last, as far as memory knows.
#[derive(Debug, Default)]
pub(super) struct Served(Mutex<BTreeMap<DeviceId, u64>>);

impl Served {
    fn is(&self, device: DeviceId, version: u64) -> bool {
        let served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        served.get(&device) == Some(&version)
    }

    fn note(&self, device: DeviceId, version: u64) {
        let mut served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if served.len() >= DEVICES_MAX {
            served.clear();
        }
        served.insert(device, version);
    }
}

impl Relay {
    /// The devices that were ever served one of these scopes, ascending by id.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn devices_told(&self, scopes: Vec<Scope>) -> Result<Vec<ToldDevice>, RelayError> {
        let read = self
            .inner
            .readers
            .read(move |snapshot| snapshot.devices_told(&scopes));
        read.await.map_err(from_read)
    }

    /// The device as it may act, once it is noted that it is served what it may read. Writes only
    /// when that has changed.
    ///
    /// # Errors
    /// [`RelayError`].
    pub(super) async fn served(&self, device: DeviceId) -> Result<Arc<Caller>, RelayError> {
        for _ in 0..TRIES_MAX {
            let caller = self.caller(device)?;
            let version = caller.identity.version;
            if self.inner.served.is(device, version) {
                return Ok(caller);
            }
            let known = self
                .inner
                .readers
                .read(move |snapshot| snapshot.identity_told(device))
                .await
                .map_err(from_read)?;
            if known == Some(version) || self.tell(&caller).await? {
                self.inner.served.note(device, version);
                return Ok(caller);
            }
            // Its person changed in this very commit: memory knows of that by now.
        }
        Err(RelayError::Internal(
            "what a device may read changes all the time",
        ))
    }

    /// Notes what a device is served. Whether that is what memory says.
    async fn tell(&self, caller: &Caller) -> Result<bool, RelayError> {
        let (device, person) = (caller.device, caller.person);
        let (version, scopes) = (caller.identity.version, caller.identity.scopes.clone());
        let now = self.inner.clock.now();
        let job = move |tx: &mut LogTx<'_>| -> Result<bool, RelayError> {
            let acts = tx
                .device(device)?
                .is_some_and(|row| row.revoked_at.is_none() && row.person == person);
            let Some(row) = tx.person(person)?.filter(|_| acts) else {
                return Ok(false);
            };
            if tx.scopes_of(&row)? != scopes {
                return Ok(false);
            }
            tx.tell(device, &scopes, version, now)?;
            Ok(true)
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<RelayError, RelayError>)
    }

    /// Notes where a device begins to read scopes that it had nothing of.
    pub(super) async fn begin(
        &self,
        device: DeviceId,
        begun: Vec<Scope>,
        head: Cursor,
    ) -> Result<(), RelayError> {
        if begun.is_empty() {
            return Ok(());
        }
        let job = move |tx: &mut LogTx<'_>| -> Result<(), RelayError> {
            Ok(tx.begin_scopes(device, &begun, head)?)
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<RelayError, RelayError>)
    }

    /// Notes that a device has read anew scopes that it had read from a former life of the relay.
    pub(super) async fn settle_anew(
        &self,
        device: DeviceId,
        settled: &[Scope],
        head: Cursor,
    ) -> Result<(), RelayError> {
        if settled.is_empty() {
            return Ok(());
        }
        let settled = settled.to_vec();
        let job = move |tx: &mut LogTx<'_>| -> Result<(), RelayError> {
            Ok(tx.settle_scopes(device, &settled, head)?)
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<RelayError, RelayError>)
    }
}

/// The scopes of which a device says that it has nothing.
pub(super) fn begun(asks: &[Ask]) -> Vec<Scope> {
    let begun = asks.iter().filter(|ask| ask.window.is_none());
    begun.map(|ask| ask.scope.clone()).collect()
}
