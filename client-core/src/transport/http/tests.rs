//! The transport against a server that answers what each test wants, on loopback.

mod watching;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use yizhan_proto::identity::TokenRequest;
use yizhan_proto::sync::Push;
use yizhan_proto::version::ProtocolVersion;
use yizhan_proto::{Cursor, DeviceId, DocumentId, Epoch, Kind, Timestamp};

use super::*;

/// One request as it arrived.
struct Arrived {
    /// First line and headers, in small letters.
    head: String,
    body: Vec<u8>,
}

/// A server for one connection: reads one request, answers these bytes, closes.
fn serve(answer: Vec<u8>) -> (RelayUrl, JoinHandle<Arrived>) {
    serve_then(move |stream| {
        // The client may have heard enough before the end.
        let _ = stream.write_all(&answer);
    })
}

fn serve_then(
    answer: impl FnOnce(&mut TcpStream) + Send + 'static,
) -> (RelayUrl, JoinHandle<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        let head = head.to_ascii_lowercase();
        let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        answer(&mut stream);
        Arrived { head, body }
    });
    (url.parse().unwrap(), served)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut bytes = format!("{bytes}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn request(push_bytes: usize) -> SyncRequest {
    let pushes = (push_bytes > 0).then(|| Push {
        document: DocumentId::from_bytes([1; 16]),
        kind: Kind::Visit,
        change: vec![7; push_bytes],
    });
    SyncRequest {
        version: ProtocolVersion::CURRENT,
        epoch: None,
        device_time: Timestamp::default(),
        identity_version: 1,
        summary: None,
        scopes: Vec::new(),
        pushes: pushes.into_iter().collect(),
        page_bytes_max: 0,
        forgotten: Vec::new(),
        repairs: Vec::new(),
        fetches: Vec::new(),
        decided: None,
        left: Vec::new(),
    }
}

fn response() -> SyncResponse {
    SyncResponse {
        version: ProtocolVersion::CURRENT,
        epoch: Epoch::from_bytes([1; 8]),
        relay_time: Timestamp::default(),
        head: Cursor::new(7),
        receipts: Vec::new(),
        pages: Vec::new(),
        identity: None,
        repairs: Vec::new(),
        fetched: Vec::new(),
        next_sync_ms: None,
        decisions: None,
    }
}

const CBOR: (&str, &str) = ("content-type", MEDIA_TYPE);

fn sync(relay: RelayUrl) -> Result<SyncResponse, TransportError> {
    HttpTransport::new(relay).sync("a-token", &request(0))
}

#[test]
fn a_request_carries_what_the_relay_needs() {
    for (push_bytes, encoding) in [(0, None), (10_000, Some("zstd"))] {
        let (relay, served) = serve(answer("200 OK", &[CBOR], &codec::encode(&response())));
        let request = request(push_bytes);
        let answered = HttpTransport::new(relay).sync("a-token", &request).unwrap();
        assert_eq!(answered, response());
        let arrived = served.join().unwrap();
        assert!(
            arrived.head.starts_with("post /v1/sync http/1.1"),
            "{}",
            arrived.head
        );
        assert_eq!(
            header(&arrived.head, "authorization"),
            Some("bearer a-token")
        );
        assert_eq!(header(&arrived.head, "content-type"), Some(MEDIA_TYPE));
        assert_eq!(header(&arrived.head, "accept-encoding"), Some("zstd, gzip"));
        assert_eq!(header(&arrived.head, "content-encoding"), encoding);
        let body = match encoding {
            Some(_) => zstd::stream::decode_all(&arrived.body[..]).unwrap(),
            None => arrived.body,
        };
        assert_eq!(body, codec::encode(&request));
    }
}

#[test]
fn nothing_new_stays_small() {
    assert!(codec::encode(&request(0)).len() + codec::encode(&response()).len() < 200);
}

#[test]
fn answers_are_decompressed() {
    let plain = codec::encode(&response());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    for (encoding, body) in [
        ("zstd", zstd::bulk::compress(&plain, 3).unwrap()),
        ("gzip", gzip.finish().unwrap()),
        ("identity", plain.clone()),
    ] {
        let headers = [CBOR, ("content-encoding", encoding)];
        let (relay, served) = serve(answer("200 OK", &headers, &body));
        assert_eq!(sync(relay).unwrap(), response(), "{encoding}");
        served.join().unwrap();
    }
}

#[test]
fn bombs_are_bounded() {
    let huge = vec![0_u8; RESPONSE_BYTES_MAX + 1];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&huge).unwrap();
    for (encoding, body) in [
        ("zstd", zstd::bulk::compress(&huge, 3).unwrap()),
        ("gzip", gzip.finish().unwrap()),
    ] {
        assert!(body.len() < 200_000, "{encoding} is a bomb");
        let headers = [CBOR, ("content-encoding", encoding)];
        let (relay, served) = serve(answer("200 OK", &headers, &body));
        let error = sync(relay).unwrap_err();
        assert!(error.to_string().contains("larger than"), "{error}");
        served.join().unwrap();
    }
}

#[test]
fn a_fault_is_read_with_all_it_says() {
    let fault = Fault::new(FaultCode::TokenExpired, "Renew it.")
        .retry_after_ms(5)
        .challenge(vec![1, 2, 3]);
    let (relay, served) = serve(answer("401 Unauthorized", &[CBOR], &codec::encode(&fault)));
    let Err(TransportError::Fault(read)) = sync(relay) else {
        panic!("no fault");
    };
    assert_eq!(*read, fault);
    served.join().unwrap();
}

#[test]
fn what_is_not_the_relay_is_named() {
    let page = b"<html>sign in</html>";
    let html = ("content-type", "text/html; charset=utf-8");
    let good = codec::encode(&response());
    for (bytes, words) in [
        (answer("200 OK", &[html], page), "sign-in page"),
        (answer("200 OK", &[], page), "does not say what it sent"),
        (
            answer("200 OK", &[("content-type", "image/png")], page),
            "image/png",
        ),
        (
            answer("302 Found", &[("location", "http://127.0.0.1:9/")], b""),
            "sends elsewhere",
        ),
        (answer("404 Not Found", &[html], page), "404"),
        (answer("200 OK", &[CBOR], b"\xff\xff"), "cannot be read"),
        (
            answer("200 OK", &[CBOR], &[&good[..], b"x"].concat()),
            "cannot be read",
        ),
        (
            answer("401 Unauthorized", &[CBOR], b"\xff"),
            "cannot be read",
        ),
        (
            answer("200 OK", &[CBOR, ("content-encoding", "br")], &good),
            "br",
        ),
        (
            answer("200 OK", &[CBOR, ("content-encoding", "zstd")], b"not zstd"),
            "not the relay",
        ),
        (
            answer("200 OK", &[CBOR, ("content-encoding", "gzip")], b"not gzip"),
            "not the relay",
        ),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(), "not the relay"),
    ] {
        let (relay, served) = serve(bytes);
        let error = sync(relay).unwrap_err();
        assert!(
            matches!(error, TransportError::Garbled { .. }),
            "{words}: {error:?}"
        );
        assert!(error.to_string().contains(words), "{words}: {error}");
        served.join().unwrap();
    }
}

#[test]
fn proxies_are_understood_by_their_status() {
    let html = ("content-type", "text/html");
    for status in [
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let (relay, served) = serve(answer(status, &[html], b"oops"));
        let error = sync(relay).unwrap_err();
        assert!(matches!(error, TransportError::Offline { .. }), "{error:?}");
        served.join().unwrap();
    }
    for (status, code) in [
        ("413 Content Too Large", FaultCode::TooLarge),
        ("429 Too Many Requests", FaultCode::RateLimited),
    ] {
        let (relay, served) = serve(answer(status, &[html, ("retry-after", "7")], b"oops"));
        let Err(TransportError::Fault(fault)) = sync(relay) else {
            panic!("no fault for {status}");
        };
        assert_eq!((fault.code, fault.retry_after_ms), (code, Some(7_000)));
        served.join().unwrap();
    }
}

#[test]
fn a_broken_connection_is_offline() {
    // Nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay: RelayUrl = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let error = sync(relay).unwrap_err();
    assert!(matches!(error, TransportError::Offline { .. }), "{error:?}");

    // Cut at any byte of the answer: before, within and after the head, within the body.
    let whole = answer("200 OK", &[CBOR], &codec::encode(&response()));
    for end in [0, 1, 20, whole.len() - 10, whole.len() - 1] {
        let (relay, served) = serve(whole[..end].to_vec());
        let error = sync(relay).unwrap_err();
        assert!(
            !matches!(error, TransportError::Fault(_)),
            "cut at {end}: {error:?}"
        );
        served.join().unwrap();
    }
}

#[test]
fn a_silent_relay_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let timeouts = Timeouts {
        answer: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let error = HttpTransport::with_timeouts(relay, timeouts)
        .sync("a-token", &request(0))
        .unwrap_err();
    assert!(
        matches!(error, TransportError::TimedOut { .. }),
        "{error:?}"
    );
    drop(listener);
}

#[test]
fn a_strange_token_does_not_reach_the_wire() {
    let relay = "http://127.0.0.1:9".parse().unwrap();
    let error = HttpTransport::new(relay)
        .sync("a\r\nx: y", &request(0))
        .unwrap_err();
    assert!(matches!(error, TransportError::Garbled { .. }), "{error:?}");
}

#[test]
fn other_routes_are_asked_without_a_token() {
    let access = Access {
        token: "new".to_owned(),
        token_ttl_s: 900,
        challenge: vec![1],
        check_in: None,
    };
    let (relay, served) = serve(answer("200 OK", &[CBOR], &codec::encode(&access)));
    let request = TokenRequest {
        version: ProtocolVersion::CURRENT,
        device: DeviceId::from_bytes([1; 16]),
        challenge: Vec::new(),
        signature: vec![0; 64],
    };
    assert_eq!(HttpTransport::new(relay).token(&request).unwrap(), access);
    let arrived = served.join().unwrap();
    assert!(arrived.head.starts_with("post /v1/token"));
    assert_eq!(header(&arrived.head, "authorization"), None);
}
