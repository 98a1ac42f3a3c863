//! Keys of devices: two new ones at once, an old request again, and a log filled with them.

use yizhan_proto::ProtocolVersion;
use yizhan_proto::device::KeyRequest;

use super::super::World;
use super::super::phone::Phone;
use super::count;
use crate::audit::Action;
use crate::error::DeviceError;

const HOUR_MS: i64 = 60 * 60 * 1000;

fn change(phone: &Phone, old_key: [u8; 32], new_key: [u8; 32]) -> KeyRequest {
    KeyRequest {
        version: ProtocolVersion::CURRENT,
        device: phone.device,
        challenge: Vec::new(),
        old_key,
        new_key,
        old_signature: [0; 64],
        new_signature: [0; 64],
    }
}

fn key_of(phone: &Phone) -> [u8; 32] {
    phone.relay().caller(phone.device).unwrap().public_key
}

/// The phone and a copy of it change the key at once: one of them has it, and the other is told.
/// A request that somebody kept changes nothing later.
#[tokio::test]
async fn of_two_new_keys_at_once_one_counts_and_an_old_request_changes_nothing() {
    let mut world = World::new().await;
    let phone = world.driver().await;
    let relay = world.relay.clone();
    let first = key_of(&phone);
    let (mine, copys) = (
        change(&phone, first, [71; 32]),
        change(&phone, first, [72; 32]),
    );
    let (a, b) = tokio::join!(
        relay.replace_key(mine.clone()),
        relay.replace_key(copys.clone())
    );
    assert!(a.is_ok());
    assert!(matches!(b, Err(DeviceError::KeyReplaced)), "{b:?}");
    assert_eq!(key_of(&phone), [71; 32]);
    relay.replace_key(mine.clone()).await.unwrap();
    let next = change(&phone, [71; 32], [73; 32]);
    relay.replace_key(next).await.unwrap();
    for old in [mine, copys, change(&phone, [72; 32], [74; 32])] {
        let again = relay.replace_key(old).await;
        assert!(matches!(again, Err(DeviceError::KeyReplaced)), "{again:?}");
    }
    assert_eq!(key_of(&phone), [73; 32]);
    assert_eq!(count(&relay, Action::KeyRotated).await, 2);
}

/// A device that goes over to one key after the other, each entered for ever.
#[tokio::test]
async fn a_device_does_not_fill_the_log_with_new_keys() {
    let mut world = World::new().await;
    let (phone, other) = (world.driver().await, world.driver().await);
    let relay = world.relay.clone();
    let mut refused = 0;
    for n in 100..130 {
        let next = change(&phone, key_of(&phone), [n; 32]);
        match relay.replace_key(next).await {
            Ok(()) => {}
            Err(DeviceError::TooOften { bound: 12, .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((refused, count(&relay, Action::KeyRotated).await), (18, 12));
    let next = change(&other, key_of(&other), [99; 32]);
    relay
        .replace_key(next)
        .await
        .expect("others have their own");
    world.clock.advance_ms(HOUR_MS);
    let next = change(&phone, key_of(&phone), [130; 32]);
    relay.replace_key(next).await.unwrap();
}
