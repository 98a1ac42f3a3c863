//! Pushing: receipts, duplicates, what is missing, what waits, and what a crash leaves.

use yizhan_proto::limits::{CLOCK_SKEW_TOLERATED_MS, SCOPES_MAX};
use yizhan_proto::sync::{Outcome, Push, Receipt, ScopeState, SyncRequest};
use yizhan_proto::{ChangeHash, Cursor, ProtocolVersion, Role, Scope, ScopeDigest};

use super::{World, open};
use crate::error::{CallerError, RelayError};

fn outcomes(receipts: &[Receipt]) -> Vec<String> {
    receipts
        .iter()
        .map(|receipt| match &receipt.outcome {
            Outcome::Accepted(_) => "accepted".to_owned(),
            Outcome::Duplicate(_) => "duplicate".to_owned(),
            Outcome::Refused(reason) => format!("refused {}", reason.code),
            Outcome::Needs(_) => "needs".to_owned(),
            Outcome::Quarantined(reason) => format!("quarantined {}", reason.code),
            Outcome::Later(reason) => format!("later {}", reason.code),
            Outcome::Unknown(code) => format!("unknown {code}"),
        })
        .collect()
}

#[tokio::test]
async fn a_change_is_accepted_once_and_known_ever_after() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    let id = world.document_id();
    phone.check_in(id, world.stations[0]);
    phone.note(id, "热水");
    let pushes = phone.unsent.clone();
    let first = phone.push().await;
    assert_eq!(outcomes(&first), ["accepted", "accepted"]);
    phone.unsent = [pushes.clone(), pushes].concat();
    let again = phone.push().await;
    assert_eq!(outcomes(&again), ["duplicate"; 4]);
    let sequence = |receipt: &Receipt| {
        let (Outcome::Accepted(stored) | Outcome::Duplicate(stored)) = &receipt.outcome else {
            panic!("{receipt:?}")
        };
        *stored
    };
    assert_eq!(sequence(&first[0]), sequence(&again[0]));
    assert_eq!(sequence(&first[1]), sequence(&again[3]));
}

#[tokio::test]
async fn a_bad_change_stands_in_nobodys_way() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    let ids: Vec<_> = (0..3).map(|_| world.document_id()).collect();
    for id in &ids {
        phone.check_in(*id, world.stations[0]);
    }
    *phone.unsent[1].change.last_mut().unwrap() ^= 1;
    let bad = ChangeHash::of_chunk(&phone.unsent[1].change);
    let receipts = phone.push().await;
    assert_eq!(
        outcomes(&receipts),
        ["accepted", "refused change.checksum", "accepted"]
    );
    assert_eq!(
        receipts[1].change, bad,
        "a receipt names even what it cannot read"
    );
    assert_eq!(world.relay.status().await.unwrap().documents, 2 + 2);
}

#[tokio::test]
async fn a_change_without_its_dependency_needs_it() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    let id = world.document_id();
    phone.check_in(id, world.stations[0]);
    phone.note(id, "a");
    phone.note(id, "b");
    let all = phone.unsent.clone();
    phone.unsent = vec![all[0].clone(), all[2].clone()];
    let receipts = phone.push().await;
    assert_eq!(outcomes(&receipts), ["accepted", "needs"]);
    let missing = ChangeHash::of_chunk(&all[1].change);
    assert_eq!(receipts[1].outcome, Outcome::Needs(vec![missing]));
    phone.unsent = all[1..].to_vec();
    assert_eq!(outcomes(&phone.push().await), ["accepted", "accepted"]);
}

#[tokio::test]
async fn a_kind_that_is_not_the_documents_is_refused() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    let id = world.document_id();
    phone.check_in(id, world.stations[0]);
    phone.note(id, "a");
    phone.unsent[1].kind = yizhan_proto::Kind::Consent;
    assert_eq!(
        outcomes(&phone.push().await),
        ["accepted", "refused document.identity"]
    );
}

#[tokio::test]
async fn work_under_a_right_that_ended_waits_and_what_builds_on_it_too() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let id = world.document_id();
    driver.check_in(id, world.stations[0]);
    driver.push().await;
    let mut keeper = world.keeper(0).await;
    keeper.sync(0).await;
    let serve =
        |note: &str| yizhan_client_core::model::visit::Command::SetKeeperNote(note.to_owned());
    keeper.edit(id, serve("one"));
    keeper.edit(id, serve("two"));
    let role = Role::Keeper(world.stations[0]);
    let person = keeper.identity.person;
    world.relay.remove_role(person, role.clone()).await.unwrap();
    let waits = ["quarantined right.ended", "quarantined dependency.held"];
    assert_eq!(outcomes(&keeper.push().await), waits);
    assert_eq!(outcomes(&keeper.push().await), waits, "and again");
    assert_eq!(world.relay.status().await.unwrap().quarantined, 2);

    let mut stranger = world.keeper(1).await;
    stranger.documents = driver.documents.clone();
    stranger.edit(id, serve("mine"));
    let code = outcomes(&stranger.push().await);
    assert!(
        code[0].starts_with("refused"),
        "never had the right: {code:?}"
    );

    world.relay.add_role(person, role).await.unwrap();
    assert_eq!(outcomes(&keeper.push().await), ["accepted", "accepted"]);
    assert_eq!(world.relay.status().await.unwrap().quarantined, 0);
}

#[tokio::test]
async fn an_erased_id_is_never_taken_again() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    let id = world.document_id();
    world
        .relay
        .inner
        .writer
        .write(move |tx| tx.put_erased(id, yizhan_proto::Timestamp::default()))
        .await
        .unwrap();
    phone.check_in(id, world.stations[0]);
    assert_eq!(outcomes(&phone.push().await), ["refused document.erased"]);
}

#[tokio::test]
async fn a_wrong_clock_is_told_by_how_much() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    for skew_ms in [
        0,
        CLOCK_SKEW_TOLERATED_MS,
        -CLOCK_SKEW_TOLERATED_MS,
        CLOCK_SKEW_TOLERATED_MS + 1,
        -86_400_000,
    ] {
        let id = world.document_id();
        phone.check_in(id, world.stations[0]);
        let real = phone.device_time;
        phone.device_time = real.saturating_add_ms(skew_ms);
        let receipts = phone.push().await;
        phone.device_time = real;
        let Outcome::Accepted(stored) = &receipts[0].outcome else {
            panic!("{receipts:?}")
        };
        let tolerated = skew_ms.abs() <= CLOCK_SKEW_TOLERATED_MS;
        assert_eq!(stored.skew_ms, if tolerated { 0 } else { skew_ms });
    }
}

#[tokio::test]
async fn limits_and_versions_are_named() {
    let mut world = World::new().await;
    let phone = world.driver().await;
    let state = ScopeState {
        scope: Scope::Region("x".parse().unwrap()),
        live: None,
        floor: Cursor::START,
        digest: ScopeDigest::EMPTY,
        settled: None,
    };
    let request = SyncRequest {
        scopes: vec![state; SCOPES_MAX + 1],
        ..phone.request()
    };
    let error = phone.send(request).await.unwrap_err();
    assert!(matches!(
        error,
        RelayError::Limit {
            limit: "SCOPES_MAX",
            bound: 256,
            found: 257
        }
    ));
    let request = SyncRequest {
        version: ProtocolVersion(99),
        ..phone.request()
    };
    let error = phone.send(request).await.unwrap_err();
    assert!(matches!(error, RelayError::UnsupportedVersion { .. }));
}

#[tokio::test]
async fn a_revoked_device_is_refused_even_within_a_request() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    let caller = world.relay.caller(phone.device).unwrap();
    world.relay.revoke_device(phone.device).await.unwrap();
    phone.check_in(world.document_id(), world.stations[0]);
    let request = SyncRequest {
        pushes: phone.unsent.clone(),
        ..phone.request()
    };
    let error = world.relay.sync(&caller, request).await.unwrap_err();
    assert!(matches!(error, RelayError::Caller(CallerError::Revoked)));
    assert_eq!(world.relay.status().await.unwrap().documents, 2);
}

/// The folder as a power cut would leave it: whatever was committed, and no tidy end.
#[tokio::test]
async fn what_has_a_receipt_is_there_after_a_crash() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    let mut receipts = Vec::new();
    for _ in 0..20 {
        phone.check_in(world.document_id(), world.stations[0]);
        receipts.extend(phone.push().await);
    }
    let copy = tempfile::tempdir().unwrap();
    for file in ["relay.db", "relay.db-wal"] {
        std::fs::copy(world.folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let restarted = open(copy.path(), &world.clock);
    let held = phone.documents.clone();
    let pushes = held.iter().flat_map(|(id, held)| {
        let push = |(_, change): &(ChangeHash, Vec<u8>)| Push {
            document: *id,
            kind: held.kind,
            change: change.clone(),
        };
        held.changes.iter().map(push).collect::<Vec<_>>()
    });
    let request = SyncRequest {
        pushes: pushes.collect(),
        ..phone.request()
    };
    let caller = restarted.caller(phone.device).unwrap();
    let again = restarted.sync(&caller, request).await.unwrap().receipts;
    assert_eq!(outcomes(&again), ["duplicate"; 20]);
    assert_eq!(restarted.epoch(), world.relay.epoch());
}

#[tokio::test]
async fn a_shut_down_relay_says_so_and_opens_again() {
    let mut world = World::new().await;
    let mut phone = world.driver().await;
    phone.check_in(world.document_id(), world.stations[0]);
    phone.push().await;
    world.relay.shutdown();
    world.relay.shutdown();
    phone.check_in(world.document_id(), world.stations[0]);
    let request = SyncRequest {
        pushes: phone.unsent.clone(),
        ..phone.request()
    };
    let error = phone.send(request).await.unwrap_err();
    assert!(matches!(error, RelayError::ShuttingDown));
    assert!(world.relay.ready().await.is_err());
    let again = open(world.folder.path(), &world.clock);
    assert_eq!(again.status().await.unwrap().documents, 3);
    again.ready().await.unwrap();
}
