//! Clocks that people and batteries set wrong: they order nothing and lose nothing.

use yizhan_client_core::store::VisitFilter;
use yizhan_tests::clock::{DAY_MS, HOUR_MS};
use yizhan_tests::world::World;

use crate::{HOME, seeds};

const WRONG_MS: [i64; 6] = [
    3 * HOUR_MS,
    -3 * HOUR_MS,
    400 * DAY_MS,
    -400 * DAY_MS,
    20 * 365 * DAY_MS,
    -5 * 365 * DAY_MS,
];

#[test]
fn wrong_clocks_neither_win_nor_lose() {
    for seed in seeds(2) {
        for wrong_ms in WRONG_MS {
            let mut world = World::new(seed);
            let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
            let station = world.station(HOME);
            let visit = world.phone(li).log_visit(station).unwrap();
            world.run_until_quiet();
            world.phone(li).clock().set_wrong_by_ms(wrong_ms);
            world.phone(li).note(visit, "钟不准").unwrap();
            world.phone(wang).serve(visit, "shower", 1).unwrap();
            world.run_until_quiet();
            world.phone(li).clock().set_wrong_by_ms(-wrong_ms);
            world.phone(li).note(visit, "又不准").unwrap();
            // Arrivals of an impossible year are refused at the tap; all others are taken.
            drop(world.phone(li).log_visit(station));
            world.settle();
        }
    }
}

#[test]
fn a_clock_that_jumps_within_a_sync_stops_nothing() {
    for wrong_ms in WRONG_MS {
        let mut world = World::new(1);
        let li = world.driver("李师傅");
        let station = world.station(HOME);
        world.phone(li).log_visit(station).unwrap();
        for effects in 1..6 {
            world.phone(li).clock().set_wrong_by_ms(wrong_ms);
            world.phone(li).sync_and_die_after(effects);
            world.phone(li).clock().set_wrong_by_ms(0);
        }
        world.settle();
        assert_eq!(world.phone(li).visits(&VisitFilter::default()).len(), 1);
    }
}

/// The relay's own clock may jump too: sequences are no clock.
#[test]
fn the_relays_clock_may_jump() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let station = world.station(HOME);
    for wrong_ms in WRONG_MS {
        let before = world.ledger();
        world.relay_clock().set_wrong_by_ms(wrong_ms);
        let visit = world.phone(li).log_visit(station).unwrap();
        world.sync(li);
        world.sync(wang);
        world.phone(wang).serve(visit, "rest", 1).unwrap();
        world.run_until_quiet();
        assert_eq!(world.ledger().breaks_with(&before), Vec::<String>::new());
    }
    world.settle();
}
