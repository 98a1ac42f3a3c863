//! What the operator's file says of the identity provider. Nothing is guessed: what is not there is
//! an error, and what is not understood is one, too.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::Value;
use yizhan_proto::limits::LABEL_BYTES_MAX;

use super::source::Source;

/// Milliseconds between two readings of a URL.
const URL_COOLDOWN_MS: u64 = 60 * 1000;
/// Milliseconds after which a URL is read again though every key is known.
const URL_AGE_MS_MAX: u64 = 60 * 60 * 1000;
/// Milliseconds between two readings of a file.
const FILE_COOLDOWN_MS: u64 = 1000;
/// Milliseconds after which a file is read again though every key is known.
const FILE_AGE_MS_MAX: u64 = 60 * 1000;
/// Claims that may be required.
const CLAIMS_MAX: usize = 16;

/// The file, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    issuer: String,
    audience: Vec<String>,
    algorithms: Vec<String>,
    #[serde(default)]
    jwks_url: Option<String>,
    #[serde(default)]
    jwks_file: Option<PathBuf>,
    #[serde(default = "subject")]
    subject_claim: String,
    #[serde(default)]
    required_claims: BTreeMap<String, Value>,
}

fn subject() -> String {
    "sub".to_owned()
}

/// The file is not acceptable.
#[derive(Debug, thiserror::Error)]
pub enum OutsideConfigError {
    /// Not the JSON it should be.
    #[error("the identity provider's file cannot be read; its fields are in docs/OPERATIONS.md")]
    Malformed(#[source] serde_json::Error),
    /// A field says what it may not.
    #[error("{field}: {problem}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong, and what to do.
        problem: String,
    },
}

fn wrong(field: &'static str, problem: impl Into<String>) -> OutsideConfigError {
    OutsideConfigError::Field {
        field,
        problem: problem.into(),
    }
}

/// What is known of an identity provider.
#[derive(Debug, Clone)]
pub struct OutsideConfig {
    pub(super) issuer: String,
    pub(super) audience: Vec<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) subject_claim: String,
    pub(super) required_claims: BTreeMap<String, Value>,
    source: Source,
}

impl OutsideConfig {
    /// Reads a file's text. A relative `jwks_file` lies beside the file, in `folder`.
    ///
    /// # Errors
    /// [`OutsideConfigError`] names the field and what to do.
    pub fn from_json(text: &str, folder: &Path) -> Result<Self, OutsideConfigError> {
        let file: File = serde_json::from_str(text).map_err(OutsideConfigError::Malformed)?;
        let is_word = |text: &String| (1..=LABEL_BYTES_MAX).contains(&text.len());
        if !is_word(&file.issuer) {
            return Err(wrong("issuer", "must be there, up to 256 bytes"));
        }
        if file.audience.is_empty() || !file.audience.iter().all(is_word) {
            return Err(wrong(
                "audience",
                "must name this relay as the provider does, at least once",
            ));
        }
        if !is_word(&file.subject_claim) {
            return Err(wrong("subject_claim", "must be the name of a claim"));
        }
        if file.required_claims.len() > CLAIMS_MAX {
            return Err(wrong("required_claims", "names more than 16 claims"));
        }
        let is_plain =
            |value: &Value| matches!(value, Value::String(_) | Value::Bool(_) | Value::Number(_));
        if !file.required_claims.values().all(is_plain) {
            return Err(wrong(
                "required_claims",
                "each value must be a text, a number, true or false",
            ));
        }
        let source = match (file.jwks_url, file.jwks_file) {
            (Some(url), None) => Source::Url(key_url(url)?),
            (None, Some(path)) => Source::File(folder.join(path)),
            (None, None) | (Some(_), Some(_)) => {
                return Err(wrong(
                    "jwks_url",
                    "give either jwks_url or jwks_file, and not both",
                ));
            }
        };
        Ok(Self {
            algorithms: algorithms(&file.algorithms)?,
            issuer: file.issuer,
            audience: file.audience,
            subject_claim: file.subject_claim,
            required_claims: file.required_claims,
            source,
        })
    }

    /// The provider, as it calls itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether its keys lie in a file, which is there or not.
    #[must_use]
    pub fn has_key_file(&self) -> bool {
        matches!(self.source, Source::File(_))
    }

    pub(super) const fn source(&self) -> &Source {
        &self.source
    }

    pub(super) const fn cooldown_ms(&self) -> u64 {
        match self.source {
            Source::Url(_) => URL_COOLDOWN_MS,
            Source::File(_) => FILE_COOLDOWN_MS,
        }
    }

    pub(super) const fn age_ms_max(&self) -> u64 {
        match self.source {
            Source::Url(_) => URL_AGE_MS_MAX,
            Source::File(_) => FILE_AGE_MS_MAX,
        }
    }
}

/// Signatures that only the provider can make: none with a shared secret, and not none at all.
fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, OutsideConfigError> {
    let mut algorithms = Vec::new();
    for name in names {
        algorithms.push(match name.as_str() {
            "RS256" => Algorithm::RS256,
            "RS384" => Algorithm::RS384,
            "RS512" => Algorithm::RS512,
            "PS256" => Algorithm::PS256,
            "PS384" => Algorithm::PS384,
            "PS512" => Algorithm::PS512,
            "ES256" => Algorithm::ES256,
            "ES384" => Algorithm::ES384,
            "EdDSA" => Algorithm::EdDSA,
            other => {
                let other: String = other.chars().take(32).collect();
                return Err(wrong(
                    "algorithms",
                    format!(
                        "{other} is not taken; RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA are"
                    ),
                ));
            }
        });
    }
    if algorithms.is_empty() {
        return Err(wrong(
            "algorithms",
            "must name those that the provider signs with, RS256 say",
        ));
    }
    Ok(algorithms)
}

/// A URL that nobody between here and there can answer for: https, or http on this machine.
fn key_url(url: String) -> Result<String, OutsideConfigError> {
    let parsed: ureq::http::Uri = url
        .parse()
        .map_err(|_| wrong("jwks_url", "is not a URL; try https://id.example.org/jwks"))?;
    let host = parsed.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = bare
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    let is_safe = match parsed.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here,
        Some(_) | None => false,
    };
    if !is_safe {
        return Err(wrong(
            "jwks_url",
            "must begin with https:// (http:// only for an address of this machine, 127.0.0.1 say)",
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, Value)]) -> Result<OutsideConfig, OutsideConfigError> {
        let mut file = serde_json::json!({
            "issuer": "https://id.example.org",
            "audience": ["yizhan"],
            "algorithms": ["RS256", "EdDSA"],
            "jwks_url": "https://id.example.org/jwks",
        });
        for (field, value) in changes {
            file[*field] = value.clone();
        }
        OutsideConfig::from_json(&file.to_string(), Path::new("folder"))
    }

    #[test]
    fn a_file_is_read_and_its_keys_lie_beside_it() {
        let config = read(&[]).unwrap();
        assert_eq!(config.subject_claim, "sub");
        assert!(!config.has_key_file());
        let config = read(&[("jwks_url", Value::Null), ("jwks_file", "keys.json".into())]).unwrap();
        assert!(
            matches!(&config.source, Source::File(path) if *path == Path::new("folder").join("keys.json"))
        );
        for here in ["http://127.0.0.1:9/jwks", "http://[::1]:9/jwks"] {
            assert!(read(&[("jwks_url", here.into())]).is_ok(), "{here}");
        }
    }

    #[test]
    fn what_is_not_safe_or_not_understood_is_named() {
        for (field, value) in [
            ("issuer", "".into()),
            ("audience", Value::Array(Vec::new())),
            ("algorithms", Value::Array(Vec::new())),
            ("algorithms", vec!["HS256"].into()),
            ("algorithms", vec!["none"].into()),
            ("algorithms", vec!["RS256", "hs512"].into()),
            ("jwks_url", "http://id.example.org/jwks".into()),
            ("jwks_url", "http://localhost/jwks".into()),
            ("jwks_url", "file:///etc/passwd".into()),
            ("jwks_url", Value::Null),
            ("subject_claim", "".into()),
            ("required_claims", serde_json::json!({"a": {"b": 1}})),
        ] {
            let error = read(&[(field, value.clone())]).unwrap_err();
            assert!(error.to_string().starts_with(field), "{value}: {error}");
        }
        for (field, value) in [("issuers", "x".into()), ("algorithms", "RS256".into())] {
            let error = read(&[(field, value)]).unwrap_err();
            assert!(matches!(error, OutsideConfigError::Malformed(_)), "{error}");
        }
    }
}
