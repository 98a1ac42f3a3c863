//! Rights that end: documents leave the device, and nothing unsent goes with them.

use yizhan_client_core::store::VisitFilter;
use yizhan_proto::Role;
use yizhan_server::relay::Periods;
use yizhan_tests::pocket;
use yizhan_tests::world::World;

use crate::{ELSEWHERE, HOME, seeds};

#[test]
fn documents_leave_with_the_role_after_unsent_work_was_uploaded() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let (home, elsewhere) = (world.station(HOME), world.station(ELSEWHERE));
        world.give_role(wang, Role::Keeper(elsewhere));
        let leaving = world.phone(li).log_visit(home).unwrap();
        let staying = world.phone(li).log_visit(elsewhere).unwrap();
        world.settle();
        assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 2);
        world.phone(wang).serve(leaving, "meal", 1).unwrap();
        world.sync(wang);
        world.take_role(wang, Role::Keeper(home));
        world.settle();
        let left = world.phone(wang).visits(&VisitFilter::default());
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].id, staying);
        world.give_role(wang, Role::Keeper(home));
        world.settle();
        assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 2);
    }
}

/// A keeper who was once a guest there: own visits stay when the role goes.
#[test]
fn own_visits_stay_when_the_role_goes() {
    let mut world = World::new(1);
    let home = world.station(HOME);
    let wang = world.worker("王站长", vec![Role::Keeper(home), Role::Driver]);
    let li = world.driver("李师傅");
    let own = world.phone(wang).log_visit(home).unwrap();
    world.phone(li).log_visit(home).unwrap();
    world.settle();
    world.take_role(wang, Role::Keeper(home));
    world.settle();
    let left = world.phone(wang).visits(&VisitFilter::default());
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, own);
}

/// The phone dies at every effect while documents leave it.
#[test]
fn a_phone_may_die_while_documents_leave_it() {
    for effects in 0..12 {
        let mut world = World::new(1);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        for _ in 0..5 {
            world.phone(li).log_visit(home).unwrap();
        }
        world.run_until_quiet();
        world.take_role(wang, Role::Keeper(home));
        world.phone(wang).sync_and_die_after(effects);
        world.settle();
        assert!(world.phone(wang).visits(&VisitFilter::default()).is_empty());
    }
}

/// A visit that grew too old for its station leaves the keepers' phones, with a receipt, stays
/// with its driver, and may come back.
#[test]
fn a_retired_visit_leaves_its_stations_phones_only() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        let (old, new) = (
            world.phone(li).log_visit(home).unwrap(),
            world.phone(li).log_visit(home).unwrap(),
        );
        world.keep(Periods::default());
        world.wait_days(20);
        world.phone(li).leave(new).unwrap();
        world.settle();
        world.wait_days(12);
        world.settle();
        let left = world.phone(wang).visits(&VisitFilter::default());
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].id, new);
        assert_eq!(world.phone(li).visits(&VisitFilter::default()).len(), 2);
        let status = world.run(world.relay().status()).unwrap();
        assert_eq!(status.forgets_acknowledged, 1, "the keeper's phone said so");
        world.phone(li).note(old, "早就走了").unwrap();
        world.settle();
        assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 1);
        world.phone(li).leave(old).unwrap();
        world.settle();
        assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 2);
    }
}

/// What the keeper wrote offline about a visit that meanwhile left is uploaded before it goes.
#[test]
fn unsent_work_on_a_retired_visit_is_uploaded_first() {
    for effects in 0..14 {
        let mut world = World::new(1);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        let visit = world.phone(li).log_visit(home).unwrap();
        world.settle();
        world.go_offline(wang);
        world.phone(wang).serve(visit, "meal", 2).unwrap();
        world.keep(Periods::default());
        world.wait_days(32);
        world.grow_old();
        world.come_online(wang);
        world.phone(wang).sync_and_die_after(effects);
        world.settle();
        assert!(world.phone(wang).visits(&VisitFilter::default()).is_empty());
        let pocket = world.phone(li).pocket();
        let seen = pocket.documents[&visit].visible(visit).unwrap();
        assert!(seen.keys().any(|field| field.starts_with("services/")));
    }
}

/// What left is gone from the phone's file, not only from its lists: its words were somebody's.
#[test]
fn nothing_of_what_left_stays_in_the_phones_file() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let home = world.station(HOME);
    let words = "a-word-that-is-written-nowhere-else";
    for _ in 0..30 {
        let visit = world.phone(li).log_visit(home).unwrap();
        world.phone(li).note(visit, words).unwrap();
    }
    world.settle();
    assert!(pocket::says(world.phone(wang).home(), words));
    world.take_role(wang, Role::Keeper(home));
    world.settle();
    assert!(world.phone(wang).visits(&VisitFilter::default()).is_empty());
    assert!(!pocket::says(world.phone(wang).home(), words));
}
