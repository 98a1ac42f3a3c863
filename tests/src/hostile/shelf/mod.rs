//! A relay's worth of documents without a relay: an honest history of every kind, kept through the
//! gate, and how it stood before each step.

mod history;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use yizhan_client_core::model::{
    Author, Command, Document, Inspected, Known, Outline, Verdict, decide, gate, inspect,
};
use yizhan_proto::{ActorId, ChangeHash, DocumentId, Incarnation, Kind};

pub(super) use history::{AUTHORS, author};

/// Every kind there is.
pub(super) const KINDS: [Kind; 9] = [
    Kind::Station,
    Kind::Visit,
    Kind::Check,
    Kind::Consent,
    Kind::Activity,
    Kind::Enrolment,
    Kind::Notice,
    Kind::Ticket,
    Kind::CaseNote,
];

/// One document, as a relay keeps it.
#[derive(Debug, Clone)]
struct Kept {
    outline: Outline,
    changes: Vec<Vec<u8>>,
    last_ops: BTreeMap<ChangeHash, u64>,
}

/// Documents.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    documents: BTreeMap<DocumentId, Kept>,
}

/// One change of an honest history.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// What there was before.
    pub(super) before: Shelf,
    /// The document.
    pub(super) document: DocumentId,
    /// Its kind.
    pub(super) kind: Kind,
    /// Who wrote it.
    pub(super) author: Author,
    /// The change.
    pub(super) chunk: Vec<u8>,
}

impl Shelf {
    /// The changes of a document.
    pub(super) fn changes(&self, id: DocumentId) -> Vec<Vec<u8>> {
        let kept = self.documents.get(&id);
        kept.map(|kept| kept.changes.clone()).unwrap_or_default()
    }

    /// The hashes of all changes.
    pub(super) fn hashes(&self) -> Vec<ChangeHash> {
        let kept = self.documents.values();
        kept.flat_map(|kept| kept.last_ops.keys().copied())
            .collect()
    }

    /// What the gate says of a change.
    pub(super) fn decide(
        &self,
        id: DocumentId,
        kind: Kind,
        author: &Author,
        change: &Inspected,
    ) -> Verdict {
        let kept = self.documents.get(&id);
        let outline = |id: DocumentId| Some((id, self.documents.get(&id)?.outline.clone()));
        let known = Known {
            last_ops: kept.map(|kept| kept.last_ops.clone()).unwrap_or_default(),
            outlines: gate::references(kind, change)
                .into_iter()
                .filter_map(outline)
                .collect(),
            ..Known::default()
        };
        let outline = kept.map(|kept| &kept.outline);
        decide(id, kind, outline, author, change, &known)
    }

    /// Carries out a command of an honest person, and gives its change.
    fn enter(&mut self, id: DocumentId, author: &Author, command: &Command) -> Vec<u8> {
        let kind = command.kind();
        let changes = self.changes(id);
        let mut document = Document::open(id, kind, changes.iter().map(Vec::as_slice))
            .expect("an honest document");
        let actor = ActorId::new(author.device, Incarnation(1));
        let chunk = document
            .write(actor, history::at(0), command)
            .expect("an honest command");
        let change = inspect(&chunk).expect("an honest change");
        let Verdict::Accept(outline) = self.decide(id, kind, author, &change) else {
            panic!("{command:?} was to be accepted");
        };
        let kept = self.documents.entry(id).or_insert_with(|| Kept {
            outline: (*outline).clone(),
            changes: Vec::new(),
            last_ops: BTreeMap::new(),
        });
        kept.outline = *outline;
        kept.changes.push(chunk.clone());
        kept.last_ops.insert(change.hash, change.last_op);
        chunk
    }
}

/// The history, made once.
pub(super) fn steps() -> &'static [Step] {
    static STEPS: OnceLock<Vec<Step>> = OnceLock::new();
    STEPS.get_or_init(|| {
        let mut shelf = Shelf::default();
        let step = |(who, document, command): (u8, DocumentId, Command)| {
            let before = shelf.clone();
            let author = author(who);
            let chunk = shelf.enter(document, &author, &command);
            Step {
                before,
                document,
                kind: command.kind(),
                author,
                chunk,
            }
        };
        history::history().into_iter().map(step).collect()
    })
}
