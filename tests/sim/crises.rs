//! A crisis is heard of first.

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::store::{Budget, SecondReading};
use yizhan_tests::clock::MINUTE_MS;
use yizhan_tests::world::World;

use crate::{HOME, seeds};

/// Readings of a blood pressure.
fn pressure(
    world: &mut World,
    medic: yizhan_tests::world::PhoneNo,
    systolic: &str,
) -> Vec<yizhan_client_core::model::check::Reading> {
    let mut readings = world.phone(medic).ordinary_readings();
    for reading in &mut readings {
        if reading.item == Item::Systolic
            && let yizhan_client_core::model::check::ReadingValue::Quantity { entered, .. } =
                &mut reading.value
        {
            *entered = systolic.to_owned();
        }
    }
    readings
}

#[test]
fn a_crisis_behind_500_unsent_changes_is_in_the_first_request() {
    for seed in seeds(1) {
        let mut world = World::new(seed);
        let (li, medic) = (world.driver("李师傅"), world.medic("孙医生", HOME));
        let station = world.station(HOME);
        let driver = world.person(li);
        world.run_until_quiet();
        world.go_offline(medic);
        let visit = world
            .phone(medic)
            .log_visit_of(driver, "李师傅", station)
            .unwrap();
        for number in 0..499 {
            let note = format!("第{number}次");
            world.phone(medic).keeper_note(visit, &note).unwrap();
        }
        let consent = world
            .phone(medic)
            .witness_consent(driver, station, Purpose::HealthRecord)
            .unwrap();
        let readings = pressure(&mut world, medic, "192");
        let crisis = world
            .phone(medic)
            .take_check(driver, station, consent, readings, vec![])
            .unwrap();
        assert!(world.phone(medic).status().unsent_changes >= 502);

        // However little the first request carries: the crisis, and the consent it needs before.
        let home = world.phone(medic).home().to_owned();
        let now = world.phone(medic).clock().reads();
        let budget = Budget {
            push_bytes_max: 4_000,
            page_bytes_max: 0,
        };
        world.phone(medic).switch_off();
        let store = yizhan_client_core::store::Store::open(&home, world.relay_clock()).unwrap();
        let request = store.plan_request(&budget, now).unwrap();
        drop(store);
        world.phone(medic).switch_on();
        let order: Vec<_> = request.pushes.iter().map(|push| push.document).collect();
        assert_eq!(order[..2], [consent, crisis]);
        world.come_online(medic);
        world.settle();
        assert!(world.phone(li).client().check(crisis).unwrap().check.crisis);
    }
}

#[test]
fn the_second_reading_is_asked_for_offline_until_it_is_there() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let (li, medic) = (world.driver("李师傅"), world.medic("孙医生", HOME));
        let station = world.station(HOME);
        let driver = world.person(li);
        let consent = world
            .phone(li)
            .give_consent(station, Purpose::HealthRecord)
            .unwrap();
        world.run_until_quiet();
        world.go_offline(medic);
        let readings = pressure(&mut world, medic, "192");
        let crisis = world
            .phone(medic)
            .take_check(driver, station, consent, readings, vec![])
            .unwrap();
        let open = world.phone(medic).client().open_crises().unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].check, crisis);
        let wait_ms = open[0].second_due_at.ms_since(open[0].taken_at);
        assert_eq!(wait_ms, 5 * MINUTE_MS);
        world.wait_ms(6 * MINUTE_MS);
        let readings = pressure(&mut world, medic, "150");
        let second = world
            .phone(medic)
            .take_check(driver, station, consent, readings, vec![])
            .unwrap();
        assert_eq!(world.phone(medic).client().open_crises().unwrap(), []);
        world.come_online(medic);
        world.settle();
        let detail = world.phone(li).client().check(crisis).unwrap();
        assert_eq!(detail.second_reading, Some(SecondReading::Taken(second)));
    }
}
