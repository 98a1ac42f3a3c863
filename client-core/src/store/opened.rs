//! A document read in its kind's own terms, and the outline that follows from it.

use yizhan_proto::Kind;

use super::changes::ChangeRow;
use crate::model::activity::Activity;
use crate::model::check::Check;
use crate::model::consent::Consent;
use crate::model::document::Unreadable;
use crate::model::enrolment::Enrolment;
use crate::model::notice::Notice;
use crate::model::order::Order;
use crate::model::station::Station;
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
            kind @ (Kind::Ticket | Kind::CaseNote | Kind::Unknown(_)) => Err(Unreadable(format!(
                "this version does not know documents of the kind {kind}"
            ))),
        }
    }
}

/// The relay's order of a document's changes.
pub(super) fn order(rows: &[ChangeRow]) -> Order {
    Order::new(rows.iter().filter_map(|row| {
        let actor = row.actor?;
        Some((actor, row.start_op..=row.last_op, row.sequence))
    }))
}

/// What the gate needs to know for the next change; `rows` are all changes of the document. `None`
/// if none of them is shown.
pub(super) fn outline(kind: Kind, rows: &[ChangeRow]) -> Option<Outline> {
    let shown = rows.iter().filter(|row| row.is_shown());
    let inspected: Vec<Inspected> = shown.filter_map(|row| inspect(&row.bytes).ok()).collect();
    gate::outline_of(kind, &inspected)
}

/// The earliest withdrawal that anybody recorded.
pub(super) fn withdrawn_at(consent: &Consent) -> Option<yizhan_proto::Timestamp> {
    let register = &consent.withdrawn_at;
    register.value.iter().chain(&register.others).min().copied()
}
