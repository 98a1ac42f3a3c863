//! Raw bytes of one change, bounded before Automerge sees them.

use yizhan_proto::{ActorId, ChangeHash, Timestamp};

use super::Refusal;

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
    /// The counter of its last operation (`start_op - 1` if it has none).
    pub last_op: u64,
    /// What the device's clock said.
    pub time: Timestamp,
    /// What it builds on.
    pub deps: Vec<ChangeHash>,
    /// Bytes of the chunk.
    pub bytes: u64,
}

/// Checks the bytes of one change.
///
/// # Errors
/// A [`Refusal`] that names what was wrong.
pub fn inspect(chunk: &[u8]) -> Result<Inspected, Refusal> {
    let _ = chunk;
    todo!()
}
