//! Random histories: whatever happens, the digests kept step by step are those recomputed from
//! scratch, and every device ends up with exactly what its scopes hold.

use proptest::prelude::*;
use yizhan_client_core::model::visit;
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{DocumentId, ScopeDigest};

use super::World;
use super::phone::Phone;
use crate::store::StoreError;

#[derive(Debug, Clone)]
enum Step {
    Arrive { station: usize },
    Note { visit: usize },
    KeeperNote { station: usize, visit: usize },
    Join { visit: usize, station: usize },
    Leave { visit: usize, station: usize },
    Pull { phone: usize, small: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let (visit, station) = (|| 0..8_usize, || 0..2_usize);
    prop_oneof![
        3 => station().prop_map(|station| Step::Arrive { station }),
        3 => visit().prop_map(|visit| Step::Note { visit }),
        2 => (station(), visit()).prop_map(|(station, visit)| Step::KeeperNote { station, visit }),
        1 => (visit(), station()).prop_map(|(visit, station)| Step::Join { visit, station }),
        1 => (visit(), station()).prop_map(|(visit, station)| Step::Leave { visit, station }),
        3 => (0..3_usize, any::<bool>()).prop_map(|(phone, small)| Step::Pull { phone, small }),
    ]
}

async fn carry_out(
    world: &mut World,
    phones: &mut [Phone],
    visits: &mut Vec<DocumentId>,
    step: Step,
) {
    let pick = |visits: &[DocumentId], visit: usize| visits.get(visit).copied();
    match step {
        Step::Arrive { station } => {
            let id = world.document_id();
            phones[0].check_in(id, world.stations[station]);
            phones[0].push().await;
            visits.push(id);
        }
        Step::Note { visit } => {
            let Some(id) = pick(visits, visit).filter(|id| phones[0].documents.contains_key(id))
            else {
                return;
            };
            phones[0].note(id, &format!("热水 {:?}", world.id()));
            phones[0].push().await;
        }
        Step::KeeperNote { station, visit } => {
            let keeper = &mut phones[1 + station];
            let Some(id) = pick(visits, visit).filter(|id| keeper.documents.contains_key(id))
            else {
                return;
            };
            let note = format!("好 {:?}", world.id());
            keeper.edit(id, visit::Command::SetKeeperNote(note));
            keeper.push().await;
            // What was refused (a visit of the other station) is taken back.
            for push in std::mem::take(&mut keeper.unsent) {
                let held = keeper.documents.get_mut(&push.document).unwrap();
                held.changes.retain(|(_, bytes)| *bytes != push.change);
            }
        }
        Step::Join { visit, station } => {
            if let Some(id) = pick(visits, visit) {
                let scope = world.station_scope(station);
                world.relay.join_scope(id, scope).await.unwrap();
            }
        }
        Step::Leave { visit, station } => {
            if let Some(id) = pick(visits, visit) {
                let scope = world.station_scope(station);
                let reason = ForgetReason::Retired;
                world.relay.leave_scope(id, scope, reason).await.unwrap();
            }
        }
        Step::Pull { phone, small } => {
            let bytes = if small { 1 } else { 0 };
            phones[phone].exchange(bytes).await;
            assert_eq!(phones[phone].mismatches, []);
        }
    }
}

/// The digest of every scope, recomputed from what is stored, is the one kept.
async fn check_digests(world: &World, phones: &[Phone]) {
    for phone in phones {
        for scope in phone.identity.scopes.clone() {
            let read = move |snapshot: &crate::store::Snapshot<'_>| -> Result<_, StoreError> {
                let Some(totals) = snapshot.scope(&scope)? else {
                    return Ok(());
                };
                let holdings = snapshot.holdings(totals.id)?;
                let mut scratch = ScopeDigest::EMPTY;
                for (id, kept) in &holdings {
                    let heads = snapshot.document(*id)?.unwrap().outline.head_hashes();
                    assert_eq!(DocumentDigest::of(*id, &heads), *kept);
                    scratch = scratch.with(*kept);
                }
                assert_eq!(totals.digest, scratch);
                assert_eq!(totals.documents, holdings.len() as u64);
                Ok(())
            };
            world.relay.inner.readers.read(read).await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn digests_and_devices_agree_after_any_history(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut phones = vec![
                world.driver().await,
                world.keeper(0).await,
                world.keeper(1).await,
            ];
            let mut visits = Vec::new();
            for step in steps {
                carry_out(&mut world, &mut phones, &mut visits, step).await;
            }
            for phone in &mut phones {
                phone.sync(1).await;
            }
            check_digests(&world, &phones).await;
            for phone in &phones {
                for (scope, held) in &phone.held {
                    for id in held {
                        let theirs = &phones[0].documents.get(id);
                        let Some(theirs) = theirs else { continue };
                        let mine = &phone.documents[id];
                        assert_eq!(mine.acked, theirs.acked, "{scope}");
                    }
                }
            }
        });
    }
}
