//! The register of desks, who is told what of it, and tickets on their way through it.

use std::sync::Arc;

use yizhan_client_core::model::case_note::{self, NewNote};
use yizhan_client_core::model::order::Order;
use yizhan_client_core::model::ticket::fold::Step;
use yizhan_client_core::model::ticket::{self, Act, Class, NewTicket, Priority, Ticket};
use yizhan_client_core::model::{Command, Document};
use yizhan_proto::sync::{Outcome, Receipt};
use yizhan_proto::{DeskKey, DocumentId, EntryId, Kind, PersonId, Role, Scope, Timestamp};

use super::phone::Phone;
use super::{MORNING_MS, World, open};
use crate::clock::Clock as _;
use crate::error::PeopleError;
use crate::relay::{DueStep, NewDesk};

const HOUR: i64 = 3_600_000;

pub(super) fn key(text: &str) -> DeskKey {
    text.parse().unwrap()
}

pub(super) fn desk(id: &str, parent: Option<&str>) -> NewDesk {
    NewDesk {
        key: key(id),
        name: format!("{id} 专班"),
        region: "changzhou".parse().unwrap(),
        parent: parent.map(key),
        station: None,
        classes: Vec::new(),
    }
}

impl World {
    /// A province's desk and a city's under it.
    pub(super) async fn with_desks() -> Self {
        let world = Self::new().await;
        world.relay.add_desk(desk("province", None)).await.unwrap();
        let city = desk("city", Some("province"));
        world.relay.add_desk(city).await.unwrap();
        world
    }

    pub(super) async fn specialist(&mut self, desk: &str) -> Phone {
        self.phone("王专员", vec![Role::Specialist(key(desk))])
            .await
    }

    pub(super) async fn coordinator(&mut self) -> Phone {
        let region = "changzhou".parse().unwrap();
        self.phone("陈协调", vec![Role::Coordinator(region)]).await
    }

    pub(super) fn entry(&mut self) -> EntryId {
        EntryId::from_bytes(self.id())
    }

    /// What somebody does about a ticket they hold, pushed at once.
    pub(super) async fn acts(&mut self, phone: &mut Phone, ticket: DocumentId, act: Act) {
        let entry = self.entry();
        phone.device_time = self.clock.now();
        let (by, at) = (phone.identity.person, phone.device_time);
        phone.edit(
            ticket,
            Command::Ticket(ticket::Command::Act { entry, by, at, act }),
        );
        phone.push().await;
        assert_eq!(phone.unsent, [], "accepted");
        phone.sync(0).await;
    }
}

fn new_ticket(phone: &Phone, desk: &str) -> NewTicket {
    NewTicket {
        driver: phone.identity.person,
        driver_name: "王师傅".to_owned(),
        region: "changzhou".parse().unwrap(),
        desk: key(desk),
        station: None,
        visit: None,
        activity: None,
        class: Class::Pay,
        title: "运费拖欠".to_owned(),
        text: "三个月没有结".to_owned(),
        raised_at: phone.device_time,
        about: None,
        about_text: None,
        phone: None,
        by: phone.identity.person,
    }
}

pub(super) fn raise(phone: &mut Phone, id: DocumentId, desk: &str) {
    let new = Box::new(new_ticket(phone, desk));
    phone.edit(id, Command::Ticket(ticket::Command::Raise(new)));
}

fn read(phone: &Phone, id: DocumentId) -> Ticket {
    let held = &phone.documents[&id];
    let changes = held.changes.iter().map(|(_, bytes)| bytes.as_slice());
    let document = Document::open(id, Kind::Ticket, changes).unwrap();
    Ticket::read(&document, &Order::default()).unwrap()
}

/// Code and path of the one refusal.
fn refused(receipts: &[Receipt]) -> (String, Option<String>) {
    match &receipts[0].outcome {
        Outcome::Refused(reason) => (reason.code.clone(), reason.path.clone()),
        other @ (Outcome::Accepted(_)
        | Outcome::Duplicate(_)
        | Outcome::Needs(_)
        | Outcome::Quarantined(_)
        | Outcome::Later(_)
        | Outcome::Unknown(_)) => panic!("{other:?}"),
    }
}

pub(super) fn verify() -> Act {
    Act::Verify {
        class: None,
        priority: Priority::Normal,
        text: None,
    }
}

pub(super) fn escalate(to: &str, region: &str) -> Act {
    Act::Escalate {
        desk: key(to),
        region: region.parse().unwrap(),
        reason: Some("需要上级".to_owned()),
        instead_of: None,
    }
}

#[tokio::test]
async fn desks_form_a_tree_that_is_there_after_a_restart() {
    let world = World::with_desks().await;
    let add = |new| world.relay.add_desk(new);
    for (new, word) in [
        (desk("east", Some("nowhere")), "no desk nowhere"),
        (desk("province", Some("city")), "under itself"),
        (
            NewDesk {
                name: " ".to_owned(),
                ..desk("x", None)
            },
            "name",
        ),
        (
            NewDesk {
                classes: vec!["飞行".to_owned()],
                ..desk("x", None)
            },
            "飞行",
        ),
    ] {
        match add(new).await {
            Err(PeopleError::Invalid(said)) => assert!(said.contains(word), "{said}"),
            other => panic!("{word}: {other:?}"),
        }
    }
    let elsewhere = NewDesk {
        region: "banan".parse().unwrap(),
        ..desk("x", None)
    };
    assert!(matches!(
        add(elsewhere).await,
        Err(PeopleError::NoRegion(_))
    ));
    world
        .relay
        .add_region("banan".parse().unwrap(), "巴南")
        .await
        .unwrap();
    let moved = NewDesk {
        region: "banan".parse().unwrap(),
        ..desk("city", None)
    };
    assert!(matches!(add(moved).await, Err(PeopleError::Invalid(_))));

    let named = NewDesk {
        name: "常州市专班".to_owned(),
        station: Some(world.stations[0]),
        classes: vec!["pay".to_owned(), "legal".to_owned(), "pay".to_owned()],
        ..desk("city", Some("province"))
    };
    let city = add(named).await.unwrap();
    assert_eq!(city.classes, ["legal", "pay"]);
    let before = world.relay.desks().await.unwrap();
    assert_eq!(before.len(), 2);
    world.relay.shutdown();
    let relay = open(world.folder.path(), &world.clock);
    assert_eq!(relay.desks().await.unwrap(), before);
}

#[tokio::test]
async fn belonging_to_a_desk_is_what_makes_a_specialist() {
    let mut world = World::with_desks().await;
    let specialist = world.driver().await;
    let person = specialist.identity.person;
    let role = Role::Specialist(key("city"));
    let classes = vec!["pay".to_owned()];
    let city = world
        .relay
        .add_desk_member(key("city"), person, false, classes)
        .await
        .unwrap();
    assert_eq!(
        (city.members[0].id, city.members[0].name.as_str()),
        (person, "王师傅")
    );
    let caller = world.relay.caller(specialist.device).unwrap();
    assert!(caller.author.roles.contains(&role));
    assert!(caller.identity.scopes.contains(&Scope::Desk(key("city"))));

    // Who does not coordinate the region coordinates no desk of it.
    let leads = |coordinator| {
        world
            .relay
            .add_desk_member(key("city"), person, coordinator, vec![])
    };
    assert!(matches!(leads(true).await, Err(PeopleError::Invalid(_))));
    let coordinates = Role::Coordinator("changzhou".parse().unwrap());
    world
        .relay
        .add_role(person, coordinates.clone())
        .await
        .unwrap();
    assert!(leads(true).await.unwrap().members[0].coordinator);
    world.relay.remove_role(person, coordinates).await.unwrap();
    assert!(!world.relay.desks().await.unwrap()[0].members[0].coordinator);

    world
        .relay
        .remove_desk_member(key("city"), person)
        .await
        .unwrap();
    let caller = world.relay.caller(specialist.device).unwrap();
    assert!(!caller.author.roles.contains(&role));
    assert!(!caller.identity.scopes.contains(&Scope::Desk(key("city"))));
    assert!(
        caller.former.roles.contains(&role),
        "work under it waits for a person"
    );

    // The role and the belonging are one, whichever is named.
    world.relay.add_role(person, role.clone()).await.unwrap();
    assert_eq!(world.relay.desks().await.unwrap()[0].members.len(), 1);
    world.relay.remove_role(person, role).await.unwrap();
    assert_eq!(world.relay.desks().await.unwrap()[0].members, []);
    let nowhere = Role::Specialist(key("nowhere"));
    assert!(matches!(
        world.relay.add_role(person, nowhere).await,
        Err(PeopleError::NoDesk(_))
    ));
}

#[tokio::test]
async fn everybody_is_told_of_the_desks_and_only_its_people_of_who_belongs_to_one() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let mut coordinator = world.coordinator().await;
    let mut members = Vec::new();
    for phone in [&mut driver, &mut city, &mut coordinator] {
        phone.sync(0).await;
        let desks = phone.identity.desks.clone().unwrap();
        assert_eq!(desks[0].key, key("city"));
        assert_eq!(desks[0].parent, Some(key("province")));
        members.push(
            desks
                .iter()
                .map(|desk| desk.members.as_ref().map(Vec::len))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(members, [[None, None], [Some(1), None], [Some(1), Some(0)]]);
    let scopes = &coordinator.identity.scopes;
    assert!(
        scopes.contains(&Scope::Desk(key("city")))
            && scopes.contains(&Scope::Desk(key("province")))
    );

    // A new colleague changes what the desk's people are told, and nobody else's identity.
    let version = |phone: &Phone| phone.identity.version;
    let before = [&driver, &city, &coordinator].map(version);
    world.specialist("city").await;
    for phone in [&mut driver, &mut city, &mut coordinator] {
        phone.sync(0).await;
    }
    let after = [&driver, &city, &coordinator].map(version);
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    assert_ne!(before[2], after[2]);
}

#[tokio::test]
async fn a_ticket_is_for_a_desk_that_is_there() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    raise(&mut driver, world.document_id(), "nowhere");
    let desk = Some("desk".to_owned());
    assert_eq!(
        refused(&driver.push().await),
        ("reference.unknown".to_owned(), desk.clone())
    );
    world
        .relay
        .add_region("banan".parse().unwrap(), "巴南")
        .await
        .unwrap();
    let mut new = new_ticket(&driver, "city");
    new.region = "banan".parse().unwrap();
    driver.unsent.clear();
    let id = world.document_id();
    driver.edit(id, Command::Ticket(ticket::Command::Raise(Box::new(new))));
    assert_eq!(
        refused(&driver.push().await),
        ("reference.mismatch".to_owned(), desk)
    );
}

#[tokio::test]
async fn due_times_come_with_what_moved_the_ticket() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let id = world.document_id();
    raise(&mut driver, id, "city");
    driver.push().await;
    driver.sync(0).await;
    let now = Timestamp::from_ms(MORNING_MS);
    assert_eq!(
        read(&driver, id).clocks.verify_due.value,
        Some(now.saturating_add_ms(24 * HOUR))
    );
    city.sync(0).await;
    world.acts(&mut city, id, verify()).await;
    // 2025-10-09T16:53:20 in China, a Thursday: a working day later is Friday at the same hour.
    let clocks = read(&city, id).clocks;
    assert_eq!(
        clocks.response_due.value,
        Some(now.saturating_add_ms(24 * HOUR))
    );
    assert_eq!(
        clocks.solution_due.value,
        Some(now.saturating_add_ms(7 * 24 * HOUR))
    );

    let counts = |status: crate::relay::Status| -> Vec<_> {
        let count = status.tickets.iter();
        count
            .map(|count| (count.step, count.open, count.breached))
            .collect()
    };
    let status = world.relay.status().await.unwrap();
    assert_eq!(counts(status), [(Some(DueStep::Response), 1, 0)]);
    world.clock.advance_ms(25 * HOUR);
    let status = world.relay.status().await.unwrap();
    assert_eq!(counts(status), [(Some(DueStep::Response), 1, 1)]);
    let question = Act::Ask {
        text: "有合同吗？".to_owned(),
    };
    world.acts(&mut city, id, question).await;
    assert!(read(&city, id).clocks.paused);
    let status = world.relay.status().await.unwrap();
    assert_eq!(counts(status), [(None, 1, 0)]);
    driver.sync(0).await;
    let answer = Act::Answer {
        text: "有".to_owned(),
    };
    world.clock.advance_ms(24 * HOUR);
    world.acts(&mut driver, id, answer).await;
    let clocks = read(&driver, id).clocks;
    assert!(!clocks.paused);
    assert!(clocks.solution_due.value.unwrap() > now.saturating_add_ms(7 * 24 * HOUR));
}

#[tokio::test]
async fn a_ticket_that_nobody_objects_to_is_closed_after_seven_days() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let id = world.document_id();
    raise(&mut driver, id, "city");
    driver.push().await;
    city.sync(0).await;
    world.acts(&mut city, id, verify()).await;
    let assign = Act::Assign {
        first: city.identity.person,
        second: None,
        desk: key("city"),
        instead_of: None,
    };
    world.acts(&mut city, id, assign).await;
    world.acts(&mut city, id, Act::Start).await;
    let done = Act::Resolve {
        text: "已结清".to_owned(),
        amount_fen: Some(1_280_000),
        outcome: None,
    };
    world.acts(&mut city, id, done).await;
    let week = 7 * 24 * HOUR;
    let (relay, clock) = (world.relay.clone(), Arc::clone(&world.clock));
    let tick = || relay.tick(clock.now());
    world.clock.advance_ms(week - 1);
    tick().await.unwrap();
    driver.sync(0).await;
    assert_eq!(read(&driver, id).state.step, Step::Resolved);
    world.clock.advance_ms(1);
    assert!(!tick().await.unwrap());
    driver.sync(0).await;
    assert_eq!(read(&driver, id).state.step, Step::Closed);
    let changes = driver.documents[&id].changes.len();
    tick().await.unwrap();
    driver.sync(0).await;
    assert_eq!(driver.documents[&id].changes.len(), changes, "once");
    // The driver may reopen it to the very end of the seventh day; then the desk may go.
    let remove = || relay.remove_desk(key("city"));
    assert!(matches!(remove().await, Err(PeopleError::Invalid(_))));
    clock.advance_ms(1);
    remove().await.unwrap();
}

/// The city desk's note on a ticket.
pub(super) fn write_note(city: &mut Phone, ticket: DocumentId, at: DocumentId) {
    let new = NewNote {
        desk: key("city"),
        region: "changzhou".parse().unwrap(),
        ticket,
        by: city.identity.person,
        at: city.device_time,
        text: "司机情绪激动".to_owned(),
    };
    city.edit(at, Command::CaseNote(case_note::Command::Create(new)));
}

#[tokio::test]
async fn an_escalated_ticket_and_its_notes_leave_one_desk_and_join_the_other() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let mut province = world.specialist("province").await;
    let mut coordinator = world.coordinator().await;
    let (id, note, late) = (
        world.document_id(),
        world.document_id(),
        world.document_id(),
    );
    raise(&mut driver, id, "city");
    driver.push().await;
    city.sync(0).await;
    write_note(&mut city, id, note);
    city.push().await;
    coordinator.sync(0).await;
    assert!(coordinator.documents.contains_key(&note));
    province.sync(0).await;
    assert!(province.documents.is_empty() || !province.documents.contains_key(&id));

    // A desk that is nowhere is refused; the one above is not.
    let entry = world.entry();
    let (by, at) = (coordinator.identity.person, coordinator.device_time);
    let act = escalate("nowhere", "changzhou");
    let nowhere = ticket::Command::Act { entry, by, at, act };
    coordinator.edit(id, Command::Ticket(nowhere));
    assert_eq!(refused(&coordinator.push().await).0, "reference.unknown");
    coordinator.discard(id);
    assert!(matches!(world.relay.remove_desk(key("city")).await,
        Err(PeopleError::Invalid(said)) if said.contains("1 tickets")));
    world
        .acts(&mut coordinator, id, escalate("province", "changzhou"))
        .await;

    // Written at the old desk before it heard of it.
    let (entry, by, at) = (world.entry(), city.identity.person, city.device_time);
    let act = verify();
    city.edit(
        id,
        Command::Ticket(ticket::Command::Act { entry, by, at, act }),
    );
    write_note(&mut city, id, late);
    city.push().await;
    assert_eq!(
        city.unsent,
        [],
        "what was done is taken, though the ticket is elsewhere"
    );
    city.sync(0).await;
    province.sync(0).await;
    assert_eq!(read(&province, id).state.step, Step::Verified);
    assert_eq!(read(&province, id).state.desk, key("province"));
    for document in [id, note, late] {
        assert!(
            province.documents.contains_key(&document),
            "the new desk holds it"
        );
        assert!(
            !city.documents.contains_key(&document),
            "the old desk does not"
        );
    }
    // Nothing is open at the old desk, so it may go, with the role of who belongs to it.
    world.relay.remove_desk(key("city")).await.unwrap();
    let caller = world.relay.caller(city.device).unwrap();
    assert_eq!(caller.author.roles, []);
}

pub(super) fn comment(phone: &Phone, entry: EntryId) -> Command {
    Command::Ticket(ticket::Command::Comment {
        entry,
        by: phone.identity.person,
        at: phone.device_time,
        text: "补充材料已收".to_owned(),
    })
}

#[tokio::test]
async fn a_desk_that_has_forgotten_a_ticket_writes_nothing_more_in_it() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let mut coordinator = world.coordinator().await;
    let id = world.document_id();
    raise(&mut driver, id, "city");
    driver.push().await;
    city.sync(0).await;
    coordinator.sync(0).await;
    world
        .acts(&mut coordinator, id, escalate("province", "changzhou"))
        .await;
    let entry = world.entry();
    city.edit(id, comment(&city, entry));
    city.push().await;
    assert_eq!(city.unsent, [], "written before it could hear of that");
    let kept = city.documents[&id].clone();
    city.sync(0).await;
    assert!(!city.documents.contains_key(&id));
    // Of a phone that says it holds the ticket no longer, and does.
    city.documents.insert(id, kept);
    let entry = world.entry();
    let late = comment(&city, entry);
    city.edit(id, late);
    assert_eq!(refused(&city.push().await).0, "author.unrelated");
}

#[tokio::test]
async fn who_let_a_ticket_go_to_another_region_does_not_take_it_away_again() {
    let mut world = World::with_desks().await;
    let banan = world.relay.add_region("banan".parse().unwrap(), "巴南");
    banan.await.unwrap();
    let mut elsewhere = desk("elsewhere", None);
    elsewhere.region = "banan".parse().unwrap();
    world.relay.add_desk(elsewhere).await.unwrap();
    let mut driver = world.driver().await;
    let mut coordinator = world.coordinator().await;
    let id = world.document_id();
    raise(&mut driver, id, "city");
    driver.push().await;
    coordinator.sync(0).await;
    // It hears nothing more, and so never says that it has forgotten the ticket.
    let escalation = world.entry();
    let (by, at) = (coordinator.identity.person, coordinator.device_time);
    let act = |entry, to, region, instead_of| {
        let act = Act::Escalate {
            desk: key(to),
            region: str::parse(region).unwrap(),
            reason: None,
            instead_of,
        };
        Command::Ticket(ticket::Command::Act { entry, by, at, act })
    };
    coordinator.edit(id, act(escalation, "elsewhere", "banan", None));
    coordinator.push().await;
    assert_eq!(coordinator.unsent, []);
    let entry = world.entry();
    coordinator.edit(id, act(entry, "province", "changzhou", Some(escalation)));
    assert_eq!(refused(&coordinator.push().await).0, "author.unrelated");
}

#[tokio::test]
async fn two_ids_of_one_person_are_one_person_after_a_merge() {
    let mut world = World::with_desks().await;
    let mut keep = world.driver().await;
    let mut other = world.specialist("city").await;
    let (here, there) = (world.document_id(), world.document_id());
    keep.check_in(here, world.stations[0]);
    keep.push().await;
    other.check_in(there, world.stations[1]);
    let (a, b) = (keep.identity.person, other.identity.person);
    assert!(matches!(
        world.relay.merge_people(a, a).await,
        Err(PeopleError::Invalid(_))
    ));
    let nobody = PersonId::from_bytes([99; 16]);
    assert!(matches!(
        world.relay.merge_people(a, nobody).await,
        Err(PeopleError::NoPerson(_))
    ));
    let merged = world.relay.merge_people(a, b).await.unwrap();
    assert_eq!(merged.roles, [Role::Driver, Role::Specialist(key("city"))]);
    assert!(merged.aliases.contains(&b));
    assert_eq!(
        world.relay.merge_people(a, b).await.unwrap(),
        merged,
        "again: nothing changes"
    );
    assert_eq!(world.relay.people().len(), 1);
    assert_eq!(world.relay.desks().await.unwrap()[0].members[0].id, a);

    // Made before the merge, under the old id, and sent after it.
    other.push().await;
    assert_eq!(other.unsent, []);
    for phone in [&mut keep, &mut other] {
        phone.sync(0).await;
        assert_eq!(phone.identity.person, a);
        assert!(phone.documents.contains_key(&here) && phone.documents.contains_key(&there));
    }
    world.relay.shutdown();
    let relay = open(world.folder.path(), &world.clock);
    assert_eq!(relay.person(b).unwrap(), merged);
    assert!(relay.caller(other.device).is_ok());
}
