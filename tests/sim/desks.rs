//! Tickets on their way from desk to desk, and people who turn out to be one.

use yizhan_client_core::model::ticket::{Act, Priority};
use yizhan_client_core::store::VisitFilter;
use yizhan_proto::Role;
use yizhan_tests::world::World;

use crate::{ELSEWHERE, HOME, seeds};

fn verify() -> Act {
    Act::Verify {
        class: None,
        priority: Priority::Normal,
        text: None,
    }
}

/// After an escalation the new desk holds the ticket and the notes on it, the old one nothing of
/// them; what the old desk wrote offline meanwhile was uploaded before it let go, and follows.
#[test]
fn an_escalated_ticket_changes_desks_with_its_notes_after_unsent_work_was_uploaded() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let province = world.add_desk("province", None);
        let city = world.add_desk("city", Some("province"));
        let driver = world.driver("李师傅");
        let old = world.specialist("王专员", &city);
        let new = world.specialist("赵专员", &province);
        let region = world.desk_region();
        let coordinator = world.worker("陈协调", vec![Role::Coordinator(region)]);
        world.run_until_quiet();

        let ticket = world.raise(driver, &city).unwrap();
        world.settle();
        let note = world.note_on(old, ticket, &city);
        world.settle();
        let holds =
            |world: &mut World, phone, id| world.phone(phone).pocket().documents.contains_key(&id);
        assert!(!holds(&mut world, new, ticket) && !holds(&mut world, new, note));

        world.go_offline(old);
        world.act(old, ticket, verify()).unwrap();
        let late = world.note_on(old, ticket, &city);
        world.escalate(coordinator, ticket, &province);
        world.sync(coordinator);
        world.come_online(old);
        world.settle();
        for id in [ticket, note, late] {
            assert!(holds(&mut world, new, id), "the new desk holds it");
            assert!(!holds(&mut world, old, id), "the old desk has let go");
            assert!(holds(&mut world, coordinator, id), "of both desks");
        }
        assert!(holds(&mut world, driver, ticket) && !holds(&mut world, driver, note));
        let seen = world.phone(driver).pocket().documents[&ticket]
            .visible(ticket)
            .unwrap();
        let steps = seen
            .keys()
            .filter(|field| field.starts_with("events/"))
            .count();
        assert_eq!(
            steps, 2,
            "the escalation, and what was done before it was heard of"
        );
    }
}

/// A phone that was told of the desks refuses a ticket for one that is not there at the tap; one
/// that never was online trusts its owner, and the relay refuses.
#[test]
fn a_ticket_for_a_desk_that_is_not_there_is_refused_at_the_tap_or_by_the_relay() {
    let mut world = World::new(1);
    world.add_desk("city", None);
    let (told, stranger) = (world.driver("李师傅"), world.stranger("赵师傅"));
    world.run_until_quiet();
    let nowhere = "nowhere".parse().unwrap();
    let refused = world.raise(told, &nowhere).unwrap_err();
    assert_eq!(refused.code(), "reference.unknown");
    world.raise(stranger, &nowhere).unwrap();
    world.register(stranger);
    world.settle();
    let held = world.phone(stranger).held();
    assert_eq!(held.len(), 1, "kept, with the reason");
    assert!(format!("{:?}", held[0]).contains("reference.unknown"));
}

/// The phone of the old desk dies at every effect while the ticket leaves it.
#[test]
fn the_old_desks_phone_may_die_while_a_ticket_leaves_it() {
    for effects in 0..12 {
        let mut world = World::new(1);
        let province = world.add_desk("province", None);
        let city = world.add_desk("city", Some("province"));
        let driver = world.driver("李师傅");
        let old = world.specialist("王专员", &city);
        let region = world.desk_region();
        let coordinator = world.worker("陈协调", vec![Role::Coordinator(region)]);
        world.run_until_quiet();
        let ticket = world.raise(driver, &city).unwrap();
        world.settle();
        world.act(old, ticket, verify()).unwrap();
        world.escalate(coordinator, ticket, &province);
        world.sync(coordinator);
        world.phone(old).sync_and_die_after(effects);
        world.settle();
        assert!(!world.phone(old).pocket().documents.contains_key(&ticket));
    }
}

/// Somebody who registered twice: once they are one person, both phones see both histories, also
/// what was entered before the merge and sent after it.
#[test]
fn two_who_are_one_see_both_histories_on_both_phones() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (one, two) = (world.driver("李师傅"), world.driver("李师傅"));
        let keeper = world.keeper("王站长", HOME);
        let (home, elsewhere) = (world.station(HOME), world.station(ELSEWHERE));
        world.phone(one).log_visit(home).unwrap();
        let second = world.phone(two).log_visit(elsewhere).unwrap();
        world.settle();
        world.go_offline(two);
        world.phone(two).note(second, "还没有上传").unwrap();
        world.phone(two).log_visit(home).unwrap();
        world.merge(one, two);
        world.come_online(two);
        world.settle();
        for phone in [one, two] {
            assert_eq!(world.phone(phone).visits(&VisitFilter::default()).len(), 3);
        }
        assert_eq!(world.person(one), world.person(two));
        world.phone(two).log_visit(home).unwrap();
        world.settle();
        assert_eq!(world.phone(one).visits(&VisitFilter::default()).len(), 4);
        assert_eq!(world.phone(keeper).visits(&VisitFilter::default()).len(), 3);
    }
}

/// A phone that has all there was learns in one sync who it acts for since, and what came in between.
#[test]
fn one_sync_brings_new_desks_and_what_was_written_meanwhile() {
    let mut world = World::new(1);
    let driver = world.driver("李师傅");
    let keeper = world.keeper("王站长", HOME);
    world.run_until_quiet();
    world.add_desk("city", None);
    let station = world.station(HOME);
    let li = world.person(driver);
    let visit = world
        .phone(keeper)
        .log_visit_of(li, "李师傅", station)
        .expect("the keeper takes the arrival down");
    world.sync(keeper);
    world.sync(driver);
    let held = world.phone(driver).pocket().documents;
    assert!(held.contains_key(&visit), "it came with the same sync");
}
