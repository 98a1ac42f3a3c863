//! Phones that die, at every moment there is.

use yizhan_client_core::store::VisitFilter;
use yizhan_tests::net::Mishap;
use yizhan_tests::world::World;

use crate::{HOME, seeds};

/// The phone dies after its first effect, after its second, and so on until a round gets through.
#[test]
fn a_phone_may_die_at_every_effect_of_its_sync() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let station = world.station(HOME);
        for effects in 0..40 {
            let visit = world.phone(li).log_visit(station).unwrap();
            world
                .phone(li)
                .note(visit, &format!("第{effects}步"))
                .unwrap();
            let seen = world.phone(wang).visits(&VisitFilter::default());
            if let Some(seen) = seen.first() {
                let seen = seen.id;
                world.phone(wang).serve(seen, "meal", 1).unwrap();
            }
            world.wait_ms(1_000);
            let driver = world.phone(li).sync_and_die_after(effects);
            let keeper = world.phone(wang).sync_and_die_after(effects);
            if driver.is_some() && keeper.is_some() {
                world.settle();
                assert!(effects > 3, "a round has plan, send, apply and an end");
                break;
            }
        }
    }
}

/// The same, with an answer cut on the way each time.
#[test]
fn a_phone_may_die_while_its_answers_are_cut() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let li = world.driver("李师傅");
        let station = world.station(HOME);
        for effects in 0..10 {
            world.phone(li).log_visit(station).unwrap();
            world.order(li, &[Mishap::ResponseCut]);
            world.phone(li).sync_and_die_after(effects);
        }
        world.settle();
    }
}

/// What was entered is on disk when the call returns.
#[test]
fn a_phone_may_die_right_after_the_tap() {
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let station = world.station(HOME);
    let mut visits = Vec::new();
    for _ in 0..5 {
        visits.push(world.phone(li).log_visit(station).unwrap());
        world.crash(li);
    }
    assert_eq!(
        world.phone(li).visits(&VisitFilter::default()).len(),
        visits.len()
    );
    world.settle();
}

/// The relay stops between exchanges and comes back on the same folder.
#[test]
fn a_relay_that_restarts_remembers_everything() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let station = world.station(HOME);
    for _ in 0..4 {
        world.phone(li).log_visit(station).unwrap();
        world.sync(li);
        let before = world.ledger();
        world.stop_relay();
        world.phone(li).log_visit(station).unwrap();
        world.sync(li);
        world.start_relay();
        world.sync(wang);
        assert_eq!(world.ledger().breaks_with(&before), Vec::<String>::new());
    }
    world.settle();
}
