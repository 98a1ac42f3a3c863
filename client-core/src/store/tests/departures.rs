//! What leaves a device leaves its files, to the last byte: of thousands of rows that were moved about in
//! pages before they were deleted, not one may be left in a corner.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use yizhan_proto::{ContentHash, DocumentId, EntryId, Role, Scope};

use super::world::*;
use crate::clock::Clock as _;
use crate::store::{NewFile, Store};

/// Every word ends in a number of five digits.
const WORD: &str = "leaves-no-trace-";
const DOCUMENTS: u32 = 1_000;

fn id(n: u32) -> DocumentId {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b1).to_be_bytes());
    bytes[4..8].copy_from_slice(&n.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

/// A text of its own length, so that rows do not all have one size.
fn text(n: u32) -> String {
    let rest = "说过的话".repeat(n as usize % 37);
    format!("{WORD}{n:05} {rest}")
}

/// The numbers of all words in all files of a folder.
fn words(home: &Path) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(home).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.windows(WORD.len()).position(|w| w == WORD.as_bytes()) {
            rest = &rest[at + WORD.len()..];
            let digits = rest
                .get(..5)
                .and_then(|digits| std::str::from_utf8(digits).ok());
            // A word that was cut off in the middle is one, too.
            found.insert(
                digits
                    .and_then(|digits| digits.parse().ok())
                    .unwrap_or(99_999),
            );
        }
    }
    found
}

#[test]
fn of_documents_that_left_by_the_hundred_not_one_word_is_left() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    relay.page_items = 400;
    let mut driver = Store::in_memory(&clock).unwrap();
    relay.pair(&mut driver, vec![Role::Driver], &clock);
    let mut keeper = Store::open(folder.path(), &clock).unwrap();
    relay.pair(&mut keeper, vec![Role::Keeper(station_id())], &clock);
    let scope = Scope::Station(station_id());
    let (mut here, mut made) = (BTreeSet::new(), 0);
    // Documents come and go, so that pages fill up, are split, and empty again.
    for part in 0..4 {
        for _ in 0..DOCUMENTS / 4 {
            check_in(&mut driver, id(made), "张伟国", &clock);
            note(&mut driver, id(made), &text(made), &clock);
            here.insert(made);
            made += 1;
        }
        sync(&mut driver, &mut relay, &clock);
        sync(&mut keeper, &mut relay, &clock);
        assert_eq!(words(folder.path()), here, "the test sees words");
        let gone: Vec<u32> = here.iter().copied().filter(|n| n % 4 != part % 4).collect();
        for n in gone {
            relay.forget(&scope, id(n));
            here.remove(&n);
        }
        let applied = sync(&mut keeper, &mut relay, &clock);
        assert!(applied.forgotten > 100);
        let left = words(folder.path());
        let left: Vec<&u32> = left.difference(&here).collect();
        assert!(left.is_empty(), "part {part}: {left:?} of {made}");
    }
    assert!(!here.is_empty());
    keeper.verify().unwrap();
}

/// A device that dies before the file is rewritten does it when it is next opened.
#[test]
fn what_was_due_when_it_died_is_done_at_the_next_opening() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut driver = Store::open(folder.path(), &clock).unwrap();
    relay.pair(&mut driver, vec![Role::Driver], &clock);
    for n in 0..40 {
        check_in(&mut driver, id(n), "张伟国", &clock);
        note(&mut driver, id(n), &text(n), &clock);
    }
    sync(&mut driver, &mut relay, &clock);
    let due = |store: &Store| -> i64 {
        let sql = "SELECT due FROM rewrites WHERE file = 'store'";
        let connection = store.connection_for_tests();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(due(&driver), 0);
    // As after a transaction whose process died at once.
    let connection = driver.connection_for_tests();
    let sql = "DELETE FROM documents; UPDATE rewrites SET due = 1 WHERE file = 'store'";
    connection.execute_batch(sql).unwrap();
    drop(driver);
    let again = Store::open(folder.path(), &clock).unwrap();
    assert_eq!(due(&again), 0);
    // The index of the search is kept beside the documents, and was not part of what was deleted here.
    let sql = "SELECT done_at FROM rewrites WHERE file = 'store'";
    let connection = again.connection_for_tests();
    let done_at: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(done_at, clock.now().as_ms());
}

#[test]
fn of_photos_whose_documents_left_not_one_piece_is_left() {
    let clock = TestClock::new(1);
    let folder = tempfile::tempdir().unwrap();
    let mut relay = Relay::new();
    let mut driver = Store::open(folder.path(), &clock).unwrap();
    relay.pair(&mut driver, vec![Role::Driver], &clock);
    let person = relay.person_of(driver.device().unwrap().device).unwrap();
    let (mut here, mut sent) = (BTreeSet::new(), Vec::new());
    for n in 0..150 {
        check_in(&mut driver, id(n), "张伟国", &clock);
        let mut bytes = vec![0xff, 0xd8, 0xff];
        // From a few bytes to several pages.
        let times = 1 + (n as usize * 7) % 90;
        bytes.extend(format!("{WORD}{n:05}.").repeat(times).into_bytes());
        let file = NewFile {
            entry: EntryId::from_bytes(*id(n).as_bytes()),
            bytes: bytes.clone(),
            thumb: None,
            name: "照片.jpg".to_owned(),
        };
        let sha256 = driver.attach(id(n), &file, &clock).unwrap();
        sent.push((sha256, bytes.len() as u64));
        here.insert(n);
    }
    sync(&mut driver, &mut relay, &clock);
    for (sha256, bytes) in &sent {
        driver.note_sent(*sha256, *bytes, true).unwrap();
    }
    assert_eq!(words(folder.path()), here, "the test sees words");
    for n in (0..150).filter(|n| n % 5 != 0) {
        relay.forget(&Scope::Person(person), id(n));
        here.remove(&n);
    }
    sync(&mut driver, &mut relay, &clock);
    driver.reconcile_files(clock.now()).unwrap();
    let left = words(folder.path());
    let left: Vec<&u32> = left.difference(&here).collect();
    assert!(left.is_empty(), "{left:?}");
    let kept: ContentHash = sent[0].0;
    assert!(driver.file_bytes(kept).unwrap().is_some());
}
