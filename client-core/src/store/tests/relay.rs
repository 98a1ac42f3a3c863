//! A tiny relay. It keeps everything in maps and follows the exchange's rules as they are written
//! down, with the model's own gate.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::identity::{Access, Identity, Welcome};
use yizhan_proto::sync::{
    Fetched, ForgetReason, Item, Outcome, Page, RangeDigest, RangeEntry, Reason, Receipt,
    RepairAnswer, Stored, StoredChange, SyncRequest, SyncResponse,
};
use yizhan_proto::{
    ChangeHash, Cursor, DeviceId, DocumentId, Epoch, Kind, PersonId, ProtocolVersion, Role, Scope,
    ScopeDigest, Sequence, Timestamp, Window,
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
pub(super) struct Relay {
    pub(super) epoch: Epoch,
    pub(super) head: u64,
    kept: BTreeMap<DocumentId, Kept>,
    index: BTreeMap<(Scope, DocumentId), Place>,
    people: BTreeMap<DeviceId, (Author, Identity)>,
    /// Documents in a page.
    pub(super) page_items: usize,
    /// Changes to refuse, whatever the gate says.
    pub(super) refuse: BTreeSet<ChangeHash>,
    /// Changes to quarantine.
    pub(super) quarantine: BTreeSet<ChangeHash>,
    pub(super) acknowledged: Vec<(Scope, DocumentId)>,
}

impl Relay {
    pub(super) fn new() -> Self {
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

    fn next(&mut self) -> u64 {
        self.head += 1;
        self.head
    }

    pub(super) fn pair(&mut self, store: &mut Store, roles: Vec<Role>, clock: &TestClock) {
        let device = store.device().unwrap();
        let regions = vec!["changzhou".parse().unwrap()];
        let scopes = route::subscriptions(device.person, &[], &roles, &regions);
        let identity = Identity {
            version: 1,
            person: device.person,
            name: "somebody".to_owned(),
            aliases: Vec::new(),
            roles: roles.clone(),
            scopes,
            regions,
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
            },
        };
        store
            .welcome(&welcome, "http://127.0.0.1:1", clock.now())
            .unwrap();
    }

    /// Takes scopes away from a device.
    pub(super) fn narrow(&mut self, device: DeviceId, keep: impl Fn(&Scope) -> bool) {
        let (_, identity) = self.people.get_mut(&device).unwrap();
        identity.scopes.retain(keep);
        identity.version += 1;
    }

    /// Takes a document out of a scope.
    pub(super) fn forget(&mut self, scope: &Scope, document: DocumentId) {
        let sequence = self.next();
        let place = self.index.get_mut(&(scope.clone(), document)).unwrap();
        place.last = sequence;
        place.gone = Some(ForgetReason::Left);
    }

    /// Loses everything after a sequence, as a restore from a backup does.
    pub(super) fn restore(&mut self, to: u64, epoch: Epoch) {
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
            last_ops: kept
                .changes
                .iter()
                .filter_map(|stored| inspect(&stored.change).ok())
                .map(|change| (change.hash, change.last_op))
                .collect(),
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
    pub(super) fn plant(&mut self, scope: &Scope, id: DocumentId, kind: Kind, chunk: &[u8]) {
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

    fn digest(&self, id: DocumentId) -> DocumentDigest {
        let changes = &self.kept[&id].changes;
        let inspected = changes.iter().map(|stored| inspect(&stored.change).ok());
        let deps: Vec<ChangeHash> = inspected.flatten().flat_map(|change| change.deps).collect();
        let heads: Vec<ChangeHash> = changes
            .iter()
            .map(|stored| ChangeHash::of_chunk(&stored.change))
            .filter(|hash| !deps.contains(hash))
            .collect();
        DocumentDigest::of(id, &heads)
    }

    fn members(&self, scope: &Scope) -> Vec<(DocumentId, Place)> {
        self.index
            .iter()
            .filter(|((of, _), _)| of == scope)
            .map(|((_, id), place)| (*id, *place))
            .collect()
    }

    pub(super) fn scope_digest(&self, scope: &Scope) -> ScopeDigest {
        self.range(scope, None, None)
            .iter()
            .map(|entry| entry.digest)
            .collect()
    }

    pub(super) fn held_in(&self, scope: &Scope) -> Vec<DocumentId> {
        self.range(scope, None, None)
            .iter()
            .map(|entry| entry.document)
            .collect()
    }

    fn range(
        &self,
        scope: &Scope,
        from: Option<DocumentId>,
        until: Option<DocumentId>,
    ) -> Vec<RangeEntry> {
        self.members(scope)
            .into_iter()
            .filter(|(id, place)| {
                place.gone.is_none()
                    && from.is_none_or(|from| from <= *id)
                    && until.is_none_or(|until| *id < until)
            })
            .map(|(document, _)| RangeEntry {
                document,
                digest: self.digest(document),
            })
            .collect()
    }

    fn item(&self, id: DocumentId, place: Place, news: impl Fn(u64) -> bool) -> Item {
        let changes = self.kept[&id].changes.iter();
        Item {
            document: id,
            kind: self.kept[&id].kind.unwrap(),
            sequence: Sequence::new(place.last).unwrap(),
            changes: match place.gone {
                Some(_) => Vec::new(),
                None => changes
                    .filter(|change| news(change.sequence.get()))
                    .cloned()
                    .collect(),
            },
            forget: place.gone,
        }
    }

    fn page(&self, scope: &Scope, window: Option<Window>, pushed: &BTreeSet<u64>) -> Page {
        let window = window.unwrap_or(Window::first_contact(Cursor::new(self.head)));
        let (live, floor) = (window.live.get(), window.floor.get());
        let mut news = self.members(scope);
        news.retain(|(_, place)| place.last > live);
        news.sort_by_key(|(_, place)| place.last);
        let more_news = news.len() > self.page_items;
        news.truncate(self.page_items);
        let mut items: Vec<Item> = news
            .iter()
            .map(|(id, place)| {
                let before = self.kept[id].changes.iter().map(|c| c.sequence.get());
                let latest = before.chain([place.joined]).filter(|s| *s <= live).max();
                let held = place.joined <= live && window.holds(latest.and_then(Sequence::new));
                self.item(*id, *place, |sequence| {
                    (!held || sequence > live) && !pushed.contains(&sequence)
                })
            })
            .collect();
        if more_news {
            let last = items.last().unwrap().sequence;
            return Page {
                scope: scope.clone(),
                items,
                live: Cursor::after(last),
                floor: window.floor,
                digest: None,
                more: true,
            };
        }
        let mut history = self.members(scope);
        history.retain(|(_, place)| place.last <= floor && place.gone.is_none());
        history.sort_by_key(|(_, place)| std::cmp::Reverse(place.last));
        let room = self.page_items - items.len();
        let more = history.len() > room;
        history.truncate(room);
        let lowest = history
            .last()
            .and_then(|(_, place)| Sequence::new(place.last));
        items.extend(
            history
                .iter()
                .map(|(id, place)| self.item(*id, *place, |s| !pushed.contains(&s))),
        );
        let after = Window {
            live: Cursor::new(self.head),
            ..window.filled_down_to(lowest, more)
        };
        Page {
            scope: scope.clone(),
            items,
            live: after.live,
            floor: after.floor,
            digest: (!more).then(|| self.scope_digest(scope)),
            more,
        }
    }

    fn repair(&self, asked: &RangeDigest) -> Option<RepairAnswer> {
        let entries = self.range(&asked.scope, asked.from, asked.until);
        let digest: ScopeDigest = entries.iter().map(|entry| entry.digest).collect();
        (digest != asked.digest).then(|| {
            let few = entries.len() <= 2;
            let half = entries.get(entries.len() / 2).map(|entry| entry.document);
            let part = |from, until| RangeDigest {
                scope: asked.scope.clone(),
                from,
                until,
                digest: self
                    .range(&asked.scope, from, until)
                    .iter()
                    .map(|entry| entry.digest)
                    .collect(),
            };
            RepairAnswer {
                range: RangeDigest {
                    digest,
                    ..asked.clone()
                },
                parts: if few {
                    Vec::new()
                } else {
                    vec![part(asked.from, half), part(half, asked.until)]
                },
                entries: few.then_some(entries),
            }
        })
    }

    /// The scopes to serve, where the device stands in each, and its digest.
    fn asked(
        &self,
        request: &SyncRequest,
        identity: &Identity,
    ) -> Vec<(Scope, Option<Window>, ScopeDigest)> {
        let known = request.identity_version == identity.version;
        match request.summary {
            Some(_) if !known => Vec::new(),
            Some(summary) => {
                let ours = identity
                    .scopes
                    .iter()
                    .fold(ScopeDigest::EMPTY, |sum, s| sum.and(self.scope_digest(s)));
                let quiet = summary.live.get() == self.head && summary.digest == ours;
                let window = Some(Window::complete(summary.live));
                let scopes = identity.scopes.iter().filter(|_| !quiet);
                scopes
                    .map(|scope| (scope.clone(), window, ScopeDigest::EMPTY))
                    .collect()
            }
            None => request
                .scopes
                .iter()
                .filter(|state| identity.scopes.contains(&state.scope))
                .map(|state| (state.scope.clone(), state.window(), state.digest))
                .collect(),
        }
    }

    pub(super) fn sync(&mut self, device: DeviceId, request: &SyncRequest) -> SyncResponse {
        let (author, identity) = self.people[&device].clone();
        let receipts: Vec<Receipt> = request
            .pushes
            .iter()
            .map(|push| Receipt {
                change: ChangeHash::of_chunk(&push.change),
                outcome: self.store(&author, push.document, push.kind, &push.change),
            })
            .collect();
        let pushed: BTreeSet<u64> = receipts
            .iter()
            .filter_map(|receipt| match receipt.outcome {
                Outcome::Accepted(stored) => Some(stored.sequence.get()),
                Outcome::Duplicate(_)
                | Outcome::Refused(_)
                | Outcome::Needs(_)
                | Outcome::Quarantined(_)
                | Outcome::Unknown(_) => None,
            })
            .collect();
        for forgotten in &request.forgotten {
            self.acknowledged
                .push((forgotten.scope.clone(), forgotten.document));
        }
        let same_epoch = request.epoch == Some(self.epoch);
        let known = request.identity_version == identity.version;
        let asked = self.asked(request, &identity);
        let mut pages = Vec::new();
        for (scope, window, digest) in asked {
            let window = window.filter(|_| same_epoch);
            let page = self.page(&scope, window, &pushed);
            let quiet = page.items.is_empty()
                && window.is_some_and(|window| window.is_complete())
                && self.scope_digest(&scope) == digest;
            if !quiet {
                pages.push(page);
            }
        }
        SyncResponse {
            version: ProtocolVersion::CURRENT,
            epoch: self.epoch,
            relay_time: Timestamp::from_ms(MORNING + 1),
            head: Cursor::new(self.head),
            receipts,
            pages,
            identity: (!known).then_some(identity),
            repairs: request
                .repairs
                .iter()
                .filter_map(|asked| self.repair(asked))
                .collect(),
            fetched: request
                .fetches
                .iter()
                .map(|fetch| {
                    let key = (fetch.scope.clone(), fetch.document);
                    Fetched {
                        scope: fetch.scope.clone(),
                        item: self.item(fetch.document, self.index[&key], |_| true),
                    }
                })
                .collect(),
            next_sync_ms: None,
        }
    }
}
