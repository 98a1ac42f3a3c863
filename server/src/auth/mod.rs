//! Who is asking: keys, tokens, challenges, signatures, and how often somebody may guess.
//!
//! Knows no HTTP: it is handed texts, bytes and addresses, and says yes or why not. Whether a
//! device may act *right now* is the relay's to say ([`crate::relay::Relay::caller`]); a token
//! only proves which device is asking. Time is an argument.

mod attempts;
mod certificate;
mod challenge;
mod keys;
mod signature;
mod token;

use std::path::Path;

use yizhan_proto::checkin::CheckInKit;
use yizhan_proto::device::WipeOrder;
use yizhan_proto::identity::Access;
use yizhan_proto::limits::TOKEN_TTL_S;
use yizhan_proto::{DeviceId, Epoch, Nonce, PersonId, Timestamp};

use crate::clock::Clock;

pub use attempts::Attempts;
pub use certificate::Subject;
pub use challenge::ChallengeError;
pub use keys::{ADMIN_KEY_FILE, AdminKey, KeyError, read_admin_key};
pub use signature::{SignatureError, verify};
pub use token::{Claims, TokenError};

/// Keys and what they open.
pub struct Auth {
    tokens: token::Tokens,
    challenges: challenge::Challenges,
    certifier: certificate::Certifier,
    admin_key: AdminKey,
    /// Failed attempts to pair or register, per address.
    pub attempts: Attempts,
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
            tokens: token::Tokens::new(&keys.token_seed, epoch),
            challenges: challenge::Challenges::new(keys.challenge_secret),
            certifier: certificate::Certifier::new(&keys.token_seed),
            admin_key: keys.admin_key,
            attempts: Attempts::default(),
        })
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
            token: self.tokens.issue(device, person, now)?,
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
        CheckInKit {
            certificate: self.certifier.certify(subject, now),
            relay_keys: self.certifier.keys(),
            revoked,
        }
    }

    /// The order to a device to erase itself, in answer to the question of this number.
    #[must_use]
    pub fn wipe_order(
        &self,
        device: DeviceId,
        epoch: Epoch,
        nonce: Nonce,
        ordered_at: Timestamp,
    ) -> WipeOrder {
        let mut order = WipeOrder {
            device,
            epoch,
            nonce,
            ordered_at,
            signatures: Vec::new(),
        };
        order.signatures = self.certifier.sign(&order.signed_bytes());
        order
    }

    /// What a bearer token says, if it is one of ours and still good at `now`.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn claims(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        self.tokens.verify(token, now)
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
