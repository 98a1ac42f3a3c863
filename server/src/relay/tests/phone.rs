//! A phone without a store or an engine: it does what the protocol says, and nothing clever.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_client_core::model::{Command, Document, activity, enrolment, inspect, visit};
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::identity::Identity;
use yizhan_proto::sync::{
    Forgotten, Outcome, Page, Push, Receipt, ScopeState, Summary, SyncRequest, SyncResponse,
};
use yizhan_proto::{
    ActorId, ChangeHash, DeviceId, DocumentId, Epoch, Incarnation, Kind, ProtocolVersion, Scope,
    ScopeDigest, StationId, Timestamp, Window,
};

use super::MORNING_MS;
use crate::error::RelayError;
use crate::relay::Relay;

/// One document on the phone: changes in an order that can be applied.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) kind: Kind,
    pub(super) changes: Vec<(ChangeHash, Vec<u8>)>,
    pub(super) acked: BTreeSet<ChangeHash>,
}

#[derive(Clone)]
pub(super) struct Phone {
    relay: Relay,
    pub(super) device: DeviceId,
    pub(super) identity: Identity,
    pub(super) epoch: Option<Epoch>,
    pub(super) device_time: Timestamp,
    pub(super) documents: BTreeMap<DocumentId, Held>,
    pub(super) unsent: Vec<Push>,
    pub(super) windows: BTreeMap<Scope, Window>,
    pub(super) held: BTreeMap<Scope, BTreeSet<DocumentId>>,
    pub(super) forgotten: Vec<Forgotten>,
    /// Digests the relay sent that were not what the phone held then.
    pub(super) mismatches: Vec<Scope>,
}

impl Phone {
    pub(super) fn new(relay: Relay, device: DeviceId, identity: Identity) -> Self {
        Self {
            relay,
            device,
            identity,
            epoch: None,
            device_time: Timestamp::from_ms(MORNING_MS),
            documents: BTreeMap::new(),
            unsent: Vec::new(),
            windows: BTreeMap::new(),
            held: BTreeMap::new(),
            forgotten: Vec::new(),
            mismatches: Vec::new(),
        }
    }

    pub(super) const fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Turns to a relay that was opened anew.
    pub(super) fn reach(&mut self, relay: Relay) {
        self.relay = relay;
    }

    /// Carries out a command on what the phone holds; the change waits to be pushed.
    pub(super) fn edit(&mut self, id: DocumentId, command: impl Into<Edit>) {
        let Edit(command) = command.into();
        let held = self.documents.entry(id).or_insert_with(|| Held {
            kind: command.kind(),
            changes: Vec::new(),
            acked: BTreeSet::new(),
        });
        let changes = held.changes.iter().map(|(_, bytes)| bytes.as_slice());
        let mut document = Document::open(id, held.kind, changes).unwrap();
        let actor = ActorId::new(self.device, Incarnation(1));
        let change = document.write(actor, self.device_time, &command).unwrap();
        held.changes
            .push((ChangeHash::of_chunk(&change), change.clone()));
        self.unsent.push(Push {
            document: id,
            kind: held.kind,
            change,
        });
    }

    /// Drops what is unsent of a document, and what it made of it.
    pub(super) fn discard(&mut self, id: DocumentId) {
        let mut dropped = Vec::new();
        self.unsent.retain(|push| {
            let drop = push.document == id;
            dropped.extend(drop.then(|| ChangeHash::of_chunk(&push.change)));
            !drop
        });
        if let Some(held) = self.documents.get_mut(&id) {
            held.changes.retain(|(hash, _)| !dropped.contains(hash));
        }
    }

    /// A visit of this phone's person.
    pub(super) fn check_in(&mut self, id: DocumentId, station: StationId) {
        let driver = self.identity.person;
        self.edit(
            id,
            visit::Command::CheckIn {
                driver,
                driver_name: "王师傅".into(),
                station,
                arrived_at: Timestamp::from_ms(MORNING_MS),
                source: visit::Source::DriverApp,
                vehicle_plate: None,
                requested: Vec::new(),
            },
        );
    }

    pub(super) fn note(&mut self, id: DocumentId, text: &str) {
        self.edit(id, visit::Command::SetNote(text.to_owned()));
    }

    pub(super) fn request(&self) -> SyncRequest {
        SyncRequest {
            version: ProtocolVersion::CURRENT,
            epoch: self.epoch,
            device_time: self.device_time,
            identity_version: self.identity.version,
            summary: None,
            scopes: Vec::new(),
            pushes: Vec::new(),
            page_bytes_max: 0,
            forgotten: Vec::new(),
            repairs: Vec::new(),
            fetches: Vec::new(),
            decided: None,
            left: Vec::new(),
        }
    }

    pub(super) fn long_form(&self) -> SyncRequest {
        let scopes = self.identity.scopes.iter().map(|scope| {
            let window = self.windows.get(scope).copied();
            ScopeState::new(scope.clone(), window, self.digest(scope))
        });
        SyncRequest {
            scopes: scopes.collect(),
            ..self.request()
        }
    }

    pub(super) fn summary(&self) -> SyncRequest {
        let live = self.windows.values().next().unwrap().live;
        assert!(self.windows.values().all(|w| *w == Window::complete(live)));
        let digests = self.identity.scopes.iter().map(|scope| self.digest(scope));
        let digest = digests.fold(ScopeDigest::EMPTY, ScopeDigest::and);
        SyncRequest {
            summary: Some(Summary { live, digest }),
            ..self.request()
        }
    }

    pub(super) async fn send(&self, request: SyncRequest) -> Result<SyncResponse, RelayError> {
        let caller = self.relay.caller(self.device)?;
        self.relay.sync(&caller, request).await
    }

    /// Pushes what is unsent, and nothing else.
    pub(super) async fn push(&mut self) -> Vec<Receipt> {
        let request = SyncRequest {
            pushes: self.unsent.clone(),
            ..self.request()
        };
        let response = self.send(request).await.unwrap();
        self.settle(&response.receipts);
        response.receipts
    }

    fn settle(&mut self, receipts: &[Receipt]) {
        for receipt in receipts {
            if matches!(
                receipt.outcome,
                Outcome::Accepted(_) | Outcome::Duplicate(_)
            ) {
                for held in self.documents.values_mut() {
                    if held.changes.iter().any(|(hash, _)| *hash == receipt.change) {
                        held.acked.insert(receipt.change);
                    }
                }
                self.unsent
                    .retain(|push| ChangeHash::of_chunk(&push.change) != receipt.change);
            }
        }
    }

    /// One exchange with everything in it, applied.
    pub(super) async fn exchange(&mut self, page_bytes_max: u32) -> SyncResponse {
        let request = SyncRequest {
            pushes: self.unsent.clone(),
            forgotten: std::mem::take(&mut self.forgotten),
            page_bytes_max,
            ..self.long_form()
        };
        let response = self.send(request).await.unwrap();
        self.apply(&response);
        response
    }

    /// Exchanges until there is nothing more; returns how many it took.
    pub(super) async fn sync(&mut self, page_bytes_max: u32) -> usize {
        for round in 1..1_000 {
            let response = self.exchange(page_bytes_max).await;
            if response.pages.is_empty() && response.identity.is_none() {
                assert_eq!(self.mismatches, [], "what is held is what the relay says");
                return round;
            }
        }
        panic!("never quiet");
    }

    pub(super) fn apply(&mut self, response: &SyncResponse) {
        self.settle(&response.receipts);
        self.epoch = Some(response.epoch);
        if let Some(identity) = &response.identity {
            self.identity = identity.clone();
        }
        for page in &response.pages {
            self.apply_page(page);
        }
        for (scope, window) in &mut self.windows {
            if !response.pages.iter().any(|page| page.scope == *scope) {
                *window = window.settled_at(response.head);
            }
        }
    }

    fn apply_page(&mut self, page: &Page) {
        for item in &page.items {
            let held = self.held.entry(page.scope.clone()).or_default();
            if item.forget.is_some() {
                held.remove(&item.document);
                self.forgotten.push(Forgotten {
                    scope: page.scope.clone(),
                    document: item.document,
                    sequence: item.sequence,
                });
                if !self.held.values().any(|held| held.contains(&item.document)) {
                    self.documents.remove(&item.document);
                }
                continue;
            }
            held.insert(item.document);
            let document = self.documents.entry(item.document).or_insert_with(|| Held {
                kind: item.kind,
                changes: Vec::new(),
                acked: BTreeSet::new(),
            });
            for change in &item.changes {
                let hash = ChangeHash::of_chunk(&change.change);
                if document.acked.insert(hash)
                    && !document.changes.iter().any(|(known, _)| *known == hash)
                {
                    document.changes.push((hash, change.change.clone()));
                }
            }
        }
        self.windows.insert(page.scope.clone(), page.window());
        if page
            .digest
            .is_some_and(|digest| digest != self.digest(&page.scope))
        {
            self.mismatches.push(page.scope.clone());
        }
    }

    /// The digest of what is held of a scope, from scratch.
    pub(super) fn digest(&self, scope: &Scope) -> ScopeDigest {
        let held = self.held.get(scope).into_iter().flatten();
        held.map(|id| DocumentDigest::of(*id, &self.heads(*id)))
            .collect()
    }

    fn heads(&self, id: DocumentId) -> Vec<ChangeHash> {
        let held = &self.documents[&id];
        let acked = || {
            let acked = |(hash, _): &&(ChangeHash, Vec<u8>)| held.acked.contains(hash);
            held.changes.iter().filter(acked)
        };
        let named: BTreeSet<ChangeHash> = acked()
            .flat_map(|(_, bytes)| inspect(bytes).unwrap().deps)
            .collect();
        acked()
            .map(|(hash, _)| *hash)
            .filter(|hash| !named.contains(hash))
            .collect()
    }

    pub(super) fn visit(&self, id: DocumentId) -> visit::Visit {
        let held = &self.documents[&id];
        let changes = held.changes.iter().map(|(_, bytes)| bytes.as_slice());
        visit::Visit::read(&Document::open(id, held.kind, changes).unwrap()).unwrap()
    }
}

/// A command of any kind.
pub(super) struct Edit(pub(super) Command);

impl From<Command> for Edit {
    fn from(command: Command) -> Self {
        Self(command)
    }
}

impl From<visit::Command> for Edit {
    fn from(command: visit::Command) -> Self {
        Self(Command::Visit(command))
    }
}

impl From<activity::Command> for Edit {
    fn from(command: activity::Command) -> Self {
        Self(Command::Activity(command))
    }
}

impl From<enrolment::Command> for Edit {
    fn from(command: enrolment::Command) -> Self {
        Self(Command::Enrolment(command))
    }
}
