//! Who may do what: every command by every author, and what they get wrong in it.

use super::super::consent::Purpose;
use super::super::station::StationType;
use super::super::testing::*;
use super::super::visit::Source;
use super::super::{Author, Command, RefusalCode, Verdict, consent, station, visit};

const EVERYBODY: [u8; 7] = [DRIVER, KEEPER, MEDIC, LEADER, RELAY, STRANGER, OTHER_KEEPER];

fn code(verdict: &Verdict) -> Option<RefusalCode> {
    match verdict {
        Verdict::Accept(_) => None,
        Verdict::Refuse(refusal) | Verdict::Quarantine(refusal) => Some(refusal.code),
        Verdict::Needs(missing) => panic!("needs {missing:?}"),
    }
}

#[track_caller]
pub(super) fn refused(shelf: &Shelf, id: u8, who: u8, command: &Command) -> RefusalCode {
    let verdict = shelf.clone().edit(document(id), &author(who), command);
    assert!(!matches!(verdict, Verdict::Quarantine(_)));
    code(&verdict).unwrap_or_else(|| panic!("accepted: {command:?}"))
}

fn request(by: u8) -> Command {
    Command::Visit(visit::Command::Request {
        entry: entry(70),
        service: "meal".into(),
        quantity: 2,
        by: person(by),
        at: at(3),
    })
}

fn serve(by: u8) -> Command {
    Command::Visit(visit::Command::Serve {
        entry: entry(71),
        service: "meal".into(),
        quantity: 2,
        by: person(by),
        at: at(3),
    })
}

pub(super) fn check_in_by_keeper() -> Command {
    let Command::Visit(visit::Command::CheckIn {
        driver,
        driver_name,
        station,
        arrived_at,
        vehicle_plate,
        requested,
        ..
    }) = check_in()
    else {
        unreachable!()
    };
    Command::Visit(visit::Command::CheckIn {
        driver,
        driver_name,
        station,
        arrived_at,
        source: Source::Keeper,
        vehicle_plate,
        requested,
    })
}

fn witnessed(by: u8) -> Command {
    Command::Consent(consent::Command::Give {
        driver: person(DRIVER),
        station: station_id(),
        purpose: Purpose::HealthRecord,
        given_at: at(1),
        witness: Some(person(by)),
        share_with: None,
        until: None,
    })
}

/// Which of everybody may do it, signed by themselves where it is signed.
fn allowed(shelf: &Shelf, id: u8, command: impl Fn(u8) -> Command) -> Vec<u8> {
    EVERYBODY
        .into_iter()
        .filter(|who| {
            let verdict = shelf
                .clone()
                .edit(document(id), &author(*who), &command(*who));
            matches!(verdict, Verdict::Accept(_))
        })
        .collect()
}

#[test]
fn every_command_is_accepted_from_the_right_authors_only() {
    let shelf = Shelf::furnished();
    let of_visit = |command: visit::Command| move |_| Command::Visit(command.clone());
    let of_station = |command: station::Command| move |_| Command::Station(command.clone());

    let empty = Shelf::default();
    assert_eq!(allowed(&empty, STATION, |_| new_station()), [LEADER, RELAY]);
    let describe = of_station(station::Command::Describe {
        name: Some("新名字".into()),
        station_type: Some(StationType::Office),
        address: None,
        place: Some((37.0, 120.0)),
        beds_total: Some(30),
    });
    assert_eq!(allowed(&shelf, STATION, describe), [LEADER, RELAY]);
    for command in [
        station::Command::SetFacility {
            facility: "wifi".into(),
            offered: true,
        },
        station::Command::SetBedsFree(3),
        station::Command::SetHours("全天".into()),
        station::Command::SetPhone("0535-1".into()),
        station::Command::SetOpen(true),
        station::Command::SetNotice("停水".into()),
    ] {
        let may = allowed(&shelf, STATION, of_station(command));
        assert_eq!(may, [KEEPER, MEDIC, LEADER, RELAY]);
    }

    let free = 110;
    assert_eq!(allowed(&shelf, free, |_| check_in()), [DRIVER]);
    assert_eq!(
        allowed(&shelf, free, |_| check_in_by_keeper()),
        [KEEPER, MEDIC]
    );
    let check_out = of_visit(visit::Command::CheckOut { left_at: at(9) });
    assert_eq!(allowed(&shelf, VISIT, check_out), [DRIVER, KEEPER, MEDIC]);
    assert_eq!(allowed(&shelf, VISIT, request), [DRIVER, KEEPER, MEDIC]);
    assert_eq!(allowed(&shelf, VISIT, serve), [KEEPER, MEDIC]);
    let note = of_visit(visit::Command::SetNote("好".into()));
    assert_eq!(allowed(&shelf, VISIT, note), [DRIVER]);
    let keeper_note = of_visit(visit::Command::SetKeeperNote("好".into()));
    assert_eq!(allowed(&shelf, VISIT, keeper_note), [KEEPER, MEDIC]);
    assert_eq!(
        allowed(&shelf, VISIT, of_visit(visit::Command::Rate(4))),
        [DRIVER]
    );

    assert_eq!(allowed(&shelf, free, |_| give_consent()), [DRIVER]);
    assert_eq!(allowed(&shelf, free, witnessed), [KEEPER, MEDIC]);
    let withdraw = |_| {
        Command::Consent(consent::Command::Withdraw {
            withdrawn_at: at(9),
        })
    };
    assert_eq!(allowed(&shelf, CONSENT, withdraw), [DRIVER, KEEPER, MEDIC]);

    let check = |who| {
        let mut new = plain_check();
        new.by = person(who);
        new_check(new)
    };
    assert_eq!(allowed(&shelf, CHECK, check), [MEDIC]);
}

#[test]
fn what_is_signed_is_signed_by_its_author() {
    let shelf = Shelf::furnished();
    for command in [serve(MEDIC), request(DRIVER)] {
        assert_eq!(
            refused(&shelf, VISIT, KEEPER, &command),
            RefusalCode::ValueNotSelf
        );
    }
    let mut new = plain_check();
    new.by = person(KEEPER);
    assert_eq!(
        refused(&shelf, CHECK, MEDIC, &new_check(new)),
        RefusalCode::ValueNotSelf
    );
    assert_eq!(
        refused(&shelf, 110, KEEPER, &witnessed(MEDIC)),
        RefusalCode::ValueNotSelf
    );
    assert_eq!(
        refused(&shelf, 110, KEEPER, &give_consent()),
        RefusalCode::FieldMissing
    );
    assert_eq!(
        refused(&shelf, VISIT, STRANGER, &request(STRANGER)),
        RefusalCode::AuthorUnrelated
    );
    assert_eq!(
        refused(
            &shelf,
            VISIT,
            DRIVER,
            &Command::Visit(visit::Command::SetKeeperNote("x".into()))
        ),
        RefusalCode::FieldForbidden
    );
}

#[test]
fn an_alias_is_the_person() {
    let mut shelf = Shelf::furnished();
    let paired = Author {
        person: person(40),
        aliases: vec![person(DRIVER)],
        ..author(DRIVER)
    };
    shelf.accepts(
        document(VISIT),
        &paired,
        &Command::Visit(visit::Command::Rate(5)),
    );
    shelf.accepts(document(VISIT), &paired, &request(40));
}

#[test]
fn only_health_at_the_station_suffices_for_checks_and_witnessing() {
    let mut shelf = Shelf::furnished();
    let mut health_only = author(MEDIC);
    health_only.roles.remove(0);
    shelf.accepts(document(CHECK), &health_only, &new_check(plain_check()));
    shelf.accepts(document(110), &health_only, &witnessed(MEDIC));
    let verdict = shelf.edit(document(VISIT), &health_only, &serve(MEDIC));
    assert_eq!(code(&verdict), Some(RefusalCode::FieldForbidden));
}

#[test]
fn a_check_needs_a_consent_in_force() {
    let mut shelf = Shelf::furnished();
    let check = new_check(plain_check());
    let mut without = plain_check();
    without.consent = document(111);
    assert_eq!(
        refused(&shelf, CHECK, MEDIC, &new_check(without)),
        RefusalCode::ConsentMissing
    );
    // One for something else, one that has ended, one of another driver.
    for (id, purpose, until, driver, expected) in [
        (
            112,
            Purpose::Photos,
            None,
            DRIVER,
            RefusalCode::ConsentMissing,
        ),
        (
            113,
            Purpose::HealthRecord,
            Some(at(9)),
            DRIVER,
            RefusalCode::ConsentMissing,
        ),
        (
            114,
            Purpose::HealthRecord,
            None,
            STRANGER,
            RefusalCode::ReferenceMismatch,
        ),
    ] {
        let give = consent::Command::Give {
            driver: person(driver),
            station: station_id(),
            purpose,
            given_at: at(1),
            witness: None,
            share_with: None,
            until,
        };
        shelf.accepts(document(id), &author(driver), &Command::Consent(give));
        let mut new = plain_check();
        new.consent = document(id);
        assert_eq!(refused(&shelf, CHECK, MEDIC, &new_check(new)), expected);
    }
    // A withdrawal makes it a matter for a person, whenever the check was taken.
    let withdraw = Command::Consent(consent::Command::Withdraw {
        withdrawn_at: at(20),
    });
    shelf.accepts(document(CONSENT), &author(DRIVER), &withdraw);
    let verdict = shelf.edit(document(CHECK), &author(MEDIC), &check);
    assert!(matches!(&verdict, Verdict::Quarantine(_)), "{verdict:?}");
    assert_eq!(code(&verdict), Some(RefusalCode::ConsentWithdrawn));
}

#[test]
fn references_exist_and_fit() {
    let shelf = Shelf::furnished();
    let mut nowhere = Shelf::default();
    assert_eq!(
        refused(&nowhere, VISIT, DRIVER, &check_in()),
        RefusalCode::ReferenceUnknown
    );
    assert_eq!(
        refused(&nowhere, CONSENT, DRIVER, &give_consent()),
        RefusalCode::ReferenceUnknown
    );
    // A consent where the station should be.
    nowhere.documents.insert(
        document(STATION),
        shelf.documents[&document(CONSENT)].clone(),
    );
    assert_eq!(
        refused(&nowhere, VISIT, DRIVER, &check_in()),
        RefusalCode::ReferenceMismatch
    );
    // Somebody else's visit.
    let mut new = plain_check();
    new.visit = Some(document(CONSENT));
    assert_eq!(
        refused(&shelf, CHECK, MEDIC, &new_check(new)),
        RefusalCode::ReferenceMismatch
    );
}

#[test]
fn a_withdrawal_counts_from_the_earliest_time_given() {
    for order in [[20, 10], [10, 20]] {
        let mut shelf = Shelf::furnished();
        for (minutes, who) in order.into_iter().zip([DRIVER, KEEPER]) {
            let withdraw = Command::Consent(consent::Command::Withdraw {
                withdrawn_at: at(minutes),
            });
            shelf.accepts(document(CONSENT), &author(who), &withdraw);
        }
        let facts = &shelf.documents[&document(CONSENT)].outline.facts;
        assert_eq!(facts.withdrawn_at, Some(at(10)));
    }
}
