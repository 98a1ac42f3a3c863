//! Encrypted stores. Builds without the feature `sqlcipher` say so; with it, the rest is played.
//! Whoever runs them with the feature sets `YIZHAN_EXPECT_CIPHER`: a build that cannot encrypt fails
//! then, and is not passed over.

use crate::store::tests::world::TestClock;
use crate::store::{DatabaseKey, OpenKeys, Store, StoreError, can_encrypt, encrypt, is_encrypted};

fn keyed(byte: u8) -> OpenKeys {
    OpenKeys {
        seal: None,
        database: Some(DatabaseKey([byte; 32])),
    }
}

fn is_plain(file: &std::path::Path) -> bool {
    std::fs::read(file)
        .unwrap()
        .starts_with(b"SQLite format 3\0")
}

/// Whether there is something to play.
fn encrypts() -> bool {
    let expected = std::env::var_os("YIZHAN_EXPECT_CIPHER").is_some();
    assert!(can_encrypt() || !expected, "this build cannot encrypt");
    can_encrypt()
}

#[test]
fn a_build_that_cannot_encrypt_says_so_and_makes_nothing() {
    if can_encrypt() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let opened = Store::open_with(folder.path(), &clock, &keyed(1));
    assert!(matches!(opened, Err(StoreError::NoCipher)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(Store::open(folder.path(), &clock).unwrap());
    assert!(matches!(
        encrypt(folder.path(), &DatabaseKey([1; 32])),
        Err(StoreError::NoCipher)
    ));
    assert!(Store::open(folder.path(), &clock).is_ok());
    // A folder of another build: its store is encrypted, and not damaged.
    let there = tempfile::tempdir().unwrap();
    std::fs::write(there.path().join("yizhan.encrypted"), b"").unwrap();
    std::fs::write(there.path().join("yizhan.sqlite"), [7; 4096]).unwrap();
    let opened = Store::open(there.path(), &clock);
    assert!(matches!(opened, Err(StoreError::KeyNeeded)));
}

#[test]
fn an_encrypted_store_opens_with_its_key_alone() {
    if !encrypts() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let store = Store::open_with(folder.path(), &clock, &keyed(1)).unwrap();
    let device = store.device().unwrap();
    store.attachment_totals().unwrap();
    drop(store);
    assert!(is_encrypted(folder.path()));
    assert!(!is_plain(&folder.path().join("yizhan.sqlite")));
    assert!(matches!(
        Store::open(folder.path(), &clock),
        Err(StoreError::KeyNeeded)
    ));
    let other = Store::open_with(folder.path(), &clock, &keyed(2));
    assert!(matches!(other, Err(StoreError::WrongKey)), "{other:?}");
    let again = Store::open_with(folder.path(), &clock, &keyed(1)).unwrap();
    assert_eq!(again.device().unwrap(), device);
    again.verify().unwrap();
}

#[test]
fn a_plain_store_is_encrypted_with_all_that_is_in_it() {
    if !encrypts() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let store = Store::open(folder.path(), &clock).unwrap();
    let device = store.device().unwrap();
    drop(store);
    let refused = Store::open_with(folder.path(), &clock, &keyed(1));
    assert!(matches!(refused, Err(StoreError::NotEncrypted)));
    assert!(
        Store::open(folder.path(), &clock).is_ok(),
        "nothing happened"
    );
    let key = DatabaseKey([1; 32]);
    encrypt(folder.path(), &key).unwrap();
    encrypt(folder.path(), &key).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        assert!(!is_plain(&entry.unwrap().path()));
    }
    let store = Store::open_with(folder.path(), &clock, &keyed(1)).unwrap();
    assert_eq!(store.device().unwrap(), device);
}
