//! The relay's list of accepted changes, read from its file by eyes that are not the relay's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use yizhan_proto::{ChangeHash, DocumentId, Epoch};

/// The relay's database in its data folder.
const FILE: &str = "relay.db";

/// Gives the relay of a folder a new lineage, as whoever restores a backup does.
///
/// # Panics
/// If it cannot be written.
pub fn begin_epoch(data: &Path, epoch: Epoch) {
    let connection = Connection::open(data.join(FILE)).expect("a relay's database");
    let sql = "UPDATE meta SET value = ?1 WHERE key = 'epoch'";
    let changed = connection.execute(sql, [epoch.as_bytes()]);
    assert_eq!(changed.expect("the lineage is written"), 1);
}

/// What the relay accepted.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// By sequence.
    pub accepted: BTreeMap<u64, (DocumentId, ChangeHash)>,
    /// What is wrong with the list itself.
    pub problems: Vec<String>,
    changes: BTreeSet<(DocumentId, ChangeHash)>,
}

impl Ledger {
    /// Reads the data folder of a relay.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn read(data: &Path) -> Self {
        Self::of(data).unwrap_or_else(|error| panic!("{}: {error}", data.display()))
    }

    fn of(data: &Path) -> rusqlite::Result<Self> {
        let connection =
            Connection::open_with_flags(data.join(FILE), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut ledger = Self::default();
        for row in connection
            .prepare("SELECT seq, doc, hash, bytes FROM changes ORDER BY seq")?
            .query_map([], |row| {
                Ok((
                    row.get::<_, i64>(0)?.unsigned_abs(),
                    DocumentId::from_bytes(row.get(1)?),
                    ChangeHash::from_bytes(row.get(2)?),
                    row.get::<_, Vec<u8>>(3)?,
                ))
            })?
        {
            let (sequence, document, hash, bytes) = row?;
            if ChangeHash::of_chunk(&bytes) != hash {
                let problem = format!("the bytes of {hash} are not those of its hash");
                ledger.problems.push(problem);
            }
            if !ledger.changes.insert((document, hash)) {
                ledger.problems.push(format!("{hash} is stored twice"));
            }
            ledger.accepted.insert(sequence, (document, hash));
        }
        Ok(ledger)
    }

    /// Whether the relay accepted the change.
    #[must_use]
    pub fn has(&self, document: DocumentId, change: ChangeHash) -> bool {
        self.changes.contains(&(document, change))
    }

    /// Whether the relay has anything of the document.
    #[must_use]
    pub fn knows(&self, document: DocumentId) -> bool {
        self.accepted.values().any(|(known, _)| *known == document)
    }

    /// The list without what was accepted in some documents.
    #[must_use]
    pub fn without(&self, gone: impl Fn(DocumentId) -> bool) -> Self {
        let mut left = self.clone();
        left.accepted.retain(|_, (document, _)| !gone(*document));
        left
    }

    /// What is wrong with this list as the continuation of an `earlier` one of the same lineage:
    /// nothing accepted may go, no number may be used for something else.
    #[must_use]
    pub fn breaks_with(&self, earlier: &Self) -> Vec<String> {
        let mut problems = Vec::new();
        let last = earlier.accepted.keys().next_back().copied().unwrap_or(0);
        for (sequence, accepted) in &earlier.accepted {
            if self.accepted.get(sequence) != Some(accepted) {
                problems.push(format!("sequence {sequence} is not what it was"));
            }
        }
        for sequence in self.accepted.range(..=last).map(|(sequence, _)| sequence) {
            if !earlier.accepted.contains_key(sequence) {
                problems.push(format!("sequence {sequence} was filled in afterwards"));
            }
        }
        problems
    }
}
