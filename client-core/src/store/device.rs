//! This device: its id, its key, who it acts for, and its access to the relay.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use yizhan_proto::checkin::Certificate;
use yizhan_proto::identity::{Access, Identity, Welcome};
use yizhan_proto::{
    DeskInfo, DeskKey, DeviceId, Epoch, Incarnation, PersonId, RegionKey, Role, Timestamp, codec,
};

use super::sql::{bytes, bytes_opt, cbor};
use super::{DeviceInfo, Store, StoreError, StoredAccess, apply, kit};
use crate::clock::{Clock, NoRandomness};
use crate::model::Author;

/// The device's row.
pub(super) struct Device {
    pub(super) id: DeviceId,
    public_key: [u8; 32],
    pub(super) provisional: PersonId,
    pub(super) incarnation: Incarnation,
    pub(super) relay_url: Option<String>,
    pub(super) epoch: Option<Epoch>,
    pub(super) identity: Option<Identity>,
}

impl Store {
    /// What the relay's clock says at a time of this device's, by what was learned at the last
    /// exchange; the device's own time before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn relay_time(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let offset_ms: Option<i64> = self.read(|connection| {
            Ok::<_, StoreError>(connection.query_row(
                "SELECT clock_offset_ms FROM device",
                [],
                |row| row.get(0),
            )?)
        })?;
        Ok(now.saturating_add_ms(offset_ms.unwrap_or(0).saturating_neg()))
    }
}

/// Ten and more random bytes never come out equal; so neither do two lives of one store.
pub(super) fn random_incarnation(clock: &dyn Clock) -> Result<u32, NoRandomness> {
    let mut random = [0; 4];
    clock.fill_random(&mut random)?;
    Ok(u32::from_be_bytes(random))
}

/// Makes the device of a new store. Its provisional person follows from its key, so that nobody
/// else can claim it at a relay.
pub(super) fn create(tx: &Transaction<'_>, clock: &dyn Clock) -> Result<(), StoreError> {
    let unix_ms = u64::try_from(clock.now().as_ms()).unwrap_or(0);
    let (mut secret, mut random) = ([0; 32], [0; 10]);
    clock.fill_random(&mut secret)?;
    clock.fill_random(&mut random)?;
    let public_key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    tx.execute(
        "INSERT INTO device (one, device, secret_key, provisional, incarnation)
         VALUES (1, ?1, ?2, ?3, ?4)",
        params![
            DeviceId::new_v7(unix_ms, random).as_bytes(),
            secret,
            PersonId::of_key(&public_key).as_bytes(),
            random_incarnation(clock)?
        ],
    )?;
    Ok(())
}

/// Reads the device's row.
pub(super) fn load(connection: &Connection) -> Result<Device, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT device, secret_key, provisional, incarnation, relay_url, epoch, identity,
                    (SELECT public_key FROM sealed_key)
             FROM device",
        )?
        .query_row([], |row| {
            Ok((
                bytes(row, 0, DeviceId::from_bytes)?,
                bytes(row, 1, |secret| SigningKey::from_bytes(&secret))?,
                bytes(row, 2, PersonId::from_bytes)?,
                Incarnation(row.get(3)?),
                row.get(4)?,
                bytes_opt(row, 5, Epoch::from_bytes)?,
                row.get::<_, Option<Vec<u8>>>(6)?,
                bytes_opt(row, 7, |key: [u8; 32]| key)?,
            ))
        })
        .optional()?
        .ok_or_else(|| StoreError::damaged("it does not say which device it belongs to"))?;
    let (id, key, provisional, incarnation, relay_url, epoch, identity, sealed) = row;
    let identity = identity
        .map(|bytes| cbor(&bytes, "the identity"))
        .transpose()?;
    Ok(Device {
        id,
        public_key: sealed.unwrap_or_else(|| key.verifying_key().to_bytes()),
        provisional,
        incarnation,
        relay_url,
        epoch,
        identity,
    })
}

impl Device {
    /// Who it acts for.
    pub(super) fn person(&self) -> PersonId {
        self.identity
            .as_ref()
            .map_or(self.provisional, |identity| identity.person)
    }

    /// Whether a certificate is of this device and its key.
    pub(super) fn is_certified(&self, certificate: &Certificate) -> bool {
        certificate.device == self.id && certificate.public_key == self.public_key
    }

    /// Every id that this device's person goes by.
    pub(super) fn people(&self) -> Vec<PersonId> {
        let mut people = vec![self.person(), self.provisional];
        if let Some(identity) = &self.identity {
            people.extend(&identity.aliases);
        }
        people.sort_unstable();
        people.dedup();
        people
    }

    /// The desks that the relay told of, with their regions; `None` if it told of none.
    pub(super) fn desks(&self) -> Option<BTreeMap<DeskKey, RegionKey>> {
        let desks = self.identity.as_ref()?.desks.as_ref()?;
        let place = |desk: &DeskInfo| (desk.key.clone(), desk.region.clone());
        Some(desks.iter().map(place).collect())
    }

    /// Who writes here.
    pub(super) fn author(&self) -> Author {
        let (aliases, roles) = match &self.identity {
            Some(identity) => (identity.aliases.clone(), identity.roles.clone()),
            None => (Vec::new(), vec![Role::Driver]),
        };
        Author {
            person: self.person(),
            aliases,
            device: self.id,
            roles,
            relay: false,
        }
    }
}

/// Keeps what the relay says about the person.
pub(super) fn save_identity(tx: &Transaction<'_>, identity: &Identity) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET identity = ?1",
        params![codec::encode(identity)],
    )?;
    Ok(())
}

pub(super) fn save_access(tx: &Transaction<'_>, access: &Access) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET token = ?1, challenge = ?2",
        params![access.token, access.challenge],
    )?;
    // Whom the relay lets in it does not want erased: an order of before is answered no more.
    tx.execute("DELETE FROM wipe_order", [])?;
    kit::save(tx, access)
}

impl Store {
    /// This device, and who it acts for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn device(&self) -> Result<DeviceInfo, StoreError> {
        self.read(|connection| {
            let device = load(connection)?;
            Ok(DeviceInfo {
                device: device.id,
                public_key: device.public_key,
                person: device.person(),
                provisional: device.provisional,
                identity: device.identity,
                relay_url: device.relay_url,
                epoch: device.epoch,
            })
        })
    }

    /// Who writes here. Before pairing: the provisional person, a driver.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn author(&self) -> Result<Author, StoreError> {
        self.read(|connection| Ok(load(connection)?.author()))
    }

    /// Keeps what a pairing or registration gave: person, roles, scopes, relay, access. Paired to a
    /// relay of another lineage, everything is offered again there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn welcome(
        &mut self,
        welcome: &Welcome,
        relay_url: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| -> Result<(), StoreError> {
            apply::identity::welcome(tx, welcome)?;
            kit::drop(tx)?;
            save_access(tx, &welcome.access)?;
            tx.execute(
                "UPDATE device SET relay_url = ?1, clock_offset_ms = ?2, last_sync_error = NULL",
                params![relay_url, now.ms_since(welcome.relay_time)],
            )?;
            Ok(())
        })?;
        self.fold_log();
        self.scrub(now);
        Ok(())
    }

    /// Access to the relay as last given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn access(&self) -> Result<StoredAccess, StoreError> {
        self.read(|connection| {
            Ok(
                connection.query_row("SELECT token, challenge FROM device", [], |row| {
                    Ok(StoredAccess {
                        token: row.get(0)?,
                        challenge: row.get(1)?,
                    })
                })?,
            )
        })
    }

    /// Keeps a new token and challenge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save_access(&mut self, access: &Access) -> Result<(), StoreError> {
        self.write(|tx| save_access(tx, access))
    }

    /// Keeps a challenge that came with a fault, and drops the token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save_challenge(&mut self, challenge: &[u8]) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE device SET token = NULL, challenge = ?1",
                params![challenge],
            )?;
            Ok(())
        })
    }

    /// Drops token and challenge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn clear_access(&mut self) -> Result<(), StoreError> {
        self.save_challenge(&[])
    }
}
