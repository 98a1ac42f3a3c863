//! What can go wrong on disk, sorted by what a person can do about it.

use std::sync::Arc;

/// What an engine said: opaque, for logs.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// The store failed; nothing of the job was stored. The message says what a person can do, the
/// source what the engine said.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("the disk is full; free some space")]
    Full(#[source] Cause),
    /// Another program holds the database.
    #[error("the database is locked by another program; close it")]
    Locked(#[source] Cause),
    /// The database is damaged, or is not one of ours.
    #[error("the database is damaged; restore it from a backup")]
    Damaged(#[source] Cause),
    /// The file system refuses.
    #[error("the database cannot be read or written; check the disk and the permissions")]
    Io(#[source] Cause),
    /// Anything else, which would be a mistake of ours.
    #[error("the store failed")]
    Other(#[source] Cause),
}

impl StoreError {
    /// A stored value that cannot be what was stored there.
    pub(crate) fn damaged(what: &'static str) -> Self {
        Self::Damaged(Arc::new(BadValue(what)))
    }

    /// The engine rolled back by itself, which it does when the disk is full or fails.
    pub(crate) fn gave_up() -> Self {
        Self::Io(Arc::new(BadValue("the engine gave up the transaction")))
    }

    /// A mistake of ours, with a sentence for the log.
    pub(crate) fn bug(what: &'static str) -> Self {
        Self::Other(Arc::new(BadValue(what)))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadValue(&'static str);

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let code = error.sqlite_error_code();
        let is = |codes: &[Code]| code.is_some_and(|code| codes.contains(&code));
        // A full disk has no room for the index of the write-ahead log either, and then SQLite
        // says that it cannot be sized.
        let no_room = error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
        let cause = Arc::new(error);
        if no_room || is(&[Code::DiskFull]) {
            Self::Full(cause)
        } else if is(&[Code::DatabaseBusy, Code::DatabaseLocked]) {
            Self::Locked(cause)
        } else if is(&[Code::DatabaseCorrupt, Code::NotADatabase]) {
            Self::Damaged(cause)
        } else if is(&[
            Code::SystemIoFailure,
            Code::CannotOpen,
            Code::ReadOnly,
            Code::PermissionDenied,
        ]) {
            Self::Io(cause)
        } else {
            Self::Other(cause)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_for_the_log_is_full() {
        for code in [
            rusqlite::ffi::SQLITE_FULL,
            rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
        ] {
            let said = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert!(matches!(StoreError::from(said), StoreError::Full(_)));
        }
        let other = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_READ);
        let said = rusqlite::Error::SqliteFailure(other, None);
        assert!(matches!(StoreError::from(said), StoreError::Io(_)));
    }
}
