//! Where in a round the engine stands.

use super::effect::Stop;

/// Where the engine stands. Exactly one effect is out in each phase of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No round is on.
    Idle {
        /// Milliseconds of the elapsed clock at which the next round starts by itself.
        wake_at_ms: Option<u64>,
        /// Not before this, unless a person asks.
        not_before_ms: u64,
    },
    /// A request is being written.
    Planning,
    /// A token is being renewed; then the request is written.
    Renewing,
    /// A request is out.
    Sending,
    /// A response is being brought into the store.
    Applying,
    /// No round is on, and none starts before a person asks.
    Stopped(Stop),
}

impl Phase {
    /// Idle with nothing to wait for.
    pub const REST: Self = Self::Idle {
        wake_at_ms: None,
        not_before_ms: 0,
    };

    /// Whether a round is on.
    #[must_use]
    pub const fn is_in_round(self) -> bool {
        match self {
            Self::Idle { .. } | Self::Stopped(_) => false,
            Self::Planning | Self::Renewing | Self::Sending | Self::Applying => true,
        }
    }
}
