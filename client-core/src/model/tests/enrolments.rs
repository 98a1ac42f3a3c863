//! Enrolments: twins, seats, attendance and the quiz, through the gate and in any order of arrival.

use automerge::legacy::{Key, ObjectId, OpId};
use proptest::prelude::*;
use yizhan_proto::{ChangeHash, DocumentId, EntryId, Kind, Sequence};

use super::super::activity::{self, Choice};
use super::super::enrolment::{
    self, Ask, Enrolment, First, Mark, NewEnrolment, NewRequest, NewScan, Outcome, Reason,
    ScanResult, Seat, SeatEvent, id_of,
};
use super::super::gate::outline_of;
use super::super::order::Order;
use super::super::testing::*;
use super::super::{Author, Command, Document, RefusalCode, Verdict, inspect};
use super::activities::{ACTIVITY, announce, question, read_activity, with_activity};
use super::forged::{forged, op, refused as code_of};

fn id() -> DocumentId {
    id_of(document(ACTIVITY), person(DRIVER))
}

fn ask(n: u8, what: Ask, by: u8, lease: Option<u8>) -> NewRequest {
    NewRequest {
        entry: entry(n),
        what,
        lease: lease.map(entry),
        by: person(by),
        at: at(i64::from(n)),
    }
}

fn create(first: First) -> Command {
    Command::Enrolment(enrolment::Command::Create(NewEnrolment {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        activity: document(ACTIVITY),
        station: station_id(),
        first,
    }))
}

fn enrol(n: u8, by: u8) -> Command {
    create(First::Request(ask(n, Ask::Enrol, by, None)))
}

fn request(n: u8, what: Ask, by: u8, lease: Option<u8>) -> Command {
    Command::Enrolment(enrolment::Command::Request(ask(n, what, by, lease)))
}

fn scan(n: u8, nonce: u8, result: ScanResult, by: u8) -> NewScan {
    NewScan {
        entry: entry(n),
        nonce: entry(nonce),
        result,
        code: Some("YZ1:abc".into()),
        by: person(by),
        at: at(i64::from(n)),
    }
}

fn scanned(n: u8, nonce: u8, result: ScanResult, by: u8) -> Command {
    Command::Enrolment(enrolment::Command::Scan(scan(n, nonce, result, by)))
}

fn decide(n: u8, request: u8, outcome: Outcome, reason: Option<Reason>) -> Command {
    Command::Enrolment(enrolment::Command::Decide {
        entry: entry(n),
        request: entry(request),
        outcome,
        number: Some(7),
        reason,
        at: at(i64::from(n)),
    })
}

fn answer(n: u8, question: u8, choice: Choice) -> Command {
    Command::Enrolment(enrolment::Command::Answer {
        entry: entry(n),
        question: entry(question),
        choice,
        at: at(i64::from(n)),
    })
}

/// The order in which a shelf took the changes of a document.
fn order(shelf: &Shelf, id: DocumentId) -> Order {
    let changes = &shelf.documents[&id].changes;
    Order::new((1..).zip(changes).map(|(n, chunk)| {
        let change = inspect(chunk).unwrap();
        let ops = change.start_op..=change.last_op;
        (change.actor, ops, Sequence::new(n))
    }))
}

fn read(shelf: &Shelf) -> Enrolment {
    Enrolment::read(&shelf.open(id(), Kind::Enrolment), &order(shelf, id())).unwrap()
}

fn seat(shelf: &Shelf) -> Option<Seat> {
    read(shelf).standing.seat
}

#[track_caller]
fn refused(shelf: &Shelf, who: u8, command: &Command) -> RefusalCode {
    code_of(&shelf.clone().edit(id(), &author(who), command))
}

#[test]
fn the_id_follows_from_activity_and_driver() {
    let one = id_of(document(1), person(2));
    assert_eq!(one, id_of(document(1), person(2)));
    assert_ne!(one, id_of(document(2), person(1)));
    assert_ne!(one, id_of(document(1), person(3)));
    // Version 8, the variant of RFC 9562; the same on every device and for ever.
    assert_eq!(one.to_string(), "618a4f21-98ca-841c-8eb2-0e0088d90bea");
    let shelf = with_activity();
    let elsewhere = document(130);
    let verdict = shelf
        .clone()
        .edit(elsewhere, &author(DRIVER), &enrol(1, DRIVER));
    assert_eq!(code_of(&verdict), RefusalCode::IdentityMismatch);
}

#[test]
fn an_enrolment_is_asked_for_decided_attended_and_read() {
    let mut shelf = with_activity();
    for (who, n, right) in [(KEEPER, 80, Choice::A), (LEADER, 81, Choice::B)] {
        shelf.accepts(document(ACTIVITY), &author(who), &question(n, right, who));
    }
    shelf.accepts(id(), &author(DRIVER), &enrol(1, DRIVER));
    assert_eq!(seat(&shelf), Some(Seat::Requested));
    shelf.accepts(id(), &author(RELAY), &decide(2, 1, Outcome::Accepted, None));
    assert_eq!(seat(&shelf), Some(Seat::Accepted { number: Some(7) }));
    shelf.accepts(
        id(),
        &author(KEEPER),
        &scanned(3, 50, ScanResult::Ok, KEEPER),
    );
    for command in [
        answer(4, 80, Choice::A),
        answer(5, 81, Choice::A),
        Command::Enrolment(enrolment::Command::Grade { score: 1, asked: 2 }),
        Command::Enrolment(enrolment::Command::Feedback {
            rating: 5,
            text: Some("讲得清楚".into()),
        }),
    ] {
        shelf.accepts(id(), &author(DRIVER), &command);
    }
    let certify = Command::Enrolment(enrolment::Command::Certify("zy-20261121-5f0c3a77".into()));
    shelf.accepts(id(), &author(KEEPER), &certify);
    let read = read(&shelf);
    assert_eq!((read.driver, read.station), (person(DRIVER), station_id()));
    assert_eq!(read.driver_name, "王师傅");
    assert_eq!(read.attendance().unwrap().by, Some(person(KEEPER)));
    assert_eq!(read.feedback_rating.value, Some(5));
    assert_eq!(
        read.certificate.value.as_deref(),
        Some("zy-20261121-5f0c3a77")
    );
    let grade = read.grade(&read_activity(&shelf));
    assert_eq!((grade.asked, grade.answered, grade.score), (2, 2, 1));
    assert_eq!(read.quiz_score.value, Some(grade.score));
    let kept = &shelf.documents[&id()];
    assert_eq!(kept.outline.facts.activity, Some(document(ACTIVITY)));
}

#[test]
fn of_two_answers_to_one_question_the_first_counts() {
    let mut shelf = with_activity();
    let asked = question(80, Choice::A, KEEPER);
    shelf.accepts(document(ACTIVITY), &author(KEEPER), &asked);
    shelf.accepts(id(), &author(DRIVER), &enrol(1, DRIVER));
    // As two phones of one driver do, each offline.
    shelf.accepts(id(), &author(DRIVER), &answer(4, 80, Choice::B));
    shelf.accepts(id(), &author(DRIVER), &answer(5, 80, Choice::A));
    let grade = read(&shelf).grade(&read_activity(&shelf));
    assert_eq!((grade.asked, grade.answered, grade.score), (1, 1, 0));
}

#[test]
fn two_drivers_are_asked_different_questions() {
    let mut shelf = with_activity();
    for n in 80..92 {
        let asked = question(n, Choice::A, KEEPER);
        shelf.accepts(document(ACTIVITY), &author(KEEPER), &asked);
    }
    let mut activity = read_activity(&shelf);
    activity.quiz_draw.value = Some(4);
    let drawn = |driver| -> Vec<EntryId> {
        let enrolment = id_of(document(ACTIVITY), person(driver));
        let drawn = enrolment::quiz::draw(enrolment, &activity);
        drawn.into_iter().map(|question| question.entry).collect()
    };
    assert_ne!(drawn(DRIVER), drawn(STRANGER));
}

/// What somebody does, and who may.
type Part = (&'static str, &'static [u8], fn(u8) -> Command);
/// The same, of what holds a value of its own.
type Case = (&'static str, &'static [u8], Box<dyn Fn(u8) -> Command>);

#[test]
fn everybody_does_their_own_part() {
    let mut shelf = with_activity();
    shelf.accepts(id(), &author(DRIVER), &enrol(1, DRIVER));
    let feedback = Command::Enrolment(enrolment::Command::Feedback {
        rating: 3,
        text: None,
    });
    let certify = Command::Enrolment(enrolment::Command::Certify("7".into()));
    let grade = Command::Enrolment(enrolment::Command::Grade { score: 0, asked: 1 });
    let allowed: [Part; 5] = [
        ("request", &[DRIVER, KEEPER, MEDIC], |who| {
            request(9, Ask::Cancel, who, None)
        }),
        ("lease", &[KEEPER, MEDIC], |who| {
            request(9, Ask::Enrol, who, Some(91))
        }),
        ("decide", &[RELAY], |_| {
            decide(9, 1, Outcome::Accepted, None)
        }),
        ("scan", &[KEEPER, MEDIC], |who| {
            scanned(9, 50, ScanResult::Expired, who)
        }),
        ("answer", &[DRIVER], |_| answer(9, 80, Choice::A)),
    ];
    let mut cases: Vec<Case> = allowed
        .into_iter()
        .map(|(name, who, command)| (name, who, Box::new(command) as Box<dyn Fn(u8) -> Command>))
        .collect();
    cases.push(("feedback", &[DRIVER], Box::new(move |_| feedback.clone())));
    cases.push(("grade", &[DRIVER], Box::new(move |_| grade.clone())));
    cases.push((
        "certify",
        &[KEEPER, MEDIC],
        Box::new(move |_| certify.clone()),
    ));
    for (name, may, command) in cases {
        for who in [DRIVER, KEEPER, MEDIC, LEADER, RELAY, STRANGER, OTHER_KEEPER] {
            let verdict = shelf.clone().edit(id(), &author(who), &command(who));
            let accepted = matches!(verdict, Verdict::Accept(_));
            assert_eq!(accepted, may.contains(&who), "{name} by {who}: {verdict:?}");
        }
    }
    // In one's own name only.
    for command in [
        request(9, Ask::Cancel, KEEPER, None),
        scanned(9, 50, ScanResult::Ok, MEDIC),
    ] {
        let who = if matches!(command, Command::Enrolment(enrolment::Command::Scan(_))) {
            KEEPER
        } else {
            DRIVER
        };
        assert_eq!(refused(&shelf, who, &command), RefusalCode::ValueNotSelf);
    }
}

#[test]
fn values_out_of_range_are_refused() {
    let mut shelf = with_activity();
    shelf.accepts(id(), &author(DRIVER), &enrol(1, DRIVER));
    let of = Command::Enrolment;
    for (command, expected) in [
        (
            of(enrolment::Command::Grade { score: 2, asked: 1 }),
            RefusalCode::ValueContradiction,
        ),
        (
            of(enrolment::Command::Grade { score: 0, asked: 0 }),
            RefusalCode::ValueRange,
        ),
        (
            of(enrolment::Command::Grade {
                score: 1,
                asked: 51,
            }),
            RefusalCode::ValueRange,
        ),
        (
            of(enrolment::Command::Feedback {
                rating: 0,
                text: None,
            }),
            RefusalCode::ValueRange,
        ),
        (
            of(enrolment::Command::Feedback {
                rating: 6,
                text: None,
            }),
            RefusalCode::ValueRange,
        ),
    ] {
        assert_eq!(refused(&shelf, DRIVER, &command), expected, "{command:?}");
    }
    // What begins an enrolment is a request for a seat, or a scan.
    let shelf = with_activity();
    let cancelled = create(First::Request(ask(1, Ask::Cancel, DRIVER, None)));
    assert_eq!(
        refused(&shelf, DRIVER, &cancelled),
        RefusalCode::FieldMissing
    );
    let walk_in = create(First::Scan(scan(1, 50, ScanResult::WalkIn, MEDIC)));
    shelf.clone().accepts(id(), &author(MEDIC), &walk_in);
    // Its activity is known, and at that station.
    let bare = Shelf::furnished();
    assert_eq!(
        refused(&bare, DRIVER, &enrol(1, DRIVER)),
        RefusalCode::ReferenceUnknown
    );
}

#[test]
fn a_keeper_of_another_station_enrols_nobody_here() {
    let shelf = with_activity();
    assert_eq!(
        refused(&shelf, OTHER_KEEPER, &enrol(1, OTHER_KEEPER)),
        RefusalCode::AuthorUnrelated
    );
    assert_eq!(
        refused(&shelf, LEADER, &enrol(1, LEADER)),
        RefusalCode::AuthorUnrelated
    );
}

#[test]
fn a_driver_names_no_lease() {
    let shelf = with_activity();
    let command = create(First::Request(ask(1, Ask::Enrol, DRIVER, Some(91))));
    let verdict = shelf.clone().edit(id(), &author(DRIVER), &command);
    let Verdict::Refuse(refusal) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(refusal.code, RefusalCode::FieldForbidden);
    assert_eq!(refusal.path, Some(format!("requests/{}/lease", entry(1))));
    // A keeper who drives too may.
    let mut both = author(KEEPER);
    both.aliases = vec![person(DRIVER)];
    let command = create(First::Request(ask(1, Ask::Enrol, KEEPER, Some(91))));
    let mut shelf = shelf;
    shelf.accepts(id(), &both, &command);
    assert_eq!(seat(&shelf), Some(Seat::Leased));
}

/// A thousand requests in one change would be a thousand answers in one job of the relay's.
#[test]
fn a_change_asks_once() {
    let mut shelf = with_activity();
    shelf.accepts(id(), &author(DRIVER), &enrol(1, DRIVER));
    for (about, kind, who, command) in [
        (
            id(),
            Kind::Enrolment,
            DRIVER,
            request(2, Ask::Cancel, DRIVER, None),
        ),
        (document(ACTIVITY), Kind::Activity, KEEPER, ask_lease(2)),
    ] {
        let chunk = shelf.write(about, &author(who), &command).unwrap();
        let twice = forged(&chunk, |change| {
            let again = change.operations.clone();
            let offset = again.len() as u64;
            let made = change.start_op.get();
            change.operations.extend(again.into_iter().map(|mut put| {
                match &mut put.obj {
                    ObjectId::Id(OpId(counter, _)) if *counter >= made => *counter += offset,
                    ObjectId::Id(_) | ObjectId::Root => {
                        put.key = Key::Map(entry(77).to_string().as_str().into());
                    }
                }
                put
            }));
        });
        let verdict = shelf.decide(about, kind, &author(who), &twice);
        assert_eq!(code_of(&verdict), RefusalCode::ValueContradiction);
    }
}

fn ask_lease(n: u8) -> Command {
    Command::Activity(activity::Command::AskLease {
        entry: entry(n),
        seats: 2,
        until: at(60),
        device: author(KEEPER).device,
        by: person(KEEPER),
        at: at(1),
    })
}

#[test]
fn the_relay_learns_from_a_change_alone_what_is_asked_for() {
    let mut shelf = with_activity();
    let mut told = |who: u8, command: &Command| {
        shelf.accepts(id(), &author(who), command);
        let chunk = shelf.documents[&id()].changes.last().unwrap();
        enrolment::seat_events(&inspect(chunk).unwrap())
    };
    let event = |n: u8, what, lease: Option<u8>, who: u8| SeatEvent {
        request: entry(n),
        what,
        lease: lease.map(entry),
        device: device(who),
        by: Some(person(who)),
        at: at(i64::from(n)),
    };
    assert_eq!(
        told(DRIVER, &enrol(1, DRIVER)),
        [event(1, Ask::Enrol, None, DRIVER)]
    );
    assert_eq!(told(RELAY, &decide(2, 1, Outcome::Waitlisted, None)), []);
    assert_eq!(
        told(KEEPER, &request(3, Ask::Enrol, KEEPER, Some(91))),
        [event(3, Ask::Enrol, Some(91), KEEPER)]
    );
    assert_eq!(
        told(DRIVER, &request(4, Ask::Cancel, DRIVER, None)),
        [event(4, Ask::Cancel, None, DRIVER)]
    );
    assert_eq!(told(KEEPER, &scanned(5, 50, ScanResult::Ok, KEEPER)), []);
}

#[test]
fn the_relays_word_stands_until_somebody_asks_again() {
    let mut shelf = with_activity();
    let steps: [(u8, Command, Seat); 8] = [
        (DRIVER, enrol(1, DRIVER), Seat::Requested),
        (
            RELAY,
            decide(2, 1, Outcome::Waitlisted, Some(Reason::Full)),
            Seat::Waitlisted { number: Some(7) },
        ),
        // Who waits and asks again, waits.
        (
            DRIVER,
            request(3, Ask::Enrol, DRIVER, None),
            Seat::Waitlisted { number: Some(7) },
        ),
        (
            RELAY,
            decide(4, 1, Outcome::Accepted, Some(Reason::Promoted)),
            Seat::Accepted { number: Some(7) },
        ),
        (
            DRIVER,
            request(5, Ask::Cancel, DRIVER, None),
            Seat::Cancelled,
        ),
        (
            RELAY,
            decide(6, 5, Outcome::Released, Some(Reason::CancelledByDriver)),
            Seat::Cancelled,
        ),
        (
            DRIVER,
            request(7, Ask::Enrol, DRIVER, None),
            Seat::Requested,
        ),
        (
            RELAY,
            decide(8, 7, Outcome::Refused, Some(Reason::Closed)),
            Seat::Refused {
                reason: Some(Reason::Closed),
            },
        ),
    ];
    for (who, command, expected) in steps {
        shelf.accepts(id(), &author(who), &command);
        assert_eq!(seat(&shelf), Some(expected), "{command:?}");
    }
    // Nothing to give up: it stays refused.
    shelf.accepts(
        id(),
        &author(DRIVER),
        &request(9, Ask::Cancel, DRIVER, None),
    );
    assert_eq!(seat(&shelf).map(Seat::as_str), Some("refused"));
}

#[test]
fn a_seat_of_a_lease_is_for_sure_before_the_relay_hears_of_it() {
    let mut shelf = with_activity();
    shelf.accepts(id(), &author(DRIVER), &enrol(1, DRIVER));
    shelf.accepts(
        id(),
        &author(RELAY),
        &decide(2, 1, Outcome::Waitlisted, None),
    );
    shelf.accepts(
        id(),
        &author(KEEPER),
        &request(3, Ask::Enrol, KEEPER, Some(91)),
    );
    let standing = read(&shelf).standing;
    assert_eq!(
        (standing.seat, standing.lease),
        (Some(Seat::Leased), Some(entry(91)))
    );
    shelf.accepts(
        id(),
        &author(RELAY),
        &decide(4, 3, Outcome::Accepted, Some(Reason::Lease)),
    );
    let standing = read(&shelf).standing;
    assert!(standing.seat.unwrap().is_taken());
    assert_eq!(standing.lease, Some(entry(91)));
    // A lease that had been given up for lost: the relay's word is another, and nothing is held of it.
    shelf.accepts(
        id(),
        &author(RELAY),
        &decide(5, 3, Outcome::Waitlisted, Some(Reason::LeaseEnded)),
    );
    assert_eq!(read(&shelf).standing.lease, None);
}

#[test]
fn own_unsent_work_comes_last_whatever_the_clocks_say() {
    let mut shelf = with_activity();
    shelf.accepts(id(), &author(DRIVER), &enrol(1, DRIVER));
    // The driver cancels offline; the relay accepts meanwhile, with higher counters.
    let cancel = shelf
        .write(
            id(),
            &author(DRIVER),
            &request(2, Ask::Cancel, DRIVER, None),
        )
        .unwrap();
    for (n, outcome) in [(3, Outcome::Waitlisted), (4, Outcome::Accepted)] {
        shelf.accepts(id(), &author(RELAY), &decide(n, 1, outcome, None));
    }
    let kept = order(&shelf, id());
    let changes = shelf.documents[&id()].changes.iter().chain([&cancel]);
    let opened = Document::open(id(), Kind::Enrolment, changes.map(Vec::as_slice)).unwrap();
    let phone = Enrolment::read(&opened, &kept).unwrap();
    assert_eq!(phone.standing.seat, Some(Seat::Cancelled));
    // Without the relay's order the counters would have it otherwise.
    let blind = Enrolment::read(&opened, &Order::default()).unwrap();
    assert_eq!(blind.standing.seat.map(Seat::as_str), Some("accepted"));
    let verdict = shelf.push(id(), Kind::Enrolment, &author(DRIVER), &cancel);
    assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
    assert_eq!(seat(&shelf), Some(Seat::Cancelled));
}

#[test]
fn scans_are_kept_and_marked() {
    let mut shelf = with_activity();
    let first = create(First::Scan(scan(1, 50, ScanResult::Expired, KEEPER)));
    shelf.accepts(id(), &author(KEEPER), &first);
    for (n, nonce, result) in [
        // The same code again on a device that knows the relay's key: the driver was there.
        (2, 50, ScanResult::WalkIn),
        (3, 50, ScanResult::Ok),
        (4, 51, ScanResult::Ok),
        (5, 51, ScanResult::Revoked),
        (6, 52, ScanResult::WrongActivity),
    ] {
        shelf.accepts(id(), &author(KEEPER), &scanned(n, nonce, result, KEEPER));
    }
    let read = read(&shelf);
    let marks: Vec<_> = read.scans.iter().map(|scan| scan.mark).collect();
    assert_eq!(
        marks,
        [
            Mark::Failed,
            Mark::Counted,
            Mark::Duplicate,
            Mark::Duplicate,
            Mark::Duplicate,
            Mark::Failed
        ]
    );
    assert_eq!(read.attendance().unwrap().entry, entry(2));
    assert_eq!(read.standing.seat, None);
    assert_eq!(read.scans[0].code.as_deref(), Some("YZ1:abc"));
}

/// The two first changes of a driver's and a keeper's device that never met.
fn twins(shelf: &Shelf) -> [(Author, Vec<u8>); 2] {
    [(DRIVER, 1), (KEEPER, 2)].map(|(who, n)| {
        let author = author(who);
        let chunk = shelf.write(id(), &author, &enrol(n, who)).unwrap();
        (author, chunk)
    })
}

#[test]
fn twins_merge_in_both_orders() {
    let shelf = with_activity();
    let [one, two] = twins(&shelf);
    let mut both = Vec::new();
    for order in [[&one, &two], [&two, &one]] {
        let mut shelf = shelf.clone();
        for (author, chunk) in order {
            let verdict = shelf.push(id(), Kind::Enrolment, author, chunk);
            assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
        }
        assert_eq!(shelf.documents[&id()].outline.heads.len(), 2);
        shelf.accepts(id(), &author(RELAY), &decide(9, 1, Outcome::Accepted, None));
        both.push(shelf);
    }
    for shelf in &both {
        let read = read(shelf);
        assert_eq!(read.requests.len(), 2);
        assert!(read.standing.seat.unwrap().is_taken());
        let saved = shelf.open(id(), Kind::Enrolment).automerge.save();
        assert_eq!(automerge::Automerge::load(&saved).unwrap().save(), saved);
    }
    let roots = |shelf: &Shelf| {
        let read = read(shelf);
        (read.driver, read.driver_name, read.activity, read.station)
    };
    assert_eq!(roots(&both[0]), roots(&both[1]));
}

#[test]
fn only_a_twin_is_made_again() {
    let mut shelf = with_activity();
    shelf.accepts(document(122), &author(LEADER), &announce(LEADER));
    let [(driver, one), (keeper, two)] = twins(&shelf);
    let verdict = shelf.push(id(), Kind::Enrolment, &driver, &one);
    assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
    // Of another activity, or another driver's: the id does not follow from that.
    for (field, value) in [
        ("activity", document(122).to_string()),
        ("driver", person(STRANGER).to_string()),
    ] {
        let chunk = forged(&two, |change| {
            let op = op(change, field);
            op.action = automerge::legacy::OpType::Put(value.into());
        });
        let verdict = shelf.decide(id(), Kind::Enrolment, &keeper, &chunk);
        assert!(
            matches!(verdict, Verdict::Refuse(_)),
            "{field}: {verdict:?}"
        );
    }
    // At another station, whose keepers would read it as theirs.
    let chunk = forged(&two, |change| {
        op(change, "station").action =
            automerge::legacy::OpType::Put(document(123).to_string().into());
    });
    let verdict = shelf.decide(id(), Kind::Enrolment, &keeper, &chunk);
    assert_eq!(code_of(&verdict), RefusalCode::AuthorUnrelated);
    let empty = with_activity();
    assert_eq!(
        empty.decide(id(), Kind::Enrolment, &keeper, &chunk),
        verdict,
        "as where there is none"
    );
    // By somebody without a part in it, also in the second making.
    let stranger = author(STRANGER);
    let chunk = empty.write(id(), &stranger, &enrol(3, STRANGER)).unwrap();
    let verdict = shelf.decide(id(), Kind::Enrolment, &stranger, &chunk);
    assert_eq!(code_of(&verdict), RefusalCode::AuthorUnrelated);
    // On top of what is there it is no twin.
    let chunk = forged(&two, |change| {
        let held = inspect(&one).unwrap();
        change.deps = vec![automerge::ChangeHash(*held.hash.as_bytes())];
        change.start_op = std::num::NonZeroU64::new(held.last_op + 1).unwrap();
    });
    let verdict = shelf.decide(id(), Kind::Enrolment, &keeper, &chunk);
    assert!(matches!(verdict, Verdict::Refuse(_)), "{verdict:?}");
    // And no other kind has twins.
    let again = Shelf::furnished()
        .write(document(110), &author(DRIVER), &check_in())
        .unwrap();
    let mut visits = Shelf::furnished();
    visits.accepts(document(110), &author(KEEPER), &check_in_taken_down());
    let verdict = visits.decide(document(110), Kind::Visit, &author(DRIVER), &again);
    assert_eq!(code_of(&verdict), RefusalCode::DocumentExists);
}

/// A visit under the id of a driver's enrolment would keep it out, and its answer would tell whether
/// there is one.
#[test]
fn nothing_but_an_enrolment_has_the_id_of_one() {
    let shelf = with_activity();
    let visit = shelf.write(id(), &author(DRIVER), &check_in()).unwrap();
    let mut taken = shelf.clone();
    let [(driver, one), _] = twins(&shelf);
    taken.push(id(), Kind::Enrolment, &driver, &one);
    for shelf in [&shelf, &taken] {
        let verdict = shelf.decide(id(), Kind::Visit, &driver, &visit);
        assert_eq!(code_of(&verdict), RefusalCode::IdentityMismatch);
    }
    assert!(id().is_derived());
    assert!(!document(110).is_derived());
}

fn check_in_taken_down() -> Command {
    let Command::Visit(super::super::visit::Command::CheckIn { arrived_at, .. }) = check_in()
    else {
        unreachable!()
    };
    Command::Visit(super::super::visit::Command::CheckIn {
        driver: person(DRIVER),
        driver_name: "王".into(),
        station: station_id(),
        arrived_at,
        source: super::super::visit::Source::Keeper,
        vehicle_plate: None,
        requested: vec![],
    })
}

/// A device of one of the three who write in an enrolment, with the changes it holds.
struct Phone {
    author: Author,
    changes: Vec<Vec<u8>>,
}

impl Phone {
    fn new(who: u8, device_n: u8) -> Self {
        let mut author = author(who);
        author.device = device(device_n);
        Self {
            author,
            changes: vec![],
        }
    }

    fn edit(&mut self, n: u8, what: u8) {
        let changes = self.changes.iter().map(Vec::as_slice);
        let mut opened = Document::open(id(), Kind::Enrolment, changes).unwrap();
        let who = if self.author.person == person(DRIVER) {
            DRIVER
        } else {
            KEEPER
        };
        let command = match (self.changes.is_empty(), what % 4, who) {
            (true, 0, KEEPER) => create(First::Scan(scan(n, n % 3, ScanResult::WalkIn, who))),
            (true, _, _) => enrol(n, who),
            (false, 0, DRIVER) => answer(n, 80 + n % 4, Choice::ALL[usize::from(n) % 3]),
            (false, 0 | 1, _) => request(n, Ask::Cancel, who, None),
            (false, 2, KEEPER) => scanned(n, n % 3, ScanResult::ALL[usize::from(n) % 6], who),
            (false, _, KEEPER) => request(n, Ask::Enrol, who, Some(91)),
            (false, _, _) => request(n, Ask::Enrol, who, None),
        };
        let chunk = opened.write(actor(&self.author), at(0), &command).unwrap();
        self.changes.push(chunk);
    }

    fn take(&mut self, from: &[Vec<u8>]) {
        for chunk in from {
            if !self.changes.contains(chunk) {
                self.changes.push(chunk.clone());
            }
        }
    }
}

/// Three devices work apart, meeting now and then: all changes, each with its author.
fn histories() -> impl Strategy<Value = Vec<(Author, Vec<u8>)>> {
    let steps = proptest::collection::vec((0_usize..3, 0_u8..4, any::<bool>()), 2..18);
    steps.prop_map(|steps| {
        let mut phones = [
            Phone::new(DRIVER, DRIVER),
            Phone::new(DRIVER, 21),
            Phone::new(KEEPER, KEEPER),
        ];
        for (n, (which, what, meet)) in steps.into_iter().enumerate() {
            phones[which].edit(u8::try_from(n + 100).unwrap(), what);
            if meet {
                let other = phones[(which + 1) % 3].changes.clone();
                phones[which].take(&other);
            }
        }
        let authors: Vec<Author> = phones.iter().map(|phone| phone.author.clone()).collect();
        let mut all: Vec<Vec<u8>> = vec![];
        for phone in phones {
            for chunk in phone.changes {
                if !all.contains(&chunk) {
                    all.push(chunk);
                }
            }
        }
        all.into_iter()
            .map(|chunk| {
                let device = inspect(&chunk).unwrap().actor.device();
                let author = authors.iter().find(|author| author.device == device);
                (author.unwrap().clone(), chunk)
            })
            .collect()
    })
}

/// Puts changes in, in an order that the indices choose among those that are ready.
fn arrive(shelf: &mut Shelf, mut waiting: Vec<(Author, Vec<u8>)>, picks: &[prop::sample::Index]) {
    let mut held: Vec<ChangeHash> = vec![];
    let mut turn = 0;
    while !waiting.is_empty() {
        let pick = picks[turn % picks.len()].index(waiting.len());
        turn += 1;
        let ready = |chunk: &[u8]| {
            let deps = inspect(chunk).unwrap().deps;
            let mine = waiting
                .iter()
                .map(|(_, chunk)| inspect(chunk).unwrap().hash);
            let open: Vec<ChangeHash> = mine.collect();
            deps.iter().all(|dep| !open.contains(dep))
        };
        let at = (0..waiting.len())
            .map(|n| (n + pick) % waiting.len())
            .find(|at| ready(&waiting[*at].1))
            .unwrap();
        let (author, chunk) = waiting.remove(at);
        let verdict = shelf.push(id(), Kind::Enrolment, &author, &chunk);
        assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
        held.push(inspect(&chunk).unwrap().hash);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// However twins and all that follows arrive, the relay takes them, nothing is lost, and whoever
    /// opens them in whatever order reads the same with the relay's order.
    #[test]
    fn any_order_of_arrival_reads_the_same(
        history in histories(),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 32),
    ) {
        let mut shelf = with_activity();
        arrive(&mut shelf, history.clone(), &picks);
        let kept = &shelf.documents[&id()];
        let inspected: Vec<_> = kept.changes.iter().map(|c| inspect(c).unwrap()).collect();
        prop_assert_eq!(outline_of(Kind::Enrolment, &inspected), Some(kept.outline.clone()));
        let relay = read(&shelf);
        // A phone holds them in the order of their making.
        let order = order(&shelf, id());
        let chunks = history.iter().map(|(_, chunk)| chunk.as_slice());
        let opened = Document::open(id(), Kind::Enrolment, chunks).unwrap();
        prop_assert_eq!(&Enrolment::read(&opened, &order).unwrap(), &relay);
        // Every entry that anybody made is there.
        let maps = inspected.iter().flat_map(|change| &change.ops);
        let entries = maps.filter(|op| op.value == crate::model::change::Value::Map).count();
        prop_assert_eq!(relay.requests.len() + relay.scans.len() + relay.answers.len(), entries);
        // At most one scan counts, and only if some scan shows the driver was there.
        let counted = relay.scans.iter().filter(|scan| scan.mark == Mark::Counted).count();
        prop_assert_eq!(counted, usize::from(relay.scans.iter().any(|scan| scan.result.counts())));
        // Without a decision nobody has a seat but from a lease.
        let undecided = match relay.standing.seat {
            None | Some(Seat::Requested | Seat::Leased | Seat::Cancelled) => true,
            Some(_) => false,
        };
        prop_assert!(undecided);
    }

    /// The draw takes as many as it should, is the same for the questions in any order, and grows
    /// by questions without dropping any.
    #[test]
    fn the_draw_is_stable(
        questions in proptest::collection::btree_set(any::<[u8; 16]>(), 1..20),
        enrolment in any::<[u8; 16]>(),
        count in 1_u32..12,
        turned in any::<prop::sample::Index>(),
    ) {
        let enrolment = DocumentId::from_bytes(enrolment);
        let mut activity = read_activity(&{
            let mut shelf = with_activity();
            shelf.accepts(document(ACTIVITY), &author(KEEPER), &question(80, Choice::A, KEEPER));
            shelf
        });
        let template = activity.questions[0].clone();
        activity.questions = questions
            .iter()
            .map(|id| {
                let mut question = template.clone();
                question.entry = EntryId::from_bytes(*id);
                question
            })
            .collect();
        let drawn = |activity: &super::super::Activity| -> Vec<EntryId> {
            let drawn = enrolment::quiz::draw(enrolment, activity);
            drawn.into_iter().map(|question| question.entry).collect()
        };
        activity.quiz_draw.value = Some(count);
        let one = drawn(&activity);
        prop_assert_eq!(one.len(), questions.len().min(count as usize));
        let at = turned.index(activity.questions.len());
        activity.questions.rotate_left(at);
        prop_assert_eq!(&drawn(&activity), &one);
        activity.quiz_draw.value = Some(count + 1);
        prop_assert_eq!(&drawn(&activity)[..one.len()], &one[..]);
        activity.quiz_draw.value = None;
        prop_assert_eq!(drawn(&activity).len(), questions.len());
    }
}
