//! What somebody would try who wants to read another driver's check, to bring back what was erased,
//! to write as somebody else, or to hold up everybody.

mod claims;
mod consents;
mod decisions;
mod desks;
mod keys;
mod lineages;
mod lists;
mod merging;
mod photos;
mod probing;
mod rights;

use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Command, check, consent};
use yizhan_proto::audit::{CheckRead, CheckReads, Screen};
use yizhan_proto::device::FarewellRequest;
use yizhan_proto::identity::RegisterRequest;
use yizhan_proto::sync::{
    Fetch, ForgetReason, Forgotten, Outcome, Push, RangeDigest, Receipt, ScopeState, SyncRequest,
};
use yizhan_proto::{
    Cursor, DeviceId, DocumentId, EntryId, Kind, Nonce, PersonId, ProtocolVersion, Role, Scope,
    ScopeDigest, Sequence, StationId, Timestamp, Window,
};

use super::phone::Phone;
use super::{MORNING_MS, World};
use crate::audit::Action;
use crate::error::{PairError, PeopleError};
use crate::relay::{
    AuditFilter, OutsideBearer, OutsideNewcomer, Quotas, Relay, RelayOptions, Subject, Which,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn said(receipts: &[Receipt]) -> Vec<String> {
    let word = |receipt: &Receipt| match &receipt.outcome {
        Outcome::Accepted(_) => "accepted".to_owned(),
        Outcome::Duplicate(_) => "duplicate".to_owned(),
        Outcome::Needs(_) => "needs".to_owned(),
        Outcome::Unknown(_) => "unknown".to_owned(),
        Outcome::Refused(reason) => reason.code.clone(),
        Outcome::Quarantined(reason) => format!("waits: {}", reason.code),
        Outcome::Later(reason) => format!("later: {}", reason.code),
    };
    receipts.iter().map(word).collect()
}

fn give(
    driver: PersonId,
    station: StationId,
    purpose: consent::Purpose,
    witness: Option<PersonId>,
    share_with: Option<StationId>,
) -> Command {
    let given_at = Timestamp::from_ms(MORNING_MS);
    Command::Consent(consent::Command::Give {
        driver,
        station,
        purpose,
        given_at,
        witness,
        share_with,
        until: share_with.map(|_| given_at.saturating_add_ms(30 * DAY_MS)),
    })
}

fn measured_by(
    medic: PersonId,
    driver: PersonId,
    station: StationId,
    given: DocumentId,
) -> Command {
    let reading = |n, item, entered: &str| check::Reading {
        entry: EntryId::from_bytes([n; 16]),
        item,
        value: check::ReadingValue::Quantity {
            entered: entered.to_owned(),
            unit: "mm[Hg]".to_owned(),
            comparator: None,
        },
    };
    Command::Check(check::Command::Create(check::NewCheck {
        driver,
        station,
        visit: None,
        consent: given,
        by: medic,
        taken_at: Timestamp::from_ms(MORNING_MS),
        readings: vec![
            reading(1, Item::Systolic, "126"),
            reading(2, Item::Diastolic, "82"),
        ],
        advice: Vec::new(),
        note: None,
        replaces: None,
    }))
}

/// A driver with a check at the first station, and the medic who took it.
struct Measured {
    world: World,
    li: Phone,
    medic: Phone,
    given: DocumentId,
    check: DocumentId,
}

async fn measured() -> Measured {
    let mut world = World::new().await;
    let li = registered(&mut world, "李师傅").await;
    measure(world, li).await
}

async fn measure(mut world: World, mut li: Phone) -> Measured {
    let station = world.stations[0];
    let mut medic = world.phone("孙医生", vec![Role::Health(station)]).await;
    let (given, check) = (world.document_id(), world.document_id());
    let driver = li.identity.person;
    li.edit(
        given,
        give(driver, station, consent::Purpose::HealthRecord, None, None),
    );
    li.sync(0).await;
    let by = medic.identity.person;
    medic.edit(check, measured_by(by, driver, station, given));
    medic.sync(0).await;
    li.sync(0).await;
    assert!(li.documents.contains_key(&check));
    Measured {
        world,
        li,
        medic,
        given,
        check,
    }
}

/// A driver who registered alone at the first station.
async fn registered(world: &mut World, name: &str) -> Phone {
    let request = registration(world, name).await;
    let device = request.device;
    let paired = world.relay.register(request).await.unwrap();
    Phone::new(world.relay.clone(), device, paired.identity)
}

async fn registration(world: &mut World, name: &str) -> RegisterRequest {
    let station_code = world.relay.station_code(world.stations[0]).await.unwrap();
    RegisterRequest {
        version: ProtocolVersion::CURRENT,
        station_code,
        device: DeviceId::from_bytes(world.id()),
        public_key: world.id().repeat(2),
        person: PersonId::from_bytes(world.id()),
        name: name.to_owned(),
        label: String::new(),
        signature: Vec::new(),
    }
}

async fn settle(relay: &Relay) {
    while relay.tick(relay.time()).await.unwrap() {}
}

pub(super) fn leave(phone: &Phone, pushes: Vec<Push>) -> FarewellRequest {
    FarewellRequest {
        version: ProtocolVersion::CURRENT,
        device: phone.device,
        challenge: Vec::new(),
        nonce: Nonce::from_bytes([7; 16]),
        device_time: phone.device_time,
        pushes,
        signature: [0; 64],
    }
}

async fn count(relay: &Relay, action: Action) -> usize {
    let filter = AuditFilter {
        limit: 10_000,
        ..AuditFilter::default()
    };
    let rows = relay.audit_list(filter).await.unwrap().entries;
    let events = rows
        .iter()
        .map(|row| crate::audit::decode(&row.bytes).unwrap().1);
    events.filter(|event| event.action == action).count()
}

// Reading another driver's check.

/// Scopes that are not one's own, a check's id learned somewhere, ranges to compare: nothing of
/// it is answered, and a check that is there is told from one that never was by nothing.
#[tokio::test]
async fn a_stranger_who_knows_a_checks_id_learns_nothing_of_it() {
    let mut scene = measured().await;
    let mut thief = registered(&mut scene.world, "贼").await;
    thief.sync(0).await;
    let driver = scene.li.identity.person;
    let nobody = scene.world.document_id();
    let theirs = [
        Scope::Person(driver),
        Scope::Station(scene.world.stations[0]),
        Scope::StationHealth(scene.world.stations[0]),
    ];
    let own = Scope::Person(thief.identity.person);
    for scope in theirs.iter().chain([&own]) {
        let ask = |document| SyncRequest {
            scopes: vec![ScopeState::new(scope.clone(), None, ScopeDigest::EMPTY)],
            fetches: vec![Fetch {
                scope: scope.clone(),
                document,
            }],
            repairs: vec![RangeDigest {
                scope: scope.clone(),
                from: None,
                until: None,
                digest: ScopeDigest::EMPTY,
            }],
            ..thief.request()
        };
        let there = thief.send(ask(scene.check)).await.unwrap();
        let never = thief.send(ask(nobody)).await.unwrap();
        let shape = |response: &yizhan_proto::sync::SyncResponse| {
            let fetched: Vec<_> = response
                .fetched
                .iter()
                .map(|it| {
                    let item = &it.item;
                    (item.kind, item.sequence, item.changes.len(), item.forget)
                })
                .collect();
            (response.pages.clone(), response.repairs.clone(), fetched)
        };
        assert_eq!(shape(&there), shape(&never), "{scope}");
        assert!(there.pages.iter().all(|page| page.items.is_empty()));
        assert!(there.repairs.is_empty());
    }
}

/// Telling of a look is answered the same for a check and for an id that was made up.
#[tokio::test]
async fn telling_of_looks_does_not_say_which_checks_there_are() {
    let mut scene = measured().await;
    let thief = registered(&mut scene.world, "贼").await;
    let caller = scene.world.relay.caller(thief.device).unwrap();
    let nobody = scene.world.document_id();
    for (n, document) in [(1, scene.check), (2, nobody)] {
        let entry = EntryId::from_bytes([n; 16]);
        let read = CheckRead {
            entry,
            document,
            at: Timestamp::from_ms(MORNING_MS),
            screen: Screen::Opened,
        };
        let told = scene.world.relay.enter_reads(
            &caller,
            CheckReads {
                version: ProtocolVersion::CURRENT,
                reads: vec![read],
            },
        );
        assert_eq!(told.await.unwrap().entries, [entry]);
    }
}

/// A keeper without the health role at the driver's station takes checks at another one, and
/// "witnesses" that the driver shares everything with that.
#[tokio::test]
async fn a_keeper_who_reads_no_checks_cannot_have_them_shared_with_a_station_where_they_do() {
    let mut scene = measured().await;
    let [here, there] = scene.world.stations;
    let roles = vec![Role::Keeper(here), Role::Health(there)];
    let mut thief = scene.world.phone("钱站长", roles).await;
    let (driver, me) = (scene.li.identity.person, thief.identity.person);
    let share = scene.world.document_id();
    let purpose = consent::Purpose::Share;
    thief.edit(share, give(driver, here, purpose, Some(me), Some(there)));
    assert_eq!(said(&thief.push().await), ["field.forbidden"]);
    thief.discard(share);
    settle(&scene.world.relay).await;
    thief.sync(0).await;
    assert!(!thief.documents.contains_key(&scene.check));
    // Who takes checks here may witness it, and the driver may say it.
    let medic = scene.medic.identity.person;
    let by_medic = give(driver, here, purpose, Some(medic), Some(there));
    scene.medic.edit(scene.world.document_id(), by_medic);
    assert_eq!(said(&scene.medic.push().await), ["accepted"]);
    let by_driver = give(driver, here, purpose, None, Some(there));
    scene.li.edit(scene.world.document_id(), by_driver);
    assert_eq!(said(&scene.li.push().await), ["accepted"]);
}

/// Nor does the station that would get them write the sharing itself.
#[tokio::test]
async fn a_station_cannot_help_itself_to_what_a_driver_has_at_another() {
    let mut scene = measured().await;
    let [here, there] = scene.world.stations;
    let roles = vec![Role::Keeper(there), Role::Health(there)];
    let mut thief = scene.world.phone("钱站长", roles).await;
    let (driver, me) = (scene.li.identity.person, thief.identity.person);
    for (station, with) in [(here, there), (there, there)] {
        let share = scene.world.document_id();
        let purpose = consent::Purpose::Share;
        thief.edit(share, give(driver, station, purpose, Some(me), Some(with)));
        thief.push().await;
        thief.discard(share);
        settle(&scene.world.relay).await;
        thief.sync(0).await;
        assert!(!thief.documents.contains_key(&scene.check));
    }
}

/// Registering or pairing as somebody else, by their id, an alias of theirs or a phone of theirs.
#[tokio::test]
async fn nobody_comes_in_as_a_driver_who_is_here() {
    let mut scene = measured().await;
    let victim = scene.li.identity.person;
    let mut request = registration(&mut scene.world, "贼").await;
    request.person = victim;
    let taken = scene.world.relay.register(request).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)));
    let mut request = registration(&mut scene.world, "贼").await;
    request.device = scene.li.device;
    let taken = scene.world.relay.register(request).await;
    assert!(matches!(taken, Err(PairError::DeviceConflict)));
    let thief = scene.world.relay.add_person("贼", vec![]).await.unwrap();
    let mut request = scene.world.pairing(&thief).await;
    request.provisional = victim;
    let taken = scene.world.relay.pair(request).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)));
    let mut request = scene.world.pairing(&thief).await;
    request.device = scene.li.device;
    let taken = scene.world.relay.pair(request).await;
    assert!(matches!(taken, Err(PairError::DeviceConflict)));
}

fn linked(number: u8) -> OutsideBearer {
    OutsideBearer {
        issuer: "https://id.example.org".to_owned(),
        subject: "李-13800000000".to_owned(),
        token_hash: [number; 32],
        expires_at: Timestamp::from_ms(i64::MAX),
    }
}

/// Whoever finds a lost phone, still signed in at the identity provider, asks for a new token.
#[tokio::test]
async fn a_phone_that_is_to_erase_itself_does_not_come_back_with_a_token_from_outside() {
    let mut world = World::new().await;
    let li = world.relay.add_person("李师傅", vec![Role::Driver]).await;
    let li = li.unwrap();
    let bearer = linked(1);
    let link = world
        .relay
        .link_outside(li.id, &bearer.issuer, &bearer.subject);
    link.await.unwrap();
    let phone = OutsideNewcomer {
        device: DeviceId::from_bytes(world.id()),
        public_key: [7; 32],
        provisional: PersonId::from_bytes(world.id()),
        label: String::new(),
    };
    world
        .relay
        .pair_outside(phone.clone(), bearer)
        .await
        .unwrap();
    world.relay.order_wipe(phone.device).await.unwrap();
    let back = world.relay.pair_outside(phone.clone(), linked(2)).await;
    assert!(matches!(back, Err(PairError::DeviceRevoked)), "{back:?}");
    assert!(world.relay.caller(phone.device).is_err());
    assert!(world.relay.key_of_lost(phone.device).await.is_ok());
}

// Bringing back what was erased.

/// A medic's lost tablet hands over, after a driver was erased, what it had of them.
#[tokio::test]
async fn a_lost_tablet_hands_over_nothing_about_somebody_who_was_erased() {
    let mut scene = measured().await;
    let station = scene.world.stations[0];
    let driver = scene.li.identity.person;
    let late = scene.world.document_id();
    let by = scene.medic.identity.person;
    let unsent = measured_by(by, driver, station, scene.given);
    scene.medic.edit(late, unsent);
    let relay = scene.world.relay.clone();
    let erased = relay.erase(Subject::Person(driver), "in writing").await;
    settle(&relay).await;
    relay.order_wipe(scene.medic.device).await.unwrap();
    let pushes = std::mem::take(&mut scene.medic.unsent);
    let told = relay.farewell(leave(&scene.medic, pushes)).await.unwrap();
    assert_eq!(said(&told.receipts), ["document.erased"]);
    assert_eq!(relay.status().await.unwrap().quarantined, 0);
    drop(erased);
}

/// Who was erased stays nobody: no link, no code and no consent brings them back.
#[tokio::test]
async fn somebody_erased_does_not_come_back_by_a_token_or_a_consent() {
    let mut scene = measured().await;
    let relay = scene.world.relay.clone();
    let driver = scene.li.identity.person;
    let bearer = linked(1);
    let link = |bearer: OutsideBearer| {
        let relay = relay.clone();
        async move {
            relay
                .link_outside(driver, &bearer.issuer, &bearer.subject)
                .await
        }
    };
    link(bearer.clone()).await.unwrap();
    let erased = relay.erase(Subject::Person(driver), "in writing").await;
    settle(&relay).await;
    assert_eq!(relay.outside_identities().await.unwrap(), []);
    let again = link(bearer.clone()).await;
    assert!(matches!(again, Err(PeopleError::NoPerson(_))));
    let phone = OutsideNewcomer {
        device: DeviceId::from_bytes(scene.world.id()),
        public_key: [7; 32],
        provisional: PersonId::from_bytes(scene.world.id()),
        label: String::new(),
    };
    let back = relay.pair_outside(phone, bearer).await;
    assert!(matches!(back, Err(PairError::OutsideUnknown)));
    let station = scene.world.stations[0];
    let me = scene.medic.identity.person;
    let purpose = consent::Purpose::HealthRecord;
    let consent = give(driver, station, purpose, Some(me), None);
    scene.medic.edit(scene.world.document_id(), consent);
    assert_eq!(said(&scene.medic.push().await), ["document.erased"]);
    drop(erased);
}

/// A change that waits, of a document that is erased meanwhile, is not there to be accepted.
#[tokio::test]
async fn what_waits_about_somebody_erased_is_not_accepted_afterwards() {
    let mut scene = measured().await;
    let station = scene.world.stations[0];
    let relay = scene.world.relay.clone();
    let (driver, medic) = (scene.li.identity.person, scene.medic.identity.person);
    let role = Role::Health(station);
    relay.remove_role(medic, role).await.unwrap();
    let late = scene.world.document_id();
    let command = measured_by(medic, driver, station, scene.given);
    scene.medic.edit(late, command);
    assert_eq!(said(&scene.medic.push().await), ["waits: right.ended"]);
    relay
        .erase(Subject::Person(driver), "in writing")
        .await
        .unwrap();
    settle(&relay).await;
    let accepted = relay.accept_quarantined(Which::Person(medic), None).await;
    assert_eq!(accepted.unwrap(), []);
    assert_eq!(said(&scene.medic.push().await), ["document.erased"]);
}

// Writing as somebody else.

/// A driver's lost phone hands over a check "by" the medic: no decision lets it in.
#[tokio::test]
async fn a_forged_check_does_not_enter_by_a_farewell_and_a_pardon() {
    let mut scene = measured().await;
    let station = scene.world.stations[0];
    let relay = scene.world.relay.clone();
    let mut thief = registered(&mut scene.world, "贼").await;
    let (driver, medic) = (scene.li.identity.person, scene.medic.identity.person);
    for by in [medic, thief.identity.person] {
        let forged = scene.world.document_id();
        thief.edit(forged, measured_by(by, driver, station, scene.given));
    }
    // And one that the medic's tablet made.
    let mut copied = scene.medic.clone();
    let command = measured_by(medic, driver, station, scene.given);
    copied.edit(scene.world.document_id(), command);
    let mut pushes = std::mem::take(&mut thief.unsent);
    pushes.extend(copied.unsent);
    let pushed = SyncRequest {
        pushes: pushes.clone(),
        ..thief.request()
    };
    let receipts = thief.send(pushed).await.unwrap().receipts;
    assert_eq!(receipts.len(), 3);
    assert!(
        receipts
            .iter()
            .all(|it| matches!(it.outcome, Outcome::Refused(_)))
    );
    relay.order_wipe(thief.device).await.unwrap();
    let told = relay.farewell(leave(&thief, pushes)).await.unwrap();
    let waits = "waits: device.revoked";
    assert_eq!(said(&told.receipts), [waits, waits, "actor.foreign"]);
    let decided = relay.accept_quarantined(Which::Device(thief.device), None);
    let became = decided.await.unwrap();
    assert!(
        became
            .iter()
            .all(|it| matches!(it.became, crate::relay::Became::Stays(_))),
        "{became:?}"
    );
    scene.li.sync(0).await;
    let checks = scene.li.documents.values();
    assert_eq!(checks.filter(|it| it.kind == Kind::Check).count(), 1);
}

// Holding up everybody.

fn quotas(waiting: u64) -> RelayOptions {
    RelayOptions {
        quotas: Quotas {
            person_waiting_max: waiting,
            ..Quotas::default()
        },
        ..RelayOptions::default()
    }
}

async fn bounded(waiting: u64) -> World {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    tokio::task::spawn_blocking(move || relay.shutdown())
        .await
        .unwrap();
    let clock = std::sync::Arc::clone(&world.clock);
    world.relay = Relay::open(world.folder.path(), clock, &quotas(waiting)).unwrap();
    world
}

/// A revoked device may hand over as much as anything of its person may wait, and no more; what
/// was rejected makes room, and does not wait again or fill the log by being sent again.
#[tokio::test]
async fn a_lost_phone_hands_over_no_more_than_may_wait() {
    let mut world = bounded(2).await;
    let mut thief = world.driver().await;
    for _ in 0..3 {
        thief.check_in(world.document_id(), world.stations[0]);
    }
    let relay = world.relay.clone();
    relay.order_wipe(thief.device).await.unwrap();
    let pushes = std::mem::take(&mut thief.unsent);
    let all = leave(&thief, pushes.clone());
    let waits = "waits: device.revoked";
    let told = relay.farewell(all.clone()).await.unwrap();
    let later = "later: quota.person_waiting";
    assert_eq!(said(&told.receipts), [waits, waits, later]);
    let hash = |push: &Push| yizhan_proto::ChangeHash::of_chunk(&push.change).to_string();
    let two: Vec<String> = pushes[..2].iter().map(hash).collect();
    relay
        .reject_quarantined(&two, "不是他写的", None)
        .await
        .unwrap();
    for _ in 0..3 {
        let told = relay.farewell(all.clone()).await.unwrap();
        let rejected = "quarantine.rejected";
        assert_eq!(said(&told.receipts), [rejected, rejected, waits]);
    }
    assert_eq!(count(&relay, Action::ChangeQuarantined).await, 3);
    let devices = relay.devices().await.unwrap();
    let lost = devices.iter().find(|it| it.id == thief.device).unwrap();
    assert_eq!(lost.wipe.map(|wipe| wipe.handed_over), Some(3));
}

/// A driver who shares with more stations than anybody drives to joins each visit to few.
#[tokio::test]
async fn sharing_with_everybody_does_not_make_every_visit_a_thousand() {
    let mut world = World::new().await;
    let mut thief = world.driver().await;
    let driver = thief.identity.person;
    let here = world.stations[0];
    for n in 0_u16..100 {
        let mut with = [0xaa; 16];
        with[..2].copy_from_slice(&n.to_be_bytes());
        let document = DocumentId::from_bytes(with.map(|byte| !byte));
        let with = Some(StationId::from_bytes(with));
        let purpose = consent::Purpose::Share;
        thief.edit(document, give(driver, here, purpose, None, with));
    }
    thief.push().await;
    settle(&world.relay).await;
    let id = world.document_id();
    thief.check_in(id, here);
    thief.push().await;
    let read = world.relay.inner.readers.read(move |snapshot| {
        let row = snapshot.document(id)?;
        Ok::<_, crate::store::StoreError>(row.map_or(0, |row| row.members.len()))
    });
    let members = read.await.map_err(crate::relay::from_read);
    assert_eq!(members.unwrap(), 2 + 32);
}

/// Numbers from nowhere: a device that lies about all it was told and has done gets an answer, and
/// the next honest request from it is served as ever.
#[tokio::test]
async fn numbers_from_nowhere_stop_neither_the_relay_nor_the_phone() {
    let mut scene = measured().await;
    let most = Sequence::new(u64::MAX >> 1).unwrap();
    let far = Window::complete(Cursor::new(most.get()));
    let driver = scene.li.identity.person;
    let scopes = [
        Scope::Person(driver),
        Scope::Person(PersonId::from_bytes([9; 16])),
        Scope::StationHealth(scene.world.stations[0]),
    ];
    let forgotten = scopes.iter().flat_map(|scope| {
        [scene.check, DocumentId::from_bytes([8; 16])].map(|document| Forgotten {
            scope: scope.clone(),
            document,
            sequence: most,
        })
    });
    let lies = SyncRequest {
        scopes: scopes
            .iter()
            .map(|scope| ScopeState::new(scope.clone(), Some(far), ScopeDigest::EMPTY))
            .collect(),
        forgotten: forgotten.collect(),
        left: scopes.to_vec(),
        decided: Some(u64::MAX),
        page_bytes_max: u32::MAX,
        device_time: Timestamp::from_ms(i64::MAX),
        ..scene.li.request()
    };
    for epoch in [None, scene.li.epoch] {
        let lies = SyncRequest {
            epoch,
            ..lies.clone()
        };
        scene.li.send(lies).await.unwrap();
    }
    // What leaves from now on is told and waited for all the same.
    scene.li.sync(0).await;
    let relay = scene.world.relay.clone();
    relay
        .erase(Subject::Document(scene.check), "in writing")
        .await
        .unwrap();
    settle(&relay).await;
    let response = scene.li.exchange(0).await;
    let items: Vec<_> = response.pages.iter().flat_map(|page| &page.items).collect();
    assert!(
        items
            .iter()
            .any(|item| item.document == scene.check && item.forget == Some(ForgetReason::Erased))
    );
}

/// Looks of one's own keeper's tablet are entered, and so many an hour.
#[tokio::test]
async fn a_keeper_cannot_fill_the_log_with_looks() {
    let scene = measured().await;
    let relay = scene.world.relay.clone();
    let caller = relay.caller(scene.medic.device).unwrap();
    let mut entered = 0;
    for batch in 0_u32..40 {
        let read = |n: u32| {
            let mut entry = [0; 16];
            entry[..4].copy_from_slice(&batch.to_be_bytes());
            entry[4..8].copy_from_slice(&n.to_be_bytes());
            CheckRead {
                entry: EntryId::from_bytes(entry),
                document: scene.check,
                at: Timestamp::from_ms(MORNING_MS),
                screen: Screen::Opened,
            }
        };
        let told = relay.enter_reads(
            &caller,
            CheckReads {
                version: ProtocolVersion::CURRENT,
                reads: (0..256).map(read).collect(),
            },
        );
        entered += told.await.unwrap().entries.len();
    }
    assert_eq!(entered, 4_096, "the rest is to be sent again");
}
