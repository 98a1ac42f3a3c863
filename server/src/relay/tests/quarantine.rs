//! What waits for a person: decided once, followed by what builds on it, told to its device.

use yizhan_client_core::model::visit;
use yizhan_proto::limits::DECISIONS_MAX;
use yizhan_proto::sync::{Decisions, Outcome, Receipt, SyncRequest};
use yizhan_proto::{DocumentId, Role};

use super::phone::Phone;
use super::{World, open};
use crate::relay::{AuditFilter, Became, Decided, HeldQuery, QuarantineError, Which};

pub(super) fn keeper_note(text: &str) -> visit::Command {
    visit::Command::SetKeeperNote(text.to_owned())
}

/// A keeper whose role ended wrote so many notes on a driver's visit, one on top of the other.
pub(super) async fn late_work(world: &mut World, notes: usize) -> (Phone, Phone, DocumentId) {
    let mut driver = world.driver().await;
    let id = world.document_id();
    driver.check_in(id, world.stations[0]);
    driver.push().await;
    let mut keeper = world.keeper(0).await;
    keeper.sync(0).await;
    for note in 0..notes {
        keeper.edit(id, keeper_note(&format!("第{note}条")));
    }
    let role = Role::Keeper(world.stations[0]);
    let person = keeper.identity.person;
    world.relay.remove_role(person, role).await.unwrap();
    let receipts = keeper.push().await;
    assert!(
        receipts
            .iter()
            .all(|receipt| matches!(receipt.outcome, Outcome::Quarantined(_)))
    );
    (driver, keeper, id)
}

pub(super) fn hash(phone: &Phone, at: usize) -> String {
    yizhan_proto::ChangeHash::of_chunk(&phone.unsent[at].change).to_string()
}

pub(super) fn became(decided: &[Decided]) -> Vec<String> {
    let word = |decided: &Decided| match &decided.became {
        Became::Accepted(_) => "accepted".to_owned(),
        Became::AcceptedBefore => "accepted before".to_owned(),
        Became::Rejected => "rejected".to_owned(),
        Became::RejectedBefore => "rejected before".to_owned(),
        Became::Stays(reason) => format!("stays {}", reason.code),
    };
    decided.iter().map(word).collect()
}

pub(super) async fn told(phone: &Phone, after: u64) -> Option<Decisions> {
    let request = SyncRequest {
        epoch: Some(phone.relay().epoch()),
        decided: Some(after),
        ..phone.request()
    };
    phone.send(request).await.unwrap().decisions
}

fn codes(receipts: &[Receipt]) -> Vec<String> {
    let code = |receipt: &Receipt| match &receipt.outcome {
        Outcome::Accepted(_) => "accepted".to_owned(),
        Outcome::Refused(reason) => reason.code.clone(),
        other @ (Outcome::Duplicate(_)
        | Outcome::Needs(_)
        | Outcome::Quarantined(_)
        | Outcome::Later(_)
        | Outcome::Unknown(_)) => panic!("{other:?}"),
    };
    receipts.iter().map(code).collect()
}

#[tokio::test]
async fn what_is_accepted_enters_with_what_builds_on_it_and_only_once() {
    let mut world = World::new().await;
    let (mut driver, keeper, id) = late_work(&mut world, 3).await;
    let relay = world.relay.clone();
    let root = hash(&keeper, 0);
    let second = relay
        .accept_quarantined(Which::Named(vec![hash(&keeper, 1)]), None)
        .await
        .unwrap();
    assert_eq!(
        became(&second),
        ["stays dependency.held"],
        "the first first"
    );
    let which = Which::Named(vec![root[..12].to_owned()]);
    let decided = relay.accept_quarantined(which.clone(), None).await.unwrap();
    assert_eq!(became(&decided), ["accepted"; 3]);
    let status = relay.status().await.unwrap();
    assert_eq!(
        (status.quarantined, status.quarantined_oldest_ms),
        (0, None)
    );
    driver.sync(0).await;
    assert_eq!(driver.visit(id).keeper_note.value.as_deref(), Some("第2条"));
    let changes = status.changes;
    let again = relay.accept_quarantined(which, None).await.unwrap();
    assert_eq!(became(&again), ["accepted before"]);
    assert_eq!(relay.status().await.unwrap().changes, changes);
    let too_late = relay.reject_quarantined(&[root], "不", None).await.unwrap();
    assert_eq!(became(&too_late), ["accepted before"], "a decision stands");

    let decisions = told(&keeper, 0).await.unwrap();
    assert_eq!(codes(&decisions.receipts), ["accepted"; 3]);
    assert_eq!(told(&keeper, decisions.until).await, None);
    assert_eq!(
        told(&keeper, 0).await,
        Some(decisions),
        "as often as it asks"
    );
    assert_eq!(told(&driver, 0).await, None, "nobody else is told");
}

#[tokio::test]
async fn what_is_rejected_stays_with_the_reason_and_does_not_come_back() {
    let mut world = World::new().await;
    let (_, mut keeper, id) = late_work(&mut world, 2).await;
    let relay = world.relay.clone();
    let root = vec![hash(&keeper, 0)];
    for reason in ["", "  ", "a\nb", &"长".repeat(200)] {
        let refused = relay.reject_quarantined(&root, reason, None).await;
        assert!(
            matches!(refused, Err(QuarantineError::Invalid(_))),
            "{reason}"
        );
    }
    let decided = relay.reject_quarantined(&root, "那天不在岗", None).await;
    assert_eq!(became(&decided.unwrap()), ["rejected"; 2]);
    let again = relay.reject_quarantined(&root, "别的理由", None).await;
    assert_eq!(became(&again.unwrap()), ["rejected before"]);
    let accepted = relay
        .accept_quarantined(Which::Named(root.clone()), None)
        .await;
    assert_eq!(became(&accepted.unwrap()), ["rejected before"]);

    let decisions = told(&keeper, 0).await.unwrap();
    assert_eq!(codes(&decisions.receipts), ["quarantine.rejected"; 2]);
    let Outcome::Refused(reason) = &decisions.receipts[0].outcome else {
        panic!("{decisions:?}")
    };
    assert_eq!(reason.bound.as_deref(), Some("那天不在岗"));
    // Not even once the right is back: the same change was decided about.
    let role = Role::Keeper(world.stations[0]);
    let person = keeper.identity.person;
    relay.add_role(person, role).await.unwrap();
    let receipts = keeper.push().await;
    assert_eq!(codes(&receipts[..1]), ["quarantine.rejected"]);
    assert_eq!(relay.status().await.unwrap().quarantined, 0);
    let kept = relay.quarantined(HeldQuery {
        rejected: true,
        ..HeldQuery::default()
    });
    let kept = kept.await.unwrap().changes;
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|held| held.rejected && held.document == id));
    let shown = relay.quarantined_change(&root[0], None).await.unwrap();
    let decision = shown.decision.unwrap();
    assert_eq!(decision.reason.as_deref(), Some("那天不在岗"));
}

/// The last of three notes was rejected by itself: that stands, with its reason, and is entered once.
#[tokio::test]
async fn what_was_rejected_alone_is_not_rejected_again_with_what_it_builds_on() {
    let mut world = World::new().await;
    let (_, keeper, _) = late_work(&mut world, 3).await;
    let relay = world.relay.clone();
    let last = hash(&keeper, 2);
    let alone = relay.reject_quarantined(std::slice::from_ref(&last), "重复", None);
    assert_eq!(became(&alone.await.unwrap()), ["rejected"]);
    let first = vec![hash(&keeper, 0)];
    let rest = relay.reject_quarantined(&first, "那天不在岗", None).await;
    assert_eq!(became(&rest.unwrap()), ["rejected"; 2]);
    let shown = relay.quarantined_change(&last, None).await.unwrap();
    assert_eq!(shown.decision.unwrap().reason.as_deref(), Some("重复"));
    let filter = AuditFilter {
        action: Some("quarantine.rejected".to_owned()),
        limit: 10,
        ..AuditFilter::default()
    };
    assert_eq!(relay.audit_list(filter).await.unwrap().entries.len(), 3);
}

/// Somebody looked at it two days later: it counts from when it came.
#[tokio::test]
async fn what_is_let_in_came_when_it_came() {
    let mut world = World::new().await;
    let (_, keeper, _) = late_work(&mut world, 1).await;
    let came = world.relay.time();
    world.clock.advance_ms(48 * 60 * 60 * 1000);
    let which = Which::Named(vec![hash(&keeper, 0)]);
    world.relay.accept_quarantined(which, None).await.unwrap();
    let decisions = told(&keeper, 0).await.unwrap();
    let Outcome::Accepted(stored) = &decisions.receipts[0].outcome else {
        panic!("{decisions:?}")
    };
    assert_eq!(stored.received_at, came);
}

#[tokio::test]
async fn work_on_an_erased_document_is_not_accepted() {
    let mut world = World::new().await;
    let (_, keeper, id) = late_work(&mut world, 1).await;
    let erase = move |tx: &mut crate::store::LogTx<'_>| {
        tx.put_erased(id, yizhan_proto::Timestamp::default())
    };
    world.relay.inner.writer.write(erase).await.unwrap();
    let which = Which::Named(vec![hash(&keeper, 0)]);
    let decided = world.relay.accept_quarantined(which.clone(), None).await;
    assert_eq!(became(&decided.unwrap()), ["stays document.erased"]);
    assert_eq!(world.relay.status().await.unwrap().quarantined, 1);
    let drop = move |tx: &mut crate::store::LogTx<'_>| tx.drop_quarantine(id);
    let dropped: u64 = world.relay.inner.writer.write(drop).await.unwrap();
    assert_eq!(dropped, 1);
    let gone = world.relay.accept_quarantined(which, None).await;
    assert!(matches!(gone, Err(QuarantineError::NotFound(_))));
}

#[tokio::test]
async fn all_of_a_revoked_device_is_accepted_and_a_restart_forgets_nothing() {
    let mut world = World::new().await;
    let (mut driver, keeper, id) = late_work(&mut world, 70).await;
    world.relay.revoke_device(keeper.device).await.unwrap();
    world.relay.shutdown();
    world.relay = open(world.folder.path(), &world.clock);
    world.clock.advance_ms(90 * 60 * 1000);
    let status = world.relay.status().await.unwrap();
    assert_eq!(status.quarantined, 70);
    assert_eq!(status.quarantined_oldest_ms, Some(90 * 60 * 1000));
    let which = Which::Person(keeper.identity.person);
    let decided = world.relay.accept_quarantined(which, None).await.unwrap();
    assert_eq!(became(&decided), ["accepted"; 70]);
    let device = Which::Device(keeper.device);
    let again = world.relay.accept_quarantined(device, None).await.unwrap();
    assert_eq!(again, []);
    driver.reach(world.relay.clone());
    driver.sync(0).await;
    let note = driver.visit(id).keeper_note.value;
    assert_eq!(note.as_deref(), Some("第69条"));
}

#[tokio::test]
async fn decisions_are_told_in_portions() {
    let mut world = World::new().await;
    let (_, keeper, _) = late_work(&mut world, DECISIONS_MAX + 6).await;
    let which = Which::Device(keeper.device);
    world.relay.accept_quarantined(which, None).await.unwrap();
    let first = told(&keeper, 0).await.unwrap();
    assert_eq!((first.receipts.len(), first.more), (DECISIONS_MAX, true));
    let second = told(&keeper, first.until).await.unwrap();
    assert_eq!((second.receipts.len(), second.more), (6, false));
    assert_eq!(told(&keeper, second.until).await, None);
    // A number past the last decision was never given: a device that was made to believe one hears all.
    for nowhere in [second.until + 1, u64::MAX] {
        assert_eq!(told(&keeper, nowhere).await, Some(first.clone()));
    }
}

#[tokio::test]
async fn content_is_shown_to_those_who_read_such_documents() {
    let mut world = World::new().await;
    let (driver, keeper, _) = late_work(&mut world, 2).await;
    let operator = world.phone("运维", vec![Role::Operator]).await;
    let region = "changzhou".parse().unwrap();
    let coordinator = world.phone("协调", vec![Role::Coordinator(region)]).await;
    let other = world.keeper(1).await;
    let root = hash(&keeper, 0);
    let relay = world.relay.clone();
    let shown = relay.quarantined_change(&root, None).await.unwrap();
    assert_eq!(shown.says, None);
    assert_eq!(shown.dependents.len(), 1);
    assert_eq!(shown.dependents[0].1.builds_on, [shown.change.change]);
    for (who, may) in [
        (&operator, false),
        (&other, false),
        (&keeper, false),
        (&coordinator, true),
        (&driver, true),
    ] {
        let shown = relay
            .quarantined_change(&root, Some(who.identity.person))
            .await;
        match shown {
            Ok(shown) => {
                assert!(may, "{}", who.identity.name);
                let says = shown.says.unwrap();
                let note = says.iter().find(|said| said.path == "keeper_note").unwrap();
                assert_eq!(note.value.to_string(), "第0条");
            }
            Err(error) => assert!(!may, "{}: {error}", who.identity.name),
        }
    }
    for wrong in ["", "abc", "zzzz", &"0".repeat(65)] {
        let refused = relay.quarantined_change(wrong, None).await;
        assert!(
            matches!(refused, Err(QuarantineError::Invalid(_))),
            "{wrong}"
        );
    }
    let nothing = relay.quarantined_change("00000000", None).await;
    assert!(matches!(nothing, Err(QuarantineError::NotFound(_))));
}

#[tokio::test]
async fn what_waits_is_listed_by_region_person_and_time() {
    let mut world = World::new().await;
    let (_, keeper, _) = late_work(&mut world, 3).await;
    let relay = world.relay.clone();
    let count = async |query: HeldQuery| relay.quarantined(query).await.unwrap().changes.len();
    let all = HeldQuery::default;
    assert_eq!(count(all()).await, 3);
    let person = Some(keeper.identity.person);
    assert_eq!(count(HeldQuery { person, ..all() }).await, 3);
    let region = Some("changzhou".parse().unwrap());
    assert_eq!(count(HeldQuery { region, ..all() }).await, 3);
    let region = Some("elsewhere".parse().unwrap());
    assert_eq!(count(HeldQuery { region, ..all() }).await, 0);
    let since = Some(relay.time().saturating_add_ms(1));
    assert_eq!(count(HeldQuery { since, ..all() }).await, 0);
    let rest = relay.quarantined(HeldQuery { after: 2, ..all() });
    assert_eq!(rest.await.unwrap().changes.len(), 1);
    let nobody = relay.quarantined(HeldQuery {
        person: Some(yizhan_proto::PersonId::from_bytes([77; 16])),
        ..all()
    });
    assert!(matches!(nobody.await, Err(QuarantineError::NoPerson(_))));
}
