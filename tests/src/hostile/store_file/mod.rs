//! Store files with flipped bytes and wrong values: a phone's, and a relay's.
//!
//! The first byte chooses which of the two; the rest says what is done to the file of a small town
//! before it is opened, read, edited and synced.

mod damage;
mod phone;
mod relay;
mod town;

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use yizhan_proto::ChangeHash;

use super::bytes::Draw;
use town::Town;

/// The file of a relay's store.
const RELAY_FILE: &str = "relay.db";

/// Errors in words, no panic, and every change that could be read before can be read after.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let town = Town::get();
    let mut draw = Draw(bytes);
    let folder = folder();
    let is_phone = draw.byte() & 1 == 0;
    let (files, name) = if is_phone {
        (&town.phone, crate::pocket::file(folder.path()))
    } else {
        (&town.relay, folder.path().join(RELAY_FILE))
    };
    for (file, bytes) in files {
        std::fs::write(folder.path().join(file), bytes).expect("there is room for a store");
    }
    damage::damage(&name, &mut draw);
    let before = readable(&name);
    if is_phone {
        phone::live_with(folder.path());
    } else {
        relay::live_with(folder.path(), town);
    }
    let lost: Vec<_> = before.difference(&readable(&name)).copied().collect();
    assert!(lost.is_empty(), "{lost:?} could be read, and is gone");
}

/// A folder in memory, if there is such a place.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    };
    made.expect("a folder")
}

/// The changes that anybody can read in a store: those whose bytes are what their hash says.
fn readable(file: &Path) -> BTreeSet<ChangeHash> {
    let mut found = BTreeSet::new();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let Ok(connection) = Connection::open_with_flags(file, flags) else {
        return found;
    };
    let Ok(mut statement) = connection.prepare("SELECT hash, bytes FROM changes NOT INDEXED")
    else {
        return found;
    };
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(Vec<u8>, Vec<u8>)> {
        Ok((row.get(0)?, row.get(1)?))
    };
    let Ok(rows) = statement.query_map([], row) else {
        return found;
    };
    for (hash, bytes) in rows.map_while(Result::ok) {
        let known = ChangeHash::of_chunk(&bytes);
        if hash == known.as_bytes() {
            found.insert(known);
        }
    }
    found
}

/// What befalls files: nothing, flips, cuts, pages in each other's place, and values that no
/// program wrote.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (whose, choice) in [("phone", 0), ("relay", 1)] {
        let seed =
            |name: &str, bytes: &[u8]| (format!("{whose}-{name}"), [&[choice][..], bytes].concat());
        seeds.push(seed("whole", &[]));
        seeds.push(seed("header", &[0, 0, 0, 18, 0, 0xff]));
        seeds.push(seed("format-1", &[0, 0, 0, 63, 0, 1]));
        seeds.push(seed("format-127", &[0, 0, 0, 63, 0, 0x7f]));
        seeds.push(seed("cut", &[5, 3, 0]));
        seeds.push(seed("swapped", &[6, 4, 0, 7, 0]));
        for table in 0..8 {
            seeds.push(seed(&format!("value-{table}"), &[8, table, 0, 2, table]));
        }
    }
    seeds
}
