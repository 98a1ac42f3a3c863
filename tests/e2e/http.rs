//! Bytes from strangers: each gets the fault it deserves, and the relay goes on serving others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use yizhan_proto::codec::decode;
use yizhan_proto::limits::{
    REQUEST_BYTES_MAX, REQUEST_COMPRESSED_BYTES_MAX, SMALL_REQUEST_BYTES_MAX,
};
use yizhan_proto::{Fault, FaultCode};
use yizhan_tests::process::RelayProcess;

use crate::relay_with_network;

fn post(relay: &RelayProcess, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Vec<u8>) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let mut request = agent.post(format!("{}{path}", relay.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send(body).expect("the relay answers");
    let status = response.status().as_u16();
    (status, response.body_mut().read_to_vec().expect("a body"))
}

fn fault(body: &[u8]) -> Fault {
    decode(body, SMALL_REQUEST_BYTES_MAX)
        .unwrap_or_else(|e| panic!("not a fault ({e}): {body:02x?}"))
}

const CBOR: (&str, &str) = ("content-type", "application/cbor");

#[test]
fn each_malformed_request_gets_its_fault_and_others_are_served() {
    let (relay, _data) = relay_with_network();
    let large = vec![0_u8; REQUEST_COMPRESSED_BYTES_MAX + 1];
    let nested = vec![0x81_u8; 10_000];
    let cases: [(&str, &str, &[u8], FaultCode); 7] = [
        ("no token", "/v1/sync", b"\xa0", FaultCode::TokenMissing),
        ("not CBOR", "/v1/pair", b"hello", FaultCode::Malformed),
        ("empty", "/v1/pair", b"", FaultCode::Malformed),
        ("cut", "/v1/token", b"\xa1", FaultCode::Malformed),
        ("nested", "/v1/register", &nested, FaultCode::Malformed),
        ("large", "/v1/pair", &large, FaultCode::TooLarge),
        ("nowhere", "/v1/nothing", b"", FaultCode::NotFound),
    ];
    for (name, path, body, expected) in cases {
        let (status, answer) = post(&relay, path, &[CBOR], body);
        assert_eq!(status, expected.status(), "{name}: {answer:02x?}");
        if path != "/v1/nothing" {
            let fault = fault(&answer);
            assert_eq!(fault.code, expected, "{name}");
            assert!(!fault.message.is_empty(), "{name}");
        }
    }
    let (status, _) = post(
        &relay,
        "/v1/pair",
        &[("content-type", "text/html")],
        b"\xa0",
    );
    assert_eq!(status, FaultCode::UnsupportedMedia.status());
    assert_eq!(relay.admin(&["status"]).code, 0);
}

#[test]
fn a_forged_token_is_refused_before_the_body_is_read() {
    let (relay, _data) = relay_with_network();
    for token in [
        "",
        "x",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        &"a".repeat(7_000),
    ] {
        let bearer = format!("Bearer {token}");
        let (status, answer) = post(
            &relay,
            "/v1/sync",
            &[CBOR, ("authorization", &bearer)],
            b"\xa0",
        );
        assert_eq!(status, 401, "{token}");
        let fault = fault(&answer);
        assert!(
            matches!(
                fault.code,
                FaultCode::TokenInvalid | FaultCode::TokenMissing
            ),
            "{fault:?}"
        );
        assert!(fault.challenge.is_some(), "a phone can renew from here");
    }
}

#[test]
fn a_decompression_bomb_is_bounded() {
    let (relay, _data) = relay_with_network();
    let bomb = zstd_zeros(REQUEST_BYTES_MAX * 8);
    assert!(
        bomb.len() < REQUEST_COMPRESSED_BYTES_MAX / 8,
        "a bomb is small: {}",
        bomb.len()
    );
    let (status, answer) = post(
        &relay,
        "/v1/pair",
        &[CBOR, ("content-encoding", "zstd")],
        &bomb,
    );
    assert_eq!(status, 413, "{answer:02x?}");
    assert_eq!(fault(&answer).code, FaultCode::TooLarge);
    let (status, _) = post(
        &relay,
        "/v1/pair",
        &[CBOR, ("content-encoding", "zstd")],
        b"not zstd at all",
    );
    assert_eq!(status, 400);
    assert_eq!(relay.admin(&["status"]).code, 0);
}

/// A zstd frame of so many zeros, from blocks of repeated bytes: magic, a frame header with a window
/// of 8 MiB, then RLE blocks of 128 KiB.
fn zstd_zeros(bytes: usize) -> Vec<u8> {
    const BLOCK: usize = 128 * 1024;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    let blocks = bytes / BLOCK;
    for block in 0..blocks {
        let last = u32::from(block + 1 == blocks);
        let header = (u32::try_from(BLOCK).expect("it fits") << 3) | (1 << 1) | last;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

#[test]
fn what_is_not_http_is_dropped_and_others_are_served() {
    let (relay, _data) = relay_with_network();
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        &[b'A'; 100_000],
    ] {
        let mut stream = TcpStream::connect(relay.address()).expect("it listens");
        // The relay may close while we still write: that is its right.
        let _ = stream.write_all(noise);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(
            !answer.starts_with(b"HTTP/1.1 200"),
            "{:?}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(relay.admin(&["status"]).code, 0);
}

#[test]
fn the_admin_routes_need_the_key_and_say_why_in_a_problem_document() {
    let (relay, _data) = relay_with_network();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let mut response = agent
        .get(format!("{}/v1/admin/status", relay.url()))
        .call()
        .expect("an answer");
    assert_eq!(response.status().as_u16(), 401);
    let kind = response.headers()["content-type"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(kind.starts_with("application/problem+json"), "{kind}");
    let problem: serde_json::Value = response.body_mut().read_json().expect("JSON");
    assert_eq!(problem["code"], FaultCode::TokenMissing.as_str());

    let mut openapi = agent
        .get(format!("{}/v1/openapi.json", relay.url()))
        .call()
        .expect("an answer");
    let openapi: serde_json::Value = openapi.body_mut().read_json().expect("JSON");
    assert!(
        openapi["paths"]
            .as_object()
            .is_some_and(|paths| paths.len() >= 8),
        "{openapi}"
    );
    for path in ["/healthz", "/readyz"] {
        let response = agent
            .get(format!("{}{path}", relay.url()))
            .call()
            .expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "{path}");
    }
}
