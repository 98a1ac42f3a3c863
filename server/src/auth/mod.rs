//! Who is asking: keys, tokens, challenges, signatures, and how often somebody may guess.
//!
//! Knows no HTTP: it is handed texts, bytes and addresses, and says yes or why not. Whether a
//! device may act *right now* is the relay's to say ([`crate::relay::Relay::caller`]); a token
//! only proves which device is asking. Time is an argument.

mod attempts;
mod certificate;
mod challenge;
mod former;
mod keys;
mod signature;
mod token;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use yizhan_proto::checkin::CheckInKit;
use yizhan_proto::identity::Access;
use yizhan_proto::limits::TOKEN_TTL_S;
use yizhan_proto::{DeviceId, Epoch, PersonId, Timestamp};

use crate::clock::Clock;

pub use attempts::{Attempts, household};
pub use certificate::Subject;
pub use challenge::ChallengeError;
use former::FormerKey;
pub use keys::{ADMIN_KEY_FILE, AdminKey, KeyError, read_admin_key};
pub use signature::{SignatureError, verify};
pub use token::{Claims, TokenError};

/// Keys and what they open.
pub struct Auth {
    data: PathBuf,
    epoch: Epoch,
    signing: RwLock<Arc<Signing>>,
    challenges: challenge::Challenges,
    admin_key: AdminKey,
    /// Failed attempts to pair or register, per address.
    pub attempts: Attempts,
    /// Failed attempts to act as the operator, per address.
    pub admin_attempts: Attempts,
}

/// What signs, and what verifies what was signed.
struct Signing {
    tokens: token::Tokens,
    certifier: certificate::Certifier,
    listed: Vec<ListedKey>,
}

/// A key as listed: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// What it is called.
    pub id: String,
    /// When it is dropped; `None` for the one that signs.
    pub ends_at: Option<Timestamp>,
}

impl Signing {
    fn new(keys: &keys::Keys, epoch: Epoch) -> Self {
        let seed = &keys.token_seed;
        // After a crash in the middle of a change the present key may be kept as a former one.
        let former: Vec<&FormerKey> = keys
            .former
            .iter()
            .filter(|former| former.seed != *seed)
            .collect();
        let seeds: Vec<[u8; 32]> = former.iter().map(|former| former.seed).collect();
        let present = ListedKey {
            id: keys::key_id(seed),
            ends_at: None,
        };
        let listed = former.iter().map(|former| ListedKey {
            id: keys::key_id(&former.seed),
            ends_at: Some(former.ends_at()),
        });
        Self {
            tokens: token::Tokens::new(seed, &seeds, epoch),
            certifier: certificate::Certifier::new(seed, &seeds),
            listed: std::iter::once(present).chain(listed).collect(),
        }
    }
}

impl std::fmt::Debug for Auth {
    /// Never shows a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl Auth {
    /// Reads the keys of the data folder, making those that are not there.
    ///
    /// # Errors
    /// [`KeyError`] names the file and what to do.
    pub fn open(data: &Path, epoch: Epoch, clock: &dyn Clock) -> Result<Self, KeyError> {
        let keys = keys::Keys::open(data, clock)?;
        Ok(Self {
            data: data.to_owned(),
            epoch,
            signing: RwLock::new(Arc::new(Signing::new(&keys, epoch))),
            challenges: challenge::Challenges::new(keys.challenge_secret),
            admin_key: keys.admin_key,
            attempts: Attempts::default(),
            admin_attempts: Attempts::default(),
        })
    }

    /// Makes a new key to sign with. What the former one signed stays good until it ends, unless
    /// `drop_former`: then nothing that any former key signed is good from here on. Blocks.
    ///
    /// # Errors
    /// [`KeyError`]; the keys are then as they were.
    pub fn rotate(&self, drop_former: bool, clock: &dyn Clock) -> Result<(), KeyError> {
        // Held throughout: two changes at a time would lose one of the keys.
        let mut signing = self.signing.write().unwrap_or_else(PoisonError::into_inner);
        former::rotate(&self.data, drop_former, clock)?;
        let keys = keys::Keys::open(&self.data, clock)?;
        *signing = Arc::new(Signing::new(&keys, self.epoch));
        Ok(())
    }

    /// Drops former keys whose time is over. Cheap if there are none. Blocks otherwise.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn drop_ended_keys(&self, clock: &dyn Clock) -> Result<(), KeyError> {
        let now = clock.now();
        let ended = |key: &ListedKey| key.ends_at.is_some_and(|ends_at| ends_at <= now);
        if !self.listed_keys().iter().any(ended) {
            return Ok(());
        }
        let mut signing = self.signing.write().unwrap_or_else(PoisonError::into_inner);
        let keys = keys::Keys::open(&self.data, clock)?;
        *signing = Arc::new(Signing::new(&keys, self.epoch));
        Ok(())
    }

    /// The keys that tokens and certificates are believed under, the one that signs first.
    #[must_use]
    pub fn listed_keys(&self) -> Vec<ListedKey> {
        self.signing().listed.clone()
    }

    fn signing(&self) -> Arc<Signing> {
        Arc::clone(&self.signing.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Access for a device from `now` on: a token, and the challenge to answer for the next.
    ///
    /// # Errors
    /// [`TokenError::Unmade`] if the cryptographic library fails.
    pub fn grant(
        &self,
        device: DeviceId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Access, TokenError> {
        Ok(Access {
            token: self.signing().tokens.issue(device, person, now)?,
            token_ttl_s: TOKEN_TTL_S,
            challenge: self.challenge(now),
            check_in: None,
        })
    }

    /// What a device shows check-in codes with, and verifies those of others: its certificate from
    /// `now` on, this relay's keys, and the devices that it is told are revoked.
    #[must_use]
    pub fn check_in_kit(
        &self,
        subject: &Subject<'_>,
        revoked: Vec<DeviceId>,
        now: Timestamp,
    ) -> CheckInKit {
        let signing = self.signing();
        CheckInKit {
            certificate: signing.certifier.certify(subject, now),
            relay_keys: signing.certifier.keys(),
            revoked,
        }
    }

    /// What a bearer token says, if it is one of ours and still good at `now`.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn claims(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        self.signing().tokens.verify(token, now)
    }

    /// A challenge that can be answered from `now` on.
    #[must_use]
    pub fn challenge(&self, now: Timestamp) -> Vec<u8> {
        self.challenges.issue(now)
    }

    /// Whether a challenge is one of ours, and not too old.
    ///
    /// # Errors
    /// [`ChallengeError`].
    pub fn check_challenge(&self, challenge: &[u8], now: Timestamp) -> Result<(), ChallengeError> {
        self.challenges.check(challenge, now)
    }

    /// The operator's key.
    #[must_use]
    pub fn admin_key(&self) -> &AdminKey {
        &self.admin_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_new_key_signs_and_the_former_verifies_until_it_is_dropped() {
        let data = tempfile::tempdir().unwrap();
        let clock = SystemClock::new();
        let epoch = Epoch::from_bytes([1; 8]);
        let auth = Auth::open(data.path(), epoch, &clock).unwrap();
        let (device, person) = (DeviceId::from_bytes([2; 16]), PersonId::from_bytes([3; 16]));
        let now = clock.now();
        let grant = || auth.grant(device, person, now).unwrap().token;
        let first = grant();
        // Looked at once, so that it is remembered as good.
        auth.claims(&first, now).unwrap();
        auth.rotate(false, &clock).unwrap();
        let second = grant();
        for token in [&first, &second] {
            assert_eq!(auth.claims(token, now).unwrap().device, device);
        }
        auth.drop_ended_keys(&clock).unwrap();
        assert_eq!(auth.listed_keys().len(), 2, "its time is not over");
        auth.rotate(true, &clock).unwrap();
        for token in [&first, &second] {
            assert!(
                matches!(auth.claims(token, now), Err(TokenError::Invalid)),
                "what was remembered as good is forgotten with the key"
            );
        }
        assert_eq!(auth.listed_keys().len(), 1);
    }
}
