//! Why the store could not do something, each naming what the caller can do about it.

use std::path::{Path, PathBuf};

use yizhan_proto::{ChangeHash, DocumentId, Kind, Timestamp};

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
    /// The device's key is sealed, and what opens it was not handed in.
    #[error(
        "this profile is locked; its keeper opens it with a PIN: yizhan-phone keeper switch NAME"
    )]
    Sealed,
    /// What was handed in opens something else.
    #[error("this is not the key of this store; nothing was changed")]
    WrongKey,
    /// The store is encrypted, and its key was not handed in.
    #[error("this store is encrypted; hand in its key (--key-file FILE)")]
    KeyNeeded,
    /// A key was handed in, and the store is not encrypted.
    #[error(
        "this store is not encrypted; leave the key out, or encrypt it: yizhan-phone store encrypt --key-file FILE"
    )]
    NotEncrypted,
    /// A key was handed in, and this build cannot encrypt.
    #[error(
        "this program was built without encryption of stores; leave the key out, or use a build with the feature sqlcipher"
    )]
    NoCipher,
    /// The device was lost, and erased itself.
    #[error(
        "this device was wiped by its relay on {}; nothing is left here: begin anew in another folder",
        super::wipe::date(*wiped_at)
    )]
    Wiped {
        /// When, by the relay's clock as far as the device knew it.
        wiped_at: Timestamp,
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

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let is = |codes: &[Code]| {
            error
                .sqlite_error_code()
                .is_some_and(|code| codes.contains(&code))
        };
        let unreadable = matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)
        );
        // A full disk has no room for the index of the write-ahead log either, and then SQLite
        // says that it cannot be sized.
        let no_room = error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
        if is(&[Code::DatabaseBusy, Code::DatabaseLocked]) {
            Self::Locked(error)
        } else if no_room || is(&[Code::DiskFull]) {
            Self::Full(error)
        } else if is(&[Code::ReadOnly, Code::PermissionDenied]) {
            Self::ReadOnly(error)
        } else if is(&[Code::SystemIoFailure, Code::CannotOpen]) {
            Self::Io(error)
        } else if unreadable || is(&[Code::DatabaseCorrupt, Code::NotADatabase]) {
            Self::Damaged {
                path: PathBuf::new(),
                why: error.to_string(),
                source: Some(error),
            }
        } else {
            Self::Unexpected(error)
        }
    }
}

impl StoreError {
    /// What is stored does not make sense; the path is filled in where it is known.
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged {
            path: PathBuf::new(),
            why: why.into(),
            source: None,
        }
    }
}

/// An error that can say which file it is about.
pub(super) trait Placed: From<StoreError> {
    /// With the file, where it names one.
    fn placed(self, file: &Path) -> Self;
}

impl Placed for StoreError {
    fn placed(mut self, file: &Path) -> Self {
        if let Self::Damaged { path, .. } | Self::TooNew { path, .. } = &mut self {
            file.clone_into(path);
        }
        self
    }
}

impl Placed for EditError {
    fn placed(self, file: &Path) -> Self {
        if let Self::Store(error) = self {
            Self::Store(error.placed(file))
        } else {
            self
        }
    }
}

impl Placed for FindError {
    fn placed(self, file: &Path) -> Self {
        if let Self::Store(error) = self {
            Self::Store(error.placed(file))
        } else {
            self
        }
    }
}

impl From<rusqlite::Error> for EditError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<rusqlite::Error> for FindError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
