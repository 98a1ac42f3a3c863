//! Reading on at a desk that a ticket has left, writing at one that is not one's own, and holding up
//! everybody with notes.

use yizhan_client_core::model::Command;
use yizhan_client_core::model::case_note::{self, NewNote};
use yizhan_proto::sync::Outcome;
use yizhan_proto::{DocumentId, Kind, Role};

use super::super::World;
use super::super::desks::{escalate, key, raise, write_note};
use super::super::phone::Phone;
use super::said;
use crate::relay::Subject;

/// As many as may be on one ticket.
const NOTES_MAX: u32 = 500;

fn numbered(n: u32) -> DocumentId {
    let mut id = [0xdd; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    DocumentId::from_bytes(id)
}

/// A ticket that the city's desk holds.
async fn raised(world: &mut World, driver: &mut Phone, city: &mut Phone) -> DocumentId {
    let id = world.document_id();
    raise(driver, id, "city");
    driver.push().await;
    city.sync(0).await;
    id
}

/// A specialist who fills a ticket with notes, so that escalating it keeps everybody waiting: there
/// are so many and no more, and all of them go with the ticket, in the moment in which it goes.
#[tokio::test]
async fn notes_without_end_do_not_hold_up_an_escalation_or_stay_behind_after_it() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let mut coordinator = world.coordinator().await;
    let ticket = raised(&mut world, &mut driver, &mut city).await;
    for n in 0..=NOTES_MAX {
        write_note(&mut city, ticket, numbered(n));
    }
    let receipts = city.push().await;
    let refused: Vec<&Outcome> = receipts
        .iter()
        .map(|receipt| &receipt.outcome)
        .filter(|outcome| !matches!(outcome, Outcome::Accepted(_)))
        .collect();
    assert!(
        matches!(&refused[..], [Outcome::Refused(reason)] if reason.code == "document.full"
            && reason.path.as_deref() == Some("ticket")),
        "{refused:?}"
    );
    city.discard(numbered(NOTES_MAX));
    // Another ticket has room.
    let other = raised(&mut world, &mut driver, &mut city).await;
    write_note(&mut city, other, numbered(NOTES_MAX + 1));
    assert_eq!(said(&city.push().await), ["accepted"]);

    coordinator.sync(0).await;
    let act = escalate("province", "changzhou");
    world.acts(&mut coordinator, ticket, act).await;
    // Whoever comes to the desk the moment after finds nothing of it there.
    let mut late = world.specialist("city").await;
    late.sync(0).await;
    let notes = late.documents.values();
    assert_eq!(notes.filter(|it| it.kind == Kind::CaseNote).count(), 1);
    let mut province = world.specialist("province").await;
    province.sync(0).await;
    let notes = province.documents.values();
    let notes = notes.filter(|it| it.kind == Kind::CaseNote).count();
    assert_eq!(notes, NOTES_MAX as usize);
}

/// A specialist of one desk names another in a note, or a ticket that lies with another.
#[tokio::test]
async fn a_specialist_does_not_write_or_read_at_a_desk_by_naming_it() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let mut province = world.specialist("province").await;
    let ticket = raised(&mut world, &mut driver, &mut city).await;
    let mut claims = |phone: &mut Phone, desk: &str, ticket| {
        let note = world.document_id();
        let new = NewNote {
            desk: key(desk),
            region: "changzhou".parse().unwrap(),
            ticket,
            by: phone.identity.person,
            at: phone.device_time,
            text: "我也看看".to_owned(),
        };
        phone.edit(note, Command::CaseNote(case_note::Command::Create(new)));
        note
    };
    // Another desk's note.
    let forged = claims(&mut province, "city", ticket);
    assert_eq!(said(&province.push().await), ["author.unrelated"]);
    province.discard(forged);
    // A note of one's own desk on a ticket of another: it goes where the ticket is, and brings
    // nothing of it along.
    claims(&mut province, "province", ticket);
    province.push().await;
    province.sync(0).await;
    assert!(!province.documents.contains_key(&ticket));
    // A role that was not given, in a role that was.
    let caller = province.relay().caller(province.device).unwrap();
    let role = Role::Specialist(key("city"));
    assert!(!caller.author.roles.contains(&role));
}

/// A note that was written before the driver of its ticket was erased, and comes after.
#[tokio::test]
async fn a_note_on_a_ticket_whose_driver_was_erased_is_not_taken_nor_let_in() {
    let mut world = World::with_desks().await;
    let mut driver = world.driver().await;
    let mut city = world.specialist("city").await;
    let ticket = raised(&mut world, &mut driver, &mut city).await;
    let relay = world.relay.clone();
    let (waits, late) = (world.document_id(), world.document_id());
    write_note(&mut city, ticket, waits);
    write_note(&mut city, ticket, late);
    let unsent = city.unsent.split_off(1);
    let person = city.identity.person;
    let role = Role::Specialist(key("city"));
    relay.remove_role(person, role.clone()).await.unwrap();
    assert_eq!(said(&city.push().await), ["waits: right.ended"]);
    let hash = super::super::quarantine::hash(&city, 0);
    relay.add_role(person, role).await.unwrap();
    let erased = relay
        .erase(Subject::Person(driver.identity.person), "in writing")
        .await;
    // In the moment in which it was ordered, and when all is done.
    for _ in 0..2 {
        city.unsent.clone_from(&unsent);
        assert_eq!(said(&city.push().await), ["document.erased"]);
        let decided = relay
            .accept_quarantined(crate::relay::Which::Named(vec![hash.clone()]), None)
            .await;
        let entered = decided.is_ok_and(|decided| {
            decided
                .iter()
                .any(|it| matches!(it.became, crate::relay::Became::Accepted(_)))
        });
        assert!(!entered);
        super::settle(&relay).await;
    }
    drop(erased);
    assert_eq!(relay.status().await.unwrap().quarantined, 0);
}
