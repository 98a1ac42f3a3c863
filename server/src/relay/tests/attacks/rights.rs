//! Rights that end while something is under way.

use std::sync::mpsc;

use yizhan_proto::sync::SyncRequest;
use yizhan_proto::{Role, Scope};

use super::super::World;
use super::super::phone::Phone;
use crate::error::{CallerError, RelayError};
use crate::relay::Relay;
use crate::store::LogTx;
use crate::watch::WatchEvent;

/// Keeps the relay from writing until the sender is dropped.
async fn hold_up(relay: &Relay) -> mpsc::Sender<()> {
    let (go_on, wait) = mpsc::channel();
    let relay = relay.clone();
    tokio::spawn(async move {
        let job = move |_: &mut LogTx<'_>| -> Result<(), RelayError> {
            wait.recv().unwrap_err();
            Ok(())
        };
        drop(relay.inner.writer.write(job).await);
    });
    tokio::task::yield_now().await;
    go_on
}

/// A keeper who exchanges something that has to be written first.
fn slow(phone: &Phone) -> SyncRequest {
    SyncRequest {
        left: vec![Scope::Person(phone.identity.person)],
        ..phone.long_form()
    }
}

/// The role, or the device, goes while an exchange waits for the relay: what was written since is not
/// in its answer.
#[tokio::test]
async fn who_loses_a_right_in_the_middle_of_an_exchange_reads_nothing_under_it() {
    for revoked in [false, true] {
        let mut world = World::new().await;
        let mut driver = world.driver().await;
        let mut thief = world.keeper(0).await;
        driver.sync(0).await;
        thief.sync(0).await;
        let visit = world.document_id();
        driver.check_in(visit, world.stations[0]);
        let relay = world.relay.clone();
        let (person, device) = (thief.identity.person, thief.device);
        let role = Role::Keeper(world.stations[0]);

        let go_on = hold_up(&relay).await;
        let request = slow(&thief);
        let exchange = tokio::spawn(async move { thief.send(request).await });
        tokio::task::yield_now().await;
        let end = tokio::spawn(async move {
            if revoked {
                relay.revoke_device(device).await.map(drop)
            } else {
                relay.remove_role(person, role).await.map(drop)
            }
        });
        tokio::task::yield_now().await;
        let write = tokio::spawn(async move { driver.push().await });
        tokio::task::yield_now().await;
        drop(go_on);
        let answer = exchange.await.unwrap();
        end.await.unwrap().unwrap();
        write.await.unwrap();
        if revoked {
            let told = matches!(answer, Err(RelayError::Caller(CallerError::Revoked)));
            assert!(told, "{answer:?}");
            continue;
        }
        let answer = answer.unwrap();
        let items = answer.pages.iter().flat_map(|page| &page.items);
        assert!(items.map(|item| item.document).all(|id| id != visit));
        let identity = answer.identity.expect("it is told who it is by now");
        assert_eq!(identity.roles, []);
    }
}

/// A stream that is open goes on after the role ended, and hears nothing of what was the role's: not
/// the names of scopes, not that anything happens there.
#[tokio::test]
async fn an_open_stream_hears_nothing_of_what_is_not_its_own_any_more() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let keeper = world.keeper(0).await;
    let relay = world.relay.clone();
    let caller = relay.caller(keeper.device).unwrap();
    let mut open = relay.watch(&caller).unwrap();
    driver.check_in(world.document_id(), world.stations[0]);
    driver.push().await;
    // Something waits to be heard; then the role ends, and more happens.
    let role = Role::Keeper(world.stations[0]);
    relay
        .remove_role(keeper.identity.person, role)
        .await
        .unwrap();
    driver.check_in(world.document_id(), world.stations[0]);
    driver.push().await;
    assert_eq!(open.next().await, WatchEvent::Pull);
    // The caller as it was is no ticket for a new one.
    let mut again = relay.watch(&caller).unwrap();
    driver.check_in(world.document_id(), world.stations[0]);
    driver.push().await;
    // Something of its own is all that it hears.
    let own = Scope::Person(keeper.identity.person);
    let mut keeper = keeper;
    keeper.check_in(world.document_id(), world.stations[1]);
    keeper.push().await;
    for stream in [&mut open, &mut again] {
        let heard = stream.next().await;
        assert!(
            matches!(&heard, WatchEvent::Moved(moved) if moved.scope == own),
            "{heard:?}"
        );
    }
    relay.revoke_device(keeper.device).await.unwrap();
    assert_eq!(open.next().await, WatchEvent::Closed);
    assert!(relay.watch(&caller).is_err());
}
