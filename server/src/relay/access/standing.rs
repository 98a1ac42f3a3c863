//! Which stations may hold a driver's visits and checks of one station. Pure.
//!
//! A withdrawal counts until a new consent for the same purpose is given; where nobody ever gave
//! or withdrew one, the station keeps what it writes. A station that may not hold something cannot
//! share it either.

use std::collections::BTreeSet;

use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{Kind, Scope, StationId, Timestamp};

use crate::store::rows::{ConsentRow, Member};

/// Stations that what a driver has at one is shared with at one time: each document is a member of
/// a scope of each. Past it, those whose ids come first.
pub(in crate::relay) const SHARED_WITH_MAX: usize = 32;

/// How a driver's consents at a station stand at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::relay) struct Standing {
    /// Visits may not be kept there.
    visits_withdrawn: bool,
    /// Nor checks.
    checks_withdrawn: bool,
    /// The stations that both are shared with.
    shared_with: BTreeSet<StationId>,
}

impl Standing {
    /// How these consents, all of one driver at `station`, stand.
    pub(in crate::relay) fn of(
        consents: &[ConsentRow],
        station: StationId,
        now: Timestamp,
    ) -> Self {
        let in_force =
            |row: &&ConsentRow| !row.withdrawn && row.until.is_none_or(|until| now <= until);
        let withdrawn = |purpose: Purpose| {
            let mut rows = consents.iter().filter(|row| row.purpose == purpose);
            rows.clone().any(|row| row.withdrawn) && !rows.any(|row| in_force(&row))
        };
        let shared_with: BTreeSet<StationId> = consents
            .iter()
            .filter(|row| row.purpose == Purpose::Share)
            .filter(in_force)
            .filter_map(|row| row.share_with)
            .filter(|with| *with != station)
            .collect();
        Self {
            visits_withdrawn: withdrawn(Purpose::Visits),
            checks_withdrawn: withdrawn(Purpose::HealthRecord),
            shared_with: shared_with.into_iter().take(SHARED_WITH_MAX).collect(),
        }
    }

    /// The scopes of stations in which a document of this kind may lie; `None` for a kind that
    /// consents do not move.
    fn wanted(&self, kind: Kind, station: StationId) -> Option<BTreeSet<Scope>> {
        let (scope, withdrawn): (fn(StationId) -> Scope, bool) = match kind {
            Kind::Visit => (Scope::Station, self.visits_withdrawn),
            Kind::Check => (Scope::StationHealth, self.checks_withdrawn),
            Kind::Station
            | Kind::Activity
            | Kind::Notice
            | Kind::Consent
            | Kind::Enrolment
            | Kind::Ticket
            | Kind::CaseNote
            | Kind::Unknown(_) => return None,
        };
        let stations = std::iter::once(&station).chain(&self.shared_with);
        let wanted = stations.map(|station| scope(*station));
        Some(wanted.filter(|_| !withdrawn).collect())
    }

    /// Whether a document of this kind may lie in a scope of a station.
    pub(super) fn allows(&self, kind: Kind, station: StationId, scope: &Scope) -> bool {
        self.wanted(kind, station)
            .is_none_or(|wanted| wanted.contains(scope))
    }
}

/// The scopes that a document is to join and to leave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Moves {
    pub(super) joins: Vec<Scope>,
    pub(super) leaves: Vec<Scope>,
}

/// What is to become of a document of this kind at `station` that is a member of these scopes.
/// One that grew too old for an audience does not come back, and one that its driver does not hold
/// any more is shared with nobody else.
pub(super) fn moves(
    kind: Kind,
    station: StationId,
    members: &[Member],
    standing: &Standing,
) -> Moves {
    let Some(wanted) = standing.wanted(kind, station) else {
        return Moves::default();
    };
    let is_station =
        |member: &&Member| matches!(member.scope, Scope::Station(_) | Scope::StationHealth(_));
    let leaves = members
        .iter()
        .filter(is_station)
        .filter(|member| member.left.is_none() && !wanted.contains(&member.scope))
        .map(|member| member.scope.clone())
        .collect();
    let held_by_driver = members
        .iter()
        .any(|member| matches!(member.scope, Scope::Person(_)) && member.left.is_none());
    let may_join = |scope: &Scope| {
        let member = members.iter().find(|member| member.scope == *scope);
        held_by_driver && member.is_none_or(|member| member.left == Some(ForgetReason::Left))
    };
    let joins = wanted.into_iter().filter(may_join).collect();
    Moves { joins, leaves }
}

#[cfg(test)]
mod tests {
    use yizhan_proto::{DocumentId, PersonId, Sequence};

    use super::*;

    fn station(n: u8) -> StationId {
        StationId::from_bytes([n; 16])
    }

    fn consent(purpose: Purpose) -> ConsentRow {
        ConsentRow {
            document: DocumentId::from_bytes([1; 16]),
            driver: PersonId::from_bytes([2; 16]),
            station: station(1),
            purpose,
            share_with: None,
            until: None,
            withdrawn: false,
            ended: false,
        }
    }

    fn share(with: u8, until: i64) -> ConsentRow {
        ConsentRow {
            share_with: Some(station(with)),
            until: Some(Timestamp::from_ms(until)),
            ..consent(Purpose::Share)
        }
    }

    fn withdrawn(mut row: ConsentRow) -> ConsentRow {
        row.withdrawn = true;
        row
    }

    fn member(scope: Scope, left: Option<ForgetReason>) -> Member {
        Member {
            scope,
            joined: Sequence::FIRST,
            last: Sequence::FIRST,
            left,
        }
    }

    fn of_driver(scope: Scope, left: Option<ForgetReason>) -> Vec<Member> {
        let own = Scope::Person(PersonId::from_bytes([2; 16]));
        vec![member(own, None), member(scope, left)]
    }

    fn stands(consents: &[ConsentRow]) -> Standing {
        Standing::of(consents, station(1), Timestamp::from_ms(100))
    }

    #[test]
    fn a_sharing_lasts_to_the_end_of_its_last_moment_and_only_the_last_one_ends_it() {
        let visits = of_driver(Scope::Station(station(1)), None);
        let joins = |consents: &[ConsentRow]| {
            moves(Kind::Visit, station(1), &visits, &stands(consents)).joins
        };
        assert_eq!(joins(&[share(2, 100)]), [Scope::Station(station(2))]);
        assert!(joins(&[share(2, 99)]).is_empty());
        assert!(joins(&[withdrawn(share(2, 200))]).is_empty());
        assert_eq!(
            joins(&[share(2, 99), withdrawn(share(2, 200)), share(2, 150)]),
            [Scope::Station(station(2))]
        );
        assert!(joins(&[share(1, 200)]).is_empty(), "with itself");
    }

    #[test]
    fn a_withdrawal_counts_until_a_new_consent_and_only_for_its_purpose() {
        let checks = of_driver(Scope::StationHealth(station(1)), None);
        let leaves = |consents: &[ConsentRow]| {
            moves(Kind::Check, station(1), &checks, &stands(consents)).leaves
        };
        let health = consent(Purpose::HealthRecord);
        assert!(leaves(&[]).is_empty(), "nobody said anything");
        assert!(leaves(std::slice::from_ref(&health)).is_empty());
        let ended = withdrawn(health.clone());
        assert_eq!(
            leaves(std::slice::from_ref(&ended)),
            [Scope::StationHealth(station(1))]
        );
        assert!(leaves(&[ended, health]).is_empty());
        assert!(leaves(&[withdrawn(consent(Purpose::Visits))]).is_empty());
    }

    #[test]
    fn what_a_station_may_not_hold_it_shares_with_nobody() {
        let shared = [
            member(Scope::Person(PersonId::from_bytes([2; 16])), None),
            member(Scope::StationHealth(station(1)), None),
            member(Scope::StationHealth(station(2)), None),
        ];
        let stands = stands(&[share(2, 200), withdrawn(consent(Purpose::HealthRecord))]);
        let found = moves(Kind::Check, station(1), &shared, &stands);
        assert_eq!(
            found.leaves,
            [1, 2].map(|n| Scope::StationHealth(station(n)))
        );
        assert!(found.joins.is_empty());
    }

    #[test]
    fn what_left_for_want_of_consent_comes_back_and_what_grew_too_old_does_not() {
        let here = Scope::Station(station(1));
        for (left, joins) in [
            (ForgetReason::Left, vec![here.clone()]),
            (ForgetReason::Retired, vec![]),
            (ForgetReason::Erased, vec![]),
        ] {
            let members = of_driver(here.clone(), Some(left));
            let found = moves(Kind::Visit, station(1), &members, &stands(&[]));
            assert_eq!(found.joins, joins, "{left:?}");
        }
    }

    #[test]
    fn what_its_driver_does_not_hold_any_more_is_shared_with_nobody_else() {
        let own = Scope::Person(PersonId::from_bytes([2; 16]));
        let members = [
            member(own, Some(ForgetReason::Retired)),
            member(Scope::Station(station(1)), None),
        ];
        let found = moves(Kind::Visit, station(1), &members, &stands(&[share(2, 200)]));
        assert_eq!(found, Moves::default());
    }
}
