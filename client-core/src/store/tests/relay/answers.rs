//! What the tiny relay answers: pages, repairs, one exchange.

use std::collections::BTreeSet;

use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::identity::Identity;
use yizhan_proto::sync::{
    Fetched, Item, Outcome, Page, RangeDigest, RangeEntry, Receipt, RepairAnswer, SyncRequest,
    SyncResponse,
};
use yizhan_proto::{
    ChangeHash, Cursor, DeviceId, DocumentId, ProtocolVersion, Scope, ScopeDigest, Sequence,
    Timestamp, Window,
};

use super::super::world::MORNING;
use super::{Place, Relay};
use crate::model::inspect;

/// What the scope never held, has left it.
fn stranger(document: DocumentId, head: u64) -> Item {
    Item {
        document,
        kind: yizhan_proto::Kind::from_code(0),
        sequence: Sequence::new(head.max(1)).unwrap(),
        changes: Vec::new(),
        forget: Some(yizhan_proto::sync::ForgetReason::Left),
    }
}

impl Relay {
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

    pub(crate) fn scope_digest(&self, scope: &Scope) -> ScopeDigest {
        self.range(scope, None, None)
            .iter()
            .map(|entry| entry.digest)
            .collect()
    }

    pub(crate) fn held_in(&self, scope: &Scope) -> Vec<DocumentId> {
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
        let settled = window.settled.get();
        let mut news = self.members(scope);
        news.retain(|(_, place)| place.last > live);
        news.sort_by_key(|(_, place)| place.last);
        let more_news = news.len() > self.page_items;
        news.truncate(self.page_items);
        let mut items: Vec<Item> = news
            .iter()
            .map(|(id, place)| {
                let before = self.kept[id].changes.iter().map(|c| c.sequence.get());
                let latest = before.chain([place.joined]).filter(|s| *s <= settled).max();
                let held = place.joined <= settled && window.holds(latest.and_then(Sequence::new));
                self.item(*id, *place, |sequence| {
                    (!held || sequence > settled) && !pushed.contains(&sequence)
                })
            })
            .collect();
        if more_news {
            let last = items.last().unwrap().sequence;
            return Page::new(scope.clone(), items, window.read_up_to(last), None, true);
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
        let after = window
            .filled_down_to(lowest, more)
            .settled_at(Cursor::new(self.head));
        let digest = (!more).then(|| self.scope_digest(scope));
        Page::new(scope.clone(), items, after, digest, more)
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

    pub(crate) fn sync(&mut self, device: DeviceId, request: &SyncRequest) -> SyncResponse {
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
                | Outcome::Later(_)
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
            let window = window.filter(|window| same_epoch && window.live.get() <= self.head);
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
                    let item = match self.index.get(&key) {
                        Some(place) => self.item(fetch.document, *place, |_| true),
                        None => stranger(fetch.document, self.head),
                    };
                    Fetched {
                        scope: fetch.scope.clone(),
                        item,
                    }
                })
                .collect(),
            next_sync_ms: None,
            decisions: None,
        }
    }
}
