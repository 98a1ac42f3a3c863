//! How much one device may add in one hour to a log that is never shortened. In memory: a restart
//! begins the hour anew.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use yizhan_proto::{DeviceId, Timestamp};

/// Milliseconds of an hour.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// Devices remembered; past it all are forgotten, and begin anew.
const DEVICES_MAX: usize = 100_000;

/// What each device took of its allowance in the hour it is.
#[derive(Debug, Default)]
pub(in super::super) struct Allowance(Mutex<BTreeMap<DeviceId, (i64, u32)>>);

impl Allowance {
    /// Takes one of a device's `most` of this hour; says whether there was one left.
    pub(in super::super) fn take(&self, device: DeviceId, now: Timestamp, most: u32) -> bool {
        let hour = now.as_ms().div_euclid(HOUR_MS);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= DEVICES_MAX && !taken.contains_key(&device) {
            taken.clear();
        }
        let (of, count) = taken.entry(device).or_insert((hour, 0));
        if *of != hour {
            (*of, *count) = (hour, 0);
        }
        let left = *count < most;
        *count = count.saturating_add(u32::from(left));
        left
    }

    /// Milliseconds until the hour is over.
    pub(in super::super) const fn renewed_in_ms(now: Timestamp) -> u64 {
        HOUR_MS.abs_diff(now.as_ms().rem_euclid(HOUR_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_so_many_an_hour_and_others_have_their_own() {
        let allowance = Allowance::default();
        let (one, other) = (DeviceId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
        let at = Timestamp::from_ms;
        assert!(allowance.take(one, at(0), 2) && allowance.take(one, at(HOUR_MS - 1), 2));
        assert!(!allowance.take(one, at(HOUR_MS - 1), 2));
        assert!(allowance.take(other, at(HOUR_MS - 1), 2));
        assert!(allowance.take(one, at(HOUR_MS), 2));
        assert!(allowance.take(one, at(i64::MIN), 2) && allowance.take(one, at(i64::MAX), 2));
    }
}
