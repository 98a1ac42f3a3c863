//! The machine, told stories and asked what it would do.

mod any;
mod attacks;
mod waits;

use yizhan_proto::digest::ScopeDigest;
use yizhan_proto::sync::{Push, Summary, SyncRequest, SyncResponse};
use yizhan_proto::version::ProtocolVersion;
use yizhan_proto::{Cursor, DocumentId, Epoch, Fault, FaultCode, Kind, Timestamp};

use super::round::EXCHANGES_MAX;
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
        decided: None,
        left: Vec::new(),
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
        decisions: None,
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
    fruitful: true,
    another_lineage: false,
    another_identity: false,
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
            FaultCode::DeviceKeyReplaced,
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
