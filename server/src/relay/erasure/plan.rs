//! What an erasure takes: pure.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_proto::{DocumentId, Kind, PersonId};

/// What the store has that an erasure may take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The document that is to be erased, or all documents about the person.
    pub(super) documents: Vec<(DocumentId, Kind)>,
    /// The internal notes on those of them that are tickets.
    pub(super) notes: Vec<DocumentId>,
    /// Documents that are only in quarantine.
    pub(super) waiting: Vec<Waiting>,
}

/// A document of which nothing was let in yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// The document.
    pub(super) document: DocumentId,
    /// Its kind, as the device said.
    pub(super) kind: Kind,
    /// The driver it names.
    pub(super) about: Option<PersonId>,
    /// The documents it refers to.
    pub(super) refers: Vec<DocumentId>,
}

/// All that goes: what was asked for, with a ticket the notes on it, and of what waits in
/// quarantine whatever is about these people or a note on one of these tickets. Checks of a visit,
/// enrolments in an activity and tickets about either are documents of their own, and stay.
pub(super) fn plan(people: &[PersonId], found: &Found) -> BTreeMap<DocumentId, Kind> {
    let mut taken: BTreeMap<DocumentId, Kind> = found.documents.iter().copied().collect();
    let tickets: BTreeSet<DocumentId> = taken
        .iter()
        .filter(|(_, kind)| **kind == Kind::Ticket)
        .map(|(document, _)| *document)
        .collect();
    for note in &found.notes {
        taken.insert(*note, Kind::CaseNote);
    }
    for waiting in &found.waiting {
        let about = waiting.about.is_some_and(|about| people.contains(&about));
        let notes = waiting.kind == Kind::CaseNote
            && waiting.refers.iter().any(|named| tickets.contains(named));
        if about || notes {
            taken.entry(waiting.document).or_insert(waiting.kind);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> DocumentId {
        DocumentId::from_bytes([n; 16])
    }

    #[test]
    fn a_ticket_takes_the_notes_on_it_and_a_person_what_waits_about_them() {
        let (li, wang) = (PersonId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        let waiting = |n, kind, about, refers: &[u8]| Waiting {
            document: id(n),
            kind,
            about,
            refers: refers.iter().copied().map(id).collect(),
        };
        let found = Found {
            documents: vec![(id(1), Kind::Visit), (id(2), Kind::Ticket)],
            notes: vec![id(3)],
            waiting: vec![
                waiting(4, Kind::Check, Some(li), &[1]),
                waiting(5, Kind::Check, Some(wang), &[1]),
                waiting(6, Kind::CaseNote, None, &[2]),
                waiting(7, Kind::CaseNote, None, &[9]),
                waiting(8, Kind::Ticket, None, &[1]),
            ],
        };
        let taken: Vec<_> = plan(&[li], &found).into_iter().collect();
        assert_eq!(
            taken,
            [
                (id(1), Kind::Visit),
                (id(2), Kind::Ticket),
                (id(3), Kind::CaseNote),
                (id(4), Kind::Check),
                (id(6), Kind::CaseNote),
            ]
        );
        // Of a document alone, nothing that is only about the same person.
        assert!(!plan(&[], &found).contains_key(&id(4)));
    }
}
