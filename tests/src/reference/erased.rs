//! What was erased: nobody may hold it, in whatever state.

use std::collections::BTreeSet;

use yizhan_proto::{DocumentId, Kind, PersonId};

use super::{Concern, Reference};

impl Reference {
    /// The operator erased a document; with a ticket the notes on it.
    pub fn erased(&mut self, document: DocumentId) {
        self.erased.insert(document);
        self.give_up(document);
        let notes: Vec<DocumentId> = self
            .concerns
            .iter()
            .filter(|(_, concern)| is_note_on(concern, &BTreeSet::from([document])))
            .map(|(id, _)| *id)
            .collect();
        for note in notes {
            self.erased.insert(note);
            self.give_up(note);
        }
    }

    /// The operator erased a person, under all these ids.
    pub fn erased_person(&mut self, ids: &BTreeSet<PersonId>) {
        self.erased_people.extend(ids);
        let about: Vec<DocumentId> = self
            .concerns
            .iter()
            .filter(|(_, concern)| concern.driver.is_some_and(|id| ids.contains(&id)))
            .map(|(id, _)| *id)
            .collect();
        for document in about {
            self.erased(document);
        }
    }

    /// Whether the document was erased, or is about somebody, or a ticket, that was.
    #[must_use]
    pub fn is_erased(&self, document: DocumentId) -> bool {
        self.erased.contains(&document)
    }

    /// Whether nothing that is entered in the document now will be taken.
    pub(super) fn note_if_erased(&mut self, document: DocumentId) -> bool {
        let gone = self.concerns.get(&document).is_some_and(|concern| {
            let about = concern
                .driver
                .is_some_and(|id| self.erased_people.contains(&id));
            about || is_note_on(concern, &self.erased)
        });
        if gone {
            self.erased.insert(document);
        }
        self.erased.contains(&document)
    }

    fn give_up(&mut self, document: DocumentId) {
        for number in self.of_document.remove(&document).unwrap_or_default() {
            self.entries[number].discarded = true;
        }
    }
}

fn is_note_on(concern: &Concern, tickets: &BTreeSet<DocumentId>) -> bool {
    concern.kind == Kind::CaseNote && !concern.names.is_disjoint(tickets)
}
