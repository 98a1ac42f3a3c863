//! How long somebody who takes bytes slowly is waited for: a pure count.
//!
//! Waiting uses patience up; every byte taken gives some of it back, never more than there was at
//! first. So whoever takes nothing is waited for once, and whoever takes a byte now and then is not
//! waited for much longer; but a phone on a thin line, which takes bytes steadily, may go on for as
//! long as it needs.

/// What is left of the patience with one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    full_ms: u64,
    bytes_per_s_min: u64,
    left_ms: u64,
}

impl Patience {
    /// Full patience: so many milliseconds without a byte, and for ever at that rate.
    pub(super) const fn new(full_ms: u64, bytes_per_s_min: u64) -> Self {
        Self {
            full_ms,
            bytes_per_s_min,
            left_ms: full_ms,
        }
    }

    /// Milliseconds that one may still wait for the next byte.
    pub(super) const fn left_ms(&self) -> u64 {
        self.left_ms
    }

    /// After waiting so long, so many bytes were taken.
    pub(super) fn moved(&mut self, waited_ms: u64, bytes: usize) {
        let earned_ms = (bytes as u64)
            .saturating_mul(1_000)
            .checked_div(self.bytes_per_s_min)
            .unwrap_or(self.full_ms);
        self.left_ms = self
            .left_ms
            .saturating_sub(waited_ms)
            .saturating_add(earned_ms)
            .min(self.full_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thin_line_may_go_on_and_a_drip_may_not() {
        let mut thin = Patience::new(30_000, 1_000);
        for _ in 0..10_000 {
            thin.moved(1_000, 1_500);
        }
        assert_eq!(thin.left_ms(), 30_000);
        let mut drip = Patience::new(30_000, 1_000);
        let mut waited_ms = 0;
        // It ends when the wait for the next byte is longer than what is left.
        while drip.left_ms() >= 10_000 {
            drip.moved(10_000, 1);
            waited_ms += 10_000;
        }
        assert_eq!(waited_ms, 30_000, "one byte in ten seconds buys no time");
    }

    #[test]
    fn a_burst_does_not_buy_more_than_there_was() {
        let mut patience = Patience::new(30_000, 1_000);
        patience.moved(0, usize::MAX);
        assert_eq!(patience.left_ms(), 30_000);
        patience.moved(30_000, 0);
        assert_eq!(patience.left_ms(), 0);
        // Without a least rate, any byte restores it.
        let mut lenient = Patience::new(30_000, 0);
        lenient.moved(29_000, 1);
        assert_eq!(lenient.left_ms(), 30_000);
    }
}
