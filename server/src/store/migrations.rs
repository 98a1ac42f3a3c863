//! The database's format, step by step, over `PRAGMA user_version`.
//!
//! | version | date | reason |
//! | --- | --- | --- |
//! | 1 | 2026-11-21 | the first: changes, documents, scopes, people, devices, codes |
//! | 2 | 2026-11-21 | seats: tallies of activities, seats of enrolments, leases |
//!
//! A landed step is never edited; a new one is added behind it.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// `YZhr` in ASCII: marks the file as a relay's.
pub(super) const APPLICATION_ID: i64 = 0x595a_6872;

/// The newest format this version writes and reads.
pub(super) const VERSION: u32 = 2;

const STEPS: [&str; VERSION as usize] = [STEP_1, STEP_2];

const STEP_2: &str = include_str!("migrations/0002_seats.sql");

const STEP_1: &str = "
CREATE TABLE meta(
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Every accepted change, in the order of its sequence. Found by document and hash; a document
-- is small (256 KiB), so its changes are put in order by whoever reads them.
CREATE TABLE changes(
    seq INTEGER PRIMARY KEY,
    doc BLOB NOT NULL,
    hash BLOB NOT NULL,
    actor BLOB NOT NULL,
    person BLOB NOT NULL,
    last_op INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    skew_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX changes_of_document ON changes(doc, hash);

-- members: the scopes a document is or was in; scope_index is derived from it.
CREATE TABLE documents(
    doc BLOB PRIMARY KEY,
    kind INTEGER NOT NULL,
    outline BLOB NOT NULL,
    digest INTEGER NOT NULL,
    members BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- The directory kinds (station, activity, notice) are few and are listed by kind.
CREATE INDEX documents_of_directory ON documents(kind) WHERE kind <= 3;

CREATE TABLE scopes(
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL UNIQUE,
    digest INTEGER NOT NULL,
    documents INTEGER NOT NULL
) STRICT;

-- Each document once a scope, at its latest sequence there.
CREATE TABLE scope_index(
    scope INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    doc BLOB NOT NULL,
    joined_seq INTEGER NOT NULL,
    left_reason INTEGER,
    PRIMARY KEY(scope, last_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine(
    doc BLOB NOT NULL,
    hash BLOB NOT NULL,
    kind INTEGER NOT NULL,
    device BLOB NOT NULL,
    person BLOB NOT NULL,
    bytes BLOB NOT NULL,
    code TEXT NOT NULL,
    path TEXT,
    bound TEXT,
    received_at INTEGER NOT NULL,
    skew_ms INTEGER NOT NULL,
    PRIMARY KEY(doc, hash)
) STRICT;

-- Ids that were erased for good: nothing under them is ever taken again.
CREATE TABLE erased(
    doc BLOB PRIMARY KEY,
    erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Forgets that devices have carried out. Outstanding: a device that subscribes to a scope with a
-- tombstone, without a row here of the same sequence.
CREATE TABLE forget_acks(
    device BLOB NOT NULL,
    scope INTEGER NOT NULL,
    doc BLOB NOT NULL,
    seq INTEGER NOT NULL,
    acked_at INTEGER NOT NULL,
    PRIMARY KEY(device, scope, doc)
) STRICT, WITHOUT ROWID;

CREATE TABLE people(
    person BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A role that was taken away stays, with its end: what was written while it was held may still
-- arrive, and then waits for a person to decide.
CREATE TABLE person_roles(
    person BLOB NOT NULL REFERENCES people(person),
    role TEXT NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY(person, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_alias(
    alias BLOB PRIMARY KEY,
    person BLOB NOT NULL REFERENCES people(person)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_of_person ON person_alias(person);

CREATE TABLE devices(
    device BLOB PRIMARY KEY,
    person BLOB NOT NULL REFERENCES people(person),
    public_key BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_seen_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_of_person ON devices(person);

-- Codes are known by their hash only.
CREATE TABLE pair_codes(
    hash BLOB PRIMARY KEY,
    person BLOB NOT NULL REFERENCES people(person),
    expires_at INTEGER NOT NULL,
    used_by BLOB,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE station_codes(
    station BLOB PRIMARY KEY,
    code TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE regions(
    region TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Nothing in it yet.
    Empty,
    /// Ours, of this version or an older one.
    Ours(u32),
    /// Ours, of a newer version.
    Newer(u32),
    /// Somebody else's.
    Foreign,
}

/// Looks at the file's marks.
pub(super) fn format(connection: &Connection) -> Result<Format, StoreError> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let application: i64 = number("application_id")?;
    let version: i64 = number("user_version")?;
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    Ok(match application {
        0 if version == 0 && objects == 0 => Format::Empty,
        APPLICATION_ID if version <= VERSION => Format::Ours(version),
        APPLICATION_ID => Format::Newer(version),
        _ => Format::Foreign,
    })
}

/// Carries out the steps from `version` on, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, version: u32) -> Result<(), StoreError> {
    for (step, next) in STEPS.iter().zip(1_u32..).skip(version as usize) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", next)?;
        tx.commit()?;
    }
    Ok(())
}
