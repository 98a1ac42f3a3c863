//! What drivers' consents change of who holds their visits and checks, in the reference's own words:
//! withdrawn and not given again, a station keeps nothing; shared and not over, another has it too.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_client_core::model::Command;
use yizhan_client_core::model::consent::{Command as Edit, Purpose};
use yizhan_proto::{ChangeHash, DocumentId, PersonId, Role, StationId, Timestamp};

use super::{Ages, Person, Reference};

/// One consent, as all who know of it know it.
#[derive(Debug, Clone)]
struct Given {
    driver: PersonId,
    station: StationId,
    purpose: Purpose,
    share_with: Option<StationId>,
    until: Option<Timestamp>,
    withdrawn: bool,
}

impl Given {
    fn is_in_force(&self, now: Timestamp) -> bool {
        !self.withdrawn && self.until.is_none_or(|until| now <= until)
    }
}

/// All consents that the relay took, at one time.
#[derive(Debug, Clone, Default)]
pub struct Consents {
    given: Vec<Given>,
    same: BTreeMap<PersonId, usize>,
    now: Timestamp,
    pub(super) ages: Ages,
}

impl Reference {
    /// These ids are one person.
    pub fn known_as(&mut self, ids: &BTreeSet<PersonId>) {
        if !self.people.contains(ids) {
            self.people.push(ids.clone());
        }
    }

    /// The consents that the relay took, leaving out the entries whose changes are `held`.
    #[must_use]
    pub fn consents(&self, held: &BTreeSet<ChangeHash>, now: Timestamp) -> Consents {
        let mut given: BTreeMap<DocumentId, Given> = BTreeMap::new();
        let mut withdrawn = BTreeSet::new();
        for entry in self.entries().filter(|entry| !held.contains(&entry.change)) {
            match &entry.command {
                Command::Consent(Edit::Give {
                    driver,
                    station,
                    purpose,
                    share_with,
                    until,
                    ..
                }) => {
                    let new = Given {
                        driver: *driver,
                        station: *station,
                        purpose: *purpose,
                        share_with: *share_with,
                        until: *until,
                        withdrawn: false,
                    };
                    given.insert(entry.document, new);
                }
                Command::Consent(Edit::Withdraw { .. }) => {
                    withdrawn.insert(entry.document);
                }
                Command::Station(_)
                | Command::Visit(_)
                | Command::Check(_)
                | Command::Activity(_)
                | Command::Enrolment(_)
                | Command::Notice(_)
                | Command::Ticket(_)
                | Command::CaseNote(_)
                | Command::Attach { .. } => {}
            }
        }
        for document in withdrawn {
            if let Some(given) = given.get_mut(&document) {
                given.withdrawn = true;
            }
        }
        // Later sets of ids of one person hold the earlier ones.
        let ids = self.people.iter().enumerate();
        Consents {
            given: given.into_values().collect(),
            same: ids
                .flat_map(|(n, ids)| ids.iter().map(move |id| (*id, n)))
                .collect(),
            now,
            ages: Ages::default(),
        }
    }
}

impl Consents {
    /// The same, at a time when documents are so old.
    #[must_use]
    pub fn with_ages(mut self, ages: Ages) -> Self {
        self.ages = ages;
        self
    }

    fn is_same(&self, one: PersonId, other: PersonId) -> bool {
        let same = self.same.get(&one).zip(self.same.get(&other));
        one == other || same.is_some_and(|(one, other)| one == other)
    }

    fn at(&self, driver: PersonId, station: StationId) -> impl Iterator<Item = &Given> {
        self.given
            .iter()
            .filter(move |given| given.station == station && self.is_same(given.driver, driver))
    }

    /// Whether the station may keep nothing of this driver for which that consent is needed.
    pub(super) fn is_withdrawn(
        &self,
        driver: PersonId,
        station: StationId,
        purpose: Purpose,
    ) -> bool {
        let of_purpose = || {
            let given = self.at(driver, station);
            given.filter(|given| given.purpose == purpose)
        };
        of_purpose().any(|given| given.withdrawn)
            && !of_purpose().any(|given| given.is_in_force(self.now))
    }

    /// Whether what the driver has at the station is shared with one where this person has one of
    /// the roles.
    pub(super) fn shares(
        &self,
        driver: PersonId,
        station: StationId,
        person: &Person,
        roles: &[fn(StationId) -> Role],
    ) -> bool {
        self.at(driver, station)
            .filter(|given| given.purpose == Purpose::Share && given.is_in_force(self.now))
            .filter_map(|given| given.share_with)
            .any(|with| roles.iter().any(|role| person.roles.contains(&role(with))))
    }
}
