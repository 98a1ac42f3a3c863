//! The store on disk: damage, copies, rights, two processes, a full disk.

use std::fs;

use yizhan_proto::device::WipedRequest;
use yizhan_proto::{Incarnation, Nonce, ProtocolVersion};

use super::world::*;
use crate::clock::Clock as _;
use crate::model::{Command, visit};
use crate::store::{EditError, Store, StoreError, VisitFilter, WipedNote};

const FILE: &str = "yizhan.sqlite";

fn count(store: &Store, clock: &TestClock) -> usize {
    let all = store.visits(&VisitFilter::default(), clock.now()).unwrap();
    all.len()
}

#[test]
fn what_was_entered_is_there_after_reopening() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("a/b");
    let mut store = Store::open(&home, &clock).unwrap();
    let device = store.device().unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    // Not closed: as after a crash.
    let again = Store::open(&home, &clock).unwrap();
    assert_eq!(again.device().unwrap(), device);
    assert_eq!(count(&again, &clock), 1);
    again.verify().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home), 0o700);
        for file in fs::read_dir(&home).unwrap() {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }
}

/// Commits in SQLite's write-ahead log: frames of the log's own salt that end a transaction.
fn commits(home: &std::path::Path) -> usize {
    const HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let log = fs::read(home.join(format!("{FILE}-wal"))).unwrap();
    if log.is_empty() {
        return 0;
    }
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let page = usize::try_from(number(8)).unwrap();
    (HEADER..log.len())
        .step_by(FRAME_HEADER + page)
        .filter(|&at| log[at + 8..at + 16] == log[16..24] && number(at + 4) > 0)
        .count()
}

#[test]
fn a_local_edit_is_one_commit() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    // The first edit of a session also makes sure that the store is not a copy.
    for session in 0..2 {
        let mut store = Store::open(folder.path(), &clock).unwrap();
        for n in 1..=4 {
            let (visit, consent) = (document(20 * session + n), document(20 * session + 10 + n));
            let before = commits(folder.path());
            check_in(&mut store, visit, "张伟国", &clock);
            assert_eq!(commits(folder.path()), before + 1, "a visit");
            note(&mut store, visit, "轮胎有问题", &clock);
            assert_eq!(commits(folder.path()), before + 2, "a note on it");
            give_consent(&mut store, consent, &clock);
            assert_eq!(commits(folder.path()), before + 3, "a consent");
            let left_at = clock.now();
            let checked_out = Command::Visit(visit::Command::CheckOut { left_at });
            store.edit(visit, &checked_out, &clock).unwrap();
            assert_eq!(commits(folder.path()), before + 4, "a departure");
        }
        assert_eq!(count(&store, &clock), 4 * (usize::from(session) + 1));
        // Not closed, so that the log stays: as after a crash.
        std::mem::forget(store);
    }
}

#[test]
fn two_terminals_on_one_home_take_turns() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let mut one = Store::open(folder.path(), &clock).unwrap();
    let mut two = Store::open(folder.path(), &clock).unwrap();
    for n in 1..=4 {
        check_in(&mut one, document(2 * n), "张伟国", &clock);
        check_in(&mut two, document(2 * n + 1), "张伟国", &clock);
        note(&mut one, document(2 * n + 1), "一", &clock);
        note(&mut two, document(2 * n + 1), "二", &clock);
    }
    assert_eq!(count(&one, &clock), 8);
    let detail = one.visit(document(3), clock.now()).unwrap();
    assert_eq!(detail.changes.len(), 3);
    assert!(!detail.visit.note.is_conflict());

    let hold = one.connection.unchecked_transaction().unwrap();
    hold.execute_batch("UPDATE device SET ignored = 0").unwrap();
    two.connection
        .busy_timeout(core::time::Duration::ZERO)
        .unwrap();
    let rate = Command::Visit(visit::Command::Rate(5));
    let locked = two.edit(document(2), &rate, &clock).unwrap_err();
    assert!(
        matches!(locked, EditError::Store(StoreError::Locked(_))),
        "{locked}"
    );
    assert_eq!(count(&two, &clock), 8);
    drop(hold);
    two.edit(document(2), &rate, &clock).unwrap();
}

fn incarnation_after_edit(store: &mut Store, clock: &TestClock) -> Incarnation {
    clock.pass(1);
    note(
        store,
        document(1),
        &format!("又{}", clock.now().as_ms()),
        clock,
    );
    store.status().unwrap().incarnation
}

#[test]
fn a_copied_or_restored_store_writes_under_a_new_incarnation() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let mut store = Store::open(&home, &clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    let first = store.status().unwrap().incarnation;
    drop(store);
    let mut store = Store::open(&home, &clock).unwrap();
    assert_eq!(incarnation_after_edit(&mut store, &clock), first);
    drop(store);

    let backup = folder.path().join("backup");
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        fs::create_dir_all(to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    };
    copy(&home, &backup);
    let mut copied = Store::open(&backup, &clock).unwrap();
    assert_ne!(incarnation_after_edit(&mut copied, &clock), first);
    drop(copied);
    // The original is not disturbed.
    let mut store = Store::open(&home, &clock).unwrap();
    assert_eq!(incarnation_after_edit(&mut store, &clock), first);
    drop(store);
    // Restored over itself.
    copy(&backup, &home);
    let mut restored = Store::open(&home, &clock).unwrap();
    let second = incarnation_after_edit(&mut restored, &clock);
    assert_ne!(second, first);
    let detail = restored.visit(document(1), clock.now()).unwrap();
    assert!(detail.changes.iter().all(|change| change.own));
}

#[test]
fn damage_is_said_and_nothing_is_deleted() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let mut store = Store::open(&whole, &clock).unwrap();
    for n in 1..=40 {
        check_in(&mut store, document(n), "张伟国", &clock);
    }
    drop(store);
    let bytes = fs::read(whole.join(FILE)).unwrap();
    let damaged: [(&str, Vec<u8>); 4] = [
        (
            "text",
            b"not a database at all, but a text of some length".repeat(40),
        ),
        ("half", bytes[..bytes.len() / 2].to_vec()),
        ("zeros", {
            let mut zeros = bytes.clone();
            zeros[4096..40960].fill(0);
            zeros
        }),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in damaged {
        let home = folder.path().join(name);
        fs::create_dir(&home).unwrap();
        fs::write(home.join(FILE), &bytes).unwrap();
        fs::write(home.join("yizhan.instance"), [0; 16]).unwrap();
        let error = Store::open(&home, &clock).unwrap_err();
        let StoreError::Damaged { path, .. } = &error else {
            panic!("{name}: {error}");
        };
        assert_eq!(path, &home.join(FILE));
        assert!(error.to_string().contains("pair this device again"));
        assert_eq!(fs::read(home.join(FILE)).unwrap(), bytes);
        // What it tells people to do works.
        fs::rename(home.join(FILE), home.join("aside")).unwrap();
        assert_eq!(count(&Store::open(&home, &clock).unwrap(), &clock), 0);
    }
}

#[test]
fn a_store_of_the_future_is_left_alone() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &clock).unwrap();
    store
        .connection
        .pragma_update(None, "user_version", 99)
        .unwrap();
    drop(store);
    let error = Store::open(folder.path(), &clock).unwrap_err();
    assert!(
        matches!(error, StoreError::TooNew { found: 99, .. }),
        "{error}"
    );
}

#[test]
fn a_full_disk_refuses_the_edit_and_keeps_the_rest() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    let pages: i64 = store
        .connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    store
        .connection
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let long = Command::Visit(visit::Command::SetNote("长".repeat(5_000)));
    let full = store.edit(document(1), &long, &clock).unwrap_err();
    assert!(
        matches!(full, EditError::Store(StoreError::Full(_))),
        "{full}"
    );
    assert_eq!(count(&store, &clock), 1);
    assert_eq!(store.status().unwrap().unsent_changes, 1);
    store
        .connection
        .pragma_update(None, "max_page_count", pages + 1_000)
        .unwrap();
    store.edit(document(1), &long, &clock).unwrap();
}

#[test]
fn a_home_that_cannot_be_is_named() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    for home in [file.clone(), file.join("below")] {
        let error = Store::open(&home, &clock).unwrap_err();
        assert!(matches!(error, StoreError::Home { .. }), "{error}");
        assert!(error.to_string().contains("file"));
    }
}

/// What lies in the folder may be anything: it is named, waited for never, and followed nowhere.
#[cfg(unix)]
#[test]
fn a_pipe_or_a_link_in_the_place_of_a_file_is_named_and_not_followed() {
    use std::os::unix::fs::symlink;
    let clock = TestClock::new(1);
    for name in [FILE, "yizhan.wiped", "yizhan.instance"] {
        for sort in ["pipe", "link", "folder"] {
            let folder = tempfile::tempdir().unwrap();
            let (home, others) = (folder.path().join("home"), folder.path().join("others"));
            fs::write(&others, b"somebody else's").unwrap();
            let mut store = Store::open(&home, &clock).unwrap();
            check_in(&mut store, document(1), "张伟国", &clock);
            drop(store);
            let path = home.join(name);
            let _was_there = fs::remove_file(&path);
            match sort {
                "pipe" => {
                    let made = std::process::Command::new("mkfifo").arg(&path).status();
                    assert!(made.unwrap().success());
                }
                "link" => symlink(&others, &path).unwrap(),
                _ => fs::create_dir(&path).unwrap(),
            }
            let opened = Store::open(&home, &clock);
            let said = match opened {
                // The side file is looked at before the first edit; until then all can be read.
                Ok(mut store) => {
                    let command = visit::Command::SetNote("记下".to_owned());
                    let edit = store.edit(document(1), &Command::Visit(command), &clock);
                    edit.unwrap_err().to_string()
                }
                Err(error) => error.to_string(),
            };
            assert!(said.contains(name), "{name} {sort}: {said}");
            assert_eq!(fs::read(&others).unwrap(), b"somebody else's");
        }
    }
}

/// A wipe removes a link, and overwrites nothing that it leads to.
#[cfg(unix)]
#[test]
fn a_wipe_overwrites_nothing_that_a_link_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let others = folder.path().join("others");
    fs::write(&others, b"somebody else's").unwrap();
    let link = folder.path().join("yizhan.sqlite-x");
    std::os::unix::fs::symlink(&others, &link).unwrap();
    super::super::wipe::erase_file(&link).unwrap();
    assert!(fs::symlink_metadata(&link).is_err());
    assert_eq!(fs::read(&others).unwrap(), b"somebody else's");
}

/// A side file or a note of any size is read no further than it may be long.
#[test]
fn large_files_in_the_place_of_small_ones_are_not_read_whole() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    drop(store);
    // Sparse: a gigabyte that takes no room.
    for name in ["yizhan.instance", "yizhan.wiped"] {
        let file = fs::File::create(folder.path().join(name)).unwrap();
        file.set_len(1 << 30).unwrap();
    }
    let said = Store::open(folder.path(), &clock).unwrap_err().to_string();
    assert!(said.contains("yizhan.wiped"), "{said}");
    fs::remove_file(folder.path().join("yizhan.wiped")).unwrap();
    let mut store = Store::open(folder.path(), &clock).unwrap();
    note(&mut store, document(1), "还在", &clock);
    assert_eq!(count(&store, &clock), 1);
}

/// Whatever the bound, a batch of a farewell holds at least one change: an empty one says that all is
/// handed over, and the phone would erase the rest.
#[test]
fn a_farewell_hands_over_changes_that_are_larger_than_its_bound_one_by_one() {
    let clock = TestClock::new(1);
    let mut store = Store::in_memory(&clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    note(&mut store, document(1), "轮胎有问题", &clock);
    check_in(&mut store, document(2), "张伟国", &clock);
    for (bytes_max, batches) in [(1, 3), (usize::MAX, 1)] {
        let (mut after, mut handed_over, mut count) = (0, 0, 0);
        for _ in 0..9 {
            let batch = store.farewell_batch(after, bytes_max).unwrap();
            if batch.pushes.is_empty() {
                break;
            }
            (after, handed_over, count) =
                (batch.after, handed_over + batch.pushes.len(), count + 1);
        }
        assert_eq!((handed_over, count), (3, batches), "{bytes_max}");
    }
}

/// The phone died when the note was on disk and the files were not gone yet: whoever opens it next
/// finds nothing, and no file of the store is left.
#[test]
fn a_phone_that_died_while_it_erased_itself_goes_on_when_it_is_opened() {
    let home = tempfile::tempdir().unwrap();
    let clock = TestClock::new(1);
    let mut store = Store::open(home.path(), &clock).unwrap();
    check_in(&mut store, document(1), "张伟国", &clock);
    let device = store.device().unwrap().device;
    drop(store);
    let note = WipedNote {
        device,
        relay_url: None,
        wiped_at: clock.now(),
        confirmation: WipedRequest {
            version: ProtocolVersion::CURRENT,
            device,
            nonce: Nonce::from_bytes([1; 16]),
            attachments_lost: 0,
            signature: [0; 64],
        },
        is_told: false,
    };
    note.keep(home.path()).unwrap();
    for _ in 0..2 {
        let opened = Store::open(home.path(), &clock);
        assert!(matches!(opened, Err(StoreError::Wiped { .. })));
        let left: Vec<_> = std::fs::read_dir(home.path())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("yizhan.sqlite") || name.starts_with("attachments"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
