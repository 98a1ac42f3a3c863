//! What is counted in one round, and when it has gone on for long enough: whatever answers, a round
//! comes to an end, and the next one begins after a while.

use super::input::{Applied, Failure};

/// Tokens renewed in one round before it gives up: one that expired, one for a challenge that was
/// too old, one to spare.
pub(super) const RENEWALS_MAX: u32 = 3;
/// Exchanges in one round. At 1 MiB a page this is more than a phone holds; a relay that never
/// comes to an end is left after this.
pub(super) const EXCHANGES_MAX: u32 = 10_000;
/// Exchanges in one round that only look for where device and relay differ: sixteen-fold
/// narrowing finds any document in far fewer.
pub(super) const REPAIRS_MAX: u32 = 200;
/// Times in one round that a request is made smaller to find what the relay fails on.
pub(super) const NARROWINGS_MAX: u32 = 64;
/// Exchanges in a row that move a cursor, or confirm what was confirmed before, and bring nothing.
/// All own changes of a phone offered again, to a restored relay that has them, are fewer.
pub(super) const BARREN_MAX: u32 = 256;
/// Answers in one round that give the device another identity: roles change by hand.
pub(super) const IDENTITIES_MAX: u32 = 8;
/// Answers of another lineage, without a round in between that knows of none: a relay is restored by
/// hand, and each time everything is offered again.
pub(super) const LINEAGES_MAX: u32 = 4;
/// Milliseconds until the next round after one that came to no end by itself.
pub(super) const LONG_WAIT_MS: u64 = 10 * 60 * 1_000;

/// What is counted in one round.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) exchanges: u32,
    pub(super) renewals: u32,
    pub(super) narrowings: u32,
    pub(super) repairs: u32,
    pub(super) probe: Probe,
    /// Something happened since the request was written: one more exchange.
    pub(super) again: bool,
    /// An answer was of another lineage than the one before.
    pub(super) other_lineage: bool,
    barren: u32,
    identities: u32,
}

impl Round {
    /// Counts an exchange that was applied; `lineages` is how many answers of another lineage there
    /// were, of late. Says why the round is to end, if it is.
    pub(super) fn count(&mut self, applied: &Applied, lineages: u32) -> Option<Failure> {
        self.other_lineage |= applied.another_lineage;
        self.identities += u32::from(applied.another_identity);
        self.barren = match applied.fruitful {
            true => 0,
            false => self.barren + 1,
        };
        if self.exchanges >= EXCHANGES_MAX {
            Some(Failure::RoundTooLong)
        } else if applied.another_lineage && lineages > LINEAGES_MAX
            || applied.another_identity && self.identities > IDENTITIES_MAX
        {
            Some(Failure::Unsteady)
        } else if self.barren > BARREN_MAX && applied.more {
            Some(Failure::NoProgress)
        } else {
            None
        }
    }
}

/// Whether the relay serves this device at all, apart from what it is sent. Asked, by a request
/// that pushes nothing, before a change is held responsible for a relay's failure.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    #[default]
    NotAsked,
    Out,
    Passed,
}
