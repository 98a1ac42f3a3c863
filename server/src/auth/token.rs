//! Access tokens: JWTs signed with EdDSA, judged by the relay's clock alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use yizhan_proto::limits::TOKEN_TTL_S;
use yizhan_proto::{DeviceId, Epoch, PersonId, Timestamp};

use super::keys::{key_id, pkcs8, public_key};

/// Bytes of a token: ours are about 400; nothing longer is looked at.
const TOKEN_BYTES_MAX: usize = 2_048;
/// Tokens whose signature was checked and is not checked again, in each of two generations.
const VERIFIED_MAX: usize = 4_096;

/// What a token proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Which device asks.
    pub device: DeviceId,
    /// Whom it acted for when the token was made.
    pub person: PersonId,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// A token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not one of this relay's, or damaged.
    #[error("the access token is not one of this relay's")]
    Invalid,
    /// Past its time.
    #[error("the access token has expired")]
    Expired,
    /// The cryptographic library failed.
    #[error("an access token could not be made")]
    Unmade(#[source] jsonwebtoken::errors::Error),
}

/// The claims as they stand in the token. Times are seconds since the Unix epoch.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    iss: String,
    sub: String,
    dev: String,
    iat: i64,
    exp: i64,
}

/// Makes and checks tokens.
pub(super) struct Tokens {
    issuer: String,
    signing: EncodingKey,
    /// The id of the key that signs.
    key_id: String,
    /// Keys that verify, by id: the one that signs, then former ones.
    verifying: Vec<(String, DecodingKey)>,
    validation: Validation,
    verified: Mutex<Verified>,
}

/// Tokens found good, by hash. When the newer generation is full it becomes the older one.
#[derive(Default)]
struct Verified {
    newer: HashMap<[u8; 32], Claims>,
    older: HashMap<[u8; 32], Claims>,
}

impl Tokens {
    /// Tokens of the relay of this lineage, signed under the Ed25519 key of this seed; those under
    /// a former key are good until they end.
    pub(super) fn new(seed: &[u8; 32], former: &[[u8; 32]], epoch: Epoch) -> Self {
        let issuer = epoch.to_string();
        let mut validation = Validation::new(Algorithm::EdDSA);
        // Expiry is checked below, by the relay's clock that is passed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.leeway = 0;
        validation.set_issuer(&[&issuer]);
        validation.set_required_spec_claims(&["iss", "sub", "exp"]);
        Self {
            issuer,
            signing: EncodingKey::from_ed_der(&pkcs8(seed)),
            key_id: key_id(seed),
            verifying: std::iter::once(seed)
                .chain(former)
                .map(|seed| (key_id(seed), DecodingKey::from_ed_der(&public_key(seed))))
                .collect(),
            validation,
            verified: Mutex::default(),
        }
    }

    pub(super) fn issue(
        &self,
        device: DeviceId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let iat = now.as_ms().div_euclid(1_000);
        let body = Body {
            iss: self.issuer.clone(),
            sub: person.to_string(),
            dev: device.to_string(),
            iat,
            exp: iat.saturating_add(i64::try_from(TOKEN_TTL_S).unwrap_or(i64::MAX)),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, &body, &self.signing).map_err(TokenError::Unmade)
    }

    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let known = self.lock().get(&hash);
        let claims = match known {
            Some(claims) => claims,
            None => {
                let claims = self.decode(token).ok_or(TokenError::Invalid)?;
                self.lock().insert(hash, claims);
                claims
            }
        };
        if claims.expires_at <= now {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    fn decode(&self, token: &str) -> Option<Claims> {
        let named = jsonwebtoken::decode_header(token).ok()?.kid;
        // A token of before keys had names names none.
        let fits = |id: &str| named.as_deref().is_none_or(|named| named == id);
        let body = self
            .verifying
            .iter()
            .filter(|(id, _)| fits(id))
            .find_map(|(_, key)| jsonwebtoken::decode::<Body>(token, key, &self.validation).ok())?
            .claims;
        Some(Claims {
            device: body.dev.parse().ok()?,
            person: body.sub.parse().ok()?,
            expires_at: Timestamp::from_ms(body.exp.checked_mul(1_000)?),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Verified> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verified {
    fn get(&self, hash: &[u8; 32]) -> Option<Claims> {
        self.newer
            .get(hash)
            .or_else(|| self.older.get(hash))
            .copied()
    }

    fn insert(&mut self, hash: [u8; 32], claims: Claims) {
        if self.newer.len() >= VERIFIED_MAX {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(hash, claims);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    fn tokens(seed: u8, epoch: u8) -> Tokens {
        Tokens::new(&[seed; 32], &[], Epoch::from_bytes([epoch; 8]))
    }

    fn issue(tokens: &Tokens) -> String {
        tokens
            .issue(
                DeviceId::from_bytes([1; 16]),
                PersonId::from_bytes([2; 16]),
                NOW,
            )
            .unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_time_and_no_longer() {
        let tokens = tokens(1, 1);
        let token = issue(&tokens);
        // Twice: the second look is into the cache, and must judge the same.
        for _ in 0..2 {
            let claims = tokens.verify(&token, NOW).unwrap();
            assert_eq!(claims.device, DeviceId::from_bytes([1; 16]));
            assert_eq!(claims.person, PersonId::from_bytes([2; 16]));
            let last = claims.expires_at.saturating_add_ms(-1);
            assert!(tokens.verify(&token, last).is_ok());
            assert!(matches!(
                tokens.verify(&token, claims.expires_at),
                Err(TokenError::Expired)
            ));
        }
    }

    #[test]
    fn a_token_of_another_relay_or_lineage_or_altered_opens_nothing() {
        let ours = tokens(1, 1);
        let good = issue(&ours);
        let (head, tail) = good.split_once('.').unwrap();
        let (body, signature) = tail.split_once('.').unwrap();
        let wrong = [
            String::new(),
            "x".repeat(TOKEN_BYTES_MAX + 1),
            issue(&tokens(2, 1)),
            issue(&tokens(1, 2)),
            format!("{head}.{body}."),
            format!("{head}.{body}x.{signature}"),
            // {"alg":"none"} and {"alg":"HS256"}.
            format!("eyJhbGciOiJub25lIn0.{body}."),
            format!("eyJhbGciOiJIUzI1NiJ9.{body}.{signature}"),
        ];
        for token in wrong {
            assert!(
                matches!(ours.verify(&token, NOW), Err(TokenError::Invalid)),
                "{token}"
            );
        }
    }

    #[test]
    fn a_token_of_a_former_key_is_good_while_the_key_is_kept() {
        let before = tokens(1, 1);
        let token = issue(&before);
        let epoch = Epoch::from_bytes([1; 8]);
        let after = Tokens::new(&[2; 32], &[[1; 32]], epoch);
        assert!(after.verify(&token, NOW).is_ok());
        assert!(before.verify(&issue(&after), NOW).is_err(), "signed anew");
        let dropped = Tokens::new(&[2; 32], &[], epoch);
        assert!(dropped.verify(&token, NOW).is_err());
        // One of before keys had names.
        let body = Body {
            iss: epoch.to_string(),
            sub: PersonId::from_bytes([2; 16]).to_string(),
            dev: DeviceId::from_bytes([1; 16]).to_string(),
            iat: 0,
            exp: NOW.as_ms() / 1_000 + 60,
        };
        let nameless =
            jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &body, &before.signing).unwrap();
        assert!(after.verify(&nameless, NOW).is_ok());
        assert!(dropped.verify(&nameless, NOW).is_err());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut verified = Verified::default();
        let claims = Claims {
            device: DeviceId::from_bytes([1; 16]),
            person: PersonId::from_bytes([2; 16]),
            expires_at: NOW,
        };
        for n in 0..(VERIFIED_MAX as u64 * 5) {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            verified.insert(hash, claims);
            assert!(verified.get(&hash).is_some());
        }
        assert!(verified.newer.len() + verified.older.len() <= 2 * VERIFIED_MAX);
    }
}
