//! Why the store could not do something, each naming what the caller can do about it.

use std::path::PathBuf;

use yizhan_proto::{ChangeHash, DocumentId, Kind};

use crate::clock::NoRandomness;
use crate::model::Refusal;
use crate::model::document::Unreadable;

/// The store could not do it. Whatever it was doing has not happened; what was durable still is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The home folder or a file in it could not be made or read.
    #[error("cannot use the folder {}: {source}; check that it exists, is yours and is writable", path.display())]
    Home {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process holds the store for longer than it was waited for.
    #[error(
        "another program is using this store; wait for it to finish or close it, then try again"
    )]
    Locked(#[source] rusqlite::Error),
    /// No space left.
    #[error(
        "the disk is full: nothing was stored and nothing was lost; free some space, then try again"
    )]
    Full(#[source] rusqlite::Error),
    /// The file or its folder may not be written.
    #[error(
        "the store cannot be written; make its folder and files writable for you, then try again"
    )]
    ReadOnly(#[source] rusqlite::Error),
    /// The disk failed to read or write.
    #[error("the disk failed: {0}; what was stored before is kept; check the disk, then try again")]
    Io(#[source] rusqlite::Error),
    /// The file is not what it was. Nothing is deleted.
    #[error("the store {} is damaged ({why}); move that file aside (keep it, it may be rescued) and pair this device again: all that the relay accepted comes back", path.display())]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What was found.
        why: String,
        /// What SQLite said, if it was it.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// A newer version of this program wrote it.
    #[error("the store {} was written by a newer version (format {found}; this one knows {known}); update this program", path.display())]
    TooNew {
        /// The database file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The operating system gave no randomness for ids and keys.
    #[error("ids and keys need randomness, and there is none; try again")]
    NoRandomness(#[from] NoRandomness),
    /// A statement failed for another reason: a mistake of this program.
    #[error("the store failed unexpectedly: {0}; nothing was stored; please report it")]
    Unexpected(#[source] rusqlite::Error),
    /// Writing an export failed.
    #[error("the export could not be written: {0}; nothing was changed in the store")]
    Export(#[source] std::io::Error),
}

/// An edit was not made. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The rules do not allow it; the reason names the field and the bound.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It would change a document that is not on this device (mistyped, or not synced yet).
    #[error("there is no document {document} on this device; check the id, or sync first")]
    NotHeld {
        /// The document.
        document: DocumentId,
    },
    /// The document is of another kind than the command is for.
    #[error("{document} is a {found}, and this is an edit of a {wanted}")]
    WrongKind {
        /// The document.
        document: DocumentId,
        /// What it is.
        found: Kind,
        /// What the command is for.
        wanted: Kind,
    },
    /// The document cannot be opened by this version; it is kept as it is.
    #[error(
        "the document {document} cannot be opened here and is set aside; it is kept, and `status` shows it"
    )]
    SetAside {
        /// The document.
        document: DocumentId,
        /// Why.
        #[source]
        why: Unreadable,
    },
    /// It builds on changes this store does not hold, so it cannot be checked yet.
    #[error("the document is not complete on this device yet; sync first")]
    Incomplete(Vec<ChangeHash>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something asked for by name is not there, or not unique.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Nothing fits.
    #[error("no {what} fits {text:?}; list them to see which there are, or sync first")]
    None {
        /// What was looked for: `station`.
        what: &'static str,
        /// What was asked for, shortened.
        text: String,
    },
    /// Several fit.
    #[error("{text:?} fits several: {}; say which by its id", fits.join(", "))]
    Ambiguous {
        /// What was asked for, shortened.
        text: String,
        /// The ids of those that fit, at most eight.
        fits: Vec<String>,
    },
    /// It is there, but cannot be opened by this version.
    #[error("the document {document} cannot be opened here and is set aside")]
    SetAside {
        /// The document.
        document: DocumentId,
        /// Why.
        #[source]
        why: Unreadable,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
