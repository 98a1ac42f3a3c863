//! Erasure: what goes for good, from the relay and from every phone, whatever state they are in.

use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::ticket::{Act, Priority};
use yizhan_client_core::model::{Refusal, RefusalCode};
use yizhan_client_core::store::VisitFilter;
use yizhan_proto::{DocumentId, Kind, Role};
use yizhan_tests::action::{Places, Program, act};
use yizhan_tests::clock::DAY_MS;
use yizhan_tests::world::{PhoneNo, World};

use crate::histories::{program, staff_desks};
use crate::{ELSEWHERE, HOME, seeds};

/// Words that stand in what is erased, and nowhere else.
const SECRET: &str = "只在被删除的记录里的话";

/// A keeper is offline with unsent work on a visit, and with a check of its driver never sent, when
/// the driver is erased; months later the phone comes back.
#[test]
fn phones_that_were_away_bring_nothing_back_and_show_what_went() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, zhao) = (world.driver("李无名"), world.driver("赵师傅"));
        let wang = world.medic("王站长", HOME);
        let home = world.station(HOME);
        let visit = world.phone(li).log_visit(home).unwrap();
        world.phone(li).note(visit, SECRET).unwrap();
        let kept = world.phone(zhao).log_visit(home).unwrap();
        world.settle();
        let second = world.second_phone_of(li);
        world.settle();

        for phone in [wang, second] {
            world.go_offline(phone);
        }
        world.phone(wang).keeper_note(visit, SECRET).unwrap();
        world
            .phone(wang)
            .keeper_note(kept, "客人的被子换了")
            .unwrap();
        let late = world.phone(second).log_visit(home).unwrap();
        world.phone(second).note(late, SECRET).unwrap();
        let erasure = world.order_erasure_of(li);
        world.sync(li);
        world.carry_out_erasures();
        let receipt = world.receipt(erasure);
        assert_eq!((receipt.documents(), receipt.done()), (1, 1));
        assert_eq!(
            receipt.outstanding.len(),
            2,
            "those who are away: the driver's own phone dropped everything when it heard"
        );
        assert!(receipt.erasure.bytes_gone_at.is_some());

        world.wait_ms(200 * DAY_MS);
        world.sync(li);
        world.sync(li);
        assert_eq!(
            world.receipt(erasure).outstanding.len(),
            2,
            "those who are away"
        );
        for phone in [wang, second] {
            world.come_online(phone);
        }
        world.settle();
        assert_eq!(world.receipt(erasure).outstanding, []);
        assert_eq!(world.anybody_says(SECRET), None);

        // What was typed and could not arrive went, and the phone says so: by code, without content.
        let told = world.phone(wang).client().erased().unwrap();
        let told: Vec<_> = told
            .iter()
            .map(|n| (n.document, n.kind, n.lost_changes))
            .collect();
        assert_eq!(told, [(visit, Kind::Visit, 1)]);
        let told = world.phone(second).client().erased().unwrap();
        let lost = told.iter().find(|note| note.document == late).unwrap();
        assert_eq!(lost.lost_changes, 2);
        assert!(world.phone(wang).held().is_empty() && world.phone(second).held().is_empty());
        assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 1);
        // The keeper's work about somebody else, of the same day offline, arrived.
        let pocket = world.phone(zhao).pocket();
        let shown = pocket.documents[&kept].visible(kept).unwrap();
        assert!(format!("{shown:?}").contains("客人的被子换了"));
    }
}

/// A phone that is restored from its own backup pushes the creation of an erased visit again.
#[test]
fn a_phone_put_back_from_a_backup_resurrects_nothing() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let home = world.station(HOME);
    let visit = world.phone(li).log_visit(home).unwrap();
    world.phone(li).note(visit, SECRET).unwrap();
    world.settle();
    let backup = world.back_up_relay();
    let erasure = world.order_erasure(visit).unwrap();
    world.carry_out_erasures();
    // The driver's phone has not heard. The relay is lost, comes back from before, and is told.
    let ledger = world.run(world.relay().erasure_ledger()).unwrap();
    world.restore_relay(&backup);
    assert!(world.anybody_says(SECRET).is_some());
    let relay = world.relay().clone();
    assert_eq!(world.run(relay.replay_erasures(ledger)).unwrap(), 1);
    world.carry_out_erasures();
    world.settle();
    assert_eq!(world.receipt(erasure).outstanding, []);
    // The operator's backup is the operator's to let expire; it is no file of relay or phones.
    assert_eq!(world.anybody_says(SECRET), None);
    assert!(world.phone(wang).visits(&VisitFilter::default()).is_empty());
}

/// The relay stops after every portion, and the phones die at every effect, while a person goes.
#[test]
fn relay_and_phones_may_die_while_a_person_goes() {
    for effects in 0..12 {
        let mut world = World::new(effects.into());
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        for _ in 0..8 {
            let visit = world.phone(li).log_visit(home).unwrap();
            world.phone(li).note(visit, SECRET).unwrap();
        }
        world.settle();
        world.go_offline(wang);
        let served = world.phone(wang).visits(&VisitFilter::default())[0].id;
        world.phone(wang).keeper_note(served, SECRET).unwrap();
        let erasure = world.order_erasure_of(li);
        world.come_online(wang);
        for _ in 0..6 {
            world.stop_relay();
            world.start_relay();
            world.erase_a_little();
            world.phone(wang).sync_and_die_after(effects);
            world.phone(li).sync_and_die_after(effects);
        }
        world.settle();
        assert_eq!(world.receipt(erasure).outstanding, [], "effects {effects}");
        assert_eq!(world.anybody_says(SECRET), None, "effects {effects}");
    }
}

/// A ticket that went up a desk is known to both desks, and so is its erasure.
#[test]
fn an_escalated_ticket_goes_from_all_desks_with_its_notes() {
    for seed in seeds(2) {
        let mut world = World::new(seed);
        let province = world.add_desk("province", None);
        let city = world.add_desk("city", Some("province"));
        let driver = world.driver("李师傅");
        let old = world.specialist("王专员", &city);
        let new = world.specialist("赵专员", &province);
        let region = world.desk_region();
        let coordinator = world.worker("陈协调", vec![Role::Coordinator(region)]);
        world.run_until_quiet();
        let ticket = world.raise(driver, &city).unwrap();
        world.settle();
        world.note_on(old, ticket, &city);
        let verify = Act::Verify {
            class: None,
            priority: Priority::Normal,
            text: Some(SECRET.to_owned()),
        };
        world.act(old, ticket, verify).unwrap();
        world.settle();
        // The old desk goes offline with a note on the ticket that it has yet to send.
        world.go_offline(old);
        let late = world.note_on(old, ticket, &city);
        world.escalate(coordinator, ticket, &province);
        for phone in [coordinator, new, driver] {
            world.sync(phone);
        }
        let erasure = world.order_erasure(ticket).unwrap();
        world.carry_out_erasures();
        assert_eq!(world.receipt(erasure).documents(), 2);
        world.come_online(old);
        world.settle();
        assert_eq!(world.anybody_says(SECRET), None);
        assert_eq!(world.receipt(erasure).outstanding, []);
        let told = world.phone(old).client().erased().unwrap();
        assert!(
            told.iter()
                .any(|note| note.document == late && note.lost_changes == 1)
        );
        for phone in [driver, old, new, coordinator] {
            assert!(!world.phone(phone).pocket().documents.contains_key(&ticket));
        }
    }
}

/// A photo of an erased visit goes from the phones, also one that was never sent; the same photo
/// in another document stays.
#[test]
fn photos_go_with_their_documents_sent_or_not() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let home = world.station(HOME);
    let photo = |words: &str| {
        let mut photo = vec![0xff, 0xd8, 0xff];
        photo.extend(words.repeat(40).as_bytes());
        photo
    };
    let (gone, kept) = (
        world.phone(li).log_visit(home).unwrap(),
        world.phone(li).log_visit(home).unwrap(),
    );
    let shared = photo("两张表上都有的照片");
    for visit in [gone, kept] {
        world.phone(li).attach(visit, "收据.jpg", &shared).unwrap();
    }
    world
        .phone(li)
        .attach(gone, "秘密.jpg", &photo(SECRET))
        .unwrap();
    world.settle();
    for phone in [li, wang] {
        world.phone(phone).move_pieces();
        world.sync(phone);
        world.phone(phone).move_pieces();
    }
    world.go_offline(wang);
    let unsent = photo("没有送出去的照片");
    world.phone(wang).attach(gone, "现场.jpg", &unsent).unwrap();
    world.order_erasure(gone).unwrap();
    world.carry_out_erasures();
    world.come_online(wang);
    world.settle();
    for phone in [li, wang] {
        world.phone(phone).move_pieces();
    }
    assert_eq!(world.anybody_says(SECRET), None);
    assert_eq!(world.anybody_says("没有送出去的照片"), None);
    let sha256 = yizhan_proto::ContentHash::of(&shared);
    assert_eq!(world.phone(wang).photo(sha256), Some(shared));
}

/// A driver whose enrolment was erased hears so at the tap, and not from a refusal days later.
#[test]
fn an_erased_enrolment_is_not_made_again_by_the_phone_that_knows() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let home = world.station(HOME);
    world.run_until_quiet();
    let activity = announced(&mut world, wang, home);
    world.settle();
    let me = world.person(li);
    let enrolment = world
        .phone(li)
        .enrol((me, "李师傅"), (activity, home))
        .unwrap();
    world.settle();
    world.order_erasure(enrolment).unwrap();
    world.settle();
    let again = world.phone(li).enrol((me, "李师傅"), (activity, home));
    assert!(matches!(
        again,
        Err(ClientError::Refused(Refusal {
            code: RefusalCode::DocumentErased,
            ..
        }))
    ));
}

fn announced(
    world: &mut World,
    keeper: yizhan_tests::world::PhoneNo,
    station: yizhan_proto::StationId,
) -> DocumentId {
    use yizhan_client_core::model::activity::Sort;
    let region = world.phone(keeper).client().station(&station.to_string());
    let region = region.unwrap().region.unwrap();
    let session = (Sort::Lecture, "道路安全");
    world
        .phone(keeper)
        .announce((region, station), session, Some(1))
        .unwrap()
}

fn places_of(world: &mut World, program: Program, drivers: [PhoneNo; 3]) -> Places {
    let mut places = Places {
        program,
        stations: vec![world.station(HOME), world.station(ELSEWHERE)],
        ..Places::default()
    };
    for driver in drivers {
        let name = world.phone(driver).name().to_owned();
        places.drivers.push((world.person(driver), name));
    }
    places
}

fn made_by_people(world: &World) -> Vec<DocumentId> {
    let reference = world.reference();
    let all = reference.documents().iter();
    all.filter(|(_, concern)| concern.kind != Kind::Station)
        .map(|(id, _)| *id)
        .collect()
}

/// In any history, whatever is erased whenever: nobody holds it, nobody loses anything else, all
/// agree, and nobody outside hears of it for ever.
#[test]
fn random_histories_with_erasures() {
    for seed in seeds(16) {
        let mut world = World::new(seed);
        let mut chance = world.chance("erasures");
        let drivers = [
            world.driver("李师傅"),
            world.driver("张师傅"),
            world.driver("赵师傅"),
        ];
        let mut phones = drivers.to_vec();
        phones.push(world.second_phone_of(drivers[0]));
        phones.push(world.keeper("王站长", HOME));
        phones.push(world.medic("陈医生", HOME));
        phones.push(world.medic("刘站长", ELSEWHERE));
        let program = if seed.is_multiple_of(2) {
            program()
        } else {
            Program::default()
        };
        phones.extend(staff_desks(&mut world, &program));
        let places = places_of(&mut world, program, drivers);
        world.net().fail_one_in(6);
        let mut erasures = Vec::new();
        let mut person_gone = false;
        for _ in 0..70 {
            let phone = *chance.pick(&phones);
            match chance.below(20) {
                0 | 1 => {
                    let made = made_by_people(&world);
                    if !made.is_empty() {
                        erasures.extend(world.order_erasure(*chance.pick(&made)));
                    }
                }
                2 if !person_gone && chance.one_in(3) => {
                    erasures.push(world.order_erasure_of(drivers[2]));
                    person_gone = true;
                }
                3 => {
                    world.erase_a_little();
                }
                4 => {
                    world.stop_relay();
                    world.start_relay();
                }
                5 => world.go_offline(phone),
                6 => world.come_online(phone),
                7..=10 => {
                    world.sync(phone);
                }
                11 => {
                    let effects = u32::try_from(chance.below(9)).unwrap_or(0);
                    world.phone(phone).sync_and_die_after(effects);
                }
                _ => {
                    act(world.phone(phone), &places, &mut chance);
                }
            }
        }
        world.settle();
        for erasure in erasures {
            let receipt = world.receipt(erasure);
            assert_eq!(receipt.done(), receipt.documents(), "seed {seed}");
            assert_eq!(receipt.outstanding, [], "seed {seed}");
        }
    }
}
