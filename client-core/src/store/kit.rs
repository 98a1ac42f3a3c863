//! The kit for check-in codes: kept as it came, within its bounds.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use yizhan_proto::checkin::CheckInKit;
use yizhan_proto::codec;
use yizhan_proto::identity::Access;
use yizhan_proto::limits::{RELAY_KEYS_MAX, REVOKED_MAX};

use super::sql::cbor;
use super::{Store, StoreError, device};

/// Keeps the kit that came with an access. One that vouches for another device or key is of no use
/// here and is left; an access without one (of an older relay) changes nothing.
pub(super) fn save(tx: &Transaction<'_>, access: &Access) -> Result<(), StoreError> {
    let Some(kit) = &access.check_in else {
        return Ok(());
    };
    if !device::load(tx)?.is_certified(&kit.certificate) {
        return Ok(());
    }
    let first = |all: usize, most: usize| all.min(most);
    let kit = CheckInKit {
        certificate: kit.certificate.clone(),
        relay_keys: kit.relay_keys[..first(kit.relay_keys.len(), RELAY_KEYS_MAX)].to_vec(),
        revoked: kit.revoked[..first(kit.revoked.len(), REVOKED_MAX)].to_vec(),
    };
    tx.prepare_cached("INSERT OR REPLACE INTO check_in_kit (one, kit) VALUES (1, ?1)")?
        .execute(params![codec::encode(&kit)])?;
    Ok(())
}

/// Drops the kit: the device comes to act for somebody, perhaps at another relay.
pub(super) fn drop(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM check_in_kit", [])?;
    Ok(())
}

fn load(connection: &Connection) -> Result<Option<CheckInKit>, StoreError> {
    connection
        .prepare_cached("SELECT kit FROM check_in_kit")?
        .query_row([], |row| row.get::<_, Vec<u8>>(0))
        .optional()?
        .map(|bytes| cbor(&bytes, "the kit for check-in codes"))
        .transpose()
}

impl Store {
    /// What the relay gave to show check-in codes and to verify those of others; `None` before
    /// the first contact with a relay that gives one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn check_in_kit(&self) -> Result<Option<CheckInKit>, StoreError> {
        self.read(load)
    }
}
