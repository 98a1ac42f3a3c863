//! What a new document refers to exists, fits, and allows it.

use yizhan_proto::{DeskKey, DocumentId, Kind, PersonId, RegionKey};

use super::Case;
use crate::model::change::{Object, Op, Value};
use crate::model::consent::Purpose;
use crate::model::draft::Draft;
use crate::model::outline::{Outline, Routing};
use crate::model::rules::{fits, id_of};
use crate::model::ticket;
use crate::model::{Inspected, Refusal, RefusalCode};

/// Whether a document of this kind may have this id. An enrolment's follows from its activity and
/// driver, and is marked as one that follows from something; nothing else takes such an id, so that
/// nobody else's document stands where an enrolment is to be.
///
/// # Errors
/// [`RefusalCode::IdentityMismatch`].
pub fn fits_id(document: DocumentId, kind: Kind) -> Result<(), Refusal> {
    if document.is_derived() && kind != Kind::Enrolment {
        return Err(Refusal::new(RefusalCode::IdentityMismatch)
            .at("id")
            .bound("an id that was drawn: a UUIDv7"));
    }
    Ok(())
}

/// The other documents whose outlines [`super::decide`] wants to see for this change (a visit's
/// station, a check's station and consent). Empty for most changes.
#[must_use]
pub fn references(kind: Kind, change: &Inspected) -> Vec<DocumentId> {
    let fields: &[&str] = match kind {
        Kind::Visit | Kind::Consent | Kind::Activity | Kind::Notice => &["station"],
        Kind::Check => &["station", "consent", "visit", "replaces"],
        Kind::Enrolment => &["station", "activity"],
        Kind::Ticket => &["station", "visit", "activity"],
        Kind::CaseNote => &["ticket"],
        Kind::Station | Kind::Unknown(_) => return Vec::new(),
    };
    let mut named: Vec<DocumentId> = ids(change, fields).map(DocumentId::from_bytes).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// The driver whom a change says its document is about; none in most changes that are not a
/// document's first.
#[must_use]
pub fn driver(change: &Inspected) -> Option<PersonId> {
    ids(change, &["driver"]).next().map(PersonId::from_bytes)
}

/// The ids that a change writes into fields of the root.
fn ids<'a>(change: &'a Inspected, fields: &'a [&str]) -> impl Iterator<Item = [u8; 16]> + 'a {
    let written =
        move |op: &&Op| op.object == Object::Root && fields.contains(&change.text(op.key));
    let id = move |op: &Op| match op.value {
        Value::Text(text) => id_of(change.text(text)),
        Value::Map
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Huge(_)
        | Value::Real(_)
        | Value::Bytes => None,
    };
    change.ops.iter().filter(written).filter_map(id)
}

/// The desks that a ticket, a note or an escalation in this change names.
#[must_use]
pub fn desks(kind: Kind, change: &Inspected) -> Vec<DeskKey> {
    if !matches!(kind, Kind::Ticket | Kind::CaseNote) {
        return Vec::new();
    }
    let named = change.ops.iter().filter_map(|op| match op.value {
        Value::Text(text) if change.text(op.key) == "desk" => change.text(text).parse().ok(),
        Value::Text(_)
        | Value::Map
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Huge(_)
        | Value::Real(_)
        | Value::Bytes => None,
    });
    named.collect()
}

/// What the references of a new document come to.
pub(super) enum Finding {
    /// They are in order.
    Fits,
    /// They are such that a person must decide.
    ForAPerson(Refusal),
}

/// Checks the references of a new document.
pub(super) fn check(
    case: &Case<'_>,
    draft: &Draft<'_>,
    routing: &Routing,
) -> Result<Finding, Refusal> {
    if let Some(station) = routing.station {
        let station = known(case, station.into())
            .ok_or_else(|| Refusal::new(RefusalCode::ReferenceUnknown).at("station"))?;
        // A ticket may lie with a desk beyond the station's region.
        let fits = match case.kind {
            Kind::Ticket => station.kind == Kind::Station,
            Kind::Station
            | Kind::Activity
            | Kind::Notice
            | Kind::Visit
            | Kind::Check
            | Kind::Consent
            | Kind::Enrolment
            | Kind::CaseNote
            | Kind::Unknown(_) => fits(station, Kind::Station, routing),
        };
        if !fits {
            return Err(Refusal::new(RefusalCode::ReferenceMismatch).at("station"));
        }
    }
    if case.kind == Kind::CaseNote {
        noted(case, draft)?;
    }
    // What a document is part of is known to whoever may write it, and to the relay.
    if case.kind == Kind::Enrolment {
        let named = draft.root().document("activity");
        if named.and_then(|id| known(case, id)).is_none() {
            return Err(Refusal::new(RefusalCode::ReferenceUnknown).at("activity"));
        }
    }
    // Anything else may have left this holder's audience; if known, it must fit.
    for (field, kind) in [
        ("visit", Kind::Visit),
        ("replaces", Kind::Check),
        ("activity", Kind::Activity),
        ("ticket", Kind::Ticket),
    ] {
        let named = draft.root().document(field);
        if let Some(outline) = named.and_then(|id| known(case, id))
            && !fits(outline, kind, routing)
        {
            return Err(Refusal::new(RefusalCode::ReferenceMismatch).at(field));
        }
    }
    match case.kind {
        Kind::Check => consent(case, draft, routing),
        Kind::Station
        | Kind::Activity
        | Kind::Notice
        | Kind::Visit
        | Kind::Consent
        | Kind::Enrolment
        | Kind::Ticket
        | Kind::CaseNote
        | Kind::Unknown(_) => Ok(Finding::Fits),
    }
}

/// A note is about a ticket, and not by the person whom the ticket complains about.
fn noted(case: &Case<'_>, draft: &Draft<'_>) -> Result<(), Refusal> {
    let named = draft.root().document("ticket");
    let ticket = named
        .and_then(|id| known(case, id))
        .ok_or_else(|| Refusal::new(RefusalCode::ReferenceUnknown).at("ticket"))?;
    if ticket.kind != Kind::Ticket {
        return Err(Refusal::new(RefusalCode::ReferenceMismatch).at("ticket"));
    }
    match ticket.facts.ticket.as_ref().and_then(|state| state.about) {
        Some(about) if case.author.is(about) => {
            Err(Refusal::new(RefusalCode::TicketConflicted).at("by"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The desk of a new document and the desk that a ticket is escalated to are in the register, in
/// the region that is named with them. Where the register is not known, the relay looks.
pub(super) fn check_desks(
    case: &Case<'_>,
    draft: &Draft<'_>,
    routing: &Routing,
) -> Result<(), Refusal> {
    let Some(desks) = &case.known.desks else {
        return Ok(());
    };
    let fits = |desk: Option<&DeskKey>, region: Option<&RegionKey>, at: String| {
        let Some(desk) = desk else {
            return Ok(());
        };
        match desks.get(desk) {
            None => Err(Refusal::new(RefusalCode::ReferenceUnknown).at(at)),
            Some(of) if region.is_some_and(|region| region != of) => {
                Err(Refusal::new(RefusalCode::ReferenceMismatch)
                    .at(at)
                    .bound(format!("a desk of region {of}")))
            }
            Some(_) => Ok(()),
        }
    };
    if case.creates {
        fits(
            routing.desk.as_ref(),
            routing.region.as_ref(),
            "desk".to_owned(),
        )?;
    }
    if case.kind != Kind::Ticket {
        return Ok(());
    }
    for (entry, desk, region) in ticket::escalations(draft) {
        fits(
            desk.as_ref(),
            region.as_ref(),
            format!("events/{entry}/desk"),
        )?;
    }
    Ok(())
}

fn known<'a>(case: &Case<'a>, document: DocumentId) -> Option<&'a Outline> {
    case.known.outlines.get(&document)
}

/// A check needs the driver's consent for the health record at that station.
fn consent(case: &Case<'_>, draft: &Draft<'_>, routing: &Routing) -> Result<Finding, Refusal> {
    let named = draft.root().document("consent");
    let consent = named
        .and_then(|id| known(case, id))
        .ok_or_else(|| Refusal::new(RefusalCode::ConsentMissing).at("consent"))?;
    if !fits(consent, Kind::Consent, routing) {
        return Err(Refusal::new(RefusalCode::ReferenceMismatch).at("consent"));
    }
    if consent.facts.purpose.as_deref() != Some(Purpose::HealthRecord.as_str()) {
        return Err(Refusal::new(RefusalCode::ConsentMissing)
            .at("consent")
            .bound(Purpose::HealthRecord.as_str()));
    }
    let taken_at = draft.root().time("taken_at");
    if consent.facts.until.is_some() && taken_at > consent.facts.until {
        return Err(Refusal::new(RefusalCode::ConsentMissing)
            .at("consent")
            .bound("a consent that has not ended"));
    }
    // Also a check taken before the withdrawal: clocks are not trusted with this.
    Ok(match consent.facts.withdrawn_at {
        None => Finding::Fits,
        Some(_) => Finding::ForAPerson(Refusal::new(RefusalCode::ConsentWithdrawn).at("consent")),
    })
}
