//! Hostile bytes: for each way into a relay or a phone one pure function, which takes any bytes and
//! panics if a promise is broken. Not only "does not crash": each says what must hold of whatever
//! is accepted.
//!
//! Fuzz targets (`tests/fuzz`) call them with what a fuzzer comes up with; the corpora that were
//! found so (`tests/corpora`) are replayed, with changes of their own, by the tests of `sim`.

pub mod attachment;
mod bytes;
pub mod cbor;
pub mod change;
pub mod checkin;
pub mod gate;
pub mod import;
pub mod jwt;
pub mod pairing;
mod shelf;
pub mod store_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::chance::Chance;

/// A way in: its name, what must hold of any bytes, and bytes to begin with.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the fuzz target and of the folder of its corpus.
    pub name: &'static str,
    /// Panics if a promise is broken.
    pub check: fn(&[u8]),
    /// What honest people send, by name.
    pub seeds: fn() -> Vec<(String, Vec<u8>)>,
    /// How many changes of each file of the corpus a test tries.
    pub mutations: usize,
}

/// Every way in.
pub const TARGETS: [Target; 9] = [
    target("change", change::check, change::seeds, 200),
    target("gate", gate::check, gate::seeds, 200),
    target("cbor", cbor::check, cbor::seeds, 200),
    // Each opens a store on disk, and lives with it for a day.
    target("store_file", store_file::check, store_file::seeds, 3),
    target("checkin", checkin::check, checkin::seeds, 200),
    target("jwt", jwt::check, jwt::seeds, 200),
    target("pairing", pairing::check, pairing::seeds, 200),
    target("import", import::check, import::seeds, 200),
    // Each decodes a picture.
    target("attachment", attachment::check, attachment::seeds, 50),
];

const fn target(
    name: &'static str,
    check: fn(&[u8]),
    seeds: fn() -> Vec<(String, Vec<u8>)>,
    mutations: usize,
) -> Target {
    Target {
        name,
        check,
        seeds,
        mutations,
    }
}

impl Target {
    /// Where its corpus lies.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpora")
            .join(self.name)
    }

    /// Its corpus, by the names of the files.
    ///
    /// # Panics
    /// If a file cannot be read.
    #[must_use]
    pub fn corpus(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = std::fs::read_dir(self.folder());
        let files = folder.into_iter().flatten().map(|file| {
            let file = file.expect("a file of a corpus");
            let name = file.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(file.path()).expect("it can be read"))
        });
        files.collect()
    }
}

/// Bytes somewhat changed, as a fuzzer's first steps are: flips, cuts, doublings, and edges of
/// numbers.
#[must_use]
pub fn mutated(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.index(4) {
        let at = chance.index(bytes.len());
        let end = at + chance.index((bytes.len() - at).min(16) + 1);
        match (chance.index(7), bytes.get(at).copied()) {
            (0, Some(byte)) => bytes[at] = byte ^ (1 << chance.index(8)),
            (1, Some(_)) => bytes[at] = *chance.pick(&[0, 1, 0x7f, 0x80, 0xff]),
            (2, Some(_)) => bytes[at] = chance.number().to_le_bytes()[0],
            (3, Some(_)) => bytes.truncate(at),
            (4, Some(_)) => drop(bytes.drain(at..end)),
            (5, Some(_)) => {
                let part = bytes[at..end].to_vec();
                let to = chance.index(bytes.len());
                bytes.splice(to..to, part);
            }
            _ => bytes.insert(at, chance.number().to_le_bytes()[0]),
        }
    }
    bytes
}

/// For the start of a fuzz target. What panics is caught where it may panic (Automerge, decoders
/// of pictures), so a panic by itself must not end the run, as the fuzzer's own hook would have it.
pub fn quiet() {
    std::panic::set_hook(Box::new(|_| {}));
}
