//! Tokens of a provider that a test plays: its keys in a file, or served on loopback.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use yizhan_proto::Timestamp;

use super::*;
use crate::clock::NoRandomness;

const ISSUER: &str = "https://id.example.org";
const NOW_S: i64 = 1_795_000_000;

/// A clock that a test moves.
#[derive(Debug)]
struct Held(AtomicI64);

impl Held {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW_S * 1_000)))
    }

    fn pass_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Clock for Held {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::Relaxed))
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(1);
        Ok(())
    }
}

/// A key of the provider's.
struct Signer {
    algorithm: Algorithm,
    key: EncodingKey,
    id: &'static str,
}

impl Signer {
    fn rsa(id: &'static str) -> Self {
        Self {
            algorithm: Algorithm::RS256,
            key: EncodingKey::from_rsa_der(include_bytes!("tests/rsa.der")),
            id,
        }
    }

    fn p256(id: &'static str) -> Self {
        Self {
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_der(include_bytes!("tests/p256.der")),
            id,
        }
    }

    fn ed25519(id: &'static str, seed: u8) -> Self {
        // PKCS#8 version 1 of an Ed25519 key (RFC 8410).
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend_from_slice(&[seed; 32]);
        Self {
            algorithm: Algorithm::EdDSA,
            key: EncodingKey::from_ed_der(&der),
            id,
        }
    }

    fn public(&self) -> Value {
        let mut jwk = if self.algorithm == Algorithm::EdDSA {
            let seed: [u8; 32] = self.key.as_bytes()[16..].try_into().unwrap();
            let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
            json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(public.as_bytes())})
        } else {
            let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
            serde_json::to_value(jwk).unwrap()
        };
        jwk["kid"] = self.id.into();
        jwk["use"] = "sig".into();
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.to_owned());
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for place in 0..=chunk.len() {
            let six = (group >> (18 - 6 * place)) & 0x3f;
            text.push(char::from(ALPHABET[six as usize]));
        }
    }
    text
}

fn set(signers: &[&Signer]) -> String {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.public()).collect();
    json!({ "keys": keys }).to_string()
}

fn claims(changes: &[(&str, Value)]) -> Value {
    let mut claims = json!({
        "iss": ISSUER,
        "aud": "yizhan",
        "sub": "李-8f2c1d",
        "iat": NOW_S,
        "exp": NOW_S + 600,
        "tenant": "trucks",
        "groups": ["drivers", "北京"],
    });
    for (claim, value) in changes {
        claims[*claim] = value.clone();
    }
    claims
}

fn config(folder: &Path, place: (&str, &str)) -> OutsideConfig {
    let mut file = json!({
        "issuer": ISSUER,
        "audience": ["yizhan", "yizhan-test"],
        "algorithms": ["RS256", "ES256", "EdDSA"],
        "required_claims": {"tenant": "trucks", "groups": "drivers"},
    });
    file[place.0] = place.1.into();
    OutsideConfig::from_json(&file.to_string(), folder).unwrap()
}

/// A provider whose keys lie in a file.
struct Provider {
    outside: Arc<Outside>,
    clock: Arc<Held>,
    folder: tempfile::TempDir,
}

fn provider(signers: &[&Signer]) -> Provider {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.json"), set(signers)).unwrap();
    let clock = Held::new();
    let outside = Outside::new(
        config(folder.path(), ("jwks_file", "keys.json")),
        Arc::clone(&clock) as _,
    );
    outside.load().unwrap();
    Provider {
        outside,
        clock,
        folder,
    }
}

impl Provider {
    async fn refused(&self, token: &str) -> OutsideTokenError {
        match self.outside.bearer(token).await {
            Err(OutsideError::Token(error)) => error,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_good_token_of_each_sort_names_its_bearer() {
    let signers = [Signer::rsa("a"), Signer::p256("b"), Signer::ed25519("c", 3)];
    let provider = provider(&signers.each_ref());
    for signer in &signers {
        let token = signer.sign(&claims(&[]));
        let bearer = provider.outside.bearer(&token).await.unwrap();
        assert_eq!(bearer.subject, "李-8f2c1d");
        assert_eq!(bearer.issuer, ISSUER);
        assert_eq!(bearer.expires_at.as_ms(), (NOW_S + 660) * 1_000);
    }
    let several = signers[0].sign(&claims(&[("aud", json!(["other", "yizhan-test"]))]));
    provider.outside.bearer(&several).await.unwrap();
}

#[tokio::test]
async fn every_claim_is_looked_at() {
    let signer = Signer::rsa("a");
    let provider = provider(&[&signer]);
    let claim = |name: &str| OutsideTokenError::Claim(name.to_owned());
    for (change, value, expected) in [
        ("iss", json!("https://id.example.org/"), claim("iss")),
        ("iss", json!("https://evil.example"), claim("iss")),
        ("iss", json!([ISSUER]), claim("iss")),
        ("iss", Value::Null, claim("iss")),
        ("aud", json!("another"), claim("aud")),
        ("aud", json!(["another"]), claim("aud")),
        ("aud", json!([]), claim("aud")),
        ("aud", Value::Null, claim("aud")),
        ("exp", Value::Null, claim("exp")),
        ("exp", json!("tomorrow"), claim("exp")),
        ("exp", json!(NOW_S + 25 * 60 * 60), claim("exp")),
        ("exp", json!(i64::MAX), claim("exp")),
        ("exp", json!(NOW_S - 60), OutsideTokenError::Expired),
        ("exp", json!(i64::MIN), OutsideTokenError::Expired),
        ("nbf", json!(NOW_S + 61), OutsideTokenError::NotYet),
        ("iat", json!(NOW_S + 61), OutsideTokenError::NotYet),
        ("tenant", json!("ships"), claim("tenant")),
        ("tenant", Value::Null, claim("tenant")),
        ("groups", json!(["driver"]), claim("groups")),
        ("sub", json!(""), claim("sub")),
        ("sub", json!(7), claim("sub")),
        ("sub", json!("x".repeat(257)), claim("sub")),
    ] {
        let token = signer.sign(&claims(&[(change, value.clone())]));
        assert_eq!(provider.refused(&token).await, expected, "{change} {value}");
    }
    // The provider's clock may be a minute off.
    for (change, value) in [
        ("exp", NOW_S - 59),
        ("nbf", NOW_S + 60),
        ("iat", NOW_S + 60),
    ] {
        let token = signer.sign(&claims(&[(change, value.into())]));
        provider.outside.bearer(&token).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_but_the_provider_can_sign() {
    let signer = Signer::rsa("a");
    let provider = provider(&[&signer]);
    let good = signer.sign(&claims(&[]));
    let (head_and_body, signature) = good.rsplit_once('.').unwrap();
    let body = head_and_body.split_once('.').unwrap().1;
    let head = |text: &str| base64url(text.as_bytes());
    // The public key as the secret of a shared-secret signature, and no signature at all.
    let public = signer.public()["n"].as_str().unwrap().to_owned();
    let mut shared = Header::new(Algorithm::HS256);
    shared.kid = Some("a".to_owned());
    let confused = jsonwebtoken::encode(
        &shared,
        &claims(&[]),
        &EncodingKey::from_secret(public.as_bytes()),
    )
    .unwrap();
    assert_eq!(
        provider.refused(&confused).await,
        OutsideTokenError::Algorithm
    );
    let named = |text: &str| format!("{}.{body}.{signature}", head(text));
    for (token, expected) in [
        (
            format!("{}.{body}.", head(r#"{"alg":"none","kid":"a"}"#)),
            OutsideTokenError::Malformed,
        ),
        (
            named(r#"{"alg":"RS512","kid":"a"}"#),
            OutsideTokenError::Algorithm,
        ),
        // A key of another sort under the name of this one.
        (
            named(r#"{"alg":"EdDSA","kid":"a"}"#),
            OutsideTokenError::UnknownKey,
        ),
        (
            named(r#"{"alg":"RS256","kid":"../../a"}"#),
            OutsideTokenError::UnknownKey,
        ),
        (
            named(r#"{"alg":"RS256","kid":"a\u0000"}"#),
            OutsideTokenError::UnknownKey,
        ),
        (
            named(r#"{"alg":"RS256","kid":"a","crit":["b"],"b":1}"#),
            OutsideTokenError::Head,
        ),
        (
            named(r#"{"alg":"RS256","kid":"a","jku":"http://127.0.0.1:1/"}"#),
            OutsideTokenError::Signature,
        ),
        (
            named(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257))),
            OutsideTokenError::Head,
        ),
        (format!("{head_and_body}."), OutsideTokenError::Signature),
        (
            format!("{head_and_body}x.{signature}"),
            OutsideTokenError::Signature,
        ),
        (String::new(), OutsideTokenError::Malformed),
        ("站.站.站".to_owned(), OutsideTokenError::Malformed),
        (
            "a".repeat(8 * 1024 + 1),
            OutsideTokenError::TooLong(8 * 1024 + 1),
        ),
    ] {
        assert_eq!(provider.refused(&token).await, expected, "{token}");
    }
}

#[tokio::test]
async fn somebody_else_who_uses_the_providers_name_cannot_sign() {
    let provider = provider(&[&Signer::rsa("a")]);
    let other = Signer::ed25519("a", 9);
    assert_eq!(
        provider.refused(&other.sign(&claims(&[]))).await,
        OutsideTokenError::UnknownKey
    );
}

#[tokio::test]
async fn a_new_key_in_the_file_is_found_and_one_taken_away_is_not_believed() {
    let (old, new) = (Signer::ed25519("old", 1), Signer::ed25519("new", 2));
    let provider = provider(&[&old]);
    let file = provider.folder.path().join("keys.json");
    let [by_old, by_new] = [&old, &new].map(|signer| signer.sign(&claims(&[])));
    provider.clock.pass_s(2);
    assert_eq!(
        provider.refused(&by_new).await,
        OutsideTokenError::UnknownKey
    );
    std::fs::write(&file, set(&[&old, &new])).unwrap();
    provider.clock.pass_s(2);
    provider.outside.bearer(&by_new).await.unwrap();
    provider.outside.bearer(&by_old).await.unwrap();
    // A file that is damaged, or gone, leaves what was known.
    std::fs::write(&file, "{").unwrap();
    provider.clock.pass_s(2);
    assert_eq!(
        provider
            .refused(&Signer::ed25519("third", 3).sign(&claims(&[])))
            .await,
        OutsideTokenError::UnknownKey
    );
    provider.outside.bearer(&by_old).await.unwrap();
    // The provider no longer publishes the old key: known or not, it is asked now and then.
    std::fs::write(&file, set(&[&new])).unwrap();
    provider.clock.pass_s(61);
    while provider.outside.bearer(&by_old).await.is_ok() {
        tokio::task::yield_now().await;
    }
    provider.outside.bearer(&by_new).await.unwrap();
}

/// Keys at a URL on loopback; how often they were asked for.
fn served(answers: Vec<String>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = Vec::new();
            let mut piece = [0; 512];
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut piece).unwrap();
                request.extend_from_slice(&piece[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, asked)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn at(url: &str) -> (Arc<Outside>, Arc<Held>) {
    let clock = Held::new();
    let config = config(Path::new(""), ("jwks_url", url));
    (Outside::new(config, Arc::clone(&clock) as _), clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_changes_its_key_is_asked_once_a_minute_whatever_is_claimed() {
    let (old, new) = (Signer::ed25519("old", 1), Signer::ed25519("new", 2));
    let (url, asked) = served(vec![
        ok(&set(&[&old])),
        ok(&set(&[&old])),
        ok(&set(&[&new, &old])),
    ]);
    let (outside, clock) = at(&url);
    let first = Arc::clone(&outside);
    tokio::task::spawn_blocking(move || first.load().unwrap())
        .await
        .unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let storm: Vec<String> = (0..200_u8)
        .map(|number| Signer::ed25519("nobody", number).sign(&claims(&[])))
        .collect();
    for minute in 1..=2 {
        clock.pass_s(60);
        let mut tasks = tokio::task::JoinSet::new();
        for token in storm.clone() {
            let outside = Arc::clone(&outside);
            tasks.spawn(async move { outside.bearer(&token).await.is_err() });
        }
        while let Some(refused) = tasks.join_next().await {
            assert!(refused.unwrap());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1 + minute);
    }
    for signer in [&old, &new] {
        let token = signer.sign(&claims(&[]));
        outside.bearer(&token).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_leaves_the_keys_that_were() {
    let signer = Signer::ed25519("a", 1);
    let huge = format!(r#"{{"keys":[],"more":"{}"}}"#, "x".repeat(300 * 1024));
    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (url, asked) = served(vec![
        ok(&set(&[&signer])),
        ok(r#"{"keys":[]}"#),
        ok(&huge),
        elsewhere.to_owned(),
        "HTTP/1.1 500 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
    ]);
    let (outside, clock) = at(&url);
    let first = Arc::clone(&outside);
    tokio::task::spawn_blocking(move || first.load().unwrap())
        .await
        .unwrap();
    let good = signer.sign(&claims(&[]));
    let unknown = Signer::ed25519("b", 2).sign(&claims(&[]));
    for failure in 1..=5 {
        clock.pass_s(61);
        assert!(outside.bearer(&unknown).await.is_err());
        assert_eq!(asked.load(Ordering::SeqCst), 1 + failure);
        assert!(outside.bearer(&good).await.is_ok(), "failure {failure}");
    }
}

#[test]
fn a_key_file_that_is_not_there_is_named() {
    let clock = Held::new();
    let config = config(Path::new("nowhere"), ("jwks_file", "keys.json"));
    let error = Outside::new(config, clock as _).load().unwrap_err();
    assert!(error.to_string().contains("keys.json"), "{error}");
}
