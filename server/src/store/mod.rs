//! Everything on disk.

/// The store failed. The message says what a person can do; the source says what SQLite said.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("the disk is full; free some space")]
    Full(#[source] Cause),
    /// Another program holds the database.
    #[error("the database is locked by another program")]
    Locked(#[source] Cause),
    /// The database is damaged.
    #[error("the database is damaged; restore it from a backup")]
    Damaged(#[source] Cause),
    /// The file system refuses.
    #[error("the database cannot be read or written")]
    Io(#[source] Cause),
    /// Anything else, which would be a mistake of ours.
    #[error("the store failed")]
    Other(#[source] Cause),
}

/// What an engine said, opaque.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
