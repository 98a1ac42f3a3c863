//! Keepers, PINs and turns.

use std::path::Path;

use yizhan_proto::{DocumentId, StationId};

use super::*;
use crate::model::visit::Source;
use crate::model::{Command, visit};
use crate::store::tests::world::TestClock;
use crate::store::{StoreError, can_encrypt};

fn pin(text: &str) -> Pin {
    Pin::read(text).unwrap()
}

/// A driver's entry in a profile: its keeper was never online.
fn enter(profile: &Profile, n: u8, clock: &TestClock) {
    let mut store = Store::open_with(&profile.home, clock, &profile.keys).unwrap();
    let device = store.device().unwrap();
    let command = visit::Command::CheckIn {
        driver: device.person,
        driver_name: profile.name.clone(),
        station: StationId::from_bytes([100; 16]),
        arrived_at: clock.now(),
        source: Source::DriverApp,
        vehicle_plate: None,
        requested: Vec::new(),
    };
    let id = DocumentId::from_bytes([n; 16]);
    store.edit(id, &Command::Visit(command), clock).unwrap();
}

fn unsent(tablet: &Tablet) -> Vec<Option<u64>> {
    let keepers = tablet.keepers().unwrap();
    keepers.into_iter().map(|keeper| keeper.unsent).collect()
}

/// Refused without the profile's key: where a build encrypts, by the file, else by the sealed key.
fn is_shut<T>(opened: &Result<T, StoreError>) -> bool {
    if can_encrypt() {
        matches!(opened, Err(StoreError::KeyNeeded))
    } else {
        matches!(opened, Err(StoreError::Sealed))
    }
}

/// How much is said to be unsent in a profile that is locked: where a build encrypts, its file tells
/// nobody.
fn counted(unsent: u64) -> Option<u64> {
    (!can_encrypt()).then_some(unsent)
}

fn tablet(folder: &Path, clock: &TestClock) -> Tablet {
    Tablet::add(folder, "王站长", &pin("1234"), clock).unwrap();
    Tablet::add(folder, " 赵站长 ", &pin("87654321"), clock).unwrap()
}

#[test]
fn each_keeper_has_a_device_of_their_own_and_opens_it_with_their_own_pin() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = tablet(folder.path(), &clock);
    assert!(matches!(tablet.current(), Err(TabletError::Locked)));
    let wang = tablet.switch("王站长", &pin("1234"), &clock).unwrap();
    enter(&wang, 1, &clock);
    assert!(matches!(
        tablet.switch("赵站长", &pin("1234"), &clock),
        Err(TabletError::WrongPin(0))
    ));
    assert_eq!(
        tablet.current().unwrap().name,
        "王站长",
        "nothing was locked"
    );
    let zhao = tablet.switch("赵站长", &pin("87654321"), &clock).unwrap();
    let device = |profile: &Profile| {
        let store = Store::open_with(&profile.home, &clock, &profile.keys).unwrap();
        store.sign(b"x").unwrap();
        store.device().unwrap().device
    };
    assert_ne!(device(&wang), device(&zhao));
    assert_eq!(
        unsent(&tablet),
        [counted(1), counted(0)],
        "counted while locked"
    );
    tablet.lock().unwrap();
    assert!(matches!(tablet.current(), Err(TabletError::Locked)));
    assert!(!folder.path().join(SESSION).exists());
    tablet.lock().unwrap();
}

#[test]
fn a_locked_profile_is_opened_by_nothing_but_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = tablet(folder.path(), &clock);
    let wang = tablet.unlock("王站长", &pin("1234"), &clock).unwrap();
    let zhao = tablet.unlock("赵站长", &pin("87654321"), &clock).unwrap();
    let open = |keys: &OpenKeys| Store::open_with(&wang.home, &clock, keys).map(drop);
    assert!(open(&wang.keys).is_ok());
    assert!(is_shut(&open(&OpenKeys::default())));
    assert!(matches!(open(&zhao.keys), Err(StoreError::WrongKey)));
}

/// The secret lies nowhere in the profile's files.
#[test]
fn the_key_of_a_profile_lies_in_its_files_only_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let home = folder.path().join("plain");
    let mut store = Store::open(&home, &clock).unwrap();
    let secret = |store: &Store| -> Vec<u8> {
        let connection = store.connection_for_tests();
        let sql = "SELECT secret_key FROM device";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let plain = secret(&store);
    let says = |needle: &[u8]| {
        let files = std::fs::read_dir(&home).unwrap();
        files.into_iter().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
    };
    assert!(says(&plain), "the test can see it");
    let before = store.device().unwrap();
    let signed = store.sign(b"x").unwrap();
    store.seal_key(&SealKey([7; 32]), &clock).unwrap();
    assert!(!says(&plain));
    assert_eq!(store.device().unwrap(), before);
    assert_eq!(store.sign(b"x").unwrap(), signed);
    store.unseal_key().unwrap();
    assert_eq!(secret(&store), plain);
}

#[test]
fn wrong_pins_cost_time_that_neither_a_restart_nor_a_clock_set_back_saves() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = tablet(folder.path(), &clock);
    let guess = |text: &str| {
        Tablet::at(folder.path())
            .unwrap()
            .unlock("王站长", &pin(text), &clock)
    };
    for wait in [0, 0, 30_000] {
        let found = guess("0000");
        assert!(
            matches!(found, Err(TabletError::WrongPin(ms)) if ms == wait),
            "{found:?}"
        );
    }
    // Even the right one has to wait.
    assert!(matches!(guess("1234"), Err(TabletError::WaitFirst(30_000))));
    clock.pass(-1_000_000);
    assert!(matches!(guess("1234"), Err(TabletError::WaitFirst(30_000))));
    clock.pass(29_999);
    assert!(matches!(guess("1234"), Err(TabletError::WaitFirst(1))));
    // The other keeper is not held up.
    assert!(tablet.unlock("赵站长", &pin("87654321"), &clock).is_ok());
    clock.pass(1);
    assert!(matches!(guess("1111"), Err(TabletError::WrongPin(60_000))));
    clock.pass(60_000);
    assert!(guess("1234").is_ok());
    assert!(
        matches!(guess("1111"), Err(TabletError::WrongPin(0))),
        "forgiven"
    );
}

#[test]
fn a_new_pin_opens_the_same_profile_and_the_old_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = tablet(folder.path(), &clock);
    let before = tablet.switch("王站长", &pin("1234"), &clock).unwrap();
    enter(&before, 1, &clock);
    assert!(
        tablet
            .set_pin("王站长", &pin("4321"), &pin("5555"), &clock)
            .is_err()
    );
    tablet
        .set_pin("王站长", &pin("1234"), &pin("5555"), &clock)
        .unwrap();
    assert!(tablet.unlock("王站长", &pin("1234"), &clock).is_err());
    let after = tablet.unlock("王站长", &pin("5555"), &clock).unwrap();
    assert_eq!(after.home, before.home);
    enter(&after, 2, &clock);
    assert_eq!(unsent(&tablet)[0], counted(2));
}

#[test]
fn who_cannot_be_added_is_told_why_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = tablet(folder.path(), &clock);
    for name in ["", " ", "王站长", "a\nb", &"王".repeat(65)] {
        let added = Tablet::add(folder.path(), name, &pin("1234"), &clock);
        assert!(matches!(added, Err(TabletError::BadName(_))), "{name:?}");
    }
    assert_eq!(tablet.keepers().unwrap().len(), 2);
    let one_person = folder.path().join("phone");
    drop(Store::open(&one_person, &clock).unwrap());
    assert!(matches!(
        Tablet::add(&one_person, "王站长", &pin("1234"), &clock),
        Err(TabletError::OnePerson)
    ));
    assert!(matches!(
        tablet.unlock("没有", &pin("1234"), &clock),
        Err(TabletError::NoKeeper(_))
    ));
    // A keeper who was about to be added when the tablet died: the next one gets another folder.
    drop(Store::open(&profile(folder.path(), 3), &clock).unwrap());
    Tablet::add(folder.path(), "新站长", &pin("1234"), &clock).unwrap();
    assert!(tablet.unlock("新站长", &pin("1234"), &clock).is_ok());
    std::fs::write(folder.path().join(REGISTER), b"not a register").unwrap();
    assert!(matches!(tablet.keepers(), Err(TabletError::Damaged { .. })));
}

/// A keeper who goes over to a new key keeps it sealed.
#[test]
fn a_new_key_of_a_sealed_profile_is_sealed_too() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = tablet(folder.path(), &clock);
    let wang = tablet.unlock("王站长", &pin("1234"), &clock).unwrap();
    let mut store = Store::open_with(&wang.home, &clock, &wang.keys).unwrap();
    let key = store.begin_new_key(&clock).unwrap();
    assert_eq!(store.begin_new_key(&clock).unwrap(), key, "made once");
    let access = yizhan_proto::identity::Access {
        token: "t".into(),
        token_ttl_s: 1,
        challenge: Vec::new(),
        check_in: None,
    };
    store.adopt_new_key(&access, &clock).unwrap();
    assert_eq!(store.device().unwrap().public_key, key);
    drop(store);
    let open = |keys: &OpenKeys| Store::open_with(&wang.home, &clock, keys);
    assert!(is_shut(&open(&OpenKeys::default())));
    let store = open(&wang.keys).unwrap();
    assert_eq!(store.device().unwrap().public_key, key);
}

#[test]
fn a_keeper_is_removed_with_all_bytes_and_not_before_everything_has_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = tablet(folder.path(), &clock);
    let wang = tablet.switch("王站长", &pin("1234"), &clock).unwrap();
    let zhao = tablet.unlock("赵站长", &pin("87654321"), &clock).unwrap();
    enter(&wang, 1, &clock);
    enter(&wang, 2, &clock);
    enter(&zhao, 3, &clock);
    let key = wang.keys.database.as_ref();
    let refused = tablet.remove(" 王站长 ", key);
    let Err(TabletError::Unsent { name, left }) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (name.as_str(), left.entries, left.files, left.looks),
        ("王站长", 2, 0, 0)
    );
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("2 entries"), "{said}");
    assert_eq!(
        tablet.current().unwrap().name,
        "王站长",
        "nothing was touched"
    );
    assert_eq!(unsent(&tablet), [counted(2), counted(1)]);
    // A refused one is theirs as well; what the relay has is not lost with the profile.
    let store = Store::open_with(&wang.home, &clock, &wang.keys).unwrap();
    let device = store.device().unwrap().device;
    for (state, is_removed) in [(2, false), (1, true)] {
        let sql = format!("UPDATE changes SET state = {state}");
        store.connection_for_tests().execute_batch(&sql).unwrap();
        if !is_removed {
            assert!(matches!(
                tablet.remove("王站长", key),
                Err(TabletError::Unsent { .. })
            ));
        }
    }
    drop(store);
    assert_eq!(tablet.remove("王站长", key).unwrap(), Some(device));
    assert!(!wang.home.exists());
    assert!(matches!(tablet.current(), Err(TabletError::Locked)));
    assert!(matches!(
        tablet.remove("王站长", None),
        Err(TabletError::NoKeeper(_))
    ));
    assert!(matches!(
        tablet.unlock("王站长", &pin("1234"), &clock),
        Err(TabletError::NoKeeper(_))
    ));
    assert_eq!(
        unsent(&tablet),
        [counted(1)],
        "and the other keeper's work is there"
    );
    // It died between the two: the folder is gone, and the name is still there.
    std::fs::remove_dir_all(&zhao.home).unwrap();
    assert_eq!(tablet.remove("赵站长", None).unwrap(), None);
    assert_eq!(tablet.keepers().unwrap(), []);
}

/// The tablet's own files may be anything: named, never waited for, and nobody's profile opens by them.
#[cfg(unix)]
#[test]
fn damaged_or_forged_files_of_a_tablet_open_nothing_and_lose_nothing() {
    let clock = TestClock::new(1);
    for (file, sort) in [
        (REGISTER, "pipe"),
        (SESSION, "pipe"),
        ("tablet.lock", "pipe"),
        (REGISTER, "large"),
        (SESSION, "large"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let tablet = tablet(folder.path(), &clock);
        let wang = tablet.switch("王站长", &pin("1234"), &clock).unwrap();
        enter(&wang, 1, &clock);
        let path = folder.path().join(file);
        let before = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        if sort == "pipe" {
            let made = std::process::Command::new("mkfifo").arg(&path).status();
            assert!(made.unwrap().success());
        } else {
            std::fs::File::create(&path)
                .unwrap()
                .set_len(1 << 30)
                .unwrap();
        }
        let tried = tablet.switch("赵站长", &pin("87654321"), &clock).map(drop);
        let current = tablet.current().map(drop);
        assert!(
            tried.is_err() || current.is_err() || file == SESSION,
            "{file} {sort}"
        );
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, before).unwrap();
        let again = tablet.switch("王站长", &pin("1234"), &clock).unwrap();
        assert_eq!(unsent(&tablet), [counted(1), counted(0)]);
        assert_eq!(again.home, wang.home);
    }
    // A session that somebody made up: a keeper who is not there, another keeper's profile, no such key.
    let folder = tempfile::tempdir().unwrap();
    let tablet = tablet(folder.path(), &clock);
    for number in [0, 1, 2, 3, u32::MAX] {
        let forged = Session {
            number,
            key: [9; 32],
        };
        files::write(&folder.path().join(SESSION), &forged).unwrap();
        match tablet.current() {
            Ok(profile) => {
                let opened = Store::open_with(&profile.home, &clock, &profile.keys);
                assert!(matches!(opened, Err(StoreError::WrongKey)), "{number}");
            }
            Err(error) => assert!(matches!(error, TabletError::Locked), "{number}: {error}"),
        }
    }
}

/// The tablet died while a keeper was added: the folder is there, and the register does not name it. It
/// may hold what somebody entered, so nobody else is given it.
#[test]
fn a_folder_that_no_keeper_has_is_given_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let tablet = Tablet::add(folder.path(), "王站长", &pin("1234"), &clock).unwrap();
    let lost = tablet.switch("王站长", &pin("1234"), &clock).unwrap();
    enter(&lost, 1, &clock);
    tablet.lock().unwrap();
    std::fs::remove_file(folder.path().join(REGISTER)).unwrap();
    let tablet = Tablet::add(folder.path(), "赵站长", &pin("87654321"), &clock).unwrap();
    let zhao = tablet.unlock("赵站长", &pin("87654321"), &clock).unwrap();
    assert_ne!(zhao.home, lost.home);
    assert_eq!(unsent(&tablet), [counted(0)]);
    let kept = Store::open_with(&lost.home, &clock, &lost.keys).unwrap();
    assert_eq!(kept.status().unwrap().unsent_changes, 1);
}
