//! Challenges without memory: the relay's time and a proof that the relay wrote it.
//!
//! A challenge is eight bytes of relay milliseconds (big-endian) and the first sixteen bytes of
//! HMAC-SHA256 over them. Nothing is stored, so a restart invalidates none. It may be answered
//! more than once while it is good; each answer is signed by the device and gives only that
//! device's own token.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use yizhan_proto::Timestamp;
use yizhan_proto::limits::CHALLENGE_TTL_S;

/// Bytes of the proof.
const PROOF_BYTES: usize = 16;
/// What the secret is used for, so that a proof is good for nothing else.
const DOMAIN: &[u8] = b"yizhan challenge 1";

/// Writes and recognises challenges.
pub(super) struct Challenges {
    secret: [u8; 32],
}

/// A challenge is not to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Not one of this relay's.
    #[error("the challenge is not one of this relay's; answer the one in this fault")]
    Foreign,
    /// Too old.
    #[error("the challenge is too old; answer the one in this fault")]
    Expired,
}

impl Challenges {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    pub(super) fn issue(&self, now: Timestamp) -> Vec<u8> {
        let time = now.as_ms().to_be_bytes();
        let proof = self.mac(time).finalize().into_bytes();
        [&time[..], &proof[..PROOF_BYTES]].concat()
    }

    pub(super) fn check(&self, challenge: &[u8], now: Timestamp) -> Result<(), ChallengeError> {
        let Some((time, proof)) = challenge.split_first_chunk::<8>() else {
            return Err(ChallengeError::Foreign);
        };
        if proof.len() != PROOF_BYTES || self.mac(*time).verify_truncated_left(proof).is_err() {
            return Err(ChallengeError::Foreign);
        }
        let issued = Timestamp::from_ms(i64::from_be_bytes(*time));
        // A challenge of the future is one from before the relay's clock was set back.
        if now.ms_since(issued).unsigned_abs() > CHALLENGE_TTL_S * 1_000 {
            return Err(ChallengeError::Expired);
        }
        Ok(())
    }

    fn mac(&self, time: [u8; 8]) -> Hmac<Sha256> {
        // HMAC fills a shorter key with zeros to the hash's block; done here, it cannot fail.
        let mut block = [0; 64];
        block[..self.secret.len()].copy_from_slice(&self.secret);
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
        mac.update(DOMAIN);
        mac.update(&time);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_known_until_they_are_too_old() {
        let challenges = Challenges::new([7; 32]);
        let now = Timestamp::from_ms(1_790_000_000_000);
        let ours = challenges.issue(now);
        assert_eq!(ours.len(), 24);
        let ttl_ms = i64::try_from(CHALLENGE_TTL_S * 1_000).unwrap();
        for (age_ms, expected) in [
            (0, Ok(())),
            (ttl_ms, Ok(())),
            (ttl_ms + 1, Err(ChallengeError::Expired)),
            (-60_000, Ok(())),
        ] {
            assert_eq!(
                challenges.check(&ours, now.saturating_add_ms(age_ms)),
                expected,
                "{age_ms}"
            );
        }
    }

    #[test]
    fn others_are_not() {
        let challenges = Challenges::new([7; 32]);
        let now = Timestamp::from_ms(1_790_000_000_000);
        let ours = challenges.issue(now);
        let mut changed = ours.clone();
        changed[7] ^= 1;
        let longer = [ours.as_slice(), &[0]].concat();
        for wrong in [
            &[][..],
            &ours[..8],
            &ours[..23],
            &changed,
            &longer,
            &Challenges::new([8; 32]).issue(now),
        ] {
            assert_eq!(challenges.check(wrong, now), Err(ChallengeError::Foreign));
        }
    }
}
