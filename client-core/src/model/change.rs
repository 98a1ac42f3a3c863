//! Raw bytes of one change, bounded before Automerge sees them.
//!
//! Automerge 0.12 does not survive hostile bytes: a short change can claim millions of
//! operations, a deflate chunk can inflate without bound, flipped bytes can panic or make a
//! document that no longer loads. So `preparse` reads the whole chunk first, strictly: one
//! encoding of every number, every column, every run; anything else is refused. It allocates no
//! more than the operations that the limits allow. Only then is Automerge asked whether it reads
//! the same change, inside `catch_unwind`.
//!
//! What the change *says* is [`super::gate`]'s affair; operations that no document here uses
//! (lists, text, counters, marks, deletion) are refused already here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use yizhan_proto::{ActorId, ChangeHash, Timestamp};

use super::{Refusal, RefusalCode};

mod columns;
mod leb128;
mod preparse;
mod runs;

pub(crate) use columns::{Object, Op, OpRef, Value};
pub(crate) use runs::Span;

/// A change that is well formed and within every bound; what it says is not yet checked.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// Its hash.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub actor: ActorId,
    /// The actor's sequence number, from 1.
    pub actor_seq: u64,
    /// The counter of its first operation.
    pub start_op: u64,
    /// The counter of its last operation.
    pub last_op: u64,
    /// What the device's clock said.
    pub time: Timestamp,
    /// What it builds on, ascending.
    pub deps: Vec<ChangeHash>,
    /// Bytes of the chunk.
    pub bytes: u64,
    /// The actors it names besides its own, ascending by bytes.
    pub(crate) others: Vec<OtherActor>,
    /// What it does, in order; the operation at `i` has the counter `start_op + i`.
    pub(crate) ops: Vec<Op>,
    /// What the operations replace; each operation has its range of these.
    pub(crate) preds: Vec<OpRef>,
    /// The chunk: keys and texts are ranges of it.
    pub(crate) chunk: Box<[u8]>,
}

/// An actor that a change names besides its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherActor {
    /// The one of every kind's constant first change.
    Genesis,
    /// A device.
    Device(ActorId),
}

impl Inspected {
    /// A key or a text of the change.
    pub(crate) fn text(&self, span: Span) -> &str {
        // The pre-parser checked the range and its UTF-8 when it made the span.
        self.chunk
            .get(span.range())
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// What an operation replaces.
    pub(crate) fn preds_of(&self, op: &Op) -> &[OpRef] {
        let from = op.preds_from as usize;
        self.preds
            .get(from..from + op.preds as usize)
            .unwrap_or_default()
    }

    /// The actor of an index in the change: `None` is its own.
    pub(crate) fn other(&self, index: u16) -> Option<OtherActor> {
        usize::from(index)
            .checked_sub(1)
            .and_then(|other| self.others.get(other))
            .copied()
    }
}

/// Checks the bytes of one change.
///
/// # Errors
/// A [`Refusal`] that names what was wrong.
pub fn inspect(chunk: &[u8]) -> Result<Inspected, Refusal> {
    inspect_and_parse(chunk).map(|(inspected, _)| inspected)
}

/// As [`inspect`]; gives the change as Automerge reads it, too.
pub(crate) fn inspect_and_parse(chunk: &[u8]) -> Result<(Inspected, automerge::Change), Refusal> {
    let inspected = preparse::preparse(chunk)?;
    match catch_unwind(AssertUnwindSafe(|| automerge::Change::try_from(chunk))) {
        Ok(Ok(change))
            if change.hash().0 == *inspected.hash.as_bytes()
                && change.len() == inspected.ops.len() =>
        {
            Ok((inspected, change))
        }
        Ok(Ok(_) | Err(_)) | Err(_) => {
            Err(Refusal::new(RefusalCode::ChangeMalformed).bound("a change that Automerge reads"))
        }
    }
}

#[cfg(test)]
mod tests;
