//! Check-in codes between phones without coverage, under the simulated clock.

use yizhan_client_core::checkin::{Doubt, Finding};
use yizhan_client_core::store::VisitFilter;
use yizhan_proto::limits::{CERTIFICATE_LIFE_MS, CODE_LIFE_MS, CODE_SKEW_TOLERATED_MS};
use yizhan_tests::clock::{DAY_MS, HOUR_MS};
use yizhan_tests::net::Mishap;
use yizhan_tests::world::{PhoneNo, World};

use crate::{ELSEWHERE, HOME, seeds};

fn shows(world: &mut World, driver: PhoneNo) -> String {
    world
        .phone(driver)
        .client()
        .check_in_code(None)
        .unwrap()
        .text
}

fn finds(world: &mut World, keeper: PhoneNo, code: &str) -> Finding {
    world
        .phone(keeper)
        .client()
        .check_code(code)
        .unwrap()
        .finding
}

#[test]
fn a_code_is_believed_where_there_is_no_coverage() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let station = world.station(HOME);
        world.run_until_quiet();
        world.go_offline(li);
        world.go_offline(wang);
        world.wait_ms(5 * DAY_MS);
        let code = shows(&mut world, li);
        assert_eq!(finds(&mut world, wang, &code), Finding::Ok);
        let visit = world.phone(wang).log_visit_by_code(&code, station).unwrap();
        world.come_online(li);
        world.come_online(wang);
        world.settle();
        let seen = world.phone(li).visits(&VisitFilter::default());
        assert_eq!(seen[0].id, visit, "the driver has it, too");
        assert_eq!(seen[0].driver_name, "李师傅");
    }
}

#[test]
fn a_screenshot_is_worth_nothing_after_its_time() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    world.run_until_quiet();
    let code = shows(&mut world, li);
    world.wait_ms(CODE_LIFE_MS + CODE_SKEW_TOLERATED_MS);
    assert_eq!(
        finds(&mut world, wang, &code),
        Finding::Ok,
        "clocks may differ"
    );
    world.wait_ms(1);
    assert_eq!(finds(&mut world, wang, &code), Finding::Expired);
    let fresh = shows(&mut world, li);
    assert_eq!(finds(&mut world, wang, &fresh), Finding::Ok);
}

/// Clocks that were wrong at the last exchange, too, do no harm: both estimate the relay's.
#[test]
fn codes_go_by_the_relays_time_and_not_by_wrong_clocks() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    world.phone(li).clock().set_wrong_by_ms(3 * HOUR_MS);
    world.phone(wang).clock().set_wrong_by_ms(-400 * DAY_MS);
    world.run_until_quiet();
    let code = shows(&mut world, li);
    assert_eq!(finds(&mut world, wang, &code), Finding::Ok);
    // One that was set since is told, and never believed for longer.
    world.phone(li).clock().set_wrong_by_ms(5 * HOUR_MS);
    let code = shows(&mut world, li);
    assert_eq!(finds(&mut world, wang, &code), Finding::NotYetValid);
    world.phone(li).clock().set_wrong_by_ms(0);
    let code = shows(&mut world, li);
    assert_eq!(finds(&mut world, wang, &code), Finding::Expired);
}

/// The keeper's device hears of it with its next access; the one who stole the phone is told apart
/// then, with no network.
#[test]
fn a_revoked_device_is_known_where_there_is_no_coverage() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        world.run_until_quiet();
        world.go_offline(li);
        let device = world.phone(li).device();
        let relay = world.relay().clone();
        world.run(relay.revoke_device(device)).unwrap();
        let code = shows(&mut world, li);
        assert_eq!(
            finds(&mut world, wang, &code),
            Finding::Ok,
            "not heard of yet"
        );
        world.order(wang, &[Mishap::TokenExpired]);
        world.sync(wang);
        world.go_offline(wang);
        assert_eq!(finds(&mut world, wang, &code), Finding::Revoked);
        // Drivers are not told who was revoked.
        let zhao = world.driver("赵师傅");
        world.sync(zhao);
        assert_eq!(finds(&mut world, zhao, &code), Finding::Ok);
        // After a month its certificate has ended, and it is named no more.
        world.wait_ms(CERTIFICATE_LIFE_MS + DAY_MS);
        world.come_online(wang);
        world.order(wang, &[Mishap::TokenExpired]);
        world.sync(wang);
        let doubt = Finding::Unverified(Doubt::CertificateExpired);
        assert_eq!(finds(&mut world, wang, &code), doubt);
    }
}

#[test]
fn a_certificate_lasts_a_month_and_a_sync_renews_it() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    world.sync(li);
    world.sync(wang);
    world.wait_ms(CERTIFICATE_LIFE_MS - HOUR_MS);
    let code = shows(&mut world, li);
    assert_eq!(finds(&mut world, wang, &code), Finding::Ok);
    world.wait_ms(2 * DAY_MS);
    let code = shows(&mut world, li);
    let doubt = Finding::Unverified(Doubt::CertificateExpired);
    assert_eq!(finds(&mut world, wang, &code), doubt);
    world.order(li, &[Mishap::TokenExpired]);
    world.sync(li);
    let code = shows(&mut world, li);
    assert_eq!(finds(&mut world, wang, &code), Finding::Ok);
}

/// One code, passed on as a picture within its time: two arrivals far apart are shown as one.
#[test]
fn one_showing_at_two_stations_is_one_arrival() {
    for keeper_first in [false, true] {
        let mut world = World::new(1);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let zhou = world.keeper("周站长", ELSEWHERE);
        let (here, there) = (world.station(HOME), world.station(ELSEWHERE));
        world.run_until_quiet();
        let code = shows(&mut world, li);
        let first = world.phone(wang).log_visit_by_code(&code, here).unwrap();
        world.wait_ms(1_000);
        let second = world.phone(zhou).log_visit_by_code(&code, there).unwrap();
        let order = if keeper_first {
            [wang, zhou]
        } else {
            [zhou, wang]
        };
        for phone in order {
            world.sync(phone);
        }
        world.settle();
        let detail = world.phone(li).client().visit(first).unwrap();
        assert_eq!(
            detail.same_as,
            [second],
            "nothing was refused, and it shows"
        );
    }
}

#[test]
fn a_phone_that_never_met_the_relay_says_what_to_do() {
    let mut world = World::new(1);
    let li = world.stranger("李师傅");
    let error = world.phone(li).client().check_in_code(None).unwrap_err();
    assert_eq!(error.code(), "code.no_certificate");
    assert!(
        error.to_string().contains("sync once with the relay"),
        "{error}"
    );
    world.register(li);
    assert!(world.phone(li).client().check_in_code(None).is_ok());
}
