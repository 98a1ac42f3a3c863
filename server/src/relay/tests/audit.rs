//! What the audit log says of a day, and that nothing of it is entered twice or left out.

use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Command, check, consent, visit};
use yizhan_proto::audit::{CheckRead, CheckReads, Screen};
use yizhan_proto::limits::AUDIT_READS_MAX;
use yizhan_proto::{DeviceId, DocumentId, EntryId, ProtocolVersion, Role, Timestamp};

use super::phone::Phone;
use super::{MORNING_MS, World, open};
use crate::audit::{Action, By, Event, Subject, Verdict, Verifier, decode};
use crate::error::RelayError;
use crate::relay::{AuditFilter, Relay, RelayOptions, Which};

/// All entries, oldest first; the chain they make is verified on the way.
pub(super) async fn entries(relay: &Relay) -> Vec<Event> {
    let mut verifier = Verifier::new(Some(relay.audit_head().await.unwrap().1));
    let rows = relay.audit_chain(0, 10_000).await.unwrap();
    let read = |row: &crate::relay::AuditRow| {
        assert!(row.findable, "{row:?}");
        verifier.add(&row.bytes, &row.hash).unwrap()
    };
    let events = rows.iter().map(read).collect();
    verifier.finish().unwrap();
    events
}

async fn actions(relay: &Relay) -> Vec<String> {
    let entries = entries(relay).await;
    entries
        .iter()
        .map(|event| event.action.to_string())
        .collect()
}

async fn listed(relay: &Relay, filter: AuditFilter) -> Vec<Event> {
    let limit = 100;
    let filter = AuditFilter { limit, ..filter };
    let rows = relay.audit_list(filter).await.unwrap().entries;
    rows.iter()
        .map(|row| decode(&row.bytes).unwrap().1)
        .collect()
}

fn reads(reads: Vec<CheckRead>) -> CheckReads {
    CheckReads {
        version: ProtocolVersion::CURRENT,
        reads,
    }
}

fn look(document: DocumentId, entry: u8) -> CheckRead {
    CheckRead {
        entry: EntryId::from_bytes([entry; 16]),
        document,
        at: Timestamp::from_ms(MORNING_MS - 7),
        screen: Screen::Opened,
    }
}

/// A driver who consented, a keeper who measured, and the check.
async fn measured(world: &mut World) -> (Phone, Phone, DocumentId) {
    let station = world.stations[0];
    let mut li = world.driver().await;
    let mut medic = world.phone("孙医生", vec![Role::Health(station)]).await;
    let (given, check_id) = (world.document_id(), world.document_id());
    let driver = li.identity.person;
    let given_at = Timestamp::from_ms(MORNING_MS);
    li.edit(
        given,
        Command::Consent(consent::Command::Give {
            driver,
            station,
            purpose: consent::Purpose::HealthRecord,
            given_at,
            witness: None,
            share_with: None,
            until: None,
        }),
    );
    li.sync(0).await;
    let reading = |n, item, entered: &str| check::Reading {
        entry: EntryId::from_bytes([n; 16]),
        item,
        value: check::ReadingValue::Quantity {
            entered: entered.to_owned(),
            unit: "mm[Hg]".to_owned(),
            comparator: None,
        },
    };
    medic.edit(
        check_id,
        Command::Check(check::Command::Create(check::NewCheck {
            driver,
            station,
            visit: None,
            consent: given,
            by: medic.identity.person,
            taken_at: given_at,
            readings: vec![
                reading(1, Item::Systolic, "126"),
                reading(2, Item::Diastolic, "82"),
            ],
            advice: Vec::new(),
            note: None,
            replaces: None,
        })),
    );
    medic.sync(0).await;
    (li, medic, check_id)
}

#[tokio::test]
async fn what_an_operator_orders_is_entered_where_it_changes_something() {
    let world = World::new().await;
    let relay = &world.relay;
    let keeper = Role::Keeper(world.stations[0]);
    let person = relay
        .add_person("王站长", vec![Role::Driver])
        .await
        .unwrap();
    let other = relay.add_person("王师傅", vec![]).await.unwrap();
    for _ in 0..2 {
        relay.add_role(person.id, keeper.clone()).await.unwrap();
    }
    for _ in 0..2 {
        relay.remove_role(person.id, keeper.clone()).await.unwrap();
    }
    let code = relay.create_pair_code(person.id, 60_000).await.unwrap();
    relay.merge_people(person.id, other.id).await.unwrap();
    let refused = relay.revoke_device(DeviceId::from_bytes([9; 16])).await;
    assert!(refused.is_err(), "and nothing is entered of it");
    relay.station_code(world.stations[0]).await.unwrap();
    assert_eq!(
        actions(relay).await,
        [
            "relay.began",
            "station.imported",
            "station.imported",
            "person.added",
            "role.given",
            "person.added",
            "role.given",
            "role.ended",
            "pair_code.made",
            "person.merged",
            "station.code_shown",
        ]
    );
    let events = entries(relay).await;
    assert!(events[1..].iter().all(|event| event.by == By::Operator));
    let given = &events[6];
    assert_eq!(given.subject, Some(Subject::Person(person.id)));
    assert_eq!(given.detail.as_ref().unwrap().as_str(), keeper.to_string());
    // No name and no code, in whatever form.
    let rows = relay.audit_chain(0, 100).await.unwrap();
    let plain = code.code.replace('-', "");
    for secret in ["王站长", "王师傅", &code.code, &plain, "司机之家"] {
        let found = |row: &crate::relay::AuditRow| {
            row.bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(!rows.iter().any(found), "{secret}");
    }
}

#[tokio::test]
async fn who_looked_at_a_check_is_entered_once_however_often_it_is_told() {
    let mut world = World::new().await;
    let (li, medic, check) = measured(&mut world).await;
    let relay = world.relay.clone();
    let caller = relay.caller(medic.device).unwrap();
    let told = reads(vec![look(check, 1), look(check, 2), look(check, 1)]);
    let entered = relay.enter_reads(&caller, told.clone()).await.unwrap();
    assert_eq!(
        entered.entries.len(),
        3,
        "each is named, the doubled one too"
    );
    let again = relay.enter_reads(&caller, told).await.unwrap();
    assert_eq!(again, entered);

    let driver = li.identity.person;
    let people = AuditFilter {
        people: vec![driver],
        action: Some("check.read".to_owned()),
        ..AuditFilter::default()
    };
    let found = listed(&relay, people).await;
    assert_eq!(found.len(), 2);
    for event in &found {
        assert_eq!(event.by, By::Device(medic.identity.person, medic.device));
        assert_eq!(event.subject, Some(Subject::Document(check)));
        assert_eq!(event.about, Some(driver));
        assert_eq!(event.read_at, Some(Timestamp::from_ms(MORNING_MS - 7)));
        assert_eq!(event.verdict, Verdict::Done);
    }
    // Another device may use the same id for another look.
    let own = relay.caller(li.device).unwrap();
    relay
        .enter_reads(&own, reads(vec![look(check, 1)]))
        .await
        .unwrap();
    let of_document = AuditFilter {
        document: Some(check),
        ..AuditFilter::default()
    };
    assert_eq!(listed(&relay, of_document.clone()).await.len(), 3);
    let listing = AuditFilter {
        limit: 2,
        ..of_document
    };
    let listing = relay.audit_list(listing).await.unwrap();
    assert_eq!(listing.entries.len(), 2);
    // Who wrote it stands in the log of changes, beside.
    let made: Vec<_> = listing.changes.iter().map(|made| made.device).collect();
    assert_eq!(made, [medic.device]);
    entries(&relay).await;
}

#[tokio::test]
async fn a_look_at_what_one_may_not_read_is_entered_as_refused() {
    let mut world = World::new().await;
    let (_li, medic, check) = measured(&mut world).await;
    let other = world.keeper(1).await;
    let relay = world.relay.clone();
    let nowhere = world.document_id();
    let told = reads(vec![look(check, 1), look(nowhere, 2)]);
    let caller = relay.caller(other.device).unwrap();
    let entered = relay.enter_reads(&caller, told).await.unwrap();
    assert_eq!(entered.entries.len(), 2);
    let by_device = AuditFilter {
        device: Some(other.device),
        action: Some(Action::CheckRead.as_str().to_owned()),
        ..AuditFilter::default()
    };
    let found = listed(&relay, by_device).await;
    let refused = |event: &Event| matches!(event.verdict, Verdict::Refused(_));
    assert!(found.len() == 2 && found.iter().all(refused), "{found:?}");

    // Whose role ended in the meantime did look; it is entered, and marked.
    let person = medic.identity.person;
    let role = Role::Health(world.stations[0]);
    relay.remove_role(person, role).await.unwrap();
    let caller = relay.caller(medic.device).unwrap();
    relay
        .enter_reads(&caller, reads(vec![look(check, 5)]))
        .await
        .unwrap();
    let last = entries(&relay).await.pop().unwrap();
    assert!(refused(&last) && last.subject == Some(Subject::Document(check)));
}

#[tokio::test]
async fn too_many_reads_at_once_and_too_many_strays_are_bounded() {
    let mut world = World::new().await;
    let keeper = world.keeper(0).await;
    let relay = world.relay.clone();
    let caller = relay.caller(keeper.device).unwrap();
    let stray = |n: usize| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(n as u64).to_be_bytes());
        CheckRead {
            entry: EntryId::from_bytes(id),
            ..look(DocumentId::from_bytes(id), 0)
        }
    };
    let over = reads((0..=AUDIT_READS_MAX).map(stray).collect());
    let error = relay.enter_reads(&caller, over).await.unwrap_err();
    assert!(
        matches!(error, RelayError::Limit { bound: 256, .. }),
        "{error}"
    );
    let mut taken = 0;
    for batch in 0..20 {
        let from = batch * AUDIT_READS_MAX;
        let batch = reads((from..from + AUDIT_READS_MAX).map(stray).collect());
        taken += relay
            .enter_reads(&caller, batch)
            .await
            .unwrap()
            .entries
            .len();
    }
    assert_eq!(taken, 4_096, "the others are to be sent again");
    world.clock.advance_ms(60 * 60 * 1_000);
    let later = reads(vec![stray(19 * AUDIT_READS_MAX + 255)]);
    let entered = relay.enter_reads(&caller, later).await.unwrap();
    assert_eq!(entered.entries.len(), 1);
}

#[tokio::test]
async fn who_tries_what_they_may_not_is_entered_and_a_mistake_is_not() {
    let mut world = World::new().await;
    let mut li = world.driver().await;
    let mut stranger = world.driver().await;
    let (id, station) = (world.document_id(), world.stations[0]);
    li.check_in(id, station);
    li.sync(0).await;
    let theirs = li.documents[&id].clone();
    // Somebody who learned the id writes into it.
    stranger.documents.insert(id, theirs);
    stranger.note(id, "我也在这里");
    stranger.exchange(0).await;
    let events = entries(&world.relay).await;
    let last = events.last().unwrap();
    assert_eq!(last.action, Action::ChangeRefused);
    let by = By::Device(stranger.identity.person, stranger.device);
    assert_eq!((last.by, last.about), (by, Some(li.identity.person)));
    let Verdict::Refused(why) = &last.verdict else {
        panic!("{last:?}")
    };
    assert_eq!(why.as_str(), "author.unrelated");
    // A value that is out of range is the phone's to show.
    let before = events.len();
    li.edit(id, visit::Command::Rate(99));
    li.exchange(0).await;
    assert_eq!(entries(&world.relay).await.len(), before);
}

#[tokio::test]
async fn work_that_waits_is_entered_once_and_the_log_goes_on_after_a_restore() {
    let mut world = World::new().await;
    let mut keeper = world.keeper(0).await;
    let mut li = world.driver().await;
    let id = world.document_id();
    li.check_in(id, world.stations[0]);
    li.sync(0).await;
    keeper.sync(0).await;
    let role = Role::Keeper(world.stations[0]);
    let person = keeper.identity.person;
    world.relay.remove_role(person, role).await.unwrap();
    keeper.edit(
        id,
        Command::Visit(visit::Command::Serve {
            entry: EntryId::from_bytes([3; 16]),
            service: "shower".to_owned(),
            quantity: 1,
            by: person,
            at: Timestamp::from_ms(MORNING_MS),
        }),
    );
    for _ in 0..2 {
        keeper.exchange(0).await;
    }
    let said = actions(&world.relay).await;
    let waiting = |said: &[String]| said.iter().filter(|a| *a == "change.quarantined").count();
    assert_eq!(waiting(&said), 1, "{said:?}");

    // Somebody decides: who, and about whose work, is entered with it.
    let which = Which::Person(person);
    let decided = world.relay.accept_quarantined(which, None).await.unwrap();
    assert_eq!(decided.len(), 1);
    let events = entries(&world.relay).await;
    let last = events.last().unwrap();
    assert_eq!(last.action, Action::QuarantineAccepted);
    assert_eq!((last.by, last.about), (By::Operator, Some(person)));
    assert_eq!(last.subject, Some(Subject::Document(id)));
    let said = actions(&world.relay).await;

    world.relay.shutdown();
    let restored = RelayOptions {
        restored: true,
        ..RelayOptions::default()
    };
    let before = said.len();
    let clock = std::sync::Arc::clone(&world.clock);
    let relay = Relay::open(world.folder.path(), clock, &restored).unwrap();
    let events = entries(&relay).await;
    assert_eq!(events.len(), before + 1);
    let last = events.last().unwrap();
    assert_eq!(last.action, Action::RelayRestored);
    assert_eq!(last.subject, Some(Subject::Device(relay.device_id())));
    let epoch = last.detail.as_ref().unwrap().as_str().to_owned();
    assert_eq!(epoch, relay.epoch().to_string());
    relay.shutdown();
    let again = open(world.folder.path(), &world.clock);
    assert_eq!(
        entries(&again).await.len(),
        before + 1,
        "a start is no entry"
    );
}
