//! Settling a conflict by choosing one of the values that stand side by side.

use automerge::legacy::{Key, OpId, OpType};
use automerge::{Automerge, AutomergeError, Change, ScalarValue};

/// A value put where several stood beside each other.
pub(super) struct Resolved {
    pub(super) key: String,
    pub(super) value: ScalarValue,
    /// The operations of all the values that stood there.
    pub(super) replaces: Vec<OpId>,
}

/// Where somebody settles a conflict by choosing a value that stands there, Automerge deletes the
/// others. Nothing is ever deleted here: the change is made again, so that it puts the value in
/// place of them all.
pub(super) fn settle(
    automerge: &mut Automerge,
    change: &Change,
    resolved: &[Resolved],
) -> Result<Vec<u8>, AutomergeError> {
    let mut settled = change.decode();
    for op in &mut settled.operations {
        let choice = resolved
            .iter()
            .find(|choice| op.key == Key::Map(choice.key.as_str().into()));
        if let Some(choice) = choice {
            op.action = OpType::Put(choice.value.clone());
            op.pred = choice.replaces.clone().into();
        }
    }
    let before = automerge.fork_at(change.deps())?;
    let settled = Change::from(settled);
    *automerge = before;
    automerge.apply_changes([settled.clone()])?;
    Ok(settled.raw_bytes().to_vec())
}
