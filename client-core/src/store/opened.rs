//! A document read in its kind's own terms, and the outline that follows from it.

use yizhan_proto::Kind;

use super::changes::{self, ChangeRow};
use super::sql::count;
use crate::model::check::Check;
use crate::model::consent::{Consent, Purpose};
use crate::model::document::Unreadable;
use crate::model::outline::{ActorSeq, Facts, Head};
use crate::model::station::{Station, StationType};
use crate::model::visit::Visit;
use crate::model::{Document, Outline, Routing};

/// The schema version of every kind so far.
const SCHEMA: u16 = 1;

/// A document as its kind reads it.
#[derive(Debug, Clone)]
pub(super) enum Opened {
    Station(Box<Station>),
    Visit(Box<Visit>),
    Check(Box<Check>),
    Consent(Box<Consent>),
}

/// Whether this version shows documents of a kind. Others are kept as they come.
pub(super) const fn is_shown(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Station | Kind::Visit | Kind::Check | Kind::Consent
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
    /// Reads a document; `Unreadable` as well for a kind that is not shown.
    pub(super) fn read(document: &Document) -> Result<Self, Unreadable> {
        match document.kind() {
            Kind::Station => Ok(Self::Station(Box::new(Station::read(document)?))),
            Kind::Visit => Ok(Self::Visit(Box::new(Visit::read(document)?))),
            Kind::Check => Ok(Self::Check(Box::new(Check::read(document)?))),
            Kind::Consent => Ok(Self::Consent(Box::new(Consent::read(document)?))),
            kind @ (Kind::Activity
            | Kind::Notice
            | Kind::Enrolment
            | Kind::Ticket
            | Kind::CaseNote
            | Kind::Unknown(_)) => Err(Unreadable(format!(
                "this version does not know documents of the kind {kind}"
            ))),
        }
    }

    /// What the gate needs to know for the next change; `rows` are all changes of the document.
    pub(super) fn outline(&self, rows: &[ChangeRow]) -> Outline {
        let shown = || rows.iter().filter(|row| row.is_shown());
        let heads = changes::heads(shown());
        let (kind, routing, facts) = self.facts();
        let mut actors: Vec<ActorSeq> = Vec::new();
        for (actor, seq) in shown().filter_map(|row| Some((row.actor?, row.actor_seq))) {
            match actors.iter_mut().find(|known| known.actor == actor) {
                Some(known) => known.seq = known.seq.max(seq),
                None => actors.push(ActorSeq { actor, seq }),
            }
        }
        actors.sort_unstable_by_key(|known| known.actor);
        Outline {
            kind,
            schema: SCHEMA,
            routing,
            facts,
            heads: shown()
                .filter(|row| heads.contains(&row.hash))
                .map(|row| Head {
                    hash: row.hash,
                    last_op: row.last_op,
                })
                .collect(),
            last_op: shown().map(|row| row.last_op).max().unwrap_or(0),
            actors,
            bytes: shown().map(|row| count(row.bytes.len())).sum(),
        }
    }

    fn facts(&self) -> (Kind, Routing, Facts) {
        let about = |driver, station| Routing {
            driver: Some(driver),
            station: Some(station),
            ..Routing::default()
        };
        let began = |at| Facts {
            began_at: Some(at),
            ..Facts::default()
        };
        match self {
            Self::Station(station) => {
                let routing = Routing {
                    region: station.region.clone(),
                    ..Routing::default()
                };
                (Kind::Station, routing, Facts::default())
            }
            Self::Visit(visit) => {
                let routing = about(visit.driver, visit.station);
                (Kind::Visit, routing, began(visit.arrived_at))
            }
            Self::Check(check) => {
                let routing = about(check.driver, check.station);
                (Kind::Check, routing, began(check.taken_at))
            }
            Self::Consent(consent) => {
                let routing = about(consent.driver, consent.station);
                let facts = Facts {
                    began_at: Some(consent.given_at),
                    purpose: consent.purpose.map(|purpose| purpose_code(purpose).to_owned()),
                    withdrawn_at: withdrawn_at(consent),
                    until: consent.until,
                };
                (Kind::Consent, routing, facts)
            }
        }
    }
}

/// The earliest withdrawal that anybody recorded.
pub(super) fn withdrawn_at(consent: &Consent) -> Option<yizhan_proto::Timestamp> {
    let register = &consent.withdrawn_at;
    register.value.iter().chain(&register.others).min().copied()
}

/// A purpose as it is spelled in documents.
pub(super) const fn purpose_code(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Visits => "visits",
        Purpose::HealthRecord => "health_record",
        Purpose::Share => "share",
        Purpose::Photos => "photos",
        Purpose::Statistics => "statistics",
    }
}

/// The reverse of [`purpose_code`].
pub(super) fn purpose_of(code: &str) -> Option<Purpose> {
    [
        Purpose::Visits,
        Purpose::HealthRecord,
        Purpose::Share,
        Purpose::Photos,
        Purpose::Statistics,
    ]
    .into_iter()
    .find(|purpose| purpose_code(*purpose) == code)
}

/// A sort of station as it is spelled in documents.
pub(super) const fn station_type_code(station_type: StationType) -> &'static str {
    match station_type {
        StationType::DriverHome => "driver_home",
        StationType::CourierStation => "courier_station",
        StationType::ServiceArea => "service_area",
        StationType::Repair => "repair",
        StationType::Office => "office",
    }
}
