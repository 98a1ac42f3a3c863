//! What the relay does not take: kept, shown with a reason, and in nobody's way.

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::store::{ChangeState, VisitFilter};
use yizhan_proto::{Role, StationId};
use yizhan_tests::world::World;

use crate::{HOME, seeds};

/// A phone that knows no station yet takes what its owner says; the relay knows better.
#[test]
fn a_visit_at_a_station_that_is_not_there_is_refused_and_kept() {
    let mut world = World::new(1);
    let li = world.stranger("李师傅");
    let nowhere = StationId::from_bytes([9; 16]);
    let visit = world.phone(li).log_visit(nowhere).unwrap();
    world.phone(li).note(visit, "这里没有站").unwrap();
    let station = world.station(HOME);
    let good = world.phone(li).log_visit(station).unwrap();
    world.register(li);
    world.settle();
    let held = world.phone(li).held();
    assert_eq!(held.len(), 2, "the arrival and the note on it: {held:?}");
    assert!(held.iter().all(|held| held.document == visit));
    assert!(held.iter().all(|held| held.state == ChangeState::Refused));
    assert_eq!(held[0].reason.code, "reference.unknown");
    let at_relay = world.ledger();
    assert!(
        at_relay
            .accepted
            .values()
            .any(|(document, _)| *document == good)
    );
}

/// A refused draft can be given up, and the rest of the phone goes on.
#[test]
fn a_refused_change_can_be_discarded_or_tried_again() {
    let mut world = World::new(1);
    let li = world.stranger("李师傅");
    let nowhere = StationId::from_bytes([9; 16]);
    let visit = world.phone(li).log_visit(nowhere).unwrap();
    world.phone(li).note(visit, "这里没有站").unwrap();
    world.register(li);
    world.settle();
    let first = world.phone(li).held()[0].change;
    assert_eq!(world.phone(li).client_mut().retry(first).unwrap(), 2);
    world.settle();
    assert_eq!(world.phone(li).held().len(), 2, "refused again");
    let first = world.phone(li).held()[0].change;
    assert_eq!(world.phone(li).client_mut().discard(first).unwrap(), 2);
    world.reference().discarded(visit);
    world.settle();
    assert!(world.phone(li).held().is_empty());
    assert!(world.phone(li).visits(&VisitFilter::default()).is_empty());
}

/// Two phones fill one document beyond its limit, offline: the relay has room for the first only.
/// What the second wrote is held, and the second goes on in the same document.
#[test]
fn a_document_goes_on_after_a_refusal() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let first = world.driver("李师傅");
        let second = world.second_phone_of(first);
        let station = world.station(HOME);
        let visit = world.phone(first).log_visit(station).unwrap();
        world.run_until_quiet();
        for number in 0..12 {
            for phone in [first, second] {
                let long = format!("{number}{}", "字".repeat(5_000));
                world.phone(phone).note(visit, &long).unwrap();
            }
        }
        world.sync(first);
        world.sync(second);
        let held = world.phone(second).held();
        assert!(!held.is_empty(), "there was no room for all");
        assert_eq!(held[0].reason.code, "document.full");
        assert!(held[1..].iter().all(|held| held.document == visit));
        world.phone(second).rate(visit, 3).unwrap();
        world.settle();
        let pocket = world.phone(first).pocket();
        let seen = pocket.documents[&visit].visible(visit).unwrap();
        assert!(seen.contains_key("rating"), "the document went on");
    }
}

/// The right to write ended while the keeper was away: the work waits for a person, on both sides.
#[test]
fn work_of_a_keeper_whose_role_has_ended_is_quarantined() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let other = world.keeper("周站长", HOME);
        let station = world.station(HOME);
        let visit = world.phone(li).log_visit(station).unwrap();
        world.run_until_quiet();
        world.go_offline(wang);
        world.phone(wang).serve(visit, "meal", 2).unwrap();
        world.take_role(wang, Role::Keeper(station));
        world.come_online(wang);
        world.phone(other).serve(visit, "shower", 1).unwrap();
        world.settle();
        let held = world.phone(wang).held();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].state, ChangeState::Quarantined);
        assert_eq!(held[0].reason.code, "right.ended");
    }
}

/// A check taken in good faith, while the driver withdrew the consent elsewhere.
#[test]
fn a_check_after_the_consent_was_withdrawn_is_quarantined() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let (li, chen) = (world.driver("李师傅"), world.medic("陈医生", HOME));
        let station = world.station(HOME);
        let consent = world
            .phone(li)
            .give_consent(station, Purpose::HealthRecord)
            .unwrap();
        world.run_until_quiet();
        world.wait_ms(60_000);
        world.phone(li).withdraw(consent).unwrap();
        world.sync(li);
        world.wait_ms(60_000);
        let driver = world.person(li);
        let readings = world.phone(chen).ordinary_readings();
        world
            .phone(chen)
            .take_check(driver, station, consent, readings, vec!["rest".to_owned()])
            .unwrap();
        world.settle();
        let held = world.phone(chen).held();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].state, ChangeState::Quarantined);
        assert_eq!(held[0].reason.code, "consent.withdrawn");
        assert!(
            world
                .phone(chen)
                .consent_for_checks(driver, station)
                .is_none(),
            "and from here on the tap refuses"
        );
    }
}
