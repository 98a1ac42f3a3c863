//! Bodies, headers and encodings that no client would send.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use yizhan_proto::limits::{
    FETCHES_MAX, FORGOTTEN_MAX, REPAIR_RANGES_MAX, REQUEST_BYTES_MAX, REQUEST_COMPRESSED_BYTES_MAX,
    SCOPES_MAX,
};
use yizhan_proto::sync::{Fetch, Forgotten, Push, RangeDigest, ScopeState, SyncRequest};
use yizhan_proto::{
    Cursor, DocumentId, Kind, ProtocolVersion, Scope, ScopeDigest, Sequence, codec,
};

use super::liar::{agent, code, fault};
use super::{Row, Town, row};

pub(super) const ROWS: &[Row] = &[
    row("no body", "request.malformed", |town| posted(town, b"")),
    row("a text", "request.malformed", |town| {
        posted(town, "你好".as_bytes())
    }),
    row("half a message", "request.malformed", |town| {
        let whole = codec::encode(&town.liar.device.everything());
        posted(town, &whole[..whole.len() / 2])
    }),
    row(
        "a message and more behind it",
        "request.malformed",
        |town| {
            let mut more = codec::encode(&town.liar.device.everything());
            more.push(0);
            posted(town, &more)
        },
    ),
    row("lists in lists in lists", "request.malformed", |town| {
        posted(town, &[0x81; 100_000])
    }),
    row("lists without an end", "request.malformed", |town| {
        posted(town, &[0x9f; 100_000])
    }),
    row("tags on tags on tags", "request.malformed", |town| {
        posted(town, &[0xc1; 100_000])
    }),
    row(
        "a list that says it has 2^64 items",
        "request.malformed",
        |town| posted(town, &[&[0xa1, 6, 0x9b][..], &[0xff; 8]].concat()),
    ),
    row(
        "bytes that say they are 2^63 long",
        "request.malformed",
        |town| posted(town, &[&[0xa1, 1, 0x5b, 0x80][..], &[0; 7]].concat()),
    ),
    row("a length below nothing", "request.malformed", |town| {
        field(town, 7, &[0x20])
    }),
    row("a time that is not a number", "request.malformed", |town| {
        field(town, 2, &[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0])
    }),
    row("a time beyond its type", "request.malformed", |town| {
        field(
            town,
            2,
            &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        )
    }),
    row("a scope that is no UTF-8", "request.malformed", |town| {
        field(town, 5, &[0x81, 0x83, 0x63, 0xff, 0xfe, 0xfd, 0xf6, 0])
    }),
    row("a protocol of tomorrow", "protocol.unsupported", |town| {
        version(town, 999)
    }),
    row(
        "a protocol before the first",
        "protocol.unsupported",
        |town| version(town, 0),
    ),
    row("more bytes than may arrive", "request.too_large", |town| {
        posted(town, &vec![0; REQUEST_COMPRESSED_BYTES_MAX + 1])
    }),
    row("a zstd bomb", "request.too_large", |town| {
        encoded(town, "zstd", &zstd_zeros(REQUEST_BYTES_MAX * 1_600))
    }),
    row("a gzip bomb", "request.too_large", |town| {
        encoded(town, "gzip", &gzip_zeros(REQUEST_BYTES_MAX * 32))
    }),
    row("half a zstd frame", "request.malformed", |town| {
        let frame = zstd_zeros(REQUEST_BYTES_MAX / 2);
        encoded(town, "zstd", &frame[..frame.len() / 2])
    }),
    row("zstd that is none", "request.malformed", |town| {
        encoded(town, "zstd", b"hello")
    }),
    row(
        "an encoding in an encoding",
        "request.unsupported_media",
        |town| encoded(town, "zstd, gzip", &zstd_zeros(REQUEST_BYTES_MAX / 2)),
    ),
    row(
        "an encoding that is not spoken here",
        "request.unsupported_media",
        |town| encoded(town, "br", b"hello"),
    ),
    row(
        "a form in the place of a message",
        "request.unsupported_media",
        |town| {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let bearer = town.liar.device.bearer();
            let mut request = agent().post(format!("{}/v1/sync", town.liar.device.url));
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let mut response = request
                .header("authorization", bearer)
                .send(b"a=b")
                .expect("an answer");
            fault(&response.body_mut().read_to_vec().expect("a body"))
                .code
                .to_string()
        },
    ),
    row(
        "more scopes than there may be",
        "request.too_large",
        |town| {
            let own = town.liar.device.identity.scopes[0].clone();
            asked(town, |request| {
                let state = ScopeState::new(own, None, ScopeDigest::EMPTY);
                request.scopes = vec![state; SCOPES_MAX + 1];
            })
        },
    ),
    row(
        "more forgets than there may be",
        "request.too_large",
        |town| {
            let forgotten = forgotten(town, 1);
            asked(town, |request| {
                request.forgotten = vec![forgotten; FORGOTTEN_MAX + 1]
            })
        },
    ),
    row(
        "more ranges than may be compared",
        "request.too_large",
        |town| {
            let range = range(town);
            asked(town, |request| {
                request.repairs = vec![range; REPAIR_RANGES_MAX + 1]
            })
        },
    ),
    row(
        "more documents than may be fetched",
        "request.too_large",
        |town| {
            let fetch = fetch(town);
            asked(town, |request| {
                request.fetches = vec![fetch; FETCHES_MAX + 1]
            })
        },
    ),
    row("a repair of somebody else's scope", "nothing", |town| {
        let range = range(town);
        asked(town, |request| request.repairs = vec![range])
    }),
    row("a fetch in somebody else's scope", "nothing", |town| {
        let fetch = fetch(town);
        asked(town, |request| request.fetches = vec![fetch])
    }),
    row("a forget of somebody else's document", "nothing", |town| {
        let forgotten = forgotten(town, 1);
        asked(town, |request| request.forgotten = vec![forgotten])
    }),
    row("a forget of the last number there is", "nothing", |town| {
        let forgotten = forgotten(town, u64::MAX);
        asked(town, |request| request.forgotten = vec![forgotten])
    }),
    row(
        "a position beyond all others",
        "as at first contact",
        |town| {
            let own = town.liar.device.identity.scopes[0].clone();
            let (mut request, mut state) = (
                town.liar.device.nothing(),
                ScopeState::new(own, None, ScopeDigest::EMPTY),
            );
            (state.live, state.floor) = (Some(Cursor::new(u64::MAX)), Cursor::new(u64::MAX));
            (request.scopes, request.page_bytes_max) = (vec![state], u32::MAX);
            let response = town.liar.device.sync(&request).expect("a response");
            let own = response.pages.iter().flat_map(|page| &page.items);
            assert!(own.clone().any(|item| item.document == town.liar.visit));
            assert!(own.clone().all(|item| item.document != town.victim.visit));
            "as at first contact".to_owned()
        },
    ),
    row(
        "as many broken changes as fit into a request",
        "relay.rate_limited",
        |town| {
            let push = Push {
                document: town.liar.visit,
                kind: Kind::Visit,
                change: vec![0],
            };
            asked(town, |request| request.pushes = vec![push; 45_000])
        },
    ),
    row("more headers than may be", "431", |town| {
        let long = "x".repeat(512 * 1024);
        raw(
            town,
            &format!("POST /v1/sync HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n"),
        )
    }),
    row("a longer address than there may be", "431", |town| {
        let long = "x".repeat(100_000);
        raw(town, &format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"))
    }),
    row("two lengths of one body", "400", |town| {
        raw(
            town,
            "POST /v1/sync HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        )
    }),
    row("a length that is no number", "400", |town| {
        raw(
            town,
            "POST /v1/sync HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        )
    }),
    row("a body that ends before its length", "400", |town| {
        let bearer = town.liar.device.bearer();
        raw(
            town,
            &format!(
                "POST /v1/sync HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\ncontent-type: application/cbor\r\ncontent-length: 100\r\n\r\nabc"
            ),
        )
    }),
    row("a chunk of a length that is no number", "400", |town| {
        let bearer = town.liar.device.bearer();
        raw(
            town,
            &format!(
                "POST /v1/sync HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\ncontent-type: application/cbor\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc"
            ),
        )
    }),
];

fn posted(town: &Town, body: &[u8]) -> String {
    code(&town.liar.device.post_sync(&[], body))
}

fn encoded(town: &Town, encoding: &str, body: &[u8]) -> String {
    code(
        &town
            .liar
            .device
            .post_sync(&[("content-encoding", encoding)], body),
    )
}

fn asked(town: &Town, change: impl FnOnce(&mut SyncRequest)) -> String {
    let mut request = town.liar.device.nothing();
    change(&mut request);
    match town.liar.device.sync(&request) {
        Err(fault) => fault.code.to_string(),
        Ok(response) => {
            let documents: usize = response.pages.iter().map(|page| page.items.len()).sum();
            let told = documents + response.repairs.len() + response.fetched.len();
            assert_eq!(told, 0, "{response:?}");
            town.liar.device.said(&request)
        }
    }
}

/// A request in which one field holds these bytes.
fn field(town: &Town, n: u8, value: &[u8]) -> String {
    let plain = codec::encode(&SyncRequest {
        epoch: None,
        ..town.liar.device.nothing()
    });
    // A map of a few fields in ascending order; a field that is there twice counts as it stands last.
    let mut body = plain;
    body[0] += 1;
    body.push(n);
    body.extend_from_slice(value);
    posted(town, &body)
}

fn version(town: &Town, number: u16) -> String {
    asked(town, |request| request.version = ProtocolVersion(number))
}

fn victims_scope(town: &Town) -> Scope {
    Scope::Person(town.victim.device.person)
}

fn fetch(town: &Town) -> Fetch {
    Fetch {
        scope: victims_scope(town),
        document: town.victim.visit,
    }
}

fn range(town: &Town) -> RangeDigest {
    RangeDigest {
        scope: victims_scope(town),
        from: None,
        until: Some(DocumentId::from_bytes([0xff; 16])),
        digest: ScopeDigest::EMPTY,
    }
}

fn forgotten(town: &Town, sequence: u64) -> Forgotten {
    Forgotten {
        scope: victims_scope(town),
        document: town.victim.visit,
        sequence: Sequence::new(sequence).expect("not 0"),
    }
}

/// A zstd frame of so many zeros, from blocks of one repeated byte: magic, a frame header with a
/// window of 8 MiB, then blocks of 128 KiB.
fn zstd_zeros(bytes: usize) -> Vec<u8> {
    const BLOCK: u32 = 128 * 1024;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68];
    let blocks = bytes / BLOCK as usize;
    for block in 1..=blocks {
        let header = (BLOCK << 3) | (1 << 1) | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// A gzip member of so many zeros: a zero, then "258 as before" again and again, 13 bits each. Its
/// end and its checksum are left out.
fn gzip_zeros(bytes: usize) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let (mut word, mut bits) = (0_u64, 0);
    let mut push = |value: u64, count: u32| {
        word |= value << bits;
        bits += count;
        while bits >= 8 {
            member.push(word.to_le_bytes()[0]);
            word >>= 8;
            bits -= 8;
        }
    };
    // The last block, with fixed codes; the byte 0 is 00110000, most significant bit first.
    push(0b011, 3);
    push(0b0000_1100, 8);
    for _ in 0..bytes / 258 {
        // The length 258 is 11000101, the distance 1 is 00000.
        push(0b1010_0011, 8);
        push(0, 5);
    }
    push(0, 7);
    member
}

/// Sends bytes as they are; gives the status of the answer, or "no more" if the relay hung up.
fn raw(town: &Town, bytes: &str) -> String {
    let mut stream = TcpStream::connect(town.relay.address()).expect("it listens");
    // The relay may close while this side still writes: that is its right.
    let _ = stream.write_all(bytes.as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    status.unwrap_or("no more").to_owned()
}
