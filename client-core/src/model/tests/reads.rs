//! Reads are tolerant: unknown fields, Text in place of strings, whole numbers of either sort.

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ReadDoc};
use yizhan_proto::{Kind, Timestamp};

use super::super::check::Check;
use super::super::consent::Consent;
use super::super::station::Station;
use super::super::testing::*;
use super::super::visit::Visit;
use super::super::{Document, RefusalCode};

#[test]
fn text_and_unknown_fields_are_tolerated() {
    let mut opened = Document::begin(document(1), Kind::Visit).unwrap();
    let mut tx = opened.automerge.transaction();
    for (field, text) in [
        ("driver", person(DRIVER).to_string()),
        ("station", station_id().to_string()),
        ("note", "谢谢".into()),
        ("source", "teleport".into()),
    ] {
        let object = tx.put_object(ROOT, field, ObjType::Text).unwrap();
        tx.splice_text(&object, 0, 0, &text).unwrap();
    }
    tx.put(ROOT, "arrived_at", 1_760_000_000_000_u64).unwrap();
    tx.put(ROOT, "left_at", "yesterday").unwrap();
    tx.put(ROOT, "mood", 7.5).unwrap();
    tx.put_object(ROOT, "photos", ObjType::List).unwrap();
    let (_, services) = tx.get(ROOT, "services").unwrap().unwrap();
    tx.put(&services, "not-an-entry", 1).unwrap();
    tx.commit();
    let visit = Visit::read(&opened).unwrap();
    assert_eq!(visit.driver, person(DRIVER));
    assert_eq!(visit.arrived_at, Timestamp::from_ms(1_760_000_000_000));
    assert_eq!(visit.note.value.as_deref(), Some("谢谢"));
    assert_eq!(visit.source, None);
    assert_eq!(visit.left_at.value, None);
    assert!(visit.services.is_empty());
}

#[test]
fn a_document_of_another_kind_or_without_its_facts_is_unreadable() {
    let begun = |kind| Document::begin(document(1), kind).unwrap();
    assert!(Visit::read(&begun(Kind::Visit)).is_err());
    assert!(Visit::read(&begun(Kind::Consent)).is_err());
    assert!(Station::read(&begun(Kind::Station)).is_err());
    assert!(Consent::read(&begun(Kind::Consent)).is_err());
    assert!(Check::read(&begun(Kind::Check)).is_err());
}

#[test]
fn codes_are_stable_and_one_to_one() {
    for code in RefusalCode::ALL {
        assert_eq!(RefusalCode::from_text(code.as_str()), Some(*code));
        assert!(code.as_str().contains('.') && code.sentence().ends_with('.'));
    }
}

#[test]
fn an_outline_is_a_hundred_bytes_or_two() {
    let mut shelf = Shelf::furnished();
    for (who, command) in super::visit_edits() {
        shelf.accepts(document(VISIT), &author(who), &command);
    }
    let outline = &shelf.documents[&document(VISIT)].outline;
    let bytes = minicbor::to_vec(outline).unwrap();
    assert!(bytes.len() < 300, "{}", bytes.len());
    assert_eq!(
        &minicbor::decode::<super::super::Outline>(&bytes).unwrap(),
        outline
    );
}
