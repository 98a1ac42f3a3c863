//! Limits of a document, and false levels: more changes that no command writes.

use automerge::legacy::{Key, OpType};
use automerge::{ExpandedChange, ScalarValue};
use yizhan_proto::limits::{DOCUMENT_ACTORS_MAX, DOCUMENT_BYTES_MAX, DOCUMENT_HEADS_MAX};
use yizhan_proto::{ActorId, ChangeHash, Incarnation, Kind};

use super::super::outline::{ActorSeq, Head};
use super::super::testing::*;
use super::super::{Command, RefusalCode, Verdict, check, station, visit};
use super::forged::{forged, op, refused, visit_edit};

#[test]
fn a_document_holds_so_much_and_no_more() {
    let shelf = Shelf::furnished();
    let chunk = visit_edit(&shelf, DRIVER, visit::Command::Rate(5));
    let with = |change: &dyn Fn(&mut super::super::Outline)| {
        let mut shelf = shelf.clone();
        change(&mut shelf.documents.get_mut(&document(VISIT)).unwrap().outline);
        shelf.decide(document(VISIT), Kind::Visit, &author(DRIVER), &chunk)
    };
    let full = DOCUMENT_BYTES_MAX - chunk.len() as u64;
    assert!(matches!(
        with(&|outline| outline.bytes = full),
        Verdict::Accept(_)
    ));
    assert_eq!(
        refused(&with(&|outline| outline.bytes = full + 1)),
        RefusalCode::DocumentFull
    );
    assert_eq!(
        refused(&with(&|outline| outline.bytes = u64::MAX)),
        RefusalCode::DocumentFull
    );
    let heads = |count: usize| {
        move |outline: &mut super::super::Outline| {
            outline.heads.extend((0..count).map(|n| Head {
                hash: ChangeHash::from_bytes([u8::try_from(n).unwrap(); 32]),
                last_op: 1,
            }));
        }
    };
    assert!(matches!(
        with(&heads(DOCUMENT_HEADS_MAX - 1)),
        Verdict::Accept(_)
    ));
    assert_eq!(
        refused(&with(&heads(DOCUMENT_HEADS_MAX))),
        RefusalCode::DocumentTooWide
    );
    let actors = |count: usize| {
        move |outline: &mut super::super::Outline| {
            outline.actors = (0..count)
                .map(|n| ActorSeq {
                    actor: ActorId::new(device(200), Incarnation(u32::try_from(n).unwrap())),
                    seq: 1,
                })
                .collect();
        }
    };
    let verdict = with(&actors(DOCUMENT_ACTORS_MAX));
    assert_eq!(refused(&verdict), RefusalCode::SequenceGap);
    let chunk = visit_edit(&shelf, KEEPER, visit::Command::SetKeeperNote("x".into()));
    let mut wide = shelf.clone();
    actors(DOCUMENT_ACTORS_MAX)(&mut wide.documents.get_mut(&document(VISIT)).unwrap().outline);
    let verdict = wide.decide(document(VISIT), Kind::Visit, &author(KEEPER), &chunk);
    assert_eq!(refused(&verdict), RefusalCode::DocumentTooWide);
}

#[test]
fn a_flag_replaces_only_itself() {
    let mut shelf = Shelf::furnished();
    let offer = |facility: &str, offered| {
        Command::Station(station::Command::SetFacility {
            facility: facility.into(),
            offered,
        })
    };
    shelf.accepts(document(STATION), &author(KEEPER), &offer("bed", false));
    shelf.accepts(document(STATION), &author(KEEPER), &offer("bed", true));
    let chunk = shelf
        .write(document(STATION), &author(KEEPER), &offer("bed", false))
        .unwrap();
    let chunk = forged(&chunk, |c| c.operations[0].key = Key::Map("wifi".into()));
    let verdict = shelf.decide(document(STATION), Kind::Station, &author(KEEPER), &chunk);
    assert_eq!(refused(&verdict), RefusalCode::PathUnknown);
}

#[test]
fn nobody_stores_a_false_level_or_value() {
    let shelf = Shelf::furnished();
    let check = new_check(plain_check());
    let chunk = shelf
        .write(document(CHECK), &author(MEDIC), &check)
        .unwrap();
    let decide = |forge: &dyn Fn(&mut ExpandedChange)| {
        let chunk = forged(&chunk, forge);
        shelf.decide(document(CHECK), Kind::Check, &author(MEDIC), &chunk)
    };
    assert!(matches!(decide(&|_| ()), Verdict::Accept(_)));
    for (field, value) in [
        ("pressure_level", ScalarValue::Str("normal".into())),
        ("glucose_level", ScalarValue::Str("crisis".into())),
        ("crisis", ScalarValue::Boolean(true)),
        ("value", ScalarValue::F64(120.0)),
        ("entered", ScalarValue::Str("120".into())),
    ] {
        let verdict = decide(&|c| op(c, field).action = OpType::Put(value.clone()));
        assert_eq!(
            refused(&verdict),
            RefusalCode::ValueContradiction,
            "{field}"
        );
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let verdict = decide(&|c| op(c, "value").action = OpType::Put(number.into()));
        assert_eq!(refused(&verdict), RefusalCode::ValueRange);
    }
    let verdict = decide(&|c| op(c, "rule_set").action = OpType::Put("cn-1999".into()));
    assert_eq!(refused(&verdict), RefusalCode::ValueUnlisted);
    // A check is not edited.
    let mut shelf = shelf.clone();
    shelf.push(document(CHECK), Kind::Check, &author(MEDIC), &chunk);
    let again = check::Command::Create(plain_check());
    let verdict = shelf.edit(document(CHECK), &author(MEDIC), &Command::Check(again));
    assert_eq!(refused(&verdict), RefusalCode::DocumentExists);
}

#[test]
fn a_write_that_its_author_cannot_have_seen_is_replaced_on_every_replica_alike() {
    let mut shelf = Shelf::furnished();
    let note = |text: &str| visit::Command::SetNote(text.into());
    let unseen = visit_edit(&shelf, DRIVER, note("unseen"));
    let mut second = author(DRIVER);
    second.device = device(30);
    let mut beside = shelf.clone();
    for command in [visit::Command::Rate(3), visit::Command::Rate(4)] {
        beside.accepts(document(VISIT), &second, &Command::Visit(command));
    }
    let command = Command::Visit(note("seen"));
    let chunk = beside.write(document(VISIT), &second, &command).unwrap();
    let change = automerge::Change::try_from(unseen.as_slice()).unwrap();
    let id = automerge::legacy::OpId(change.start_op().get(), change.actor_id().clone());
    let chunk = forged(&chunk, |c| op(c, "note").pred = vec![id].into());
    let edits = beside.documents[&document(VISIT)].changes[1..].to_vec();

    let verdict = shelf.push(document(VISIT), Kind::Visit, &author(DRIVER), &unseen);
    assert!(matches!(verdict, Verdict::Accept(_)));
    for edit in edits.iter().chain([&chunk]) {
        let verdict = shelf.push(document(VISIT), Kind::Visit, &second, edit);
        assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
    }
    let in_order = shelf.open(document(VISIT), Kind::Visit);
    let changes = &mut shelf.documents.get_mut(&document(VISIT)).unwrap().changes;
    let moved = changes.remove(1);
    changes.push(moved);
    let out_of_order = shelf.open(document(VISIT), Kind::Visit);
    let read = |document| visit::Visit::read(document).unwrap();
    assert_eq!(read(&in_order), read(&out_of_order));
    let saved = in_order.automerge.save();
    assert!(automerge::Automerge::load(&saved).is_ok());
}
