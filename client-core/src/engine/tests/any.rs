//! What holds for any poison and any order of events.

use proptest::prelude::*;
use yizhan_proto::FaultCode;

use super::super::*;
use super::{MORE, document, fault, request, response};

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
                        fruitful: true,
                        unsent_left: documents.len() as u64,
                        ..Applied::default()
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
