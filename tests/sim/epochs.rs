//! A relay that comes back from a backup: everything it lacks is offered again.

use yizhan_client_core::store::VisitFilter;
use yizhan_tests::world::World;

use crate::{HOME, seeds};

#[test]
fn what_a_restored_relay_lacks_is_offered_again() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let station = world.station(HOME);
        let old = world.phone(li).log_visit(station).unwrap();
        world.run_until_quiet();
        let backup = world.back_up_relay();
        let new = world.phone(li).log_visit(station).unwrap();
        world.phone(li).note(old, "备份之后写的").unwrap();
        world.sync(li);
        world.sync(wang);
        world.phone(wang).serve(old, "meal", 1).unwrap();
        world.phone(wang).serve(new, "shower", 1).unwrap();
        world.run_until_quiet();
        world.restore_relay(&backup);
        world.phone(li).rate(new, 5).unwrap();
        world.settle();
        assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 2);
    }
}

/// The keeper comes first: it has the driver's visit, whose driver has not come yet.
#[test]
fn in_a_restored_world_phones_may_come_back_in_any_order() {
    for seed in seeds(3) {
        for keeper_first in [false, true] {
            let mut world = World::new(seed);
            let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
            let station = world.station(HOME);
            world.run_until_quiet();
            let backup = world.back_up_relay();
            let visit = world.phone(li).log_visit(station).unwrap();
            world.sync(li);
            world.sync(wang);
            world.phone(wang).serve(visit, "meal", 1).unwrap();
            world.run_until_quiet();
            world.restore_relay(&backup);
            let order = if keeper_first { [wang, li] } else { [li, wang] };
            for phone in order {
                world.sync(phone);
            }
            world.settle();
        }
    }
}
