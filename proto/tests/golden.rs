//! Every message of the exchange, pinned as bytes: a change of the code that changes a byte on
//! the wire fails here. `YIZHAN_BLESS=1 cargo test -p yizhan-proto` writes the files anew, which
//! is right only for a field that was *added*.

use std::fmt::{Debug, Write as _};
use std::path::Path;

use minicbor::{Decode, Encode};
use yizhan_proto::audit::{CheckRead, CheckReads, ReadsEntered, Screen};
use yizhan_proto::checkin::{Certificate, CheckInKit, RelayKey};
use yizhan_proto::codec::{decode, encode};
use yizhan_proto::desk::{DeskInfo, DeskMember};
use yizhan_proto::device::{
    FarewellRequest, FarewellResponse, KeyRequest, MergeRequest, Merged, OrderSignature, WipeNoted,
    WipeOrder, WipedRequest,
};
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::identity::{
    Access, Identity, PairRequest, RegisterRequest, TokenRequest, Welcome,
};
use yizhan_proto::limits::RESPONSE_BYTES_MAX;
use yizhan_proto::outside::OutsidePairRequest;
use yizhan_proto::report::{Cell, SheetAnswer, SheetBody};
use yizhan_proto::sync::{
    Decisions, Fetch, Fetched, ForgetReason, Forgotten, Item, Outcome, Page, Push, RangeDigest,
    RangeEntry, Reason, Receipt, RepairAnswer, ScopeState, Stored, StoredChange, Summary,
    SyncRequest, SyncResponse, quota,
};
use yizhan_proto::{
    ChangeHash, ContentHash, Cursor, DeviceId, DocumentId, EntryId, Epoch, Fault, FaultCode, Kind,
    Nonce, PersonId, ProtocolVersion, Role, Scope, ScopeDigest, Sequence, StationId, Timestamp,
};

fn check<T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug>(name: &str, message: &T) {
    let hex = encode(message)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String");
            text
        });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.hex"));
    if std::env::var_os("YIZHAN_BLESS").is_some() {
        std::fs::write(&path, format!("{hex}\n")).expect("the golden folder is writable");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        hex,
        golden.trim(),
        "{name}: the bytes on the wire have changed"
    );

    let bytes: Vec<u8> = (0..golden.trim().len() / 2)
        .map(|i| u8::from_str_radix(&golden[2 * i..2 * i + 2], 16).expect("hexadecimal"))
        .collect();
    let read: T = decode(&bytes, RESPONSE_BYTES_MAX).expect("golden bytes decode");
    assert_eq!(&read, message, "{name}");

    for cut in 0..bytes.len() {
        assert!(
            decode::<T>(&bytes[..cut], RESPONSE_BYTES_MAX).is_err(),
            "{name} cut at {cut}"
        );
    }
    let longer = [bytes.as_slice(), &[0xf6]].concat();
    assert!(
        decode::<T>(&longer, RESPONSE_BYTES_MAX).is_err(),
        "{name} with a byte more"
    );
    check_unknown_field_is_skipped(name, &bytes, message);
}

/// Adds key 99 with a nested value to the outermost map: an older reader reads on.
fn check_unknown_field_is_skipped<T: for<'b> Decode<'b, ()> + PartialEq + Debug>(
    name: &str,
    bytes: &[u8],
    message: &T,
) {
    let first = bytes[0];
    if !(0xa0..0xb7).contains(&first) {
        return;
    }
    let mut newer = vec![first + 1];
    newer.extend_from_slice(&bytes[1..]);
    newer.extend_from_slice(&[0x18, 99, 0x82, 0xa1, 0x01, 0x02, 0x63, b'n', b'e', b'w']);
    let read: T = decode(&newer, RESPONSE_BYTES_MAX).expect("an unknown field is skipped");
    assert_eq!(&read, message, "{name} with an unknown field");
}

fn doc(byte: u8) -> DocumentId {
    DocumentId::from_bytes([byte; 16])
}

fn hash(byte: u8) -> ChangeHash {
    ChangeHash::from_bytes([byte; 32])
}

fn seq(number: u64) -> Sequence {
    Sequence::new(number).expect("not 0")
}

fn station() -> StationId {
    StationId::from_bytes([5; 16])
}

fn scopes() -> Vec<Scope> {
    vec![
        Scope::Region("changzhou".parse().expect("a key")),
        Scope::Person(PersonId::from_bytes([4; 16])),
        Scope::Station(station()),
        Scope::StationHealth(station()),
        Scope::Desk("legal".parse().expect("a key")),
    ]
}

fn range() -> RangeDigest {
    RangeDigest {
        scope: scopes().remove(2),
        from: None,
        until: Some(doc(9)),
        digest: ScopeDigest::from_bits(7),
    }
}

fn reason() -> Reason {
    Reason {
        code: "value.range".into(),
        path: Some("rating".into()),
        bound: Some("1..=5".into()),
    }
}

fn stored() -> Stored {
    Stored {
        sequence: seq(70_000),
        received_at: Timestamp::from_ms(1_795_000_000_000),
        skew_ms: -180_000,
    }
}

fn item(forget: Option<ForgetReason>) -> Item {
    let change = StoredChange {
        sequence: seq(42),
        received_at: Timestamp::from_ms(1_795_000_000_000),
        skew_ms: 0,
        change: vec![0x85, 0x6f, 0x4a, 0x83],
    };
    Item {
        document: doc(1),
        kind: Kind::Visit,
        sequence: seq(42),
        changes: if forget.is_some() {
            vec![]
        } else {
            vec![change]
        },
        forget,
    }
}

fn identity() -> Identity {
    Identity {
        version: 3,
        person: PersonId::from_bytes([4; 16]),
        name: "李师傅".into(),
        aliases: vec![PersonId::from_bytes([6; 16])],
        roles: vec![
            Role::Driver,
            Role::Keeper(station()),
            Role::Other("auditor@x".into()),
        ],
        scopes: scopes(),
        regions: vec!["changzhou".parse().expect("a key")],
        desks: None,
    }
}

fn desks() -> Vec<DeskInfo> {
    let desk = |key: &str, parent: Option<&str>| DeskInfo {
        key: key.parse().expect("a key"),
        name: "货车司机服务专班".into(),
        region: "changzhou".parse().expect("a key"),
        parent: parent.map(|parent| parent.parse().expect("a key")),
        station: None,
        classes: vec![],
        members: None,
    };
    vec![
        desk("changzhou", None),
        DeskInfo {
            station: Some(station()),
            classes: vec!["arrears".into(), "road".into()],
            members: Some(vec![DeskMember {
                person: PersonId::from_bytes([9; 16]),
                name: "王专员".into(),
                classes: vec!["arrears".into()],
                coordinator: true,
            }]),
            ..desk("xinbei", Some("changzhou"))
        },
    ]
}

#[test]
fn an_identity_with_desks_is_pinned() {
    check(
        "identity_with_desks",
        &Identity {
            desks: Some(desks()),
            ..identity()
        },
    );
}

fn access() -> Access {
    Access {
        token: "a.b.c".into(),
        token_ttl_s: 900,
        challenge: vec![1, 2, 3],
        check_in: None,
    }
}

fn access_with_check_in() -> Access {
    Access {
        check_in: Some(CheckInKit {
            certificate: Certificate {
                device: DeviceId::from_bytes([2; 16]),
                person: PersonId::from_bytes([4; 16]),
                name: "李师傅".into(),
                public_key: [3; 32],
                not_after: Timestamp::from_ms(1_797_592_000_000),
                signature: [5; 64],
            },
            relay_keys: vec![RelayKey([7; 32]), RelayKey([8; 32])],
            revoked: vec![DeviceId::from_bytes([9; 16])],
        }),
        ..access()
    }
}

fn quiet_request() -> SyncRequest {
    SyncRequest {
        version: ProtocolVersion::V1,
        epoch: Some(Epoch::from_bytes([8; 8])),
        device_time: Timestamp::from_ms(1_795_000_000_000),
        identity_version: 12_345,
        summary: Some(Summary {
            live: Cursor::new(1_000_000),
            digest: ScopeDigest::from_bits(u64::MAX),
        }),
        scopes: vec![],
        pushes: vec![],
        page_bytes_max: 0,
        forgotten: vec![],
        repairs: vec![],
        fetches: vec![],
        decided: None,
        left: vec![],
    }
}

#[test]
fn a_quiet_request_and_response_are_small() {
    let request = quiet_request();
    let response = SyncResponse {
        version: ProtocolVersion::V1,
        epoch: Epoch::from_bytes([8; 8]),
        relay_time: Timestamp::from_ms(1_795_000_000_000),
        head: Cursor::new(1_000_000),
        receipts: vec![],
        pages: vec![],
        identity: None,
        repairs: vec![],
        fetched: vec![],
        next_sync_ms: None,
        decisions: None,
    };
    check("sync_request_quiet", &request);
    check("sync_response_quiet", &response);
    let both = encode(&request).len() + encode(&response).len();
    assert!(both < 200, "{both} bytes");
}

#[test]
fn what_people_decided_is_pinned() {
    let request = SyncRequest {
        version: ProtocolVersion::V1,
        epoch: Some(Epoch::from_bytes([8; 8])),
        device_time: Timestamp::from_ms(1_795_000_000_000),
        identity_version: 12_345,
        summary: None,
        scopes: vec![],
        pushes: vec![],
        page_bytes_max: 0,
        forgotten: vec![],
        repairs: vec![],
        fetches: vec![],
        left: vec![],
        decided: Some(300),
    };
    let reason = Reason {
        code: "quarantine.rejected".into(),
        path: None,
        bound: Some("那天不在岗".into()),
    };
    let response = SyncResponse {
        version: ProtocolVersion::V1,
        epoch: Epoch::from_bytes([8; 8]),
        relay_time: Timestamp::from_ms(1_795_000_000_000),
        head: Cursor::new(1_000_000),
        receipts: vec![],
        pages: vec![],
        identity: None,
        repairs: vec![],
        fetched: vec![],
        next_sync_ms: None,
        decisions: Some(Decisions {
            until: 302,
            receipts: vec![
                Receipt {
                    change: ChangeHash::from_bytes([1; 32]),
                    outcome: Outcome::Accepted(Stored {
                        sequence: seq(24),
                        received_at: Timestamp::from_ms(1_794_000_000_000),
                        skew_ms: 0,
                    }),
                },
                Receipt {
                    change: ChangeHash::from_bytes([2; 32]),
                    outcome: Outcome::Refused(reason),
                },
            ],
            more: true,
        }),
    };
    check("sync_request_decided", &request);
    check("sync_response_decisions", &response);
}

#[test]
fn a_full_request_is_pinned() {
    let state = |scope, live: Option<Cursor>, floor| ScopeState {
        scope,
        live,
        floor: Cursor::new(floor),
        digest: ScopeDigest::from_bits(99),
        settled: live.map(|_| Cursor::new(290)),
    };
    let mut scopes = scopes().into_iter();
    let request = SyncRequest {
        version: ProtocolVersion::V1,
        epoch: None,
        device_time: Timestamp::from_ms(-1),
        identity_version: 0,
        summary: None,
        scopes: vec![
            state(scopes.next().expect("one"), None, 0),
            state(scopes.next().expect("two"), Some(Cursor::new(300)), 24),
        ],
        pushes: vec![Push {
            document: doc(1),
            kind: Kind::Check,
            change: vec![0x85, 0x6f],
        }],
        page_bytes_max: 65_536,
        forgotten: vec![Forgotten {
            scope: scopes.next().expect("three"),
            document: doc(2),
            sequence: seq(23),
        }],
        repairs: vec![range()],
        fetches: vec![Fetch {
            scope: scopes.next().expect("four"),
            document: doc(3),
        }],
        decided: None,
        left: vec![],
    };
    check("sync_request_full", &request);
}

#[test]
fn a_request_that_confirms_left_scopes_is_pinned() {
    let mut request = quiet_request();
    request.left = scopes();
    check("sync_request_left", &request);
}

#[test]
fn a_full_response_is_pinned() {
    let receipts = [
        Outcome::Accepted(stored()),
        Outcome::Duplicate(Stored {
            skew_ms: 0,
            ..stored()
        }),
        Outcome::Refused(reason()),
        Outcome::Needs(vec![hash(1), hash(2)]),
        Outcome::Quarantined(Reason {
            path: None,
            bound: None,
            ..reason()
        }),
        Outcome::Unknown(77),
    ]
    .into_iter()
    .map(|outcome| Receipt {
        change: hash(3),
        outcome,
    })
    .collect();
    let response = SyncResponse {
        version: ProtocolVersion::V1,
        epoch: Epoch::from_bytes([8; 8]),
        relay_time: Timestamp::from_ms(1_795_000_000_000),
        head: Cursor::new(70_000),
        receipts,
        pages: vec![Page {
            scope: scopes().remove(4),
            items: vec![
                item(None),
                item(Some(ForgetReason::Left)),
                item(Some(ForgetReason::Unknown(200))),
            ],
            live: Cursor::new(70_000),
            floor: Cursor::new(24),
            digest: Some(ScopeDigest::from_bits(1)),
            more: true,
            settled: Some(Cursor::new(69_000)),
        }],
        identity: Some(identity()),
        repairs: vec![
            RepairAnswer {
                range: range(),
                entries: Some(vec![RangeEntry {
                    document: doc(1),
                    digest: DocumentDigest::from_bits(5),
                }]),
                parts: vec![],
            },
            RepairAnswer {
                range: range(),
                entries: None,
                parts: vec![range()],
            },
        ],
        fetched: vec![Fetched {
            scope: scopes().remove(0),
            item: item(Some(ForgetReason::Erased)),
        }],
        next_sync_ms: Some(30_000),
        decisions: None,
    };
    check("sync_response_full", &response);
}

#[test]
fn pairing_by_an_outside_token_and_what_is_put_off_are_pinned() {
    let outside = OutsidePairRequest {
        version: ProtocolVersion::V1,
        token: "eyJhbGciOiJFZERTQSJ9.e30.AAAA".into(),
        device: DeviceId::from_bytes([2; 16]),
        public_key: vec![3; 32],
        provisional: PersonId::from_bytes([4; 16]),
        label: "李的手机".into(),
        signature: vec![5; 64],
    };
    check("outside_pair_request", &outside);
    let signed = outside.signed_bytes();
    assert!(signed.starts_with(b"\0\0\0\x15yizhan pair outside 1"));
    let later = Receipt {
        change: hash(3),
        outcome: Outcome::Later(Reason {
            code: quota::PERSON_DOCUMENTS.into(),
            path: None,
            bound: Some("10000".into()),
        }),
    };
    check("receipt_later", &later);
}

#[test]
fn pairing_registration_and_tokens_are_pinned() {
    let pair = PairRequest {
        version: ProtocolVersion::V1,
        code: "K7QF2-M9XTR".into(),
        device: DeviceId::from_bytes([2; 16]),
        public_key: vec![3; 32],
        provisional: PersonId::from_bytes([4; 16]),
        label: "李的手机".into(),
        signature: vec![5; 64],
    };
    check("pair_request", &pair);
    assert!(pair.signed_bytes().starts_with(b"\0\0\0\x0dyizhan pair 1"));
    let register = RegisterRequest {
        version: ProtocolVersion::V1,
        station_code: "ST4T10N".into(),
        device: DeviceId::from_bytes([2; 16]),
        public_key: vec![3; 32],
        person: PersonId::from_bytes([4; 16]),
        name: "王师傅".into(),
        label: String::new(),
        signature: vec![5; 64],
    };
    check("register_request", &register);
    let token = TokenRequest {
        version: ProtocolVersion::V1,
        device: DeviceId::from_bytes([2; 16]),
        challenge: vec![9; 24],
        signature: vec![5; 64],
    };
    check("token_request", &token);
    check("access", &access());
    check("access_with_check_in", &access_with_check_in());
    check(
        "welcome",
        &Welcome {
            identity: identity(),
            epoch: Epoch::from_bytes([8; 8]),
            relay_time: Timestamp::from_ms(1_795_000_000_000),
            access: access(),
        },
    );
}

#[test]
fn a_fault_is_pinned() {
    check(
        "fault",
        &Fault::new(
            FaultCode::TooLarge,
            "The request is too large: send fewer changes at once.",
        )
        .limit("request_bytes_max", 4_194_304)
        .retry_after_ms(500)
        .challenge(vec![1]),
    );
    check(
        "fault_of_a_newer_version",
        &Fault::new(FaultCode::Other("moon.full".into()), "?"),
    );
}

#[test]
fn reads_of_checks() {
    let entry = |byte: u8| EntryId::from_bytes([byte; 16]);
    let read = |byte: u8, screen| CheckRead {
        entry: entry(byte),
        document: doc(byte + 1),
        at: Timestamp::from_ms(1_770_000_000_000),
        screen,
    };
    let reads = vec![
        read(1, Screen::Opened),
        read(2, Screen::Listed),
        read(3, Screen::Exported),
        read(4, Screen::Other(99)),
    ];
    check(
        "check_reads",
        &CheckReads {
            version: ProtocolVersion::CURRENT,
            reads,
        },
    );
    let entries = vec![entry(1), entry(2)];
    check("reads_entered", &ReadsEntered { entries });
}

#[test]
fn the_messages_about_keys_and_lost_devices_are_pinned() {
    let device = DeviceId::from_bytes([2; 16]);
    let nonce = Nonce::from_bytes([7; 16]);
    let key = KeyRequest {
        version: ProtocolVersion::V1,
        device,
        challenge: vec![9; 24],
        old_key: [3; 32],
        new_key: [4; 32],
        old_signature: [5; 64],
        new_signature: [6; 64],
    };
    check("key_request", &key);
    assert!(key.signed_bytes().starts_with(b"\0\0\0\x0cyizhan key 1"));
    let mut farewell = FarewellRequest {
        version: ProtocolVersion::V1,
        device,
        challenge: vec![9; 24],
        nonce,
        device_time: Timestamp::from_ms(1_795_000_000_000),
        pushes: Vec::new(),
        signature: [5; 64],
    };
    check("farewell_request", &farewell);
    let before = farewell.signed_bytes();
    farewell.pushes = vec![Push {
        document: doc(1),
        kind: Kind::Visit,
        change: vec![1, 2, 3],
    }];
    check("farewell_request_with_a_push", &farewell);
    assert_ne!(
        farewell.signed_bytes(),
        before,
        "what is handed over is signed"
    );
    let order = WipeOrder {
        device,
        epoch: Epoch::from_bytes([8; 8]),
        nonce,
        ordered_at: Timestamp::from_ms(1_795_000_000_000),
        signatures: vec![OrderSignature([5; 64]), OrderSignature([6; 64])],
    };
    check("wipe_order", &order);
    check(
        "farewell_response",
        &FarewellResponse {
            order,
            receipts: vec![Receipt {
                change: hash(1),
                outcome: Outcome::Quarantined(Reason {
                    code: "device.revoked".into(),
                    path: None,
                    bound: None,
                }),
            }],
            challenge: vec![9; 24],
        },
    );
    check(
        "wiped_request",
        &WipedRequest {
            version: ProtocolVersion::V1,
            device,
            nonce,
            attachments_lost: 1,
            signature: [5; 64],
        },
    );
    let wiped_at = Timestamp::from_ms(1_795_000_000_000);
    check("wipe_noted", &WipeNoted { wiped_at });
}

#[test]
fn the_messages_about_people_who_are_one_are_pinned() {
    let (keep, other) = (PersonId::from_bytes([4; 16]), PersonId::from_bytes([5; 16]));
    check(
        "merge_request",
        &MergeRequest {
            version: ProtocolVersion::V1,
            keep,
            other,
        },
    );
    check(
        "merged",
        &Merged {
            person: keep,
            name: "李师傅".into(),
            aliases: vec![other],
            waits: None,
        },
    );
    check(
        "merge_waits",
        &Merged {
            person: keep,
            name: "李师傅".into(),
            aliases: Vec::new(),
            waits: Some(true),
        },
    );
}

#[test]
fn a_report_handed_out_is_pinned() {
    let text = |text: &str| Cell::Text(text.into());
    let body = SheetBody {
        what: "services".into(),
        region: "zhaoyuan".parse().expect("a key"),
        from: "2025-11".into(),
        to: "2026-11".into(),
        zone: "+08".into(),
        columns: [
            "month",
            "station",
            "service",
            "person_times",
            "stay_hours_mean",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: vec![
            vec![
                text("2026-11"),
                text("zy-xinglongsheng"),
                text("shower"),
                Cell::Whole(12),
                Cell::Hundredths(-150),
            ],
            vec![
                text("2026-11"),
                text("all"),
                text("shower"),
                Cell::Withheld,
                Cell::Nothing,
            ],
        ],
        unreadable: 0,
    };
    check("sheet_body", &body);
    let bytes = encode(&body);
    let answer = SheetAnswer {
        made_at: Timestamp::from_ms(1_795_000_000_000),
        version: ContentHash::of(&bytes),
        body: Some(bytes),
    };
    check("sheet_answer", &answer);
    let unchanged = SheetAnswer {
        body: None,
        ..answer
    };
    check("sheet_answer_unchanged", &unchanged);
    assert!(encode(&unchanged).len() < 64);
}

/// What is no cell: `true`, another exponent, another tag, a map, half a fraction.
#[test]
fn what_is_no_cell_is_refused() {
    for wrong in [
        &[0xf5][..],
        &[0xc4, 0x82, 0x20, 0x01],
        &[0xc5, 0x82, 0x21, 0x01],
        &[0xc4, 0x83, 0x21, 0x01, 0x01],
        &[0xa0],
        &[0xf7],
        &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(decode::<Cell>(wrong, 100).is_err(), "{wrong:02x?}");
    }
}
