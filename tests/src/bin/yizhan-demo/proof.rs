//! The proof: the same invariants as the simulation's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use yizhan_client_core::store::CheckFilter;
use yizhan_proto::{DocumentId, Kind};
use yizhan_tests::audit::audit;
use yizhan_tests::invariants::seats::rosters;
use yizhan_tests::invariants::{self, Witness};
use yizhan_tests::ledger::Ledger;
use yizhan_tests::phone::SharedReference;
use yizhan_tests::reading;
use yizhan_tests::reference::Person;

use crate::life::{Citizen, Life};
use crate::tally::Tally;

impl Life {
    /// All that is wrong, in words; empty if all is proven.
    pub(crate) fn prove(&self) -> Vec<String> {
        let mut wrong = self.stopped.clone();
        let ledger = Ledger::read(self.served.data());
        let witnesses: Vec<Witness<'_>> = self
            .citizens
            .iter()
            .map(|citizen| {
                let relay = self.served.relay();
                let known = relay.person(citizen.person).expect("a known person");
                let person = Person {
                    ids: citizen.ids.clone(),
                    roles: known.roles.into_iter().collect(),
                };
                let audit = audit(self.served.runtime(), relay, citizen.phone.device(), 0);
                Witness::of(&citizen.phone, person, audit, true)
            })
            .collect();
        let reference = self
            .reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        wrong.extend(invariants::check(
            &reference,
            &ledger,
            &witnesses,
            self.served.relay().time(),
            None,
        ));
        for roster in rosters(self.served.data()) {
            wrong.extend(roster.wrong(true));
        }
        wrong
    }
}

/// Counts what people made, and what their phones show.
pub(crate) fn count(citizens: &[Citizen], reference: &SharedReference, tally: &mut Tally) {
    let reference = reference.lock().unwrap_or_else(PoisonError::into_inner);
    for concern in reference.documents().values() {
        match concern.kind {
            Kind::Visit => tally.visits += 1,
            Kind::Check => tally.checks += 1,
            Kind::Consent => tally.consents += 1,
            Kind::Activity => tally.activities += 1,
            Kind::Enrolment => tally.enrolments += 1,
            Kind::Notice => tally.notices += 1,
            Kind::Ticket => tally.tickets += 1,
            Kind::CaseNote => tally.case_notes += 1,
            Kind::Station | Kind::Unknown(_) => {}
        }
    }
    let mut crises = BTreeSet::new();
    let mut conflicts: BTreeMap<DocumentId, usize> = BTreeMap::new();
    for citizen in citizens {
        let filter = CheckFilter {
            crisis: true,
            ..CheckFilter::default()
        };
        let found = citizen.phone.client().checks(&filter);
        crises.extend(found.expect("checks are listed").iter().map(|row| row.id));
        for (id, kept) in &citizen.phone.pocket().documents {
            let shown = kept.visible(*id).unwrap_or_default();
            let most = conflicts.entry(*id).or_default();
            *most = (*most).max(reading::conflicts(&shown));
        }
    }
    tally.crises = crises.len() as u64;
    tally.conflicts_shown = conflicts.values().sum::<usize>() as u64;
}
