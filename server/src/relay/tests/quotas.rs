//! Quotas: what is over one is put off, not refused, and nobody else notices.

use yizhan_client_core::model::visit::Command;
use yizhan_proto::identity::PUBLIC_KEY_BYTES;
use yizhan_proto::sync::{Outcome, Push, Receipt};
use yizhan_proto::{DeviceId, Kind, PersonId, Role, Timestamp};

use super::World;
use crate::error::{PairError, PeopleError};
use crate::relay::{OutsideBearer, OutsideNewcomer, Quotas, Relay, RelayOptions};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn later(receipts: &[Receipt]) -> Vec<&str> {
    let code = |receipt: &'_ Receipt| match &receipt.outcome {
        Outcome::Later(reason) => Some(reason.code.clone()),
        Outcome::Accepted(_)
        | Outcome::Duplicate(_)
        | Outcome::Refused(_)
        | Outcome::Needs(_)
        | Outcome::Quarantined(_)
        | Outcome::Unknown(_) => None,
    };
    receipts
        .iter()
        .map(|receipt| match code(receipt).as_deref() {
            Some("quota.person_documents") => "day",
            Some("quota.person_waiting") => "waiting",
            Some("quota.scope_documents") => "scope",
            Some(_) => "another",
            None => "settled",
        })
        .collect()
}

async fn world(quotas: Quotas) -> World {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    tokio::task::spawn_blocking(move || relay.shutdown())
        .await
        .unwrap();
    let clock = std::sync::Arc::clone(&world.clock);
    let options = RelayOptions {
        quotas,
        ..RelayOptions::default()
    };
    world.relay = Relay::open(world.folder.path(), clock, &options).unwrap();
    world
}

#[tokio::test]
async fn a_day_has_room_for_so_many_documents_of_a_person_and_the_next_for_as_many() {
    let mut world = world(Quotas {
        person_documents_per_day_max: 2,
        ..Quotas::default()
    })
    .await;
    let mut phone = world.driver().await;
    let ids: Vec<_> = (0..4).map(|_| world.document_id()).collect();
    for id in &ids {
        phone.check_in(*id, world.stations[0]);
    }
    phone.note(ids[0], "热水");
    let pushes = phone.unsent.clone();
    let receipts = phone.push().await;
    // What is begun already goes on.
    assert_eq!(
        later(&receipts),
        ["settled", "settled", "day", "day", "settled"]
    );
    phone.unsent.clone_from(&pushes);
    assert_eq!(
        later(&phone.push().await),
        ["settled", "settled", "day", "day", "settled"],
        "told again, it counts once"
    );
    let mut other = world.driver().await;
    let id = world.document_id();
    other.check_in(id, world.stations[0]);
    assert_eq!(later(&other.push().await), ["settled"]);
    world.clock.advance_ms(DAY_MS);
    phone.unsent = pushes;
    assert_eq!(later(&phone.push().await), ["settled"; 5]);
    // Counts of former days go.
    assert!(!world.relay.watch_quotas(world.relay.time()).await.unwrap());
    world.clock.advance_ms(3 * DAY_MS);
    world.relay.watch_quotas(world.relay.time()).await.unwrap();
}

#[tokio::test]
async fn what_is_refused_takes_nothing_of_the_day() {
    let mut world = world(Quotas {
        person_documents_per_day_max: 2,
        ..Quotas::default()
    })
    .await;
    let mut phone = world.driver().await;
    let broken = Push {
        document: world.document_id(),
        kind: Kind::Visit,
        change: vec![0],
    };
    for _ in 0..2 {
        let id = world.document_id();
        phone.check_in(id, world.stations[0]);
    }
    let mut request = phone.request();
    request.pushes = [&[broken][..], &phone.unsent].concat();
    let answer = phone.send(request).await.unwrap();
    assert_eq!(later(&answer.receipts), ["settled"; 3]);
}

#[tokio::test]
async fn a_scope_that_is_full_takes_no_more_and_others_do() {
    let mut world = world(Quotas {
        scope_documents_max: 3,
        ..Quotas::default()
    })
    .await;
    let mut phones = Vec::new();
    for _ in 0..4 {
        let mut phone = world.driver().await;
        let id = world.document_id();
        phone.check_in(id, world.stations[0]);
        phones.push((later(&phone.push().await)[0].to_owned(), phone, id));
    }
    let said: Vec<&str> = phones.iter().map(|(said, ..)| said.as_str()).collect();
    assert_eq!(said, ["settled", "settled", "settled", "scope"]);
    let (_, mut fourth, _) = phones.pop().unwrap();
    let id = world.document_id();
    fourth.check_in(id, world.stations[1]);
    assert!(later(&fourth.push().await).ends_with(&["settled"]));
    // Documents that are there go on.
    let (_, first, id) = &mut phones[0];
    first.note(*id, "热水");
    assert_eq!(later(&first.push().await), ["settled"]);
}

#[tokio::test]
async fn what_would_wait_for_a_decision_stays_on_the_phone_when_too_much_waits() {
    let few = Quotas {
        person_waiting_max: 1,
        ..Quotas::default()
    };
    let small = Quotas {
        person_waiting_bytes_max: 1,
        ..Quotas::default()
    };
    for quotas in [few, small] {
        too_much_waits(quotas).await;
    }
}

async fn too_much_waits(quotas: Quotas) {
    let mut world = world(quotas).await;
    let mut keeper = world.keeper(0).await;
    let mut driver = world.driver().await;
    let ids: Vec<_> = (0..3).map(|_| world.document_id()).collect();
    for id in &ids {
        driver.check_in(*id, world.stations[0]);
    }
    driver.push().await;
    keeper.sync(0).await;
    for id in &ids {
        keeper.edit(*id, Command::SetKeeperNote("热水".to_owned()));
    }
    let station = world.stations[0];
    let person = keeper.identity.person;
    world
        .relay
        .remove_role(person, Role::Keeper(station))
        .await
        .unwrap();
    let pushes = keeper.unsent.clone();
    assert_eq!(
        later(&keeper.push().await),
        ["settled", "waiting", "waiting"]
    );
    keeper.unsent = pushes;
    assert_eq!(
        later(&keeper.push().await),
        ["settled", "waiting", "waiting"],
        "what waits already waits on"
    );
}

#[tokio::test]
async fn somebody_of_an_outside_provider_is_who_they_were_linked_to() {
    let mut world = World::new().await;
    let (issuer, subject) = ("https://id.example.org", "司机-1");
    let li = world.relay.add_person("李师傅", vec![Role::Driver]).await;
    let li = li.unwrap();
    let newcomer = |world: &mut World| OutsideNewcomer {
        device: DeviceId::from_bytes(world.id()),
        public_key: [7; PUBLIC_KEY_BYTES],
        provisional: PersonId::from_bytes(world.id()),
        label: String::new(),
    };
    let token = |number: u8| OutsideBearer {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        token_hash: [number; 32],
        expires_at: Timestamp::from_ms(i64::MAX),
    };
    let phone = newcomer(&mut world);
    let unlinked = world.relay.pair_outside(phone.clone(), token(1)).await;
    assert!(matches!(unlinked, Err(PairError::OutsideUnknown)));
    world
        .relay
        .link_outside(li.id, issuer, subject)
        .await
        .unwrap();
    let paired = world.relay.pair_outside(phone.clone(), token(1)).await;
    assert_eq!(paired.unwrap().identity.person, li.id);
    world
        .relay
        .pair_outside(phone.clone(), token(1))
        .await
        .unwrap();
    let other = newcomer(&mut world);
    let used = world.relay.pair_outside(other.clone(), token(1)).await;
    assert!(matches!(used, Err(PairError::OutsideTokenUsed)));
    world.relay.revoke_device(phone.device).await.unwrap();
    let back = world.relay.pair_outside(phone.clone(), token(1)).await;
    assert!(matches!(back, Err(PairError::OutsideTokenUsed)));
    // Nor with one that is new: only whoever makes a pairing code takes a revocation back.
    let back = world.relay.pair_outside(phone, token(9)).await;
    assert!(matches!(back, Err(PairError::DeviceRevoked)));
    // Who is found to be somebody else is that person here, too.
    let wang = world.relay.add_person("李福", vec![Role::Driver]).await;
    let wang = wang.unwrap();
    world.relay.merge_people(wang.id, li.id).await.unwrap();
    let paired = world.relay.pair_outside(other, token(2)).await;
    assert_eq!(paired.unwrap().identity.person, wang.id);
    // Another provider's subject of the same name is somebody else.
    let stranger = OutsideBearer {
        issuer: "https://other.example".to_owned(),
        ..token(3)
    };
    let fresh = newcomer(&mut world);
    assert!(matches!(
        world.relay.pair_outside(fresh, stranger).await,
        Err(PairError::OutsideUnknown)
    ));
    for (issuer, subject) in [("", "a"), ("a", ""), ("a", &*"x".repeat(257))] {
        let linked = world.relay.link_outside(li.id, issuer, subject).await;
        assert!(matches!(linked, Err(PeopleError::Invalid(_))));
    }
}
