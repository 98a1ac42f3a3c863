//! Whether a provider's token is good: a pure function of token, keys, configuration and time.

use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use yizhan_proto::Timestamp;
use yizhan_proto::limits::LABEL_BYTES_MAX;
use yizhan_proto::outside::OUTSIDE_TOKEN_BYTES_MAX;

use super::config::OutsideConfig;
use super::keys::KeySet;
use crate::relay::OutsideBearer;

/// Seconds by which the provider's clock may differ from the relay's.
const LEEWAY_S: i64 = 60;
/// Seconds that a token may still be good for: what is good for longer is no proof that somebody
/// signed in lately.
const LIFE_S_MAX: i64 = 24 * 60 * 60;
/// Bytes of a key id.
const KEY_ID_BYTES_MAX: usize = 256;

/// A token is not good. For the log: whoever sent it hears only that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutsideTokenError {
    /// Longer than a token may be.
    #[error("it has {0} bytes, more than are looked at")]
    TooLong(usize),
    /// Not a signed token.
    #[error("it is not a signed token (JWT)")]
    Malformed,
    /// Signed in a way that is not configured.
    #[error("it is signed with an algorithm that is not configured")]
    Algorithm,
    /// It asks for something that is not understood (`crit`), or its key id is too long.
    #[error("its head asks for what is not understood")]
    Head,
    /// The provider has no such key.
    #[error("it is signed with a key that the provider does not publish")]
    UnknownKey,
    /// Somebody else signed it, or it was altered.
    #[error("its signature does not fit")]
    Signature,
    /// A claim is absent, or not what it must be.
    #[error("its claim {0} is absent or not what it must be")]
    Claim(String),
    /// Past its time.
    #[error("it has expired")]
    Expired,
    /// Before its time.
    #[error("it is not good yet")]
    NotYet,
}

/// What a token's head says: how it is signed, and with which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

/// Reads a token's head, and nothing of what it may point to elsewhere (`jku`, `jwk`, `x5u`).
pub(super) fn head(token: &str, config: &OutsideConfig) -> Result<Head, OutsideTokenError> {
    if token.len() > OUTSIDE_TOKEN_BYTES_MAX {
        return Err(OutsideTokenError::TooLong(token.len()));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| OutsideTokenError::Malformed)?;
    if !config.algorithms.contains(&header.alg) {
        return Err(OutsideTokenError::Algorithm);
    }
    let too_long = |id: &String| id.len() > KEY_ID_BYTES_MAX;
    if header.crit.is_some() || header.kid.as_ref().is_some_and(too_long) {
        return Err(OutsideTokenError::Head);
    }
    Ok(Head {
        algorithm: header.alg,
        key_id: header.kid,
    })
}

/// For whom a token is good.
pub(super) fn judge(
    token: &str,
    head: &Head,
    keys: &KeySet,
    config: &OutsideConfig,
    now: Timestamp,
) -> Result<OutsideBearer, OutsideTokenError> {
    let key = keys.find(head).ok_or(OutsideTokenError::UnknownKey)?;
    // Only the signature is the library's to check; the claims are checked below, by the clock
    // that is passed in.
    let mut validation = Validation::new(head.algorithm);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation)
        .map_err(|_| OutsideTokenError::Signature)?
        .claims;
    let expires_at_s = check(&claims, config, now)?;
    let subject = claims
        .get(&config.subject_claim)
        .and_then(Value::as_str)
        .filter(|subject| (1..=LABEL_BYTES_MAX).contains(&subject.len()))
        .ok_or_else(|| OutsideTokenError::Claim(config.subject_claim.clone()))?;
    Ok(OutsideBearer {
        issuer: config.issuer.clone(),
        subject: subject.to_owned(),
        token_hash: Sha256::digest(token.as_bytes()).into(),
        expires_at: Timestamp::from_ms(expires_at_s.saturating_add(LEEWAY_S).saturating_mul(1_000)),
    })
}

/// Everything but the subject; when the token ends, in seconds since 1970.
fn check(
    claims: &Map<String, Value>,
    config: &OutsideConfig,
    now: Timestamp,
) -> Result<i64, OutsideTokenError> {
    let missing = |claim: &str| OutsideTokenError::Claim(claim.to_owned());
    if claims.get("iss").and_then(Value::as_str) != Some(config.issuer.as_str()) {
        return Err(missing("iss"));
    }
    let ours = |audience: &Value| {
        let audience = audience.as_str();
        audience.is_some_and(|audience| config.audience.iter().any(|ours| ours == audience))
    };
    let for_us = match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().any(ours),
        Some(one) => ours(one),
        None => false,
    };
    if !for_us {
        return Err(missing("aud"));
    }
    let now_s = now.as_ms().div_euclid(1_000);
    let expires_at_s = time(claims, "exp")?.ok_or_else(|| missing("exp"))?;
    if expires_at_s.saturating_add(LEEWAY_S) <= now_s {
        return Err(OutsideTokenError::Expired);
    }
    if expires_at_s.saturating_sub(now_s) > LIFE_S_MAX {
        return Err(missing("exp"));
    }
    for claim in ["nbf", "iat"] {
        if time(claims, claim)?.is_some_and(|from_s| from_s.saturating_sub(LEEWAY_S) > now_s) {
            return Err(OutsideTokenError::NotYet);
        }
    }
    for (claim, wanted) in &config.required_claims {
        let holds = match claims.get(claim) {
            Some(Value::Array(several)) => several.contains(wanted),
            Some(one) => one == wanted,
            None => false,
        };
        if !holds {
            return Err(missing(claim));
        }
    }
    Ok(expires_at_s)
}

/// A time in whole seconds, if the claim is there.
fn time(claims: &Map<String, Value>, claim: &str) -> Result<Option<i64>, OutsideTokenError> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| OutsideTokenError::Claim(claim.to_owned())),
    }
}
