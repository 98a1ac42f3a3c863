//! When a document has ended, and for whom it then grows old: what retention goes by. Pure.
//!
//! Each place where a document may lie is one [`Audience`], with a period of its own: so long after
//! the document has ended, it leaves that place. What has not ended grows old for nobody, and of
//! two kinds nothing does: the directory's stations, and consents, which say what was allowed.

use yizhan_proto::{Kind, Scope, Timestamp};

use super::Outline;
use super::codes::text_codes;
use super::outline::Routing;
use super::ticket::fold::Step;

/// A visit that nobody ended counts as ended so long after the arrival: 24 hours, as in reports.
const OPEN_VISIT_MS: i64 = 24 * 60 * 60 * 1000;

/// A place where documents of one kind lie, and from which they retire after a period of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// `driver-visits`: visits, with their driver.
    DriverVisits,
    /// `station-visits`: visits, at the station where they were.
    StationVisits,
    /// `shared-visits`: visits, at a station that the driver shares them with.
    SharedVisits,
    /// `driver-checks`: health checks, with their driver.
    DriverChecks,
    /// `station-checks`: health checks, where they were taken.
    StationChecks,
    /// `shared-checks`: health checks, at a station that the driver shares them with.
    SharedChecks,
    /// `activities`: activities, in their region.
    Activities,
    /// `driver-enrolments`: enrolments, with their driver.
    DriverEnrolments,
    /// `station-enrolments`: enrolments, at the host station.
    StationEnrolments,
    /// `notices`: notices, in their region or at their station.
    Notices,
    /// `driver-tickets`: tickets, with their driver.
    DriverTickets,
    /// `station-tickets`: tickets, at the station where they were raised.
    StationTickets,
    /// `desk-tickets`: tickets and the notes on them, at their desk.
    DeskTickets,
}

text_codes!(Audience {
    DriverVisits = "driver-visits",
    StationVisits = "station-visits",
    SharedVisits = "shared-visits",
    DriverChecks = "driver-checks",
    StationChecks = "station-checks",
    SharedChecks = "shared-checks",
    Activities = "activities",
    DriverEnrolments = "driver-enrolments",
    StationEnrolments = "station-enrolments",
    Notices = "notices",
    DriverTickets = "driver-tickets",
    StationTickets = "station-tickets",
    DeskTickets = "desk-tickets",
});

impl Audience {
    /// The audience that a document of this kind and routing has in a scope; `None` if it grows
    /// old for nobody there.
    #[must_use]
    pub fn of(kind: Kind, routing: &Routing, scope: &Scope) -> Option<Self> {
        let (with_driver, at_own, elsewhere) = match kind {
            Kind::Visit => (
                Self::DriverVisits,
                Self::StationVisits,
                Some(Self::SharedVisits),
            ),
            Kind::Check => (
                Self::DriverChecks,
                Self::StationChecks,
                Some(Self::SharedChecks),
            ),
            Kind::Enrolment => (Self::DriverEnrolments, Self::StationEnrolments, None),
            Kind::Activity => return Some(Self::Activities),
            Kind::Notice => return Some(Self::Notices),
            Kind::Ticket if matches!(scope, Scope::Desk(_)) => return Some(Self::DeskTickets),
            Kind::Ticket => (Self::DriverTickets, Self::StationTickets, None),
            Kind::CaseNote => return Some(Self::DeskTickets),
            Kind::Station | Kind::Consent | Kind::Unknown(_) => return None,
        };
        match scope {
            Scope::Person(_) => Some(with_driver),
            Scope::Station(station) | Scope::StationHealth(station)
                if Some(*station) != routing.station =>
            {
                elsewhere.or(Some(at_own))
            }
            Scope::Station(_) | Scope::StationHealth(_) => Some(at_own),
            Scope::Region(_) | Scope::Desk(_) => None,
        }
    }

    /// The kind whose end counts: of an enrolment, that of its activity.
    #[must_use]
    pub const fn ends_with(self) -> Kind {
        match self {
            Self::DriverVisits | Self::StationVisits | Self::SharedVisits => Kind::Visit,
            Self::DriverChecks | Self::StationChecks | Self::SharedChecks => Kind::Check,
            Self::Activities | Self::DriverEnrolments | Self::StationEnrolments => Kind::Activity,
            Self::Notices => Kind::Notice,
            Self::DriverTickets | Self::StationTickets | Self::DeskTickets => Kind::Ticket,
        }
    }

    /// The kind of documents that end when another does, and lie here: enrolments, notes.
    #[must_use]
    pub const fn followers(self) -> Option<Kind> {
        match self {
            Self::DriverEnrolments | Self::StationEnrolments => Some(Kind::Enrolment),
            Self::DeskTickets => Some(Kind::CaseNote),
            Self::DriverVisits
            | Self::StationVisits
            | Self::SharedVisits
            | Self::DriverChecks
            | Self::StationChecks
            | Self::SharedChecks
            | Self::Activities
            | Self::Notices
            | Self::DriverTickets
            | Self::StationTickets => None,
        }
    }
}

/// When a document has ended, or will have; `None` if nobody knows yet, or never. An enrolment and
/// a note end with the activity and the ticket that they name.
#[must_use]
pub fn ended_at(outline: &Outline) -> Option<Timestamp> {
    let facts = &outline.facts;
    match outline.kind {
        Kind::Visit => {
            let closed = |arrived: Timestamp| arrived.saturating_add_ms(OPEN_VISIT_MS);
            facts.until.or(facts.began_at.map(closed))
        }
        Kind::Check => facts.until.max(facts.began_at),
        Kind::Activity => facts.until,
        Kind::Notice => [facts.until, facts.withdrawn_at]
            .into_iter()
            .flatten()
            .min(),
        Kind::Ticket => {
            let state = facts.ticket.as_ref()?;
            match state.step {
                Step::Closed | Step::Rejected | Step::Withdrawn => {
                    Some(state.ended_at.unwrap_or(state.moved_at))
                }
                Step::Raised
                | Step::Verified
                | Step::Handling
                | Step::Resolved
                | Step::Reopened => None,
            }
        }
        Kind::Station | Kind::Consent | Kind::Enrolment | Kind::CaseNote | Kind::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use yizhan_proto::{PersonId, StationId};

    use super::*;
    use crate::model::outline::Facts;
    use crate::model::route;
    use crate::model::ticket::fold::State;
    use crate::model::ticket::{Class, Priority};

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_ms(n * DAY_MS)
    }

    fn routing() -> Routing {
        Routing {
            region: Some("banan".parse().unwrap()),
            driver: Some(PersonId::from_bytes([1; 16])),
            station: Some(StationId::from_bytes([2; 16])),
            desk: Some("legal".parse().unwrap()),
        }
    }

    fn outline(kind: Kind, facts: Facts) -> Outline {
        Outline {
            kind,
            schema: 1,
            routing: routing(),
            facts,
            heads: Vec::new(),
            last_op: 0,
            actors: Vec::new(),
            bytes: 0,
        }
    }

    fn ticket(step: Step, ended_at: Option<Timestamp>) -> Outline {
        let (desk, region) = (routing().desk.unwrap(), routing().region.unwrap());
        let mut state = State::raised(desk, region, Class::Legal, None, day(1));
        state.priority = Priority::Normal;
        state.step = step;
        state.ended_at = ended_at;
        outline(
            Kind::Ticket,
            Facts {
                ticket: Some(state),
                ..Facts::default()
            },
        )
    }

    #[test]
    fn every_place_of_a_document_is_one_audience_but_for_stations_and_consents() {
        let stays = [Kind::Station, Kind::Consent];
        for kind in [
            Kind::Station,
            Kind::Activity,
            Kind::Notice,
            Kind::Visit,
            Kind::Check,
            Kind::Consent,
            Kind::Enrolment,
            Kind::Ticket,
            Kind::CaseNote,
        ] {
            for scope in route::audience(kind, &routing()) {
                let audience = Audience::of(kind, &routing(), &scope);
                assert_eq!(audience.is_none(), stays.contains(&kind), "{kind} {scope}");
                if let Some(audience) = audience {
                    let follows = audience.followers() == Some(kind);
                    assert!(follows || audience.ends_with() == kind, "{kind} {scope}");
                }
            }
        }
    }

    #[test]
    fn another_station_is_one_that_shares() {
        let (here, there) = (routing().station.unwrap(), StationId::from_bytes([9; 16]));
        for (kind, scope, audience) in [
            (Kind::Visit, Scope::Station(here), Audience::StationVisits),
            (Kind::Visit, Scope::Station(there), Audience::SharedVisits),
            (
                Kind::Check,
                Scope::StationHealth(here),
                Audience::StationChecks,
            ),
            (
                Kind::Check,
                Scope::StationHealth(there),
                Audience::SharedChecks,
            ),
        ] {
            assert_eq!(Audience::of(kind, &routing(), &scope), Some(audience));
        }
    }

    #[test]
    fn what_has_no_end_never_grows_old() {
        let facts = || Facts {
            began_at: Some(day(1)),
            ..Facts::default()
        };
        for kind in [Kind::Station, Kind::Consent, Kind::Activity, Kind::Notice] {
            assert_eq!(ended_at(&outline(kind, facts())), None, "{kind}");
        }
        let consent = Facts {
            until: Some(day(2)),
            withdrawn_at: Some(day(2)),
            ..facts()
        };
        assert_eq!(ended_at(&outline(Kind::Consent, consent)), None);
        for step in [
            Step::Raised,
            Step::Verified,
            Step::Handling,
            Step::Resolved,
            Step::Reopened,
        ] {
            // A ticket that was closed and reopened still knows when it was closed.
            assert_eq!(ended_at(&ticket(step, Some(day(3)))), None, "{step:?}");
        }
    }

    #[test]
    fn each_kind_ends_when_the_domain_says() {
        let visit = |until| {
            let facts = Facts {
                began_at: Some(day(1)),
                until,
                ..Facts::default()
            };
            ended_at(&outline(Kind::Visit, facts))
        };
        assert_eq!(visit(None), Some(day(2)), "open for 24 hours at most");
        assert_eq!(visit(Some(day(5))), Some(day(5)));
        assert_eq!(visit(Some(day(1))), Some(day(1)));
        let notice = |until, withdrawn_at| {
            let facts = Facts {
                began_at: Some(day(1)),
                until,
                withdrawn_at,
                ..Facts::default()
            };
            ended_at(&outline(Kind::Notice, facts))
        };
        assert_eq!(notice(Some(day(9)), Some(day(4))), Some(day(4)));
        assert_eq!(notice(Some(day(3)), Some(day(4))), Some(day(3)));
        assert_eq!(notice(None, Some(day(4))), Some(day(4)));
        for step in [Step::Closed, Step::Rejected, Step::Withdrawn] {
            assert_eq!(ended_at(&ticket(step, Some(day(7)))), Some(day(7)));
            assert_eq!(ended_at(&ticket(step, None)), Some(day(1)), "when it moved");
        }
    }
}
