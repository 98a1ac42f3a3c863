//! What is entered of stations that close, of sharing, erasing, lost phones, keys and outside
//! identities, and that none of it says why or who in words.

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::{Command, consent, visit};
use yizhan_proto::device::{FarewellRequest, KeyRequest, WipedRequest};
use yizhan_proto::identity::SIGNATURE_BYTES;
use yizhan_proto::{
    DeviceId, DocumentId, EntryId, Nonce, PersonId, ProtocolVersion, Role, StationId, Timestamp,
};

use super::audit::entries;
use super::phone::Phone;
use super::{MORNING_MS, World, open};
use crate::audit::{Action, By, Event, Subject};
use crate::error::DeviceError;
use crate::relay::{OutsideBearer, OutsideNewcomer, Relay, RelayOptions, Subject as Erased, Which};

const GROUND: &str = "asked for in writing";

/// What was entered since there were `before` entries.
async fn since(relay: &Relay, before: usize) -> Vec<Event> {
    entries(relay).await.split_off(before)
}

/// A copy of the relay's database, in a folder of its own.
fn backed_up(world: &mut World) -> tempfile::TempDir {
    world.relay.shutdown();
    let backup = tempfile::tempdir().unwrap();
    let [from, to] = [world.folder.path(), backup.path()].map(crate::store::database_path);
    std::fs::copy(from, to).unwrap();
    world.relay = open(world.folder.path(), &world.clock);
    backup
}

/// What happens in one millisecond has no order but that of ids.
fn sorted(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| format!("{event:?}"));
    events
}

fn codes(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.action.as_str()).collect()
}

/// An entry by the operator.
fn ordered(relay: &Relay, action: Action) -> Event {
    Event::new(relay.time(), By::Operator, action)
}

fn word(text: &str) -> crate::audit::Detail {
    crate::audit::Detail::word(text)
}

/// The phone's driver lets a station share with another one.
fn share(phone: &mut Phone, id: DocumentId, from: StationId, with: StationId, days: i64) {
    let given_at = Timestamp::from_ms(MORNING_MS);
    phone.edit(
        id,
        Command::Consent(consent::Command::Give {
            driver: phone.identity.person,
            station: from,
            purpose: Purpose::Share,
            given_at,
            witness: None,
            share_with: Some(with),
            until: Some(given_at.saturating_add_ms(days * DAY_MS)),
        }),
    );
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn farewell(device: DeviceId) -> FarewellRequest {
    FarewellRequest {
        version: ProtocolVersion::CURRENT,
        device,
        challenge: Vec::new(),
        nonce: Nonce::from_bytes([3; 16]),
        device_time: Timestamp::from_ms(MORNING_MS),
        pushes: Vec::new(),
        signature: [0; SIGNATURE_BYTES],
    }
}

fn wiped(device: DeviceId) -> WipedRequest {
    WipedRequest {
        version: ProtocolVersion::CURRENT,
        device,
        nonce: Nonce::from_bytes([3; 16]),
        attachments_lost: 0,
        signature: [0; SIGNATURE_BYTES],
    }
}

#[tokio::test]
async fn of_a_station_that_closes_each_role_that_ends_and_comes_back_is_entered() {
    let world = World::new().await;
    let (relay, [north, south]) = (&world.relay, world.stations);
    let roles = vec![Role::Keeper(north), Role::Health(north)];
    let wang = relay.add_person("王站长", roles).await.unwrap();
    let before = entries(relay).await.len();
    for _ in 0..2 {
        relay.close_station(north).await.unwrap();
    }
    relay.reopen_station(north).await.unwrap();
    assert!(relay.reopen_station(north).await.is_err(), "it is open");
    let role = |action, role: &Role| {
        ordered(relay, action)
            .to(Subject::Person(wang.id))
            .detail(word(&role.to_string()))
    };
    let (keeper, health) = (Role::Keeper(north), Role::Health(north));
    let of_station = |action| ordered(relay, action).to(Subject::Station(north));
    assert_eq!(
        since(relay, before).await,
        [
            role(Action::RoleEnded, &keeper),
            role(Action::RoleEnded, &health),
            of_station(Action::StationClosed),
            of_station(Action::StationReopened),
            role(Action::RoleGiven, &health),
            role(Action::RoleGiven, &keeper),
        ]
    );
    // Somebody moves: what ended and what was given, and nothing if that is the same.
    let before = entries(relay).await.len();
    let moved = Role::Keeper(south);
    for (from, to) in [(&keeper, &moved), (&moved, &moved)] {
        let (from, to) = (from.clone(), to.clone());
        relay.move_role(wang.id, from, to).await.unwrap();
    }
    let refused = relay.move_role(wang.id, keeper.clone(), moved.clone());
    assert!(refused.await.is_err(), "and nothing is entered of it");
    assert_eq!(
        since(relay, before).await,
        [
            role(Action::RoleEnded, &keeper),
            role(Action::RoleGiven, &moved)
        ]
    );
}

#[tokio::test]
async fn with_whom_a_driver_shares_and_from_when_no_more_is_entered() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let [north, south] = world.stations;
    let (withdrawn, over, plain) = (
        world.document_id(),
        world.document_id(),
        world.document_id(),
    );
    let before = entries(&world.relay).await.len();
    share(&mut li, withdrawn, north, south, 9);
    share(&mut li, over, south, north, 3);
    // Not a sharing: who made it shows in the log of changes.
    li.edit(
        plain,
        Command::Consent(consent::Command::Give {
            driver: li.identity.person,
            station: north,
            purpose: Purpose::HealthRecord,
            given_at: Timestamp::from_ms(MORNING_MS),
            witness: None,
            share_with: None,
            until: None,
        }),
    );
    let pushed = li.unsent.clone();
    li.push().await;
    li.unsent = pushed;
    li.push().await;
    let withdraw = |li: &mut Phone, id| {
        li.edit(
            id,
            Command::Consent(consent::Command::Withdraw {
                withdrawn_at: Timestamp::from_ms(MORNING_MS),
            }),
        );
    };
    withdraw(&mut li, withdrawn);
    withdraw(&mut li, plain);
    li.push().await;
    let at = world.relay.time();
    let person = li.identity.person;
    let event = |at, by, action, id, with: StationId| {
        Event::new(at, by, action)
            .to(Subject::Document(id))
            .about(person)
            .detail(word(&format!("station:{with}")))
    };
    let by = By::Device(person, li.device);
    let mut expected = vec![
        event(at, by, Action::DocumentShared, withdrawn, south),
        event(at, by, Action::DocumentShared, over, north),
        event(at, by, Action::DocumentUnshared, withdrawn, south),
    ];
    assert_eq!(since(&world.relay, before).await, expected);

    // The date of the other one comes, then it is withdrawn all the same.
    world.clock.advance_ms(4 * DAY_MS);
    let later = world.relay.time();
    while world.relay.place_documents(later).await.unwrap() {}
    withdraw(&mut li, over);
    li.push().await;
    while world.relay.place_documents(later).await.unwrap() {}
    let ended = event(later, By::Relay, Action::DocumentUnshared, over, north);
    expected.push(ended);
    assert_eq!(since(&world.relay, before).await, expected);
}

/// A sharing that a lost phone handed over begins when a person lets it in, and is entered as of then:
/// the log goes on in the order of time.
#[tokio::test]
async fn a_sharing_that_waited_is_entered_as_of_when_it_began() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let [north, south] = world.stations;
    let id = world.document_id();
    share(&mut li, id, north, south, 9);
    world.relay.order_wipe(li.device).await.unwrap();
    let said = FarewellRequest {
        pushes: li.unsent.clone(),
        ..farewell(li.device)
    };
    world.relay.farewell(said).await.unwrap();
    world.clock.advance_ms(2 * DAY_MS);
    let let_in = world.relay.time();
    let which = Which::Device(li.device);
    world.relay.accept_quarantined(which, None).await.unwrap();
    let events = entries(&world.relay).await;
    let shared = events
        .iter()
        .find(|event| event.action == Action::DocumentShared);
    assert_eq!(shared.map(|event| event.at), Some(let_in));
    assert!(events.is_sorted_by_key(|event| event.at));
}

#[tokio::test]
async fn an_erasure_is_entered_by_its_id_when_it_begins_when_it_is_done_and_when_phones_confirm() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let mut wang = world.keeper(0).await;
    let visit = world.document_id();
    li.check_in(visit, world.stations[0]);
    li.sync(0).await;
    wang.sync(0).await;
    let backup = backed_up(&mut world);
    let relay = world.relay.clone();
    for phone in [&mut li, &mut wang] {
        phone.reach(relay.clone());
    }
    let before = entries(&relay).await.len();
    let mut ids = Vec::new();
    let person = li.identity.person;
    for subject in [Erased::Document(visit), Erased::Person(person)] {
        for _ in 0..2 {
            ids.push(relay.erase(subject, GROUND).await.unwrap().erasure.id);
        }
    }
    while relay.tick(relay.time()).await.unwrap() {}
    let at = relay.time();
    let of = |by, action, subject, id: EntryId| {
        Event::new(at, by, action)
            .to(subject)
            .detail(word(&id.to_string()))
    };
    let (document, whole) = (Subject::Document(visit), Subject::Person(person));
    let operator = By::Operator;
    let begun = [
        of(operator, Action::ErasureBegun, document.clone(), ids[0]).about(person),
        of(operator, Action::ErasureBegun, whole.clone(), ids[2]),
    ];
    let done = [
        of(By::Relay, Action::ErasureDone, document.clone(), ids[0]),
        of(By::Relay, Action::ErasureDone, whole.clone(), ids[2]),
    ];
    let whole_story = sorted([&begun[..], &done[..]].concat());
    assert_eq!(sorted(since(&relay, before).await), whole_story);

    let before = entries(&relay).await.len();
    for _ in 0..3 {
        wang.exchange(0).await;
    }
    let entered = since(&relay, before).await;
    let [confirmed] = entered.as_slice() else {
        panic!("{entered:?}")
    };
    assert_eq!(confirmed.action, Action::ForgetAcknowledged);
    assert_eq!(confirmed.subject, Some(document));
    let by = By::Device(wang.identity.person, wang.device);
    assert_eq!(confirmed.by, by);

    // Carried out again after a backup from before was put back.
    let ledger = relay.erasure_ledger().await.unwrap();
    let options = RelayOptions {
        restored: true,
        ..RelayOptions::default()
    };
    let clock = std::sync::Arc::clone(&world.clock);
    let restored = Relay::open(backup.path(), clock, &options).unwrap();
    let before = entries(&restored).await.len();
    for _ in 0..2 {
        restored.replay_erasures(ledger.clone()).await.unwrap();
    }
    while restored.tick(restored.time()).await.unwrap() {}
    assert_eq!(sorted(since(&restored, before).await), whole_story);
}

#[tokio::test]
async fn a_lost_phone_and_a_new_key_are_entered_once() {
    let mut world = World::new().await;
    let li = world.driver().await;
    let person = world.relay.person(li.identity.person).unwrap();
    let request = world.pairing(&person).await;
    let (other, old_key) = (request.device, request.public_key.clone());
    let relay = &world.relay;
    relay.pair(request).await.unwrap();
    let before = entries(relay).await.len();
    for _ in 0..2 {
        relay.order_wipe(li.device).await.unwrap();
    }
    for _ in 0..2 {
        relay.farewell(farewell(li.device)).await.unwrap();
        relay.note_wiped(wiped(li.device)).await.unwrap();
    }
    let request = KeyRequest {
        version: ProtocolVersion::CURRENT,
        device: other,
        challenge: Vec::new(),
        old_key: old_key.try_into().unwrap(),
        new_key: [9; 32],
        old_signature: [0; SIGNATURE_BYTES],
        new_signature: [0; SIGNATURE_BYTES],
    };
    for _ in 0..2 {
        relay.replace_key(request.clone()).await.unwrap();
    }
    // A copy that has the former key, and one that never had any: nothing is done, nothing entered.
    for stranger in [request.old_key, [7; 32]] {
        let copied = KeyRequest {
            old_key: stranger,
            new_key: [8; 32],
            ..request.clone()
        };
        let refused = relay.replace_key(copied).await;
        assert!(matches!(refused, Err(DeviceError::KeyReplaced)));
    }
    let of = |by, action, device| {
        Event::new(relay.time(), by, action)
            .to(Subject::Device(device))
            .about(person.id)
    };
    let by = |device| By::Device(person.id, device);
    assert_eq!(
        since(relay, before).await,
        [
            of(By::Operator, Action::DeviceRevoked, li.device),
            of(By::Operator, Action::DeviceWipeOrdered, li.device),
            of(by(li.device), Action::DeviceWiped, li.device),
            of(by(other), Action::KeyRotated, other),
        ]
    );
}

#[tokio::test]
async fn who_an_outside_identity_is_and_was_is_entered_and_not_what_it_is_called() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    let add = |name| relay.add_person(name, vec![Role::Driver]);
    let (li, wang) = (add("李师傅").await.unwrap(), add("王师傅").await.unwrap());
    let (issuer, subject) = ("https://id.example.org", "li.shifu");
    let before = entries(&relay).await.len();
    for person in [li.id, li.id, wang.id] {
        relay.link_outside(person, issuer, subject).await.unwrap();
    }
    let phone = OutsideNewcomer {
        device: DeviceId::from_bytes(world.id()),
        public_key: [7; 32],
        provisional: PersonId::from_bytes(world.id()),
        label: "王的手机".to_owned(),
    };
    let bearer = OutsideBearer {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        token_hash: [1; 32],
        expires_at: Timestamp::from_ms(i64::MAX),
    };
    for _ in 0..2 {
        let paired = relay.pair_outside(phone.clone(), bearer.clone()).await;
        assert_eq!(paired.unwrap().identity.person, wang.id);
    }
    for _ in 0..2 {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        relay.unlink_outside(issuer, subject).await.unwrap();
    }
    let of = |action, person| ordered(&relay, action).to(Subject::Person(person));
    let by = By::Device(wang.id, phone.device);
    assert_eq!(
        since(&relay, before).await,
        [
            of(Action::IdentityLinked, li.id),
            of(Action::IdentityUnlinked, li.id),
            of(Action::IdentityLinked, wang.id),
            Event::new(relay.time(), by, Action::DevicePaired)
                .to(Subject::Device(phone.device))
                .about(wang.id),
            of(Action::IdentityUnlinked, wang.id),
        ]
    );
    assert_silent(&relay, &[issuer, subject, "王师傅", "王的手机"]).await;
}

#[tokio::test]
async fn an_order_that_failed_is_entered_as_that() {
    let world = World::new().await;
    let relay = &world.relay;
    let subject = Some(Subject::Device(relay.device_id()));
    let why = word("failed");
    relay
        .audit_failed(Action::KeyRotated, subject.clone(), why.clone())
        .await
        .unwrap();
    let last = entries(relay).await.pop().unwrap();
    let expected = ordered(relay, Action::KeyRotated).refused(why);
    assert_eq!(
        last,
        Event {
            subject,
            ..expected
        }
    );
}

/// No entry has any of these words, in whatever place.
async fn assert_silent(relay: &Relay, words: &[&str]) {
    let rows = relay.audit_chain(0, 10_000).await.unwrap();
    for word in words {
        let says = |bytes: &[u8]| {
            bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes())
        };
        assert!(!rows.iter().any(|row| says(&row.bytes)), "{word}");
    }
}

#[tokio::test]
async fn no_entry_says_a_ground_a_name_or_a_reason() {
    let mut world = World::new().await;
    let mut keeper = world.keeper(0).await;
    let mut li = world.phone("li-shifu", vec![Role::Driver]).await;
    let relay = world.relay.clone();
    let (id, other) = (world.document_id(), world.document_id());
    for id in [id, other] {
        li.check_in(id, world.stations[0]);
        li.note(id, "only-in-the-note");
    }
    li.sync(0).await;
    keeper.sync(0).await;
    // Words that would pass as codes, so that only their being left out keeps them out.
    relay.close_station(world.stations[0]).await.unwrap();
    keeper.edit(
        id,
        visit::Command::SetKeeperNote("written-too-late".to_owned()),
    );
    keeper.push().await;
    let held = relay.quarantined(crate::relay::HeldQuery::default()).await;
    let held = held.unwrap().changes[0].change.to_string();
    relay
        .reject_quarantined(&[held], "not-on-duty", None)
        .await
        .unwrap();
    relay
        .erase(Erased::Document(id), "ground-of-a-document")
        .await
        .unwrap();
    let person = Erased::Person(li.identity.person);
    relay.erase(person, "ground-of-a-person").await.unwrap();
    while relay.tick(relay.time()).await.unwrap() {}
    let events = entries(&relay).await;
    let said = codes(&events);
    for code in ["quarantine.rejected", "erasure.begun", "erasure.done"] {
        assert!(said.contains(&code), "{code} in {said:?}");
    }
    let words = [
        "li-shifu",
        "李站长",
        "王师傅",
        "only-in-the-note",
        "written-too-late",
        "not-on-duty",
        "ground-of-a-document",
        "ground-of-a-person",
        "north",
        "a phone",
    ];
    assert_silent(&relay, &words).await;
}
