//! Looks at checks reach the audit log: each once, whatever the network does.

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::store::CheckFilter;
use yizhan_proto::PersonId;
use yizhan_server::audit::{By, Event, Verifier, decode};
use yizhan_server::relay::AuditFilter;
use yizhan_tests::clock::MINUTE_MS;
use yizhan_tests::net::Mishap;
use yizhan_tests::world::{PhoneNo, World};

use crate::{HOME, seeds};

/// The looks that the log has, oldest first; the whole chain is verified.
fn looks(world: &World) -> Vec<Event> {
    let mut verifier = Verifier::new(None);
    let rows = world.run(world.relay().audit_chain(0, 100_000)).unwrap();
    let events = rows.iter().map(|row| {
        assert!(row.findable);
        verifier.add(&row.bytes, &row.hash).unwrap()
    });
    events
        .filter(|event| event.action.as_str() == "check.read")
        .collect()
}

/// Who looked at the driver's checks? The colleague, so often.
fn found_by_driver(world: &World, driver: PersonId, colleague: PhoneNo, looks: usize) {
    let filter = AuditFilter {
        people: vec![driver],
        action: Some("check.read".to_owned()),
        limit: 100,
        ..AuditFilter::default()
    };
    let found = world.run(world.relay().audit_list(filter)).unwrap();
    assert_eq!(found.entries.len(), looks);
    let by = decode(&found.entries[0].bytes).unwrap().1.by;
    let By::Device(person, _) = by else {
        panic!("{by:?}")
    };
    assert_eq!(person, world.person(colleague));
}

#[test]
fn a_look_in_a_dead_zone_is_in_the_log_once_whatever_became_of_the_messages() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let li = world.driver("李师傅");
        let (medic, colleague) = (world.medic("孙医生", HOME), world.medic("周医生", HOME));
        let (station, driver) = (world.station(HOME), world.person(li));
        let consent = world
            .phone(li)
            .give_consent(station, Purpose::HealthRecord)
            .unwrap();
        world.run_until_quiet();
        let readings = world.phone(medic).ordinary_readings();
        let check = world
            .phone(medic)
            .take_check(driver, station, consent, readings, vec![])
            .unwrap();
        world.settle();

        // Offline: the colleague looks into the list, and at the check, again and again.
        world.go_offline(colleague);
        for _ in 0..3 {
            let client = world.phone(colleague).client();
            client.checks(&CheckFilter::default()).unwrap();
            client.check(check).unwrap();
            world.wait_ms(MINUTE_MS / 60);
        }
        assert_eq!(world.phone(colleague).tell_reads(), 0, "out of coverage");
        let unsent = world.phone(colleague).status().reads_unsent;
        assert!(
            (2..=4).contains(&unsent),
            "two sorts of screen, two hours at most: {unsent}"
        );
        // The driver looks at their own.
        world.phone(li).client().check(check).unwrap();
        assert_eq!(world.phone(li).status().reads_unsent, 0);

        world.come_online(colleague);
        let device = world.phone(colleague).device();
        let net = world.net().clone();
        net.order(
            device,
            [
                Mishap::RequestLost,
                Mishap::ResponseLost,
                Mishap::ResponseCut,
                Mishap::Busy,
                Mishap::Doubled,
            ],
        );
        let mut entered = 0;
        for _ in 0..6 {
            entered += world.phone(colleague).tell_reads();
            world.phone(colleague).crash();
            world.phone(colleague).switch_on();
        }
        assert_eq!(entered, unsent);
        assert_eq!(world.phone(colleague).status().reads_unsent, 0);
        let looks = looks(&world);
        assert_eq!(looks.len() as u64, unsent, "{looks:?}");
        assert!(looks.iter().all(|look| look.about == Some(driver)));

        found_by_driver(&world, driver, colleague, looks.len());
        world.settle();
    }
}
