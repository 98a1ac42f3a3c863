//! How many requests an address, a device and a person may make in a minute.
//!
//! A minute's worth may come at once. Memory is bounded: who has been quiet for a while is
//! forgotten, and while very many come at one time, those beyond the bound share one allowance.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as RateClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use yizhan_proto::{DeviceId, Fault, FaultCode, PersonId};

use crate::auth::household;
use crate::clock::Clock;

/// The least that a wait is lengthened by, at random, in milliseconds: all who were refused
/// together do not come back together.
const JITTER_MS_MIN: u64 = 500;
/// A wait is lengthened by up to its length divided by this.
const JITTER_PART: u64 = 4;

/// Requests (or changes) a minute; as many may come at once. 0: without bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests of an address that name no device: pairing, registration, tokens, pages.
    pub address_anonymous_per_min: u32,
    /// Requests of an address that name a device.
    pub address_per_min: u32,
    /// Requests of a device.
    pub device_per_min: u32,
    /// Changes that a device pushes.
    pub device_changes_per_min: u32,
    /// Requests of all devices of a person.
    pub person_per_min: u32,
    /// Addresses, devices and people remembered, of each sort.
    pub keys_max: usize,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            address_anonymous_per_min: 600,
            address_per_min: 12_000,
            device_per_min: 600,
            device_changes_per_min: 20_000,
            person_per_min: 1_800,
            keys_max: 100_000,
        }
    }
}

/// The relay's clock, as the rates take it.
#[derive(Debug, Clone)]
struct Elapsed(Arc<dyn Clock>);

impl RateClock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.elapsed_ms())
    }
}

type Keyed<K> =
    RateLimiter<Option<K>, DashMapStateStore<Option<K>>, Elapsed, NoOpMiddleware<Duration>>;

/// The allowances of one sort of key.
struct Allowance<K: Hash + Eq + Clone> {
    limiter: Keyed<K>,
    /// The name of the limit, as faults and metrics say it.
    name: &'static str,
    per_min: NonZeroU32,
    keys_max: usize,
}

impl<K: Hash + Eq + Clone> Allowance<K> {
    /// `None` for no bound.
    fn new(name: &'static str, per_min: u32, keys_max: usize, clock: &Elapsed) -> Option<Self> {
        let per_min = NonZeroU32::new(per_min)?;
        let quota = Quota::per_minute(per_min);
        Some(Self {
            limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()),
            name,
            per_min,
            keys_max,
        })
    }

    /// Takes `count` (at most a whole allowance) from what the key has left, or says how long to
    /// wait.
    fn take(&self, key: K, count: u32, clock: &Elapsed) -> Result<(), Over> {
        let count = NonZeroU32::new(count.min(self.per_min.get())).unwrap_or(NonZeroU32::MIN);
        // Those beyond the bound share one allowance.
        let key = (self.limiter.len() < self.keys_max).then_some(key);
        match self.limiter.check_key_n(&key, count) {
            Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(clock.now());
                Err(Over {
                    name: self.name,
                    per_min: self.per_min.get(),
                    wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1),
                })
            }
        }
    }

    fn tidy(&self) {
        self.limiter.retain_recent();
    }
}

/// An allowance is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Over {
    name: &'static str,
    per_min: u32,
    wait_ms: u64,
}

/// What a request weighs for its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weighed {
    /// Always served.
    Free,
    /// Names no device.
    Anonymous,
    /// Names a device.
    Named,
}

/// All allowances.
pub(crate) struct Rates {
    clock: Elapsed,
    anonymous: Option<Allowance<IpAddr>>,
    address: Option<Allowance<IpAddr>>,
    device: Option<Allowance<DeviceId>>,
    changes: Option<Allowance<DeviceId>>,
    person: Option<Allowance<PersonId>>,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rates").finish_non_exhaustive()
    }
}

impl Rates {
    pub(crate) fn new(limits: &RateLimits, clock: Arc<dyn Clock>) -> Self {
        let (clock, most) = (Elapsed(clock), limits.keys_max);
        Self {
            anonymous: Allowance::new(
                "address_anonymous_per_min",
                limits.address_anonymous_per_min,
                most,
                &clock,
            ),
            address: Allowance::new("address_per_min", limits.address_per_min, most, &clock),
            device: Allowance::new("device_per_min", limits.device_per_min, most, &clock),
            changes: Allowance::new(
                "device_changes_per_min",
                limits.device_changes_per_min,
                most,
                &clock,
            ),
            person: Allowance::new("person_per_min", limits.person_per_min, most, &clock),
            clock,
        }
    }

    /// One request of an address.
    pub(crate) fn request(&self, address: IpAddr, weighed: Weighed) -> Result<(), Box<Fault>> {
        let allowance = match weighed {
            Weighed::Free => return Ok(()),
            Weighed::Anonymous => &self.anonymous,
            Weighed::Named => &self.address,
        };
        self.take(allowance.as_ref(), household(address), 1)
    }

    /// One request of a device, for a person.
    pub(crate) fn device(&self, device: DeviceId, person: PersonId) -> Result<(), Box<Fault>> {
        self.take(self.device.as_ref(), device, 1)?;
        self.take(self.person.as_ref(), person, 1)
    }

    /// So many changes that a device pushes at once.
    pub(crate) fn changes(&self, device: DeviceId, count: usize) -> Result<(), Box<Fault>> {
        match u32::try_from(count) {
            Ok(0) => Ok(()),
            count => self.take(self.changes.as_ref(), device, count.unwrap_or(u32::MAX)),
        }
    }

    /// Forgets who has been quiet for so long that the whole allowance is back.
    pub(crate) fn tidy(&self) {
        for addresses in [&self.anonymous, &self.address].into_iter().flatten() {
            addresses.tidy();
        }
        for devices in [&self.device, &self.changes].into_iter().flatten() {
            devices.tidy();
        }
        if let Some(people) = &self.person {
            people.tidy();
        }
    }

    fn take<K: Hash + Eq + Clone>(
        &self,
        allowance: Option<&Allowance<K>>,
        key: K,
        count: u32,
    ) -> Result<(), Box<Fault>> {
        let Some(allowance) = allowance else {
            return Ok(());
        };
        allowance.take(key, count, &self.clock).map_err(|over| {
            metrics::counter!("yizhan_rate_limited_total", "limit" => over.name).increment(1);
            let wait_ms = over.wait_ms.saturating_add(self.jitter_ms(over.wait_ms));
            let fault = Fault::new(
                FaultCode::RateLimited,
                "more requests than are served in a minute; nothing is lost, come back in a moment",
            );
            let limited = fault.retry_after_ms(wait_ms);
            Box::new(limited.limit(over.name, over.per_min.into()))
        })
    }

    fn jitter_ms(&self, wait_ms: u64) -> u64 {
        let mut random = [0; 8];
        // Without randomness there is no jitter, which harms nobody.
        match self.clock.0.fill_random(&mut random) {
            Ok(()) => u64::from_le_bytes(random) % (JITTER_MS_MIN.max(wait_ms / JITTER_PART) + 1),
            Err(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use yizhan_proto::Timestamp;

    use super::*;
    use crate::clock::NoRandomness;

    /// A clock that a test moves.
    #[derive(Debug, Default)]
    struct Held(AtomicU64);

    impl Clock for Held {
        fn now(&self) -> Timestamp {
            Timestamp::from_ms(0)
        }

        fn elapsed_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }

        fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            bytes.fill(0xa5);
            Ok(())
        }
    }

    fn rates(limits: &RateLimits) -> (Rates, Arc<Held>) {
        let clock = Arc::new(Held::default());
        (Rates::new(limits, Arc::clone(&clock) as _), clock)
    }

    fn device(number: u8) -> DeviceId {
        DeviceId::from_bytes([number; 16])
    }

    fn person(number: u8) -> PersonId {
        PersonId::from_bytes([number; 16])
    }

    #[test]
    fn a_device_gets_a_minutes_worth_at_once_and_the_rest_as_time_passes() {
        let (rates, clock) = rates(&RateLimits {
            device_per_min: 60,
            person_per_min: 0,
            ..RateLimits::default()
        });
        for _ in 0..60 {
            rates.device(device(1), person(1)).unwrap();
        }
        let fault = rates.device(device(1), person(1)).unwrap_err();
        assert_eq!(fault.code, FaultCode::RateLimited);
        assert_eq!(fault.limit.as_deref(), Some("device_per_min"));
        assert_eq!(fault.bound, Some(60));
        let wait_ms = fault.retry_after_ms.unwrap();
        assert!((1_000..=1_500).contains(&wait_ms), "{wait_ms}");
        // Another device is not touched by that.
        rates.device(device(2), person(1)).unwrap();
        clock.0.store(wait_ms, Ordering::Relaxed);
        rates.device(device(1), person(1)).unwrap();
        rates.device(device(1), person(1)).unwrap_err();
    }

    #[test]
    fn all_devices_of_a_person_share_one_allowance() {
        let (rates, _) = rates(&RateLimits {
            device_per_min: 10,
            person_per_min: 15,
            ..RateLimits::default()
        });
        let served = |number| {
            (0..20)
                .filter(|_| rates.device(device(number), person(1)).is_ok())
                .count()
        };
        assert_eq!([served(1), served(2)], [10, 5]);
        rates.device(device(3), person(2)).unwrap();
    }

    #[test]
    fn a_push_larger_than_the_allowance_is_served_when_the_allowance_is_whole() {
        let (rates, clock) = rates(&RateLimits {
            device_changes_per_min: 100,
            ..RateLimits::default()
        });
        rates.changes(device(1), 1_000_000).unwrap();
        rates.changes(device(1), 0).unwrap();
        let wait_ms = rates.changes(device(1), 50).unwrap_err().retry_after_ms;
        assert!(wait_ms.unwrap() >= 30_000);
        clock.0.store(60_000, Ordering::Relaxed);
        rates.changes(device(1), 100).unwrap();
    }

    #[test]
    fn who_names_no_device_gets_less_and_health_is_free() {
        let (rates, _) = rates(&RateLimits {
            address_anonymous_per_min: 2,
            address_per_min: 4,
            ..RateLimits::default()
        });
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        for _ in 0..2 {
            rates.request(address, Weighed::Anonymous).unwrap();
            rates.request(address, Weighed::Named).unwrap();
            rates.request(neighbour, Weighed::Named).unwrap();
        }
        rates.request(neighbour, Weighed::Anonymous).unwrap_err();
        rates.request(address, Weighed::Named).unwrap_err();
        for _ in 0..100 {
            rates.request(address, Weighed::Free).unwrap();
        }
    }

    #[test]
    fn memory_is_bounded_and_the_quiet_are_forgotten() {
        let (rates, clock) = rates(&RateLimits {
            address_per_min: 10,
            keys_max: 50,
            ..RateLimits::default()
        });
        let served = (0..10_000_u32)
            .filter(|number| {
                let address = IpAddr::from(number.to_be_bytes());
                rates.request(address, Weighed::Named).is_ok()
            })
            .count();
        assert_eq!(served, 60, "fifty of their own, ten shared");
        let limiter = &rates.address.as_ref().unwrap().limiter;
        assert!(limiter.len() <= 51);
        clock.0.store(120_000, Ordering::Relaxed);
        rates.tidy();
        assert_eq!(limiter.len(), 0);
    }
}
