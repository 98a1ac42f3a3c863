//! Changes that no command writes: forged, replayed, or made by a hostile client.

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId as AutomergeActor, ExpandedChange, ObjType, ScalarValue};
use yizhan_proto::{ChangeHash, Kind};

use super::super::testing::*;
use super::super::{Command, RefusalCode, Verdict, visit};

/// A change as somebody else makes it from one of ours.
pub(super) fn forged(chunk: &[u8], forge: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = automerge::Change::try_from(chunk).unwrap().decode();
    forge(&mut change);
    automerge::Change::from(change).raw_bytes().to_vec()
}

pub(super) fn op<'c>(change: &'c mut ExpandedChange, key: &str) -> &'c mut Op {
    change
        .operations
        .iter_mut()
        .find(|op| op.key == Key::Map(key.into()))
        .unwrap()
}

fn put(key: &str, value: impl Into<ScalarValue>) -> Op {
    Op {
        action: OpType::Put(value.into()),
        obj: ObjectId::Root,
        key: Key::Map(key.into()),
        pred: Vec::new().into(),
        insert: false,
    }
}

fn in_genesis(counter: u64) -> ObjectId {
    ObjectId::Id(OpId(counter, AutomergeActor::from([0_u8; 4].as_slice())))
}

pub(super) fn visit_edit(shelf: &Shelf, who: u8, command: visit::Command) -> Vec<u8> {
    shelf
        .write(document(VISIT), &author(who), &Command::Visit(command))
        .unwrap()
}

#[track_caller]
pub(super) fn refused(verdict: &Verdict) -> RefusalCode {
    match verdict {
        Verdict::Refuse(refusal) => refusal.code,
        Verdict::Accept(_) | Verdict::Needs(_) | Verdict::Quarantine(_) => {
            panic!("not refused: {verdict:?}")
        }
    }
}

/// What becomes of a new visit by the driver that was forged.
#[track_caller]
fn new_visit(forge: impl FnOnce(&mut ExpandedChange)) -> Verdict {
    let shelf = Shelf::furnished();
    let id = document(110);
    let chunk = shelf.write(id, &author(DRIVER), &check_in()).unwrap();
    shelf.decide(id, Kind::Visit, &author(DRIVER), &forged(&chunk, forge))
}

/// What becomes of an edit of the visit, one that rates it, that was forged.
#[track_caller]
fn edit(forge: impl FnOnce(&mut ExpandedChange)) -> Verdict {
    let mut shelf = Shelf::furnished();
    let note = Command::Visit(visit::Command::SetNote("x".into()));
    shelf.accepts(document(VISIT), &author(DRIVER), &note);
    let chunk = visit_edit(&shelf, DRIVER, visit::Command::Rate(5));
    let chunk = forged(&chunk, forge);
    shelf.decide(document(VISIT), Kind::Visit, &author(DRIVER), &chunk)
}

#[test]
fn unchanged_they_are_accepted() {
    assert!(matches!(new_visit(|_| ()), Verdict::Accept(_)));
    assert!(matches!(edit(|_| ()), Verdict::Accept(_)));
}

#[test]
fn nobody_writes_in_anothers_name() {
    let shelf = Shelf::furnished();
    let chunk = visit_edit(&shelf, DRIVER, visit::Command::Rate(5));
    let verdict = shelf.decide(document(VISIT), Kind::Visit, &author(KEEPER), &chunk);
    assert_eq!(refused(&verdict), RefusalCode::ActorForeign);
    let keeper = actor(&author(KEEPER));
    let verdict = edit(|change| change.actor_id = keeper.as_bytes().as_slice().into());
    assert_eq!(refused(&verdict), RefusalCode::ActorForeign);
    let verdict = edit(|change| change.actor_id = [1_u8; 16].as_slice().into());
    assert_eq!(refused(&verdict), RefusalCode::ActorMalformed);
}

#[test]
fn a_change_belongs_to_one_document() {
    let shelf = Shelf::furnished();
    let chunk = shelf
        .write(document(110), &author(DRIVER), &check_in())
        .unwrap();
    let verdict = shelf.decide(document(111), Kind::Visit, &author(DRIVER), &chunk);
    assert_eq!(refused(&verdict), RefusalCode::IdentityMismatch);
    // As another kind, it does not build on that kind's beginning.
    let verdict = shelf.decide(document(110), Kind::Consent, &author(DRIVER), &chunk);
    assert!(matches!(verdict, Verdict::Needs(_)));
    let verdict = shelf.decide(document(VISIT), Kind::Consent, &author(DRIVER), &chunk);
    assert_eq!(refused(&verdict), RefusalCode::IdentityMismatch);
    let verdict = shelf.decide(document(110), Kind::Unknown(99), &author(DRIVER), &chunk);
    assert_eq!(refused(&verdict), RefusalCode::KindUnsupported);
    // An edit of one visit in another: what it builds on is not known there.
    let chunk = visit_edit(&shelf, DRIVER, visit::Command::Rate(5));
    let verdict = shelf.decide(document(110), Kind::Visit, &author(DRIVER), &chunk);
    assert!(matches!(verdict, Verdict::Needs(missing) if missing.len() == 1));
    for (field, value) in [("id", "x"), ("kind", "consent")] {
        let verdict = new_visit(|change| op(change, field).action = OpType::Put(value.into()));
        assert_eq!(refused(&verdict), RefusalCode::IdentityMismatch);
    }
    let verdict = new_visit(|change| op(change, "schema").action = OpType::Put(1.into()));
    assert_eq!(refused(&verdict), RefusalCode::IdentityMismatch);
}

#[test]
fn order_is_held() {
    let with = |forge: fn(&mut ExpandedChange)| edit(forge);
    assert_eq!(refused(&with(|c| c.seq = 2)), RefusalCode::SequenceReused);
    assert_eq!(refused(&with(|c| c.seq = 4)), RefusalCode::SequenceGap);
    assert_eq!(
        refused(&with(|c| c.deps.clear())),
        RefusalCode::GenesisMissing
    );
    let unknown = automerge::ChangeHash([7; 32]);
    let verdict = edit(|c| c.deps.push(unknown));
    assert_eq!(
        verdict,
        Verdict::Needs(vec![ChangeHash::from_bytes([7; 32])])
    );
    for (by, expected) in [(-1, RefusalCode::StartOpLow), (1, RefusalCode::StartOpHigh)] {
        let verdict = edit(|c| {
            let start = c.start_op.get().checked_add_signed(by).unwrap();
            c.start_op = start.try_into().unwrap();
        });
        assert_eq!(refused(&verdict), expected);
    }
    // A new document that builds on the beginning and on something more.
    assert!(matches!(
        new_visit(|c| c.deps.push(unknown)),
        Verdict::Needs(_)
    ));
    assert_eq!(
        refused(&new_visit(|c| c.deps.clear())),
        RefusalCode::GenesisMissing
    );
}

#[test]
fn facts_are_immutable() {
    let somebody = person(STRANGER).to_string();
    for (field, value) in [("driver", somebody.as_str()), ("vehicle_plate", "鲁F00000")] {
        let verdict = edit(|c| c.operations.push(put(field, value)));
        assert_eq!(refused(&verdict), RefusalCode::FieldImmutable, "{field}");
    }
    let verdict = edit(|c| c.operations.push(put("id", document(VISIT).to_string())));
    assert_eq!(refused(&verdict), RefusalCode::DocumentExists);
    // Creating it again, on the constant beginning.
    let shelf = Shelf::furnished();
    let mut second = author(DRIVER);
    second.device = device(30);
    let chunk = Shelf::default()
        .write(document(VISIT), &second, &check_in())
        .unwrap();
    let verdict = shelf.decide(document(VISIT), Kind::Visit, &second, &chunk);
    assert_eq!(refused(&verdict), RefusalCode::DocumentExists);
    // Hiding a fact, or anything that is not a write of that field, by replacing it.
    let own = AutomergeActor::from(actor(&author(DRIVER)).as_bytes().as_slice());
    for counter in 1..18 {
        let own = own.clone();
        let verdict = edit(|c| op(c, "rating").pred = vec![OpId(counter, own)].into());
        assert_eq!(refused(&verdict), RefusalCode::PathUnknown, "{counter}");
    }
}

#[test]
fn entries_are_filled_once_and_never_edited() {
    let shelf = Shelf::furnished();
    let serve = visit::Command::Serve {
        entry: entry(51),
        service: "bed".into(),
        quantity: 1,
        by: person(KEEPER),
        at: at(5),
    };
    let mut shelf_after = shelf.clone();
    let chunk = visit_edit(&shelf, KEEPER, serve);
    shelf_after.push(document(VISIT), Kind::Visit, &author(KEEPER), &chunk);
    let made_by = automerge::Change::try_from(chunk.as_slice())
        .unwrap()
        .start_op();
    let keeper = AutomergeActor::from(actor(&author(KEEPER)).as_bytes().as_slice());
    // An edit of the entry that was made before.
    let note = visit_edit(
        &shelf_after,
        KEEPER,
        visit::Command::SetKeeperNote("x".into()),
    );
    let chunk_2 = forged(&note, |c| {
        c.operations[0] = Op {
            obj: ObjectId::Id(OpId(made_by.get(), keeper.clone())),
            ..put("quantity", 2)
        };
    });
    let verdict = shelf_after.decide(document(VISIT), Kind::Visit, &author(KEEPER), &chunk_2);
    assert_eq!(refused(&verdict), RefusalCode::FieldImmutable);
    let of_keeper = |forge: &dyn Fn(&mut ExpandedChange)| {
        let chunk = forged(&chunk, forge);
        shelf.decide(document(VISIT), Kind::Visit, &author(KEEPER), &chunk)
    };
    // Half an entry, an entry with more, one under a key that is no id, one that is no map.
    let half = of_keeper(&|c| {
        c.operations.pop();
    });
    assert_eq!(refused(&half), RefusalCode::FieldMissing);
    let more = of_keeper(&|c| {
        let object = c.operations[1].obj.clone();
        c.operations.push(Op {
            obj: object,
            ..put("price", 5)
        });
    });
    assert_eq!(refused(&more), RefusalCode::PathUnknown);
    let twice = of_keeper(&|c| c.operations.push(c.operations[1].clone()));
    assert_eq!(refused(&twice), RefusalCode::FieldImmutable);
    let no_id = of_keeper(&|c| c.operations[0].key = Key::Map("bed".into()));
    assert_eq!(refused(&no_id), RefusalCode::PathUnknown);
    let upper = of_keeper(&|c| {
        c.operations[0].key = Key::Map("ABABABAB-ABAB-4BAB-8BAB-ABABABABABAB".into());
    });
    assert_eq!(refused(&upper), RefusalCode::PathUnknown);
    let no_map = of_keeper(&|c| {
        c.operations.truncate(1);
        c.operations[0].action = OpType::Put(1.into());
    });
    assert_eq!(refused(&no_map), RefusalCode::ValueType);
    let nowhere = of_keeper(&|c| c.operations[0].obj = in_genesis(3));
    assert_eq!(refused(&nowhere), RefusalCode::PathUnknown);
}

#[test]
fn only_values_and_maps_at_known_places() {
    let actions = [
        OpType::Delete,
        OpType::Increment(1),
        OpType::Make(ObjType::List),
        OpType::Make(ObjType::Text),
        OpType::Make(ObjType::Table),
        OpType::Put(ScalarValue::counter(1)),
    ];
    for action in actions {
        let verdict = edit(|c| op(c, "rating").action = action.clone());
        assert_eq!(refused(&verdict), RefusalCode::OpUnsupported, "{action:?}");
    }
    let verdict = edit(|c| op(c, "rating").action = OpType::Make(ObjType::Map));
    assert_eq!(refused(&verdict), RefusalCode::ValueType);
    let verdict = edit(|c| op(c, "rating").key = Key::Map("wish".into()));
    assert_eq!(refused(&verdict), RefusalCode::PathUnknown);
    let verdict = edit(|c| c.operations.push(put("rating", 4)));
    assert_eq!(refused(&verdict), RefusalCode::FieldImmutable);
    let verdict = edit(|c| c.operations.clear());
    assert_eq!(refused(&verdict), RefusalCode::ChangeMalformed);
    let verdict = edit(|c| c.extra_bytes = vec![1, 2, 3]);
    assert_eq!(refused(&verdict), RefusalCode::ChangeMalformed);
    let verdict = edit(|c| c.message = Some("m".repeat(257)));
    assert_eq!(refused(&verdict), RefusalCode::ChangeMalformed);
}

#[test]
fn values_are_typed() {
    for (value, expected) in [
        (ScalarValue::Null, RefusalCode::ValueType),
        (ScalarValue::Boolean(true), RefusalCode::ValueType),
        (ScalarValue::F64(5.0), RefusalCode::ValueType),
        (ScalarValue::Str("5".into()), RefusalCode::ValueType),
        (ScalarValue::Bytes(vec![5]), RefusalCode::ValueType),
        (ScalarValue::Int(i64::MIN), RefusalCode::ValueRange),
        (ScalarValue::Int(i64::MAX), RefusalCode::ValueRange),
        (ScalarValue::Uint(u64::MAX), RefusalCode::ValueRange),
    ] {
        let verdict = edit(|c| op(c, "rating").action = OpType::Put(value.clone()));
        assert_eq!(refused(&verdict), expected, "{value:?}");
    }
    for value in [
        ScalarValue::Uint(4),
        ScalarValue::Int(4),
        ScalarValue::Timestamp(4),
    ] {
        let verdict = edit(|c| op(c, "rating").action = OpType::Put(value));
        assert!(matches!(verdict, Verdict::Accept(_)));
    }
    for ms in [i64::MIN, 0, i64::MAX] {
        for value in [ScalarValue::Timestamp(ms), ScalarValue::Int(ms)] {
            let verdict = new_visit(|c| op(c, "arrived_at").action = OpType::Put(value));
            assert_eq!(refused(&verdict), RefusalCode::ValueRange);
        }
    }
    // The time of the change itself is what the clock said, whatever that was: but for what
    // Automerge cannot keep beside other times.
    for ms in [-(1 << 53), 0, 1 << 53] {
        assert!(matches!(edit(|c| c.time = ms), Verdict::Accept(_)));
    }
    for ms in [i64::MIN, i64::MAX] {
        assert_eq!(
            refused(&edit(|c| c.time = ms)),
            RefusalCode::ChangeMalformed
        );
    }
}

#[test]
fn nothing_needed_may_be_left_out() {
    for field in [
        "id",
        "kind",
        "schema",
        "driver",
        "station",
        "arrived_at",
        "source",
    ] {
        let verdict = new_visit(|c| {
            c.operations.truncate(9);
            c.operations.retain(|op| op.key != Key::Map(field.into()));
        });
        assert_eq!(refused(&verdict), RefusalCode::FieldMissing, "{field}");
    }
}
