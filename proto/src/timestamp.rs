//! A point in time as it is stored and sent: milliseconds since 1970-01-01T00:00:00Z.

use minicbor::{Decode, Encode};

/// Milliseconds since the Unix epoch, UTC, signed. Any `i64` may arrive from outside; what is
/// plausible for a field is the model's decision ([`Timestamp::is_plausible`]).
///
/// A timestamp never orders changes: that is what [`crate::Sequence`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] i64);

impl Timestamp {
    /// 2020-01-01T00:00:00Z: nothing in this service happened before (the earliest reported
    /// activity in the real network data is of August 2020).
    pub const EARLIEST: Self = Self(1_577_836_800_000);
    /// 2100-01-01T00:00:00Z, exclusive.
    pub const LATEST: Self = Self(4_102_444_800_000);

    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This time moved by `ms` milliseconds, held at the ends of `i64`.
    #[must_use]
    pub const fn saturating_add_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time (negative if this is the earlier one), held at
    /// the ends of `i64`.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether the time lies in [`Timestamp::EARLIEST`]..[`Timestamp::LATEST`].
    #[must_use]
    pub fn is_plausible(self) -> bool {
        (Self::EARLIEST..Self::LATEST).contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_holds_at_both_ends_of_i64() {
        assert_eq!(
            Timestamp::from_ms(i64::MAX).saturating_add_ms(1).as_ms(),
            i64::MAX
        );
        assert_eq!(
            Timestamp::from_ms(i64::MIN).ms_since(Timestamp::from_ms(1)),
            i64::MIN
        );
    }

    #[test]
    fn plausible_is_a_half_open_range() {
        assert!(Timestamp::EARLIEST.is_plausible());
        assert!(!Timestamp::EARLIEST.saturating_add_ms(-1).is_plausible());
        assert!(!Timestamp::LATEST.is_plausible());
        assert!(Timestamp::LATEST.saturating_add_ms(-1).is_plausible());
    }
}
