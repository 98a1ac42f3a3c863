//! What holds of any message and any bytes.

use proptest::prelude::*;
use yizhan_proto::codec::{decode, encode};
use yizhan_proto::limits::REQUEST_BYTES_MAX;
use yizhan_proto::sync::{
    Outcome, Push, Reason, Receipt, ScopeState, Stored, Summary, SyncRequest, SyncResponse,
};
use yizhan_proto::{
    ChangeHash, Cursor, DocumentId, Epoch, Fault, Kind, PersonId, ProtocolVersion, Scope,
    ScopeDigest, Sequence, StationId, Timestamp,
};

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        "[a-z0-9][a-z0-9-]{0,31}".prop_map(|key| Scope::Region(key.parse().expect("a key"))),
        "[a-z0-9][a-z0-9-]{0,31}".prop_map(|key| Scope::Desk(key.parse().expect("a key"))),
        any::<[u8; 16]>().prop_map(|id| Scope::Person(PersonId::from_bytes(id))),
        any::<[u8; 16]>().prop_map(|id| Scope::Station(StationId::from_bytes(id))),
        any::<[u8; 16]>().prop_map(|id| Scope::StationHealth(StationId::from_bytes(id))),
    ]
}

fn state() -> impl Strategy<Value = ScopeState> {
    (
        scope(),
        any::<Option<u64>>(),
        any::<u64>(),
        any::<u64>(),
        any::<Option<u64>>(),
    )
        .prop_map(|(scope, live, floor, digest, settled)| ScopeState {
            settled: settled.map(Cursor::new),
            scope,
            live: live.map(Cursor::new),
            floor: Cursor::new(floor),
            digest: ScopeDigest::from_bits(digest),
        })
}

fn push() -> impl Strategy<Value = Push> {
    (any::<[u8; 16]>(), any::<u8>(), any::<Vec<u8>>()).prop_map(|(document, kind, change)| Push {
        document: DocumentId::from_bytes(document),
        kind: Kind::from_code(kind),
        change,
    })
}

prop_compose! {
    fn request()(
        epoch in any::<Option<[u8; 8]>>(),
        time in any::<i64>(),
        identity_version in any::<u64>(),
        summary in any::<Option<(u64, u64)>>(),
        scopes in prop::collection::vec(state(), 0..5),
        pushes in prop::collection::vec(push(), 0..5),
        page_bytes_max in any::<u32>(),
    ) -> SyncRequest {
        SyncRequest {
            version: ProtocolVersion::V1,
            epoch: epoch.map(Epoch::from_bytes),
            device_time: Timestamp::from_ms(time),
            identity_version,
            summary: summary.map(|(live, digest)| Summary {
                live: Cursor::new(live),
                digest: ScopeDigest::from_bits(digest),
            }),
            scopes,
            pushes,
            page_bytes_max,
            forgotten: vec![],
            repairs: vec![],
            fetches: vec![],
            decided: None,
            left: vec![],
        }
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let stored =
        (1..=u64::MAX, any::<i64>(), any::<i64>()).prop_map(|(number, at, skew_ms)| Stored {
            sequence: Sequence::new(number).expect("not 0"),
            received_at: Timestamp::from_ms(at),
            skew_ms,
        });
    let reason = (".*", any::<Option<String>>(), any::<Option<String>>())
        .prop_map(|(code, path, bound)| Reason { code, path, bound });
    prop_oneof![
        stored.clone().prop_map(Outcome::Accepted),
        stored.prop_map(Outcome::Duplicate),
        reason.clone().prop_map(Outcome::Refused),
        reason.clone().prop_map(Outcome::Quarantined),
        reason.prop_map(Outcome::Later),
        prop::collection::vec(any::<[u8; 32]>().prop_map(ChangeHash::from_bytes), 0..4)
            .prop_map(Outcome::Needs),
        (7..=u8::MAX).prop_map(Outcome::Unknown),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_is_what_was_sent(request in request()) {
        prop_assert_eq!(decode::<SyncRequest>(&encode(&request), REQUEST_BYTES_MAX).expect("its own bytes"), request);
    }

    #[test]
    fn a_receipt_is_what_was_sent(outcome in outcome(), change in any::<[u8; 32]>()) {
        let receipt = Receipt { change: ChangeHash::from_bytes(change), outcome };
        prop_assert_eq!(decode::<Receipt>(&encode(&receipt), REQUEST_BYTES_MAX).expect("its own bytes"), receipt);
    }

    #[test]
    fn any_bytes_give_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = decode::<SyncRequest>(&bytes, REQUEST_BYTES_MAX);
        let _ = decode::<SyncResponse>(&bytes, REQUEST_BYTES_MAX);
        let _ = decode::<Fault>(&bytes, REQUEST_BYTES_MAX);
    }

    #[test]
    fn a_flipped_byte_gives_a_message_or_an_error(request in request(), at in any::<prop::sample::Index>(), with in 1..=u8::MAX) {
        let mut bytes = encode(&request);
        let at = at.index(bytes.len());
        bytes[at] ^= with;
        if let Ok(read) = decode::<SyncRequest>(&bytes, REQUEST_BYTES_MAX) {
            prop_assert_eq!(decode::<SyncRequest>(&encode(&read), REQUEST_BYTES_MAX).expect("its own bytes"), read);
        }
    }

    #[test]
    fn a_scope_reads_its_own_text(scope in scope()) {
        prop_assert_eq!(scope.to_string().parse::<Scope>().expect("its own text"), scope);
    }
}
