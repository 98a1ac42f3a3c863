//! The fold: whatever people do, in whatever order it reaches the relay.

use proptest::prelude::*;
use yizhan_proto::{DeskKey, EntryId, Timestamp};

use super::event::{Act, Event, EventType};
use super::fold::{REOPEN_MS_MAX, State, Step, Superseded, Why, fold, step};
use super::{Class, Priority};
use crate::model::testing::{
    ABOVE, DRIVER, FIRST, KEEPER, LEADER, RELAY, SECOND, at, desk, desk_above, document, entry,
    person, region, region_above,
};

fn raised() -> State {
    State::raised(desk(), region(), Class::Pay, Some(person(ABOVE)), at(0))
}

fn event(n: u8, by: u8, act: Act) -> Event {
    Event {
        entry: entry(n),
        by: person(by),
        at: at(i64::from(n)),
        received_at: None,
        act,
    }
}

fn verify() -> Act {
    Act::Verify {
        class: None,
        priority: Priority::Normal,
        text: None,
    }
}

fn assign(first: u8, second: u8, instead_of: Option<EntryId>) -> Act {
    Act::Assign {
        first: person(first),
        second: Some(person(second)),
        desk: desk(),
        instead_of,
    }
}

fn resolve() -> Act {
    Act::Resolve {
        text: "paid".into(),
        amount_fen: Some(120_000),
        outcome: None,
    }
}

fn rate(rating: u8) -> Act {
    Act::Rate { rating, text: None }
}

fn reopen() -> Act {
    Act::Reopen {
        reason: "paid half".into(),
    }
}

fn escalate(desk: DeskKey) -> Act {
    Act::Escalate {
        desk,
        region: region_above(),
        reason: None,
        instead_of: None,
    }
}

fn ask() -> Act {
    Act::Ask {
        text: "which month?".into(),
    }
}

fn answer() -> Act {
    Act::Answer { text: "May".into() }
}

/// Folds events; gives the state and why each event does not count.
fn folded(events: impl IntoIterator<Item = Event>) -> (State, Vec<Option<Why>>) {
    let (state, folded) = fold(raised(), events);
    let whys = folded
        .iter()
        .map(|folded| folded.superseded.map(|superseded| superseded.why));
    (state, whys.collect())
}

fn handling() -> Vec<Event> {
    vec![
        event(1, KEEPER, verify()),
        event(2, LEADER, assign(FIRST, SECOND, None)),
        event(3, FIRST, Act::Start),
    ]
}

fn with(mut events: Vec<Event>, more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    events.extend(more);
    events
}

#[test]
fn a_request_goes_its_way() {
    let events = with(
        handling(),
        [event(4, SECOND, resolve()), event(5, DRIVER, rate(5))],
    );
    let mut state = raised();
    let mut steps = vec![state.step];
    for event in events {
        state = step(&state, &event).unwrap();
        steps.push(state.step);
    }
    let verified = Step::Verified;
    assert_eq!(
        steps,
        [
            Step::Raised,
            verified,
            verified,
            Step::Handling,
            Step::Resolved,
            Step::Closed
        ]
    );
    assert_eq!(state.verified_at, Some(at(1)));
    assert_eq!(state.responded_at, Some(at(3)));
    assert_eq!(state.resolved_at, Some(at(4)));
    assert_eq!(state.ended_at, Some(at(5)));
    assert_eq!(state.rating, Some(5));
}

#[test]
fn handling_that_started_after_it_was_withdrawn_is_kept_and_says_so() {
    let events = [
        event(1, KEEPER, verify()),
        event(2, LEADER, assign(FIRST, SECOND, None)),
        event(3, DRIVER, Act::Withdraw { reason: None }),
        event(4, FIRST, Act::Start),
    ];
    let (state, folded) = fold(raised(), events);
    assert_eq!(state.step, Step::Withdrawn);
    let superseded = folded[3].superseded.unwrap();
    assert_eq!(superseded.why.as_str(), "after_withdrawn");
    assert_eq!(
        superseded.to_string(),
        "handling started after it was withdrawn"
    );
}

/// A widely used ticket system loses its lock: two people work on one ticket without knowing.
#[test]
fn zammad_246_a_lost_lock_two_specialists_start_at_once() {
    let events = with(handling(), [event(4, SECOND, Act::Start)]);
    let (state, whys) = folded(events);
    assert_eq!(state.step, Step::Handling);
    assert_eq!(whys, [None, None, None, Some(Why::AfterStarted)]);
    assert_eq!(state.responded_at, Some(at(3)), "the first start counts");
}

/// Two people assign it at once, and the later silently takes it from the earlier.
#[test]
fn zammad_3156_an_assignment_race_has_one_winner_and_the_loser_is_told() {
    let race = |first: Event, second: Event| folded([event(1, KEEPER, verify()), first, second]);
    let (one, other) = (
        event(2, LEADER, assign(FIRST, SECOND, None)),
        event(3, LEADER, assign(SECOND, KEEPER, None)),
    );
    let (state, whys) = race(one.clone(), other.clone());
    assert_eq!(state.first, Some(person(FIRST)));
    assert_eq!(whys[2], Some(Why::AssignedSince));
    let (state, whys) = race(other, one);
    assert_eq!(state.first, Some(person(SECOND)));
    assert_eq!(whys[2], Some(Why::AssignedSince));
    // Meant as a change of what stands, it is one.
    let (state, whys) = folded(with(
        handling(),
        [event(4, LEADER, assign(SECOND, KEEPER, Some(entry(2))))],
    ));
    assert_eq!(whys[3], None);
    assert_eq!(state.second, Some(person(KEEPER)));
    // Two changes of the same assignment: the second is too late again.
    let (_, whys) = folded(with(
        handling(),
        [
            event(4, LEADER, assign(SECOND, KEEPER, Some(entry(2)))),
            event(5, LEADER, assign(FIRST, KEEPER, Some(entry(2)))),
        ],
    ));
    assert_eq!(whys[4], Some(Why::AssignedSince));
}

#[test]
fn only_the_pair_handles_it() {
    let start = |by| {
        folded([
            event(1, KEEPER, verify()),
            event(2, LEADER, assign(FIRST, SECOND, None)),
            event(3, by, Act::Start),
        ])
    };
    assert_eq!(start(FIRST).1[2], None);
    assert_eq!(start(SECOND).1[2], None);
    assert_eq!(start(KEEPER).1[2], Some(Why::NotAssigned));
    let (_, whys) = folded(with(
        handling(),
        [event(4, KEEPER, resolve()), event(5, KEEPER, ask())],
    ));
    assert_eq!(whys[3..], [Some(Why::NotAssigned), Some(Why::NotAssigned)]);
}

#[test]
fn steps_out_of_turn_do_not_count() {
    let (state, whys) = folded([
        event(1, FIRST, Act::Start),
        event(2, LEADER, assign(FIRST, SECOND, None)),
        event(3, FIRST, resolve()),
        event(4, RELAY, Act::Close),
        event(5, DRIVER, reopen()),
        event(6, DRIVER, answer()),
        event(7, KEEPER, verify()),
        event(8, KEEPER, verify()),
        event(9, FIRST, resolve()),
    ]);
    assert_eq!(
        whys,
        [
            Some(Why::BeforeVerified),
            Some(Why::BeforeVerified),
            Some(Why::BeforeVerified),
            Some(Why::BeforeResolved),
            Some(Why::BeforeResolved),
            Some(Why::NothingAsked),
            None,
            Some(Why::AfterVerified),
            Some(Why::BeforeStarted),
        ]
    );
    assert_eq!(state.step, Step::Verified);
}

#[test]
fn the_clock_stands_still_while_the_driver_is_asked_and_when_it_is_resolved() {
    let (state, _) = folded(with(handling(), [event(4, FIRST, ask())]));
    assert!(state.waiting && state.is_paused());
    let (state, _) = folded(with(
        handling(),
        [event(4, FIRST, ask()), event(5, DRIVER, answer())],
    ));
    assert!(!state.waiting && !state.is_paused());
    let (state, _) = folded(with(
        handling(),
        [event(4, FIRST, ask()), event(5, FIRST, resolve())],
    ));
    assert!(!state.waiting && state.is_paused());
    let (state, _) = folded(with(
        handling(),
        [event(4, FIRST, resolve()), event(5, RELAY, Act::Close)],
    ));
    assert!(!state.is_paused());
}

#[test]
fn a_driver_reopens_once_within_seven_days_by_the_relays_time() {
    let resolved = with(handling(), [event(4, FIRST, resolve())]);
    let at_ms = |ms: i64| Event {
        // The phone's clock says whatever it says.
        at: at(0),
        received_at: Some(at(4).saturating_add_ms(ms)),
        ..event(5, DRIVER, reopen())
    };
    let (state, whys) = folded(with(resolved.clone(), [at_ms(REOPEN_MS_MAX)]));
    assert_eq!((state.step, state.cycle), (Step::Reopened, 2));
    assert_eq!((whys[4], state.responded_at), (None, None));
    let (state, whys) = folded(with(resolved.clone(), [at_ms(REOPEN_MS_MAX + 1)]));
    assert_eq!((state.step, whys[4]), (Step::Resolved, Some(Why::TooLate)));
    // The same pair goes on; a second reopening does not count.
    let (state, whys) = folded(with(
        resolved,
        [
            at_ms(0),
            event(6, FIRST, Act::Start),
            event(7, SECOND, resolve()),
            event(8, DRIVER, rate(2)),
            event(9, DRIVER, reopen()),
        ],
    ));
    assert_eq!(whys[5..], [None, None, None, Some(Why::ReopenedBefore)]);
    assert_eq!((state.step, state.rating), (Step::Closed, Some(2)));
}

#[test]
fn an_escalation_takes_it_to_the_other_desk_and_from_the_pair() {
    let (state, whys) = folded(with(
        handling(),
        [
            event(4, LEADER, escalate(desk_above())),
            event(5, FIRST, resolve()),
            event(6, LEADER, assign(FIRST, SECOND, None)),
            event(7, LEADER, escalate("banan-legal".parse().unwrap())),
        ],
    ));
    assert_eq!(
        (&state.desk, &state.region),
        (&desk_above(), &region_above())
    );
    assert_eq!((state.step, state.first), (Step::Verified, None));
    assert_eq!(
        whys[3..],
        [
            None,
            Some(Why::BeforeStarted),
            Some(Why::EscalatedSince),
            Some(Why::EscalatedSince)
        ]
    );
    let (_, whys) = folded([event(1, LEADER, escalate(desk()))]);
    assert_eq!(whys, [Some(Why::SameDesk)]);
}

#[test]
fn the_person_complained_about_has_no_part_even_where_no_gate_stood() {
    let (state, whys) = folded([
        event(1, ABOVE, verify()),
        event(2, KEEPER, verify()),
        event(3, LEADER, assign(FIRST, ABOVE, None)),
        event(4, ABOVE, ask()),
    ]);
    let conflicted = Some(Why::Conflicted);
    assert_eq!(whys, [conflicted, None, conflicted, conflicted]);
    assert_eq!(state.first, None);
}

#[test]
fn ratings_links_and_reviews_count_in_every_state() {
    for closing in [
        Act::Withdraw { reason: None },
        Act::Reject {
            reason: "twice".into(),
        },
    ] {
        let (state, whys) = folded([
            event(1, DRIVER, closing),
            event(2, DRIVER, rate(4)),
            event(
                3,
                KEEPER,
                Act::Link {
                    ticket: document(9),
                },
            ),
            event(
                4,
                KEEPER,
                Act::Review {
                    event: entry(1),
                    text: None,
                },
            ),
        ]);
        assert_eq!(whys, [None; 4]);
        assert!(matches!(state.step, Step::Withdrawn | Step::Rejected));
        assert_eq!(state.rating, Some(4));
    }
}

#[test]
fn every_reason_has_a_sentence_that_reads() {
    for event in EventType::ALL {
        for why in Why::ALL {
            let sentence = Superseded {
                event: *event,
                why: *why,
            }
            .to_string();
            assert!(
                sentence.contains(' ') && !sentence.contains('_'),
                "{sentence}"
            );
        }
    }
}

fn any_act() -> impl Strategy<Value = Act> {
    let entries = proptest::option::of((1_u8..12).prop_map(entry));
    let desks = prop_oneof![Just(desk()), Just(desk_above())];
    prop_oneof![
        Just(verify()),
        Just(Act::Reject {
            reason: "no".into()
        }),
        (7_u8..11, 7_u8..11, desks.clone(), entries.clone()).prop_map(
            |(first, second, desk, instead_of)| Act::Assign {
                first: person(first),
                second: Some(person(second)),
                desk,
                instead_of,
            }
        ),
        Just(Act::Start),
        Just(ask()),
        Just(answer()),
        Just(resolve()),
        Just(Act::Close),
        (1_u8..6).prop_map(rate),
        Just(Act::Withdraw { reason: None }),
        Just(reopen()),
        (desks, entries).prop_map(|(desk, instead_of)| Act::Escalate {
            desk,
            region: region_above(),
            reason: None,
            instead_of,
        }),
        Just(Act::Link {
            ticket: document(3)
        }),
        (1_u8..12).prop_map(|n| Act::Review {
            event: entry(n),
            text: None
        }),
    ]
}

prop_compose! {
    fn any_events()(
        events in proptest::collection::vec(
            (1_u8..12, any_act(), proptest::option::of(0_i64..20 * 24 * 60)),
            0..40,
        ),
    ) -> Vec<Event> {
        events
            .into_iter()
            .enumerate()
            .map(|(at, (by, act, received))| Event {
                received_at: received.map(self::at),
                ..event(u8::try_from(at + 1).unwrap(), by, act)
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Any order of any events: never a panic, no event lost, the same order the same result, and
    /// what does not count changes nothing.
    #[test]
    fn no_event_is_ever_lost_and_the_order_decides_alone(events in any_events()) {
        let (state, all) = fold(raised(), events.clone());
        prop_assert_eq!((&state, &all), (&fold(raised(), events.clone()).0, &fold(raised(), events.clone()).1));
        let kept: Vec<Event> = all.iter().map(|folded| folded.event.clone()).collect();
        prop_assert_eq!(&kept, &events);
        let counted: Vec<Event> = all
            .iter()
            .filter(|folded| folded.superseded.is_none())
            .map(|folded| folded.event.clone())
            .collect();
        let superseded = all.iter().filter(|folded| folded.superseded.is_some()).count();
        prop_assert_eq!(counted.len() + superseded, events.len());
        // Without what does not count, the state is the same.
        let (again, whole) = fold(raised(), counted);
        prop_assert_eq!(&again, &state);
        prop_assert!(whole.iter().all(|folded| folded.superseded.is_none()));
    }

    /// What always holds, whatever happened.
    #[test]
    fn the_state_makes_sense(events in any_events()) {
        let (state, all) = fold(raised(), events);
        prop_assert!((1..=2).contains(&state.cycle));
        prop_assert_eq!(state.first.is_some(), state.assignment.is_some());
        prop_assert!(state.about.is_none_or(|about| !state.is_assigned(about)));
        prop_assert!(state.step != Step::Handling || state.assignment.is_some());
        prop_assert!(!matches!(state.step, Step::Resolved) || state.resolved_at.is_some());
        prop_assert!(state.step.is_open() || !state.waiting);
        let escalated = all.iter().any(|folded| {
            folded.superseded.is_none() && matches!(folded.event.act, Act::Escalate { .. })
        });
        prop_assert_eq!(escalated, state.escalation.is_some());
        prop_assert_eq!(escalated || state.desk == desk(), true);
    }

    /// Remembered between any two events, as the relay does, it comes out the same.
    #[test]
    fn remembering_the_state_is_as_good_as_the_events(events in any_events(), cut in any::<prop::sample::Index>()) {
        let whole = fold(raised(), events.clone()).0;
        let at = cut.index(events.len() + 1);
        let (before, after) = events.split_at(at);
        let half = fold(raised(), before.to_vec()).0;
        let bytes = minicbor::to_vec(&half).unwrap();
        let half: State = minicbor::decode(&bytes).unwrap();
        prop_assert_eq!(fold(half, after.to_vec()).0, whole);
    }

    /// Times beyond all reason do no harm.
    #[test]
    fn no_clock_panics(ms in any::<i64>(), other in any::<i64>()) {
        let mut events = with(handling(), [event(4, FIRST, resolve()), event(5, DRIVER, reopen())]);
        events[3].received_at = Some(Timestamp::from_ms(ms));
        events[4].at = Timestamp::from_ms(other);
        prop_assert_eq!(fold(raised(), events).1.len(), 5);
    }
}
