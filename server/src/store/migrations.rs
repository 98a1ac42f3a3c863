//! The database's format, step by step, over `PRAGMA user_version`.
//!
//! | version | date | reason |
//! | --- | --- | --- |
//! | 1 | 2026-11-21 | the first: changes, documents, scopes, people, devices, codes |
//! | 2 | 2026-11-21 | seats of activities, and leases on them |
//! | 3 | 2026-11-21 | desks, their members, the clocks of tickets |
//! | 4 | 2026-11-21 | which bytes which documents name |
//! | 5 | 2026-11-21 | which device was told which scopes; documents shared until a date |
//! | 6 | 2026-11-21 | erasures, their ground and their receipts |
//! | 7 | 2026-11-21 | what a person decided about work that waited |
//! | 8 | 2026-11-21 | the chained log of who did what |
//! | 9 | 2026-11-21 | former keys of devices, and identities of outside providers |
//! | 10 | 2026-11-21 | warnings about scopes that grow full |
//! | 11 | 2026-11-21 | documents grow old; what left a scope stands apart |
//! | 12 | 2026-11-21 | indexes for consents and registrations, of which there may be very many; devices of a former life |
//!
//! A landed step is never edited; a new one is added behind it.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// `YZhr` in ASCII: marks the file as a relay's.
pub(super) const APPLICATION_ID: i64 = 0x595a_6872;

/// The newest format this version writes and reads.
pub(super) const VERSION: u32 = 12;

const STEPS: [&str; VERSION as usize] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002_seats.sql"),
    include_str!("migrations/0003_desks.sql"),
    include_str!("migrations/0004_attachments.sql"),
    include_str!("migrations/0005_access.sql"),
    include_str!("migrations/0006_erasure.sql"),
    include_str!("migrations/0007_quarantine.sql"),
    include_str!("migrations/0008_audit.sql"),
    include_str!("migrations/0009_keys.sql"),
    include_str!("migrations/0010_quotas.sql"),
    include_str!("migrations/0011_retention.sql"),
    include_str!("migrations/0012_bounds.sql"),
];

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
