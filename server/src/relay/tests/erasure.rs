//! Erasure at the relay: what goes, what stays, what is never taken again, and what a receipt says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use yizhan_client_core::model::activity::State;
use yizhan_client_core::model::enrolment;
use yizhan_client_core::model::{Command, case_note, visit};
use yizhan_proto::sync::{ForgetReason, Outcome};
use yizhan_proto::{ContentHash, DocumentId, EntryId, Kind, PersonId, Role};

use super::phone::Phone;
use super::seats::Class;
use super::{World, open};
use crate::clock::Clock as _;
use crate::error::{ErasureError, PeopleError};
use crate::relay::{Receipt, Relay, RelayOptions, Subject};

const GROUND: &str = "asked for in writing";

/// Does all that is to be done.
async fn carry_out(relay: &Relay) {
    while relay.tick(relay.time()).await.unwrap() {}
}

async fn receipt(relay: &Relay, id: EntryId) -> Receipt {
    relay.erasure(id).await.unwrap()
}

/// A document's id that falls anywhere among others.
fn scattered(n: u64) -> DocumentId {
    let hash: [u8; 32] = Sha256::digest(n.to_be_bytes()).into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    // Drawn, and not one that follows from something.
    id[6] = 0x70 | id[6] & 0xf;
    DocumentId::from_bytes(id)
}

/// Whether any file below a folder has these bytes in it.
fn says(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return says(&path, bytes);
        }
        let file = std::fs::read(&path).unwrap();
        file.windows(bytes.len()).any(|found| found == bytes)
    })
}

/// Bytes that are nowhere else.
fn noise(len: usize, seed: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let hash: [u8; 32] = Sha256::digest([&[seed][..], &bytes].concat()).into();
        bytes.extend(hash);
    }
    bytes.truncate(len);
    bytes
}

async fn codes(phone: &mut Phone) -> Vec<String> {
    let receipts = phone.push().await;
    let code = |outcome| match outcome {
        Outcome::Accepted(_) => "accepted".to_owned(),
        Outcome::Duplicate(_) => "duplicate".to_owned(),
        Outcome::Refused(reason) => format!("refused {}", reason.code),
        Outcome::Needs(_) => "needs".to_owned(),
        Outcome::Quarantined(reason) => format!("quarantined {}", reason.code),
        Outcome::Later(reason) => format!("later {}", reason.code),
        Outcome::Unknown(_) => "unknown".to_owned(),
    };
    receipts.into_iter().map(|r| code(r.outcome)).collect()
}

#[tokio::test]
async fn of_a_person_not_one_byte_stays_in_the_relays_files() {
    let mut world = World::new().await;
    let mut li = world.phone("李永远", vec![Role::Driver]).await;
    let mut zhao = world.phone("赵留下", vec![Role::Driver]).await;
    let mut wang = world.keeper(0).await;
    // Rows of both lie beside each other in every page, and move when pages are split.
    for n in 0..150 {
        for (phone, words) in [(&mut li, "只有李说过的话"), (&mut zhao, "赵说过的话")] {
            let id = scattered(n * 2 + u64::from(words.starts_with('赵')));
            phone.check_in(id, world.stations[0]);
            phone.note(id, &format!("{words} {n} {}", "长".repeat(50)));
        }
        if n % 10 == 0 {
            li.push().await;
            zhao.push().await;
        }
    }
    for phone in [&mut li, &mut zhao, &mut wang] {
        phone.sync(0).await;
    }
    let folder = world.folder.path();
    assert!(says(folder, "只有李说过的话".as_bytes()));
    assert!(says(folder, "李永远".as_bytes()));

    let person = li.identity.person;
    let ordered = world.relay.erase(Subject::Person(person), GROUND).await;
    let ordered = ordered.unwrap();
    assert_eq!((ordered.documents(), ordered.done()), (150, 0));
    // From this moment on nothing is taken, though everything is still there.
    li.note(scattered(0), "zu spät");
    assert_eq!(codes(&mut li).await, ["refused document.erased"]);
    li.unsent.clear();

    carry_out(&world.relay).await;
    let done = receipt(&world.relay, ordered.erasure.id).await;
    assert_eq!((done.documents(), done.done()), (150, 150));
    assert_eq!(done.erasure.changes, 300);
    assert_eq!(done.erasure.parts_kept, Some(0));
    assert!(done.erasure.bytes_gone_at.is_some());
    for words in ["只有李说过的话", "李永远"] {
        assert!(!says(folder, words.as_bytes()), "{words}");
    }
    assert!(says(folder, "赵说过的话".as_bytes()));
    assert!(says(folder, "赵留下".as_bytes()));
    let outstanding: Vec<_> = done.outstanding.iter().map(|d| d.device).collect();
    let mut both = vec![li.device, wang.device];
    both.sort_unstable();
    assert_eq!(outstanding, both, "and not the other driver's");

    let before = li.identity.scopes.clone();
    for phone in [&mut li, &mut wang, &mut zhao] {
        phone.sync(0).await;
        phone.exchange(0).await;
    }
    // Who was erased is served nothing any more: a phone drops all it has, and says so of each scope.
    let caller = world.relay.caller(li.device).unwrap();
    assert_eq!(caller.identity.scopes, []);
    let left = yizhan_proto::sync::SyncRequest {
        scopes: Vec::new(),
        left: before,
        ..li.request()
    };
    li.send(left).await.unwrap();
    assert_eq!(
        wang.documents
            .values()
            .filter(|d| d.kind == Kind::Visit)
            .count(),
        150
    );
    assert_eq!(
        receipt(&world.relay, ordered.erasure.id).await.outstanding,
        []
    );
}

#[tokio::test]
async fn a_relay_that_dies_between_two_portions_goes_on() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    for n in 0..120 {
        li.check_in(scattered(n), world.stations[0]);
        li.note(scattered(n), "das bleibt nicht");
    }
    li.sync(0).await;
    let person = li.identity.person;
    let id = world
        .relay
        .erase(Subject::Person(person), GROUND)
        .await
        .unwrap()
        .erasure
        .id;
    assert!(world.relay.tick(world.relay.time()).await.unwrap());
    assert_eq!(receipt(&world.relay, id).await.done(), 50);
    world.relay.shutdown();
    world.relay = open(world.folder.path(), &world.clock);
    li.reach(world.relay.clone());
    li.note(scattered(0), "zu spät");
    li.note(scattered(119), "zu spät");
    assert!(
        codes(&mut li)
            .await
            .iter()
            .all(|code| code == "refused document.erased")
    );
    li.unsent.clear();
    carry_out(&world.relay).await;
    let done = receipt(&world.relay, id).await;
    assert_eq!((done.done(), done.erasure.changes), (120, 240));
    assert!(!says(world.folder.path(), "das bleibt nicht".as_bytes()));
    let status = world.relay.status().await.unwrap();
    assert_eq!(status.documents, 2, "the stations");
}

#[tokio::test]
async fn an_old_phone_cannot_bring_back_what_was_erased() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let mut wang = world.keeper(0).await;
    let (erased, kept) = (world.document_id(), world.document_id());
    for id in [erased, kept] {
        li.check_in(id, world.stations[0]);
    }
    let mut old = li.clone();
    li.sync(0).await;
    wang.sync(0).await;
    let id = world
        .relay
        .erase(Subject::Document(erased), GROUND)
        .await
        .unwrap()
        .erasure
        .id;
    carry_out(&world.relay).await;
    world.clock.advance_ms(200 * 24 * 3_600_000);
    old.device_time = world.clock.now();
    old.note(erased, "Monate später");
    assert_eq!(
        codes(&mut old).await,
        [
            "refused document.erased",
            "duplicate",
            "refused document.erased"
        ]
    );
    // Nor does the relay's answer to whoever asks about it.
    let response = wang.exchange(0).await;
    let items: Vec<_> = response.pages.iter().flat_map(|page| &page.items).collect();
    assert!(items.iter().any(|item| item.document == erased
        && item.forget == Some(ForgetReason::Erased)
        && item.changes.is_empty()));
    wang.sync(0).await;
    assert!(!wang.documents.contains_key(&erased) && wang.documents.contains_key(&kept));
    assert_eq!(
        receipt(&world.relay, id).await.outstanding.len(),
        1,
        "the driver's phone has not been back"
    );
    // The same again is the same erasure.
    let again = world.relay.erase(Subject::Document(erased), "again").await;
    assert_eq!(again.unwrap().erasure.id, id);
    assert_eq!(world.relay.erasures(None, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_seat_that_was_erased_goes_to_the_first_who_waits() {
    let mut class = Class::new(1, State::Open).await;
    let mut drivers = class.drivers(3).await;
    for driver in &mut drivers {
        class.enrol_now(driver).await;
    }
    let ids: Vec<_> = drivers
        .iter()
        .map(|driver| enrolment::id_of(class.activity, driver.identity.person))
        .collect();
    let relay = class.world.relay.clone();
    // Who waits and is erased stands in nobody's way either.
    relay
        .erase(Subject::Document(ids[1]), GROUND)
        .await
        .unwrap();
    relay
        .erase(Subject::Person(drivers[0].identity.person), GROUND)
        .await
        .unwrap();
    carry_out(&relay).await;
    assert_eq!(
        class.latest(&drivers[2..]).await,
        [(enrolment::Outcome::Accepted, Some(2))]
    );
    assert_eq!(relay.status().await.unwrap().seats_waiting, 0);
    // Erased for good: who was erased from the list does not come back on it by the same id.
    drivers[1].documents.remove(&ids[1]);
    class.enrol_now(&mut drivers[1]).await;
    let refused = codes(&mut drivers[1]).await;
    assert_eq!(refused, ["refused document.erased"]);
}

#[tokio::test]
async fn a_ticket_takes_its_notes_along_also_one_that_comes_later() {
    let mut world = World::with_desks().await;
    let mut li = world.driver().await;
    let mut specialist = world.specialist("city").await;
    let ticket = world.document_id();
    super::desks::raise(&mut li, ticket, "city");
    li.sync(0).await;
    specialist.sync(0).await;
    let note = |world: &mut World, phone: &mut Phone| {
        let id = world.document_id();
        let new = case_note::NewNote {
            ticket,
            desk: "city".parse().unwrap(),
            region: "changzhou".parse().unwrap(),
            text: "内部备注 geheim".to_owned(),
            by: phone.identity.person,
            at: phone.device_time,
        };
        phone.edit(id, Command::CaseNote(case_note::Command::Create(new)));
        id
    };
    let early = note(&mut world, &mut specialist);
    specialist.sync(0).await;
    note(&mut world, &mut specialist);
    let id = world
        .relay
        .erase(Subject::Document(ticket), GROUND)
        .await
        .unwrap()
        .erasure
        .id;
    carry_out(&world.relay).await;
    let done = receipt(&world.relay, id).await;
    let kinds: BTreeMap<_, _> = done.kinds.iter().map(|k| (k.kind, k.done)).collect();
    assert_eq!(kinds, [(Kind::Ticket, 1), (Kind::CaseNote, 1)].into());
    assert_eq!(codes(&mut specialist).await, ["refused document.erased"]);
    specialist.unsent.clear();
    assert!(!says(world.folder.path(), "内部备注".as_bytes()));
    assert_eq!(world.relay.status().await.unwrap().tickets, []);
    specialist.sync(0).await;
    assert!(!specialist.documents.contains_key(&early));
}

#[tokio::test]
async fn a_photo_goes_with_the_last_document_that_names_it_and_what_is_half_here_too() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let bytes = noise(5_000, 1);
    let half = noise(70_000, 2);
    let (shared, lone) = (ContentHash::of(&bytes), ContentHash::of(&half));
    let (first, second) = (world.document_id(), world.document_id());
    for id in [first, second] {
        li.check_in(id, world.stations[0]);
        li.name(id, shared, 5_000).await;
    }
    li.name(first, lone, 70_000).await;
    li.put_all(&bytes).await;
    li.put(lone, 0, &half[..40_000], 70_000).await.unwrap();
    let folder = world.folder.path().to_owned();
    world
        .relay
        .erase(Subject::Document(first), GROUND)
        .await
        .unwrap();
    carry_out(&world.relay).await;
    assert_eq!(
        li.get(shared).await.unwrap(),
        bytes,
        "the other document names it"
    );
    assert!(
        !says(&folder, &half[30_000..31_000]),
        "half an upload is gone"
    );
    assert!(li.put(lone, 40_000, &half[40_000..], 70_000).await.is_err());
    let last = world
        .relay
        .erase(Subject::Document(second), GROUND)
        .await
        .unwrap();
    carry_out(&world.relay).await;
    let last = receipt(&world.relay, last.erasure.id).await;
    assert_eq!(last.erasure.attachments, 1);
    assert!(li.get(shared).await.is_err());
    assert!(!says(&folder, &bytes[1_000..2_000]));
}

/// The file below a folder that has these bytes in it.
fn file_with(folder: &Path, bytes: &[u8]) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return file_with(&path, bytes);
        }
        let file = std::fs::read(&path).unwrap();
        (file == bytes).then_some(path)
    })
}

/// A file that cannot be deleted: that erasure waits for whoever mends it, and nothing else does.
#[tokio::test]
async fn an_erasure_that_cannot_go_on_holds_up_nothing_else() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let bytes = noise(5_000, 3);
    let (first, second) = (world.document_id(), world.document_id());
    for id in [first, second] {
        li.check_in(id, world.stations[0]);
    }
    li.name(first, ContentHash::of(&bytes), 5_000).await;
    li.put_all(&bytes).await;
    li.push().await;
    let file = file_with(world.folder.path(), &bytes).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let subject = Subject::Document(first);
    let ordered = world.relay.erase(subject, GROUND).await.unwrap();
    let mut failed = 0;
    for _ in 0..5 {
        let now = world.relay.time();
        failed += u32::from(world.relay.tick(now).await.is_err());
    }
    assert!(failed > 1, "it is tried again");
    world.clock.advance_ms(400 * 24 * 60 * 60 * 1000);
    for _ in 0..5 {
        let now = world.relay.time();
        drop(world.relay.tick(now).await);
    }
    let retired = world.relay.status().await.unwrap().retired;
    assert_eq!(
        retired, 2,
        "the other visit left its driver and its station"
    );
    std::fs::remove_dir(&file).unwrap();
    carry_out(&world.relay).await;
    let done = receipt(&world.relay, ordered.erasure.id).await;
    assert!(done.erasure.bytes_gone_at.is_some());
}

#[tokio::test]
async fn a_person_who_is_erased_is_nobody_and_their_work_about_others_stays() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let mut wang = world
        .phone("王永别", vec![Role::Keeper(world.stations[0])])
        .await;
    let visit = world.document_id();
    li.check_in(visit, world.stations[0]);
    li.sync(0).await;
    wang.sync(0).await;
    let served = |entry| visit::Command::SetKeeperNote(format!("被照顾得很好 {entry}"));
    wang.edit(visit, served(1));
    assert_eq!(codes(&mut wang).await, ["accepted"]);
    wang.edit(visit, served(2));
    let person = wang.identity.person;
    let linked = world
        .relay
        .link_outside(person, "https://sign-in.example.org", "永别-wang");
    linked.await.unwrap();
    let erased = world
        .relay
        .erase(Subject::Person(person), GROUND)
        .await
        .unwrap();
    carry_out(&world.relay).await;
    let done = receipt(&world.relay, erased.erasure.id).await;
    assert_eq!((done.documents(), done.erasure.parts_kept), (0, Some(1)));
    assert!(!says(world.folder.path(), "王永别".as_bytes()));
    assert_eq!(world.relay.outside_identities().await.unwrap(), []);
    assert!(!says(world.folder.path(), "永别-wang".as_bytes()));
    // What is about others and comes late waits for a person, as of anybody whose role ended.
    assert_eq!(codes(&mut wang).await, ["quarantined right.ended"]);
    assert!(world.relay.people().iter().all(|known| known.id != person));
    assert_eq!(world.relay.person(person), None);
    let pairing = world.relay.create_pair_code(person, 60_000).await;
    assert!(matches!(pairing, Err(PeopleError::NoPerson(_))));
    let role = world.relay.add_role(person, Role::Driver).await;
    assert!(matches!(role, Err(PeopleError::NoPerson(_))));
    wang.sync(0).await;
    assert_eq!(wang.identity.name, "");
    let served = yizhan_proto::Scope::Station(world.stations[0]);
    assert!(wang.identity.roles.is_empty() && !wang.identity.scopes.contains(&served));
}

#[tokio::test]
async fn nothing_new_about_a_person_who_was_erased_is_taken() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    li.sync(0).await;
    let person = li.identity.person;
    world
        .relay
        .erase(Subject::Person(person), GROUND)
        .await
        .unwrap();
    carry_out(&world.relay).await;
    let late = world.document_id();
    li.check_in(late, world.stations[0]);
    li.note(late, "offline geschrieben");
    assert_eq!(
        codes(&mut li).await,
        ["refused document.erased", "needs"],
        "what builds on it has nothing to build on"
    );
    assert!(!says(world.folder.path(), "offline geschrieben".as_bytes()));
    // Their phone comes back as somebody new, whose documents are.
    li.unsent.clear();
    let zhao = world
        .relay
        .add_person("赵师傅", vec![Role::Driver])
        .await
        .unwrap();
    let mut pairing = world.pairing(&zhao).await;
    pairing.device = li.device;
    pairing.public_key = world.relay.caller(li.device).unwrap().public_key.to_vec();
    pairing.provisional = person;
    let paired = world.relay.pair(pairing).await.unwrap();
    assert_eq!(paired.identity.person, zhao.id);
    assert!(paired.identity.aliases.is_empty());
    assert_eq!(world.relay.person(person), None);
}

#[tokio::test]
async fn a_backup_from_before_is_erased_again_by_the_ledger() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let (mine, other) = (world.document_id(), world.document_id());
    for id in [mine, other] {
        li.check_in(id, world.stations[0]);
        li.note(id, "vor dem Backup");
    }
    li.sync(0).await;
    world.relay.shutdown();
    let backup = tempfile::tempdir().unwrap();
    std::fs::copy(
        crate::store::database_path(world.folder.path()),
        crate::store::database_path(backup.path()),
    )
    .unwrap();
    world.relay = open(world.folder.path(), &world.clock);
    world
        .relay
        .erase(Subject::Document(mine), GROUND)
        .await
        .unwrap();
    let person = Subject::Person(li.identity.person);
    world.relay.erase(person, "moved away").await.unwrap();
    carry_out(&world.relay).await;
    let ledger = world.relay.erasure_ledger().await.unwrap();
    assert_eq!(ledger.len(), 2);

    let options = RelayOptions {
        restored: true,
        ..RelayOptions::default()
    };
    let clock = std::sync::Arc::clone(&world.clock);
    let restored = Relay::open(backup.path(), clock, &options).unwrap();
    assert!(says(backup.path(), "vor dem Backup".as_bytes()));
    assert_eq!(restored.replay_erasures(ledger.clone()).await.unwrap(), 2);
    assert_eq!(restored.replay_erasures(ledger).await.unwrap(), 0);
    carry_out(&restored).await;
    assert!(!says(backup.path(), "vor dem Backup".as_bytes()));
    let again = restored.erasures(None, 100).await.unwrap();
    let grounds: Vec<_> = again.iter().map(|r| r.erasure.ground.as_str()).collect();
    assert!(grounds.contains(&GROUND) && grounds.contains(&"moved away"));
    li.reach(restored.clone());
    li.epoch = None;
    li.windows.clear();
    let pushed = li.unsent.len();
    li.note(mine, "nach dem Backup");
    assert_eq!(pushed, 0);
    assert_eq!(codes(&mut li).await, ["refused document.erased"]);
}

#[tokio::test]
async fn what_cannot_be_erased_is_said() {
    let world = World::new().await;
    let unknown = scattered(1);
    let nobody = PersonId::from_bytes([77; 16]);
    let station = world.stations[0].into();
    for (subject, ground, expected) in [
        (Subject::Document(unknown), GROUND, "no document"),
        (Subject::Person(nobody), GROUND, "no person"),
        (Subject::Document(station), GROUND, "closed, not erased"),
        (Subject::Document(unknown), " ", "one line"),
        (Subject::Document(unknown), "a\nb", "one line"),
        (Subject::Document(unknown), &"长".repeat(400), "1200 bytes"),
    ] {
        let error: ErasureError = world.relay.erase(subject, ground).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(world.relay.erasures(None, 100).await.unwrap(), []);
}

/// Ten visits of a driver, erased one by one, three at each moment.
#[tokio::test]
async fn receipts_are_told_a_page_at_a_time_and_found_by_what_people_call_them() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let visits: Vec<DocumentId> = (0..10).map(scattered).collect();
    for visit in &visits {
        li.check_in(*visit, world.stations[0]);
    }
    li.push().await;
    let mut ordered = Vec::new();
    for (n, visit) in visits.iter().enumerate() {
        world.clock.advance_ms(i64::from(n % 3 == 0));
        let receipt = world.relay.erase(Subject::Document(*visit), GROUND).await;
        ordered.push(receipt.unwrap().erasure);
    }
    let relay = &world.relay;
    let ids = |receipts: Vec<Receipt>| -> Vec<EntryId> {
        receipts
            .into_iter()
            .map(|receipt| receipt.erasure.id)
            .collect()
    };
    let all = ids(relay.erasures(None, u32::MAX).await.unwrap());
    let mut expected = ordered.clone();
    expected.sort_by_key(|row| std::cmp::Reverse((row.at, row.id)));
    let expected: Vec<EntryId> = expected.iter().map(|row| row.id).collect();
    assert_eq!(all, expected, "the latest first");
    let (mut paged, mut behind) = (Vec::new(), None);
    for _ in 0..4 {
        let page = ids(relay.erasures(behind, 4).await.unwrap());
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        behind = Some(*last);
        paged.extend(page);
    }
    assert_eq!(paged, all, "each once, none left out");
    let nowhere = relay.erasures(Some(EntryId::from_bytes([9; 16])), 4).await;
    assert!(matches!(nowhere, Err(ErasureError::NotFound(_))));

    let named = async |text: &str| relay.erasures_named(text, 100).await.map(ids);
    let (id, subject) = (ordered[3].id, visits[3].to_string());
    assert_eq!(named(&id.to_string()).await.unwrap(), [id]);
    assert_eq!(named(&subject).await.unwrap(), [id]);
    assert_eq!(named(&id.to_string()[..3]).await.unwrap().len(), 10);
    assert_eq!(
        named(&subject[..18]).await.unwrap(),
        [],
        "the whole id, or nothing"
    );
    assert_eq!(relay.erasures_named("0", 2).await.unwrap().len(), 2);
    assert!(matches!(
        named("李师傅").await,
        Err(ErasureError::Invalid(_))
    ));
}

#[tokio::test]
async fn what_waits_in_quarantine_goes_too() {
    let mut world = World::new().await;
    let mut wang = world.keeper(0).await;
    let person = world.driver().await.identity.person;
    wang.sync(0).await;
    let keeps = Role::Keeper(world.stations[0]);
    let keeper = wang.identity.person;
    world.relay.remove_role(keeper, keeps).await.unwrap();
    let waiting = world.document_id();
    wang.edit(
        waiting,
        visit::Command::CheckIn {
            driver: person,
            driver_name: "等待中的人".into(),
            station: world.stations[0],
            arrived_at: world.clock.now(),
            source: visit::Source::Keeper,
            vehicle_plate: None,
            requested: Vec::new(),
        },
    );
    assert_eq!(codes(&mut wang).await, ["quarantined right.ended"]);
    let erased = world
        .relay
        .erase(Subject::Person(person), GROUND)
        .await
        .unwrap();
    carry_out(&world.relay).await;
    let done = receipt(&world.relay, erased.erasure.id).await;
    assert_eq!((done.done(), done.erasure.quarantined), (1, 1));
    assert_eq!(world.relay.status().await.unwrap().quarantined, 0);
    assert!(!says(world.folder.path(), "等待中的人".as_bytes()));
    // The phone that holds it is told, though nothing of it was ever let in.
    wang.unsent.clear();
    let response = wang.exchange(0).await;
    let mut items = response.pages.iter().flat_map(|page| &page.items);
    assert!(
        items.any(|item| item.document == waiting && item.forget == Some(ForgetReason::Erased))
    );
}
