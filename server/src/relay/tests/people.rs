//! Pairing, registration, roles and revocation.

use yizhan_proto::identity::RegisterRequest;
use yizhan_proto::{DeviceId, PersonId, ProtocolVersion, Role, Scope, StationId};

use super::{World, open};
use crate::error::{CallerError, PairError, PeopleError};

async fn registration(world: &mut World) -> RegisterRequest {
    RegisterRequest {
        version: ProtocolVersion::CURRENT,
        station_code: world.relay.station_code(world.stations[0]).await.unwrap(),
        device: DeviceId::from_bytes(world.id()),
        public_key: world.id().repeat(2),
        person: PersonId::from_bytes(world.id()),
        name: "赵师傅".to_owned(),
        label: String::new(),
        signature: Vec::new(),
    }
}

#[tokio::test]
async fn a_code_works_once_and_again_for_whoever_lost_the_answer() {
    let mut world = World::new().await;
    let person = world
        .relay
        .add_person("王师傅", vec![Role::Driver])
        .await
        .unwrap();
    let mut request = world.pairing(&person).await;
    request.code = request.code.to_lowercase().replace('-', " ");
    let paired = world.relay.pair(request.clone()).await.unwrap();
    assert_eq!(paired.identity.person, person.id);
    assert_eq!(paired.identity.aliases, [request.provisional]);
    assert!(
        paired
            .identity
            .scopes
            .contains(&Scope::Person(request.provisional))
    );
    let caller = world.relay.caller(request.device).unwrap();
    assert_eq!(caller.identity, paired.identity);
    assert_eq!(world.relay.pair(request.clone()).await.unwrap(), paired);

    let mut other = request.clone();
    other.device = DeviceId::from_bytes(world.id());
    assert!(matches!(
        world.relay.pair(other).await,
        Err(PairError::CodeUsed)
    ));
    let mut thief = request.clone();
    thief.public_key = world.id().repeat(2);
    assert!(matches!(
        world.relay.pair(thief).await,
        Err(PairError::DeviceConflict)
    ));
    let mut wrong = request.clone();
    for code in ["00000-00000", "", "站"] {
        wrong.code = code.to_owned();
        assert!(matches!(
            world.relay.pair(wrong.clone()).await,
            Err(PairError::CodeWrong)
        ));
    }
}

#[tokio::test]
async fn a_code_expires() {
    let mut world = World::new().await;
    let person = world.relay.add_person("王师傅", vec![]).await.unwrap();
    let request = world.pairing(&person).await;
    world.clock.advance_ms(60_000);
    assert!(matches!(
        world.relay.pair(request).await,
        Err(PairError::CodeExpired)
    ));
}

#[tokio::test]
async fn a_revoked_device_is_out_at_once_and_comes_back_only_with_a_new_code() {
    let mut world = World::new().await;
    let person = world
        .relay
        .add_person("王师傅", vec![Role::Driver])
        .await
        .unwrap();
    let mut request = world.pairing(&person).await;
    world.relay.pair(request.clone()).await.unwrap();
    let info = world.relay.revoke_device(request.device).await.unwrap();
    assert!(info.revoked_at.is_some());
    assert_eq!(
        world.relay.caller(request.device),
        Err(CallerError::Revoked)
    );
    assert!(matches!(
        world.relay.pair(request.clone()).await,
        Err(PairError::CodeUsed)
    ));
    assert_eq!(
        world.relay.caller(request.device),
        Err(CallerError::Revoked)
    );
    let code = world
        .relay
        .create_pair_code(person.id, 1_000)
        .await
        .unwrap();
    request.code = code.code;
    world.relay.pair(request.clone()).await.unwrap();
    assert!(world.relay.caller(request.device).is_ok());
    let stranger = DeviceId::from_bytes(world.id());
    assert_eq!(world.relay.caller(stranger), Err(CallerError::Unknown));
    assert!(matches!(
        world.relay.revoke_device(stranger).await,
        Err(PeopleError::NoDevice)
    ));
}

#[tokio::test]
async fn nobody_takes_an_id_that_is_somebodys() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let other = world
        .relay
        .add_person("李师傅", vec![Role::Driver])
        .await
        .unwrap();
    let alias = driver.identity.aliases[0];
    for taken in [driver.identity.person, alias] {
        let mut request = world.pairing(&other).await;
        request.provisional = taken;
        assert!(matches!(
            world.relay.pair(request).await,
            Err(PairError::PersonConflict)
        ));
        let mut request = registration(&mut world).await;
        request.person = taken;
        assert!(matches!(
            world.relay.register(request).await,
            Err(PairError::PersonConflict)
        ));
    }
    // A document about somebody who is not here yet.
    let absent = PersonId::from_bytes(world.id());
    let mut keeper = world.keeper(0).await;
    keeper.edit(
        world.document_id(),
        yizhan_client_core::model::visit::Command::CheckIn {
            driver: absent,
            driver_name: "?".into(),
            station: world.stations[0],
            arrived_at: yizhan_proto::Timestamp::from_ms(super::MORNING_MS),
            source: yizhan_client_core::model::visit::Source::Keeper,
            vehicle_plate: None,
            requested: Vec::new(),
        },
    );
    keeper.push().await;
    assert_eq!(keeper.unsent, []);
    let mut request = world.pairing(&other).await;
    request.provisional = absent;
    assert!(matches!(
        world.relay.pair(request).await,
        Err(PairError::PersonConflict)
    ));
    driver.check_in(world.document_id(), world.stations[0]);
    driver.push().await;
}

#[tokio::test]
async fn a_driver_registers_alone_and_may_ask_twice() {
    let mut world = World::new().await;
    let request = registration(&mut world).await;
    let paired = world.relay.register(request.clone()).await.unwrap();
    assert_eq!(paired.identity.person, request.person);
    assert_eq!(paired.identity.roles, [Role::Driver]);
    assert_eq!(world.relay.register(request.clone()).await.unwrap(), paired);
    assert_eq!(world.relay.people().len(), 1);

    let mut again = request.clone();
    again.device = DeviceId::from_bytes(world.id());
    assert!(matches!(
        world.relay.register(again).await,
        Err(PairError::PersonConflict)
    ));
    let mut other = request.clone();
    other.person = PersonId::from_bytes(world.id());
    assert!(matches!(
        world.relay.register(other).await,
        Err(PairError::DeviceConflict)
    ));
    let mut wrong = registration(&mut world).await;
    wrong.station_code = "00000-00000".to_owned();
    assert!(matches!(
        world.relay.register(wrong).await,
        Err(PairError::StationCodeInvalid)
    ));
    world.relay.revoke_device(request.device).await.unwrap();
    assert!(matches!(
        world.relay.register(request).await,
        Err(PairError::DeviceRevoked)
    ));
}

#[tokio::test]
async fn a_stations_code_stays_the_same() {
    let world = World::new().await;
    let code = world.relay.station_code(world.stations[0]).await.unwrap();
    assert_eq!(
        world.relay.station_code(world.stations[0]).await.unwrap(),
        code
    );
    assert_ne!(
        world.relay.station_code(world.stations[1]).await.unwrap(),
        code
    );
    let nowhere = StationId::from_bytes([99; 16]);
    assert!(matches!(
        world.relay.station_code(nowhere).await,
        Err(PeopleError::NoStation(_))
    ));
}

#[tokio::test]
async fn people_and_their_roles_are_there_after_a_restart() {
    let mut world = World::new().await;
    let keeper = world.keeper(0).await;
    let station = world.stations[0];
    let id = keeper.identity.person;
    let health = Role::Health(station);
    world.relay.add_role(id, health.clone()).await.unwrap();
    world.relay.add_role(id, health.clone()).await.unwrap();
    let both = world.relay.person(id).unwrap();
    assert_eq!(both.roles, [Role::Keeper(station), health.clone()]);
    world
        .relay
        .remove_role(id, Role::Keeper(station))
        .await
        .unwrap();
    let before = world.relay.caller(keeper.device).unwrap();
    world.relay.shutdown();
    let relay = open(world.folder.path(), &world.clock);
    assert_eq!(
        relay.caller(keeper.device).unwrap(),
        before,
        "the version, too"
    );
    assert_eq!(
        relay.person(keeper.identity.aliases[0]).unwrap().roles,
        [health]
    );
    assert_eq!(relay.devices().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_role_is_at_a_place_that_is_there() {
    let world = World::new().await;
    let add = |role| world.relay.add_person("某", vec![role]);
    let nowhere = StationId::from_bytes([99; 16]);
    assert!(matches!(
        add(Role::Keeper(nowhere)).await,
        Err(PeopleError::NoStation(_))
    ));
    let region = "nowhere".parse().unwrap();
    assert!(matches!(
        add(Role::Coordinator(region)).await,
        Err(PeopleError::NoRegion(_))
    ));
    assert!(matches!(
        add(Role::Other("x".into())).await,
        Err(PeopleError::Invalid(_))
    ));
    assert!(matches!(
        world.relay.add_person(" ", vec![]).await,
        Err(PeopleError::Invalid(_))
    ));
    assert_eq!(world.relay.people(), [], "all or nothing");
    let nobody = PersonId::from_bytes([1; 16]);
    assert!(matches!(
        world.relay.add_role(nobody, Role::Driver).await,
        Err(PeopleError::NoPerson(_))
    ));
}

#[tokio::test]
async fn a_new_region_reaches_every_identity() {
    let mut world = World::new().await;
    let driver = world.driver().await;
    world
        .relay
        .add_region("banan".parse().unwrap(), "重庆巴南")
        .await
        .unwrap();
    let caller = world.relay.caller(driver.device).unwrap();
    assert!(
        caller
            .identity
            .scopes
            .contains(&Scope::Region("banan".parse().unwrap()))
    );
    assert_ne!(caller.identity.version, driver.identity.version);
    assert_eq!(world.relay.regions().len(), 2);
}
