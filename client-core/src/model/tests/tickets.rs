//! Tickets through the gate: who may take which step, what is refused, and that nothing is lost
//! when people work on one at once.

use automerge::legacy::OpType;
use proptest::prelude::*;
use yizhan_proto::{DocumentId, EntryId, Kind, Sequence, Timestamp};

use super::super::case_note::{self, CaseNote, NewNote};
use super::super::testing::*;
use super::super::ticket::fold::{Step, Why};
use super::super::ticket::{
    Act, Class, EventType, NewTicket, Outcome, PartyRole, Priority, Ticket,
};
use super::super::{Author, Command, Order, RefusalCode, Verdict, inspect, ticket};
use super::authors::refused;
use super::forged::{forged, op};

const EVERYBODY: [u8; 11] = [
    DRIVER,
    KEEPER,
    MEDIC,
    LEADER,
    RELAY,
    STRANGER,
    OTHER_KEEPER,
    FIRST,
    SECOND,
    ABOVE,
    LEADER_ABOVE,
];

pub(crate) fn new_ticket() -> NewTicket {
    NewTicket {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        region: region(),
        desk: desk(),
        station: Some(station_id()),
        visit: Some(document(VISIT)),
        activity: None,
        class: Class::Pay,
        title: "运费被拖欠三个月".into(),
        text: "三月到五月的运费都没有结。".into(),
        raised_at: at(0),
        about: Some(person(MEDIC)),
        about_text: Some("调度员".into()),
        phone: Some("13800000000".into()),
        by: person(DRIVER),
    }
}

fn raise(new: NewTicket) -> Command {
    Command::Ticket(ticket::Command::Raise(Box::new(new)))
}

fn step(n: u8, by: u8, act: Act) -> Command {
    Command::Ticket(ticket::Command::Act {
        entry: entry(n),
        by: person(by),
        at: at(i64::from(n)),
        act,
    })
}

fn comment(n: u8, by: u8) -> Command {
    Command::Ticket(ticket::Command::Comment {
        entry: entry(n),
        by: person(by),
        at: at(3),
        text: "已联系货主".into(),
    })
}

fn acts() -> Vec<Act> {
    vec![
        Act::Verify {
            class: Some(Class::Labour),
            priority: Priority::Urgent,
            text: Some("属实".into()),
        },
        Act::Reject {
            reason: "重复".into(),
        },
        assign(None),
        Act::Start,
        Act::Ask {
            text: "哪个月?".into(),
        },
        Act::Answer {
            text: "五月".into(),
        },
        resolve(),
        Act::Close,
        Act::Rate {
            rating: 5,
            text: Some("满意".into()),
        },
        Act::Withdraw { reason: None },
        Act::Reopen {
            reason: "只付了一半".into(),
        },
        Act::Escalate {
            desk: desk_above(),
            region: region_above(),
            reason: Some("跨市".into()),
            instead_of: None,
        },
        Act::Link {
            ticket: document(120),
        },
        Act::Review {
            event: entry(70),
            text: None,
        },
    ]
}

fn assign(instead_of: Option<EntryId>) -> Act {
    Act::Assign {
        first: person(FIRST),
        second: Some(person(SECOND)),
        desk: desk(),
        instead_of,
    }
}

fn resolve() -> Act {
    Act::Resolve {
        text: "货主已付清".into(),
        amount_fen: Some(3_600_000),
        outcome: Some(Outcome::Settled),
    }
}

fn verify() -> Act {
    Act::Verify {
        class: None,
        priority: Priority::Normal,
        text: None,
    }
}

fn with_ticket() -> Shelf {
    let mut shelf = Shelf::furnished();
    shelf.accepts(document(TICKET), &author(DRIVER), &raise(new_ticket()));
    shelf
}

/// The order of what a shelf holds, as its relay would number it.
fn order(shelf: &Shelf, id: DocumentId) -> Order {
    let changes = shelf.documents[&id].changes.iter().enumerate();
    Order::received(changes.map(|(at, chunk)| {
        let change = inspect(chunk).unwrap();
        let sequence = Sequence::new(at as u64 + 1).map(|sequence| (sequence, None));
        (change.actor, change.start_op..=change.last_op, sequence)
    }))
}

fn read(shelf: &Shelf) -> Ticket {
    let id = document(TICKET);
    let ticket = Ticket::read(&shelf.open(id, Kind::Ticket), &order(shelf, id)).unwrap();
    // The relay remembers what a reader folds.
    let outline = &shelf.documents[&id].outline;
    assert_eq!(outline.facts.ticket.as_ref(), Some(&ticket.state));
    assert_eq!(outline.routing.desk.as_ref(), Some(&ticket.state.desk));
    ticket
}

#[test]
fn a_request_is_raised_verified_assigned_handled_resolved_and_rated() {
    let mut shelf = with_ticket();
    let id = document(TICKET);
    let steps = [
        (KEEPER, verify()),
        (LEADER, assign(None)),
        (FIRST, Act::Start),
        (
            FIRST,
            Act::Ask {
                text: "哪个月?".into(),
            },
        ),
        (
            DRIVER,
            Act::Answer {
                text: "五月".into(),
            },
        ),
        (SECOND, resolve()),
        (
            DRIVER,
            Act::Rate {
                rating: 5,
                text: None,
            },
        ),
    ];
    for (n, (who, act)) in (70..).zip(steps) {
        shelf.accepts(id, &author(who), &step(n, who, act));
    }
    for who in [DRIVER, KEEPER, FIRST, LEADER] {
        shelf.accepts(id, &author(who), &comment(80 + who, who));
    }
    let party = Command::Ticket(ticket::Command::AddParty {
        entry: entry(90),
        by: person(FIRST),
        at: at(5),
        role: PartyRole::Merchant,
        name: "常州某货主".into(),
        contact: None,
    });
    shelf.accepts(id, &author(FIRST), &party);
    let clocks = Command::Ticket(ticket::Command::SetClocks {
        verify_due: Some(at(60)),
        response_due: None,
        solution_due: Some(at(600)),
        paused: Some(true),
    });
    shelf.accepts(id, &author(RELAY), &clocks);
    let ticket = read(&shelf);
    assert_eq!(ticket.state.step, Step::Closed);
    assert_eq!(ticket.state.rating, Some(5));
    assert_eq!(ticket.recovered_fen(), 3_600_000);
    assert_eq!(ticket.outcome(), Some(Outcome::Settled));
    assert_eq!(ticket.events.len(), 7);
    assert_eq!(ticket.to_review().count(), 0);
    assert_eq!(ticket.comments.len(), 4);
    assert_eq!(ticket.parties[0].name, "常州某货主");
    assert_eq!(ticket.clocks.solution_due.value, Some(at(600)));
    assert!(ticket.clocks.paused);
    assert_eq!(ticket.title, "运费被拖欠三个月");
    assert_eq!(ticket.visit, Some(document(VISIT)));
}

#[test]
fn only_the_driver_or_a_keeper_of_the_station_raises() {
    for who in EVERYBODY {
        let new = NewTicket {
            by: person(who),
            ..new_ticket()
        };
        let verdict = Shelf::furnished().edit(document(TICKET), &author(who), &raise(new));
        let may = matches!(who, DRIVER | KEEPER | MEDIC);
        assert_eq!(
            matches!(verdict, Verdict::Accept(_)),
            may,
            "{who}: {verdict:?}"
        );
    }
}

#[test]
fn every_step_is_taken_by_those_it_belongs_to() {
    let shelf = with_ticket();
    let staff = &[KEEPER, LEADER, FIRST, SECOND][..];
    let desk = &[LEADER, FIRST, SECOND][..];
    for act in acts() {
        let may = match act.event_type() {
            EventType::Verify
            | EventType::Reject
            | EventType::Ask
            | EventType::Link
            | EventType::Review => staff,
            EventType::Assign | EventType::Start | EventType::Resolve => desk,
            EventType::Answer => &[DRIVER, KEEPER],
            EventType::Close => &[RELAY],
            EventType::Rate | EventType::Withdraw | EventType::Reopen => &[DRIVER],
            EventType::Escalate => &[LEADER],
        };
        for who in EVERYBODY {
            let command = step(70, who, act.clone());
            let verdict = shelf.clone().edit(document(TICKET), &author(who), &command);
            let accepted = matches!(verdict, Verdict::Accept(_));
            assert_eq!(
                accepted,
                may.contains(&who),
                "{act:?} by {who}: {verdict:?}"
            );
        }
    }
    // An assignment in another's place is a coordinator's.
    let again = assign(Some(entry(70)));
    for (who, may) in [(FIRST, false), (LEADER, true)] {
        let command = step(71, who, again.clone());
        let verdict = shelf.clone().edit(document(TICKET), &author(who), &command);
        assert_eq!(matches!(verdict, Verdict::Accept(_)), may, "{who}");
    }
}

#[test]
fn the_person_complained_about_has_no_part_in_it() {
    let shelf = with_ticket();
    // The medic keeps the station as well.
    for act in [
        verify(),
        Act::Reject { reason: "x".into() },
        Act::Ask { text: "x".into() },
        Act::Answer { text: "x".into() },
        Act::Link {
            ticket: document(120),
        },
        Act::Review {
            event: entry(70),
            text: None,
        },
    ] {
        let command = step(70, MEDIC, act);
        assert_eq!(
            refused(&shelf, TICKET, MEDIC, &command),
            RefusalCode::TicketConflicted
        );
    }
    let mut assigned = assign(None);
    for place in [true, false] {
        if let Act::Assign { first, second, .. } = &mut assigned {
            (*first, *second) = if place {
                (person(MEDIC), Some(person(FIRST)))
            } else {
                (person(FIRST), Some(person(MEDIC)))
            };
        }
        let command = step(70, LEADER, assigned.clone());
        assert_eq!(
            refused(&shelf, TICKET, LEADER, &command),
            RefusalCode::TicketConflicted
        );
    }
    // Under another of their ids, too.
    let alias = Author {
        aliases: vec![person(MEDIC)],
        ..author(KEEPER)
    };
    let verdict = shelf
        .clone()
        .edit(document(TICKET), &alias, &step(70, KEEPER, verify()));
    assert!(
        matches!(&verdict, Verdict::Refuse(refusal) if refusal.code == RefusalCode::TicketConflicted),
        "{verdict:?}"
    );
    // What they have to say, they say.
    shelf
        .clone()
        .accepts(document(TICKET), &author(MEDIC), &comment(71, MEDIC));
}

#[test]
fn a_step_has_what_belongs_to_it_and_nothing_else() {
    let shelf = with_ticket();
    for (who, act, code) in [
        (
            KEEPER,
            Act::Reject { reason: " ".into() },
            RefusalCode::FieldMissing,
        ),
        (
            KEEPER,
            Act::Ask {
                text: String::new(),
            },
            RefusalCode::FieldMissing,
        ),
        (
            DRIVER,
            Act::Rate {
                rating: 0,
                text: None,
            },
            RefusalCode::ValueRange,
        ),
        (
            DRIVER,
            Act::Rate {
                rating: 6,
                text: None,
            },
            RefusalCode::ValueRange,
        ),
        (
            FIRST,
            Act::Resolve {
                text: "x".into(),
                amount_fen: Some(1_000_000_000_001),
                outcome: None,
            },
            RefusalCode::ValueRange,
        ),
        (
            LEADER,
            Act::Assign {
                first: person(FIRST),
                second: Some(person(FIRST)),
                desk: desk(),
                instead_of: None,
            },
            RefusalCode::ValueContradiction,
        ),
        (
            KEEPER,
            Act::Ask {
                text: "长".repeat(6_000),
            },
            RefusalCode::ValueTooLong,
        ),
    ] {
        let command = step(70, who, act);
        assert_eq!(refused(&shelf, TICKET, who, &command), code, "{command:?}");
    }
}

#[test]
fn a_forged_step_and_a_complaint_about_oneself_are_refused() {
    let shelf = with_ticket();
    let id = document(TICKET);
    let chunk = shelf
        .write(
            id,
            &author(DRIVER),
            &step(
                70,
                DRIVER,
                Act::Rate {
                    rating: 5,
                    text: None,
                },
            ),
        )
        .unwrap();
    // A rating that says it is a withdrawal carries what does not belong to one.
    let chunk = forged(&chunk, |change| {
        op(change, "type").action = OpType::Put("withdraw".into());
    });
    let verdict = shelf.decide(id, Kind::Ticket, &author(DRIVER), &chunk);
    assert_eq!(
        super::forged::refused(&verdict),
        RefusalCode::ValueContradiction
    );
    // Nobody complains about themselves.
    let new = NewTicket {
        about: Some(person(DRIVER)),
        ..new_ticket()
    };
    assert_eq!(
        refused(&Shelf::furnished(), TICKET, DRIVER, &raise(new)),
        RefusalCode::ValueContradiction
    );
}

#[test]
fn due_times_are_the_relays() {
    let shelf = with_ticket();
    let clocks = Command::Ticket(ticket::Command::SetClocks {
        verify_due: Some(at(60)),
        response_due: None,
        solution_due: None,
        paused: None,
    });
    for who in [DRIVER, KEEPER, LEADER, FIRST] {
        assert_eq!(
            refused(&shelf, TICKET, who, &clocks),
            RefusalCode::FieldForbidden
        );
    }
}

#[test]
fn an_escalation_that_counts_moves_the_ticket_and_its_people() {
    let mut shelf = with_ticket();
    let id = document(TICKET);
    let escalate = |n| {
        step(
            n,
            LEADER,
            Act::Escalate {
                desk: desk_above(),
                region: region_above(),
                reason: None,
                instead_of: None,
            },
        )
    };
    assert_eq!(
        refused(&shelf, TICKET, ABOVE, &comment(70, ABOVE)),
        RefusalCode::AuthorUnrelated
    );
    shelf.accepts(id, &author(LEADER), &escalate(70));
    let routing = shelf.documents[&id].outline.routing.clone();
    assert_eq!(routing.desk, Some(desk_above()));
    assert_eq!(routing.region, Some(region_above()));
    assert_eq!(routing.driver, Some(person(DRIVER)));
    assert_eq!(routing.station, Some(station_id()));
    for who in [ABOVE, LEADER_ABOVE, DRIVER, KEEPER] {
        shelf.accepts(id, &author(who), &comment(70 + who, who));
    }
    for who in [FIRST, LEADER] {
        assert_eq!(
            refused(&shelf, TICKET, who, &comment(90, who)),
            RefusalCode::AuthorUnrelated
        );
    }
    assert_eq!(read(&shelf).state.desk, desk_above());
    // One that came too late does not move it.
    let mut shelf = with_ticket();
    let withdrawn = step(71, DRIVER, Act::Withdraw { reason: None });
    shelf.accepts(id, &author(DRIVER), &withdrawn);
    shelf.accepts(id, &author(LEADER), &escalate(72));
    assert_eq!(shelf.documents[&id].outline.routing.desk, Some(desk()));
    assert_eq!(
        read(&shelf).events[1].superseded.unwrap().why,
        Why::AfterWithdrawn
    );
}

/// Changes written side by side on what the shelf holds, then pushed in an order.
fn at_once(shelf: &mut Shelf, id: DocumentId, edits: &[(u8, Command)]) {
    let written: Vec<_> = edits
        .iter()
        .map(|(who, command)| (*who, shelf.write(id, &author(*who), command).unwrap()))
        .collect();
    for (who, chunk) in written {
        let verdict = shelf.push(id, Kind::Ticket, &author(who), &chunk);
        assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
    }
}

/// A ticket of the tests, verified and assigned.
fn assigned() -> Shelf {
    let mut shelf = with_ticket();
    let id = document(TICKET);
    shelf.accepts(id, &author(KEEPER), &step(60, KEEPER, verify()));
    shelf.accepts(id, &author(LEADER), &step(61, LEADER, assign(None)));
    shelf
}

#[test]
fn zammad_246_a_lost_lock_two_specialists_start_at_once() {
    let starts = [
        (FIRST, step(70, FIRST, Act::Start)),
        (SECOND, step(71, SECOND, Act::Start)),
    ];
    for turned in [false, true] {
        let mut shelf = assigned();
        let mut starts = starts.clone();
        if turned {
            starts.reverse();
        }
        at_once(&mut shelf, document(TICKET), &starts);
        let ticket = read(&shelf);
        assert_eq!(ticket.state.step, Step::Handling);
        assert_eq!(ticket.events.len(), 4, "both are kept");
        let last = &ticket.events[3];
        assert_eq!(last.superseded.unwrap().why, Why::AfterStarted);
        let late = if turned { FIRST } else { SECOND };
        assert_eq!(last.event.by, person(late));
        assert_eq!(ticket.to_review().count(), 1);
        // Once somebody has looked at it, it is off the list.
        let looked = Act::Review {
            event: last.event.entry,
            text: None,
        };
        shelf.accepts(document(TICKET), &author(LEADER), &step(72, LEADER, looked));
        assert_eq!(read(&shelf).to_review().count(), 0);
    }
}

#[test]
fn zammad_3156_an_assignment_race_has_one_winner() {
    let mut shelf = with_ticket();
    let id = document(TICKET);
    shelf.accepts(id, &author(KEEPER), &step(60, KEEPER, verify()));
    let other = Act::Assign {
        first: person(SECOND),
        second: None,
        desk: desk(),
        instead_of: None,
    };
    at_once(
        &mut shelf,
        id,
        &[
            (LEADER, step(70, LEADER, assign(None))),
            (FIRST, step(71, FIRST, other)),
        ],
    );
    let ticket = read(&shelf);
    assert_eq!(ticket.state.assignment, Some(entry(70)));
    assert_eq!(ticket.state.first, Some(person(FIRST)));
    let lost = ticket.to_review().next().unwrap();
    assert_eq!(
        lost.superseded.unwrap().to_string(),
        "assigned after others were assigned"
    );
}

#[test]
fn zammad_1216_two_people_merge_in_opposite_directions() {
    let (one, two) = (document(TICKET), document(120));
    let mut shelf = with_ticket();
    shelf.accepts(two, &author(DRIVER), &raise(new_ticket()));
    let link = |n, who, ticket| step(n, who, Act::Link { ticket });
    shelf.accepts(one, &author(KEEPER), &comment(69, KEEPER));
    shelf.accepts(one, &author(FIRST), &link(70, FIRST, two));
    shelf.accepts(two, &author(SECOND), &link(71, SECOND, one));
    let of = |id| Ticket::read(&shelf.open(id, Kind::Ticket), &order(&shelf, id)).unwrap();
    let links = [one, two].map(|id| of(id).links.into_iter().map(move |other| (id, other)));
    let heads = ticket::groups::heads(links.into_iter().flatten());
    assert_eq!(heads[&one], one);
    assert_eq!(heads[&two], one, "the smallest id, whoever was faster");
    assert_eq!(of(one).comments.len(), 1, "nothing of either is lost");
    assert_eq!(
        (of(one).state.step, of(two).state.step),
        (Step::Raised, Step::Raised)
    );
}

#[test]
fn zammad_3877_no_update_is_lost_under_load() {
    let mut shelf = assigned();
    let id = document(TICKET);
    let writers = [DRIVER, KEEPER, MEDIC, LEADER, FIRST, SECOND];
    for round in 0..20_u8 {
        let mut edits = Vec::new();
        for who in writers {
            let n = |of: u8| {
                EntryId::from_bytes([round + 1, who, of, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
            };
            let (by, at) = (person(who), at(i64::from(round)));
            let text = format!("{who} {round}");
            edits.push((
                who,
                ticket::Command::Comment {
                    entry: n(1),
                    by,
                    at,
                    text: text.clone(),
                },
            ));
            let act = if who == DRIVER {
                Act::Answer { text }
            } else {
                Act::Ask { text }
            };
            if who != MEDIC {
                edits.push((
                    who,
                    ticket::Command::Act {
                        entry: n(2),
                        by,
                        at,
                        act,
                    },
                ));
            }
        }
        // Each device writes what it writes one after another; the devices all at once.
        let held = shelf.clone();
        for who in writers {
            let mut own = held.clone();
            for (_, command) in edits.iter().filter(|(by, _)| *by == who) {
                let command = Command::Ticket(command.clone());
                let chunk = own.write(id, &author(who), &command).unwrap();
                let mine = own.push(id, Kind::Ticket, &author(who), &chunk);
                assert!(matches!(mine, Verdict::Accept(_)), "{mine:?}");
                let verdict = shelf.push(id, Kind::Ticket, &author(who), &chunk);
                assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
            }
        }
    }
    let ticket = read(&shelf);
    assert_eq!(ticket.comments.len(), 6 * 20);
    assert_eq!(ticket.events.len(), 2 + 5 * 20);
    let (counted, reviewed) = (ticket.counted().count(), ticket.to_review().count());
    assert_eq!(counted + reviewed, ticket.events.len());
}

fn note(by: u8) -> Command {
    Command::CaseNote(case_note::Command::Create(NewNote {
        desk: desk(),
        region: region(),
        ticket: document(TICKET),
        by: person(by),
        at: at(9),
        text: "货主有前例".into(),
    }))
}

#[test]
fn a_case_note_is_the_desks_own() {
    let shelf = with_ticket();
    for who in EVERYBODY {
        let verdict = shelf.clone().edit(document(NOTE), &author(who), &note(who));
        let may = [LEADER, FIRST, SECOND].contains(&who);
        assert_eq!(
            matches!(verdict, Verdict::Accept(_)),
            may,
            "{who}: {verdict:?}"
        );
    }
    let mut shelf = shelf;
    shelf.accepts(document(NOTE), &author(FIRST), &note(FIRST));
    let read = CaseNote::read(&shelf.open(document(NOTE), Kind::CaseNote)).unwrap();
    assert_eq!(
        (read.text.as_str(), read.ticket),
        ("货主有前例", document(TICKET))
    );
    // Without the ticket, or by the person complained about, there is none.
    assert_eq!(
        refused(&Shelf::furnished(), NOTE, FIRST, &note(FIRST)),
        RefusalCode::ReferenceUnknown
    );
    let mut about_first = Shelf::furnished();
    let new = NewTicket {
        about: Some(person(FIRST)),
        ..new_ticket()
    };
    about_first.accepts(document(TICKET), &author(DRIVER), &raise(new));
    assert_eq!(
        refused(&about_first, NOTE, FIRST, &note(FIRST)),
        RefusalCode::TicketConflicted
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// People work at once, each on what they hold. However their work reaches the relay, all of
    /// it is in the ticket, and phones that hold their own tail unsent agree once it is sequenced.
    #[test]
    fn phones_agree_when_all_is_sequenced(
        did in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8),
        received in proptest::collection::vec(0_i64..20 * 24 * 60, 8),
    ) {
        let mut shelf = assigned();
        let id = document(TICKET);
        let who_may = [DRIVER, KEEPER, LEADER, FIRST, SECOND];
        let mut edits = Vec::new();
        for (n, (who, act)) in (70..).zip(&did) {
            let who = who_may[who.index(who_may.len())];
            let acts = acts();
            let act = acts[act.index(acts.len())].clone();
            let command = step(n, who, act);
            // Of what a person did, the gate has the last word.
            if matches!(shelf.clone().edit(id, &author(who), &command), Verdict::Accept(_))
                && edits.iter().all(|(by, _)| *by != who)
            {
                edits.push((who, command));
            }
        }
        let before = shelf.documents[&id].changes.len();
        at_once_or_left(&mut shelf, id, &edits);
        let kept = &shelf.documents[&id].changes;
        let times: Vec<Timestamp> = received.into_iter().map(at).collect();
        let order_with = |sequenced: usize| Order::received(kept.iter().enumerate().map(|(n, chunk)| {
            let change = inspect(chunk).unwrap();
            let sequence = Sequence::new(n as u64 + 1).filter(|_| n < sequenced);
            let time = n.checked_sub(before).and_then(|n| times.get(n).copied());
            (change.actor, change.start_op..=change.last_op, sequence.map(|s| (s, time)))
        }));
        let whole = Ticket::read(&shelf.open(id, Kind::Ticket), &order_with(kept.len())).unwrap();
        prop_assert_eq!(whole.counted().count() + whole.events.iter().filter(|e| e.superseded.is_some()).count(), whole.events.len());
        for sequenced in before..=kept.len() {
            // A phone with its tail unsent shows all of it; then the rest is sequenced.
            let partly = Ticket::read(&shelf.open(id, Kind::Ticket), &order_with(sequenced)).unwrap();
            prop_assert_eq!(partly.events.len(), whole.events.len());
        }
        let mut turned = kept.clone();
        turned[before..].reverse();
        let other = super::super::Document::open(id, Kind::Ticket, turned.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(Ticket::read(&other, &order_with(kept.len())).unwrap(), whole);
    }
}

/// As [`at_once`]; what an escalation that came before has taken from its author is left out.
fn at_once_or_left(shelf: &mut Shelf, id: DocumentId, edits: &[(u8, Command)]) {
    let written: Vec<_> = edits
        .iter()
        .map(|(who, command)| (*who, shelf.write(id, &author(*who), command).unwrap()))
        .collect();
    for (who, chunk) in written {
        let verdict = shelf.push(id, Kind::Ticket, &author(who), &chunk);
        match verdict {
            Verdict::Accept(_) => {}
            Verdict::Refuse(refusal) => assert_eq!(refusal.code, RefusalCode::AuthorUnrelated),
            Verdict::Needs(_) | Verdict::Quarantine(_) => panic!("{verdict:?}"),
        }
    }
}
