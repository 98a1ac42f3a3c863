//! What the relay itself writes: imports, seats, due times. A command becomes a change by the
//! relay's own actor, and enters through the same gate as everybody's.

use std::sync::Arc;

use yizhan_client_core::model::{Author, Command, Document, Refusal, RefusalCode};
use yizhan_proto::sync::{Outcome, Push, Reason, Stored};
use yizhan_proto::{ActorId, DocumentId, EntryId, Kind, PersonId, Timestamp};

use super::accept::{Arrival, Incoming, Writer, settle};
use super::{Relay, random, unix_ms};
use crate::clock::{Clock, NoRandomness};
use crate::store::{LogTx, StoreError};

/// Why the relay could not write something of its own.
#[derive(Debug, thiserror::Error)]
pub(super) enum OwnError {
    /// The gate refused it.
    #[error(transparent)]
    Refused(Refusal),
    /// The document's stored changes cannot be opened, or do not fit together.
    #[error("{0}")]
    Unreadable(String),
    /// The store failed: the job fails with it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The relay as an author, at one moment.
#[derive(Debug, Clone)]
pub(super) struct Hand {
    author: Author,
    actor: ActorId,
    clock: Arc<dyn Clock>,
    /// The moment.
    pub(super) now: Timestamp,
}

impl Relay {
    /// The relay's own hand, right now.
    pub(super) fn hand(&self) -> Hand {
        Hand {
            author: Author {
                // The relay is nobody; no person can have its id, which is a device's.
                person: PersonId::from_bytes(*self.device_id().as_bytes()),
                aliases: Vec::new(),
                device: self.device_id(),
                roles: Vec::new(),
                relay: true,
            },
            actor: self.actor(),
            clock: Arc::clone(&self.inner.clock),
            now: self.inner.clock.now(),
        }
    }
}

impl Hand {
    /// The relay's own person, which is nobody.
    pub(super) const fn person(&self) -> PersonId {
        self.author.person
    }

    /// A new document's id.
    ///
    /// # Errors
    /// [`NoRandomness`] if this machine gives none.
    pub(super) fn new_document(&self) -> Result<DocumentId, NoRandomness> {
        let random = random(&*self.clock)?;
        Ok(DocumentId::new_v7(unix_ms(&*self.clock), random))
    }

    /// A new entry's id.
    ///
    /// # Errors
    /// [`NoRandomness`] if this machine gives none.
    pub(super) fn new_entry(&self) -> Result<EntryId, NoRandomness> {
        let random = random(&*self.clock)?;
        Ok(EntryId::new_v7(unix_ms(&*self.clock), random))
    }

    /// Writes one command as a change of a document opened with [`open`] and stores it. After an
    /// error the document is not to be used again.
    pub(super) fn write(
        &self,
        tx: &mut LogTx<'_>,
        document: &mut Document,
        command: &Command,
    ) -> Result<Stored, OwnError> {
        let change = document
            .write(self.actor, self.now, command)
            .map_err(OwnError::Refused)?;
        let incoming = Incoming::inspect(Push {
            document: document.id(),
            kind: document.kind(),
            change,
        });
        let writer = Writer::of(&self.author);
        let arrival = Arrival::new(&self.author, self.now, self.now);
        match settle(tx, writer, arrival, &incoming)? {
            Outcome::Accepted(stored) | Outcome::Duplicate(stored) => Ok(stored),
            Outcome::Refused(reason) | Outcome::Quarantined(reason) | Outcome::Later(reason) => {
                Err(OwnError::Refused(refusal(reason)))
            }
            Outcome::Needs(_) | Outcome::Unknown(_) => Err(OwnError::Unreadable(
                "its stored changes do not fit together".to_owned(),
            )),
        }
    }
}

/// Opens a stored document, to be read or written.
pub(super) fn open(tx: &LogTx<'_>, id: DocumentId, kind: Kind) -> Result<Document, OwnError> {
    let changes = tx.change_bytes(id)?;
    Document::open(id, kind, changes.iter().map(Vec::as_slice))
        .map_err(|unreadable| OwnError::Unreadable(unreadable.to_string()))
}

/// A reason as the gate gave it.
fn refusal(reason: Reason) -> Refusal {
    Refusal {
        code: RefusalCode::from_text(&reason.code).unwrap_or(RefusalCode::ChangeMalformed),
        path: reason.path,
        bound: reason.bound,
    }
}
