//! What stands in the raw bytes of a phone's files, whatever the store says: each file of its home
//! folder is read once, and all patterns are looked for in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use yizhan_proto::DocumentId;

/// Bytes by which a place is recognised as a possible beginning.
const HEAD: usize = 8;

/// What is looked for, and what each find is called.
#[derive(Debug, Default)]
pub struct Patterns {
    /// By their first bytes.
    by_head: BTreeMap<[u8; HEAD], Vec<(Vec<u8>, String)>>,
}

impl Patterns {
    /// Looks for a document's id: as bytes, and as text with and without hyphens, in small and in
    /// capital letters.
    pub fn id(&mut self, id: DocumentId) {
        let text = id.to_string();
        let plain = text.replace('-', "");
        self.bytes(id.as_bytes().to_vec(), &text);
        for spelling in [text.to_uppercase(), plain.to_uppercase(), plain] {
            self.bytes(spelling.into_bytes(), &text);
        }
        self.bytes(text.clone().into_bytes(), &text);
    }

    /// Looks for a text, as UTF-8. One of fewer than eight bytes stands in too many places to be
    /// looked for.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes().to_vec(), text);
    }

    fn bytes(&mut self, bytes: Vec<u8>, called: &str) {
        if let Some(head) = bytes.first_chunk::<HEAD>() {
            let same = self.by_head.entry(*head).or_default();
            same.push((bytes, called.to_owned()));
        }
    }

    /// Which of them stand in these bytes.
    #[must_use]
    pub fn found_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        // Most places are ruled out by a look at two bytes.
        let mut first = vec![false; 1 << 16];
        let mut last = vec![false; 1 << 16];
        for head in self.by_head.keys() {
            first[pair(head[0], head[1])] = true;
            last[pair(head[HEAD - 2], head[HEAD - 1])] = true;
        }
        let mut found = BTreeSet::new();
        for at in 0..bytes.len().saturating_sub(HEAD - 1) {
            let ends = (bytes[at + HEAD - 2], bytes[at + HEAD - 1]);
            if !first[pair(bytes[at], bytes[at + 1])] || !last[pair(ends.0, ends.1)] {
                continue;
            }
            let Some(head) = bytes[at..].first_chunk::<HEAD>() else {
                break;
            };
            for (pattern, called) in self.by_head.get(head).into_iter().flatten() {
                if bytes[at..].starts_with(pattern) {
                    found.insert(called.clone());
                }
            }
        }
        found
    }

    /// Which of them stand in any file of a folder.
    ///
    /// # Panics
    /// If a file cannot be read.
    #[must_use]
    pub fn found_in_folder(&self, home: &Path) -> BTreeSet<String> {
        if self.by_head.is_empty() {
            return BTreeSet::new();
        }
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(home).expect("a phone's folder") {
            let path = entry.expect("a file of a phone").path();
            if path.is_file() {
                let bytes = std::fs::read(&path)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                found.extend(self.found_in(&bytes));
            }
        }
        found
    }
}

fn pair(one: u8, other: u8) -> usize {
    usize::from(one) << 8 | usize::from(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_every_spelling_and_texts_in_chinese() {
        let id = |byte| DocumentId::new_v7(1_793_577_600_000, [byte; 10]);
        let mut patterns = Patterns::default();
        for byte in 1..=5 {
            patterns.id(id(byte));
        }
        patterns.text("夜里到站没有热饭");
        patterns.text("谢谢照顾");
        let mut bytes = b"pages ".to_vec();
        bytes.extend(id(1).as_bytes());
        bytes.extend(id(2).to_string().into_bytes());
        bytes.extend(id(3).to_string().replace('-', "").into_bytes());
        bytes.extend(id(4).to_string().to_uppercase().into_bytes());
        bytes.extend("说:夜里到站没有热饭 12".as_bytes());
        let expected = (1..=4).map(|byte| id(byte).to_string());
        let expected: BTreeSet<String> = expected.chain(["夜里到站没有热饭".to_owned()]).collect();
        assert_eq!(patterns.found_in(&bytes), expected);
        assert!(patterns.found_in("谢谢照".as_bytes()).is_empty());
        assert!(patterns.found_in(b"").is_empty());
    }
}
