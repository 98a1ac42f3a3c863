//! Pushed changes: inspected off the writer thread, decided one by one inside the transaction.
//!
//! Each change gets its own receipt, and a bad one never stands in the way of another.

mod arrival;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use yizhan_client_core::model::gate::{self, Known, Verdict};
use yizhan_client_core::model::{Author, Inspected, Judge, Outline, Refusal, RefusalCode, inspect};
use yizhan_proto::sync::{Outcome, Push, Reason, Stored};
use yizhan_proto::{ChangeHash, DocumentId, Kind, Scope};

use super::quarantine::rejected;
use super::quotas;
use super::{access, attachments, audit, clocks, erasure, membership, retention, seats};
use crate::store::rows::{DocumentRow, NewChange, QuarantineRow};
use crate::store::{LogTx, StoreError};
pub(super) use arrival::Arrival;

/// A pushed change, looked at.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The document it is for.
    pub(super) document: DocumentId,
    /// That document's kind, as the device says.
    pub(super) kind: Kind,
    /// Its hash, also if it could not be read.
    pub(super) hash: ChangeHash,
    /// The chunk.
    pub(super) bytes: Vec<u8>,
    /// What was found.
    pub(super) inspected: Result<Inspected, Refusal>,
}

impl Incoming {
    /// Looks at one change.
    pub(super) fn inspect(push: Push) -> Self {
        let Push {
            document,
            kind,
            change: bytes,
        } = push;
        let inspected = sealed(|| inspect(&bytes)).and_then(|result| result);
        Self {
            document,
            kind,
            hash: inspected
                .as_ref()
                .map_or_else(|_| ChangeHash::of_chunk(&bytes), |change| change.hash),
            bytes,
            inspected,
        }
    }
}

/// Who writes, as they may now, and as they might once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    /// With the rights they have.
    pub(super) author: &'a Author,
    /// With the rights they ever had.
    pub(super) former: &'a Author,
    /// Whether a person has decided to let in what waits for one.
    pub(super) pardoned: bool,
}

impl<'a> Writer<'a> {
    /// Somebody with the rights they have, and nothing else.
    pub(super) const fn of(author: &'a Author) -> Self {
        Self {
            author,
            former: author,
            pardoned: false,
        }
    }
}

impl Writer<'_> {
    /// The gate's verdict; what is refused for want of a right that the author once had waits for
    /// a person to decide.
    fn judge(
        self,
        incoming: &Incoming,
        outline: Option<&Outline>,
        change: &Inspected,
        known: &Known,
    ) -> Result<Verdict, Refusal> {
        let (document, kind) = (incoming.document, incoming.kind);
        let decide =
            |author| sealed(|| gate::decide(document, kind, outline, author, change, known));
        let verdict = decide(self.author)?;
        let Verdict::Refuse(refusal) = &verdict else {
            return Ok(verdict);
        };
        if !is_of_rights(refusal) || self.author.roles == self.former.roles {
            return Ok(verdict);
        }
        Ok(match decide(self.former)? {
            Verdict::Accept(_) | Verdict::Quarantine(_) => {
                Verdict::Quarantine(Refusal::new(RefusalCode::RightEnded))
            }
            Verdict::Needs(_) | Verdict::Refuse(_) => verdict,
        })
    }
}

/// Decides about one change, and keeps it if it may enter.
pub(super) fn settle(
    tx: &mut LogTx<'_>,
    writer: Writer<'_>,
    arrival: Arrival,
    incoming: &Incoming,
) -> Result<Outcome, StoreError> {
    let change = match &incoming.inspected {
        Ok(change) => change,
        Err(refusal) => return Ok(Outcome::Refused(Reason::from(refusal))),
    };
    // Before anything is looked up: an id that follows from who is enrolled in what is the same to
    // everybody, whether there is a document or not.
    if let Err(refusal) = gate::fits_id(incoming.document, incoming.kind) {
        return Ok(Outcome::Refused(Reason::from(&refusal)));
    }
    let before = tx.document(incoming.document)?;
    let outline = before.as_deref().map(|row| &row.outline);
    match outline {
        _ if erasure::is_closed(tx, incoming, change, before.as_deref())? => {
            return Ok(refused(RefusalCode::DocumentErased));
        }
        Some(outline) if outline.kind != incoming.kind => {
            return Ok(refused(RefusalCode::IdentityMismatch));
        }
        Some(outline) if change.actor_seq <= outline.actor_seq(change.actor) => {
            if let Some(known) = tx.change(incoming.document, incoming.hash)? {
                return Ok(Outcome::Duplicate(known.stored));
            }
        }
        None | Some(_) => {}
    }
    if let Some(outcome) = rejected(tx, incoming)? {
        return Ok(outcome);
    }
    let mut known = look_up(tx, incoming, change, outline)?;
    known.received_at = Some(arrival.received_at);
    known.pardoned = writer.pardoned;
    let mut verdict = writer.judge(incoming, outline, change, &known);
    if let (Ok(Verdict::Refuse(refusal)), Some(row)) = (&verdict, &before)
        && is_of_rights(refusal)
        && let Some(found) = at_former_desks(tx, writer, row, incoming, change, &known)?
    {
        verdict = Ok(found);
    }
    match verdict {
        Ok(Verdict::Accept(outline)) => {
            let objection = match seats::objection(tx, incoming)? {
                Some(refusal) => Some(refusal),
                None if before.is_none() => clocks::room_for_note(tx, incoming, change)?,
                None => None,
            };
            if let Some(refusal) = objection {
                return Ok(Outcome::Refused(Reason::from(&refusal)));
            }
            if before.is_none()
                && let Some(later) = quotas::no_room(tx, arrival, &outline)?
            {
                return Ok(later);
            }
            let stored = keep(tx, arrival, incoming, change, before.as_ref(), *outline)?;
            Ok(Outcome::Accepted(stored))
        }
        Ok(Verdict::Needs(hashes)) => needs(tx, arrival, incoming, hashes),
        Ok(Verdict::Quarantine(refusal)) => set_apart(tx, arrival, incoming, &refusal),
        Ok(Verdict::Refuse(refusal)) | Err(refusal) => Ok(Outcome::Refused(Reason::from(&refusal))),
    }
}

/// What comes of a change by somebody of a desk that the ticket has left: they may have written it
/// before they could hear of that. Not from a device that has forgotten the ticket, which it does
/// once nothing of its own is unsent; and nothing that takes the ticket elsewhere again, for which
/// one has to know of the escalation that took it away. The outline that follows lies with the
/// desk it lies with.
fn at_former_desks(
    tx: &mut LogTx<'_>,
    writer: Writer<'_>,
    row: &DocumentRow,
    incoming: &Incoming,
    change: &Inspected,
    known: &Known,
) -> Result<Option<Verdict>, StoreError> {
    if incoming.kind != Kind::Ticket {
        return Ok(None);
    }
    for member in row.members.iter().filter(|member| member.left.is_some()) {
        let Scope::Desk(desk) = &member.scope else {
            continue;
        };
        // What waited here came before the forget was carried out.
        let author = writer.author.device;
        if !writer.pardoned && tx.has_forgotten(author, incoming.document, member)? {
            continue;
        }
        let mut there = row.outline.clone();
        there.routing.region = tx.desk_region(desk)?.or(there.routing.region);
        there.routing.desk = Some(desk.clone());
        match writer.judge(incoming, Some(&there), change, known) {
            Ok(Verdict::Accept(next)) if next.routing != row.outline.routing => {}
            Ok(found @ (Verdict::Accept(_) | Verdict::Quarantine(_))) => return Ok(Some(found)),
            Ok(Verdict::Refuse(_) | Verdict::Needs(_)) | Err(_) => {}
        }
    }
    Ok(None)
}

fn is_of_rights(refusal: &Refusal) -> bool {
    Judge::of(refusal.code) == Judge::PersonIfOnceAllowed
}

/// What the gate wants to know of what is stored.
fn look_up(
    tx: &mut LogTx<'_>,
    incoming: &Incoming,
    change: &Inspected,
    outline: Option<&Outline>,
) -> Result<Known, StoreError> {
    let mut known = Known::default();
    if let Some(outline) = outline {
        for dependency in &change.deps {
            if outline.heads.iter().any(|head| head.hash == *dependency) {
                continue;
            }
            if let Some(found) = tx.change(incoming.document, *dependency)? {
                known.last_ops.insert(*dependency, found.last_op);
            }
        }
    }
    let references = sealed(|| gate::references(incoming.kind, change)).unwrap_or_default();
    for reference in references {
        if let Some(row) = tx.document(reference)? {
            known.outlines.insert(reference, row.outline.clone());
        }
    }
    if matches!(incoming.kind, Kind::Ticket | Kind::CaseNote) {
        let mut desks = BTreeMap::new();
        for key in sealed(|| gate::desks(incoming.kind, change)).unwrap_or_default() {
            if let Some(region) = tx.desk_region(&key)? {
                desks.insert(key, region);
            }
        }
        known.desks = Some(desks);
    }
    Ok(known)
}

/// Stores an accepted change, and its document as it is from then on.
fn keep(
    tx: &mut LogTx<'_>,
    arrival: Arrival,
    incoming: &Incoming,
    change: &Inspected,
    before: Option<&Arc<DocumentRow>>,
    mut outline: Outline,
) -> Result<Stored, StoreError> {
    let sequence = tx.allot_sequence();
    tx.put_change(&NewChange {
        sequence,
        document: incoming.document,
        hash: incoming.hash,
        actor: change.actor,
        person: arrival.person,
        last_op: change.last_op,
        received_at: arrival.received_at,
        skew_ms: arrival.skew_ms,
        bytes: &incoming.bytes,
    })?;
    tx.remove_quarantine(incoming.document, incoming.hash)?;
    attachments::name(tx, incoming.document, incoming.kind, arrival.person, change)?;
    let corrected = retention::latest_of(tx, incoming.kind, change)?;
    outline.facts.until = outline.facts.until.max(corrected);
    let (id, known, now) = (incoming.document, before.map(Arc::as_ref), arrival.now);
    let mut row = membership::accepted(id, known, outline, sequence);
    if before.is_none() {
        row = access::place_new(tx, row, sequence, now)?;
    }
    row = retention::judged(tx, id, known, row, sequence, now)?;
    if incoming.kind == Kind::Consent {
        let shares = audit::Shares {
            by: audit::by(arrival),
            now,
        };
        access::follow_consent(tx, shares, incoming.document, &row)?;
    }
    tx.put_document(incoming.document, before.map(Arc::clone), row)?;
    Ok(Stored {
        sequence,
        received_at: arrival.received_at,
        skew_ms: arrival.skew_ms,
    })
}

/// A change that misses something waits with it, if that waits in quarantine.
fn needs(
    tx: &mut LogTx<'_>,
    arrival: Arrival,
    incoming: &Incoming,
    hashes: Vec<ChangeHash>,
) -> Result<Outcome, StoreError> {
    for hash in &hashes {
        if tx.is_quarantined(incoming.document, *hash)? {
            let held = Refusal::new(RefusalCode::DependencyHeld);
            return set_apart(tx, arrival, incoming, &held);
        }
    }
    Ok(Outcome::Needs(hashes))
}

/// Keeps a change for a person to decide on.
pub(super) fn set_apart(
    tx: &mut LogTx<'_>,
    arrival: Arrival,
    incoming: &Incoming,
    refusal: &Refusal,
) -> Result<Outcome, StoreError> {
    if let Some(quotas) = arrival.quotas
        && let Some(later) = quotas::too_much_waits(tx, quotas, arrival.person, incoming)?
    {
        return Ok(later);
    }
    let reason = Reason::from(refusal);
    if !tx.is_quarantined(incoming.document, incoming.hash)? {
        audit::quarantined(tx, arrival, incoming.document, &reason)?;
    }
    tx.put_quarantine(&QuarantineRow {
        hash: incoming.hash,
        document: incoming.document,
        kind: incoming.kind,
        device: arrival.device,
        person: arrival.person,
        bytes: &incoming.bytes,
        reason: reason.clone(),
        received_at: arrival.received_at,
        skew_ms: arrival.skew_ms,
    })?;
    Ok(Outcome::Quarantined(reason))
}

fn refused(code: RefusalCode) -> Outcome {
    Outcome::Refused(Reason::from(&Refusal::new(code)))
}

/// Runs rule code so that a panic in it refuses the one change it is about.
fn sealed<T>(rule: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(rule)).map_err(|_| {
        tracing::error!("a rule panicked on a change; the change was refused");
        Refusal::new(RefusalCode::ChangeMalformed)
    })
}
