//! Waits, stops, slow lines.

use yizhan_proto::{Fault, FaultCode};

use super::super::backoff::{CAP_MS, HINT_MAX_MS};
use super::super::*;
use super::{DONE, MORE, answer, fail, fault, send, sending, wanted};

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

#[test]
fn a_failing_store_ends_the_round_and_it_is_tried_again() {
    let mut engine = sending(&[]);
    engine.handle(Input::StoreFailed, 0);
    assert_eq!(wanted(&mut engine), "nothing");
    assert!(engine.poll_timeout().is_some());
}
