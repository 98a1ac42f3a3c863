//! Access tokens and challenges. The first byte chooses: a token as it comes in a header; a header
//! and claims of any sort under the relay's own signature; a challenge.

use std::sync::OnceLock;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;
use yizhan_proto::{DeviceId, Epoch, PersonId, Timestamp};
use yizhan_server::auth::Auth;

use super::bytes::{Draw, base64url};
use crate::chance::Chance;
use crate::clock::{BEGINNING, SimClock, TrueTime};

/// A relay's keys, and what it gave one device.
struct Front {
    auth: Auth,
    token: String,
    challenge: Vec<u8>,
    signing: SigningKey,
    epoch: Epoch,
}

fn front() -> &'static Front {
    static FRONT: OnceLock<Front> = OnceLock::new();
    FRONT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let epoch = Epoch::from_bytes([9; 8]);
        let clock = SimClock::new(TrueTime::new(), Chance::new(1));
        let auth = Auth::open(folder.path(), epoch, &*clock).expect("keys");
        let access = auth
            .grant(
                DeviceId::from_bytes([1; 16]),
                PersonId::from_bytes([2; 16]),
                BEGINNING,
            )
            .expect("a token");
        let key = std::fs::read(folder.path().join("token.key")).expect("the key's file");
        let seed = key.last_chunk::<32>().expect("a seed at its end");
        Front {
            auth,
            token: access.token,
            challenge: access.challenge,
            signing: SigningKey::from_bytes(seed),
            epoch,
        }
    })
}

/// A token opens the relay only if it is one that the relay gave; and of what the relay signed,
/// only what it would have signed as a token of its own.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let front = front();
    let mut draw = Draw(bytes);
    match draw.byte() % 4 {
        0 => check_token(front, &String::from_utf8_lossy(draw.0)),
        1 => {
            let parts = |at: usize| draw.0.split(|byte| *byte == b'\n').nth(at);
            let header = parts(0).unwrap_or_default();
            let claims = parts(1).unwrap_or_default();
            check_signed(front, header, claims);
        }
        2 => {
            let taken = front.auth.check_challenge(draw.0, BEGINNING).is_ok();
            assert_eq!(
                taken,
                draw.0 == front.challenge,
                "a challenge of the relay's own"
            );
        }
        _ => {
            let mut changed = front.token.clone().into_bytes();
            while !draw.is_empty() {
                let at = usize::from(draw.word()) % changed.len();
                changed[at] ^= draw.byte();
            }
            check_token(front, &String::from_utf8_lossy(&changed));
        }
    }
}

fn check_token(front: &Front, token: &str) {
    let opened = front.auth.claims(token, BEGINNING).is_ok();
    assert_eq!(opened, token == front.token, "{token}");
    let ended = Timestamp::from_ms(i64::MAX);
    assert!(front.auth.claims(token, ended).is_err(), "no token lasts");
}

fn check_signed(front: &Front, header: &[u8], claims: &[u8]) {
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = front.signing.sign(signed.as_bytes()).to_bytes();
    let token = format!("{signed}.{}", base64url(&signature));
    let Ok(found) = front.auth.claims(&token, BEGINNING) else {
        return;
    };
    let header: Value = serde_json::from_slice(header).expect("a header");
    let claims: Value = serde_json::from_slice(claims).expect("claims");
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(claims["iss"], front.epoch.to_string());
    assert!(found.expires_at > BEGINNING);
    let exp = claims["exp"].as_i64().expect("an end");
    assert_eq!(found.expires_at.as_ms(), exp * 1_000);
    let text = |claim: &str| claims[claim].as_str().unwrap_or_default().to_lowercase();
    assert_eq!(text("dev").parse(), Ok(found.device));
    assert_eq!(text("sub").parse(), Ok(found.person));
}

/// A genuine token, and headers and claims that were good or bad somewhere.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let front = front();
    let claims = format!(
        r#"{{"iss":"{}","sub":"{}","dev":"{}","iat":1793577600,"exp":1793578500}}"#,
        front.epoch,
        PersonId::from_bytes([2; 16]),
        DeviceId::from_bytes([1; 16]),
    );
    let mut seeds = vec![
        (
            "genuine".to_owned(),
            [&[0][..], front.token.as_bytes()].concat(),
        ),
        (
            "challenge".to_owned(),
            [&[2][..], &front.challenge].concat(),
        ),
        ("one-flip".to_owned(), vec![3, 200, 0, 1]),
    ];
    for (name, header) in [
        ("signed", r#"{"typ":"JWT","alg":"EdDSA"}"#),
        ("signed-none", r#"{"alg":"none"}"#),
        ("signed-hs256", r#"{"alg":"HS256","typ":"JWT"}"#),
        (
            "signed-key",
            r#"{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}}"#,
        ),
        (
            "signed-crit",
            r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#,
        ),
    ] {
        let bytes = [&[1][..], header.as_bytes(), b"\n", claims.as_bytes()].concat();
        seeds.push((name.to_owned(), bytes));
    }
    for (name, claims) in [
        (
            "claims-exp-max",
            claims.replace("1793578500", "9223372036854775807"),
        ),
        ("claims-exp-float", claims.replace("1793578500", "1.8e9")),
        (
            "claims-exp-text",
            claims.replace("1793578500", "\"1793578500\""),
        ),
        (
            "claims-twice",
            claims.replace("\"iat\"", "\"exp\":1,\"iat\""),
        ),
        (
            "claims-iss-list",
            claims.replace(
                &format!("\"{}\"", front.epoch),
                &format!("[\"{}\"]", front.epoch),
            ),
        ),
    ] {
        let header = r#"{"typ":"JWT","alg":"EdDSA"}"#;
        let bytes = [&[1][..], header.as_bytes(), b"\n", claims.as_bytes()].concat();
        seeds.push((name.to_owned(), bytes));
    }
    seeds
}
