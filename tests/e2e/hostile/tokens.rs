//! Tokens, challenges and signatures that are not the asker's.

use ed25519_dalek::{Signer, SigningKey};
use yizhan_proto::identity::TokenRequest;
use yizhan_proto::{DeviceId, ProtocolVersion, codec};

use super::liar::{CBOR, Device, agent, code, fault, post};
use super::{Row, Town, row};

pub(super) const ROWS: &[Row] = &[
    row("no token", "token.missing", |town| {
        code(&post(&town.liar.device.url, "/v1/sync", &[CBOR], b"\xa0"))
    }),
    row("an empty token", "token.missing", |town| {
        with_token(town, "Bearer ")
    }),
    row("a token in another scheme", "token.missing", |town| {
        let token = format!("Basic {}", town.liar.device.token);
        with_token(town, &token)
    }),
    row(
        "a token of ninety thousand letters",
        "token.invalid",
        |town| with_token(town, &format!("Bearer {}", "a".repeat(9_000))),
    ),
    row("a token signed by nobody", "token.invalid", |town| {
        let [_, claims, _] = parts(town);
        with_token(town, &format!("Bearer eyJhbGciOiJub25lIn0.{claims}."))
    }),
    row(
        "a token under the public key as a secret",
        "token.invalid",
        |town| {
            let [_, claims, signature] = parts(town);
            let header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
            with_token(town, &format!("Bearer {header}.{claims}.{signature}"))
        },
    ),
    row(
        "somebody else's claims under the own signature",
        "token.invalid",
        |town| {
            let [header, _, signature] = parts(town);
            let theirs = town.victim.device.token.clone();
            let claims = theirs.split('.').nth(1).unwrap_or_default();
            with_token(town, &format!("Bearer {header}.{claims}.{signature}"))
        },
    ),
    row("a token with one letter changed", "token.invalid", |town| {
        let [header, claims, signature] = parts(town);
        let first = if claims.starts_with('e') { "f" } else { "e" };
        with_token(
            town,
            &format!("Bearer {header}.{first}{}.{signature}", &claims[1..]),
        )
    }),
    row(
        "the operator's door with a device's token",
        "token.invalid",
        |town| {
            let bearer = town.liar.device.bearer();
            let answer = agent()
                .get(format!("{}/v1/admin/status", town.liar.device.url))
                .header("authorization", bearer)
                .call();
            let mut answer = answer.expect("an answer");
            let problem: serde_json::Value = answer.body_mut().read_json().expect("a problem");
            problem["code"].as_str().unwrap_or_default().to_owned()
        },
    ),
    row(
        "a token for somebody else's device",
        "signature.invalid",
        |town| {
            let (device, key) = (town.victim.device.id, town.liar.device.key.clone());
            renewed(town, device, &key)
        },
    ),
    row(
        "a token for a device that is nobody's",
        "device.unknown",
        |town| {
            let key = town.liar.device.key.clone();
            renewed(town, DeviceId::from_bytes([77; 16]), &key)
        },
    ),
    row(
        "a challenge of the own making",
        "token.challenge_invalid",
        |town| {
            let key = town.liar.device.key.clone();
            answered(town, town.liar.device.id, &key, vec![7; 24])
        },
    ),
    row(
        "a challenge that is far too long",
        "token.challenge_invalid",
        |town| {
            let key = town.liar.device.key.clone();
            answered(town, town.liar.device.id, &key, vec![7; 10_000])
        },
    ),
];

fn with_token(town: &Town, authorization: &str) -> String {
    let headers = [CBOR, ("authorization", authorization)];
    code(&post(&town.liar.device.url, "/v1/sync", &headers, b"\xa0"))
}

fn parts(town: &Town) -> [String; 3] {
    let parts: Vec<String> = town
        .liar
        .device
        .token
        .split('.')
        .map(str::to_owned)
        .collect();
    parts.try_into().expect("a token has three parts")
}

fn token_request(device: DeviceId, key: &SigningKey, challenge: Vec<u8>) -> Vec<u8> {
    let mut request = TokenRequest {
        version: ProtocolVersion::CURRENT,
        device,
        challenge,
        signature: Vec::new(),
    };
    request.signature = key.sign(&request.signed_bytes()).to_vec();
    codec::encode(&request)
}

fn answered(town: &Town, device: DeviceId, key: &SigningKey, challenge: Vec<u8>) -> String {
    let body = token_request(device, key, challenge);
    code(&post(&town.liar.device.url, "/v1/token", &[CBOR], &body))
}

/// Asks for a challenge, and answers it for that device with that key.
fn renewed(town: &Town, device: DeviceId, key: &SigningKey) -> String {
    let liar: &Device = &town.liar.device;
    let asked = token_request(liar.id, &liar.key, Vec::new());
    let (_, body) = post(&liar.url, "/v1/token", &[CBOR], &asked);
    let challenge = fault(&body).challenge.expect("a challenge");
    answered(town, device, key, challenge)
}
