//! Chance from a seed: the only source of randomness in a simulated world.
//!
//! A run is repeated by its seed alone. Every part of the world has its own stream
//! ([`Chance::fork`]), so that one more draw in one place does not change all others.

/// A stream of numbers that looks random and repeats (SplitMix64).
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream of its own for the part of the world called `name`.
    #[must_use]
    pub fn fork(&self, name: &str) -> Self {
        let mut forked = self.state;
        for byte in name.bytes() {
            forked = Self::mix(forked.wrapping_add(STEP) ^ u64::from(byte));
        }
        Self::new(forked)
    }

    const fn mix(mut z: u64) -> u64 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        Self::mix(self.state)
    }

    /// A number from 0 to `bound - 1`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.below(width))
    }

    /// A position in something of `len` parts; 0 if it has none.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True once in `odds` times.
    pub fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    /// One of them.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.number().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_forks_differ() {
        let draw = |mut chance: Chance| [chance.number(), chance.number(), chance.number()];
        assert_eq!(draw(Chance::new(1)), draw(Chance::new(1)));
        assert_ne!(draw(Chance::new(1)), draw(Chance::new(2)));
        let root = Chance::new(1);
        assert_ne!(draw(root.fork("phone 1")), draw(root.fork("phone 2")));
        assert_eq!(draw(root.fork("net")), draw(root.fork("net")));
    }

    #[test]
    fn bounds_are_kept() {
        let mut chance = Chance::new(7);
        for _ in 0..1_000 {
            assert!(chance.below(3) < 3);
            assert!((-2..=2).contains(&chance.between(-2, 2)));
        }
        assert_eq!(chance.below(0), 0);
    }
}
