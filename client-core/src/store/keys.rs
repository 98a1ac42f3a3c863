//! The device's secret key: in the store as it is, or sealed under a key that is handed in when the
//! store is opened. It never leaves this module; what goes out are signatures.
//!
//! A new key is made and kept beside the present one before the relay hears of it, and takes its
//! place only with the relay's answer: whenever the phone dies, one of the two is the relay's.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ed25519_dalek::{Signer, SigningKey};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use yizhan_proto::identity::Access;

use super::sql::bytes;
use super::{Store, StoreError, device};
use crate::clock::{Clock, NoRandomness};

/// Bytes of the nonce before what is sealed.
const NONCE_BYTES: usize = 24;

/// What opens a sealed key of a device. Whoever holds it takes care of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey(pub [u8; 32]);

impl std::fmt::Debug for SealKey {
    /// Never shows the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

impl SealKey {
    /// Bytes that only this key opens: 24 bytes of nonce, then XChaCha20-Poly1305.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn seal(&self, plain: &[u8], clock: &dyn Clock) -> Result<Vec<u8>, NoRandomness> {
        let mut nonce = [0; NONCE_BYTES];
        clock.fill_random(&mut nonce)?;
        let cipher = XChaCha20Poly1305::new(&self.0.into());
        // Fails only past 256 GiB.
        let sealed = cipher.encrypt(XNonce::from_slice(&nonce), plain);
        Ok([&nonce[..], &sealed.unwrap_or_default()].concat())
    }

    /// What was sealed; `None` if it was sealed with another key, or is damaged.
    #[must_use]
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let cipher = XChaCha20Poly1305::new(&self.0.into());
        cipher.decrypt(XNonce::from_slice(nonce), sealed).ok()
    }
}

/// Whether the device's key is sealed.
pub(super) fn is_sealed(connection: &Connection) -> Result<bool, StoreError> {
    Ok(
        connection.query_row("SELECT EXISTS (SELECT 1 FROM sealed_key)", [], |row| {
            row.get(0)
        })?,
    )
}

/// The present secret key.
pub(super) fn present(
    connection: &Connection,
    seal: Option<&SealKey>,
) -> Result<SigningKey, StoreError> {
    let sealed: Option<Vec<u8>> = connection
        .prepare_cached("SELECT sealed FROM sealed_key")?
        .query_row([], |row| row.get(0))
        .optional()?;
    match sealed {
        Some(sealed) => unsealed(&sealed, seal),
        None => Ok(connection
            .prepare_cached("SELECT secret_key FROM device")?
            .query_row([], |row| {
                bytes(row, 0, |secret| SigningKey::from_bytes(&secret))
            })?),
    }
}

fn unsealed(sealed: &[u8], seal: Option<&SealKey>) -> Result<SigningKey, StoreError> {
    let seal = seal.ok_or(StoreError::Sealed)?;
    let secret: Option<[u8; 32]> = seal.open(sealed).and_then(|bytes| bytes.try_into().ok());
    let secret = secret.ok_or(StoreError::WrongKey)?;
    Ok(SigningKey::from_bytes(&secret))
}

/// The key that the relay is being asked to know this device by.
fn pending(
    connection: &Connection,
    seal: Option<&SealKey>,
) -> Result<Option<SigningKey>, StoreError> {
    let kept: Option<Vec<u8>> = connection
        .prepare_cached("SELECT secret_key FROM pending_key")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(kept) = kept else {
        return Ok(None);
    };
    match <[u8; 32]>::try_from(kept.as_slice()) {
        Ok(secret) => Ok(Some(SigningKey::from_bytes(&secret))),
        Err(_) => unsealed(&kept, seal).map(Some),
    }
}

/// Puts a key in the place of the present one.
fn put_present(
    tx: &Transaction<'_>,
    key: &SigningKey,
    seal: Option<(&SealKey, &dyn Clock)>,
) -> Result<(), StoreError> {
    match seal {
        None => {
            tx.execute("DELETE FROM sealed_key", [])?;
            tx.execute("UPDATE device SET secret_key = ?1", [key.to_bytes()])?;
        }
        Some((seal, clock)) => {
            tx.execute("UPDATE device SET secret_key = zeroblob(32)", [])?;
            tx.execute(
                "INSERT OR REPLACE INTO sealed_key (one, public_key, sealed) VALUES (1, ?1, ?2)",
                params![
                    key.verifying_key().to_bytes(),
                    seal.seal(&key.to_bytes(), clock)?
                ],
            )?;
        }
    }
    Ok(())
}

impl Store {
    /// Signs bytes with the device's key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], StoreError> {
        let seal = self.seal.as_ref();
        self.read(|connection| Ok(present(connection, seal)?.sign(bytes).to_bytes()))
    }

    /// The public key that the relay is being asked to know this device by, made and kept if there
    /// is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_new_key(&mut self, clock: &dyn Clock) -> Result<[u8; 32], StoreError> {
        let seal = self.seal.clone();
        self.write(|tx| {
            if let Some(key) = pending(tx, seal.as_ref())? {
                return Ok(key.verifying_key().to_bytes());
            }
            let mut secret = [0; 32];
            clock.fill_random(&mut secret)?;
            let kept = match &seal {
                Some(seal) => seal.seal(&secret, clock)?,
                None => secret.to_vec(),
            };
            tx.execute(
                "INSERT INTO pending_key (one, secret_key) VALUES (1, ?1)",
                [kept],
            )?;
            let key = SigningKey::from_bytes(&secret);
            Ok(key.verifying_key().to_bytes())
        })
    }

    /// Signs bytes with the key that the relay is being asked to know this device by, if there is
    /// one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sign_with_new_key(&self, bytes: &[u8]) -> Result<Option<[u8; 64]>, StoreError> {
        let seal = self.seal.as_ref();
        self.read(|connection| {
            let key = pending(connection, seal)?;
            Ok(key.map(|key| key.sign(bytes).to_bytes()))
        })
    }

    /// The relay knows the new key: it takes the place of the old one, which is overwritten. With
    /// the access that says so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn adopt_new_key(&mut self, access: &Access, clock: &dyn Clock) -> Result<(), StoreError> {
        let seal = self.seal.clone();
        self.write(|tx| {
            if let Some(key) = pending(tx, seal.as_ref())? {
                put_present(tx, &key, seal.as_ref().map(|seal| (seal, clock)))?;
                tx.execute("DELETE FROM pending_key", [])?;
            }
            device::save_access(tx, access)
        })
    }

    /// Seals the device's key: from the next opening on it signs only for whoever hands in `seal`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seal_key(&mut self, seal: &SealKey, clock: &dyn Clock) -> Result<(), StoreError> {
        let before = self.seal.clone();
        self.write(|tx| {
            let key = present(tx, before.as_ref())?;
            put_present(tx, &key, Some((seal, clock)))?;
            // A key that was about to take its place is made anew when it is wanted.
            tx.execute("DELETE FROM pending_key", [])?;
            Ok::<_, StoreError>(())
        })?;
        self.seal = Some(seal.clone());
        // What the log of the database still holds of the key goes with the log.
        self.fold_log();
        Ok(())
    }

    /// Keeps the device's key unsealed, as before [`Store::seal_key`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unseal_key(&mut self) -> Result<(), StoreError> {
        let seal = self.seal.clone();
        self.write(|tx| {
            let key = present(tx, seal.as_ref())?;
            put_present(tx, &key, None)?;
            tx.execute("DELETE FROM pending_key", [])?;
            Ok::<_, StoreError>(())
        })?;
        self.seal = None;
        Ok(())
    }
}
