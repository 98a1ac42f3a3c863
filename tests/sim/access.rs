//! Who may hold what changes: sharing until a date, withdrawn consents, stations that close, roles
//! that move; and what is outstanding is told until it is done.

use yizhan_client_core::client::ReportEntry;
use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::report::{Month, What};
use yizhan_client_core::model::{Refusal, RefusalCode};
use yizhan_client_core::store::{CheckFilter, VisitFilter};
use yizhan_proto::{DocumentId, Role, Scope, StationId};
use yizhan_server::relay::Periods;
use yizhan_tests::clock::{DAY_MS, HOUR_MS};
use yizhan_tests::world::{PhoneNo, World};

use crate::{ELSEWHERE, HOME, seeds};

fn visits(world: &mut World, phone: PhoneNo) -> usize {
    world.phone(phone).visits(&VisitFilter::default()).len()
}

fn checks(world: &mut World, phone: PhoneNo) -> usize {
    let checks = world.phone(phone).client().checks(&CheckFilter::default());
    checks.unwrap().len()
}

fn refused<T: std::fmt::Debug>(tap: Result<T, ClientError>) -> RefusalCode {
    let error = tap.unwrap_err();
    let ClientError::Refused(Refusal { code, .. }) = error else {
        panic!("{error}");
    };
    code
}

/// A driver with visits and a check at the home station, its medic, and one elsewhere.
struct Shared {
    world: World,
    li: PhoneNo,
    chen: PhoneNo,
    liu: PhoneNo,
    home: StationId,
    elsewhere: StationId,
    visit: DocumentId,
}

fn shared(seed: u64) -> Shared {
    let mut world = World::new(seed);
    let li = world.driver("李师傅");
    let (chen, liu) = (
        world.medic("陈医生", HOME),
        world.medic("刘站长", ELSEWHERE),
    );
    let (home, elsewhere) = (world.station(HOME), world.station(ELSEWHERE));
    let visit = world.phone(li).log_visit(home).unwrap();
    world.phone(li).note(visit, "夜里到站没有热饭").unwrap();
    let consent = world.phone(li).give_consent(home, Purpose::HealthRecord);
    world.settle();
    let driver = world.person(li);
    let readings = world.phone(chen).ordinary_readings();
    world
        .phone(chen)
        .take_check(driver, home, consent.unwrap(), readings, vec![])
        .unwrap();
    world.settle();
    Shared {
        world,
        li,
        chen,
        liu,
        home,
        elsewhere,
        visit,
    }
}

#[test]
fn what_is_shared_joins_the_other_station_until_its_date_and_then_leaves() {
    for seed in seeds(2) {
        let mut it = shared(seed);
        assert_eq!(visits(&mut it.world, it.liu), 0);
        let (home, elsewhere) = (it.home, it.elsewhere);
        it.world
            .phone(it.li)
            .share(home, elsewhere, 3 * DAY_MS)
            .unwrap();
        it.world.settle();
        assert_eq!(visits(&mut it.world, it.liu), 1);
        assert_eq!(checks(&mut it.world, it.liu), 1);
        it.world.phone(it.li).log_visit(home).unwrap();
        it.world.settle();
        assert_eq!(visits(&mut it.world, it.liu), 2, "as it arrives");
        it.world.wait_ms(3 * DAY_MS + HOUR_MS);
        it.world.settle();
        assert_eq!(visits(&mut it.world, it.liu), 0);
        assert_eq!(checks(&mut it.world, it.liu), 0);
        assert_eq!(visits(&mut it.world, it.chen), 2, "where they were made");
        assert_eq!(visits(&mut it.world, it.li), 2);
        assert_eq!(it.world.outstanding(), []);
    }
}

#[test]
fn who_reads_what_is_shared_cannot_write_in_it() {
    let mut it = shared(1);
    it.world
        .phone(it.li)
        .share(it.home, it.elsewhere, DAY_MS)
        .unwrap();
    it.world.settle();
    let visit = it.visit;
    let tap = it.world.phone(it.liu).serve(visit, "meal", 1);
    assert_eq!(refused(tap), RefusalCode::AuthorUnrelated);
    let tap = it.world.phone(it.liu).keeper_note(visit, "也来过我们这里");
    assert_eq!(refused(tap), RefusalCode::AuthorUnrelated);
}

#[test]
fn of_two_sharings_the_last_one_to_end_decides() {
    let mut it = shared(1);
    let (home, elsewhere) = (it.home, it.elsewhere);
    it.world
        .phone(it.li)
        .share(home, elsewhere, DAY_MS)
        .unwrap();
    let long = it.world.phone(it.li).share(home, elsewhere, 5 * DAY_MS);
    it.world.settle();
    it.world.wait_ms(2 * DAY_MS);
    it.world.settle();
    assert_eq!(visits(&mut it.world, it.liu), 1);
    it.world.phone(it.li).withdraw(long.unwrap()).unwrap();
    it.world.settle();
    assert_eq!(visits(&mut it.world, it.liu), 0);
    assert_eq!(checks(&mut it.world, it.liu), 0);
}

#[test]
fn a_phone_may_die_while_a_sharing_ends() {
    for effects in 0..10 {
        let mut it = shared(1);
        it.world
            .phone(it.li)
            .share(it.home, it.elsewhere, DAY_MS)
            .unwrap();
        it.world.run_until_quiet();
        it.world.wait_ms(2 * DAY_MS);
        it.world.place_documents();
        it.world.phone(it.liu).sync_and_die_after(effects);
        it.world.settle();
        assert_eq!(visits(&mut it.world, it.liu), 0);
        assert_eq!(it.world.outstanding(), []);
    }
}

#[test]
fn a_long_history_joins_and_leaves_in_portions() {
    let mut world = World::new(1);
    let (li, liu) = (world.driver("李师傅"), world.keeper("刘站长", ELSEWHERE));
    let (home, elsewhere) = (world.station(HOME), world.station(ELSEWHERE));
    for _ in 0..420 {
        world.phone(li).log_visit(home).unwrap();
    }
    world.run_until_quiet();
    world.phone(li).share(home, elsewhere, DAY_MS).unwrap();
    world.sync(li);
    let (now, relay) = (world.relay().time(), world.relay().clone());
    let mut portions = 0;
    while world.run(relay.place_documents(now)).unwrap() {
        portions += 1;
    }
    assert!(portions >= 3, "{portions} portions of at most 200");
    world.run_until_quiet();
    assert_eq!(visits(&mut world, liu), 420);
    world.wait_ms(2 * DAY_MS);
    world.run_until_quiet();
    assert_eq!(visits(&mut world, liu), 0);
    assert_eq!(world.outstanding(), []);
}

#[test]
fn a_withdrawn_consent_takes_checks_from_the_station_and_a_new_one_brings_them_back() {
    for seed in seeds(2) {
        let mut it = shared(seed);
        let (li, chen, home, elsewhere) = (it.li, it.chen, it.home, it.elsewhere);
        it.world.phone(li).share(home, elsewhere, DAY_MS).unwrap();
        it.world.settle();
        let driver = it.world.person(li);
        let consent = it.world.phone(chen).consent_for_checks(driver, home);
        it.world.phone(li).withdraw(consent.unwrap()).unwrap();
        it.world.settle();
        assert_eq!(checks(&mut it.world, chen), 0);
        assert_eq!(
            checks(&mut it.world, it.liu),
            0,
            "nor with whom it was shared"
        );
        assert_eq!(checks(&mut it.world, li), 1, "the driver keeps it");
        assert_eq!(visits(&mut it.world, chen), 1, "another purpose");
        let readings = it.world.phone(chen).ordinary_readings();
        let tap = it
            .world
            .phone(chen)
            .take_check(driver, home, consent.unwrap(), readings, vec![]);
        assert_eq!(refused(tap), RefusalCode::ConsentWithdrawn);
        it.world
            .phone(li)
            .give_consent(home, Purpose::HealthRecord)
            .unwrap();
        it.world.settle();
        assert_eq!(checks(&mut it.world, chen), 1);
        assert_eq!(checks(&mut it.world, it.liu), 1);
    }
}

/// What happened happened: it is kept, for the driver alone.
#[test]
fn a_visit_noted_without_knowing_of_the_withdrawal_is_kept_for_the_driver_alone() {
    let mut it = shared(1);
    let (li, chen, home) = (it.li, it.chen, it.home);
    let driver = it.world.person(li);
    let consent = it.world.phone(li).give_consent(home, Purpose::Visits);
    it.world.settle();
    it.world.go_offline(chen);
    it.world.phone(li).withdraw(consent.unwrap()).unwrap();
    it.world.sync(li);
    it.world
        .phone(chen)
        .log_visit_of(driver, "李师傅", home)
        .unwrap();
    it.world.come_online(chen);
    it.world.settle();
    assert_eq!(visits(&mut it.world, chen), 0);
    assert_eq!(visits(&mut it.world, li), 2);
    let tap = it.world.phone(chen).log_visit_of(driver, "李师傅", home);
    assert_eq!(refused(tap), RefusalCode::ConsentWithdrawn);
    it.world.phone(li).log_visit(home).unwrap();
    it.world.settle();
    assert_eq!(visits(&mut it.world, chen), 0, "nor what the driver notes");
    it.world
        .phone(li)
        .give_consent(home, Purpose::Visits)
        .unwrap();
    it.world.settle();
    assert_eq!(visits(&mut it.world, chen), 3);
}

#[test]
fn nobody_works_at_a_closed_station_until_it_opens_again() {
    let mut it = shared(1);
    let (li, chen, home) = (it.li, it.chen, it.home);
    let code = it.world.run(it.world.relay().station_code(home)).unwrap();
    it.world.close_station(home);
    it.world.settle();
    assert_eq!(visits(&mut it.world, chen), 0);
    assert_eq!(checks(&mut it.world, chen), 0);
    assert_eq!(visits(&mut it.world, li), 1, "drivers keep what is theirs");
    assert_eq!(it.world.outstanding(), []);
    let stations = it.world.run(it.world.relay().stations()).unwrap();
    let here = stations.iter().find(|station| station.id == home.into());
    assert_eq!(
        here.unwrap().open.value,
        Some(false),
        "the directory says so"
    );
    let zhao = it.world.stranger("赵师傅");
    let url = "http://127.0.0.1:8787".parse().unwrap();
    let refused = it.world.phone(zhao).register(&url, &code).unwrap_err();
    assert!(refused.to_string().contains("closed"), "{refused}");
    let person = it.world.person(chen);
    let role = Role::Keeper(home);
    let given = it.world.run(it.world.relay().add_role(person, role));
    assert!(given.unwrap_err().to_string().contains("reopen"));
    it.world.reopen_station(home);
    it.world.settle();
    assert_eq!(visits(&mut it.world, chen), 1);
    assert_eq!(checks(&mut it.world, chen), 1);
}

/// What was written under the old role is uploaded, and waits for somebody to decide; until then it
/// stays on the phone, which says so.
#[test]
fn a_moved_role_takes_the_documents_after_unsent_work_was_uploaded() {
    let mut it = shared(1);
    let (chen, home, elsewhere) = (it.chen, it.home, it.elsewhere);
    it.world.phone(it.li).log_visit(home).unwrap();
    it.world.settle();
    it.world.phone(chen).serve(it.visit, "meal", 1).unwrap();
    it.world
        .move_role(chen, Role::Keeper(home), Role::Keeper(elsewhere));
    it.world
        .move_role(chen, Role::Health(home), Role::Health(elsewhere));
    it.world.settle();
    assert_eq!(it.world.phone(chen).held().len(), 1);
    assert_eq!(visits(&mut it.world, chen), 1, "the one with held work");
    let status = it.world.run(it.world.relay().status()).unwrap();
    assert_eq!(status.quarantined, 1);
    let outstanding = it.world.outstanding();
    assert_eq!(outstanding.len(), 1);
    let left: Vec<&Scope> = outstanding[0].left.iter().map(|left| &left.scope).collect();
    assert_eq!(
        left,
        [&Scope::Station(home)],
        "checks are gone, and told so"
    );
}

#[test]
fn what_is_outstanding_is_told_per_device_and_age_until_it_is_done() {
    let mut it = shared(1);
    let (chen, home) = (it.chen, it.home);
    let device = it.world.phone(chen).device();
    assert_eq!(it.world.outstanding(), []);
    let mut periods = Periods::off();
    periods.set("station-visits=30d".parse().unwrap());
    it.world.keep(periods);
    it.world.settle();
    it.world.go_offline(chen);
    it.world.wait_days(31);
    it.world.grow_old();
    it.world.wait_ms(3 * HOUR_MS);
    let outstanding = it.world.outstanding();
    assert_eq!(outstanding.len(), 1);
    assert_eq!(outstanding[0].device, device);
    assert_eq!(outstanding[0].person_name, "陈医生");
    assert_eq!(outstanding[0].age_ms, 3 * HOUR_MS as u64);
    assert_eq!(outstanding[0].due.len(), 1);
    assert_eq!(outstanding[0].due[0].documents, 1);
    assert!(outstanding[0].left.is_empty());
    it.world.take_role(chen, Role::Health(home));
    let outstanding = it.world.outstanding();
    let left: Vec<&Scope> = outstanding[0].left.iter().map(|left| &left.scope).collect();
    assert_eq!(left, [&Scope::StationHealth(home)]);
    // A restart of the relay forgets nothing of it.
    it.world.stop_relay();
    it.world.start_relay();
    assert_eq!(it.world.outstanding(), outstanding);
    it.world.come_online(chen);
    it.world.settle();
    assert_eq!(it.world.outstanding(), []);
}

/// A role that comes back before the device noticed that it was gone was never left.
#[test]
fn a_role_that_comes_back_unnoticed_leaves_nothing_outstanding() {
    let mut it = shared(1);
    it.world.take_role(it.chen, Role::Health(it.home));
    assert_eq!(it.world.outstanding().len(), 1);
    it.world.give_role(it.chen, Role::Health(it.home));
    assert_eq!(it.world.outstanding(), []);
    it.world.settle();
    assert_eq!(checks(&mut it.world, it.chen), 1);
}

/// A driver who withdraws the consent to statistics is counted as before for what was, and not for
/// what comes: also in the keeper's own report, which is made of what the tablet holds, offline.
#[test]
fn a_keepers_report_does_not_count_who_withdrew_from_statistics_from_then_on() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let home = world.station(HOME);
    let given = world.phone(li).give_consent(home, Purpose::Statistics);
    world.phone(li).log_visit(home).unwrap();
    world.settle();
    let counted = |world: &mut World| {
        let month: Month = "2026-11".parse().unwrap();
        let entry = ReportEntry {
            what: What::Services,
            from: month,
            to: month,
            station: Some(home),
            region: None,
        };
        let made = world.phone(wang).client().report(&entry, &|_| Some(month));
        let rows: Vec<Vec<String>> = made.unwrap().sheet.records().collect();
        rows.iter()
            .find(|row| row[2] == "visit")
            .map(|row| row[4].clone())
    };
    assert_eq!(counted(&mut world).as_deref(), Some("1"));
    world.phone(li).withdraw(given.unwrap()).unwrap();
    world.settle();
    world.wait_ms(HOUR_MS);
    world.phone(li).log_visit(home).unwrap();
    world.settle();
    assert_eq!(visits(&mut world, wang), 2);
    assert_eq!(counted(&mut world).as_deref(), Some("1"));
    world
        .phone(li)
        .give_consent(home, Purpose::Statistics)
        .unwrap();
    world.settle();
    world.wait_ms(HOUR_MS);
    world.phone(li).log_visit(home).unwrap();
    world.settle();
    assert_eq!(counted(&mut world).as_deref(), Some("2"));
}

/// Whoever puts a photo to an activity is told which of those enrolled want to be in none.
#[test]
fn a_keeper_is_told_who_wants_to_be_in_no_photo_of_an_activity() {
    let mut world = World::new(1);
    let (li, zhao) = (world.driver("李师傅"), world.driver("赵师傅"));
    let (wang, home) = (world.keeper("王站长", HOME), world.station(HOME));
    world.run_until_quiet();
    let activity = world.announce(wang, home, None);
    world.settle();
    let mut consents = Vec::new();
    for driver in [li, zhao] {
        let person = world.person(driver);
        world.enrol(driver, activity, home, person, None).unwrap();
        let given = world.phone(driver).give_consent(home, Purpose::Photos);
        consents.push(given.unwrap());
    }
    world.settle();
    let told = |world: &mut World| {
        let client = world.phone(wang).client();
        client.not_in_photos(activity).unwrap().len()
    };
    assert_eq!(told(&mut world), 0);
    world.phone(li).withdraw(consents[0]).unwrap();
    world.settle();
    assert_eq!(told(&mut world), 1);
    world.phone(li).give_consent(home, Purpose::Photos).unwrap();
    world.settle();
    assert_eq!(told(&mut world), 0, "given again");
}
