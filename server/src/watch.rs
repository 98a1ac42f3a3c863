//! Tells listeners that a scope moved, and nothing else. Never queues without bound: each
//! listener holds at most one number a scope, for few scopes, and one that falls behind is told
//! to pull.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use yizhan_proto::watch::Moved;
use yizhan_proto::{DeviceId, Scope, Sequence};

/// Scopes that may have moved before a listener is told to pull.
const PENDING_SCOPES_MAX: usize = 16;
/// Listeners of one device; one more ends the oldest.
const LISTENERS_PER_DEVICE_MAX: usize = 4;

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// A scope has something up to this sequence (moves of one scope in between are merged).
    Moved(Moved),
    /// Sync now: the listener missed something, or its identity changed.
    Pull,
    /// The end: the device was revoked, listens too often, or the relay is shutting down.
    Closed,
}

/// One listener. Dropping it ends the listening.
#[derive(Debug)]
pub struct Watch {
    id: u64,
    listener: Arc<Listener>,
    hub: Arc<Hub>,
}

impl Watch {
    /// Waits for the next event. Cancel-safe: an event not returned is still there. After
    /// [`WatchEvent::Closed`] there is only that.
    pub async fn next(&mut self) -> WatchEvent {
        loop {
            if let Some(event) = self.listener.take() {
                return event;
            }
            self.listener.wake.notified().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hub.lock().remove(self.id);
    }
}

/// What a device may listen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) device: DeviceId,
    pub(crate) identity_version: u64,
    pub(crate) scopes: Vec<Scope>,
}

#[derive(Debug)]
struct Listener {
    pending: Mutex<Pending>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    moved: BTreeMap<Scope, Sequence>,
    pull: bool,
    closed: bool,
}

impl Listener {
    fn take(&self) -> Option<WatchEvent> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.closed {
            return Some(WatchEvent::Closed);
        }
        if std::mem::take(&mut pending.pull) {
            return Some(WatchEvent::Pull);
        }
        let (scope, sequence) = pending.moved.pop_first()?;
        Some(WatchEvent::Moved(Moved { scope, sequence }))
    }

    fn change(&self, change: impl FnOnce(&mut Pending)) {
        change(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn moved(&self, scope: &Scope, sequence: Sequence) {
        self.change(|pending| {
            // A pull that is not taken yet covers everything.
            if pending.pull {
                return;
            }
            pending.moved.insert(scope.clone(), sequence);
            if pending.moved.len() > PENDING_SCOPES_MAX {
                pending.moved.clear();
                pending.pull = true;
            }
        });
    }

    fn pull(&self) {
        self.change(|pending| {
            pending.moved.clear();
            pending.pull = true;
        });
    }

    fn close(&self) {
        self.change(|pending| pending.closed = true);
    }
}

/// All listeners.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    closed: bool,
    listeners: BTreeMap<u64, (Subscription, Arc<Listener>)>,
    by_scope: BTreeMap<Scope, BTreeSet<u64>>,
}

impl State {
    fn add(&mut self, id: u64, subscription: Subscription, listener: Arc<Listener>) {
        for scope in &subscription.scopes {
            self.by_scope.entry(scope.clone()).or_default().insert(id);
        }
        self.listeners.insert(id, (subscription, listener));
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Listener>> {
        let (subscription, listener) = self.listeners.remove(&id)?;
        for scope in &subscription.scopes {
            if let Some(ids) = self.by_scope.get_mut(scope) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_scope.remove(scope);
                }
            }
        }
        Some(listener)
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins listening to what the device may listen to. That is asked under the lock under which
    /// a change of people is followed: one that comes between finds the listener here.
    ///
    /// # Errors
    /// What `current` says, if the device may not listen.
    pub(crate) fn listen<E>(
        self: &Arc<Self>,
        current: impl FnOnce() -> Result<Subscription, E>,
    ) -> Result<Watch, E> {
        let listener = Arc::new(Listener {
            pending: Mutex::default(),
            wake: Notify::new(),
        });
        let mut state = self.lock();
        let subscription = current()?;
        let same: Vec<u64> = state
            .listeners
            .iter()
            .filter(|(_, (other, _))| other.device == subscription.device)
            .map(|(id, _)| *id)
            .collect();
        for id in same.iter().rev().skip(LISTENERS_PER_DEVICE_MAX - 1) {
            if let Some(oldest) = state.remove(*id) {
                oldest.close();
            }
        }
        if state.closed {
            listener.close();
        }
        let id = state.next_id;
        state.next_id += 1;
        state.add(id, subscription, Arc::clone(&listener));
        Ok(Watch {
            id,
            listener,
            hub: Arc::clone(self),
        })
    }

    /// Tells whoever listens to these scopes.
    pub(crate) fn publish(&self, moved: &BTreeMap<Scope, Sequence>) {
        let state = self.lock();
        for (scope, sequence) in moved {
            for id in state.by_scope.get(scope).into_iter().flatten() {
                if let Some((_, listener)) = state.listeners.get(id) {
                    listener.moved(scope, *sequence);
                }
            }
        }
    }

    /// Follows a change of people: `current` says what a device may listen to, or `None` if it
    /// may not at all.
    pub(crate) fn refresh(&self, current: impl Fn(DeviceId) -> Option<Subscription>) {
        let mut state = self.lock();
        let stale: Vec<(u64, Option<Subscription>)> = state
            .listeners
            .iter()
            .filter_map(|(id, (known, _))| {
                let current = current(known.device);
                (current.as_ref() != Some(known)).then_some((*id, current))
            })
            .collect();
        for (id, subscription) in stale {
            let Some(listener) = state.remove(id) else {
                continue;
            };
            match subscription {
                Some(subscription) => {
                    listener.pull();
                    state.add(id, subscription, listener);
                }
                None => listener.close(),
            }
        }
    }

    /// Ends all listening, for good.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for (_, listener) in state.listeners.values() {
            listener.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(number: u8) -> Scope {
        Scope::Station(yizhan_proto::StationId::from_bytes([number; 16]))
    }

    fn subscription(scopes: std::ops::Range<u8>) -> Subscription {
        Subscription {
            device: DeviceId::from_bytes([1; 16]),
            identity_version: 1,
            scopes: scopes.map(scope).collect(),
        }
    }

    fn listen(hub: &Arc<Hub>, subscription: Subscription) -> Watch {
        hub.listen(|| Ok::<_, ()>(subscription)).unwrap()
    }

    fn moved(number: u8, sequence: u64) -> (Scope, Sequence) {
        (scope(number), Sequence::new(sequence).unwrap())
    }

    #[tokio::test]
    async fn moves_of_one_scope_are_merged_and_others_are_not_heard() {
        let hub = Arc::new(Hub::default());
        let mut watch = listen(&hub, subscription(0..2));
        hub.publish(&BTreeMap::from([moved(0, 1), moved(7, 1)]));
        hub.publish(&BTreeMap::from([moved(0, 2)]));
        let (scope, sequence) = moved(0, 2);
        assert_eq!(
            watch.next().await,
            WatchEvent::Moved(Moved { scope, sequence })
        );
        assert_eq!(watch.listener.take(), None);
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_to_pull_once() {
        let hub = Arc::new(Hub::default());
        let mut watch = listen(&hub, subscription(0..100));
        for number in 0..100 {
            hub.publish(&BTreeMap::from([moved(number, 1)]));
        }
        assert_eq!(watch.next().await, WatchEvent::Pull);
        assert_eq!(watch.listener.take(), None);
    }

    #[tokio::test]
    async fn a_revoked_device_a_shutdown_and_a_fifth_listener_end_it() {
        let hub = Arc::new(Hub::default());
        let mut watch = listen(&hub, subscription(0..1));
        hub.refresh(|_| None);
        assert_eq!(watch.next().await, WatchEvent::Closed);

        let mut five: Vec<_> = (0..5).map(|_| listen(&hub, subscription(0..1))).collect();
        assert_eq!(five[0].next().await, WatchEvent::Closed);
        assert_eq!(five[1].listener.take(), None);

        hub.close();
        assert_eq!(five[1].next().await, WatchEvent::Closed);
        assert_eq!(
            listen(&hub, subscription(0..1)).next().await,
            WatchEvent::Closed
        );
        drop(five);
        drop(watch);
        assert!(hub.lock().by_scope.is_empty(), "nothing is left behind");
    }

    #[tokio::test]
    async fn a_new_identity_is_a_pull_and_new_scopes() {
        let hub = Arc::new(Hub::default());
        let mut watch = listen(&hub, subscription(0..1));
        hub.refresh(|_| Some(subscription(3..4)));
        assert_eq!(watch.next().await, WatchEvent::Pull);
        hub.publish(&BTreeMap::from([moved(0, 5), moved(3, 6)]));
        let (scope, sequence) = moved(3, 6);
        assert_eq!(
            watch.next().await,
            WatchEvent::Moved(Moved { scope, sequence })
        );
    }

    /// A right ends while its device begins to listen: whichever comes first, the listener hears
    /// nothing of what was its own before.
    #[tokio::test]
    async fn a_right_that_ends_while_somebody_begins_to_listen_is_not_missed() {
        let hub = Arc::new(Hub::default());
        let mut ending = None;
        let mut watch = hub
            .listen(|| {
                let hub = Arc::clone(&hub);
                let (begins, begun) = std::sync::mpsc::channel::<()>();
                ending = Some(std::thread::spawn(move || {
                    drop(begins);
                    hub.refresh(|_| Some(subscription(3..4)));
                }));
                // It has begun, and waits for its turn, if turns are taken.
                begun.recv().unwrap_err();
                Ok::<_, ()>(subscription(0..1))
            })
            .unwrap();
        ending.unwrap().join().unwrap();
        hub.publish(&BTreeMap::from([moved(0, 5)]));
        assert_eq!(watch.next().await, WatchEvent::Pull);
        assert_eq!(watch.listener.take(), None);
    }
}
