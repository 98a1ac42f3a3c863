//! Documents through the gate, end to end.

use yizhan_proto::Kind;

use super::check::Check;
use super::consent::Consent;
use super::document::Register;
use super::station::Station;
use super::testing::*;
use super::visit::Visit;
use super::vitals::Level;
use super::{Command, visit};

fn set<T>(value: T) -> Register<T> {
    Register {
        value: Some(value),
        others: vec![],
    }
}

/// What happens to the visit of the tests, and who does it.
pub(crate) fn visit_edits() -> Vec<(u8, Command)> {
    let serve = visit::Command::Serve {
        entry: entry(51),
        service: "bed".into(),
        quantity: 1,
        by: person(KEEPER),
        at: at(5),
    };
    [
        (KEEPER, serve),
        (DRIVER, visit::Command::SetNote("谢谢".into())),
        (DRIVER, visit::Command::SetNote("多谢".into())),
        (KEEPER, visit::Command::SetKeeperNote("熟客".into())),
        (DRIVER, visit::Command::CheckOut { left_at: at(50) }),
        (KEEPER, visit::Command::CheckOut { left_at: at(60) }),
        (DRIVER, visit::Command::Rate(5)),
    ]
    .map(|(who, command)| (who, Command::Visit(command)))
    .into()
}

#[test]
fn a_visit_is_logged_served_ended_and_read() {
    let mut shelf = Shelf::furnished();
    let id = document(VISIT);
    for (who, command) in visit_edits() {
        shelf.accepts(id, &author(who), &command);
    }
    let visit = Visit::read(&shelf.open(id, Kind::Visit)).unwrap();
    assert_eq!(visit.driver, person(DRIVER));
    assert_eq!(visit.driver_name, "王师傅");
    assert_eq!(visit.arrived_at, at(0));
    assert_eq!(visit.left_at, set(at(60)));
    assert_eq!(visit.note, set("多谢".to_owned()));
    assert_eq!(visit.keeper_note, set("熟客".to_owned()));
    assert_eq!(visit.rating, set(5));
    assert_eq!(visit.requested.len(), 1);
    assert_eq!(visit.requested[0].by, Some(person(DRIVER)));
    assert_eq!(visit.services.len(), 1);
    assert_eq!(visit.services[0].by, Some(person(KEEPER)));
}

#[test]
fn a_station_a_consent_and_a_check_are_made_and_read() {
    let mut shelf = Shelf::furnished();
    shelf.accepts(document(CHECK), &author(MEDIC), &new_check(plain_check()));
    let station = Station::read(&shelf.open(document(STATION), Kind::Station)).unwrap();
    assert_eq!(station.name, set("兴隆盛司机之家".to_owned()));
    assert_eq!(station.facilities, ["bed", "rest"]);
    assert_eq!(station.beds_total, set(28));
    let consent = Consent::read(&shelf.open(document(CONSENT), Kind::Consent)).unwrap();
    assert!(consent.is_in_force(at(5)));
    let check = Check::read(&shelf.open(document(CHECK), Kind::Check)).unwrap();
    assert_eq!(check.pressure_level, Some(Level::Grade1));
    assert_eq!(check.glucose_level, Some(Level::Normal));
    assert!(!check.crisis);
    assert_eq!(check.measurements.len(), 4);
    assert_eq!(check.advice, ["rest"]);
    assert_eq!(check.measurements[0].value, Some(152.0));
}

mod activities;
mod authors;
mod codes;
mod documented;
mod enrolments;
mod forged;
mod limits;
mod merging;
mod produced;
mod reads;
mod tickets;
mod values;
