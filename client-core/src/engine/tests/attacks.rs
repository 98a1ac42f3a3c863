//! Relays that never come to an end, each in its own way: every round ends, and the next one waits.

use super::super::round::{BARREN_MAX, EXCHANGES_MAX, IDENTITIES_MAX, LINEAGES_MAX, LONG_WAIT_MS};
use super::*;

/// Plays rounds against a relay that answers the same for ever, as a phone does that wakes up by
/// itself: how many exchanges there were until `until_ms`, and how the last round ended.
fn rounds(answer: Applied, until_ms: u64) -> (u32, Outcome) {
    let mut engine = Engine::new(7, true);
    let (mut now_ms, mut exchanges) = (0, 0);
    let mut last = None;
    engine.handle(Input::SyncWanted, now_ms);
    loop {
        match engine.poll_effect() {
            Some(Effect::PlanRequest(_)) => {
                engine.handle(Input::RequestPlanned(request(&[])), now_ms);
            }
            Some(Effect::Send(request)) => {
                exchanges += 1;
                assert!(exchanges < 1_000_000, "it never rests");
                let response = response();
                engine.handle(Input::ResponseArrived { request, response }, now_ms);
            }
            Some(Effect::Apply { .. }) => engine.handle(Input::Applied(answer), now_ms),
            Some(Effect::RenewToken { .. }) => panic!("a token was there"),
            Some(Effect::Finished(outcome)) => last = Some(outcome),
            None => match engine.poll_timeout() {
                Some(wake_ms) if wake_ms < until_ms => {
                    now_ms = wake_ms;
                    engine.handle(Input::TimePassed, now_ms);
                }
                Some(_) | None => return (exchanges, last.unwrap()),
            },
        }
    }
}

const HOUR_MS: u64 = 60 * 60 * 1_000;

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Waiting { failure, .. } => failure,
        Outcome::Synced { .. } | Outcome::Stopped(_) => panic!("{outcome:?}"),
    }
}

/// A cursor that moves one up in every answer, with "more" behind it.
#[test]
fn more_for_ever_with_nothing_in_it_ends_the_round_and_does_not_spin() {
    let barren = Applied {
        fruitful: false,
        ..MORE
    };
    let (exchanges, outcome) = rounds(barren, HOUR_MS);
    assert_eq!(failure(outcome), Failure::NoProgress);
    // The waits grow as with any failure: to five minutes at most, two and a half on average.
    assert!(exchanges <= 60 * (BARREN_MAX + 1), "{exchanges}");
}

/// Each answer brings something, and there is always more: left after very many, and for a while.
#[test]
fn more_for_ever_with_something_in_it_is_left_for_a_while() {
    let (exchanges, outcome) = rounds(MORE, HOUR_MS);
    assert_eq!(failure(outcome), Failure::RoundTooLong);
    let rounds_max = HOUR_MS / LONG_WAIT_MS + 1;
    assert!(u64::from(exchanges) <= rounds_max * u64::from(EXCHANGES_MAX));
}

/// Two relays behind one address, or one that makes lineages up: everything is offered again each
/// time, which is bounded in a round and from round to round.
#[test]
fn a_lineage_that_changes_with_every_answer_is_not_followed_for_ever() {
    let flapping = Applied {
        another_lineage: true,
        ..MORE
    };
    let (exchanges, outcome) = rounds(flapping, HOUR_MS);
    assert_eq!(failure(outcome), Failure::Unsteady);
    assert!(u64::from(exchanges) <= u64::from(LINEAGES_MAX) + 1 + HOUR_MS / LONG_WAIT_MS);
}

/// One change of lineage a round, in round after round.
#[test]
fn a_lineage_that_changes_in_every_round_is_noticed() {
    let mut engine = Engine::new(7, true);
    let mut outcomes = Vec::new();
    for _ in 0..=LINEAGES_MAX {
        engine.handle(Input::SyncWanted, 0);
        assert_eq!(wanted(&mut engine), "plan");
        send(&mut engine, &[]);
        let another_lineage = true;
        answer(
            &mut engine,
            Applied {
                another_lineage,
                ..DONE
            },
            0,
        );
        outcomes.push(wanted(&mut engine));
    }
    let (last, before) = outcomes.split_last().unwrap();
    assert!(before.iter().all(|outcome| *outcome == "synced"));
    assert_eq!(*last, "waiting");
    // A round that hears of none, and all is well again.
    for another_lineage in [false, true] {
        engine.handle(Input::SyncWanted, 0);
        assert_eq!(wanted(&mut engine), "plan");
        send(&mut engine, &[]);
        answer(
            &mut engine,
            Applied {
                another_lineage,
                ..DONE
            },
            0,
        );
        assert_eq!(wanted(&mut engine), "synced");
    }
}

#[test]
fn an_identity_that_changes_with_every_answer_ends_the_round() {
    let flapping = Applied {
        another_identity: true,
        ..MORE
    };
    let (exchanges, outcome) = rounds(flapping, HOUR_MS);
    assert_eq!(failure(outcome), Failure::Unsteady);
    let rounds_max = HOUR_MS / LONG_WAIT_MS + 1;
    assert!(u64::from(exchanges) <= rounds_max * (u64::from(IDENTITIES_MAX) + 1));
}

/// Times and hints at the ends of their types.
#[test]
fn an_absurd_wish_for_the_next_sync_silences_no_phone() {
    let wish = Applied {
        next_sync_ms: Some(u64::MAX),
        ..DONE
    };
    let mut engine = sending(&[]);
    answer(&mut engine, wish, u64::MAX - 1);
    assert_eq!(wanted(&mut engine), "synced");
    engine.handle(Input::SyncWanted, u64::MAX - 1);
    assert_eq!(wanted(&mut engine), "plan");
}
