//! Importing stations: all or none, and twice is once.

use yizhan_proto::Role;

use super::{World, new_station};
use crate::error::ImportError;
use crate::relay::ImportOutcome;

#[tokio::test]
async fn an_import_again_changes_nothing_and_a_difference_is_written() {
    let world = World::new().await;
    let relay = &world.relay;
    let mut north = new_station("north");
    let same = relay
        .import_stations(vec![north.clone(), new_station("south")])
        .await
        .unwrap();
    assert_eq!(same[0].id, world.stations[0]);
    assert!(same.iter().all(|s| s.outcome == ImportOutcome::Unchanged));
    let head = relay.status().await.unwrap().head;
    assert_eq!(head.get(), 2);

    north.name = "北站".to_owned();
    north.facilities = vec!["rest".into(), "shower".into()];
    north.hours = Some("24 h".to_owned());
    let third = new_station("east");
    let changed = relay
        .import_stations(vec![north.clone(), third])
        .await
        .unwrap();
    assert_eq!(changed[0].outcome, ImportOutcome::Updated);
    assert_eq!(changed[1].outcome, ImportOutcome::Created);
    for _ in 0..2 {
        let stations = relay.stations().await.unwrap();
        let keys: Vec<_> = stations.iter().map(|s| s.key.as_str()).collect();
        assert_eq!(keys, ["east", "north", "south"]);
        assert_eq!(stations[1].name.value.as_deref(), Some("北站"));
        assert_eq!(stations[1].facilities, ["rest", "shower"]);
        assert_eq!(stations[1].hours.value.as_deref(), Some("24 h"));
    }
    let again = relay.import_stations(vec![north]).await.unwrap();
    assert_eq!(again[0].outcome, ImportOutcome::Unchanged);
}

#[tokio::test]
async fn one_bad_station_and_none_is_imported() {
    let world = World::new().await;
    let before = world.relay.status().await.unwrap();
    let mut bad = new_station("bad");
    bad.beds_total = Some(1_000_000);
    let error = world
        .relay
        .import_stations(vec![new_station("east"), bad])
        .await
        .unwrap_err();
    let ImportError::Station { index: 2, key, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(key, "bad");
    let twice = vec![new_station("east"), new_station("east")];
    let error = world.relay.import_stations(twice).await.unwrap_err();
    assert!(matches!(error, ImportError::Twice { .. }));
    let mut moved = new_station("north");
    moved.region = "banan".parse().unwrap();
    let error = world.relay.import_stations(vec![moved]).await.unwrap_err();
    assert!(matches!(error, ImportError::Unchangeable { .. }));
    assert_eq!(world.relay.status().await.unwrap().head, before.head);
    assert_eq!(world.relay.regions().len(), 1);
    assert_eq!(world.relay.stations().await.unwrap().len(), 2);
}

#[tokio::test]
async fn stations_reach_every_device() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    driver.sync(0).await;
    for station in world.stations {
        assert!(driver.documents.contains_key(&station.into()));
    }
}

/// The keeper turned out to be somebody who is there twice, while nobody worked at the station.
#[tokio::test]
async fn who_became_one_with_another_while_a_station_was_closed_works_there_again() {
    let mut world = World::new().await;
    let (station, keeper) = (world.stations[0], world.keeper(0).await);
    let kept = world.relay.add_person("李福", vec![Role::Driver]).await;
    let kept = kept.unwrap().id;
    let relay = &world.relay;
    relay.close_station(station).await.unwrap();
    let former = keeper.identity.person;
    relay.merge_people(kept, former).await.unwrap();
    assert_eq!(relay.reopen_station(station).await.unwrap(), 1);
    let person = relay.person(kept).unwrap();
    assert!(person.roles.contains(&Role::Keeper(station)), "{person:?}");
}
