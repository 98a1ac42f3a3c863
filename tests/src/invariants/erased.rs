//! What was erased is on no phone, in whatever state, and the relay gives it to nobody.

use yizhan_proto::DocumentId;

use super::{Witness, Wrong};
use crate::reference::Concern;

impl Wrong {
    /// Nobody holds it.
    pub(super) fn is_gone(&mut self, id: DocumentId, concern: &Concern, witness: &Witness<'_>) {
        let kind = concern.kind;
        if witness.pocket.documents.contains_key(&id) {
            self.push(
                &witness.name,
                format!("holds {kind} {id}, which was erased"),
            );
        }
        if witness.audit.documents.contains_key(&id) {
            self.push("the relay", format!("gives out {id}, which was erased"));
        }
    }
}
