//! A provider's public keys, and which may check which signature.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::token::Head;

/// Keys that are looked at.
const KEYS_MAX: usize = 64;
/// Characters of an RSA modulus of 2,048 bits in base64url.
const RSA_MODULUS_CHARS_MIN: usize = 342;
/// Characters of the largest RSA modulus that is taken, of 8,192 bits: a larger one makes checking
/// a signature dear.
const RSA_MODULUS_CHARS_MAX: usize = 1_366;

/// A set holds no key that is good for anything.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Not the JSON it should be.
    #[error("it is not a set of keys (JWKS)")]
    Malformed(#[source] serde_json::Error),
    /// Nothing to check a signature with.
    #[error(
        "it holds no public key for signatures (RSA of 2,048 to 8,192 bits, P-256, P-384, Ed25519)"
    )]
    Empty,
}

/// One public key.
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    decoding: DecodingKey,
}

/// The provider's keys.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeySet of {}", self.0.len())
    }
}

impl KeySet {
    /// Reads a set (RFC 7517 §5). Keys of other sorts are left out, shared secrets above all.
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, KeysError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(bytes).map_err(KeysError::Malformed)?;
        let keys: Vec<Key> = set
            .keys
            .into_iter()
            .take(KEYS_MAX)
            .filter_map(|value| key(&serde_json::from_value(value).ok()?))
            .collect();
        if keys.is_empty() {
            return Err(KeysError::Empty);
        }
        Ok(Self(keys))
    }

    /// The key that a token names, if it may check the token's signature. A token that names none
    /// is checked by the only key that may.
    pub(super) fn find(&self, head: &Head) -> Option<&DecodingKey> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.algorithms.contains(&head.algorithm));
        match &head.key_id {
            Some(id) => fitting.find(|key| key.id.as_ref() == Some(id)),
            None => match (fitting.next(), fitting.next()) {
                (Some(only), None) => Some(only),
                (Some(_), Some(_)) | (None, _) => None,
            },
        }
        .map(|key| &key.decoding)
    }
}

fn key(jwk: &Jwk) -> Option<Key> {
    let common = &jwk.common;
    if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let verifies = |operations: &Vec<KeyOperations>| operations.contains(&KeyOperations::Verify);
    if !common.key_operations.as_ref().is_none_or(verifies) {
        return None;
    }
    let mut algorithms = algorithms(&jwk.algorithm);
    if let Some(only) = common.key_algorithm {
        algorithms.retain(|algorithm| named(*algorithm) == Some(only));
    }
    if algorithms.is_empty() {
        return None;
    }
    Some(Key {
        id: common.key_id.clone(),
        algorithms,
        decoding: DecodingKey::from_jwk(jwk).ok()?,
    })
}

/// What a key of that sort can check. Nothing for a shared secret: whoever can check with it can
/// sign with it.
fn algorithms(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    match parameters {
        AlgorithmParameters::RSA(rsa)
            if (RSA_MODULUS_CHARS_MIN..=RSA_MODULUS_CHARS_MAX).contains(&rsa.n.len()) =>
        {
            vec![
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ]
        }
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            EllipticCurve::P521 | EllipticCurve::Ed25519 => Vec::new(),
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(pair) => match pair.curve {
            EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
            EllipticCurve::P256 | EllipticCurve::P384 | EllipticCurve::P521 => Vec::new(),
            _ => Vec::new(),
        },
        AlgorithmParameters::RSA(_)
        | AlgorithmParameters::OctetKey(_)
        | AlgorithmParameters::Other(_) => Vec::new(),
        _ => Vec::new(),
    }
}

/// An algorithm as a key names it.
fn named(algorithm: Algorithm) -> Option<KeyAlgorithm> {
    match algorithm {
        Algorithm::RS256 => Some(KeyAlgorithm::RS256),
        Algorithm::RS384 => Some(KeyAlgorithm::RS384),
        Algorithm::RS512 => Some(KeyAlgorithm::RS512),
        Algorithm::PS256 => Some(KeyAlgorithm::PS256),
        Algorithm::PS384 => Some(KeyAlgorithm::PS384),
        Algorithm::PS512 => Some(KeyAlgorithm::PS512),
        Algorithm::ES256 => Some(KeyAlgorithm::ES256),
        Algorithm::ES384 => Some(KeyAlgorithm::ES384),
        Algorithm::EdDSA => Some(KeyAlgorithm::EdDSA),
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => None,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_short_keys_and_other_uses_are_left_out() {
        let ed = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
        for (what, keys) in [
            ("none", String::new()),
            ("a secret", r#"{"kty":"oct","k":"c2VjcmV0"}"#.to_owned()),
            ("for encryption", format!(r#"{{{ed},"use":"enc"}}"#)),
            ("another algorithm", format!(r#"{{{ed},"alg":"RS256"}}"#)),
            ("to sign with", format!(r#"{{{ed},"key_ops":["sign"]}}"#)),
            (
                "a short modulus",
                r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.to_owned(),
            ),
            ("no key at all", r#""x",7,null,{}"#.to_owned()),
        ] {
            let set = format!(r#"{{"keys":[{keys}]}}"#);
            let found = KeySet::from_json(set.as_bytes());
            assert!(matches!(found, Err(KeysError::Empty)), "{what}: {found:?}");
        }
        let both = format!(r#"{{"keys":[{{"kty":"oct","k":"AA"}},{{{ed},"kid":"a"}}],"more":1}}"#);
        assert_eq!(KeySet::from_json(both.as_bytes()).unwrap().0.len(), 1);
        for wrong in ["", "[]", "{}", r#"{"keys":{}}"#] {
            let found = KeySet::from_json(wrong.as_bytes());
            assert!(matches!(found, Err(KeysError::Malformed(_))), "{wrong}");
        }
    }
}
