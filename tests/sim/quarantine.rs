//! Work that waits for a person: accepted, everybody entitled sees it; rejected, its author has it
//! as a draft with the reason. Whatever happens in between, nothing is lost and nothing comes twice.

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::enrolment::Seat;
use yizhan_client_core::model::said::SaidValue;
use yizhan_client_core::model::ticket::{Act, Due, Priority};
use yizhan_client_core::store::{Budget, ChangeState, ProblemState, Store};
use yizhan_proto::{ChangeHash, DocumentId, Role, Timestamp};
use yizhan_server::relay::{Became, Decided, HeldQuery, Which};
use yizhan_tests::clock::{HOUR_MS, MINUTE_MS};
use yizhan_tests::net::Mishap;
use yizhan_tests::world::{PhoneNo, World};

use crate::{HOME, seeds};

/// A keeper who takes checks, offline while both roles end, and what they wrote meanwhile.
struct Scene {
    world: World,
    driver: PhoneNo,
    keeper: PhoneNo,
    other: PhoneNo,
    visit: DocumentId,
    check: DocumentId,
}

fn scene(seed: u64) -> Scene {
    let mut world = World::new(seed);
    let (driver, keeper) = (world.driver("李师傅"), world.medic("王站长", HOME));
    let other = world.medic("周站长", HOME);
    let station = world.station(HOME);
    let visit = world.phone(driver).log_visit(station).unwrap();
    let consent = world
        .phone(driver)
        .give_consent(station, Purpose::HealthRecord)
        .unwrap();
    world.run_until_quiet();
    world.go_offline(keeper);
    world
        .phone(keeper)
        .keeper_note(visit, "司机有些咳嗽")
        .unwrap();
    world.phone(keeper).serve(visit, "meal", 2).unwrap();
    let person = world.person(driver);
    let readings = world.phone(keeper).ordinary_readings();
    let check = world
        .phone(keeper)
        .take_check(person, station, consent, readings, vec!["rest".to_owned()])
        .unwrap();
    world.take_role(keeper, Role::Keeper(station));
    world.take_role(keeper, Role::Health(station));
    Scene {
        world,
        driver,
        keeper,
        other,
        visit,
        check,
    }
}

fn waiting(world: &World) -> Vec<ChangeHash> {
    let page = world.run(world.relay().quarantined(HeldQuery::default()));
    let changes = page.unwrap().changes;
    changes.iter().map(|held| held.change).collect()
}

fn accept_all(world: &World, keeper: PhoneNo) -> Vec<Decided> {
    let which = Which::Person(world.person(keeper));
    world
        .run(world.relay().accept_quarantined(which, None))
        .unwrap()
}

fn accepted(decided: &[Decided]) -> usize {
    decided
        .iter()
        .filter(|one| matches!(one.became, Became::Accepted(_)))
        .count()
}

#[test]
fn accepted_work_reaches_everybody_entitled_and_leaves_its_author() {
    for seed in seeds(3) {
        let mut it = scene(seed);
        it.world.come_online(it.keeper);
        it.world.settle();
        assert_eq!(it.world.phone(it.keeper).held().len(), 3);
        assert!(
            !it.world
                .phone(it.other)
                .pocket()
                .documents
                .contains_key(&it.check)
        );
        let decided = accept_all(&it.world, it.keeper);
        assert_eq!(accepted(&decided), 3, "{decided:?}");
        it.world.settle();
        for phone in [it.driver, it.other] {
            let pocket = it.world.phone(phone).pocket();
            assert!(pocket.documents.contains_key(&it.check));
            let shown = pocket.documents[&it.visit].visible(it.visit).unwrap();
            assert!(shown.contains_key("keeper_note"), "{shown:?}");
        }
        // Nothing of it is the former keeper's any more, and nothing is left to be told.
        assert!(it.world.phone(it.keeper).held().is_empty());
        assert!(
            it.world
                .phone(it.keeper)
                .client()
                .problems()
                .unwrap()
                .is_empty()
        );
        assert!(
            !it.world
                .phone(it.keeper)
                .pocket()
                .documents
                .contains_key(&it.check)
        );
        assert_eq!(accept_all(&it.world, it.keeper), [], "twice is once");
    }
}

#[test]
fn rejected_work_is_its_authors_draft_with_the_reason() {
    for seed in seeds(3) {
        let mut it = scene(seed);
        it.world.come_online(it.keeper);
        it.world.settle();
        let ids: Vec<String> = waiting(&it.world).iter().map(ToString::to_string).collect();
        let rejected = it
            .world
            .relay()
            .reject_quarantined(&ids, "那天不在岗", None);
        let decided = it.world.run(rejected).unwrap();
        assert!(decided.iter().any(|one| one.became == Became::Rejected));
        it.world.settle();
        let problems = it.world.phone(it.keeper).client().problems().unwrap();
        assert_eq!(problems.len(), 3, "{problems:?}");
        for problem in &problems {
            assert_eq!(problem.state, ProblemState::Refused);
            assert_eq!(problem.reason.code, "quarantine.rejected");
            assert_eq!(problem.reason.bound.as_deref(), Some("那天不在岗"));
        }
        let typed: Vec<_> = problems
            .iter()
            .filter_map(|problem| problem.change)
            .flat_map(|change| it.world.phone(it.keeper).client().typed(change).unwrap())
            .collect();
        let note = SaidValue::Text("司机有些咳嗽".to_owned());
        assert!(typed.iter().any(|said| said.value == note), "{typed:?}");
        for phone in [it.driver, it.other] {
            let pocket = it.world.phone(phone).pocket();
            assert!(!pocket.documents.contains_key(&it.check));
        }
        // Offering it again changes nothing: it was decided.
        let first = problems[0].change.unwrap();
        it.world.phone(it.keeper).client_mut().retry(first).unwrap();
        it.world.settle();
        let held = it.world.phone(it.keeper).held();
        assert!(held.iter().all(|held| held.state == ChangeState::Refused));
        assert_eq!(held.len(), 3);
    }
}

/// The relay stops between the push, the decision and the telling; answers are lost on their way.
#[test]
fn a_decision_survives_the_relay_and_lost_answers() {
    for seed in seeds(6) {
        let mut it = scene(seed);
        it.world.come_online(it.keeper);
        it.world.order(it.keeper, &[Mishap::ResponseLost]);
        it.world.run_until_quiet();
        it.world.stop_relay();
        it.world.start_relay();
        assert_eq!(waiting(&it.world).len(), 3);
        let accept = seed % 2 == 0;
        if accept {
            assert_eq!(accepted(&accept_all(&it.world, it.keeper)), 3);
        } else {
            let ids: Vec<String> = waiting(&it.world).iter().map(ToString::to_string).collect();
            let rejected = it.world.relay().reject_quarantined(&ids, "重复", None);
            it.world.run(rejected).unwrap();
        }
        it.world.stop_relay();
        it.world.start_relay();
        it.world
            .order(it.keeper, &[Mishap::ResponseLost, Mishap::ResponseCut]);
        it.world.sync(it.keeper);
        it.world.crash(it.keeper);
        it.world.settle();
        let held = it.world.phone(it.keeper).held();
        if accept {
            assert!(held.is_empty(), "{held:?}");
        } else {
            assert_eq!(held.len(), 3);
            assert!(held.iter().all(|held| held.state == ChangeState::Refused));
        }
    }
}

/// The relay is restored to before the work came: it comes again, waits again, and is decided again.
#[test]
fn work_that_waited_comes_again_after_a_restore() {
    for seed in seeds(2) {
        let mut it = scene(seed);
        let backup = it.world.back_up_relay();
        it.world.come_online(it.keeper);
        it.world.run_until_quiet();
        assert_eq!(waiting(&it.world).len(), 3);
        it.world.restore_relay(&backup);
        assert_eq!(waiting(&it.world).len(), 0);
        it.world.settle();
        assert_eq!(waiting(&it.world).len(), 3, "offered again");
        assert_eq!(accepted(&accept_all(&it.world, it.keeper)), 3);
        it.world.settle();
        assert!(it.world.phone(it.keeper).held().is_empty());
    }
}

/// What a keeper writes on top of work that waits goes with it, also if it comes after the decision.
#[test]
fn work_on_top_of_waiting_work_follows_it() {
    for seed in seeds(2) {
        let mut it = scene(seed);
        it.world.come_online(it.keeper);
        it.world.settle();
        let station = it.world.station(HOME);
        it.world.give_role(it.keeper, Role::Keeper(station));
        it.world.run_until_quiet();
        it.world.go_offline(it.keeper);
        let visit = it.visit;
        it.world.phone(it.keeper).serve(visit, "shower", 1).unwrap();
        it.world.come_online(it.keeper);
        it.world.settle();
        let held = it.world.phone(it.keeper).held();
        let on_top = held.iter().filter(|held| held.document == visit).count();
        assert_eq!(on_top, 3, "{held:?}");
        assert_eq!(accepted(&accept_all(&it.world, it.keeper)), 4);
        it.world.settle();
        assert!(it.world.phone(it.keeper).held().is_empty());
    }
}

/// A phone with nothing that waits asks nothing; one with something pays a few bytes.
#[test]
fn waiting_costs_a_few_bytes_and_nothing_costs_nothing() {
    let mut it = scene(1);
    it.world.come_online(it.keeper);
    it.world.settle();
    let request = |world: &mut World, phone: PhoneNo| {
        let home = world.phone(phone).home().to_owned();
        let now = world.phone(phone).clock().reads();
        world.phone(phone).switch_off();
        let store = Store::open(&home, world.relay_clock()).unwrap();
        let asked = store.plan_request(&Budget::default(), now).unwrap();
        drop(store);
        world.phone(phone).switch_on();
        (asked.decided, yizhan_proto::codec::encode(&asked).len())
    };
    let (decided, bytes) = request(&mut it.world, it.keeper);
    assert_eq!(decided, Some(0));
    assert!(bytes < 120, "{bytes} bytes");
    let (decided, _) = request(&mut it.world, it.driver);
    assert_eq!(decided, None);
}

/// The gate leaves it to a person, whatever the author's rights; a person lets it in.
#[test]
fn a_check_under_a_withdrawn_consent_is_let_in_by_a_person() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let (li, chen) = (world.driver("李师傅"), world.medic("陈医生", HOME));
        let station = world.station(HOME);
        let consent = world
            .phone(li)
            .give_consent(station, Purpose::HealthRecord)
            .unwrap();
        world.run_until_quiet();
        world.phone(li).withdraw(consent).unwrap();
        world.sync(li);
        let driver = world.person(li);
        let readings = world.phone(chen).ordinary_readings();
        let advice = vec!["rest".to_owned()];
        let check = world
            .phone(chen)
            .take_check(driver, station, consent, readings, advice)
            .unwrap();
        world.settle();
        assert_eq!(waiting(&world).len(), 1);
        assert_eq!(accepted(&accept_all(&world, chen)), 1);
        world.settle();
        assert!(world.phone(li).pocket().documents.contains_key(&check));
        assert!(world.phone(chen).held().is_empty());
    }
}

/// Two drivers whom a keeper enrolled without knowing that the role had ended: what is let in is
/// decided about in its turn, in the same job, and nobody gets a seat that there is not.
#[test]
fn an_enrolment_that_is_let_in_gets_its_seat_or_its_place_in_the_list() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        world.watch_all_seats();
        let drivers = [world.driver("李师傅"), world.driver("孙师傅")];
        let (wang, zhou) = (world.keeper("王站长", HOME), world.keeper("周站长", HOME));
        let station = world.station(HOME);
        world.run_until_quiet();
        let class = world.announce(zhou, station, Some(1));
        world.settle();
        world.go_offline(wang);
        let people = drivers.map(|driver| world.person(driver));
        for person in people {
            world.enrol(wang, class, station, person, None).unwrap();
        }
        world.take_role(wang, Role::Keeper(station));
        world.come_online(wang);
        world.settle();
        assert_eq!(waiting(&world).len(), 2);
        let seats = |world: &World, phone| people.map(|person| world.seat(phone, class, person));
        assert_eq!(seats(&world, zhou), [None, None], "nobody has heard of it");

        assert_eq!(accepted(&accept_all(&world, wang)), 2);
        world.settle();
        let number = Some(1);
        let mut given = seats(&world, zhou);
        given.sort_by_key(|seat| !matches!(seat, Some(Seat::Accepted { .. })));
        let (seat, place) = (Seat::Accepted { number }, Seat::Waitlisted { number });
        assert_eq!(given, [Some(seat), Some(place)]);
        let own = [0, 1].map(|n| world.seat(drivers[n], class, people[n]));
        assert_eq!(own, seats(&world, zhou), "each driver is shown the same");
        assert!(world.phone(wang).held().is_empty());
    }
}

/// A specialist verified a request without knowing that the role had ended. Nobody could go on with
/// the ticket until that was let in: its clock runs from then on, as of one verified at that moment.
#[test]
fn a_step_that_is_let_in_winds_the_tickets_clock_from_when_it_is_let_in() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let desk = world.add_desk("city", None);
        let driver = world.driver("李师傅");
        let (old, new) = (
            world.specialist("王专员", &desk),
            world.specialist("赵专员", &desk),
        );
        world.run_until_quiet();
        let tickets = [(); 3].map(|()| world.raise(driver, &desk).unwrap());
        let [late, early, then] = tickets;
        world.settle();
        world.go_offline(old);
        let verify = || Act::Verify {
            class: None,
            priority: Priority::Urgent,
            text: None,
        };
        world.act(old, late, verify()).unwrap();
        world.act(new, early, verify()).unwrap();
        world.take_role(old, Role::Specialist(desk));
        world.come_online(old);
        world.settle();
        assert_eq!(waiting(&world).len(), 1);
        let due = |world: &mut World, ticket| -> (Due, Timestamp) {
            let shown = world.phone(driver).client().ticket(ticket).unwrap();
            shown.due.unwrap()
        };
        assert_eq!(due(&mut world, early).0, Due::Response);
        assert_eq!(due(&mut world, late).0, Due::Verify, "it waits");

        world.wait_ms(30 * HOUR_MS);
        assert_eq!(accepted(&accept_all(&world, old)), 1);
        world.act(new, then, verify()).unwrap();
        world.settle();
        let (step, at) = due(&mut world, late);
        assert_eq!(step, Due::Response);
        let apart_ms = at.ms_since(due(&mut world, then).1).abs();
        assert!(apart_ms < 10 * MINUTE_MS, "{apart_ms} ms from the other's");
        assert!(at > due(&mut world, early).1);
        let ticket = world.phone(driver).client().ticket(late).unwrap().ticket;
        assert!(ticket.clocks.solution_due.value.is_some());
        assert!(world.phone(old).held().is_empty());
    }
}
