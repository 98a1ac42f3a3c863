//! The machine, told stories and asked what it would do.

use proptest::prelude::*;
use yizhan_proto::digest::ScopeDigest;
use yizhan_proto::sync::{Push, Summary, SyncRequest, SyncResponse};
use yizhan_proto::version::ProtocolVersion;
use yizhan_proto::{Cursor, DocumentId, Epoch, Fault, FaultCode, Kind, Timestamp};

use super::backoff::{CAP_MS, HINT_MAX_MS};
use super::*;

fn request(pushes: &[u8]) -> Box<SyncRequest> {
    Box::new(SyncRequest {
        version: ProtocolVersion::CURRENT,
        epoch: None,
        device_time: Timestamp::default(),
        identity_version: 1,
        summary: Some(Summary {
            live: Cursor::START,
            digest: ScopeDigest::EMPTY,
        }),
        scopes: Vec::new(),
        pushes: pushes
            .iter()
            .map(|number| Push {
                document: document(*number),
                kind: Kind::Visit,
                change: vec![*number],
            })
            .collect(),
        page_bytes_max: 0,
        forgotten: Vec::new(),
        repairs: Vec::new(),
        fetches: Vec::new(),
    })
}

fn document(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 16])
}

fn response() -> Box<SyncResponse> {
    Box::new(SyncResponse {
        version: ProtocolVersion::CURRENT,
        epoch: Epoch::from_bytes([1; 8]),
        relay_time: Timestamp::default(),
        head: Cursor::START,
        receipts: Vec::new(),
        pages: Vec::new(),
        identity: None,
        repairs: Vec::new(),
        fetched: Vec::new(),
        next_sync_ms: None,
    })
}

fn fault(code: FaultCode) -> Failure {
    Failure::Fault(Box::new(Fault::new(code, "test")))
}

/// What the engine wants, without the messages.
fn wanted(engine: &mut Engine) -> &'static str {
    match engine.poll_effect() {
        None => "nothing",
        Some(Effect::PlanRequest(_)) => "plan",
        Some(Effect::RenewToken { .. }) => "renew",
        Some(Effect::Send(_)) => "send",
        Some(Effect::Apply { .. }) => "apply",
        Some(Effect::Finished(Outcome::Synced { .. })) => "synced",
        Some(Effect::Finished(Outcome::Waiting { .. })) => "waiting",
        Some(Effect::Finished(Outcome::Stopped(_))) => "stopped",
    }
}

/// An engine with a token and a request of these pushes out, at time 0.
fn sending(pushes: &[u8]) -> Engine {
    let mut engine = Engine::new(1, true);
    engine.handle(Input::SyncWanted, 0);
    assert_eq!(wanted(&mut engine), "plan");
    send(&mut engine, pushes);
    engine
}

fn send(engine: &mut Engine, pushes: &[u8]) {
    engine.handle(Input::RequestPlanned(request(pushes)), 0);
    assert_eq!(wanted(engine), "send");
}

fn answer(engine: &mut Engine, applied: Applied, now_ms: u64) {
    let (request, response) = (request(&[]), response());
    engine.handle(Input::ResponseArrived { request, response }, now_ms);
    assert_eq!(wanted(engine), "apply");
    engine.handle(Input::Applied(applied), now_ms);
}

fn fail(engine: &mut Engine, pushes: &[u8], failure: Failure) {
    let request = request(pushes);
    engine.handle(Input::SendFailed { request, failure }, 0);
}

const MORE: Applied = Applied {
    more: true,
    progressed: true,
    repairing: false,
    unsent_left: 0,
    next_sync_ms: None,
};
const DONE: Applied = Applied {
    more: false,
    ..MORE
};

#[test]
fn nothing_new_is_one_request() {
    let mut engine = sending(&[]);
    answer(&mut engine, Applied::default(), 0);
    let Some(Effect::Finished(outcome)) = engine.poll_effect() else {
        panic!("not finished");
    };
    assert_eq!(
        outcome,
        Outcome::Synced {
            exchanges: 1,
            unsent_left: 0
        }
    );
    assert_eq!(engine.poll_timeout(), None);
    assert_eq!(wanted(&mut engine), "nothing");
}

#[test]
fn what_to_do_after_each_fault() {
    for code in FaultCode::ALL
        .iter()
        .cloned()
        .chain([FaultCode::Other("x.y".into())])
    {
        let renewed = [
            FaultCode::TokenMissing,
            FaultCode::TokenInvalid,
            FaultCode::TokenExpired,
            FaultCode::ChallengeInvalid,
        ];
        let narrowed = [
            FaultCode::TooLarge,
            FaultCode::Malformed,
            FaultCode::Invalid,
            FaultCode::Internal,
        ];
        let stopped = [
            FaultCode::DeviceUnknown,
            FaultCode::DeviceRevoked,
            FaultCode::DeviceConflict,
            FaultCode::SignatureInvalid,
            FaultCode::UnsupportedVersion,
        ];
        let expected = if renewed.contains(&code) {
            "renew"
        } else if narrowed.contains(&code) {
            "plan"
        } else if stopped.contains(&code) {
            "stopped"
        } else {
            "waiting"
        };
        let mut engine = sending(&[1, 2]);
        fail(&mut engine, &[1, 2], fault(code.clone()));
        assert_eq!(wanted(&mut engine), expected, "{code} with pushes");

        // Without pushes there is nothing to make smaller.
        let expected = if expected == "plan" {
            "waiting"
        } else {
            expected
        };
        let mut engine = sending(&[]);
        fail(&mut engine, &[], fault(code.clone()));
        assert_eq!(wanted(&mut engine), expected, "{code} without pushes");
    }
    for failure in [Failure::Offline, Failure::TimedOut, Failure::Garbled] {
        let mut engine = sending(&[1]);
        fail(&mut engine, &[1], failure);
        assert_eq!(wanted(&mut engine), "waiting");
    }
}

#[test]
fn what_to_do_after_a_token_was_refused() {
    for (code, expected) in [
        (FaultCode::ChallengeInvalid, "renew"),
        (FaultCode::TokenExpired, "renew"),
        (FaultCode::DeviceUnknown, "stopped"),
        (FaultCode::DeviceRevoked, "stopped"),
        (FaultCode::SignatureInvalid, "stopped"),
        (FaultCode::Busy, "waiting"),
        (FaultCode::Malformed, "waiting"),
        (FaultCode::TooLarge, "waiting"),
    ] {
        let mut engine = Engine::new(1, false);
        engine.handle(Input::SyncWanted, 0);
        assert_eq!(wanted(&mut engine), "renew");
        engine.handle(Input::TokenFailed(fault(code.clone())), 0);
        assert_eq!(wanted(&mut engine), expected, "{code}");
    }
}

#[test]
fn a_challenge_in_a_fault_is_the_one_answered() {
    let mut engine = sending(&[]);
    let expired = Fault::new(FaultCode::TokenExpired, "test").challenge(vec![7]);
    fail(&mut engine, &[], Failure::Fault(Box::new(expired)));
    let Some(Effect::RenewToken { challenge }) = engine.poll_effect() else {
        panic!("no renewal");
    };
    assert_eq!(challenge, Some(vec![7]));
    engine.handle(Input::TokenObtained { ttl_ms: 1000 }, 0);
    assert_eq!(wanted(&mut engine), "plan");
}

#[test]
fn renewals_in_one_round_are_bounded() {
    let mut engine = sending(&[]);
    fail(&mut engine, &[], fault(FaultCode::TokenExpired));
    for _ in 1..RENEWALS_MAX {
        assert_eq!(wanted(&mut engine), "renew");
        engine.handle(Input::TokenObtained { ttl_ms: 1000 }, 0);
        assert_eq!(wanted(&mut engine), "plan");
        send(&mut engine, &[]);
        fail(&mut engine, &[], fault(FaultCode::TokenExpired));
    }
    assert_eq!(wanted(&mut engine), "renew");
    engine.handle(Input::TokenFailed(fault(FaultCode::ChallengeInvalid)), 0);
    assert_eq!(wanted(&mut engine), "waiting");
}

#[test]
fn a_token_is_renewed_when_its_time_has_passed() {
    for (at_ms, expected) in [(999, "plan"), (1_000, "renew")] {
        let mut engine = Engine::new(1, false);
        engine.handle(Input::SyncWanted, 0);
        assert_eq!(wanted(&mut engine), "renew");
        engine.handle(Input::TokenObtained { ttl_ms: 1_000 }, 0);
        assert_eq!(wanted(&mut engine), "plan");
        send(&mut engine, &[]);
        answer(&mut engine, DONE, 0);
        assert_eq!(wanted(&mut engine), "synced");
        engine.handle(Input::SyncWanted, at_ms);
        assert_eq!(wanted(&mut engine), expected, "at {at_ms}");
    }
}

#[test]
fn a_round_goes_on_while_there_is_more_and_ends_without_progress() {
    for (applied, expected) in [
        (MORE, "plan"),
        (DONE, "synced"),
        (
            Applied {
                progressed: false,
                ..DONE
            },
            "synced",
        ),
        (
            Applied {
                progressed: false,
                ..MORE
            },
            "waiting",
        ),
        (
            Applied {
                progressed: false,
                repairing: true,
                ..MORE
            },
            "plan",
        ),
    ] {
        let mut engine = sending(&[]);
        answer(&mut engine, applied, 0);
        assert_eq!(wanted(&mut engine), expected, "{applied:?}");
    }
}

#[test]
fn rounds_and_repairs_are_bounded() {
    let stuck = Applied {
        progressed: false,
        repairing: true,
        ..MORE
    };
    for (applied, exchanges_max) in [(MORE, EXCHANGES_MAX), (stuck, REPAIRS_MAX + 1)] {
        let mut engine = sending(&[]);
        for _ in 1..exchanges_max {
            answer(&mut engine, applied, 0);
            assert_eq!(wanted(&mut engine), "plan");
            send(&mut engine, &[]);
        }
        answer(&mut engine, applied, 0);
        assert_eq!(wanted(&mut engine), "waiting");
    }
}

#[test]
fn what_happens_during_a_round_is_not_forgotten() {
    for input in [Input::LocalChange, Input::Moved, Input::SyncWanted] {
        let mut engine = sending(&[]);
        engine.handle(input, 0);
        answer(&mut engine, DONE, 0);
        assert_eq!(wanted(&mut engine), "plan");
        send(&mut engine, &[]);
        answer(&mut engine, DONE, 0);
        assert_eq!(wanted(&mut engine), "synced");
    }
    // What was written before the request was planned is in it.
    let mut engine = Engine::new(1, true);
    engine.handle(Input::LocalChange, 0);
    engine.handle(Input::LocalChange, 0);
    assert_eq!(wanted(&mut engine), "plan");
    send(&mut engine, &[1]);
    answer(&mut engine, DONE, 0);
    assert_eq!(wanted(&mut engine), "synced");
}

#[test]
fn a_wait_is_kept_by_all_but_a_person() {
    let busy = Fault::new(FaultCode::Busy, "test").retry_after_ms(60_000);
    for (input, expected) in [
        (Input::LocalChange, "nothing"),
        (Input::Moved, "nothing"),
        (Input::TimePassed, "nothing"),
        (Input::SyncWanted, "plan"),
    ] {
        let mut engine = sending(&[]);
        fail(&mut engine, &[], Failure::Fault(Box::new(busy.clone())));
        assert_eq!(wanted(&mut engine), "waiting");
        let wake_ms = engine.poll_timeout().unwrap();
        assert!((60_000..=120_000).contains(&wake_ms), "{wake_ms}");
        engine.handle(input, 59_999);
        assert_eq!(wanted(&mut engine), expected);
        if expected == "nothing" {
            assert_eq!(engine.poll_timeout(), Some(wake_ms));
            engine.handle(Input::TimePassed, wake_ms);
            assert_eq!(wanted(&mut engine), "plan");
        }
    }
}

#[test]
fn the_relays_wish_for_the_next_sync_is_followed() {
    for (wish, unsent_left, timeout) in [
        (None, 0, None),
        (None, 3, Some(CAP_MS + 5)),
        (Some(7_000), 0, Some(7_005)),
        (Some(u64::MAX), 3, Some(HINT_MAX_MS + 5)),
    ] {
        let mut engine = sending(&[]);
        let applied = Applied {
            next_sync_ms: wish,
            unsent_left,
            ..DONE
        };
        answer(&mut engine, applied, 5);
        assert_eq!(wanted(&mut engine), "synced");
        assert_eq!(engine.poll_timeout(), timeout, "{wish:?} {unsent_left}");
        engine.handle(Input::LocalChange, 6);
        let now = if wish.is_some() { "nothing" } else { "plan" };
        assert_eq!(wanted(&mut engine), now, "{wish:?}");
    }
}

#[test]
fn a_stop_ends_by_a_person_only() {
    let mut engine = sending(&[]);
    fail(&mut engine, &[], fault(FaultCode::DeviceRevoked));
    assert_eq!(wanted(&mut engine), "stopped");
    assert_eq!(engine.phase(), Phase::Stopped(Stop::Revoked));
    for input in [Input::LocalChange, Input::Moved, Input::TimePassed] {
        engine.handle(input, u64::MAX);
        assert_eq!(wanted(&mut engine), "nothing");
    }
    assert_eq!(engine.poll_timeout(), None);
    engine.handle(Input::SyncWanted, 0);
    assert_eq!(wanted(&mut engine), "renew");
}

#[test]
fn a_slow_line_is_asked_for_less_and_recovers() {
    let mut engine = sending(&[1, 2, 3, 4]);
    fail(&mut engine, &[1, 2, 3, 4], Failure::TimedOut);
    assert_eq!(wanted(&mut engine), "waiting");
    engine.handle(Input::SyncWanted, 0);
    let Some(Effect::PlanRequest(budget)) = engine.poll_effect() else {
        panic!("no plan");
    };
    assert_eq!(budget.pushes_max, 2);
    assert_eq!(budget.page_bytes_max, 512 * 1024);
    send(&mut engine, &[1, 2]);
    answer(&mut engine, MORE, 0);
    let Some(Effect::PlanRequest(budget)) = engine.poll_effect() else {
        panic!("no plan");
    };
    assert_eq!(budget.pushes_max, 4);
    assert_eq!(budget.page_bytes_max, 1024 * 1024);
}

/// Plays a relay that fails with `code` on any request that carries a poisoned document, to an
/// engine with these documents to send, until the round ends.
fn play(engine: &mut Engine, documents: &mut Vec<u8>, poison: &[u8], code: &FaultCode) -> Outcome {
    let mut sent: Vec<u8> = Vec::new();
    for _ in 0..1_000 {
        match engine.poll_effect().expect("a round goes on") {
            Effect::PlanRequest(budget) => {
                sent = documents
                    .iter()
                    .copied()
                    .filter(|number| !budget.left_out.contains(&document(*number)))
                    .take(budget.pushes_max)
                    .collect();
                engine.handle(Input::RequestPlanned(request(&sent)), 0);
            }
            Effect::Send(request) => {
                let hit = sent.iter().any(|number| poison.contains(number));
                engine.handle(
                    if hit {
                        let failure = fault(code.clone());
                        Input::SendFailed { request, failure }
                    } else {
                        let response = response();
                        Input::ResponseArrived { request, response }
                    },
                    0,
                );
            }
            Effect::Apply { .. } => {
                documents.retain(|number| !sent.contains(number));
                engine.handle(
                    Input::Applied(Applied {
                        more: !documents.is_empty(),
                        progressed: !sent.is_empty(),
                        repairing: false,
                        unsent_left: documents.len() as u64,
                        next_sync_ms: None,
                    }),
                    0,
                );
            }
            Effect::RenewToken { .. } => panic!("a token was there"),
            Effect::Finished(outcome) => return outcome,
        }
    }
    panic!("the round does not end");
}

proptest! {
    #[test]
    fn poison_stalls_nothing_else(
        count in 1_u8..60,
        mut poison in prop::collection::btree_set(0_u8..60, 0..4),
        index in 0_usize..4,
    ) {
        let code = [FaultCode::Malformed, FaultCode::Invalid, FaultCode::Internal, FaultCode::TooLarge][index].clone();
        poison.retain(|number| *number < count);
        let poison: Vec<u8> = poison.into_iter().collect();
        let mut documents: Vec<u8> = (0..count).collect();
        let mut engine = Engine::new(9, true);
        engine.handle(Input::SyncWanted, 0);
        let outcome = play(&mut engine, &mut documents, &poison, &code);
        prop_assert_eq!(&documents, &poison);
        if poison.is_empty() {
            let synced = matches!(outcome, Outcome::Synced { .. });
            prop_assert!(synced);
        } else {
            let named = poison.iter().map(|number| document(*number)).collect();
            let Outcome::Waiting { failure, .. } = outcome else {
                return Err(TestCaseError::fail("not waiting"));
            };
            prop_assert_eq!(failure, Failure::LeftOut(named));
            // Another document is not held up.
            documents.push(99);
            engine.handle(Input::LocalChange, 0);
            play(&mut engine, &mut documents, &poison, &code);
            prop_assert_eq!(&documents, &poison);
            // And what was left out is tried again when its time comes.
            let wake_ms = engine.poll_timeout().unwrap();
            engine.handle(Input::TimePassed, wake_ms);
            let outcome = play(&mut engine, &mut documents, &[], &code);
            let synced = matches!(outcome, Outcome::Synced { .. });
            prop_assert!(synced);
            prop_assert!(documents.is_empty());
        }
    }

    #[test]
    fn any_inputs_in_any_order_leave_at_most_one_effect_and_no_panic(
        inputs in prop::collection::vec((0_u8..12, 0_u64..1_000_000), 0..60),
    ) {
        let mut engine = Engine::new(3, false);
        for (input, now_ms) in inputs {
            let input = match input {
                0 => Input::SyncWanted,
                1 => Input::LocalChange,
                2 => Input::Moved,
                3 => Input::TimePassed,
                4 => Input::TokenObtained { ttl_ms: now_ms },
                5 => Input::TokenFailed(fault(FaultCode::ChallengeInvalid)),
                6 => Input::RequestPlanned(request(&[1])),
                7 => Input::ResponseArrived { request: request(&[]), response: response() },
                8 => Input::SendFailed { request: request(&[1, 2]), failure: fault(FaultCode::Internal) },
                9 => Input::SendFailed { request: request(&[]), failure: Failure::Offline },
                10 => Input::Applied(MORE),
                _ => Input::StoreFailed,
            };
            engine.handle(input, now_ms);
            let effect = engine.poll_effect();
            prop_assert!(engine.poll_effect().is_none());
            // In a round there is always something out; at rest there may be a last word.
            if let Some(effect) = effect {
                let finished = matches!(effect, Effect::Finished(_));
                prop_assert_eq!(finished, !engine.phase().is_in_round());
            }
        }
    }
}

#[test]
fn a_failing_store_ends_the_round_and_it_is_tried_again() {
    let mut engine = sending(&[]);
    engine.handle(Input::StoreFailed, 0);
    assert_eq!(wanted(&mut engine), "nothing");
    assert!(engine.poll_timeout().is_some());
}
