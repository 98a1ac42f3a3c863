//! Which device was ever served which scope, and what it says to have left.

use yizhan_proto::sync::SyncRequest;
use yizhan_proto::{DeviceId, Role, Scope};

use super::phone::Phone;
use super::{World, open};
use crate::store::rows::Subject;

/// Which devices were served a scope, and whether they confirmed to have left it.
async fn told(world: &World, scope: &Scope) -> Vec<(DeviceId, bool)> {
    let told = world.relay.devices_told(vec![scope.clone()]).await.unwrap();
    told.iter()
        .map(|device| (device.device, device.confirmed))
        .collect()
}

async fn confirm(phone: &Phone, scope: &Scope) {
    let request = SyncRequest {
        left: vec![scope.clone()],
        ..phone.request()
    };
    phone.send(request).await.unwrap();
}

#[tokio::test]
async fn a_scope_is_noted_when_it_is_served_and_stays_known_after_the_role_and_a_restart() {
    let mut world = World::new().await;
    let mut keeper = world.keeper(0).await;
    let (here, role) = (world.station_scope(0), Role::Keeper(world.stations[0]));
    assert_eq!(told(&world, &here).await, [], "paired, and served nothing");
    keeper.sync(0).await;
    let (device, person) = (keeper.device, keeper.identity.person);
    assert_eq!(told(&world, &here).await, [(device, false)]);
    assert_eq!(told(&world, &world.station_scope(1)).await, []);
    assert_eq!(world.relay.outstanding(None).await.unwrap().devices, []);

    world.relay.remove_role(person, role).await.unwrap();
    assert_eq!(told(&world, &here).await, [(device, false)]);
    world.clock.advance_ms(90_000);
    let outstanding = world.relay.outstanding(None).await.unwrap().devices;
    assert_eq!(outstanding.len(), 1);
    assert_eq!(outstanding[0].left[0].scope, here);
    assert_eq!(outstanding[0].age_ms, 90_000);

    world.relay.shutdown();
    world.relay = open(world.folder.path(), &world.clock);
    keeper.reach(world.relay.clone());
    let again = world.relay.outstanding(None).await.unwrap().devices;
    assert_eq!(again, outstanding);
    confirm(&keeper, &here).await;
    assert_eq!(told(&world, &here).await, [(device, true)]);
    assert_eq!(world.relay.outstanding(None).await.unwrap().devices, []);
}

#[tokio::test]
async fn what_a_device_is_served_cannot_be_confirmed_as_left() {
    let mut world = World::new().await;
    let mut keeper = world.keeper(0).await;
    let (here, role) = (world.station_scope(0), Role::Keeper(world.stations[0]));
    keeper.sync(0).await;
    let (device, person) = (keeper.device, keeper.identity.person);
    confirm(&keeper, &here).await;
    assert_eq!(told(&world, &here).await, [(device, false)]);
    world.relay.remove_role(person, role.clone()).await.unwrap();
    confirm(&keeper, &here).await;
    world.relay.add_role(person, role).await.unwrap();
    assert_eq!(
        told(&world, &here).await,
        [(device, true)],
        "not served yet"
    );
    keeper.sync(0).await;
    assert_eq!(told(&world, &here).await, [(device, false)], "served again");
}

#[tokio::test]
async fn a_revoked_device_confirms_nothing_and_stays_listed() {
    let mut world = World::new().await;
    let mut keeper = world.keeper(0).await;
    keeper.sync(0).await;
    world.relay.revoke_device(keeper.device).await.unwrap();
    let outstanding = world.relay.outstanding(None).await.unwrap().devices;
    assert_eq!(outstanding.len(), 1);
    assert!(outstanding[0].revoked_at.is_some() && outstanding[0].wipe.is_none());
    let left = outstanding[0].left.iter().map(|left| left.scope.clone());
    assert!(left.collect::<Vec<_>>().contains(&world.station_scope(0)));
    // Ordered to erase itself, and not heard of since: that is told as well.
    world.relay.order_wipe(keeper.device).await.unwrap();
    let outstanding = world.relay.outstanding(None).await.unwrap().devices;
    let wipe = outstanding[0].wipe.unwrap();
    assert_eq!((wipe.told_at, wipe.wiped_at), (None, None));
}

/// Whoever was erased reads nothing any more, the directory included, and their device says when it has
/// dropped everything.
#[tokio::test]
async fn the_device_of_an_erased_person_is_served_nothing_and_confirms_all_of_it() {
    let mut world = World::new().await;
    let mut driver = world.phone("李师傅", vec![Role::Driver]).await;
    driver.sync(0).await;
    let person = driver.identity.person;
    let receipt = world.relay.erase(Subject::Person(person), "a test").await;
    assert!(receipt.is_ok());
    let caller = world.relay.caller(driver.device).unwrap();
    assert_eq!(caller.identity.scopes, []);
    let outstanding = world.relay.outstanding(None).await.unwrap().devices;
    let left: Vec<Scope> = outstanding[0]
        .left
        .iter()
        .map(|left| left.scope.clone())
        .collect();
    assert!(
        left.contains(&Scope::Person(person)) && left.len() > 1,
        "{left:?}"
    );
}

#[tokio::test]
async fn a_page_looks_at_so_many_devices_and_says_where_the_next_begins() {
    let mut world = World::new().await;
    let mut people = Vec::new();
    for n in 0..3 {
        let mut keeper = world.keeper(0).await;
        keeper.sync(0).await;
        people.push((keeper.device, keeper.identity.person));
        let role = Role::Keeper(world.stations[0]);
        if n != 1 {
            world
                .relay
                .remove_role(keeper.identity.person, role)
                .await
                .unwrap();
        }
    }
    let first = world.relay.outstanding(None).await.unwrap();
    assert_eq!(first.next, None, "fewer than a page");
    let devices: Vec<DeviceId> = first.devices.iter().map(|device| device.device).collect();
    assert_eq!(devices, [people[0].0, people[2].0]);
    let rest = world.relay.outstanding(Some(people[0].0)).await.unwrap();
    assert_eq!(rest.devices, first.devices[1..]);
}
