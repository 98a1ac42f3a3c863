//! What must be true once all is quiet: nobody lost anything, all agree, and nobody holds what
//! they should not.

mod erased;
pub mod seats;
mod witness;

use std::collections::{BTreeMap, BTreeSet};

use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::{ChangeHash, DeviceId, DocumentId, ScopeDigest, Timestamp};

use crate::ledger::Ledger;
use crate::pocket::{Kept, Standing};
use crate::reference::{Consents, Looked, Reference, Visible};
use crate::traces::Patterns;

pub use witness::Witness;

/// All that is wrong, in words; empty if all is well. `looked`: when the relay last let go what
/// grew old, if it does.
#[must_use]
pub fn check(
    reference: &Reference,
    ledger: &Ledger,
    witnesses: &[Witness<'_>],
    now: Timestamp,
    looked: Option<Looked>,
) -> Vec<String> {
    let mut wrong = Wrong::default();
    let mut held = HeldChanges::of(witnesses);
    let ages = reference.ages(ledger, looked);
    held.consents = reference.consents(&held.all(), now).with_ages(ages);
    for problem in &ledger.problems {
        wrong.push("the relay", problem);
    }
    wrong.nothing_is_lost(reference, ledger, witnesses, &held);
    for witness in witnesses {
        wrong.holds_its_audiences_documents(reference, witness, &held);
        wrong.shows_what_people_entered(reference, witness, &held);
        wrong.agrees_with_the_relay(reference, ledger, witness, &held);
        wrong.is_complete(witness);
        wrong.lists_what_it_holds(witness);
        wrong.leaves_no_traces(reference, witness);
    }
    wrong.0
}

/// Changes that the relay did not take, and who still shows them.
#[derive(Debug, Default)]
struct HeldChanges {
    refused: BTreeSet<ChangeHash>,
    quarantined: BTreeMap<ChangeHash, DeviceId>,
    /// What drivers consented to, without what was not taken.
    consents: Consents,
}

impl HeldChanges {
    fn of(witnesses: &[Witness<'_>]) -> Self {
        let mut held = Self::default();
        for witness in witnesses {
            for kept in witness.pocket.documents.values() {
                held.refused.extend(kept.standing(Standing::Refused));
                for change in kept.standing(Standing::Quarantined) {
                    held.quarantined.insert(change, witness.device);
                }
            }
        }
        held
    }

    /// What `device` does not show.
    fn hidden_from(&self, device: DeviceId) -> BTreeSet<ChangeHash> {
        let elsewhere = self
            .quarantined
            .iter()
            .filter(|(_, author)| **author != device)
            .map(|(change, _)| *change);
        self.refused.iter().copied().chain(elsewhere).collect()
    }

    fn all(&self) -> BTreeSet<ChangeHash> {
        let quarantined = self.quarantined.keys();
        self.refused.iter().chain(quarantined).copied().collect()
    }

    fn holds(&self, change: ChangeHash) -> bool {
        self.refused.contains(&change) || self.quarantined.contains_key(&change)
    }
}

#[derive(Debug, Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn push(&mut self, who: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{who}: {what}"));
    }

    /// Every entry is at the relay, or held on its author's phone with a reason.
    fn nothing_is_lost(
        &mut self,
        reference: &Reference,
        ledger: &Ledger,
        witnesses: &[Witness<'_>],
        held: &HeldChanges,
    ) {
        for entry in reference.entries() {
            if !ledger.has(entry.document, entry.change) && !held.holds(entry.change) {
                let what = format!("lost: {} of {:?}", entry.change, entry.command);
                self.push(&format!("device {}", entry.device), what);
            }
        }
        for witness in witnesses {
            for kept in witness.pocket.documents.values() {
                for (hash, change) in &kept.changes {
                    let held = matches!(change.standing, Standing::Refused | Standing::Quarantined);
                    if held && change.reason.is_none() {
                        self.push(&witness.name, format!("{hash} is held without a reason"));
                    }
                }
            }
        }
    }

    /// Exclusion: exactly the documents of its audiences, and its own work that the relay has not taken.
    fn holds_its_audiences_documents(
        &mut self,
        reference: &Reference,
        witness: &Witness<'_>,
        held: &HeldChanges,
    ) {
        let at_relay: BTreeSet<DocumentId> = reference
            .entries()
            .filter(|entry| !held.holds(entry.change))
            .map(|entry| entry.document)
            .collect();
        for (id, concern) in reference.documents() {
            let kept = witness.pocket.documents.get(id);
            let waits_here = kept.is_some_and(|kept| {
                kept.changes
                    .values()
                    .any(|change| change.own && change.standing != Standing::Acknowledged)
            });
            if reference.is_erased(*id) {
                self.is_gone(*id, concern, witness);
                continue;
            }
            let exists = reference.is_imported(*id) || at_relay.contains(id);
            let expected = exists && reference.may_hold(&witness.person, *id, &held.consents);
            match (kept.is_some(), expected) {
                (false, true) => self.push(&witness.name, format!("misses {} {id}", concern.kind)),
                (true, false) if !waits_here => {
                    self.push(
                        &witness.name,
                        format!("holds {} {id}, which is not for it", concern.kind),
                    );
                }
                (true | false, _) => {}
            }
            if witness.audit.documents.contains_key(id) != expected {
                let what = format!(
                    "the relay gives it {} {id}: {}, which should be {expected}",
                    concern.kind, !expected
                );
                self.push(&witness.name, what);
            }
        }
        for id in witness.pocket.documents.keys() {
            if !reference.documents().contains_key(id) {
                self.push(&witness.name, format!("holds {id}, which nobody made"));
            }
        }
    }

    /// What the phone shows is what people entered, conflicts included; so does the relay.
    fn shows_what_people_entered(
        &mut self,
        reference: &Reference,
        witness: &Witness<'_>,
        held: &HeldChanges,
    ) {
        let hidden = held.hidden_from(witness.device);
        for (id, kept) in &witness.pocket.documents {
            if kept.shown().is_empty() {
                continue;
            }
            match kept.visible(*id) {
                // It stays for the work held on it only, and hears no news of it.
                Ok(_) if !reference.may_hold(&witness.person, *id, &held.consents) => {}
                Ok(shown) => {
                    let expected = reference.visible(*id, &hidden);
                    let imported = reference.is_imported(*id);
                    self.compare(&witness.name, *id, imported, &expected, &shown);
                }
                Err(error) => self.push(&witness.name, format!("{id} cannot be read: {error}")),
            }
            if let Some(why) = &kept.set_aside {
                self.push(&witness.name, format!("{id} is set aside: {why}"));
            }
        }
        let all = held.all();
        for (id, given) in &witness.audit.documents {
            let who = format!("the relay for {}", witness.name);
            match given.visible(*id) {
                Ok(shown) => {
                    let expected = reference.visible(*id, &all);
                    self.compare(&who, *id, reference.is_imported(*id), &expected, &shown);
                }
                Err(error) => self.push(&who, format!("{id} cannot be read: {error}")),
            }
        }
    }

    fn compare(
        &mut self,
        who: &str,
        id: DocumentId,
        imported: bool,
        expected: &Visible,
        shown: &Visible,
    ) {
        let fields: BTreeSet<&String> = if imported {
            expected.keys().collect()
        } else {
            expected.keys().chain(shown.keys()).collect()
        };
        for field in fields {
            let (expected, shown) = (expected.get(field), shown.get(field));
            if expected != shown {
                self.push(
                    who,
                    format!("{id} {field}: shows {shown:?}, entered {expected:?}"),
                );
            }
        }
    }

    /// Receipts and convergence: what it believes to be at the relay is just what is there.
    fn agrees_with_the_relay(
        &mut self,
        reference: &Reference,
        ledger: &Ledger,
        witness: &Witness<'_>,
        held: &HeldChanges,
    ) {
        for (id, kept) in &witness.pocket.documents {
            let acknowledged = kept.standing(Standing::Acknowledged);
            for change in &acknowledged {
                if !ledger.has(*id, *change) {
                    self.push(
                        &witness.name,
                        format!("believes {change} accepted, and it is not"),
                    );
                }
            }
            let given: BTreeSet<ChangeHash> = witness
                .audit
                .documents
                .get(id)
                .map(|given| given.hashes().into_iter().collect())
                .unwrap_or_default();
            if acknowledged != given && reference.may_hold(&witness.person, *id, &held.consents) {
                let what = format!(
                    "has {} acknowledged changes of {id}, the relay gives {}",
                    acknowledged.len(),
                    given.len()
                );
                self.push(&witness.name, what);
            }
            for standing in [Standing::Unsent, Standing::Unconfirmed] {
                let number = kept.standing(standing).len();
                // A document that stays for the work held on it only is confirmed by no scope.
                let unheard = standing == Standing::Unconfirmed
                    && !reference.may_hold(&witness.person, *id, &held.consents);
                if number > 0 && !unheard {
                    self.push(
                        &witness.name,
                        format!("{number} changes of {id} are {standing:?}"),
                    );
                }
            }
        }
    }

    /// Windows complete, digests agree.
    fn is_complete(&mut self, witness: &Witness<'_>) {
        let subscribed: BTreeSet<_> = witness.audit.digests.keys().collect();
        let own: BTreeSet<_> = witness.pocket.scopes.keys().collect();
        if subscribed != own {
            self.push(
                &witness.name,
                format!("subscribes to {own:?}, not {subscribed:?}"),
            );
        }
        for (scope, standpoint) in &witness.pocket.scopes {
            match standpoint.window {
                Some(window) if window.is_complete() && window.live == witness.audit.head => {}
                other => {
                    let what = format!(
                        "{scope} is not complete at {}: {other:?}",
                        witness.audit.head
                    );
                    self.push(&witness.name, what);
                }
            }
            let counted: ScopeDigest = witness
                .pocket
                .documents
                .iter()
                .filter(|(_, kept)| kept.scopes.contains(scope))
                .filter_map(|(id, kept)| digest(*id, kept))
                .collect();
            if counted != standpoint.digest {
                self.push(
                    &witness.name,
                    format!("the digest of {scope} is kept wrong"),
                );
            }
            let at_relay = witness.audit.digests.get(scope);
            if at_relay.is_some_and(|at_relay| *at_relay != counted) {
                self.push(
                    &witness.name,
                    format!("the digest of {scope} is not the relay's"),
                );
            }
        }
    }

    /// The screens' lists show each document once, and none that is not there.
    fn lists_what_it_holds(&mut self, witness: &Witness<'_>) {
        for (kind, listed) in &witness.listed {
            let held: BTreeSet<DocumentId> = witness
                .pocket
                .documents
                .iter()
                .filter(|(_, kept)| kept.kind == *kind && !kept.shown().is_empty())
                .map(|(id, _)| *id)
                .collect();
            if held != *listed {
                let what = format!(
                    "lists {} documents of kind {kind}, holds {}",
                    listed.len(),
                    held.len()
                );
                self.push(&witness.name, what);
            }
        }
    }

    /// Of a document that is not for it, neither the id nor a word that people wrote stands in any
    /// of its files, but where one that is for it has the same.
    fn leaves_no_traces(&mut self, reference: &Reference, witness: &Witness<'_>) {
        let Some(home) = witness.home else { return };
        let mut foreign: BTreeSet<DocumentId> = reference
            .documents()
            .keys()
            .filter(|id| !reference.is_discarded(**id) && !reference.is_erased(**id))
            .copied()
            .collect();
        let mut own_words = BTreeSet::from([witness.name.clone()]);
        for id in witness.pocket.documents.keys() {
            foreign.remove(id);
            for named in &reference.documents()[id].names {
                foreign.remove(named);
            }
            own_words.extend(reference.words(*id));
            own_words.extend(reference.written(*id));
        }
        let mut patterns = Patterns::default();
        let words: BTreeSet<String> = foreign.iter().flat_map(|id| reference.words(*id)).collect();
        for id in foreign {
            patterns.id(id);
        }
        for word in words {
            if !own_words.iter().any(|own| own.contains(&word)) {
                patterns.text(&word);
            }
        }
        for found in patterns.found_in_folder(home) {
            self.push(
                &witness.name,
                format!("its files have traces of {found}, which is not for it"),
            );
        }
    }
}

/// The digest of what is acknowledged of a document; `None` if nothing is.
fn digest(id: DocumentId, kept: &Kept) -> Option<DocumentDigest> {
    let acknowledged = kept.standing(Standing::Acknowledged);
    let mut heads = acknowledged.clone();
    for change in &acknowledged {
        for dep in &kept.changes[change].deps {
            heads.remove(dep);
        }
    }
    let heads: Vec<ChangeHash> = heads.into_iter().collect();
    (!heads.is_empty()).then(|| DocumentDigest::of(id, &heads))
}
