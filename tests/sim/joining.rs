//! Phones that come late, and audiences.

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::store::VisitFilter;
use yizhan_proto::Kind;
use yizhan_tests::audit::audit;
use yizhan_tests::net::Mishap;
use yizhan_tests::world::{PhoneNo, World};

use crate::{ELSEWHERE, HOME, seeds};

/// A station with a history: visits of several drivers, long notes in them.
fn busy_station(seed: u64, visits: usize) -> (World, PhoneNo) {
    let mut world = World::new(seed);
    let drivers = [
        world.driver("李师傅"),
        world.driver("张师傅"),
        world.driver("赵师傅"),
    ];
    let station = world.station(HOME);
    for number in 0..visits {
        let driver = drivers[number % drivers.len()];
        let visit = world.phone(driver).log_visit(station).unwrap();
        let note = format!("{number} {}", "路".repeat(300));
        world.phone(driver).note(visit, &note).unwrap();
        world.wait_ms(60_000);
    }
    world.run_until_quiet();
    (world, drivers[0])
}

#[test]
fn a_late_keeper_gets_the_newest_first_and_then_everything() {
    let (mut world, _) = busy_station(1, 60);
    let late = world.keeper("王站长", HOME);
    // Answers that do not come make the phone ask for less at a time.
    world.order(late, &[Mishap::ResponseLost; 6]);
    for _ in 0..6 {
        world.sync(late);
    }
    let mut first_page = None;
    for effects in 1..200 {
        if world.phone(late).sync_and_die_after(effects).is_some() {
            break;
        }
        let seen = world.phone(late).visits(&VisitFilter::default());
        if !seen.is_empty() && first_page.is_none() {
            first_page = Some(seen);
        }
    }
    let first_page = first_page.expect("something came");
    world.settle();
    let all = world.phone(late).visits(&VisitFilter::default());
    assert_eq!(all.len(), 60);
    assert_eq!(
        first_page[0].id, all[0].id,
        "the newest is in the first page"
    );
}

/// Pages of every size give the same documents.
#[test]
fn pages_of_every_size_give_the_same() {
    let (mut world, driver) = busy_station(1, 40);
    let device = world.phone(driver).device();
    let whole = audit(world.runtime(), world.relay(), device, 0);
    for page_bytes_max in [1, 4_096, 5_000, 9_999, 65_536] {
        let paged = audit(world.runtime(), world.relay(), device, page_bytes_max);
        assert_eq!(paged.digests, whole.digests, "{page_bytes_max}");
        let hashes = |audit: &yizhan_tests::audit::Audit| -> Vec<_> {
            audit
                .documents
                .iter()
                .map(|(id, given)| (*id, given.hashes()))
                .collect()
        };
        assert_eq!(hashes(&paged), hashes(&whole), "{page_bytes_max}");
    }
    world.settle();
}

/// News arrive while a new phone is still filling in history.
#[test]
fn news_and_history_meet() {
    for seed in seeds(4) {
        let (mut world, driver) = busy_station(seed, 40);
        let late = world.keeper("王站长", HOME);
        world.order(late, &[Mishap::ResponseLost; 6]);
        for _ in 0..6 {
            world.sync(late);
        }
        let station = world.station(HOME);
        let old = world.phone(driver).visits(&VisitFilter::default());
        for effects in 3..20 {
            world.phone(late).sync_and_die_after(effects);
            let touched = old[(effects as usize) % old.len()].id;
            world
                .phone(driver)
                .note(touched, &format!("又来了 {effects}"))
                .unwrap();
            world.phone(driver).log_visit(station).unwrap();
            world.sync(driver);
        }
        world.settle();
    }
}

#[test]
fn everybody_holds_just_what_is_for_them() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, zhang) = (world.driver("李师傅"), world.driver("张师傅"));
        let wang = world.keeper("王站长", HOME);
        let chen = world.medic("陈医生", HOME);
        let liu = world.medic("刘站长", ELSEWHERE);
        let (home, elsewhere) = (world.station(HOME), world.station(ELSEWHERE));
        for (driver, station) in [(li, home), (zhang, elsewhere), (li, elsewhere)] {
            world.phone(driver).log_visit(station).unwrap();
            world
                .phone(driver)
                .give_consent(station, Purpose::HealthRecord)
                .unwrap();
        }
        world.run_until_quiet();
        for (medic, driver, station) in [(chen, li, home), (liu, zhang, elsewhere)] {
            let driver = world.person(driver);
            let consent = world
                .phone(medic)
                .consent_for_checks(driver, station)
                .unwrap();
            let readings = world.phone(medic).ordinary_readings();
            world
                .phone(medic)
                .take_check(driver, station, consent, readings, vec!["rest".to_owned()])
                .unwrap();
        }
        world.settle();
        let kinds = |world: &mut World, phone: PhoneNo, kind: Kind| {
            let pocket = world.phone(phone).pocket();
            pocket
                .documents
                .values()
                .filter(|kept| kept.kind == kind)
                .count()
        };
        for (phone, visits, checks) in [
            (li, 2, 1),
            (zhang, 1, 1),
            (wang, 1, 0),
            (chen, 1, 1),
            (liu, 2, 1),
        ] {
            assert_eq!(kinds(&mut world, phone, Kind::Visit), visits);
            assert_eq!(kinds(&mut world, phone, Kind::Check), checks);
            assert_eq!(kinds(&mut world, phone, Kind::Station), 12);
        }
    }
}

/// A phone that never was online writes first and registers later: nothing is rewritten.
#[test]
fn a_stranger_writes_first_and_registers_later() {
    let mut world = World::new(1);
    let station = world.station(HOME);
    let li = world.stranger("李师傅");
    let visit = world.phone(li).log_visit(station).unwrap();
    world.phone(li).note(visit, "还没有注册").unwrap();
    world.register(li);
    let wang = world.keeper("王站长", HOME);
    world.settle();
    assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 1);
}

/// The same, where the person is known already: the provisional id becomes an alias.
#[test]
fn a_stranger_who_is_known_already_keeps_what_was_written() {
    let mut world = World::new(1);
    let station = world.station(HOME);
    let li = world.driver("李师傅");
    let person = world.person(li);
    world.phone(li).log_visit(station).unwrap();
    let second = world.stranger("李师傅");
    world.phone(second).log_visit(station).unwrap();
    world.pair(second, person);
    world.settle();
    for phone in [li, second] {
        assert_eq!(world.phone(phone).visits(&VisitFilter::default()).len(), 2);
    }
}
