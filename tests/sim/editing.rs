//! Two phones, one visit.

use yizhan_tests::reading;
use yizhan_tests::world::{PhoneNo, World};

use crate::{HOME, seeds};
use yizhan_proto::DocumentId;

/// A driver with two phones that both know a visit, and both edit it offline.
fn two_phones_edit_one_visit(seed: u64) -> (World, [PhoneNo; 2], DocumentId) {
    let mut world = World::new(seed);
    let first = world.driver("李师傅");
    let second = world.second_phone_of(first);
    let station = world.station(HOME);
    let visit = world.phone(first).log_visit(station).unwrap();
    world.run_until_quiet();
    for (phone, note, stars) in [(first, "第一部手机写的", 5), (second, "第二部手机写的", 2)]
    {
        world.phone(phone).note(visit, note).unwrap();
        world.phone(phone).rate(visit, stars).unwrap();
        world.phone(phone).ask_for(visit, "shower", 1).unwrap();
    }
    (world, [first, second], visit)
}

#[test]
fn two_phones_edit_one_visit_and_sync_in_either_order() {
    for seed in seeds(2) {
        let mut shown = Vec::new();
        for order in [[0, 1], [1, 0]] {
            let (mut world, phones, visit) = two_phones_edit_one_visit(seed);
            for turn in order {
                world.sync(phones[turn]);
            }
            world.settle();
            for phone in phones {
                let pocket = world.phone(phone).pocket();
                let seen = pocket.documents[&visit].visible(visit).unwrap();
                assert_eq!(seen["note"].len(), 2, "both notes stand: {seen:?}");
                assert_eq!(seen["rating"].len(), 2, "both ratings stand: {seen:?}");
                assert_eq!(reading::conflicts(&seen), 2);
                let asked = seen.keys().filter(|field| field.starts_with("requested/"));
                assert_eq!(asked.count(), 3, "asked for on arrival, and by each phone");
                let row = &world.phone(phone).visits(&Default::default())[0];
                assert!(row.conflict, "the list says so");
                shown.push(seen);
            }
        }
        assert!(
            shown.windows(2).all(|pair| pair[0] == pair[1]),
            "the same everywhere"
        );
    }
}

#[test]
fn a_conflict_is_resolved_by_who_writes_next() {
    let (mut world, phones, visit) = two_phones_edit_one_visit(1);
    world.settle();
    world.phone(phones[0]).note(visit, "就这样").unwrap();
    world.settle();
    let pocket = world.phone(phones[1]).pocket();
    let seen = pocket.documents[&visit].visible(visit).unwrap();
    assert_eq!(seen["note"].len(), 1);
    assert_eq!(seen["rating"].len(), 2, "the other one stands");
}

#[test]
fn a_keeper_and_a_driver_write_at_the_same_time() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let station = world.station(HOME);
        let visit = world.phone(li).log_visit(station).unwrap();
        world.run_until_quiet();
        for round in 0..5 {
            world
                .phone(li)
                .note(visit, &format!("司机 {round}"))
                .unwrap();
            world
                .phone(wang)
                .keeper_note(visit, &format!("站长 {round}"))
                .unwrap();
            world.phone(wang).serve(visit, "meal", 1).unwrap();
            world.phone(li).leave(visit).unwrap();
            world.wait_ms(60_000);
            world.phone(wang).leave(visit).unwrap();
            let first = if round % 2 == 0 { li } else { wang };
            world.sync(first);
        }
        world.settle();
    }
}
