//! Reading another driver's visits and checks by being found to be them.

use yizhan_proto::{PersonId, RegionKey, Role};

use super::super::World;
use super::super::phone::Phone;
use super::{measure, registered};
use crate::audit::Action;
use crate::error::{MergeError, PeopleError};
use crate::relay::MergeSaid;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A coordinator, a driver, and a phone that the coordinator registered as a driver's.
struct Three {
    world: World,
    coordinator: Phone,
    li: Phone,
    fake: Phone,
}

fn region() -> RegionKey {
    "changzhou".parse().unwrap()
}

async fn three() -> Three {
    let mut world = World::new().await;
    let roles = vec![Role::Coordinator(region())];
    let coordinator = world.phone("陈协调", roles).await;
    let li = registered(&mut world, "李师傅").await;
    let fake = registered(&mut world, "李师傅").await;
    Three {
        world,
        coordinator,
        li,
        fake,
    }
}

/// What a phone's person is told who says that two are one.
async fn says(phone: &Phone, keep: PersonId, other: PersonId) -> Result<MergeSaid, MergeError> {
    let relay = phone.relay();
    let caller = relay.caller(phone.device).unwrap();
    relay.merge_drivers(&caller, keep, other).await
}

fn waits(said: &Result<MergeSaid, MergeError>) -> bool {
    matches!(said, Ok(MergeSaid::Waits(_)))
}

/// A coordinator reads no checks and no visits. One who registers a phone of their own as a driver's,
/// and says that it is another driver's second phone, reads none either: neither those that are
/// there, nor those that come.
#[tokio::test]
async fn a_coordinator_cannot_merge_a_phone_of_their_own_into_a_driver() {
    let mut scene = three().await;
    let (driver, fake) = (scene.li.identity.person, scene.fake.identity.person);
    for (keep, other) in [(driver, fake), (fake, driver)] {
        for phone in [&scene.coordinator, &scene.fake] {
            let said = says(phone, keep, other).await;
            assert!(waits(&said), "{said:?}");
        }
    }
    let visit = scene.world.document_id();
    scene.li.check_in(visit, scene.world.stations[0]);
    scene.li.push().await;
    let mut scene_after = measure(scene.world, scene.li).await;
    scene.fake.sync(0).await;
    assert!(!scene.fake.documents.contains_key(&visit));
    assert!(!scene.fake.documents.contains_key(&scene_after.check));
    assert_eq!(scene.fake.identity.person, fake);
    // When the driver says so too, they are: it is about their own documents.
    let said = says(&scene_after.li, driver, fake).await.unwrap();
    assert!(matches!(said, MergeSaid::One(one) if one.id == fake));
    scene.fake.sync(0).await;
    assert!(scene.fake.documents.contains_key(&scene_after.check));
    scene_after.li.sync(0).await;
    assert_eq!(scene_after.li.identity.person, fake);
}

/// Whoever begins: with the last of three words they are one, and the entry names the coordinator.
#[tokio::test]
async fn a_driver_who_registered_twice_is_one_in_whichever_order_all_say_so() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]] {
        let scene = three().await;
        let (keep, other) = (scene.li.identity.person, scene.fake.identity.person);
        let phones = [&scene.coordinator, &scene.li, &scene.fake];
        for (n, who) in order.iter().enumerate() {
            let said = says(phones[*who], keep, other).await;
            assert_eq!(waits(&said), n < 2, "{order:?} {said:?}");
        }
        for phone in phones {
            let again = says(phone, keep, other).await.unwrap();
            assert!(matches!(again, MergeSaid::One(one) if one.aliases == [other]));
        }
        let merged = super::count(&scene.world.relay, Action::PersonMerged).await;
        assert_eq!(merged, 1);
    }
}

/// Two accomplices, or one driver with two phones, do without a coordinator, or with one of elsewhere.
#[tokio::test]
async fn two_drivers_alone_do_not_make_themselves_one() {
    let mut scene = three().await;
    let (keep, other) = (scene.li.identity.person, scene.fake.identity.person);
    let banan: RegionKey = "banan".parse().unwrap();
    let named = scene.world.relay.add_region(banan.clone(), "巴南").await;
    named.unwrap();
    let roles = vec![Role::Coordinator(banan)];
    let elsewhere = scene.world.phone("外区协调", roles).await;
    let keeper = scene.world.keeper(0).await;
    for phone in [&elsewhere, &keeper] {
        let said = says(phone, keep, other).await;
        assert!(matches!(said, Err(MergeError::Forbidden(_))), "{said:?}");
    }
    for phone in [&scene.li, &scene.fake, &scene.li] {
        assert!(waits(&says(phone, keep, other).await));
    }
}

/// The right of a word is looked at when it takes effect: the coordinator's role ended, one of the
/// two was given a role, or an hour went by.
#[tokio::test]
async fn a_word_whose_right_or_hour_has_passed_makes_nobody_one() {
    for what in ["role ended", "became a keeper", "an hour"] {
        let scene = three().await;
        let relay = scene.world.relay.clone();
        let (keep, other) = (scene.li.identity.person, scene.fake.identity.person);
        assert!(waits(&says(&scene.coordinator, keep, other).await));
        assert!(waits(&says(&scene.li, keep, other).await));
        match what {
            "role ended" => {
                let role = Role::Coordinator(region());
                let person = scene.coordinator.identity.person;
                relay.remove_role(person, role).await.unwrap();
            }
            "became a keeper" => {
                let role = Role::Keeper(scene.world.stations[0]);
                relay.add_role(keep, role).await.unwrap();
            }
            _ => scene.world.clock.advance_ms(HOUR_MS),
        }
        let said = says(&scene.fake, keep, other).await;
        assert!(waits(&said), "{what}: {said:?}");
        assert_eq!(relay.people().len(), 3, "{what}");
    }
}

/// A coordinator who drives, too: no word of theirs about themselves counts.
#[tokio::test]
async fn a_coordinator_is_not_made_one_with_a_driver() {
    let scene = three().await;
    let relay = scene.world.relay.clone();
    let (driver, me) = (scene.li.identity.person, scene.coordinator.identity.person);
    relay.add_role(me, Role::Driver).await.unwrap();
    for (keep, other) in [(driver, me), (me, driver)] {
        let said = says(&scene.coordinator, keep, other).await;
        assert!(matches!(said, Err(MergeError::Forbidden(_))), "{said:?}");
        assert!(waits(&says(&scene.li, keep, other).await));
    }
    assert_eq!(relay.people().len(), 3);
}

/// A driver who tries ids is told the same of one that is somebody's and of one that is nobody's.
#[tokio::test]
async fn a_drivers_word_does_not_tell_whose_ids_there_are() {
    let scene = three().await;
    let me = scene.li.identity.person;
    let (there, nobody) = (
        scene.coordinator.identity.person,
        PersonId::from_bytes([99; 16]),
    );
    let told = |said: MergeSaid| format!("{said:?}");
    for swap in [false, true] {
        let mut answers = Vec::new();
        for other in [there, nobody, scene.fake.identity.person] {
            let (keep, other) = if swap { (other, me) } else { (me, other) };
            answers.push(told(says(&scene.li, keep, other).await.unwrap()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    let said = says(&scene.coordinator, nobody, me).await;
    let unknown = matches!(said, Err(MergeError::People(PeopleError::NoPerson(_))));
    assert!(unknown, "{said:?}");
}

/// Aliases of aliases, the same merge the other way round, and somebody who was erased.
#[tokio::test]
async fn chains_of_aliases_end_and_nobody_is_merged_with_somebody_erased() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    let mut phones = Vec::new();
    for _ in 0..4 {
        phones.push(world.driver().await);
    }
    let [a, b, c, d] = [0, 1, 2, 3].map(|n: usize| phones[n].identity.person);
    relay.merge_people(a, b).await.unwrap();
    relay.merge_people(b, a).await.unwrap();
    let kept = relay.merge_people(c, b).await.unwrap();
    assert_eq!(kept.id, c, "whoever keeps is who they are by now");
    relay.merge_people(a, c).await.unwrap();
    for id in [a, b, c] {
        assert_eq!(relay.person(id).unwrap().id, c);
    }
    assert_eq!(relay.people().len(), 2);
    for phone in &mut phones[..3] {
        phone.sync(0).await;
        assert_eq!(phone.identity.person, c);
    }
    let erased = relay.erase(super::Subject::Person(b), "in writing").await;
    super::settle(&relay).await;
    for (keep, other) in [(a, d), (d, a), (c, d), (d, b)] {
        let merged = relay.merge_people(keep, other).await;
        assert!(
            matches!(merged, Err(PeopleError::NoPerson(_))),
            "{merged:?}"
        );
    }
    drop(erased);
    assert_eq!(relay.person(d).unwrap().aliases.len(), 1, "its first id");
}
