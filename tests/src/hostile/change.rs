//! One change as it comes off the wire: the pre-parser, and Automerge behind it.
//!
//! The first byte chooses a kind and whether the frame (length, checksum) is made to fit the rest.

use yizhan_client_core::model::{Document, inspect};
use yizhan_proto::limits::{CHANGE_BYTES_MAX, CHANGE_DEPS_MAX, CHANGE_OPS_MAX};
use yizhan_proto::{ChangeHash, DocumentId};

use super::bytes::{Draw, body_of, framed};
use super::shelf::{KINDS, steps};

/// What is accepted is within every limit, is the same at a second look, and is opened or refused
/// in words.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    let choice = usize::from(draw.byte());
    let kind = KINDS[(choice >> 1) % KINDS.len()];
    let chunk = if choice & 1 == 0 {
        framed(draw.0)
    } else {
        draw.0.to_vec()
    };
    let Ok(change) = inspect(&chunk) else {
        return;
    };
    assert_eq!(change.hash, ChangeHash::of_chunk(&chunk));
    assert_eq!(change.bytes, chunk.len() as u64);
    assert!(chunk.len() <= CHANGE_BYTES_MAX);
    assert!(change.deps.len() <= CHANGE_DEPS_MAX);
    assert!(change.actor_seq > 0 && change.start_op > 0);
    let ops = change.last_op + 1 - change.start_op;
    assert!(ops <= CHANGE_OPS_MAX, "{ops} operations");
    let again = inspect(&chunk).expect("as at the first look");
    assert_eq!(format!("{change:?}"), format!("{again:?}"));
    // On nothing but its kind's beginning it is opened, or it is said why not.
    let _ = Document::open(
        DocumentId::from_bytes([1; 16]),
        kind,
        [chunk.as_slice(), chunk.as_slice()],
    );
}

/// Changes as the commands write them.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let position = |kind| KINDS.iter().position(|other| *other == kind).unwrap_or(0);
    let seed = |(n, step): (usize, &super::shelf::Step)| {
        let kind = u8::try_from(position(step.kind)).unwrap_or_default();
        let mut bytes = vec![kind << 1];
        bytes.extend_from_slice(body_of(&step.chunk));
        (format!("{}-{n:02}", step.kind), bytes)
    };
    steps().iter().enumerate().step_by(2).map(seed).collect()
}
