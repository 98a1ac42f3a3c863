//! What is refused for its values, whoever writes it.

use yizhan_proto::Timestamp;

use super::super::check::{Reading, ReadingValue};
use super::super::testing::*;
use super::super::vitals::Item;
use super::super::{Command, RefusalCode, station, visit};
use super::authors::refused;

#[test]
fn values_out_of_range_are_refused_with_their_path() {
    let shelf = Shelf::furnished();
    let of_visit = |command| (VISIT, DRIVER, Command::Visit(command));
    let of_station = |command| (STATION, KEEPER, Command::Station(command));
    let long = "长".repeat(6_000);
    for ((id, who, command), expected) in [
        (of_visit(visit::Command::Rate(0)), RefusalCode::ValueRange),
        (of_visit(visit::Command::Rate(6)), RefusalCode::ValueRange),
        (
            of_visit(visit::Command::SetNote(long)),
            RefusalCode::ValueTooLong,
        ),
        (
            of_visit(visit::Command::SetNote("a\0b".into())),
            RefusalCode::ValueUnlisted,
        ),
        (
            of_visit(visit::Command::CheckOut { left_at: at(-1) }),
            RefusalCode::ValueContradiction,
        ),
        (
            of_station(station::Command::SetBedsFree(10_001)),
            RefusalCode::ValueRange,
        ),
        (
            of_station(station::Command::SetFacility {
                facility: "casino".into(),
                offered: true,
            }),
            RefusalCode::ValueUnlisted,
        ),
    ] {
        assert_eq!(refused(&shelf, id, who, &command), expected, "{command:?}");
    }
}

#[test]
fn numbers_at_their_ends_are_refused() {
    let shelf = Shelf::furnished();
    for ms in [
        i64::MIN,
        -1,
        0,
        Timestamp::EARLIEST.as_ms() - 1,
        Timestamp::LATEST.as_ms(),
        i64::MAX,
    ] {
        let left_at = Timestamp::from_ms(ms);
        let command = Command::Visit(visit::Command::CheckOut { left_at });
        assert_eq!(
            refused(&shelf, VISIT, DRIVER, &command),
            RefusalCode::ValueRange
        );
    }
    for (lat, lon) in [
        (f64::NAN, 0.0),
        (f64::INFINITY, 0.0),
        (90.1, 0.0),
        (0.0, -180.1),
    ] {
        let command = Command::Station(station::Command::Describe {
            name: None,
            station_type: None,
            address: None,
            place: Some((lat, lon)),
            beds_total: None,
        });
        assert_eq!(
            refused(&shelf, STATION, LEADER, &command),
            RefusalCode::ValueRange
        );
    }
    for quantity in [0, 1_001] {
        let command = Command::Visit(visit::Command::Serve {
            entry: entry(70),
            service: "meal".into(),
            quantity,
            by: person(KEEPER),
            at: at(3),
        });
        assert_eq!(
            refused(&shelf, VISIT, KEEPER, &command),
            RefusalCode::ValueRange
        );
    }
}

#[test]
fn a_check_with_readings_that_do_not_hang_together_is_refused() {
    let shelf = Shelf::furnished();
    let with = |readings: Vec<Reading>| {
        let mut new = plain_check();
        new.readings = readings;
        new_check(new)
    };
    let absent = |n, item| Reading {
        entry: entry(n),
        item,
        value: ReadingValue::Absent {
            reason: "cuff".into(),
        },
    };
    let (high, low) = (Item::Systolic, Item::Diastolic);
    for (readings, expected) in [
        (vec![], RefusalCode::FieldMissing),
        (vec![quantity(60, high, "120")], RefusalCode::FieldMissing),
        (
            vec![absent(60, high), absent(61, low)],
            RefusalCode::FieldMissing,
        ),
        (vec![absent(60, Item::Pulse)], RefusalCode::FieldMissing),
        (
            vec![quantity(60, high, "100"), quantity(61, low, "101")],
            RefusalCode::ValueContradiction,
        ),
        (
            vec![
                quantity(60, Item::Pulse, "70"),
                quantity(61, Item::Pulse, "71"),
            ],
            RefusalCode::ValueContradiction,
        ),
        (
            vec![quantity(60, Item::Pulse, "29")],
            RefusalCode::ValueRange,
        ),
        (
            vec![quantity(60, Item::Pulse, "fast")],
            RefusalCode::ValueType,
        ),
    ] {
        assert_eq!(refused(&shelf, CHECK, MEDIC, &with(readings)), expected);
    }
    let mut shelf = shelf;
    let readings = vec![quantity(60, high, "120"), absent(61, low)];
    shelf.accepts(document(CHECK), &author(MEDIC), &with(readings));
}

#[test]
fn a_correction_names_its_check_and_its_reason() {
    let mut shelf = Shelf::furnished();
    shelf.accepts(document(CHECK), &author(MEDIC), &new_check(plain_check()));
    let mut correction = plain_check();
    correction.replaces = Some((document(CHECK), "袖带太松".into()));
    shelf.accepts(
        document(120),
        &author(MEDIC),
        &new_check(correction.clone()),
    );
    correction.replaces = Some((document(VISIT), "?".into()));
    assert_eq!(
        refused(&shelf, 121, MEDIC, &new_check(correction)),
        RefusalCode::ReferenceMismatch
    );
}

#[test]
fn commands_that_do_not_fit_are_refused_before_they_are_written() {
    let shelf = Shelf::furnished();
    assert_eq!(
        refused(&shelf, VISIT, DRIVER, &check_in()),
        RefusalCode::DocumentExists
    );
    let rate = Command::Visit(visit::Command::Rate(3));
    assert_eq!(
        refused(&shelf, 110, DRIVER, &rate),
        RefusalCode::FieldMissing
    );
    let nothing = Command::Station(station::Command::Describe {
        name: None,
        station_type: None,
        address: None,
        place: None,
        beds_total: None,
    });
    assert_eq!(
        refused(&shelf, STATION, LEADER, &nothing),
        RefusalCode::NothingChanged
    );
    let verdict = shelf
        .open(document(VISIT), yizhan_proto::Kind::Visit)
        .write(actor(&author(DRIVER)), at(0), &give_consent());
    assert_eq!(verdict.unwrap_err().code, RefusalCode::IdentityMismatch);
}
