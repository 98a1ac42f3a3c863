//! When devices last pushed: noted in the store now and then, not with every push.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use yizhan_proto::{DeviceId, Timestamp};

/// Milliseconds during which a device that was noted is not noted again.
const QUIET_MS: i64 = 10 * 60 * 1000;
/// Devices remembered; past it, all are forgotten, and noted once more than needed.
const DEVICES_MAX: usize = 100_000;

/// Devices that were noted lately.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeMap<DeviceId, Timestamp>>);

impl Seen {
    /// Whether that the device is here is worth noting, which it then counts as.
    pub(super) fn is_news(&self, device: DeviceId, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |at: &Timestamp| (0..QUIET_MS).contains(&now.ms_since(*at));
        if noted.get(&device).is_some_and(lately) {
            return false;
        }
        if noted.len() >= DEVICES_MAX {
            noted.clear();
        }
        noted.insert(device, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_noted_now_and_then_and_when_the_clock_went_back() {
        let seen = Seen::default();
        let (device, at) = (DeviceId::from_bytes([1; 16]), Timestamp::from_ms);
        assert!(seen.is_news(device, at(1_000)));
        assert!(!seen.is_news(device, at(1_000 + QUIET_MS - 1)));
        assert!(seen.is_news(device, at(1_000 + QUIET_MS)));
        assert!(seen.is_news(device, at(0)));
        assert!(seen.is_news(DeviceId::from_bytes([2; 16]), at(0)));
    }
}
