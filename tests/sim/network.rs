//! What the network does to exchanges.

use yizhan_client_core::engine::{Failure, Outcome};
use yizhan_client_core::store::VisitFilter;
use yizhan_tests::net::Mishap;
use yizhan_tests::world::World;

use crate::{HOME, seeds};

#[test]
fn a_visit_logged_in_a_dead_zone_reaches_its_station() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let station = world.station(HOME);
        world.go_offline(li);
        let visit = world.phone(li).log_visit(station).unwrap();
        assert!(matches!(
            world.sync(li),
            Outcome::Waiting {
                failure: Failure::Offline,
                ..
            }
        ));
        world.phone(li).note(visit, "夜里到站没有热饭").unwrap();
        world.come_online(li);
        world.settle();
        let seen = world.phone(wang).visits(&VisitFilter::default());
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].id, visit);
    }
}

/// Each mishap, struck at each of the first exchanges of a driver and a keeper who both write.
#[test]
fn whatever_befalls_an_exchange_nothing_is_lost_or_doubled() {
    for mishap in Mishap::ALL {
        for at in 0..3 {
            let mut world = World::new(at + 1);
            let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
            let station = world.station(HOME);
            world.run_until_quiet();
            let visit = world.phone(li).log_visit(station).unwrap();
            for round in 0..at {
                world.sync(li);
                let note = format!("还没到 {round}");
                world.phone(li).note(visit, &note).unwrap();
            }
            world.order(li, &[mishap]);
            world.sync(li);
            world.phone(li).rate(visit, 4).unwrap();
            world.order(li, &[mishap, mishap]);
            world.sync(li);
            world.sync(wang);
            let seen = world.phone(wang).visits(&VisitFilter::default());
            if let Some(seen) = seen.first() {
                let seen = seen.id;
                world.phone(wang).serve(seen, "hot_water", 2).unwrap();
            }
            world.order(wang, &[mishap]);
            world.sync(wang);
            world.settle();
        }
    }
}

#[test]
fn a_response_cut_after_the_commit_is_made_up_for_by_duplicates() {
    for seed in seeds(10) {
        let mut world = World::new(seed);
        let li = world.driver("李师傅");
        let station = world.station(HOME);
        world.run_until_quiet();
        let visit = world.phone(li).log_visit(station).unwrap();
        world.cut(li);
        assert!(matches!(world.sync(li), Outcome::Waiting { .. }));
        let accepted = world.ledger();
        assert!(
            accepted
                .accepted
                .values()
                .any(|(document, _)| *document == visit),
            "the relay had committed"
        );
        assert_eq!(
            world.phone(li).status().unsent_changes,
            1,
            "and the phone cannot know"
        );
        world.settle();
        assert_eq!(world.ledger().accepted.len(), accepted.accepted.len());
    }
}

/// An old request that comes late must not take back anything.
#[test]
fn an_old_request_that_comes_late_changes_nothing() {
    for seed in seeds(5) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let station = world.station(HOME);
        let visit = world.phone(li).log_visit(station).unwrap();
        for round in 0..6 {
            world
                .phone(li)
                .note(visit, &format!("第{round}次"))
                .unwrap();
            world.order(li, &[Mishap::OldOneReplayed]);
            world.sync(li);
            world.order(wang, &[Mishap::OldOneReplayed]);
            world.sync(wang);
        }
        world.settle();
    }
}

#[test]
fn with_nothing_new_a_sync_is_one_small_request_and_no_page() {
    let mut world = World::new(1);
    let wang = world.medic("王站长", HOME);
    let li = world.driver("李师傅");
    let station = world.station(HOME);
    // It does not grow with what the phones hold.
    for visits in [20, 200] {
        for _ in 0..visits {
            world.phone(li).log_visit(station).unwrap();
        }
        world.settle();
        for phone in [li, wang] {
            let before = world.net().traffic();
            world.sync(phone);
            let after = world.net().traffic();
            assert_eq!(after.requests - before.requests, 1);
            let bytes = after.bytes_up + after.bytes_down - before.bytes_up - before.bytes_down;
            assert!(bytes < 200, "{bytes} bytes");
        }
    }
}
