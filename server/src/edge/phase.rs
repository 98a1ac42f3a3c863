//! What a connection waits for, as its stream and its service both know it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The first byte of its first request.
    Fresh,
    /// The first byte of its next request.
    Idle,
    /// The rest of a request's head.
    Head,
    /// A request is served: its body, where there is one, is waited for by whoever reads it.
    Served,
}

/// The phase of one connection. Clones are of the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Phases(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    /// Whoever began to wait for bytes while a request was served, when nothing bounded the wait.
    reader: Mutex<Option<Waker>>,
}

impl Phases {
    pub(super) fn now(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Fresh,
            1 => Phase::Idle,
            2 => Phase::Head,
            _ => Phase::Served,
        }
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
    }

    /// Wakes `reader` when the request under way is answered: from then on its wait is bounded.
    pub(super) fn wake_when_answered(&self, reader: &Waker) {
        let mut slot = self.0.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if !slot.as_ref().is_some_and(|known| known.will_wake(reader)) {
            *slot = Some(reader.clone());
        }
    }
}

/// A request under way: when it is dropped, with the last of its answer, the next is waited for.
#[derive(Debug)]
pub(super) struct UnderWay(Phases);

impl UnderWay {
    pub(super) fn new(phases: &Phases) -> Self {
        phases.set(Phase::Served);
        Self(phases.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.set(Phase::Idle);
        let reader = self.0.0.reader.lock();
        let reader = reader.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_goes_from_fresh_to_idle_by_way_of_a_request() {
        let phases = Phases::default();
        assert_eq!(phases.now(), Phase::Fresh);
        for phase in [Phase::Idle, Phase::Head, Phase::Served, Phase::Fresh] {
            phases.set(phase);
            assert_eq!(phases.now(), phase);
        }
        let under_way = UnderWay::new(&phases);
        assert_eq!(phases.now(), Phase::Served);
        drop(under_way);
        assert_eq!(phases.now(), Phase::Idle);
    }
}
