//! A document read in its kind's own terms, and the outline that follows from it.

use yizhan_proto::{Kind, Timestamp};

use super::changes::ChangeRow;
use crate::model::activity::Activity;
use crate::model::case_note::CaseNote;
use crate::model::check::Check;
use crate::model::consent::Consent;
use crate::model::document::Unreadable;
use crate::model::enrolment::Enrolment;
use crate::model::notice::Notice;
use crate::model::order::Order;
use crate::model::station::Station;
use crate::model::ticket::Ticket;
use crate::model::visit::Visit;
use crate::model::{Document, Inspected, Outline, gate, inspect};

/// A document as its kind reads it.
#[derive(Debug, Clone)]
pub(super) enum Opened {
    Station(Box<Station>),
    Visit(Box<Visit>),
    Check(Box<Check>),
    Consent(Box<Consent>),
    Activity(Box<Activity>),
    Enrolment(Box<Enrolment>),
    Notice(Box<Notice>),
    Ticket(Box<Ticket>),
    CaseNote(Box<CaseNote>),
}

/// Whether this version shows documents of a kind. Others are kept as they come.
pub(super) const fn is_shown(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Station
            | Kind::Visit
            | Kind::Check
            | Kind::Consent
            | Kind::Activity
            | Kind::Enrolment
            | Kind::Notice
            | Kind::Ticket
            | Kind::CaseNote
    )
}

/// Opens a document from those of its changes that are shown.
pub(super) fn open(
    id: yizhan_proto::DocumentId,
    kind: Kind,
    rows: &[ChangeRow],
) -> Result<Document, Unreadable> {
    let shown = rows.iter().filter(|row| row.is_shown());
    Document::open(id, kind, shown.map(|row| row.bytes.as_slice()))
}

impl Opened {
    /// Reads a document of which these are the changes; `Unreadable` as well for a kind that is not
    /// shown.
    pub(super) fn read(document: &Document, rows: &[ChangeRow]) -> Result<Self, Unreadable> {
        match document.kind() {
            Kind::Station => Ok(Self::Station(Box::new(Station::read(document)?))),
            Kind::Visit => Ok(Self::Visit(Box::new(Visit::read(document)?))),
            Kind::Check => Ok(Self::Check(Box::new(Check::read(document)?))),
            Kind::Consent => Ok(Self::Consent(Box::new(Consent::read(document)?))),
            Kind::Activity => Ok(Self::Activity(Box::new(Activity::read(document)?))),
            Kind::Enrolment => {
                let read = Enrolment::read(document, &order(rows))?;
                Ok(Self::Enrolment(Box::new(read)))
            }
            Kind::Notice => Ok(Self::Notice(Box::new(Notice::read(document)?))),
            Kind::Ticket => {
                let read = Ticket::read(document, &order(rows))?;
                Ok(Self::Ticket(Box::new(read)))
            }
            Kind::CaseNote => Ok(Self::CaseNote(Box::new(CaseNote::read(document)?))),
            kind @ Kind::Unknown(_) => Err(Unreadable(format!(
                "this version does not know documents of the kind {kind}"
            ))),
        }
    }
}

/// The relay's order of a document's changes.
pub(super) fn order(rows: &[ChangeRow]) -> Order {
    Order::received(rows.iter().filter_map(|row| {
        let actor = row.actor?;
        let kept = row.sequence.map(|sequence| (sequence, row.received_at));
        Some((actor, row.start_op..=row.last_op, kept))
    }))
}

/// What the gate needs to know for the next change; `rows` are all changes of the document. `None`
/// if none of them is shown.
pub(super) fn outline(kind: Kind, rows: &[ChangeRow]) -> Option<Outline> {
    let mut shown: Vec<&ChangeRow> = rows.iter().filter(|row| row.is_shown()).collect();
    // In the relay's order, which has each change after those it builds on as well: what is folded
    // comes out as at the relay. What the relay has not taken comes last.
    shown.sort_by_key(|row| (row.sequence.is_none(), row.sequence));
    let inspected: Vec<(Inspected, Option<Timestamp>)> = shown
        .into_iter()
        .filter_map(|row| Some((inspect(&row.bytes).ok()?, row.received_at)))
        .collect();
    let changes = inspected
        .iter()
        .map(|(change, received_at)| (change, *received_at));
    gate::outline_of_received(kind, changes)
}

/// The earliest withdrawal that anybody recorded.
pub(super) fn withdrawn_at(consent: &Consent) -> Option<yizhan_proto::Timestamp> {
    let register = &consent.withdrawn_at;
    register.value.iter().chain(&register.others).min().copied()
}
