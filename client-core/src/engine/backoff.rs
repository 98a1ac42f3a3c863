//! How long to wait before trying again: exponential with full jitter, and the relay's hints.
//!
//! Full jitter: the wait is drawn evenly between nothing and the exponential bound, so that
//! a hundred phones that lost their relay at once do not come back at once.

/// The bound of the first wait, milliseconds.
pub(super) const BASE_MS: u64 = 1_000;
/// The bound that waits grow to, milliseconds.
pub(super) const CAP_MS: u64 = 5 * 60 * 1_000;
/// The longest hint of a relay that is followed, milliseconds: a wrong number there must not
/// silence a phone for days.
pub(super) const HINT_MAX_MS: u64 = 60 * 60 * 1_000;

/// Waits that grow with each failure in a row.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    failures: u32,
    random: SplitMix,
}

impl Backoff {
    /// No failure yet; `seed` makes the jitter.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            failures: 0,
            random: SplitMix(seed),
        }
    }

    /// A success: the next wait is a first one again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// One more failure: milliseconds to wait. With a hint of the relay's never less than the
    /// hint (up to [`HINT_MAX_MS`]), and a jitter on top.
    pub(super) fn next_wait_ms(&mut self, hint_ms: Option<u64>) -> u64 {
        let bound_ms = 1_u64
            .checked_shl(self.failures)
            .map_or(CAP_MS, |factor| BASE_MS.saturating_mul(factor).min(CAP_MS));
        self.failures = self.failures.saturating_add(1);
        let jitter_ms = self.random.up_to(bound_ms);
        hint_ms.map_or(jitter_ms, |hint_ms| {
            let hint_ms = hint_ms.min(HINT_MAX_MS);
            hint_ms + jitter_ms.min(hint_ms)
        })
    }
}

/// SplitMix64: even enough for jitter, and the same everywhere for one seed.
#[derive(Debug, Clone)]
struct SplitMix(u64);

impl SplitMix {
    /// A number from 0 to `most`, both included.
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        match most.checked_add(1) {
            Some(choices) => mixed % choices,
            None => mixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bound_doubles_from_one_second_to_five_minutes() {
        // Over many seeds the largest first wait comes near the bound, and never passes it.
        for (failures, bound_ms) in [
            (0, 1_000),
            (1, 2_000),
            (4, 16_000),
            (8, 256_000),
            (9, CAP_MS),
            (63, CAP_MS),
            (64, CAP_MS),
            (u32::MAX, CAP_MS),
        ] {
            let largest = (0..400)
                .map(|seed| {
                    let mut backoff = Backoff::new(seed);
                    backoff.failures = failures;
                    backoff.next_wait_ms(None)
                })
                .max()
                .unwrap();
            assert!(largest <= bound_ms, "{failures}: {largest}");
            assert!(largest > bound_ms / 10 * 9, "{failures}: {largest}");
        }
    }

    #[test]
    fn a_success_starts_over() {
        let mut backoff = Backoff::new(7);
        for _ in 0..20 {
            backoff.next_wait_ms(None);
        }
        backoff.reset();
        assert!(backoff.next_wait_ms(None) <= BASE_MS);
    }

    proptest! {
        #[test]
        fn a_hint_is_never_undercut(seed: u64, failures in 0_u32..40, hint_ms: u64) {
            let mut backoff = Backoff::new(seed);
            backoff.failures = failures;
            let wait_ms = backoff.next_wait_ms(Some(hint_ms));
            prop_assert!(wait_ms >= hint_ms.min(HINT_MAX_MS));
            prop_assert!(wait_ms <= 2 * HINT_MAX_MS);
        }

        #[test]
        fn one_seed_waits_the_same_everywhere(seed: u64) {
            let waits = |mut backoff: Backoff| -> Vec<u64> {
                (0..12).map(|_| backoff.next_wait_ms(None)).collect()
            };
            prop_assert_eq!(waits(Backoff::new(seed)), waits(Backoff::new(seed)));
        }
    }
}
