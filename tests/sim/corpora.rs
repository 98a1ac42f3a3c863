//! What fuzzers found, and what honest people send: replayed as it is, and changed somewhat.
//!
//! `YIZHAN_BLESS=1` writes what honest people send into the corpora, for a fuzzer to begin with.

use yizhan_tests::chance::Chance;
use yizhan_tests::hostile::{TARGETS, Target, mutated};

/// Files of one corpus, and bytes of all of them: small enough to be read in a review.
const FILES_MAX: usize = 64;
const BYTES_MAX: usize = 200 * 1024;

fn replay(name: &str) {
    let target: &Target = TARGETS.iter().find(|target| target.name == name).unwrap();
    if std::env::var_os("YIZHAN_BLESS").is_some() {
        bless(target);
    }
    let corpus = target.corpus();
    assert!(
        !corpus.is_empty(),
        "no corpus in {}",
        target.folder().display()
    );
    let bytes: usize = corpus.values().map(Vec::len).sum();
    assert!(corpus.len() <= FILES_MAX, "{} files", corpus.len());
    assert!(bytes <= BYTES_MAX, "{bytes} bytes");
    for (file, bytes) in &corpus {
        run(target, file, bytes);
        let mut chance = Chance::new(1).fork(file);
        for _ in 0..target.mutations {
            run(target, file, &mutated(bytes, &mut chance));
        }
    }
}

/// Runs one input; if it fails, says which.
fn run(target: &Target, file: &str, bytes: &[u8]) {
    let held = std::panic::catch_unwind(|| (target.check)(bytes));
    if held.is_err() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!(
            "{} does not hold for {file}, changed to: {hex}",
            target.name
        );
    }
}

fn bless(target: &Target) {
    std::fs::create_dir_all(target.folder()).unwrap();
    for (name, bytes) in (target.seeds)() {
        std::fs::write(target.folder().join(format!("seed-{name}")), bytes).unwrap();
    }
}

#[test]
fn a_change_is_bounded_and_read_the_same_twice() {
    replay("change");
}

#[test]
fn what_the_gate_accepts_is_applied_saved_and_read() {
    replay("gate");
}

#[test]
fn a_message_is_read_as_it_was_written_or_refused() {
    replay("cbor");
}

#[test]
fn a_damaged_store_file_gives_errors_in_words_and_loses_nothing_readable() {
    replay("store_file");
}

#[test]
fn a_check_in_code_with_one_changed_byte_is_not_believed() {
    replay("checkin");
}

#[test]
fn only_the_relays_own_token_opens_it() {
    replay("jwt");
}

#[test]
fn what_is_typed_to_pair_is_read_in_one_way_or_refused() {
    replay("pairing");
}

#[test]
fn an_import_gives_good_stations_or_one_mistake() {
    replay("import");
}

#[test]
fn a_photo_has_a_small_picture_or_none() {
    replay("attachment");
}
