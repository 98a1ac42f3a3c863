//! The formats the file has had, each with its date and reason in its own SQL file, and the
//! runner over `PRAGMA user_version`. A landed migration is never edited.

use std::path::PathBuf;

use rusqlite::Transaction;

use super::StoreError;

/// Migration `n` (from 0) leads from format `n` to format `n + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002_activities.sql"),
    include_str!("migrations/0003_tickets.sql"),
    include_str!("migrations/0004_attachments.sql"),
    include_str!("migrations/0005_screens.sql"),
    include_str!("migrations/0006_checkin.sql"),
    include_str!("migrations/0007_lease_uses.sql"),
    include_str!("migrations/0008_sheets.sql"),
    include_str!("migrations/0009_access.sql"),
    include_str!("migrations/0010_audit.sql"),
    include_str!("migrations/0011_keepers.sql"),
    include_str!("migrations/0012_counts.sql"),
    include_str!("migrations/0013_retention.sql"),
    include_str!("migrations/0014_scrub.sql"),
];

/// The newest format this code knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the file to the newest format; in one transaction, so that it is whole or not at all.
/// Returns the format it had: 0 for a new file.
///
/// # Errors
/// [`StoreError::TooNew`] for a format of the future, untouched.
pub(super) fn run(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    let found: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = newest();
    if found > known {
        let path = PathBuf::new();
        return Err(StoreError::TooNew { path, found, known });
    }
    let done =
        usize::try_from(found).map_err(|_| StoreError::damaged("its format number is negative"))?;
    for migration in MIGRATIONS.iter().skip(done) {
        tx.execute_batch(migration)?;
    }
    if found < known {
        tx.pragma_update(None, "user_version", known)?;
    }
    Ok(found)
}
