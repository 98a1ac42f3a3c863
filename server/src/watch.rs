//! Tells listeners that a scope moved, and nothing else. Never queues without bound: each
//! listener holds at most one number a scope, and one that falls behind is told to pull.

use yizhan_proto::watch::Moved;

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// A scope has something up to this sequence (moves of one scope in between are merged).
    Moved(Moved),
    /// Sync now: the listener missed something, or its identity changed.
    Pull,
    /// The end: the device was revoked, or the relay is shutting down.
    Closed,
}

/// One listener. Dropping it ends the listening.
#[derive(Debug)]
pub struct Watch {
    _private: (),
}

impl Watch {
    /// Waits for the next event. Cancel-safe: an event not returned is still there. After
    /// [`WatchEvent::Closed`] there is only that.
    pub async fn next(&mut self) -> WatchEvent {
        todo!()
    }
}
