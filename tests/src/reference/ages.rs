//! When documents have ended, and from whom they have gone since, in the reference's own words:
//! DOMAIN §7 once more.

use std::collections::BTreeMap;

use yizhan_client_core::model::retention::Audience;
use yizhan_client_core::model::{Command, activity, check, notice, visit};
use yizhan_proto::{ChangeHash, DocumentId, Kind, Timestamp};
use yizhan_server::relay::Periods;

use super::Reference;
use crate::clock::DAY_MS;
use crate::ledger::Ledger;

/// When the relay last looked for what grew old, and after which periods it lets go.
#[derive(Debug, Clone)]
pub struct Looked {
    /// When, by its clock.
    pub at: Timestamp,
    /// What its operator says.
    pub periods: Periods,
}

/// How old documents are at one time.
#[derive(Debug, Clone, Default)]
pub struct Ages {
    /// `None`: nothing ever grows old.
    looked: Option<Looked>,
    ended: BTreeMap<DocumentId, Timestamp>,
}

/// Who has a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// Its driver.
    Driver,
    /// The station where it was.
    Station,
    /// Its region, its desk.
    Elsewhere,
    /// A station that it is shared with.
    Shared,
}

impl Ages {
    /// Whether a document has gone from this holder.
    pub(super) fn is_gone(&self, id: DocumentId, kind: Kind, holder: Holder) -> bool {
        let name = match (kind, holder) {
            (Kind::Station | Kind::Consent | Kind::Unknown(_), _) => return false,
            (Kind::Visit, Holder::Driver) => "driver-visits",
            (Kind::Visit, Holder::Station) => "station-visits",
            (Kind::Visit, Holder::Shared) => "shared-visits",
            (Kind::Check, Holder::Driver) => "driver-checks",
            (Kind::Check, Holder::Station) => "station-checks",
            (Kind::Check, Holder::Shared) => "shared-checks",
            (Kind::Activity, _) => "activities",
            (Kind::Enrolment, Holder::Driver) => "driver-enrolments",
            (Kind::Enrolment, _) => "station-enrolments",
            (Kind::Notice, _) => "notices",
            (Kind::Ticket, Holder::Driver) => "driver-tickets",
            (Kind::Ticket, Holder::Station) => "station-tickets",
            (Kind::Ticket, _) | (Kind::CaseNote, _) => "desk-tickets",
            (Kind::Visit | Kind::Check, Holder::Elsewhere) => return false,
        };
        let audience = Audience::from_text(name).expect("an audience");
        let (Some(looked), Some(ended)) = (&self.looked, self.ended.get(&id)) else {
            return false;
        };
        let keep = looked.periods.of(audience);
        keep.is_some_and(|keep_ms| looked.at.ms_since(*ended) >= keep_ms)
    }
}

impl Reference {
    /// A ticket was closed, rejected or withdrawn at this time, by the relay's clock.
    pub fn ticket_ended(&mut self, ticket: DocumentId, at: Option<Timestamp>) {
        match at {
            Some(at) => self.tickets_ended.insert(ticket, at),
            None => self.tickets_ended.remove(&ticket),
        };
    }

    /// How old documents were when the relay last looked; `None`: it never does. Entries whose
    /// changes it did not take count for nothing, and of two that contradict each other the one
    /// that it took last.
    #[must_use]
    pub fn ages(&self, ledger: &Ledger, looked: Option<Looked>) -> Ages {
        let place: BTreeMap<ChangeHash, u64> = ledger
            .accepted
            .iter()
            .map(|(sequence, (_, hash))| (*hash, *sequence))
            .collect();
        let mut entries: Vec<_> = self
            .entries()
            .filter_map(|entry| Some((place.get(&entry.change)?, entry)))
            .collect();
        entries.sort_by_key(|(sequence, _)| **sequence);
        let mut ended = self.tickets_ended.clone();
        let mut corrects = Vec::new();
        for (_, entry) in entries {
            let id = entry.document;
            match &entry.command {
                Command::Visit(visit::Command::CheckIn { arrived_at, .. })
                | Command::Visit(visit::Command::CheckInByCode { arrived_at, .. }) => {
                    ended.insert(id, arrived_at.saturating_add_ms(DAY_MS));
                }
                Command::Visit(visit::Command::CheckOut { left_at }) => {
                    ended.insert(id, *left_at);
                }
                Command::Check(check::Command::Create(new)) => {
                    ended.insert(id, new.taken_at);
                    corrects.extend(new.replaces.as_ref().map(|(of, _)| (id, *of)));
                }
                Command::Activity(activity::Command::Create(new)) => {
                    ended.insert(id, new.ends_at);
                }
                Command::Activity(activity::Command::Reschedule { ends_at, .. }) => {
                    ended.insert(id, *ends_at);
                }
                Command::Notice(notice::Command::Publish(new)) => {
                    ended.extend(new.until.map(|until| (id, until)));
                }
                Command::Notice(notice::Command::Withdraw { withdrawn_at }) => {
                    let at = ended.entry(id).or_insert(*withdrawn_at);
                    *at = (*at).min(*withdrawn_at);
                }
                Command::Station(_)
                | Command::Visit(_)
                | Command::Consent(_)
                | Command::Activity(_)
                | Command::Enrolment(_)
                | Command::Ticket(_)
                | Command::CaseNote(_)
                | Command::Attach { .. } => {}
            }
        }
        for (id, of) in corrects {
            let latest = ended.get(&id).max(ended.get(&of)).copied();
            ended.extend(latest.map(|latest| (id, latest)));
        }
        for (id, concern) in &self.concerns {
            if matches!(concern.kind, Kind::Enrolment | Kind::CaseNote) {
                let leads = concern.names.iter().find_map(|named| ended.get(named));
                if let Some(at) = leads.copied() {
                    ended.insert(*id, at);
                }
            }
        }
        Ages { looked, ended }
    }
}
