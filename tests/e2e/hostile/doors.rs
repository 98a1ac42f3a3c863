//! The other doors: what devices tell of themselves, what they looked at, reports, and names.

use ed25519_dalek::{Signer, SigningKey};
use yizhan_proto::audit::{CheckRead, CheckReads, ReadsEntered, Screen};
use yizhan_proto::device::{FarewellRequest, KeyRequest, MergeRequest, WipedRequest};
use yizhan_proto::identity::{PairRequest, RegisterRequest};
use yizhan_proto::limits::{AUDIT_READS_MAX, RESPONSE_BYTES_MAX};
use yizhan_proto::sync::Push;
use yizhan_proto::{
    DeviceId, DocumentId, EntryId, Kind, Nonce, PersonId, ProtocolVersion, Timestamp, codec,
};

use super::liar::{CBOR, NOW, agent, code, fault, post};
use super::{Row, Town, row};

pub(super) const ROWS: &[Row] = &[
    row("more looks than may be told", "request.too_large", |town| {
        let looks = vec![look(town, 0, NOW); AUDIT_READS_MAX + 1];
        code(&told_looks(town, looks))
    }),
    row("a look at the earliest time there is", "entered", |town| {
        looked_at(town, i64::MIN)
    }),
    row("a look at the latest time there is", "entered", |town| {
        looked_at(town, i64::MAX)
    }),
    row("the same look a hundred times", "entered", |town| {
        let looks = vec![look(town, 3, NOW); 100];
        entered(town, looks)
    }),
    row("a look on a screen of tomorrow", "entered", |town| {
        let mut look = look(town, 4, NOW);
        look.screen = Screen::Other(255);
        entered(town, vec![look])
    }),
    row(
        "a name of ten thousand letters",
        "request.invalid",
        |town| registered(town, |request| request.name = "长".repeat(3_400)),
    ),
    row(
        "a label of ten thousand letters",
        "request.invalid",
        |town| registered(town, |request| request.label = "长".repeat(3_400)),
    ),
    row(
        "a name that moves what the operator's terminal shows",
        "request.invalid",
        |town| {
            registered(town, |request| {
                request.name = "张\u{1b}[2J操作员".to_owned()
            })
        },
    ),
    row("a label that ends the line", "request.invalid", |town| {
        registered(town, |request| request.label = "手机\r\n李师傅".to_owned())
    }),
    row("a name with a line in it", "request.invalid", |town| {
        registered(town, |request| request.name = "张\n操作员".to_owned())
    }),
    row("a name of nothing", "request.invalid", |town| {
        registered(town, |request| request.name = " ".to_owned())
    }),
    row("a key of thirty-one bytes", "signature.invalid", |town| {
        registered(town, |request| request.public_key.truncate(31))
    }),
    row("a name that is no UTF-8", "request.malformed", |town| {
        let mut body = codec::encode(&registration(town));
        let at = body.windows(3).position(|bytes| bytes == "谁".as_bytes());
        body[at.expect("the name")] = 0xff;
        code(&post(&town.liar.device.url, "/v1/register", &[CBOR], &body))
    }),
    row(
        "a registration larger than one may be",
        "request.too_large",
        |town| registered(town, |request| request.name = "x".repeat(20_000)),
    ),
    row("a pairing in another's name", "signature.invalid", |town| {
        let (device, key) = (
            DeviceId::from_bytes([8; 16]),
            SigningKey::from_bytes(&[8; 32]),
        );
        let mut request: PairRequest = super::liar::pair_request(device, &key, "AAAAA-AAAAA");
        request.device = town.victim.device.id;
        let body = codec::encode(&request);
        code(&post(&town.liar.device.url, "/v1/pair", &[CBOR], &body))
    }),
    row(
        "somebody else's key, replaced",
        "signature.invalid",
        key_of_another,
    ),
    row(
        "a farewell of a device that is not lost",
        "request.conflict",
        |town| farewell(town, |_| ()),
    ),
    row("a farewell with too much", "request.too_large", |town| {
        farewell(town, |request| {
            let push = Push {
                document: DocumentId::from_bytes([1; 16]),
                kind: Kind::Visit,
                change: vec![0; 64 * 1024],
            };
            request.pushes = vec![push; 70];
        })
    }),
    row(
        "somebody else's phone, said to be wiped",
        "request.conflict",
        wiped,
    ),
    row(
        "two others made one by a driver",
        "access.forbidden",
        |town| {
            let request = MergeRequest {
                version: ProtocolVersion::CURRENT,
                keep: town.victim.device.person,
                other: PersonId::from_bytes([9; 16]),
            };
            let bearer = town.liar.device.bearer();
            let headers = [CBOR, ("authorization", bearer.as_str())];
            let body = codec::encode(&request);
            code(&post(
                &town.liar.device.url,
                "/v1/people/merge",
                &headers,
                &body,
            ))
        },
    ),
    row("a report by a driver", "access.forbidden", |town| {
        report(town, "what=services&region=zhaoyuan")
    }),
    row(
        "a report of a month that there is not",
        "request.invalid",
        |town| {
            report(
                town,
                "what=services&region=zhaoyuan&from=2026-13&to=2026-13",
            )
        },
    ),
    row(
        "a report of ten thousand years",
        "access.forbidden",
        |town| {
            report(
                town,
                "what=services&region=zhaoyuan&from=0001-01&to=9999-12",
            )
        },
    ),
    row(
        "a report about what is no UTF-8",
        "request.invalid",
        |town| report(town, "what=%ff%fe&region=%80"),
    ),
    row(
        "a piece at the end of all numbers",
        "request.malformed",
        |town| piece(town, "bytes 0-18446744073709551615/18446744073709551615"),
    ),
    row(
        "a piece of a photo of nobody's that is too large",
        "request.not_found",
        |town| piece(town, "bytes 0-2/999999999999999"),
    ),
    row(
        "the operator's door, deeply nested",
        "token.missing",
        |town| {
            let body = "[".repeat(200_000);
            let answer = agent()
                .post(format!("{}/v1/admin/people", town.liar.device.url))
                .header("content-type", "application/json")
                .send(body.as_bytes());
            let mut answer = answer.expect("an answer");
            let problem: serde_json::Value = answer.body_mut().read_json().expect("a problem");
            problem["code"].as_str().unwrap_or_default().to_owned()
        },
    ),
];

fn look(town: &Town, n: u8, at: Timestamp) -> CheckRead {
    CheckRead {
        entry: EntryId::from_bytes([n; 16]),
        document: town.victim.visit,
        at,
        screen: Screen::Opened,
    }
}

fn told_looks(town: &Town, reads: Vec<CheckRead>) -> (u16, Vec<u8>) {
    let bearer = town.liar.device.bearer();
    let headers = [CBOR, ("authorization", bearer.as_str())];
    let version = ProtocolVersion::CURRENT;
    let body = codec::encode(&CheckReads { version, reads });
    post(&town.liar.device.url, "/v1/audit/reads", &headers, &body)
}

/// What the device says is entered, once each, as its word and no more.
fn entered(town: &Town, looks: Vec<CheckRead>) -> String {
    let answer = told_looks(town, looks);
    if answer.0 != 200 {
        return code(&answer);
    }
    let told: ReadsEntered = codec::decode(&answer.1, RESPONSE_BYTES_MAX).expect("an answer");
    let entered = if told.entries.is_empty() {
        "nothing"
    } else {
        "entered"
    };
    entered.to_owned()
}

fn looked_at(town: &Town, ms: i64) -> String {
    let n = if ms < 0 { 1 } else { 2 };
    entered(town, vec![look(town, n, Timestamp::from_ms(ms))])
}

/// A registration at the counter that is as it should be, but for the station's code.
fn registration(town: &Town) -> RegisterRequest {
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut request = RegisterRequest {
        version: ProtocolVersion::CURRENT,
        station_code: town.station_code.clone(),
        device: DeviceId::from_bytes([7; 16]),
        public_key: key.verifying_key().to_bytes().to_vec(),
        person: PersonId::from_bytes([7; 16]),
        name: "谁也不是".to_owned(),
        label: String::new(),
        signature: Vec::new(),
    };
    request.signature = key.sign(&request.signed_bytes()).to_vec();
    request
}

fn registered(town: &Town, change: impl FnOnce(&mut RegisterRequest)) -> String {
    let mut request = registration(town);
    change(&mut request);
    let key = SigningKey::from_bytes(&[7; 32]);
    request.signature = key.sign(&request.signed_bytes()).to_vec();
    let body = codec::encode(&request);
    code(&post(&town.liar.device.url, "/v1/register", &[CBOR], &body))
}

/// A challenge of the relay's.
fn challenge(town: &Town, path: &str, asking: &[u8]) -> Vec<u8> {
    let (_, body) = post(&town.liar.device.url, path, &[CBOR], asking);
    fault(&body).challenge.expect("a challenge")
}

fn key_of_another(town: &mut Town) -> String {
    let key = town.liar.device.key.clone();
    let mut request = KeyRequest {
        version: ProtocolVersion::CURRENT,
        device: town.victim.device.id,
        challenge: Vec::new(),
        old_key: town.victim.device.key.verifying_key().to_bytes(),
        new_key: key.verifying_key().to_bytes(),
        old_signature: [0; 64],
        new_signature: [0; 64],
    };
    request.challenge = challenge(town, "/v1/device/key", &codec::encode(&request));
    let signature = key.sign(&request.signed_bytes()).to_bytes();
    (request.old_signature, request.new_signature) = (signature, signature);
    let body = codec::encode(&request);
    code(&post(
        &town.liar.device.url,
        "/v1/device/key",
        &[CBOR],
        &body,
    ))
}

fn farewell(town: &Town, change: impl FnOnce(&mut FarewellRequest)) -> String {
    let mut request = FarewellRequest {
        version: ProtocolVersion::CURRENT,
        device: town.liar.device.id,
        challenge: Vec::new(),
        nonce: Nonce::from_bytes([9; 16]),
        device_time: Timestamp::from_ms(i64::MIN),
        pushes: Vec::new(),
        signature: [0; 64],
    };
    request.challenge = challenge(town, "/v1/device/farewell", &codec::encode(&request));
    change(&mut request);
    request.signature = town
        .liar
        .device
        .key
        .sign(&request.signed_bytes())
        .to_bytes();
    let body = codec::encode(&request);
    code(&post(
        &town.liar.device.url,
        "/v1/device/farewell",
        &[CBOR],
        &body,
    ))
}

fn wiped(town: &mut Town) -> String {
    let mut request = WipedRequest {
        version: ProtocolVersion::CURRENT,
        device: town.victim.device.id,
        nonce: Nonce::from_bytes([0; 16]),
        attachments_lost: u64::MAX,
        signature: [0; 64],
    };
    let key = &town.liar.device.key;
    request.signature = key.sign(&request.signed_bytes()).to_bytes();
    let (url, body) = (&town.liar.device.url, codec::encode(&request));
    code(&post(url, "/v1/device/wiped", &[CBOR], &body))
}

fn report(town: &Town, query: &str) -> String {
    let answer = agent()
        .get(format!("{}/v1/report?{query}", town.liar.device.url))
        .header("authorization", town.liar.device.bearer())
        .call();
    let mut answer = answer.expect("an answer");
    let body = answer.body_mut().read_to_vec().expect("a body");
    code(&(answer.status().as_u16(), body))
}

fn piece(town: &Town, range: &str) -> String {
    let url = format!("{}/v1/attachments/{}", town.liar.device.url, "0".repeat(64));
    let answer = agent()
        .put(url)
        .header("authorization", town.liar.device.bearer())
        .header("content-type", "application/octet-stream")
        .header("content-range", range)
        .send(b"abc");
    let mut answer = answer.expect("an answer");
    let body = answer.body_mut().read_to_vec().expect("a body");
    code(&(answer.status().as_u16(), body))
}
