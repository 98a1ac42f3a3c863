//! When a provider's keys may be read again: a pure decision, and one reading at a time.
//!
//! An unknown key id may be a new key of the provider's, or somebody's invention: so it makes the
//! keys be read, but not again before a while has passed.

/// Whether to read the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It was done a moment ago.
    No,
    /// Somebody is at it.
    UnderWay,
    /// By whoever was told so.
    Yes,
}

/// What is known of readings. Times are milliseconds of the relay's monotonic clock.
#[derive(Debug)]
pub(super) struct Refresh {
    cooldown_ms: u64,
    age_ms_max: u64,
    began_at_ms: Option<u64>,
    under_way: bool,
}

impl Refresh {
    /// At most one reading in so many milliseconds, and one at least when keys are older than that.
    pub(super) const fn new(cooldown_ms: u64, age_ms_max: u64) -> Self {
        Self {
            cooldown_ms,
            age_ms_max,
            began_at_ms: None,
            under_way: false,
        }
    }

    /// A token names a key that is not known.
    pub(super) fn for_unknown_key(&mut self, now_ms: u64) -> Wanted {
        if self.under_way {
            return Wanted::UnderWay;
        }
        if self.is_younger_than(self.cooldown_ms, now_ms) {
            return Wanted::No;
        }
        self.began(now_ms);
        Wanted::Yes
    }

    /// A token names a key that is known: whether it is time to ask if the provider still has it.
    pub(super) fn for_age(&mut self, now_ms: u64) -> bool {
        let due = !self.under_way
            && !self.is_younger_than(self.age_ms_max, now_ms)
            && !self.is_younger_than(self.cooldown_ms, now_ms);
        if due {
            self.began(now_ms);
        }
        due
    }

    pub(super) fn began(&mut self, now_ms: u64) {
        self.began_at_ms = Some(now_ms);
        self.under_way = true;
    }

    /// The reading ended, well or not: the wait for the next counts from here.
    pub(super) fn ended(&mut self, now_ms: u64) {
        self.began_at_ms = Some(now_ms);
        self.under_way = false;
    }

    fn is_younger_than(&self, ms: u64, now_ms: u64) -> bool {
        self.began_at_ms
            .is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_unknown_keys_reads_once_a_while() {
        let mut refresh = Refresh::new(60_000, 3_600_000);
        let mut readings = 0;
        for now_ms in (0..600_000).step_by(100) {
            match refresh.for_unknown_key(now_ms) {
                Wanted::Yes => {
                    readings += 1;
                    // While it lasts nobody else reads.
                    assert_eq!(refresh.for_unknown_key(now_ms), Wanted::UnderWay);
                    assert!(!refresh.for_age(now_ms));
                    refresh.ended(now_ms);
                }
                Wanted::No => {}
                Wanted::UnderWay => panic!("it has ended"),
            }
        }
        assert_eq!(readings, 10);
    }

    #[test]
    fn old_keys_are_read_again_though_they_are_known() {
        let mut refresh = Refresh::new(60_000, 3_600_000);
        refresh.began(0);
        refresh.ended(1_000);
        assert!(!refresh.for_age(3_600_999));
        assert!(refresh.for_age(3_601_000));
        assert!(!refresh.for_age(3_601_000), "one at a time");
        refresh.ended(3_602_000);
        assert!(!refresh.for_age(3_603_000));
    }
}
