//! A phone against whoever answers it, and against its own copies: orders to erase itself that are old, a
//! relay that never has room, copies in nasty orders, and the phone of somebody who was erased.

use yizhan_client_core::engine::Stop;
use yizhan_client_core::error::{ClientError, SyncError};
use yizhan_client_core::model::RefusalCode;

use yizhan_client_core::store::{StoreError, VisitFilter};
use yizhan_proto::sync::{Outcome as Said, Reason, Stored};
use yizhan_proto::{DocumentId, Role, Sequence, Timestamp};
use yizhan_server::relay::Periods;
use yizhan_tests::clock::DAY_MS;
use yizhan_tests::pocket;
use yizhan_tests::world::{PhoneNo, World};

use crate::devices::{Impostor, full, order_for, signed_by};
use crate::{HOME, seeds};

const WORDS: &str = "a-word-that-is-written-nowhere-else";

fn sync_with(world: &mut World, phone: PhoneNo, relay: &mut Impostor) -> Result<(), SyncError> {
    world
        .phone(phone)
        .over(|client, _| client.sync(relay).map(drop))
}

fn accepted() -> Said {
    Said::Accepted(Stored {
        sequence: Sequence::new(1).unwrap(),
        received_at: Timestamp::from_ms(1_795_000_000_000),
        skew_ms: 0,
    })
}

fn held(world: &mut World, phone: PhoneNo) -> Vec<DocumentId> {
    let rows = world.phone(phone).visits(&VisitFilter::default());
    let mut ids: Vec<DocumentId> = rows.iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids
}

/// A phone was lost, began its farewell, was found, and paired again. Somebody who has written the order
/// down says once more that it is revoked, and shows it.
#[test]
fn an_order_from_before_a_pairing_is_worth_nothing_after_it() {
    let mut world = World::new(1);
    let li = world.driver("李师傅");
    let home = world.station(HOME);
    world.settle();
    world.phone(li).log_visit(home).unwrap();
    // Its relay's order, believed; the farewell broke off.
    let mut genuine = Impostor::new(Box::new(|request| signed_by(77, order_for(request))), None);
    assert!(sync_with(&mut world, li, &mut genuine).is_err());
    assert_eq!(genuine.was_given, 1, "it had begun");
    let written_down = genuine.gave.pop().unwrap();

    let person = world.person(li);
    world.pair(li, person);
    let kept = world.phone(li).log_visit(home).unwrap();
    let order = written_down.clone();
    let mut replayed = Impostor::new(Box::new(move |_| order.clone()), Some(accepted()));
    let end = sync_with(&mut world, li, &mut replayed);
    assert!(
        matches!(end, Err(SyncError::Stopped(Stop::Revoked))),
        "{end:?}"
    );
    assert_eq!(replayed.was_given, 0, "nothing is handed over");
    assert!(held(&mut world, li).contains(&kept));
    world.settle();
    assert_eq!(world.phone(li).status().unsent_changes, 0);
}

/// The relay has no room for the unsent work of a lost phone. After a week all else goes, and that stays
/// until there is room; a clock that was set forward for a moment changes nothing.
#[test]
fn a_lost_phone_that_is_put_off_for_a_week_keeps_nothing_but_what_waits() {
    let mut world = World::new(1);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let home = world.station(HOME);
    let old = world.phone(li).log_visit(home).unwrap();
    world.phone(li).note(old, WORDS).unwrap();
    world.settle();
    // Work of one's own in a document that others wrote in, and in a new one.
    world
        .phone(wang)
        .keeper_note(old, "unsent-words-of-a-keeper")
        .unwrap();
    assert!(pocket::says(world.phone(wang).home(), WORDS));
    let folder = world.phone(wang).home().to_owned();
    let mut full = full();
    for try_no in 0..30 {
        let end = sync_with(&mut world, wang, &mut full);
        assert!(matches!(end, Err(SyncError::Waiting { .. })), "{end:?}");
        assert!(
            pocket::says(&folder, WORDS),
            "try {try_no}, on the first day"
        );
        world.wait_ms(60_000);
    }
    assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 1);
    world.wait_ms(7 * DAY_MS);
    assert!(sync_with(&mut world, wang, &mut full).is_err());
    assert!(!pocket::folder_says(&folder, WORDS.as_bytes()));
    assert!(pocket::folder_says(&folder, b"unsent-words-of-a-keeper"));
    assert_eq!(world.phone(wang).status().unsent_changes, 1);
    assert_eq!(world.phone(wang).visits(&VisitFilter::default()).len(), 0);
    // It is opened, looked at, asked again, and nothing more goes.
    world.phone(wang).crash();
    assert!(sync_with(&mut world, wang, &mut full).is_err());
    assert_eq!(world.phone(wang).status().unsent_changes, 1);

    // Found after all: paired again, it gets everything back and sends what it kept.
    let person = world.person(wang);
    world.pair(wang, person);
    world.settle();
    assert_eq!(world.phone(wang).status().unsent_changes, 0);
    assert_eq!(held(&mut world, wang), [old]);
    let pocket = world.phone(li).pocket();
    let shown = format!("{:?}", pocket.documents[&old].visible(old).unwrap());
    assert!(shown.contains("unsent-words-of-a-keeper"), "{shown}");
}

/// The same, and in the end there is room.
#[test]
fn a_lost_phone_that_shed_what_it_could_hands_over_the_rest_when_there_is_room() {
    let mut world = World::new(2);
    let li = world.driver("李师傅");
    let home = world.station(HOME);
    world.settle();
    let unsent = world.phone(li).log_visit(home).unwrap();
    world.phone(li).note(unsent, WORDS).unwrap();
    let mut full = full();
    for _ in 0..25 {
        world.wait_ms(DAY_MS);
        assert!(sync_with(&mut world, li, &mut full).is_err());
    }
    assert_eq!(world.phone(li).status().unsent_changes, 2);
    let given = full.was_given;
    full.says = Some(Said::Quarantined(Reason {
        code: "device.revoked".to_owned(),
        path: None,
        bound: None,
    }));
    let end = sync_with(&mut world, li, &mut full);
    assert!(
        matches!(end, Err(SyncError::Store(StoreError::Wiped { .. }))),
        "{end:?}"
    );
    assert_eq!(full.was_given - given, 2, "all of it");
    assert!(!pocket::folder_says(
        world.phone(li).home(),
        WORDS.as_bytes()
    ));
}

/// More than fits in one request waits on a lost phone, and there is room for none of it: all of it is
/// offered, for what has no room today holds up nothing behind it that may have.
#[test]
fn what_is_put_off_holds_up_nothing_else_that_a_lost_phone_hands_over() {
    let mut world = World::new(3);
    let li = world.driver("李师傅");
    let home = world.station(HOME);
    world.settle();
    // Letters that do not repeat: what is packed is about as large.
    let mut state = 1_u64;
    for n in 0..88 {
        let visit = world.phone(li).log_visit(home).unwrap();
        let letters = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(n);
            char::from(b'@' + u8::try_from(state >> 59).unwrap())
        });
        let text: String = letters.take(14_000).collect();
        world.phone(li).note(visit, &text).unwrap();
    }
    let mut full = full();
    assert!(sync_with(&mut world, li, &mut full).is_err());
    let waits = world.phone(li).status().unsent_changes;
    assert_eq!(waits, 176);
    assert_eq!(full.was_given as u64, waits, "in more than one request");
}

/// Copies of copies, all used at once, each with work of its own in the same visit.
#[test]
fn copies_of_copies_lose_nothing_and_agree() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        let visit = world.phone(li).log_visit(home).unwrap();
        world.settle();
        world.go_offline(li);
        world.phone(li).ask_for(visit, "bed", 1).unwrap();
        let first = world.copy_of(li);
        world.phone(first).ask_for(visit, "meal", 1).unwrap();
        let second = world.copy_of(first);
        let mut all = vec![visit];
        for phone in [li, first, second] {
            world.phone(phone).ask_for(visit, "shower", 1).unwrap();
            all.push(world.phone(phone).log_visit(home).unwrap());
        }
        world.come_online(li);
        world.settle();
        all.sort_unstable();
        for phone in [li, first, second, wang] {
            assert_eq!(held(&mut world, phone), all, "seed {seed}");
        }
    }
}

/// A copy is made while the device changes its key; both go on.
#[test]
fn a_copy_from_within_a_change_of_keys_loses_nothing() {
    use yizhan_tests::net::Mishap;
    for mishap in [Mishap::RequestLost, Mishap::ResponseLost] {
        let mut world = World::new(3);
        let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        world.settle();
        let before = world.phone(li).log_visit(home).unwrap();
        world.order(li, &[mishap]);
        let changed = world
            .phone(li)
            .over(|client, transport| client.rotate_key(transport));
        assert!(changed.is_err());
        let copy = world.copy_of(li);
        let theirs = world.phone(copy).log_visit(home).unwrap();
        let mine = world.phone(li).log_visit(home).unwrap();
        for phone in [li, copy, li] {
            world.wait_ms(20 * 60 * 1_000);
            world.order(phone, &[Mishap::TokenExpired]);
            let end = world
                .phone(phone)
                .over(|client, transport| client.sync(transport).map(drop));
            end.unwrap();
        }
        world.settle();
        let mut all = vec![before, theirs, mine];
        all.sort_unstable();
        for phone in [li, copy, wang] {
            assert_eq!(held(&mut world, phone), all);
        }
    }
}

/// The device has confirmed that it forgot; a copy of it, from before, comes to light.
#[test]
fn a_copy_from_before_a_forget_forgets_when_it_syncs() {
    let mut world = World::new(4);
    let (li, wang) = (world.driver("李师傅"), world.keeper("王站长", HOME));
    let home = world.station(HOME);
    let (retired, erased, stays) = (
        world.phone(li).log_visit(home).unwrap(),
        world.phone(li).log_visit(home).unwrap(),
        world.phone(li).log_visit(home).unwrap(),
    );
    world.phone(li).note(retired, WORDS).unwrap();
    world.phone(li).note(erased, WORDS).unwrap();
    world.keep(Periods::default());
    world.wait_days(20);
    for visit in [erased, stays] {
        world.phone(li).leave(visit).unwrap();
    }
    world.settle();
    let copy = world.copy_of(wang);
    world.wait_days(12);
    world.grow_old();
    let erasure = world.order_erasure(erased).unwrap();
    world.carry_out_erasures();
    for phone in [li, wang, wang] {
        world.sync(phone);
    }
    assert_eq!(held(&mut world, wang), [stays]);
    assert_eq!(
        world.receipt(erasure).outstanding,
        [],
        "the device has confirmed"
    );
    assert_eq!(held(&mut world, copy).len(), 3, "the copy does not know");
    // It goes on working before it hears of anything.
    world.phone(copy).keeper_note(stays, "床位已备").unwrap();
    world.settle();
    assert_eq!(held(&mut world, copy), [stays]);
    assert!(!pocket::says(world.phone(copy).home(), WORDS));
    let pocket = world.phone(wang).pocket();
    let shown = format!("{:?}", pocket.documents[&stays].visible(stays).unwrap());
    assert!(shown.contains("床位已备"), "{shown}");
    // And one whose role ended meanwhile.
    let late = world.copy_of(wang);
    world.take_role(wang, Role::Keeper(home));
    world.sync(wang);
    assert_eq!(held(&mut world, late), [stays]);
    world.settle();
    assert_eq!(held(&mut world, late), []);
}

/// The phone of somebody who was erased says so, and none of these words nor theirs is in its files.
fn keeps_nothing(world: &mut World, phone: PhoneNo, directory: &[String]) {
    let folder = world.phone(phone).home().to_owned();
    let status = world.phone(phone).status();
    assert!(status.person_erased);
    assert_eq!((status.documents, status.unsent_changes), (0, 0));
    assert!(world.phone(phone).pocket().documents.is_empty());
    let private = [WORDS, "李无名", "没送出去的话"];
    for words in directory.iter().map(String::as_str).chain(private) {
        assert!(!pocket::folder_says(&folder, words.as_bytes()), "{words}");
    }
}

/// A person is erased. Their own phone keeps nothing that came from the relay, not the directory either;
/// it says so, refuses to go on, and the receipt lists it until it has confirmed.
#[test]
fn the_phone_of_somebody_who_was_erased_keeps_nothing_and_says_so() {
    for seed in seeds(3) {
        let mut world = World::new(seed);
        let (li, wang) = (world.driver("李无名"), world.keeper("王站长", HOME));
        let home = world.station(HOME);
        world.run_until_quiet();
        let visit = world.phone(li).log_visit(home).unwrap();
        world.phone(li).note(visit, WORDS).unwrap();
        world
            .phone(wang)
            .set_notice(home, "热水在二楼，请自取")
            .unwrap();
        world.settle();
        let second = world.second_phone_of(li);
        world.settle();
        let station = world.phone(li).client().station(&home.to_string()).unwrap();
        let directory = [station.name.clone(), "热水在二楼，请自取".to_owned()];
        let folder = world.phone(li).home().to_owned();
        for words in directory
            .iter()
            .map(String::as_str)
            .chain([WORDS, "李无名"])
        {
            assert!(
                pocket::folder_says(&folder, words.as_bytes()),
                "the test sees {words}"
            );
        }
        world.go_offline(second);
        world.phone(second).note(visit, "没送出去的话").unwrap();
        let erasure = world.order_erasure_of(li);
        world.carry_out_erasures();
        let devices = |world: &World| -> Vec<_> {
            let outstanding = world.receipt(erasure).outstanding;
            outstanding.iter().map(|device| device.device).collect()
        };
        let (first_device, second_device) =
            (world.phone(li).device(), world.phone(second).device());
        assert!(devices(&world).contains(&first_device));
        world.sync(li);
        world.sync(wang);
        world.sync(wang);
        assert_eq!(devices(&world), [second_device], "the one that was away");
        world.come_online(second);
        world.settle();
        assert_eq!(devices(&world), []);

        for phone in [li, second] {
            keeps_nothing(&mut world, phone, &directory);
            // Nothing can be begun that would go with the next sync.
            let tried = world.phone(phone).log_visit(home);
            assert!(
                matches!(&tried, Err(ClientError::Refused(refusal)) if refusal.code == RefusalCode::DocumentErased),
                "{tried:?}"
            );
        }
        assert!(!world.phone(wang).status().person_erased);
        assert_eq!(
            world
                .phone(wang)
                .client()
                .station(&home.to_string())
                .unwrap()
                .name,
            directory[0]
        );
    }
}
