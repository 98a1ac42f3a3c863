//! What a connection waits for, as its stream and its service both know it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

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
pub(super) struct Phases(Arc<AtomicU8>);

impl Phases {
    pub(super) fn now(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Fresh,
            1 => Phase::Idle,
            2 => Phase::Head,
            _ => Phase::Served,
        }
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
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
