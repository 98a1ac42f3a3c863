//! Documents grow old: they leave each audience after its own period, once what was unsent is
//! uploaded, and come back when they are young again. Whether everybody holds just what they should
//! is looked at by `settle`, whose reference knows the periods.

use yizhan_client_core::model::ticket::Act;
use yizhan_client_core::model::{Command, activity, check, consent::Purpose, notice};
use yizhan_client_core::store::{CheckFilter, VisitFilter};
use yizhan_proto::{DocumentId, Role, StationId};
use yizhan_server::relay::Periods;
use yizhan_tests::action::{Places, Program, act};
use yizhan_tests::clock::{DAY_MS, HOUR_MS};
use yizhan_tests::world::{PhoneNo, World};

use crate::histories::{program, staff_desks};
use crate::{ELSEWHERE, HOME, seeds};

fn holds(world: &mut World, phone: PhoneNo, id: DocumentId) -> bool {
    world.phone(phone).pocket().documents.contains_key(&id)
}

fn periods(texts: &[&str]) -> Periods {
    let mut periods = Periods::default();
    for text in texts {
        periods.set(text.parse().unwrap());
    }
    periods
}

/// A driver, a medic of the home station and a keeper elsewhere; a visit and a check at home.
struct Home {
    world: World,
    li: PhoneNo,
    chen: PhoneNo,
    liu: PhoneNo,
    home: StationId,
    visit: DocumentId,
    consent: DocumentId,
    check: DocumentId,
}

fn home(seed: u64) -> Home {
    let mut world = World::new(seed);
    let (li, chen) = (world.driver("李师傅"), world.medic("陈医生", HOME));
    let liu = world.medic("刘站长", ELSEWHERE);
    let home = world.station(HOME);
    let visit = world.phone(li).log_visit(home).unwrap();
    world.phone(li).note(visit, "夜里到站没有热饭").unwrap();
    world.phone(li).leave(visit).unwrap();
    let given = world.phone(li).give_consent(home, Purpose::HealthRecord);
    let consent = given.unwrap();
    world.settle();
    let driver = world.person(li);
    let readings = world.phone(chen).ordinary_readings();
    let taken = world
        .phone(chen)
        .take_check(driver, home, consent, readings, vec![]);
    let check = taken.unwrap();
    world.keep(Periods::default());
    world.settle();
    Home {
        world,
        li,
        chen,
        liu,
        home,
        visit,
        consent,
        check,
    }
}

#[test]
fn visits_and_checks_leave_station_and_driver_each_in_their_time_and_consents_stay() {
    for seed in seeds(3) {
        let mut it = home(seed);
        let (li, chen) = (it.li, it.chen);
        let ids = [it.visit, it.check, it.consent];
        let mut day = 0;
        // On which day who holds what of the visit, the check, the consent.
        for (until, driver, station) in [
            (29, [true, true, true], [true, true, true]),
            (31, [true, true, true], [false, false, true]),
            (365, [true, true, true], [false, false, true]),
            (367, [false, true, true], [false, false, true]),
            (729, [false, true, true], [false, false, true]),
            (732, [false, false, true], [false, false, true]),
        ] {
            it.world.wait_days(until - day);
            day = until;
            it.world.settle();
            for (n, id) in ids.into_iter().enumerate() {
                assert_eq!(holds(&mut it.world, li, id), driver[n], "{n}, day {day}");
                assert_eq!(holds(&mut it.world, chen, id), station[n], "{n}, day {day}");
            }
        }
        assert_eq!(it.world.outstanding(), [], "and both phones said so");
        let status = it.world.phone(chen).status();
        assert_eq!(status.grown_old, 2, "the phone tells why they left");
        assert_eq!(it.world.phone(li).status().grown_old, 2);
        let status = it.world.run(it.world.relay().status()).unwrap();
        assert_eq!(status.retired, 4);
        let ledger = it.world.ledger();
        assert!(ids.iter().all(|id| ledger.knows(*id)), "nothing is deleted");
    }
}

/// What a keeper wrote offline goes up before the document leaves, wherever the phone dies; what
/// comes of it is an accepted change, and the phone tells that the document left by age.
#[test]
fn unsent_work_goes_up_first_wherever_the_phone_dies() {
    for effects in 0..14 {
        let mut it = home(1);
        let (li, chen, visit) = (it.li, it.chen, it.visit);
        it.world.go_offline(chen);
        it.world.phone(chen).serve(visit, "meal", 2).unwrap();
        it.world.wait_days(40);
        it.world.grow_old();
        it.world.come_online(chen);
        it.world.phone(chen).sync_and_die_after(effects);
        it.world.settle();
        assert!(!holds(&mut it.world, chen, visit));
        assert_eq!(it.world.phone(chen).held(), [], "taken, not refused");
        assert_eq!(it.world.phone(chen).status().grown_old, 2);
        let pocket = it.world.phone(li).pocket();
        let seen = pocket.documents[&visit].visible(visit).unwrap();
        assert!(seen.keys().any(|field| field.starts_with("services/")));
    }
}

/// Work that the relay refuses keeps its document on the phone until its author has dealt with it.
#[test]
fn refused_work_stays_until_it_is_dealt_with() {
    let mut it = home(1);
    let (chen, visit) = (it.chen, it.visit);
    it.world.go_offline(chen);
    it.world.phone(chen).keeper_note(visit, "没有写完").unwrap();
    let role = Role::Keeper(it.home);
    it.world.take_role(chen, role);
    it.world.take_role(chen, Role::Health(it.home));
    it.world.wait_days(40);
    it.world.grow_old();
    it.world.come_online(chen);
    it.world.settle();
    assert!(
        holds(&mut it.world, chen, visit),
        "its work waits for somebody"
    );
    assert!(!it.world.phone(chen).held().is_empty());
}

/// A visit that was open, and whose driver says only much later when it ended, is young again.
#[test]
fn a_document_that_is_young_again_comes_back_and_leaves_again_in_its_time() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        let visit = world.phone(li).log_visit(home).unwrap();
        world.keep(Periods::default());
        world.settle();
        world.wait_days(32);
        world.settle();
        assert!(!holds(&mut world, wang, visit));
        world.phone(li).leave(visit).unwrap();
        world.settle();
        assert!(holds(&mut world, wang, visit));
        world.wait_days(29);
        world.settle();
        assert!(holds(&mut world, wang, visit));
        world.wait_days(2);
        world.settle();
        assert!(!holds(&mut world, wang, visit));
    }
}

/// Enrolments end with their activity: they leave with it, and come back with it if somebody, who was
/// long offline, had moved it to a later day.
#[test]
fn enrolments_go_and_come_with_their_activity() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let wang = world.keeper("王站长", HOME);
        let drivers: Vec<PhoneNo> = ["李师傅", "赵师傅", "孙师傅"]
            .map(|name| world.driver(name))
            .into();
        let home = world.station(HOME);
        world.keep(Periods::default());
        world.settle();
        let activity = world.announce(wang, home, Some(2));
        world.settle();
        let mut ids = vec![activity];
        for driver in &drivers {
            let person = world.person(*driver);
            ids.push(world.enrol(*driver, activity, home, person, None).unwrap());
        }
        world.settle();
        world.go_offline(wang);
        world.wait_days(20);
        let now = world.phone(wang).clock().reads();
        let moved = activity::Command::Reschedule {
            starts_at: now.saturating_add_ms(30 * DAY_MS),
            ends_at: now.saturating_add_ms(31 * DAY_MS),
        };
        world.edit_activity(wang, activity, moved).unwrap();
        world.wait_days(15);
        world.grow_old();
        for driver in &drivers {
            world.sync(*driver);
            assert!(ids.iter().all(|id| !holds(&mut world, *driver, *id)));
        }
        world.come_online(wang);
        world.settle();
        assert!(ids.iter().all(|id| holds(&mut world, wang, *id)));
        for (driver, own) in drivers.iter().zip(&ids[1..]) {
            assert!(holds(&mut world, *driver, activity) && holds(&mut world, *driver, *own));
        }
        world.wait_days(50);
        world.settle();
        assert!(ids.iter().all(|id| !holds(&mut world, wang, *id)));
        assert_eq!(world.outstanding(), []);
    }
}

/// Hundreds of enrolments of one activity leave in portions, with the relay restarted in between.
#[test]
fn what_ends_at_one_moment_leaves_in_portions_that_a_restart_does_not_lose() {
    let mut world = World::new(1);
    let wang = world.keeper("王站长", HOME);
    let home = world.station(HOME);
    world.run_until_quiet();
    let activity = world.announce(wang, home, None);
    for n in 0..230_u8 {
        let driver = yizhan_proto::PersonId::from_bytes([n; 16]);
        world.enrol(wang, activity, home, driver, None).unwrap();
    }
    world.run_until_quiet();
    world.keep(Periods::default());
    world.wait_days(40);
    let mut portions = 0;
    loop {
        let now = world.relay().time();
        let relay = world.relay().clone();
        if !world.run(relay.grow_old(now)).unwrap() {
            break;
        }
        portions += 1;
        drop(relay);
        if portions % 2 == 0 {
            world.stop_relay();
            world.start_relay();
        }
    }
    assert!(portions >= 5, "{portions} portions of at most 100");
    world.settle();
    assert!(world.phone(wang).pocket().documents.values().all(|kept| {
        !matches!(
            kept.kind,
            yizhan_proto::Kind::Enrolment | yizhan_proto::Kind::Activity
        )
    }));
    assert_eq!(world.outstanding(), []);
}

#[test]
fn a_closed_ticket_leaves_desk_and_driver_with_its_notes_and_an_open_one_stays() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let desk = world.add_desk("city", None);
        let li = world.driver("李师傅");
        let wang = world.specialist("王专员", &desk);
        world.keep(Periods::default());
        world.run_until_quiet();
        let (open, closed) = (
            world.raise(li, &desk).unwrap(),
            world.raise(li, &desk).unwrap(),
        );
        world.settle();
        let notes = [open, closed].map(|ticket| world.note_on(wang, ticket, &desk));
        world.settle();
        world
            .act(li, closed, Act::Withdraw { reason: None })
            .unwrap();
        world.sync(li);
        let at = world.relay().time();
        world.reference().ticket_ended(closed, Some(at));
        world.settle();
        world.wait_days(29);
        world.settle();
        assert!(holds(&mut world, wang, closed) && holds(&mut world, wang, notes[1]));
        // A note of the last day, written offline: it goes up, and leaves with the rest.
        world.go_offline(wang);
        let late = world.note_on(wang, closed, &desk);
        world.wait_days(2);
        world.grow_old();
        world.come_online(wang);
        world.settle();
        for id in [closed, notes[1], late] {
            assert!(!holds(&mut world, wang, id) && !holds(&mut world, li, id));
        }
        world.wait_days(400);
        world.settle();
        assert!(holds(&mut world, wang, open) && holds(&mut world, wang, notes[0]));
        assert!(holds(&mut world, li, open));
    }
}

#[test]
fn a_notice_leaves_when_it_is_over_or_was_taken_back_and_one_without_end_stays() {
    use yizhan_client_core::model::notice::Level;
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let (home, region) = (world.station(HOME), world.desk_region());
    world.keep(Periods::default());
    world.settle();
    let level = (Level::Info, "热水器检修");
    let region = world
        .phone(wang)
        .client()
        .station(&home.to_string())
        .unwrap()
        .region
        .or(Some(region));
    let stays = world
        .phone(wang)
        .publish(region.clone(), home, level)
        .unwrap();
    let taken = world.phone(wang).publish(region, home, level).unwrap();
    world.settle();
    world.wait_days(10);
    let withdrawn_at = world.phone(wang).clock().reads();
    let withdraw = Command::Notice(notice::Command::Withdraw { withdrawn_at });
    world.phone(wang).enter(taken, withdraw).unwrap();
    world.settle();
    world.wait_days(29);
    world.settle();
    assert!(holds(&mut world, li, taken));
    world.wait_days(2);
    world.settle();
    for phone in [li, wang] {
        assert!(!holds(&mut world, phone, taken) && holds(&mut world, phone, stays));
    }
}

/// A driver may share what the station itself does not have any more: as long as they have it, and
/// until the sharing ends.
#[test]
fn what_is_shared_stays_as_long_as_the_driver_says_and_has_it() {
    let mut it = home(1);
    it.world.wait_days(200);
    it.world.settle();
    let elsewhere = it.world.station(ELSEWHERE);
    it.world
        .phone(it.li)
        .share(it.home, elsewhere, 300 * DAY_MS)
        .unwrap();
    it.world.settle();
    assert!(holds(&mut it.world, it.liu, it.visit) && holds(&mut it.world, it.liu, it.check));
    assert!(!holds(&mut it.world, it.chen, it.visit));
    it.world.wait_days(170);
    it.world.settle();
    assert!(!holds(&mut it.world, it.liu, it.visit), "nor the driver");
    assert!(holds(&mut it.world, it.liu, it.check));
    it.world.wait_days(140);
    it.world.settle();
    assert!(
        !holds(&mut it.world, it.liu, it.check),
        "the sharing is over"
    );
    assert!(holds(&mut it.world, it.li, it.check));
}

/// A longer period brings back what had left, but nothing that a consent keeps away.
#[test]
fn a_longer_period_brings_documents_back_and_a_shorter_one_lets_them_go_at_once() {
    for seed in seeds(2) {
        let mut it = home(seed);
        it.world.wait_days(60);
        it.world.settle();
        assert!(!holds(&mut it.world, it.chen, it.visit));
        it.world.phone(it.li).withdraw(it.consent).unwrap();
        it.world.settle();
        it.world
            .keep(periods(&["station-visits=90d", "station-checks=off"]));
        it.world.settle();
        assert!(holds(&mut it.world, it.chen, it.visit));
        assert!(
            !holds(&mut it.world, it.chen, it.check),
            "withdrawn meanwhile"
        );
        let again = it
            .world
            .phone(it.li)
            .give_consent(it.home, Purpose::HealthRecord);
        again.unwrap();
        it.world.settle();
        assert!(holds(&mut it.world, it.chen, it.check), "given again");
        it.world
            .keep(periods(&["driver-visits=40d", "station-visits=50d"]));
        it.world.settle();
        assert!(!holds(&mut it.world, it.chen, it.visit));
        assert!(!holds(&mut it.world, it.li, it.visit));
        assert!(!holds(&mut it.world, it.chen, it.check), "30 days again");
        it.world.keep(Periods::off());
        it.world.settle();
        for phone in [it.li, it.chen] {
            assert!(holds(&mut it.world, phone, it.visit));
        }
        let status = it.world.run(it.world.relay().status()).unwrap();
        assert_eq!(status.retired, 0);
    }
}

/// The relay's clock was a year ahead for a day: what left by mistake comes back.
#[test]
fn a_clock_that_was_far_ahead_does_no_lasting_harm() {
    let mut it = home(1);
    let year = 367 * DAY_MS;
    it.world.relay_clock().set_wrong_by_ms(year);
    it.world.settle();
    assert!(!holds(&mut it.world, it.chen, it.visit));
    assert!(!holds(&mut it.world, it.li, it.visit));
    it.world.relay_clock().set_wrong_by_ms(0);
    it.world.settle();
    for phone in [it.li, it.chen] {
        assert!(holds(&mut it.world, phone, it.visit));
    }
}

/// A phone of a station that is used for years is served what is young, and hears of nothing else.
#[test]
fn a_new_phone_hears_nothing_of_what_left_before() {
    let mut it = home(1);
    for _ in 0..5 {
        it.world.phone(it.li).log_visit(it.home).unwrap();
    }
    it.world.wait_days(40);
    it.world.phone(it.li).log_visit(it.home).unwrap();
    it.world.settle();
    let wang = it.world.keeper("王站长", HOME);
    it.world.settle();
    assert_eq!(
        it.world.phone(wang).visits(&VisitFilter::default()).len(),
        1
    );
    assert_eq!(it.world.phone(wang).status().grown_old, 0);
    assert_eq!(it.world.outstanding(), []);
}

/// An arrival that is taken down weeks later belongs to nobody's screens at the station, and to
/// the driver's all the same; the keeper's phone lets it go in the exchange that sends it.
#[test]
fn what_is_old_when_it_comes_in_goes_to_the_driver_only() {
    let mut it = home(1);
    it.world.wait_days(40);
    it.world.settle();
    let driver = it.world.person(it.li);
    let clock_ms = -35 * DAY_MS;
    it.world.phone(it.chen).clock().set_wrong_by_ms(clock_ms);
    let chen = it.world.phone(it.chen);
    let late = chen.log_visit_of(driver, "李师傅", it.home).unwrap();
    chen.clock().set_wrong_by_ms(0);
    it.world.settle();
    assert!(holds(&mut it.world, it.li, late));
    assert!(!holds(&mut it.world, it.chen, late));
}

/// A correction says that a reading was taken earlier than what it corrects. It does not leave
/// first: the wrong reading would pass for right.
#[test]
fn a_correction_does_not_leave_before_what_it_corrects() {
    let mut it = home(1);
    let driver = it.world.person(it.li);
    it.world.wait_ms(HOUR_MS);
    let readings = it.world.phone(it.chen).ordinary_readings();
    let chen = it.world.phone(it.chen);
    let (document, by) = (chen.new_document(), chen.person());
    let taken_at = chen.clock().reads().saturating_add_ms(-5 * DAY_MS);
    let new = check::NewCheck {
        driver,
        station: it.home,
        visit: None,
        consent: it.consent,
        by,
        taken_at,
        readings,
        advice: vec![],
        note: None,
        replaces: Some((it.check, "日期写错了".to_owned())),
    };
    let create = Command::Check(check::Command::Create(new));
    chen.enter(document, create).unwrap();
    it.world.settle();
    it.world.wait_days(27);
    it.world.settle();
    assert!(holds(&mut it.world, it.chen, document) && holds(&mut it.world, it.chen, it.check));
    it.world.wait_days(4);
    it.world.settle();
    let left = it
        .world
        .phone(it.chen)
        .client()
        .checks(&CheckFilter::default());
    assert!(left.unwrap().is_empty());
}

/// Months pass in random histories: with wrong clocks, dying phones, lost answers, restarts, and an
/// operator who changes the periods.
#[test]
fn random_histories_over_months_end_in_agreement() {
    for seed in seeds(12) {
        let mut world = World::new(seed);
        let mut chance = world.chance("months");
        let with_program = if seed % 2 == 0 {
            program()
        } else {
            Program::default()
        };
        let staff = staff_desks(&mut world, &with_program);
        let mut phones = vec![
            world.driver("李师傅"),
            world.driver("赵师傅"),
            world.keeper("王站长", HOME),
            world.medic("陈医生", HOME),
            world.medic("刘站长", ELSEWHERE),
        ];
        phones.extend(staff);
        let drivers = [(0, "李师傅"), (1, "赵师傅")];
        let places = Places {
            stations: vec![world.station(HOME), world.station(ELSEWHERE)],
            drivers: drivers
                .map(|(n, name)| (world.person(phones[n]), name.to_owned()))
                .into(),
            program: with_program,
        };
        // When a ticket ends is not for this reference to tell.
        let tickets = [
            "driver-tickets=off",
            "station-tickets=off",
            "desk-tickets=off",
        ];
        world.keep(periods(&tickets));
        world.net().fail_one_in(6);
        for _ in 0..60 {
            let phone = *chance.pick(&phones);
            match chance.below(14) {
                0 => world.wait_days(chance.between(1, 25)),
                1 => {
                    world.grow_old();
                }
                2 => {
                    world.phone(phone).sync_and_die_after(2);
                }
                3 if chance.one_in(3) => {
                    let wrong = [0, 40 * DAY_MS, -20 * DAY_MS, -400 * DAY_MS];
                    let wrong_ms = *chance.pick(&wrong);
                    world.phone(phone).clock().set_wrong_by_ms(wrong_ms);
                }
                3 if chance.one_in(3) => {
                    let other = ["station-visits=10d", "driver-visits=60d", "activities=off"];
                    let with = if chance.one_in(2) { &other[..] } else { &[] };
                    world.keep(periods(&[&tickets[..], with].concat()));
                }
                4 if chance.one_in(2) => world.go_offline(phone),
                5 => world.come_online(phone),
                6 | 7 => {
                    world.sync(phone);
                }
                _ => {
                    act(world.phone(phone), &places, &mut chance);
                }
            }
        }
        world.settle();
        world.wait_days(chance.between(20, 40));
        world.settle();
    }
}

/// A consent that is given again brings back what is young enough, and nothing else.
#[test]
fn a_new_consent_brings_back_nothing_that_is_too_old() {
    let mut it = home(1);
    let (li, chen, home) = (it.li, it.chen, it.home);
    it.world.phone(li).withdraw(it.consent).unwrap();
    it.world.settle();
    assert!(!holds(&mut it.world, chen, it.check));
    it.world.wait_days(40);
    it.world.settle();
    let again = it.world.phone(li).give_consent(home, Purpose::HealthRecord);
    it.world.settle();
    let driver = it.world.person(li);
    let readings = it.world.phone(chen).ordinary_readings();
    let taken = it
        .world
        .phone(chen)
        .take_check(driver, home, again.unwrap(), readings, vec![]);
    it.world.settle();
    assert!(!holds(&mut it.world, chen, it.check));
    assert!(holds(&mut it.world, chen, taken.unwrap()));
    assert!(holds(&mut it.world, li, it.check));
}

/// Who is erased is erased whole: also what had left all phones long ago, and only the relay has.
#[test]
fn what_left_every_phone_is_erased_with_its_driver() {
    let mut it = home(1);
    it.world.wait_days(400);
    it.world.settle();
    let words = "夜里到站没有热饭";
    for phone in [it.li, it.chen] {
        assert!(!holds(&mut it.world, phone, it.visit));
    }
    assert!(it.world.anybody_says(words).is_some(), "the relay has it");
    it.world.order_erasure_of(it.li);
    it.world.settle();
    assert_eq!(it.world.anybody_says(words), None);
}
