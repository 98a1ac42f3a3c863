//! The walk: every way in which something that a person typed can fail to be accepted, and where
//! that person finds it again. A code, an outcome or a state without a place here does not compile.

use yizhan_proto::sync::{Decisions, Outcome, Reason, Receipt, Stored, SyncRequest, SyncResponse};
use yizhan_proto::{ChangeHash, Epoch, Kind, Role, Scope, Sequence};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::said::{Said, SaidValue};
use crate::model::{Command, RefusalCode, visit};
use crate::store::{
    Budget, CHANGE_WAITS, ChangeState, DOCUMENT_SET_ASIDE, EditError, Problem, ProblemState, Store,
    StoreError,
};

/// What is typed in every case, and looked for again.
const TYPED: &str = "左后轮胎需要检查，夜里十点以后到";

struct Case {
    clock: TestClock,
    relay: Relay,
    phone: Store,
}

impl Case {
    /// A driver with a visit that the relay has.
    fn new() -> Self {
        let clock = TestClock::new(1);
        let mut relay = Relay::new();
        let mut phone = Store::in_memory(&clock).unwrap();
        relay.pair(&mut phone, vec![Role::Driver], &clock);
        check_in(&mut phone, document(1), "张伟国", &clock);
        sync(&mut phone, &mut relay, &clock);
        Self {
            clock,
            relay,
            phone,
        }
    }

    fn type_in(&mut self) -> ChangeHash {
        note(&mut self.phone, document(1), TYPED, &self.clock)
    }

    /// Sends what is unsent, and has the relay say this of it.
    fn answer(&mut self, outcome: &Outcome) -> SyncRequest {
        let (request, mut response) = self.exchange();
        for receipt in &mut response.receipts {
            receipt.outcome = outcome.clone();
        }
        self.phone
            .apply_response(&request, &response, &self.clock)
            .unwrap();
        request
    }

    fn exchange(&mut self) -> (SyncRequest, SyncResponse) {
        let device = self.phone.device().unwrap().device;
        let request = self
            .phone
            .plan_request(&Budget::default(), self.clock.now())
            .unwrap();
        let mut response = self.relay.clone().sync(device, &request);
        response.pages.clear();
        // What it was told here, it is not told.
        response.head = yizhan_proto::Cursor::new(self.relay.head);
        (request, response)
    }

    /// The screen's row of a change, with what was typed into it.
    fn find(&self, change: ChangeHash) -> (Problem, Vec<Said>) {
        let problems = self.phone.problems().unwrap();
        let mut found = problems
            .into_iter()
            .filter(|problem| problem.change == Some(change));
        let problem = found.next().expect("it is on the screen");
        assert_eq!(found.next(), None, "once");
        assert!(!problem.summary.is_empty() && problem.since.is_some());
        assert!(!problem.state.remedy().is_empty());
        (problem, self.phone.typed(change).unwrap())
    }

    /// On the screen of problems, in this state and for this reason, with what was typed.
    fn is_a_problem(&self, change: ChangeHash, state: ProblemState, code: &str) {
        let (problem, typed) = self.find(change);
        assert_eq!((problem.state, &*problem.reason.code), (state, code));
        assert!(typed.iter().any(is_typed), "{code}: {typed:?}");
    }

    /// Shown in its document, and counted as unsent: it is on its way.
    fn is_on_its_way(&self, change: ChangeHash) {
        let detail = self.phone.visit(document(1), self.clock.now()).unwrap();
        assert_eq!(detail.visit.note.value.as_deref(), Some(TYPED));
        let info = detail.changes.iter().find(|info| info.change == change);
        assert_eq!(info.unwrap().state, ChangeState::Unsent);
        assert!(self.phone.status().unwrap().unsent_changes > 0);
    }

    /// Shown in its document, and at the relay.
    fn is_accepted(&self, change: ChangeHash) {
        let detail = self.phone.visit(document(1), self.clock.now()).unwrap();
        assert_eq!(detail.visit.note.value.as_deref(), Some(TYPED));
        let info = detail.changes.iter().find(|info| info.change == change);
        assert_eq!(info.unwrap().state, ChangeState::Acknowledged);
        assert_eq!(self.phone.problems().unwrap(), []);
    }
}

fn is_typed(said: &Said) -> bool {
    said.path == "note" && said.value == SaidValue::Text(TYPED.to_owned())
}

fn reason(code: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        path: None,
        bound: None,
    }
}

fn stored() -> Stored {
    Stored {
        sequence: Sequence::new(99).unwrap(),
        received_at: yizhan_proto::Timestamp::from_ms(MORNING),
        skew_ms: 0,
    }
}

/// Who can say a code.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    /// The gate, at the tap too: nothing is kept then, and the form still has what was typed.
    Gate,
    /// Only the relay, of what was kept on the phone.
    Relay,
    /// Only the phone, at the tap.
    Tap,
}

/// Every code. One that is new has no place here until somebody thinks of it.
const fn says(code: RefusalCode) -> Says {
    match code {
        RefusalCode::ChangeTooLarge
        | RefusalCode::ChangeMalformed
        | RefusalCode::ChangeChecksum
        | RefusalCode::ChangeTooManyOps
        | RefusalCode::ChangeTooManyRefs
        | RefusalCode::OpUnsupported
        | RefusalCode::ActorForeign
        | RefusalCode::ActorMalformed
        | RefusalCode::SequenceReused
        | RefusalCode::SequenceGap
        | RefusalCode::StartOpLow
        | RefusalCode::StartOpHigh
        | RefusalCode::DocumentFull
        | RefusalCode::DocumentTooWide
        | RefusalCode::DocumentExists
        | RefusalCode::GenesisMissing
        | RefusalCode::IdentityMismatch
        | RefusalCode::KindUnsupported
        | RefusalCode::PathUnknown
        | RefusalCode::FieldForbidden
        | RefusalCode::AuthorUnrelated
        | RefusalCode::FieldImmutable
        | RefusalCode::FieldMissing
        | RefusalCode::ValueType
        | RefusalCode::ValueRange
        | RefusalCode::ValueTooLong
        | RefusalCode::ValueUnlisted
        | RefusalCode::ValueContradiction
        | RefusalCode::ValueNotSelf
        | RefusalCode::ReferenceUnknown
        | RefusalCode::ReferenceMismatch
        | RefusalCode::ConsentMissing
        | RefusalCode::ConsentWithdrawn
        | RefusalCode::TicketConflicted
        | RefusalCode::AttachmentTooLarge
        | RefusalCode::AttachmentType
        | RefusalCode::AttachmentsFull => Says::Gate,
        RefusalCode::DependencyHeld
        | RefusalCode::DocumentErased
        | RefusalCode::SeatsLeased
        | RefusalCode::QuarantineRejected
        | RefusalCode::DeviceRevoked
        | RefusalCode::RightEnded => Says::Relay,
        RefusalCode::LeaseSpent | RefusalCode::AttachmentEmpty | RefusalCode::NothingChanged => {
            Says::Tap
        }
    }
}

#[test]
fn whatever_the_relay_refuses_or_keeps_waiting_is_on_a_screen_with_its_code() {
    for code in RefusalCode::ALL {
        if says(*code) == Says::Tap || *code == RefusalCode::DocumentErased {
            continue;
        }
        let text = code.as_str();
        for (outcome, state) in [
            (Outcome::Refused(reason(text)), ProblemState::Refused),
            (
                Outcome::Quarantined(reason(text)),
                ProblemState::Quarantined,
            ),
        ] {
            let mut case = Case::new();
            let change = case.type_in();
            case.answer(&outcome);
            case.is_a_problem(change, state, text);
        }
    }
    // A code of a newer relay is no reason to lose anything either.
    let mut case = Case::new();
    let change = case.type_in();
    case.answer(&Outcome::Refused(reason("value.of_tomorrow")));
    case.is_a_problem(change, ProblemState::Refused, "value.of_tomorrow");
}

/// Erasure is the one case in which what was typed goes: that it did, is on a screen.
#[test]
fn what_was_typed_into_something_erased_is_counted_and_nothing_else_is_kept() {
    let mut case = Case::new();
    case.type_in();
    case.answer(&Outcome::Refused(reason("document.erased")));
    let erased = case.phone.erased().unwrap();
    assert_eq!(erased.len(), 1);
    assert_eq!(erased[0].document, document(1));
    assert_eq!(erased[0].lost_changes, 1);
}

/// Where the author finds a change of which the relay said this.
fn place(case: &Case, change: ChangeHash, outcome: &Outcome) {
    match outcome {
        Outcome::Accepted(_) | Outcome::Duplicate(_) => case.is_accepted(change),
        Outcome::Refused(reason) => {
            case.is_a_problem(change, ProblemState::Refused, &reason.code);
        }
        Outcome::Quarantined(reason) => {
            case.is_a_problem(change, ProblemState::Quarantined, &reason.code);
        }
        Outcome::Later(reason) => {
            case.is_a_problem(change, ProblemState::Waiting, &reason.code);
            case.is_on_its_way(change);
        }
        Outcome::Needs(_) | Outcome::Unknown(_) => {
            case.is_a_problem(change, ProblemState::Waiting, CHANGE_WAITS);
            case.is_on_its_way(change);
        }
    }
}

#[test]
fn after_every_outcome_what_was_typed_is_found() {
    for outcome in [
        Outcome::Accepted(stored()),
        Outcome::Duplicate(stored()),
        Outcome::Refused(reason("field.forbidden")),
        Outcome::Needs(vec![ChangeHash::from_bytes([9; 32])]),
        Outcome::Quarantined(reason("right.ended")),
        Outcome::Later(reason("quota.documents")),
        Outcome::Unknown(77),
    ] {
        let mut case = Case::new();
        let change = case.type_in();
        case.answer(&outcome);
        place(&case, change, &outcome);
    }
    // The relay lacks what it says it had: both are on their way again.
    let mut case = Case::new();
    let first = case.phone.visit(document(1), case.clock.now()).unwrap();
    let change = case.type_in();
    case.answer(&Outcome::Needs(vec![first.changes[0].change]));
    case.is_on_its_way(change);
    assert_eq!(case.phone.status().unwrap().unsent_changes, 2);
}

#[test]
fn what_builds_on_something_refused_or_waiting_is_found_too() {
    for (outcome, state, later) in [
        (
            Outcome::Refused(reason("field.forbidden")),
            ProblemState::Refused,
            "dependency.held",
        ),
        (
            Outcome::Quarantined(reason("right.ended")),
            ProblemState::Quarantined,
            "right.ended",
        ),
    ] {
        let mut case = Case::new();
        let before = note(&mut case.phone, document(1), "先", &case.clock);
        let change = case.type_in();
        let (request, mut response) = case.exchange();
        response.receipts = vec![Receipt {
            change: before,
            outcome: outcome.clone(),
        }];
        case.phone
            .apply_response(&request, &response, &case.clock)
            .unwrap();
        assert_eq!(case.find(before).0.state, state);
        if state == ProblemState::Quarantined {
            // It is sent all the same, and waits at the relay with the one before.
            case.is_on_its_way(change);
            case.answer(&outcome);
        }
        case.is_a_problem(change, state, later);
    }
}

#[test]
fn a_decision_is_heard_once_and_stays_heard() {
    let decided = |case: &mut Case, change, outcome: Outcome| {
        let (request, mut response) = case.exchange();
        assert_eq!(request.decided, Some(0));
        response.decisions = Some(Decisions {
            until: 5,
            receipts: vec![Receipt { change, outcome }],
            more: false,
        });
        for _ in 0..2 {
            // An answer may come twice.
            case.phone
                .apply_response(&request, &response, &case.clock)
                .unwrap();
        }
    };
    let why = Reason {
        bound: Some("那天不在岗".to_owned()),
        ..reason("quarantine.rejected")
    };
    let mut case = Case::new();
    let change = case.type_in();
    case.answer(&Outcome::Quarantined(reason("right.ended")));
    decided(&mut case, change, Outcome::Refused(why));
    case.is_a_problem(change, ProblemState::Refused, "quarantine.rejected");
    let (problem, _) = case.find(change);
    assert_eq!(problem.reason.bound.as_deref(), Some("那天不在岗"));
    let next = case.exchange().0;
    assert_eq!(next.decided, None, "nothing waits: nothing is asked");
    assert!(next.pushes.is_empty());

    let mut case = Case::new();
    let change = case.type_in();
    case.answer(&Outcome::Quarantined(reason("right.ended")));
    decided(&mut case, change, Outcome::Accepted(stored()));
    case.is_accepted(change);

    // Nobody can say by a decision that something waits, or is of another sort.
    for outcome in [
        Outcome::Quarantined(reason("right.ended")),
        Outcome::Needs(Vec::new()),
        Outcome::Unknown(7),
    ] {
        let mut case = Case::new();
        let change = case.type_in();
        case.answer(&Outcome::Quarantined(reason("consent.withdrawn")));
        decided(&mut case, change, outcome);
        case.is_a_problem(change, ProblemState::Quarantined, "consent.withdrawn");
    }
}

/// What can go wrong on the phone itself.
#[derive(Debug, Clone, Copy)]
enum Local {
    /// The gate refuses at the tap.
    Tap,
    /// One text, or all of a document, is too large.
    TooLarge,
    DiskFull,
    /// The document came to be such that it cannot be opened.
    SetAside,
    /// The bytes of the change itself were damaged on the disk.
    Unreadable,
    /// Refused: the document goes on under another incarnation.
    FormerIncarnation,
    /// The relay was restored from a backup.
    EpochChanged,
    /// The relay was restored, and had kept it waiting.
    EpochChangedWhileWaiting,
    /// The scope ended while it waited.
    ScopeEnded,
}

#[test]
fn whatever_fails_on_the_phone_is_said_at_once_or_found_again() {
    for way in [
        Local::Tap,
        Local::TooLarge,
        Local::DiskFull,
        Local::SetAside,
        Local::Unreadable,
        Local::FormerIncarnation,
        Local::EpochChanged,
        Local::EpochChangedWhileWaiting,
        Local::ScopeEnded,
    ] {
        let mut case = Case::new();
        match way {
            Local::Tap => at_the_tap(&mut case),
            Local::TooLarge => too_large(&mut case),
            Local::DiskFull => disk_full(&mut case),
            Local::SetAside => set_aside(&mut case),
            Local::Unreadable => unreadable(&mut case),
            Local::FormerIncarnation => former_incarnation(&mut case),
            Local::EpochChanged => epoch_changed(&mut case, false),
            Local::EpochChangedWhileWaiting => epoch_changed(&mut case, true),
            Local::ScopeEnded => scope_ended(&mut case),
        }
    }
}

/// A tap that is refused says why, with a code, and leaves all as it was: what was typed is still
/// in the form.
fn refused_at_the_tap(case: &mut Case, command: &Command, code: RefusalCode) {
    let before = case.phone.status().unwrap();
    let error = case.phone.edit(document(1), command, &case.clock);
    let EditError::Refused(refusal) = error.unwrap_err() else {
        panic!("{code:?}")
    };
    assert_eq!(refusal.code, code);
    assert_eq!(case.phone.status().unwrap(), before);
    assert_eq!(case.phone.problems().unwrap(), []);
}

fn at_the_tap(case: &mut Case) {
    let visit = Command::Visit;
    let keeper_note = visit(visit::Command::SetKeeperNote(TYPED.to_owned()));
    refused_at_the_tap(case, &keeper_note, RefusalCode::FieldForbidden);
    refused_at_the_tap(
        case,
        &visit(visit::Command::Rate(9)),
        RefusalCode::ValueRange,
    );
    let change = case.type_in();
    let again = visit(visit::Command::SetNote(TYPED.to_owned()));
    refused_at_the_tap(case, &again, RefusalCode::NothingChanged);
    case.is_on_its_way(change);
}

fn too_large(case: &mut Case) {
    let long = |bytes| Command::Visit(visit::Command::SetNote("x".repeat(bytes)));
    refused_at_the_tap(case, &long(16 * 1024 + 1), RefusalCode::ValueTooLong);
    for bytes in 1_000..2_000 {
        let command = long(15_000 + bytes);
        let before = case.phone.status().unwrap().unsent_changes;
        match case.phone.edit(document(1), &command, &case.clock) {
            Ok(_) => assert_eq!(case.phone.status().unwrap().unsent_changes, before + 1),
            Err(EditError::Refused(refusal)) => {
                assert_eq!(refusal.code, RefusalCode::DocumentFull);
                assert_eq!(case.phone.status().unwrap().unsent_changes, before);
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the document never fills");
}

fn disk_full(case: &mut Case) {
    let change = case.type_in();
    let connection = case.phone.connection_for_tests();
    let pages: i64 = connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    connection
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let long = Command::Visit(visit::Command::SetNote("长".repeat(5_000)));
    let full = case.phone.edit(document(1), &long, &case.clock);
    assert!(matches!(full, Err(EditError::Store(StoreError::Full(_)))));
    case.is_on_its_way(change);
}

fn set_aside(case: &mut Case) {
    let change = case.type_in();
    let scope = Scope::Person(case.phone.device().unwrap().person);
    case.relay
        .plant(&scope, document(1), Kind::Visit, b"nonsense");
    let device = case.phone.device().unwrap().device;
    let request = SyncRequest {
        pushes: Vec::new(),
        ..case
            .phone
            .plan_request(&Budget::default(), case.clock.now())
            .unwrap()
    };
    let response = case.relay.sync(device, &request);
    let applied = case
        .phone
        .apply_response(&request, &response, &case.clock)
        .unwrap();
    assert_eq!(applied.set_aside, 1);
    case.is_a_problem(change, ProblemState::SetAside, DOCUMENT_SET_ASIDE);
    let more = Command::Visit(visit::Command::Rate(5));
    let refused = case.phone.edit(document(1), &more, &case.clock);
    assert!(matches!(refused, Err(EditError::SetAside { .. })));
}

fn unreadable(case: &mut Case) {
    let change = case.type_in();
    case.phone
        .write(|tx| {
            let n = super::super::documents::find(tx, document(1))?.unwrap().n;
            tx.execute(
                "UPDATE changes SET bytes = x'856f4a83' WHERE hash = ?1",
                [change.as_bytes()],
            )?;
            super::super::reread::reread(tx, n)?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let (problem, typed) = case.find(change);
    assert_eq!(problem.state, ProblemState::SetAside);
    assert_eq!(problem.summary, "driver's note");
    assert_eq!(typed, [], "the bytes are gone; what it was is not");
}

fn former_incarnation(case: &mut Case) {
    let change = case.type_in();
    case.answer(&Outcome::Refused(reason("sequence.reused")));
    let before = case
        .phone
        .plan_request(&Budget::default(), case.clock.now());
    assert!(before.unwrap().pushes.is_empty());
    note(&mut case.phone, document(1), "又一条", &case.clock);
    sync(&mut case.phone, &mut case.relay, &case.clock);
    case.is_a_problem(change, ProblemState::Refused, "sequence.reused");
}

fn epoch_changed(case: &mut Case, waiting: bool) {
    let change = case.type_in();
    if waiting {
        case.answer(&Outcome::Quarantined(reason("right.ended")));
    }
    case.relay.epoch = Epoch::from_bytes([2; 8]);
    let (request, mut response) = case.exchange();
    response.receipts.clear();
    let applied = case
        .phone
        .apply_response(&request, &response, &case.clock)
        .unwrap();
    assert!(applied.epoch_changed);
    case.is_on_its_way(change);
    let next = case.exchange().0;
    assert_eq!(next.pushes.len(), 2, "the arrival and the note");
}

fn scope_ended(case: &mut Case) {
    let change = case.type_in();
    case.relay.quarantine.insert(change);
    let device = case.phone.device().unwrap().device;
    case.relay
        .narrow(device, |scope| matches!(scope, Scope::Region(_)));
    sync(&mut case.phone, &mut case.relay, &case.clock);
    case.is_a_problem(change, ProblemState::Quarantined, "right.ended");
}
