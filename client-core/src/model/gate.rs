//! The gate: whether a change may enter a document. One pure function, [`decide`], which the relay
//! runs on every push and the phone on its own edits before it keeps them.
//!
//! It never opens a document: the [`Outline`] is all it knows of one. The rules themselves are
//! tables beside each kind (module `rules`); here is what is the same for all kinds.

use std::collections::BTreeMap;

use yizhan_proto::limits::{DOCUMENT_ACTORS_MAX, DOCUMENT_BYTES_MAX, DOCUMENT_HEADS_MAX};
use yizhan_proto::{ChangeHash, DeskKey, DocumentId, Kind, RegionKey, Timestamp};

use super::attachment;
use super::draft::Draft;
use super::genesis::{Genesis, Step};
use super::outline::{ActorSeq, Facts, Head, Routing, Write};
use super::rules::Table;
use super::{Author, Inspected, Outline, Refusal, RefusalCode};

mod paths;
mod references;

pub use references::{desks, driver, fits_id, references};

/// What else the gate needs to know, looked up beforehand by whoever calls it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The last operation's counter of each dependency of the change that is in the same
    /// document and is not a head of the outline.
    pub last_ops: BTreeMap<ChangeHash, u64>,
    /// When the relay received the change; a phone does not know it of its own.
    pub received_at: Option<Timestamp>,
    /// The outlines of the documents that [`references`] names.
    pub outlines: BTreeMap<DocumentId, Outline>,
    /// Whether a person has decided to let in what the gate leaves to a person.
    pub pardoned: bool,
    /// The desks that there are among those that [`desks`] names, each with its region; `None`
    /// where the register of desks is not known.
    pub desks: Option<BTreeMap<DeskKey, RegionKey>>,
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
    let case = match Case::new(document, kind, outline, author, change, known) {
        Ok(case) => case,
        Err(refusal) => return Verdict::Refuse(refusal),
    };
    let missing = case.missing_deps();
    if !missing.is_empty() {
        return Verdict::Needs(missing);
    }
    match case.judge() {
        Ok(verdict) => verdict,
        Err(refusal) => Verdict::Refuse(refusal),
    }
}

/// All that a decision is about.
#[derive(Clone, Copy)]
struct Case<'a> {
    document: DocumentId,
    kind: Kind,
    outline: Option<&'a Outline>,
    author: &'a Author,
    change: &'a Inspected,
    known: &'a Known,
    table: &'static Table,
    genesis: &'static Genesis,
    /// Whether the change makes the document: the first to do so, or its twin.
    creates: bool,
}

impl<'a> Case<'a> {
    fn new(
        document: DocumentId,
        kind: Kind,
        outline: Option<&'a Outline>,
        author: &'a Author,
        change: &'a Inspected,
        known: &'a Known,
    ) -> Result<Self, Refusal> {
        let (Some(table), Some(genesis)) = (Table::of(kind), Genesis::of(kind)) else {
            return Err(Refusal::new(RefusalCode::KindUnsupported));
        };
        if outline.is_none() {
            fits_id(document, kind)?;
        }
        if outline.is_some_and(|outline| outline.kind != kind) {
            return Err(Refusal::new(RefusalCode::IdentityMismatch).at("kind"));
        }
        if change.actor.device() != author.device {
            return Err(Refusal::new(RefusalCode::ActorForeign));
        }
        let mut case = Self {
            document,
            kind,
            outline,
            author,
            change,
            known,
            table,
            genesis,
            creates: false,
        };
        // Of a kind whose id follows from what it is about, two devices that never met may both
        // make the same document.
        let is_twin = table.twins && case.step().is_some();
        case.creates = outline.is_none() || is_twin;
        Ok(case)
    }

    /// The last operation of a dependency, if it is known.
    fn last_op_of(&self, dep: &ChangeHash) -> Option<u64> {
        if let Some(step) = self.genesis.step(dep) {
            return Some(step.last_op);
        }
        let outline = self.outline?;
        outline
            .heads
            .iter()
            .find(|head| head.hash == *dep)
            .map(|head| head.last_op)
            .or_else(|| self.known.last_ops.get(dep).copied())
    }

    /// The beginning that a change which makes a document builds on: it, and nothing else.
    fn step(&self) -> Option<&'static Step> {
        match self.change.deps.as_slice() {
            [dep] => self.genesis.step(dep),
            _ => None,
        }
    }

    /// The schema version that the document begins with.
    fn schema(&self) -> u16 {
        let begun = self.outline.map(|outline| outline.schema);
        begun.unwrap_or_else(|| self.step().map_or(0, |step| step.schema))
    }

    fn missing_deps(&self) -> Vec<ChangeHash> {
        let missing = |dep: &&ChangeHash| self.last_op_of(dep).is_none();
        self.change.deps.iter().filter(missing).copied().collect()
    }

    fn judge(&self) -> Result<Verdict, Refusal> {
        self.check_order()?;
        let mut draft = paths::sort(self)?;
        draft.author = Some(self.author);
        draft.received_at = self.known.received_at;
        // Whoever makes a document is judged by what they say of it, also where it is there already:
        // who has no part in it does not learn that.
        let routing = match self.outline {
            Some(outline) if !self.creates => outline.routing.clone(),
            Some(_) | None => (self.table.routing)(&draft),
        };
        draft.who = paths::relations(self, &routing);
        paths::check_author(self, &draft)?;
        self.check_room()?;
        attachment::check(
            &draft,
            self.outline.and_then(|outline| outline.facts.attachments),
        )?;
        match self.outline {
            Some(outline) if !self.creates => (self.table.edit)(&draft, &outline.facts)?,
            Some(_) | None => (self.table.create)(&draft)?,
        }
        references::check_desks(self, &draft, &routing)?;
        if self.creates {
            match references::check(self, &draft, &routing)? {
                references::Finding::ForAPerson(_) if self.known.pardoned => {}
                references::Finding::Fits => {}
                references::Finding::ForAPerson(refusal) => {
                    return Ok(Verdict::Quarantine(refusal));
                }
            }
        }
        if let Some(outline) = self.outline.filter(|_| self.creates) {
            self.check_twin(&draft, outline, &routing)?;
        }
        let mut next = self
            .outline
            .cloned()
            .unwrap_or_else(|| beginning(self.kind, self.step(), routing));
        advance(&mut next, &draft);
        Ok(Verdict::Accept(Box::new(next)))
    }

    /// A twin says of the document what its first maker said.
    fn check_twin(
        &self,
        draft: &Draft<'_>,
        outline: &Outline,
        routing: &Routing,
    ) -> Result<(), Refusal> {
        let facts = (self.table.facts)(draft, &Facts::default());
        if *routing == outline.routing && facts.activity == outline.facts.activity {
            Ok(())
        } else {
            Err(Refusal::new(RefusalCode::DocumentExists))
        }
    }

    /// Sequence number and counters follow on what is there.
    fn check_order(&self) -> Result<(), Refusal> {
        let change = self.change;
        if change.deps.is_empty() || (self.outline.is_none() && self.step().is_none()) {
            return Err(Refusal::new(RefusalCode::GenesisMissing));
        }
        let latest = self
            .outline
            .map_or(0, |outline| outline.actor_seq(change.actor));
        if change.actor_seq <= latest {
            return Err(Refusal::new(RefusalCode::SequenceReused));
        }
        if change.actor_seq > latest + 1 {
            return Err(Refusal::new(RefusalCode::SequenceGap).bound((latest + 1).to_string()));
        }
        let beyond = change
            .deps
            .iter()
            .filter_map(|dep| self.last_op_of(dep))
            .max()
            .unwrap_or_default();
        if change.start_op <= beyond {
            return Err(Refusal::new(RefusalCode::StartOpLow).bound((beyond + 1).to_string()));
        }
        if change.start_op > beyond + 1 {
            return Err(Refusal::new(RefusalCode::StartOpHigh).bound((beyond + 1).to_string()));
        }
        Ok(())
    }

    /// The document has room for it.
    fn check_room(&self) -> Result<(), Refusal> {
        let Some(outline) = self.outline else {
            return Ok(());
        };
        if outline.bytes.saturating_add(self.change.bytes) > DOCUMENT_BYTES_MAX {
            return Err(Refusal::new(RefusalCode::DocumentFull)
                .bound(format!("{DOCUMENT_BYTES_MAX} bytes")));
        }
        let new_actor = outline.actor_seq(self.change.actor) == 0;
        if new_actor && outline.actors.len() >= DOCUMENT_ACTORS_MAX {
            return Err(Refusal::new(RefusalCode::DocumentTooWide)
                .bound(format!("{DOCUMENT_ACTORS_MAX} devices and incarnations")));
        }
        let stands_beside = outline
            .heads
            .iter()
            .filter(|head| self.change.deps.binary_search(&head.hash).is_err())
            .count();
        if stands_beside >= DOCUMENT_HEADS_MAX {
            return Err(Refusal::new(RefusalCode::DocumentTooWide)
                .bound(format!("{DOCUMENT_HEADS_MAX} edits side by side")));
        }
        Ok(())
    }
}

/// The outline of a document before its first change.
fn beginning(kind: Kind, step: Option<&Step>, routing: Routing) -> Outline {
    Outline {
        kind,
        schema: step.map_or(1, |step| step.schema),
        routing,
        facts: Facts::default(),
        heads: Vec::new(),
        last_op: step.map_or(0, |step| step.last_op),
        actors: Vec::new(),
        bytes: 0,
    }
}

/// Takes a change into the outline.
fn advance(outline: &mut Outline, draft: &Draft<'_>) {
    let change = draft.change;
    outline.facts = (draft.table.facts)(draft, &outline.facts);
    outline.facts.attachments =
        attachment::counted(change, outline.kind, outline.facts.attachments);
    if let Some(reroute) = draft.table.reroute
        && let Some(routing) = reroute(&outline.facts, &outline.routing)
    {
        outline.routing = routing;
    }
    outline
        .heads
        .retain(|head| change.deps.binary_search(&head.hash).is_err());
    outline.heads.push(Head {
        hash: change.hash,
        last_op: change.last_op,
    });
    outline.heads.sort_unstable_by_key(|head| head.hash);
    outline.last_op = outline.last_op.max(change.last_op);
    outline.bytes = outline.bytes.saturating_add(change.bytes);
    let actor = advance_actor(outline, change);
    let writes = draft.writes.iter().map(|(place, op)| Write {
        place: *place,
        actor,
        // The pre-parser holds counters at 2^31.
        counter: u32::try_from(change.start_op + *op as u64).unwrap_or(u32::MAX),
    });
    outline.facts.writes.extend(writes);
}

/// Notes the actor's sequence number; gives its position among the actors.
fn advance_actor(outline: &mut Outline, change: &Inspected) -> u16 {
    let entry = ActorSeq {
        actor: change.actor,
        seq: change.actor_seq,
    };
    let at = outline.actor_position(change.actor);
    let at = at.unwrap_or_else(|at| {
        outline.actors.insert(at, entry);
        // Those behind it moved by one.
        for write in &mut outline.facts.writes {
            write.actor += u16::from(usize::from(write.actor) >= at);
        }
        at
    });
    outline.actors[at] = entry;
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// The outline of a document from changes that were all accepted elsewhere, in an order in which
/// dependencies come first; nothing is checked again, and fields not known here are passed over.
/// `None` if there are none, or this version does not know the kind.
///
/// For a holder that shows some changes of a document and not others, and edits on top of those.
#[must_use]
pub fn outline_of<'a>(
    kind: Kind,
    changes: impl IntoIterator<Item = &'a Inspected>,
) -> Option<Outline> {
    outline_of_received(kind, changes.into_iter().map(|change| (change, None)))
}

/// As [`outline_of`], with the time at which the relay received each change, if it is known. What
/// is folded (a ticket's state) comes out as at the relay if the changes come in its order.
#[must_use]
pub fn outline_of_received<'a>(
    kind: Kind,
    changes: impl IntoIterator<Item = (&'a Inspected, Option<Timestamp>)>,
) -> Option<Outline> {
    let (table, genesis) = (Table::of(kind)?, Genesis::of(kind)?);
    let mut outline: Option<Outline> = None;
    for (change, received_at) in changes {
        let mut draft = Draft::of_accepted(change, table);
        draft.received_at = received_at;
        let outline = outline.get_or_insert_with(|| {
            let step = change.deps.first().and_then(|dep| genesis.step(dep));
            beginning(kind, step, (table.routing)(&draft))
        });
        advance(outline, &draft);
    }
    outline
}
