//! A document opened for reading and editing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::Automerge;
use yizhan_proto::{ActorId, ChangeHash, DocumentId, Kind, Timestamp};

use super::change::inspect_and_parse;
use super::genesis::Genesis;
use super::{Command, Refusal, writer};

/// A register that two people may have set at the same time: what Automerge shows, and the
/// other values that stand beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register<T> {
    /// The value shown (`None`: never set).
    pub value: Option<T>,
    /// Values set at the same time by others, until somebody sets it again.
    pub others: Vec<T>,
}

impl<T> Register<T> {
    /// Whether people set it differently at the same time.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        !self.others.is_empty()
    }
}

/// One opened document.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) id: DocumentId,
    pub(crate) kind: Kind,
    pub(crate) automerge: Automerge,
}

/// A document whose changes Automerge cannot apply; it is set aside, and nothing else with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document's changes cannot be applied: {0}")]
pub struct Unreadable(pub String);

impl Document {
    /// Opens a document from all of its changes (genesis not among them), in an order in which
    /// dependencies come first, applied in one batch.
    ///
    /// # Errors
    /// [`Unreadable`] if a change is malformed, misses a dependency, or Automerge fails or panics on it.
    pub fn open<'a>(
        id: DocumentId,
        kind: Kind,
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, Unreadable> {
        let genesis = Genesis::of(kind)
            .ok_or_else(|| Unreadable(format!("the kind {kind} is not known here")))?;
        let mut hashes = Vec::new();
        let mut parsed = genesis.parsed()?;
        for chunk in changes {
            let (inspected, change) =
                inspect_and_parse(chunk).map_err(|refusal| Unreadable(refusal.to_string()))?;
            hashes.push(inspected.hash);
            parsed.push(change);
        }
        // The panic cannot leave anything half-done behind: the document is dropped with it.
        let automerge = catch_unwind(AssertUnwindSafe(|| {
            let mut automerge = Automerge::new();
            automerge.apply_changes(parsed).map(|()| automerge)
        }))
        .map_err(|_| Unreadable("Automerge panicked".to_owned()))?
        .map_err(|e| Unreadable(e.to_string()))?;
        let held = |hash: &&ChangeHash| {
            automerge
                .get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes()))
                .is_none()
        };
        if let Some(hash) = hashes.iter().find(held) {
            return Err(Unreadable(format!(
                "something that change {hash} builds on is missing"
            )));
        }
        Ok(Self {
            id,
            kind,
            automerge,
        })
    }

    /// A document that nobody has written in yet: its genesis.
    ///
    /// # Errors
    /// [`Unreadable`] for a kind that this version does not know.
    pub fn begin(id: DocumentId, kind: Kind) -> Result<Self, Unreadable> {
        Self::open(id, kind, [])
    }

    /// Which document.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its bytes as Automerge saves a document, which any other program with Automerge loads. They
    /// hold its kind's constant first change, too.
    #[must_use]
    pub fn saved(&self) -> Vec<u8> {
        self.automerge.save()
    }

    /// Carries out a command as one change by `actor` at the device's time `now`, and returns the
    /// change chunk (uncompressed). The values are checked by the gate, which the caller asks
    /// before it keeps the change; on a refusal the caller drops this object.
    ///
    /// # Errors
    /// A [`Refusal`] if the command does not fit the document's kind or state.
    pub fn write(
        &mut self,
        actor: ActorId,
        now: Timestamp,
        command: &Command,
    ) -> Result<Vec<u8>, Refusal> {
        writer::write(self, actor, now, command)
    }
}
