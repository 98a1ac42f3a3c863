//! Ids and codes that somebody guesses: what is not there and what is not theirs look the same.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use yizhan_proto::identity::RegisterRequest;
use yizhan_proto::sync::{Fetch, ScopeState, SyncRequest};
use yizhan_proto::{
    ContentHash, DeviceId, DocumentId, PersonId, ProtocolVersion, Scope, ScopeDigest, StationId,
    codec,
};

use super::liar::{CBOR, Liar, agent, code, fault, pair_request, post};
use super::{Row, Town, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "somebody else's document through the own scope",
        "as what is not there",
        |town| {
            let own = Scope::Person(town.liar.device.person);
            let fetched = |document| {
                let request = SyncRequest {
                    fetches: vec![Fetch {
                        scope: own.clone(),
                        document,
                    }],
                    ..town.liar.device.nothing()
                };
                let response = town.liar.device.sync(&request).expect("a response");
                let told: Vec<_> = response
                    .fetched
                    .into_iter()
                    .map(|fetched| (fetched.item.forget, fetched.item.changes.len()))
                    .collect();
                told
            };
            let theirs = fetched(town.victim.visit);
            let nobodys = fetched(DocumentId::from_bytes([5; 16]));
            assert_eq!(theirs, nobodys);
            assert!(
                theirs.iter().all(|(_, changes)| *changes == 0),
                "{theirs:?}"
            );
            "as what is not there".to_owned()
        },
    ),
    row(
        "the scopes of people, stations and desks that are not the own",
        "nothing",
        |town| {
            let scopes = [
                Scope::Person(town.victim.device.person),
                Scope::Person(PersonId::from_bytes([5; 16])),
                Scope::Station(town.victim.station),
                Scope::StationHealth(town.victim.station),
                Scope::Station(StationId::from_bytes([5; 16])),
                Scope::Desk("zy-home".parse().expect("a key")),
            ];
            let states = scopes.map(|scope| ScopeState::new(scope, None, ScopeDigest::EMPTY));
            let request = SyncRequest {
                scopes: states.to_vec(),
                ..town.liar.device.nothing()
            };
            let response = town.liar.device.sync(&request).expect("a response");
            assert!(response.pages.is_empty(), "{response:?}");
            "nothing".to_owned()
        },
    ),
    row(
        "somebody else's photo, and one that is not there",
        "request.not_found",
        |town| {
            let theirs = photo_of(town);
            let mine = got(town, &theirs.to_string());
            let nobodys = got(town, &ContentHash::of(b"nothing").to_string());
            assert_eq!(mine, nobodys, "one answer for both");
            mine.0
        },
    ),
    row("what is no hash", "request.not_found", |town| {
        got(town, "..%2f..%2ftoken.key").0
    }),
    row("a photo for no document", "request.not_found", |town| {
        let hash = ContentHash::of(b"a photo").to_string();
        put(town, &hash, "bytes 0-6/7", b"a photo")
    }),
    row(
        "a piece that does not say where it belongs",
        "request.malformed",
        |town| put(town, &"0".repeat(64), "bytes 5-4/10", b"abc"),
    ),
    row(
        "a piece larger than one may be",
        "request.too_large",
        |town| {
            let piece = vec![0; 300 * 1024];
            put(town, &"0".repeat(64), "bytes 0-307199/307200", &piece)
        },
    ),
    row("a watch of somebody else's scope", "the own scope", watched),
    row("guessing pairing codes", "relay.rate_limited", |town| {
        let (url, key) = (
            town.liar.device.url.clone(),
            SigningKey::from_bytes(&[9; 32]),
        );
        let guess = |n: usize| {
            let code = format!("AAAAA-AAA{:02}", n % 90 + 10);
            let request = pair_request(DeviceId::from_bytes([9; 16]), &key, &code);
            code_of(&url, "/v1/pair", &codec::encode(&request))
        };
        until_told_to_wait(guess, "pair.code_wrong")
    }),
    row("guessing station codes", "relay.rate_limited", |town| {
        let url = town.liar.device.url.clone();
        let key = SigningKey::from_bytes(&[9; 32]);
        let mut request = RegisterRequest {
            version: ProtocolVersion::CURRENT,
            station_code: "AAAAA-AAAAA".to_owned(),
            device: DeviceId::from_bytes([9; 16]),
            public_key: key.verifying_key().to_bytes().to_vec(),
            person: PersonId::from_bytes([9; 16]),
            name: "谁也不是".to_owned(),
            label: String::new(),
            signature: Vec::new(),
        };
        request.signature = key.sign(&request.signed_bytes()).to_vec();
        let body = codec::encode(&request);
        until_told_to_wait(
            |_| code_of(&url, "/v1/register", &body),
            "register.station_code_invalid",
        )
    }),
];

fn code_of(url: &str, path: &str, body: &[u8]) -> String {
    code(&post(url, path, &[CBOR], body))
}

/// Guesses until the relay says to wait; before that each guess was wrong.
fn until_told_to_wait(guess: impl Fn(usize) -> String, wrong: &str) -> String {
    for n in 0..100 {
        let said = guess(n);
        if said != wrong {
            return said;
        }
    }
    "a hundred guesses".to_owned()
}

/// A photo that the victim put on the relay with the own visit.
fn photo_of(town: &mut Town) -> ContentHash {
    use yizhan_client_core::model::Command;
    use yizhan_client_core::model::attachment::NewAttachment;
    use yizhan_proto::{EntryId, Kind, MediaType};
    let bytes = b"\xff\xd8\xff a photo";
    let attachment = NewAttachment {
        entry: EntryId::from_bytes([1; 16]),
        sha256: ContentHash::of(bytes),
        bytes: bytes.len() as u64,
        media_type: MediaType::Jpeg,
        name: "车.jpg".to_owned(),
        thumb: None,
        by: town.victim.device.person,
        at: super::liar::NOW,
    };
    let command = Command::Attach {
        kind: Kind::Visit,
        attachment,
    };
    let victim: &Liar = &town.victim;
    let change = victim.written(victim.visit, &victim.changes, &command);
    assert_eq!(victim.push_own(change.clone()), "accepted");
    let hash = ContentHash::of(bytes);
    let last = bytes.len() - 1;
    let range = format!("bytes 0-{last}/{}", bytes.len());
    let url = format!("{}/v1/attachments/{hash}", victim.device.url);
    let answer = agent()
        .put(url)
        .header("authorization", victim.device.bearer())
        .header("content-type", "application/octet-stream")
        .header("content-range", range)
        .send(&bytes[..]);
    assert_eq!(answer.expect("an answer").status().as_u16(), 204);
    town.victim.changes.push(change);
    hash
}

/// The code and the words of what the liar hears about an attachment.
fn got(town: &Town, hash: &str) -> (String, String) {
    let answer = agent()
        .get(format!("{}/v1/attachments/{hash}", town.liar.device.url))
        .header("authorization", town.liar.device.bearer())
        .call();
    let mut answer = answer.expect("an answer");
    let fault = fault(&answer.body_mut().read_to_vec().expect("a body"));
    (fault.code.to_string(), fault.message)
}

fn put(town: &Town, hash: &str, range: &str, piece: &[u8]) -> String {
    let answer = agent()
        .put(format!("{}/v1/attachments/{hash}", town.liar.device.url))
        .header("authorization", town.liar.device.bearer())
        .header("content-type", "application/octet-stream")
        .header("content-range", range)
        .send(piece);
    let mut answer = answer.expect("an answer");
    let body = answer.body_mut().read_to_vec().expect("a body");
    code(&(answer.status().as_u16(), body))
}

/// The victim writes, then the liar; the first that the liar's watch hears of is the liar's own.
fn watched(town: &mut Town) -> String {
    let victim = town.victim.device.person;
    let mut stream = TcpStream::connect(town.relay.address()).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a bound");
    let bearer = town.liar.device.bearer();
    write!(
        stream,
        "GET /v1/watch?scope=person:{victim} HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\n\r\n"
    )
    .expect("it can be asked");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let status = lines.next().unwrap_or_default();
    assert!(status.contains("200"), "{status}");
    // The head of the answer is sent when the watch stands.
    lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .for_each(drop);
    let theirs = town.victim.next_note("不给人看");
    assert_eq!(town.victim.push_own(theirs.clone()), "accepted");
    town.victim.changes.push(theirs);
    let own = town.liar.next_note("自己的");
    assert_eq!(town.liar.push_own(own.clone()), "accepted");
    town.liar.changes.push(own);
    let moved = lines.find_map(|line| line.strip_prefix("data:").map(str::to_owned));
    let scope = format!("person:{}", town.liar.device.person);
    match moved {
        Some(moved) if moved.trim().starts_with(&scope) => "the own scope".to_owned(),
        other => format!("{other:?}"),
    }
}
