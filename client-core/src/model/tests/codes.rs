//! Visits that a keeper begins by scanning the driver's check-in code.

use automerge::legacy::OpType;
use yizhan_proto::checkin::{Certificate, CheckInCode};
use yizhan_proto::{Kind, Nonce};

use super::super::testing::*;
use super::super::visit::{self, Source, Visit};
use super::super::{Command, RefusalCode, Verdict};
use super::forged::{forged, op};

/// The code of a person; what it is signed with is no business of the gate's.
pub(crate) fn code_of(who: u8) -> String {
    let certificate = Certificate {
        device: device(who),
        person: person(who),
        name: "王师傅".into(),
        public_key: [3; 32],
        not_after: at(1_000),
        signature: [5; 64],
    };
    let nonce = Nonce::from_bytes([9; 16]);
    CheckInCode::unsigned(certificate, at(0), at(1), nonce, None).to_string()
}

pub(crate) fn by_code(code: &str) -> Command {
    Command::Visit(visit::Command::CheckInByCode {
        code: code.into(),
        station: station_id(),
        arrived_at: at(0),
        vehicle_plate: None,
        requested: vec![(entry(50), "bed".into())],
    })
}

/// What becomes of a keeper's visit with this source and code.
fn verdict(source: &str, code: Option<&str>) -> Option<(RefusalCode, Option<String>)> {
    let shelf = Shelf::furnished();
    let command = match code {
        Some(_) => by_code(&code_of(DRIVER)),
        None => super::authors::check_in_by_keeper(),
    };
    let chunk = shelf
        .write(document(110), &author(KEEPER), &command)
        .unwrap();
    let chunk = forged(&chunk, |change| {
        op(change, "source").action = OpType::Put(source.into());
        if let Some(code) = code {
            op(change, "code").action = OpType::Put(code.into());
        }
    });
    match shelf.decide(document(110), Kind::Visit, &author(KEEPER), &chunk) {
        Verdict::Accept(_) => None,
        Verdict::Refuse(refusal) => Some((refusal.code, refusal.path)),
        other @ (Verdict::Needs(_) | Verdict::Quarantine(_)) => panic!("{other:?}"),
    }
}

#[test]
fn a_keeper_begins_the_visit_of_the_driver_whose_code_was_scanned() {
    let mut shelf = Shelf::furnished();
    shelf.accepts(document(110), &author(KEEPER), &by_code(&code_of(DRIVER)));
    let visit = Visit::read(&shelf.open(document(110), Kind::Visit)).unwrap();
    assert_eq!(visit.driver, person(DRIVER));
    assert_eq!(visit.driver_name, "王师傅");
    assert_eq!(visit.source, Some(Source::Qr));
    assert_eq!(visit.code.unwrap().nonce, Nonce::from_bytes([9; 16]));
    assert_eq!(
        visit.requested[0].by, None,
        "the driver asks, and does not sign"
    );
}

#[test]
fn only_a_keeper_of_the_station_scans() {
    let shelf = Shelf::furnished();
    for who in [DRIVER, LEADER, RELAY, STRANGER, OTHER_KEEPER] {
        let verdict = shelf
            .clone()
            .edit(document(110), &author(who), &by_code(&code_of(DRIVER)));
        assert!(matches!(verdict, Verdict::Refuse(_)), "{who}: {verdict:?}");
    }
}

#[test]
fn what_is_no_code_is_refused_at_the_tap() {
    let refused =
        super::authors::refused(&Shelf::furnished(), 110, KEEPER, &by_code("YZ1:nonsense"));
    assert_eq!(refused, RefusalCode::ValueType);
}

#[test]
fn a_visit_by_code_names_the_driver_of_the_code_and_says_qr() {
    let at = |path: &str| Some(path.to_owned());
    let good = code_of(DRIVER);
    assert_eq!(verdict("qr", Some(&good)), None);
    let strangers = code_of(STRANGER);
    for (source, code, expected) in [
        ("qr", None, (RefusalCode::ValueNotSelf, at("source"))),
        ("qr", Some(""), (RefusalCode::ValueType, at("code"))),
        ("qr", Some("YZ1:AAAA"), (RefusalCode::ValueType, at("code"))),
        (
            "qr",
            Some(&*format!("{good} ")),
            (RefusalCode::ValueType, at("code")),
        ),
        (
            "qr",
            Some(&*strangers),
            (RefusalCode::ValueContradiction, at("code")),
        ),
        (
            "keeper",
            Some(&*good),
            (RefusalCode::ValueContradiction, at("source")),
        ),
        (
            "driver_app",
            Some(&*good),
            (RefusalCode::ValueContradiction, at("source")),
        ),
        (
            "driver_app",
            None,
            (RefusalCode::ValueNotSelf, at("source")),
        ),
    ] {
        assert_eq!(verdict(source, code), Some(expected), "{source} {code:?}");
    }
    assert_eq!(verdict("keeper", None), None);
}
