//! A tiny relay. It keeps everything in maps and follows the exchange's rules as they are written
//! down, with the model's own gate.

mod answers;

use std::collections::{BTreeMap, BTreeSet};

use yizhan_proto::identity::{Access, Identity, Welcome};
use yizhan_proto::sync::{ForgetReason, Outcome, Reason, Stored, StoredChange};
use yizhan_proto::{
    ChangeHash, DeviceId, DocumentId, Epoch, Kind, PersonId, Role, Scope, Sequence, Timestamp,
};

use super::world::{MORNING, TestClock, new_station, station_id};
use crate::clock::Clock as _;
use crate::model::{
    Author, Command, Known, Outline, Verdict, decide, gate, inspect, route, station,
};
use crate::store::Store;

/// One document at the relay.
#[derive(Debug, Clone, Default)]
struct Kept {
    kind: Option<Kind>,
    outline: Option<Outline>,
    changes: Vec<StoredChange>,
}

/// One document in a scope.
#[derive(Debug, Clone, Copy)]
struct Place {
    last: u64,
    joined: u64,
    gone: Option<ForgetReason>,
}

/// The relay.
#[derive(Debug, Clone)]
pub(crate) struct Relay {
    pub(crate) epoch: Epoch,
    pub(crate) head: u64,
    kept: BTreeMap<DocumentId, Kept>,
    index: BTreeMap<(Scope, DocumentId), Place>,
    people: BTreeMap<DeviceId, (Author, Identity)>,
    /// Documents in a page.
    pub(crate) page_items: usize,
    /// Changes to refuse, whatever the gate says.
    pub(crate) refuse: BTreeSet<ChangeHash>,
    /// Changes to quarantine.
    pub(crate) quarantine: BTreeSet<ChangeHash>,
    pub(crate) acknowledged: Vec<(Scope, DocumentId)>,
}

impl Relay {
    pub(crate) fn new() -> Self {
        let mut relay = Self {
            epoch: Epoch::from_bytes([1; 8]),
            head: 0,
            kept: BTreeMap::new(),
            index: BTreeMap::new(),
            people: BTreeMap::new(),
            page_items: 100,
            refuse: BTreeSet::new(),
            quarantine: BTreeSet::new(),
            acknowledged: Vec::new(),
        };
        relay.import_station();
        relay
    }

    fn import_station(&mut self) {
        let author = Author {
            person: PersonId::from_bytes([9; 16]),
            aliases: Vec::new(),
            device: DeviceId::from_bytes([9; 16]),
            roles: Vec::new(),
            relay: true,
        };
        let command = Command::Station(station::Command::Create(new_station()));
        let id = station_id().into();
        let actor = yizhan_proto::ActorId::new(author.device, yizhan_proto::Incarnation(1));
        let chunk = crate::model::Document::begin(id, Kind::Station)
            .unwrap()
            .write(actor, Timestamp::from_ms(MORNING), &command)
            .unwrap();
        let outcome = self.store(&author, id, Kind::Station, &chunk);
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    }

    /// Writes an edit by the relay's own hand, as it decides about seats.
    pub(crate) fn write(&mut self, id: DocumentId, command: &Command) {
        let author = Author {
            person: PersonId::from_bytes([9; 16]),
            aliases: Vec::new(),
            device: DeviceId::from_bytes([9; 16]),
            roles: Vec::new(),
            relay: true,
        };
        let kept = self.kept.get(&id).cloned().unwrap_or_default();
        let chunks = kept.changes.iter().map(|stored| stored.change.as_slice());
        let actor = yizhan_proto::ActorId::new(author.device, yizhan_proto::Incarnation(1));
        let chunk = crate::model::Document::open(id, command.kind(), chunks)
            .unwrap()
            .write(actor, Timestamp::from_ms(MORNING), command)
            .unwrap();
        let outcome = self.store(&author, id, command.kind(), &chunk);
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    }

    fn next(&mut self) -> u64 {
        self.head += 1;
        self.head
    }

    pub(crate) fn pair(&mut self, store: &mut Store, roles: Vec<Role>, clock: &TestClock) {
        let device = store.device().unwrap();
        let regions = vec!["changzhou".parse().unwrap()];
        let scopes = route::subscriptions(device.person, &[], &roles, &regions, &[]);
        let identity = Identity {
            version: 1,
            person: device.person,
            name: "somebody".to_owned(),
            aliases: Vec::new(),
            roles: roles.clone(),
            scopes,
            regions,
            desks: None,
        };
        let author = Author {
            person: device.person,
            aliases: Vec::new(),
            device: device.device,
            roles,
            relay: false,
        };
        self.people
            .insert(device.device, (author, identity.clone()));
        let welcome = Welcome {
            identity,
            epoch: self.epoch,
            relay_time: clock.now(),
            access: Access {
                token: "token".to_owned(),
                token_ttl_s: 900,
                challenge: vec![1],
                check_in: None,
            },
        };
        store
            .welcome(&welcome, "http://127.0.0.1:1", clock.now())
            .unwrap();
    }

    /// Who a device acts for.
    pub(crate) fn person_of(&self, device: DeviceId) -> Option<PersonId> {
        self.people.get(&device).map(|(author, _)| author.person)
    }

    /// Takes scopes away from a device.
    pub(crate) fn narrow(&mut self, device: DeviceId, keep: impl Fn(&Scope) -> bool) {
        let (_, identity) = self.people.get_mut(&device).unwrap();
        identity.scopes.retain(keep);
        identity.version += 1;
    }

    /// Takes a document out of a scope.
    pub(crate) fn forget(&mut self, scope: &Scope, document: DocumentId) {
        let sequence = self.next();
        let place = self.index.get_mut(&(scope.clone(), document)).unwrap();
        place.last = sequence;
        place.gone = Some(ForgetReason::Left);
    }

    /// Loses everything after a sequence, as a restore from a backup does.
    pub(crate) fn restore(&mut self, to: u64, epoch: Epoch) {
        self.epoch = epoch;
        let all = std::mem::take(&mut self.kept);
        let people = std::mem::take(&mut self.people);
        self.index.clear();
        self.head = 0;
        let mut changes: Vec<(DocumentId, Kind, StoredChange)> = all
            .into_iter()
            .flat_map(|(id, kept)| {
                let kind = kept.kind.unwrap();
                kept.changes.into_iter().map(move |c| (id, kind, c))
            })
            .filter(|(_, _, change)| change.sequence.get() <= to)
            .collect();
        changes.sort_by_key(|(_, _, change)| change.sequence);
        for (id, kind, change) in changes {
            let device = inspect(&change.change).unwrap().actor.device();
            let author = people.get(&device).map_or_else(
                || Author {
                    person: PersonId::from_bytes([9; 16]),
                    aliases: Vec::new(),
                    device,
                    roles: Vec::new(),
                    relay: true,
                },
                |(author, _)| author.clone(),
            );
            self.store(&author, id, kind, &change.change);
        }
        self.people = people;
    }

    fn store(&mut self, author: &Author, id: DocumentId, kind: Kind, chunk: &[u8]) -> Outcome {
        let change = match inspect(chunk) {
            Ok(change) => change,
            Err(refusal) => return Outcome::Refused(Reason::from(&refusal)),
        };
        let kept = self.kept.get(&id).cloned().unwrap_or_default();
        let same = |stored: &&StoredChange| ChangeHash::of_chunk(&stored.change) == change.hash;
        if let Some(stored) = kept.changes.iter().find(same) {
            return Outcome::Duplicate(Stored {
                sequence: stored.sequence,
                received_at: stored.received_at,
                skew_ms: stored.skew_ms,
            });
        }
        let reason = |code: &str| Reason {
            code: code.to_owned(),
            path: None,
            bound: None,
        };
        if self.refuse.contains(&change.hash) {
            return Outcome::Refused(reason("field.forbidden"));
        }
        if self.quarantine.contains(&change.hash) {
            return Outcome::Quarantined(reason("right.ended"));
        }
        let known = Known {
            desks: None,
            last_ops: kept
                .changes
                .iter()
                .filter_map(|stored| inspect(&stored.change).ok())
                .map(|change| (change.hash, change.last_op))
                .collect(),
            pardoned: false,
            received_at: None,
            outlines: gate::references(kind, &change)
                .into_iter()
                .filter_map(|id| Some((id, self.kept.get(&id)?.outline.clone()?)))
                .collect(),
        };
        match decide(id, kind, kept.outline.as_ref(), author, &change, &known) {
            Verdict::Accept(outline) => {
                let stored = self.keep(id, kind, chunk);
                self.kept.get_mut(&id).unwrap().outline = Some((*outline).clone());
                for scope in route::audience(kind, &outline.routing) {
                    self.place(scope, id, stored.sequence.get());
                }
                Outcome::Accepted(stored)
            }
            Verdict::Needs(hashes) if hashes.iter().any(|h| self.quarantine.contains(h)) => {
                self.quarantine.insert(change.hash);
                Outcome::Quarantined(reason("dependency.held"))
            }
            Verdict::Needs(hashes) => Outcome::Needs(hashes),
            Verdict::Refuse(refusal) => Outcome::Refused(Reason::from(&refusal)),
            Verdict::Quarantine(refusal) => Outcome::Quarantined(Reason::from(&refusal)),
        }
    }

    fn keep(&mut self, id: DocumentId, kind: Kind, chunk: &[u8]) -> Stored {
        let stored = Stored {
            sequence: Sequence::new(self.next()).unwrap(),
            received_at: Timestamp::from_ms(MORNING + 1),
            skew_ms: 0,
        };
        let kept = self.kept.entry(id).or_default();
        kept.kind = Some(kind);
        kept.changes.push(StoredChange {
            sequence: stored.sequence,
            received_at: stored.received_at,
            skew_ms: stored.skew_ms,
            change: chunk.to_vec(),
        });
        stored
    }

    /// Puts something unheard-of into a scope.
    pub(crate) fn plant(&mut self, scope: &Scope, id: DocumentId, kind: Kind, chunk: &[u8]) {
        let stored = self.keep(id, kind, chunk);
        self.place(scope.clone(), id, stored.sequence.get());
    }

    fn place(&mut self, scope: Scope, id: DocumentId, last: u64) {
        let place = self.index.entry((scope, id)).or_insert(Place {
            last,
            joined: last,
            gone: None,
        });
        place.last = last;
        if place.gone.take().is_some() {
            place.joined = last;
        }
    }
}
