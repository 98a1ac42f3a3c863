//! Taking an id before its owner does, and coming back with what is somebody else's.

use ed25519_dalek::SigningKey;
use yizhan_client_core::model::visit;
use yizhan_proto::{DeviceId, PersonId, Role, Timestamp};

use super::super::World;
use super::super::phone::Phone;
use super::{linked, registered, registration};
use crate::error::PairError;
use crate::relay::{OutsideNewcomer, Quotas, Relay, RelayOptions};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn key(n: u8) -> [u8; 32] {
    SigningKey::from_bytes(&[n; 32]).verifying_key().to_bytes()
}

/// A keeper enters that somebody was here.
fn here(keeper: &mut Phone, world: &mut World, driver: PersonId) {
    let command = visit::Command::CheckIn {
        driver,
        driver_name: "?".into(),
        station: world.stations[0],
        arrived_at: Timestamp::from_ms(super::MORNING_MS),
        source: visit::Source::Keeper,
        vehicle_plate: None,
        requested: Vec::new(),
    };
    keeper.edit(world.document_id(), command);
}

/// Whoever saw the id of a phone that no relay knows yet (on its screen, in a file it exported, on a
/// line without TLS) does not take it by being faster, and a keeper does not take it from its
/// owner by writing about it.
#[tokio::test]
async fn an_id_that_follows_from_a_key_is_taken_by_its_holder_alone() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    let (owner, thief) = (key(1), key(2));
    let id = PersonId::of_key(&owner);
    assert!(id.is_derived() && id != PersonId::of_key(&thief));
    let mut keeper = world.keeper(0).await;
    here(&mut keeper, &mut world, id);
    keeper.push().await;
    assert_eq!(keeper.unsent, []);

    let mut request = registration(&mut world, "贼").await;
    (request.person, request.public_key) = (id, thief.to_vec());
    let taken = relay.register(request).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)), "{taken:?}");
    let person = relay.add_person("贼", vec![Role::Driver]).await.unwrap();
    let mut request = world.pairing(&person).await;
    (request.provisional, request.public_key) = (id, thief.to_vec());
    let taken = relay.pair(request).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)), "{taken:?}");
    let link = linked(1);
    let named = relay.link_outside(person.id, &link.issuer, &link.subject);
    named.await.unwrap();
    let newcomer = OutsideNewcomer {
        device: DeviceId::from_bytes(world.id()),
        public_key: thief,
        provisional: id,
        label: String::new(),
    };
    let taken = relay.pair_outside(newcomer, link).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)), "{taken:?}");

    let mut request = registration(&mut world, "李师傅").await;
    (request.person, request.public_key) = (id, owner.to_vec());
    let device = request.device;
    let paired = relay.register(request).await.unwrap();
    assert_eq!(paired.identity.person, id);
    let mut li = Phone::new(relay, device, paired.identity);
    li.sync(0).await;
    assert!(
        li.documents
            .values()
            .any(|held| held.kind == super::Kind::Visit)
    );
}

/// After a restore to before a driver came, everybody at the station still knows their id.
#[tokio::test]
async fn nobody_takes_the_id_of_a_driver_whom_a_restored_relay_has_forgotten() {
    let mut world = World::new().await;
    let mut keeper = world.keeper(0).await;
    let id = PersonId::of_key(&key(1));
    let backup = super::lineages::backup(&mut world).await;
    let mut request = registration(&mut world, "李师傅").await;
    (request.person, request.public_key) = (id, key(1).to_vec());
    world.relay.register(request.clone()).await.unwrap();
    world.relay = super::lineages::restored(&world, &backup);
    let mut stolen = registration(&mut world, "贼").await;
    (stolen.person, stolen.public_key) = (id, key(2).to_vec());
    let taken = world.relay.register(stolen).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)), "{taken:?}");
    // Who was entered by a keeper, who came first, comes back as who they were.
    keeper.reach(world.relay.clone());
    keeper.epoch = None;
    here(&mut keeper, &mut world, id);
    keeper.push().await;
    assert_eq!(keeper.unsent, []);
    request.station_code = world.relay.station_code(world.stations[0]).await.unwrap();
    let back = world.relay.register(request).await.unwrap();
    assert_eq!(back.identity.person, id);
}

/// Somebody has a code of their own, and a colleague's lost phone that is to erase itself.
#[tokio::test]
async fn a_lost_phone_does_not_keep_what_it_holds_by_being_paired_for_somebody_else() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    let wang = relay.add_person("王站长", vec![]).await.unwrap();
    let mut request = world.pairing(&wang).await;
    relay.pair(request.clone()).await.unwrap();
    relay.order_wipe(request.device).await.unwrap();
    let thief = relay.add_person("贼", vec![]).await.unwrap();
    let code = relay.create_pair_code(thief.id, 60_000).await.unwrap();
    request.code = code.code;
    request.provisional = PersonId::from_bytes(world.id());
    let back = relay.pair(request.clone()).await;
    assert!(matches!(back, Err(PairError::DeviceRevoked)), "{back:?}");
    assert!(relay.key_of_lost(request.device).await.is_ok());
    // Whoever makes a code for its own person wants it to be what it was.
    let code = relay.create_pair_code(wang.id, 60_000).await.unwrap();
    request.code = code.code;
    relay.pair(request.clone()).await.unwrap();
    assert!(relay.key_of_lost(request.device).await.is_err());
}

/// One token of an identity provider, and two phones that present it in the same moment.
#[tokio::test]
async fn of_two_phones_with_one_token_one_is_paired() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    let li = relay
        .add_person("李师傅", vec![Role::Driver])
        .await
        .unwrap();
    let bearer = linked(1);
    let link = relay.link_outside(li.id, &bearer.issuer, &bearer.subject);
    link.await.unwrap();
    let mut phone = |n| OutsideNewcomer {
        device: DeviceId::from_bytes(world.id()),
        public_key: [n; 32],
        provisional: PersonId::from_bytes(world.id()),
        label: String::new(),
    };
    let (one, other) = (phone(7), phone(8));
    let (first, second) = tokio::join!(
        relay.pair_outside(one.clone(), bearer.clone()),
        relay.pair_outside(other.clone(), bearer.clone())
    );
    assert_eq!(first.unwrap().identity.person, li.id);
    assert!(matches!(second, Err(PairError::OutsideTokenUsed)));
    assert!(relay.caller(other.device).is_err());
    // Linked to somebody else in between: the token is the first one's still, and the device theirs.
    let wang = relay.add_person("王师傅", vec![]).await.unwrap();
    let link = relay.link_outside(wang.id, &bearer.issuer, &bearer.subject);
    link.await.unwrap();
    let again = relay.pair_outside(one.clone(), bearer).await;
    assert!(
        matches!(again, Err(PairError::OutsideTokenUsed)),
        "{again:?}"
    );
    assert_eq!(relay.caller(one.device).unwrap().person, li.id);
}

/// The relay signs what it does itself with an id that everybody reads.
#[tokio::test]
async fn nobody_comes_in_as_the_relay_itself() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    let itself = PersonId::from_bytes(*relay.device_id().as_bytes());
    let mut request = registration(&mut world, "贼").await;
    request.person = itself;
    let taken = relay.register(request).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)), "{taken:?}");
    let person = relay.add_person("贼", vec![]).await.unwrap();
    let mut request = world.pairing(&person).await;
    request.provisional = itself;
    let taken = relay.pair(request.clone()).await;
    assert!(matches!(taken, Err(PairError::PersonConflict)), "{taken:?}");
    request.provisional = PersonId::from_bytes(world.id());
    request.device = relay.device_id();
    let taken = relay.pair(request).await;
    assert!(matches!(taken, Err(PairError::DeviceConflict)), "{taken:?}");
}

/// A name that clears the operator's screen, or writes another line into it.
#[tokio::test]
async fn a_name_is_one_line_and_orders_no_terminal_about() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    for odd in [
        "李\u{1b}[2J师傅",
        "李\n王",
        "李\u{7}",
        "李\u{9b}31m",
        "李\u{0}",
    ] {
        let mut request = registration(&mut world, odd).await;
        let named = relay.register(request.clone()).await;
        assert!(matches!(named, Err(PairError::Invalid(_))), "{named:?}");
        request.name = "李师傅".to_owned();
        request.label = odd.to_owned();
        let labelled = relay.register(request).await;
        assert!(
            matches!(labelled, Err(PairError::Invalid(_))),
            "{labelled:?}"
        );
    }
    assert_eq!(relay.people(), []);
}

/// The code on a wall is good for so many a day, and nothing is kept of those who come after.
#[tokio::test]
async fn a_code_on_a_wall_does_not_fill_the_relay_with_people() {
    let mut world = World::new().await;
    let relay = world.relay.clone();
    tokio::task::spawn_blocking(move || relay.shutdown())
        .await
        .unwrap();
    let options = RelayOptions {
        quotas: Quotas {
            station_registrations_per_day_max: 3,
            ..Quotas::default()
        },
        ..RelayOptions::default()
    };
    let clock = std::sync::Arc::clone(&world.clock);
    world.relay = Relay::open(world.folder.path(), clock, &options).unwrap();
    let relay = world.relay.clone();
    let mut first = None;
    for _ in 0..3 {
        world.clock.advance_ms(1_000);
        let request = registration(&mut world, "假").await;
        relay.register(request.clone()).await.unwrap();
        first.get_or_insert(request);
    }
    for _ in 0..3 {
        let request = registration(&mut world, "假").await;
        let full = relay.register(request).await;
        let until = DAY_MS.cast_unsigned() - 2_000;
        assert!(
            matches!(full, Err(PairError::TooManyHere { bound: 3, retry_after_ms })
                if retry_after_ms == until),
            "{full:?}"
        );
    }
    assert_eq!(relay.people().len(), 3);
    relay.register(first.unwrap()).await.expect("a lost answer");
    let mut elsewhere = registration(&mut world, "李师傅").await;
    elsewhere.station_code = relay.station_code(world.stations[1]).await.unwrap();
    relay.register(elsewhere).await.unwrap();
    world.clock.advance_ms(DAY_MS - 2_000);
    registered(&mut world, "李师傅").await;
    let request = registration(&mut world, "假").await;
    assert!(relay.register(request).await.is_err(), "one has come in");
}
