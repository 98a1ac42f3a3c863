//! What lies in a phone's store, read from its file by eyes that are not the store's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, Row};
use yizhan_client_core::model::Document;
use yizhan_client_core::model::document::Unreadable;
use yizhan_proto::{ChangeHash, Cursor, DocumentId, Kind, Scope, ScopeDigest, Window};

use crate::reading;
use crate::reference::Visible;

/// The store's file in a home folder.
const FILE: &str = "yizhan.sqlite";

/// Where a change stands, as the phone believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words of the store's `ChangeState`")]
pub enum Standing {
    Unsent,
    Acknowledged,
    Refused,
    Quarantined,
    Unconfirmed,
}

/// One change on a phone.
#[derive(Debug, Clone)]
pub struct KeptChange {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it builds on.
    pub deps: Vec<ChangeHash>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether this device wrote it.
    pub own: bool,
    /// Why it is held.
    pub reason: Option<String>,
}

/// One document on a phone.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its kind.
    pub kind: Kind,
    /// All its changes.
    pub changes: BTreeMap<ChangeHash, KeptChange>,
    /// The scopes it is held through.
    pub scopes: BTreeSet<Scope>,
    /// Why it cannot be opened, if the store says so.
    pub set_aside: Option<String>,
}

impl Kept {
    /// Its changes in that standing.
    #[must_use]
    pub fn standing(&self, standing: Standing) -> BTreeSet<ChangeHash> {
        self.changes
            .iter()
            .filter(|(_, change)| change.standing == standing)
            .map(|(hash, _)| *hash)
            .collect()
    }

    /// The changes that it shows: all but the refused ones.
    #[must_use]
    pub fn shown(&self) -> BTreeSet<ChangeHash> {
        self.changes
            .iter()
            .filter(|(_, change)| change.standing != Standing::Refused)
            .map(|(hash, _)| *hash)
            .collect()
    }

    /// What it shows.
    ///
    /// # Errors
    /// [`Unreadable`] if its changes do not make a document.
    pub fn visible(&self, id: DocumentId) -> Result<Visible, Unreadable> {
        let ordered = self.in_order();
        let document = Document::open(id, self.kind, ordered.iter().map(|bytes| bytes.as_slice()))?;
        reading::visible(&document)
    }

    /// The bytes of the changes that it shows, dependencies first.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Vec<u8>> {
        let shown = self.shown();
        let mut done: BTreeSet<ChangeHash> = BTreeSet::new();
        let mut ordered = Vec::new();
        loop {
            let ready: Vec<ChangeHash> = shown
                .iter()
                .filter(|hash| !done.contains(*hash))
                .filter(|hash| {
                    let deps = &self.changes[*hash].deps;
                    deps.iter()
                        .all(|dep| done.contains(dep) || !shown.contains(dep))
                })
                .copied()
                .collect();
            if ready.is_empty() {
                return ordered;
            }
            for hash in ready {
                ordered.push(&self.changes[&hash].bytes);
                done.insert(hash);
            }
        }
    }
}

/// Where a phone stands in one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standpoint {
    /// What it holds; `None` before first contact.
    pub window: Option<Window>,
    /// The digest of it, as the phone keeps it.
    pub digest: ScopeDigest,
}

/// All that lies in a phone's store.
#[derive(Debug, Clone, Default)]
pub struct Pocket {
    /// Its documents.
    pub documents: BTreeMap<DocumentId, Kept>,
    /// Its scopes.
    pub scopes: BTreeMap<Scope, Standpoint>,
}

/// Eyes on one phone's store, kept open. With them open the store's log is not folded back into
/// its file when the phone dies: just as if the process had been killed.
#[derive(Debug)]
pub struct Eyes(Connection);

impl Eyes {
    /// Looks into the store of a home folder.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn on(home: &Path) -> Self {
        Self(open(home).unwrap_or_else(|error| panic!("{}: {error}", home.display())))
    }

    /// The changes that the phone shows of one document: none, if it does not hold it.
    ///
    /// # Panics
    /// If the store cannot be read.
    #[must_use]
    pub fn shown_changes(&self, document: DocumentId) -> BTreeSet<ChangeHash> {
        let read = || -> rusqlite::Result<BTreeSet<ChangeHash>> {
            self.0
                .prepare_cached(
                    "SELECT hash FROM changes WHERE state <> 2
                     AND document = (SELECT n FROM documents WHERE id = ?1)",
                )?
                .query_map([document.as_bytes()], |row| row.get(0))?
                .map(|hash| hash.map(ChangeHash::from_bytes))
                .collect()
        };
        read().unwrap_or_else(|error| panic!("{document}: {error}"))
    }

    /// All that lies in the store.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn pocket(&self) -> Pocket {
        read(&self.0).unwrap_or_else(|error| panic!("a store cannot be read: {error}"))
    }
}

/// The store's file, for tests that tamper with it.
#[must_use]
pub fn file(home: &Path) -> PathBuf {
    home.join(FILE)
}

fn open(home: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(file(home), OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn read(connection: &Connection) -> rusqlite::Result<Pocket> {
    let mut pocket = Pocket::default();
    let mut numbers = BTreeMap::new();
    for row in connection
        .prepare("SELECT n, id, kind, set_aside FROM documents")?
        .query_map([], |row| {
            let kept = Kept {
                kind: Kind::from_code(row.get(2)?),
                changes: BTreeMap::new(),
                scopes: BTreeSet::new(),
                set_aside: row.get(3)?,
            };
            Ok((
                row.get::<_, i64>(0)?,
                DocumentId::from_bytes(row.get(1)?),
                kept,
            ))
        })?
    {
        let (number, id, kept) = row?;
        numbers.insert(number, id);
        pocket.documents.insert(id, kept);
    }
    for row in connection
        .prepare("SELECT document, hash, bytes, deps, state, own, reason_code FROM changes")?
        .query_map([], |row| {
            let hash = ChangeHash::from_bytes(row.get(1)?);
            Ok((row.get::<_, i64>(0)?, hash, change(row)?))
        })?
    {
        let (number, hash, change) = row?;
        let kept = numbers
            .get(&number)
            .and_then(|id| pocket.documents.get_mut(id));
        if let Some(kept) = kept {
            kept.changes.insert(hash, change);
        }
    }
    read_scopes(connection, &mut pocket, &numbers)?;
    Ok(pocket)
}

fn change(row: &Row<'_>) -> rusqlite::Result<KeptChange> {
    let deps: Vec<u8> = row.get(3)?;
    let standing = match row.get(4)? {
        0 => Standing::Unsent,
        1 => Standing::Acknowledged,
        2 => Standing::Refused,
        3 => Standing::Quarantined,
        4 => Standing::Unconfirmed,
        other => panic!("a change in the unknown state {other}"),
    };
    Ok(KeptChange {
        bytes: row.get(2)?,
        deps: deps
            .chunks_exact(32)
            .filter_map(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .map(ChangeHash::from_bytes)
            .collect(),
        standing,
        own: row.get(5)?,
        reason: row.get(6)?,
    })
}

fn read_scopes(
    connection: &Connection,
    pocket: &mut Pocket,
    numbers: &BTreeMap<i64, DocumentId>,
) -> rusqlite::Result<()> {
    let mut scopes = BTreeMap::new();
    for row in connection
        .prepare("SELECT n, scope, live, floor, digest, settled FROM scopes")?
        .query_map([], |row| {
            let cursor = |number: i64| Cursor::new(number.unsigned_abs());
            let floor = cursor(row.get(3)?);
            let settled = cursor(row.get(5)?);
            let standpoint = Standpoint {
                window: row.get::<_, Option<i64>>(2)?.map(|live| Window {
                    live: cursor(live),
                    settled,
                    floor,
                }),
                digest: ScopeDigest::from_bits(row.get::<_, i64>(4)?.cast_unsigned()),
            };
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, standpoint))
        })?
    {
        let (number, scope, standpoint) = row?;
        let wrong =
            |error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error));
        let scope: Scope = scope.parse().map_err(wrong)?;
        scopes.insert(number, scope.clone());
        pocket.scopes.insert(scope, standpoint);
    }
    for row in connection
        .prepare("SELECT scope, document FROM members")?
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
    {
        let (scope, document) = row?;
        let kept = numbers
            .get(&document)
            .and_then(|id| pocket.documents.get_mut(id));
        if let (Some(kept), Some(scope)) = (kept, scopes.get(&scope)) {
            kept.scopes.insert(scope.clone());
        }
    }
    Ok(())
}

/// Whether the raw bytes of the store's files hold a text.
///
/// # Panics
/// If a file cannot be read.
#[must_use]
pub fn says(home: &Path, text: &str) -> bool {
    raw_bytes(home)
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Whether any file below a folder has these bytes in it.
///
/// # Panics
/// If a file cannot be read.
#[must_use]
pub fn folder_says(folder: &Path, bytes: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.into_iter().any(|entry| {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            return folder_says(&path, bytes);
        }
        let file = std::fs::read(&path);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.windows(bytes.len()).any(|found| found == bytes)
    })
}

fn raw_bytes(home: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for ending in ["", "-wal"] {
        let mut path = file(home).into_os_string();
        path.push(ending);
        match std::fs::read(&path) {
            Ok(read) => bytes.extend(read),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => panic!("{}: {error}", Path::new(&path).display()),
        }
    }
    bytes
}
