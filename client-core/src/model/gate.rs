//! The gate: whether a change may enter a document.

use std::collections::BTreeMap;

use yizhan_proto::{ChangeHash, DocumentId, Kind};

use super::{Author, Inspected, Outline, Refusal};

/// What else the gate needs to know, looked up beforehand by whoever calls it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The last operation's counter of each dependency of the change that is in the same
    /// document and is not a head of the outline.
    pub last_ops: BTreeMap<ChangeHash, u64>,
    /// The outlines of the documents that [`references`] names.
    pub outlines: BTreeMap<DocumentId, Outline>,
}

/// What the gate decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The change may enter; the outline to keep from now on.
    Accept(Box<Outline>),
    /// These dependencies are not known; nothing else was checked.
    Needs(Vec<ChangeHash>),
    /// It may not enter.
    Refuse(Refusal),
    /// A person decides.
    Quarantine(Refusal),
}

/// The other documents whose outlines [`decide`] wants to see for this change (a visit's
/// station, a check's station and consent). Empty for most changes.
#[must_use]
pub fn references(kind: Kind, change: &Inspected) -> Vec<DocumentId> {
    let _ = (kind, change);
    todo!()
}

/// Decides about a change that is not in the document yet (the caller has looked for its hash).
///
/// `outline` is `None` if the document does not exist yet.
#[must_use]
pub fn decide(
    document: DocumentId,
    kind: Kind,
    outline: Option<&Outline>,
    author: &Author,
    change: &Inspected,
    known: &Known,
) -> Verdict {
    let _ = (document, kind, outline, author, change, known);
    todo!()
}
