//! A relay put back from a backup, with phones that remember what it does not.

use std::sync::Arc;

use yizhan_proto::{Epoch, Kind, Scope, Window};

use super::super::World;
use super::super::open;
use super::{Subject, measured, said, settle};
use crate::relay::{Relay, RelayOptions};
use crate::store::database_path;

/// A copy of the relay's database, as it is.
pub(super) async fn backup(world: &mut World) -> tempfile::TempDir {
    let relay = world.relay.clone();
    tokio::task::spawn_blocking(move || relay.shutdown())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        database_path(world.folder.path()),
        database_path(folder.path()),
    )
    .unwrap();
    world.relay = open(world.folder.path(), &world.clock);
    folder
}

/// The relay on a copy, as after `--restored`.
pub(super) fn restored(world: &World, backup: &tempfile::TempDir) -> Relay {
    let options = RelayOptions {
        restored: true,
        ..RelayOptions::default()
    };
    Relay::open(backup.path(), Arc::clone(&world.clock) as _, &options).unwrap()
}

/// A driver was erased after the backup. It is put back, erased again by the ledger, and everybody
/// who had something offers it again.
#[tokio::test]
async fn nothing_of_somebody_erased_comes_back_by_a_backup_and_phones_that_offer_again() {
    let mut scene = measured().await;
    let station = scene.world.stations[0];
    let copy = backup(&mut scene.world).await;
    for phone in [&mut scene.li, &mut scene.medic] {
        phone.reach(scene.world.relay.clone());
    }
    // After the backup: a document that it does not know.
    let later = scene.world.document_id();
    scene.li.check_in(later, station);
    let offered = scene.li.unsent.clone();
    scene.li.sync(0).await;
    scene.medic.sync(0).await;
    let person = Subject::Person(scene.li.identity.person);
    let relay = scene.world.relay.clone();
    relay.erase(person, "in writing").await.unwrap();
    settle(&relay).await;
    let ledger = relay.erasure_ledger().await.unwrap();

    let back = restored(&scene.world, &copy);
    back.replay_erasures(ledger).await.unwrap();
    for done in [false, true] {
        if done {
            settle(&back).await;
        }
        for phone in [&mut scene.li, &mut scene.medic] {
            phone.reach(back.clone());
            phone.unsent.clear();
            // Of what the phone has: what was taken before, and what was not.
            for (id, held) in &phone.documents {
                if matches!(held.kind, Kind::Visit | Kind::Check | Kind::Consent) {
                    let own = held
                        .changes
                        .iter()
                        .map(|(_, change)| yizhan_proto::sync::Push {
                            document: *id,
                            kind: held.kind,
                            change: change.clone(),
                        });
                    phone.unsent.extend(own);
                }
            }
            for answer in said(&phone.push().await) {
                let refused = ["document.erased", "actor.foreign"];
                assert!(refused.contains(&answer.as_str()), "{answer}");
            }
        }
        scene.li.unsent.clone_from(&offered);
        assert_eq!(said(&scene.li.push().await), ["document.erased"]);
    }
}

/// A device that began to read a scope after the backup is not known to have read it. After the
/// restore it counts as one that has, until it says otherwise.
#[tokio::test]
async fn after_a_restore_every_device_counts_as_having_read_what_it_may() {
    let mut scene = measured().await;
    let station = scene.world.stations[0];
    let roles = scene.medic.identity.roles.clone();
    let mut second = scene.world.phone("后来的", roles).await;
    let copy = backup(&mut scene.world).await;
    second.reach(scene.world.relay.clone());
    second.sync(0).await;
    assert!(second.documents.contains_key(&scene.check));
    let health = Scope::StationHealth(station);
    let back = restored(&scene.world, &copy);
    let told = back.devices_told(vec![health]).await.unwrap();
    assert!(
        told.iter()
            .any(|it| it.device == second.device && !it.confirmed)
    );
    let erased = back
        .erase(Subject::Document(scene.check), "in writing")
        .await;
    settle(&back).await;
    let receipt = back.erasure(erased.unwrap().erasure.id).await.unwrap();
    let mut outstanding: Vec<_> = receipt.outstanding.iter().map(|it| it.device).collect();
    let mut all = vec![scene.li.device, scene.medic.device, second.device];
    outstanding.sort_unstable();
    all.sort_unstable();
    assert_eq!(outstanding, all);
}

/// A phone comes back to a restored relay, with something that was erased meanwhile. It counts as
/// outstanding until it holds exactly what the relay does, and not from its first word on.
#[tokio::test]
async fn a_receipt_waits_for_phones_that_come_back_from_a_former_life() {
    let mut scene = measured().await;
    let copy = backup(&mut scene.world).await;
    let relay = scene.world.relay.clone();
    let check = Subject::Document(scene.check);
    let erased = relay.erase(check, "in writing").await.unwrap();
    settle(&relay).await;
    let ledger = relay.erasure_ledger().await.unwrap();
    let mut back = restored(&scene.world, &copy);
    back.replay_erasures(ledger).await.unwrap();
    settle(&back).await;
    let id = erased.erasure.id;
    let outstanding = async |relay: &Relay| {
        let receipt = relay.erasure(id).await.unwrap();
        receipt.outstanding.len()
    };
    assert_eq!(outstanding(&back).await, 2);
    scene.medic.reach(back.clone());
    // What it held counts only once it has come back.
    scene.medic.windows.clear();
    scene.medic.held.clear();
    scene.medic.documents.clear();
    scene.medic.exchange(0).await;
    assert_eq!(outstanding(&back).await, 2, "it has begun to read");
    // Nor does a relay that starts once more take the beginning for the end.
    back.shutdown();
    back = open(copy.path(), &scene.world.clock);
    scene.medic.reach(back.clone());
    assert_eq!(outstanding(&back).await, 2);
    scene.medic.sync(0).await;
    assert_eq!(outstanding(&back).await, 1);
    assert!(!scene.medic.documents.contains_key(&scene.check));
}

/// Requests of another lineage, of none, or from before: they bring nothing that was not asked for
/// anew, and the phone that asks in order is served as ever.
#[tokio::test]
async fn requests_of_another_life_and_from_before_change_nothing() {
    let mut scene = measured().await;
    let note = "写在路上".to_owned();
    let visit = scene.world.document_id();
    scene.li.check_in(visit, scene.world.stations[0]);
    scene.li.note(visit, &note);
    let old = yizhan_proto::sync::SyncRequest {
        pushes: scene.li.unsent.clone(),
        ..scene.li.long_form()
    };
    scene.li.sync(0).await;
    let head = scene.li.send(scene.li.request()).await.unwrap().head;
    for epoch in [old.epoch, None, Some(Epoch::from_bytes([9; 8]))] {
        let mut again = old.clone();
        again.epoch = epoch;
        again.pushes.reverse();
        let answer = scene.li.send(again).await.unwrap();
        assert_eq!(said(&answer.receipts), ["duplicate", "duplicate"]);
        assert_eq!(answer.head, head, "nothing moved");
        for page in &answer.pages {
            assert!(scene.li.identity.scopes.contains(&page.scope));
        }
    }
    // A position beyond the end, of another life, is one of a first contact.
    let far = Window::complete(yizhan_proto::Cursor::new(u64::MAX >> 1));
    for window in scene.li.windows.values_mut() {
        *window = far;
    }
    let told = scene.li.send(scene.li.long_form()).await.unwrap();
    assert!(told.pages.iter().any(|page| !page.items.is_empty()));
    scene.li.windows.clear();
    scene.li.sync(0).await;
}
