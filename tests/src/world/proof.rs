//! The proof: what must be true of a world once all is quiet.

use super::{PhoneNo, World};
use crate::audit::audit;
use crate::invariants::{self, Witness};
use crate::reference::Person;

/// The proof.
impl World {
    /// Runs until all is quiet, and checks everything that must be true then.
    ///
    /// # Panics
    /// With all that is wrong.
    pub fn settle(&mut self) {
        self.run_until_quiet();
        // The last stage of a sync: a look that the relay does not know of names its check.
        for phone in &mut self.phones {
            phone.tell_reads();
        }
        let mut wrong = self.wrong();
        wrong.extend(self.seats_wrong());
        wrong.extend(self.numbering_goes_on());
        wrong.extend(self.no_repair_was_needed());
        assert!(
            wrong.is_empty(),
            "all is quiet, and wrong:\n  {}",
            wrong.join("\n  ")
        );
    }

    /// Repair is for stores that are not what they should be: where it was needed in a world that
    /// nobody tampered with, it made up for a mistake of ours.
    fn no_repair_was_needed(&self) -> Vec<String> {
        if self.tampered {
            return Vec::new();
        }
        let repaired = self.phones.iter().filter_map(|phone| {
            let repairs = phone.status().repairs;
            (repairs > 0).then(|| format!("{}: {repairs} repairs", phone.name()))
        });
        let status = self.run(self.relay().status()).expect("a status");
        let mismatches = status.digest_mismatches;
        let counted = (mismatches > 0).then(|| format!("the relay: {mismatches} mismatches"));
        repaired.chain(counted).collect()
    }

    /// The relay's numbering as the continuation of what it was when the world last settled.
    fn numbering_goes_on(&mut self) -> Vec<String> {
        let ledger = self.ledger();
        let broken = match &self.settled {
            Some((relay, earlier)) if *relay == self.relays => {
                ledger.breaks_with(&earlier.without(|id| self.reference().is_erased(id)))
            }
            Some(_) | None => Vec::new(),
        };
        self.settled = Some((self.relays, ledger));
        broken
    }

    /// All that is wrong, in words.
    ///
    /// # Panics
    /// If a phone or the relay cannot be looked into.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let ledger = self.ledger();
        let witnesses: Vec<Witness<'_>> = self
            .phone_numbers()
            .into_iter()
            .filter(|phone| self.people[phone.0].person.is_some())
            .map(|phone| self.witness(phone))
            .collect();
        let now = self.relay().time();
        invariants::check(&self.reference(), &ledger, &witnesses, now, self.looked())
    }

    fn witness(&self, number: PhoneNo) -> Witness<'_> {
        let phone = &self.phones[number.0];
        let owner = &self.people[number.0];
        let person = owner.person.expect("a paired phone");
        // Who was erased has no roles, and is in no list.
        let known = self.relay().person(person);
        let person = Person {
            ids: owner.ids.clone(),
            roles: known.into_iter().flat_map(|known| known.roles).collect(),
        };
        let audit = audit(&self.runtime, self.relay(), phone.device(), 0);
        Witness::of(phone, person, audit, true)
    }
}
