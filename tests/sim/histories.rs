//! Random histories: people work, and everything goes wrong at once.

use std::collections::BTreeMap;

use yizhan_client_core::model::activity::Sort;
use yizhan_client_core::model::ticket::Class;
use yizhan_proto::{Kind, Role};
use yizhan_server::relay::{NewDesk, Periods};
use yizhan_tests::action::{Places, Program, act};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::{DAY_MS, HOUR_MS, MINUTE_MS};
use yizhan_tests::world::{PhoneNo, World};

use crate::{ELSEWHERE, HOME, seeds};

/// How many histories a run plays by default.
const RUNS: u64 = 200;
/// Steps of one history.
const STEPS: u32 = 60;

fn runs() -> u64 {
    std::env::var("YIZHAN_SIM_RUNS").map_or(RUNS, |runs| {
        runs.parse().expect("YIZHAN_SIM_RUNS is a number")
    })
}

/// Plays one history and proves its end.
fn history(seed: u64) -> World {
    play(seed, Program::default())
}

/// Histories in which people also hold activities, enrol, ask for things and answer.
const WITH_PROGRAM: u64 = 24;

#[test]
fn random_histories_with_activities_and_requests_end_in_agreement() {
    let mut made = BTreeMap::new();
    for seed in seeds(WITH_PROGRAM) {
        let world = play(seed, program());
        for concern in world.reference().documents().values() {
            *made.entry(concern.kind).or_insert(0_u32) += 1;
        }
    }
    let new = [
        Kind::Activity,
        Kind::Enrolment,
        Kind::Notice,
        Kind::Ticket,
        Kind::CaseNote,
    ];
    // One history may do without one of them, many do not.
    if std::env::var("YIZHAN_SIM_SEED").is_err() {
        assert!(new.iter().all(|kind| made.contains_key(kind)), "{made:?}");
    }
}

pub(crate) fn program() -> Program {
    let desk = |key: &str| (key.parse().unwrap(), "zhaoyuan".parse().unwrap());
    Program {
        desks: vec![desk("zy-home")],
        topics: vec![
            (Class::Pay, "运费被拖欠三个月".to_owned()),
            (Class::Dispute, "与货主有争议".to_owned()),
            (Class::Errand, "代寄合同".to_owned()),
        ],
        sessions: vec![
            (Sort::Quiz, "圆桌党课".to_owned(), Some(2)),
            (Sort::Clinic, "义诊".to_owned(), Some(1)),
            (Sort::Legal, "法治进园区".to_owned(), None),
        ],
    }
}

/// Opens the program's desks, and gives each somebody who answers.
pub(crate) fn staff_desks(world: &mut World, program: &Program) -> Vec<PhoneNo> {
    let mut staff = Vec::new();
    for (key, region) in &program.desks {
        let desk = NewDesk {
            key: key.clone(),
            name: "服务台".to_owned(),
            region: region.clone(),
            parent: None,
            station: None,
            classes: Vec::new(),
        };
        world.run(world.relay().add_desk(desk)).unwrap();
        for name in ["陈专员", "刘专员"] {
            staff.push(world.worker(name, vec![Role::Specialist(key.clone())]));
        }
    }
    staff
}

fn play(seed: u64, program: Program) -> World {
    let mut world = World::new(seed);
    let mut chance = world.chance("history");
    let drivers = [world.driver("李师傅"), world.driver("张师傅")];
    let mut phones = drivers.to_vec();
    phones.push(world.second_phone_of(drivers[0]));
    phones.push(world.keeper("王站长", HOME));
    phones.push(world.medic("陈医生", HOME));
    phones.push(world.medic("刘站长", ELSEWHERE));
    let stranger = world.stranger("赵师傅");
    phones.push(stranger);
    phones.extend(staff_desks(&mut world, &program));
    let places = Places {
        program,
        stations: vec![world.station(HOME), world.station(ELSEWHERE)],
        drivers: drivers
            .iter()
            .map(|phone| (world.person(*phone), world.phone(*phone).name().to_owned()))
            .collect(),
    };
    if chance.one_in(2) {
        world.run_until_quiet();
    }
    world.net().fail_one_in(4);
    let mut registered = false;
    for _ in 0..STEPS {
        let phone = *chance.pick(&phones);
        if phone == stranger && !registered && chance.one_in(4) {
            world.come_online(stranger);
            world.register(stranger);
            registered = true;
        }
        step(
            &mut world,
            phone,
            phone != stranger || registered,
            &places,
            &mut chance,
        );
    }
    if !registered {
        world.net().heal();
        world.register(stranger);
    }
    world.settle();
    world
}

/// One thing happens to one phone, or its owner does something.
fn step(world: &mut World, phone: PhoneNo, paired: bool, places: &Places, chance: &mut Chance) {
    match chance.below(100) {
        0..60 => {
            act(world.phone(phone), places, chance);
        }
        60..80 if paired => {
            world.sync(phone);
        }
        80..86 if paired => {
            let effects = u32::try_from(chance.below(9)).unwrap_or(0);
            world.phone(phone).sync_and_die_after(effects);
        }
        86..89 => world.crash(phone),
        89..92 => world.go_offline(phone),
        92..95 => world.come_online(phone),
        95..98 => {
            let wrong_ms = *chance.pick(&[0, 3 * HOUR_MS, -HOUR_MS, 40 * DAY_MS, -700 * DAY_MS]);
            world.phone(phone).clock().set_wrong_by_ms(wrong_ms);
        }
        _ => world.wait_ms(chance.between(1, 90) * MINUTE_MS),
    }
}

/// In two halves, so that two cores have something to do.
#[test]
fn random_histories_end_in_agreement() {
    for seed in seeds(runs()).into_iter().step_by(2) {
        history(seed);
    }
}

#[test]
fn more_random_histories_end_in_agreement() {
    for seed in seeds(runs()).into_iter().skip(1).step_by(2) {
        history(seed);
    }
}

#[test]
fn the_same_seed_is_the_same_history() {
    for seed in seeds(2) {
        let (once, again) = (history(seed).ledger(), history(seed).ledger());
        assert_eq!(once.accepted, again.accepted);
    }
}

/// Roles come and go in the middle of a history, and days pass, so that documents grow old.
#[test]
fn random_histories_with_rights_that_come_and_go() {
    for seed in seeds(20) {
        let mut world = World::new(seed);
        let mut chance = world.chance("roles");
        let li = world.driver("李师傅");
        let (wang, chen) = (world.keeper("王站长", HOME), world.medic("陈医生", HOME));
        let station = world.station(HOME);
        let places = Places {
            stations: vec![station],
            drivers: vec![(world.person(li), "李师傅".to_owned())],
            ..Places::default()
        };
        world.net().fail_one_in(6);
        world.keep(Periods::default());
        for _ in 0..40 {
            let phone = *chance.pick(&[li, wang, chen]);
            let role = chance
                .pick(&[Role::Keeper(station), Role::Health(station)])
                .clone();
            match chance.below(12) {
                0 => world.take_role(chen, role),
                1 => world.give_role(chen, role),
                2 => world.wait_days(chance.between(1, 12)),
                3 => {
                    world.grow_old();
                }
                _ => step(&mut world, phone, true, &places, &mut chance),
            }
        }
        world.settle();
    }
}

/// Sharings, withdrawals, closed stations and roles that move, in the middle of a history.
#[test]
fn random_histories_in_which_it_changes_who_may_hold_what() {
    for seed in seeds(12) {
        let mut world = World::new(seed);
        let mut chance = world.chance("access");
        let li = world.driver("李师傅");
        let phones = [
            li,
            world.keeper("王站长", HOME),
            world.medic("陈医生", HOME),
            world.medic("刘站长", ELSEWHERE),
        ];
        let stations = [world.station(HOME), world.station(ELSEWHERE)];
        let places = Places {
            stations: stations.to_vec(),
            drivers: vec![(world.person(li), "李师傅".to_owned())],
            ..Places::default()
        };
        world.net().fail_one_in(6);
        let mut closed = None;
        for _ in 0..50 {
            let phone = *chance.pick(&phones);
            let (here, there) = if chance.one_in(2) {
                (stations[0], stations[1])
            } else {
                (stations[1], stations[0])
            };
            match (chance.below(16), closed) {
                (0 | 1, _) => {
                    let for_ms = chance.between(1, 60) * HOUR_MS;
                    // A station that is not on this phone yet cannot be shared with.
                    drop(world.phone(li).share(here, there, for_ms));
                }
                (2, None) => {
                    world.close_station(here);
                    closed = Some(here);
                }
                (2, Some(station)) => {
                    world.reopen_station(station);
                    closed = None;
                }
                (3, None) if world.has_role(phone, &Role::Keeper(here)) => {
                    world.move_role(phone, Role::Keeper(here), Role::Keeper(there));
                }
                (4, _) => world.wait_ms(20 * HOUR_MS),
                (5, _) => world.place_documents(),
                _ => step(&mut world, phone, true, &places, &mut chance),
            }
        }
        world.settle();
    }
}

/// The relay restarts now and then, and comes back from backups of any age, once or several times.
fn history_with_restores(seed: u64) {
    let mut world = World::new(seed);
    let mut chance = world.chance("restores");
    let li = world.driver("李师傅");
    let phones = [
        li,
        world.second_phone_of(li),
        world.driver("张师傅"),
        world.keeper("王站长", HOME),
        world.medic("陈医生", HOME),
    ];
    let places = Places {
        stations: vec![world.station(HOME)],
        drivers: vec![(world.person(li), "李师傅".to_owned())],
        ..Places::default()
    };
    if chance.one_in(2) {
        world.run_until_quiet();
    }
    world.net().fail_one_in(6);
    let mut backup = None;
    for _ in 0..60 {
        match (chance.below(25), &backup) {
            (0, _) => backup = Some(world.back_up_relay()),
            (1, Some(backup)) => world.restore_relay(backup),
            (2, _) => {
                world.stop_relay();
                world.start_relay();
            }
            _ => {
                let phone = *chance.pick(&phones);
                step(&mut world, phone, true, &places, &mut chance);
            }
        }
    }
    world.settle();
}

#[test]
fn random_histories_with_relays_that_are_lost_and_restored() {
    for seed in seeds(40) {
        history_with_restores(seed);
    }
}

/// A new lineage made an acknowledged change unsent again, behind an urgent one that builds on it.
#[test]
fn seed_24_an_urgent_change_did_not_wait_for_what_it_builds_on() {
    history_with_restores(24);
}

/// A forget was acknowledged, and the log still held the page that named the document.
#[test]
fn seed_14_an_acknowledged_forget_stayed_in_the_log() {
    history(14);
}
