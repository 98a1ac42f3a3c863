//! How often somebody may guess a code: a bucket of attempts for each address.
//!
//! Only failures are counted, so a counter where forty drivers register behind one address is
//! never slowed down. In memory, bounded, and forgotten at a restart.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// Failures that an address may make at once.
const BURST: u64 = 20;
/// Milliseconds after which one more is allowed.
const REFILL_MS: u64 = 3_000;
/// Addresses remembered; past it, the one that failed longest ago is forgotten.
const ADDRESSES_MAX: usize = 10_000;

/// Failures so far, as the moment (in ms of [`crate::clock::Clock::elapsed_ms`]) at which all of
/// them will be forgiven.
#[derive(Debug, Default)]
pub struct Attempts {
    forgiven_at_ms: Mutex<BTreeMap<IpAddr, u64>>,
}

impl Attempts {
    /// Whether an address may try.
    ///
    /// # Errors
    /// The milliseconds after which it may.
    pub fn may_try(&self, address: IpAddr, elapsed_ms: u64) -> Result<(), u64> {
        let forgiven = self.lock();
        let forgiven_at = forgiven.get(&household(address)).copied().unwrap_or(0);
        let owed = forgiven_at.saturating_sub(elapsed_ms);
        match owed.checked_sub((BURST - 1) * REFILL_MS) {
            None | Some(0) => Ok(()),
            Some(wait_ms) => Err(wait_ms),
        }
    }

    /// Counts a failure of an address.
    pub fn failed(&self, address: IpAddr, elapsed_ms: u64) {
        let mut forgiven = self.lock();
        let address = household(address);
        if forgiven.len() >= ADDRESSES_MAX && !forgiven.contains_key(&address) {
            forgiven.retain(|_, at| *at > elapsed_ms);
            if forgiven.len() >= ADDRESSES_MAX
                && let Some(first) = forgiven
                    .iter()
                    .min_by_key(|(_, at)| **at)
                    .map(|(address, _)| *address)
            {
                forgiven.remove(&first);
            }
        }
        let at = forgiven.entry(address).or_insert(0);
        *at = (*at).max(elapsed_ms).saturating_add(REFILL_MS);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<IpAddr, u64>> {
        self.forgiven_at_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is behind an address: itself, or for IPv6 its /64, which is one household's.
#[must_use]
pub fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || {
                let mut segments = v6.segments();
                segments[4..].fill(0);
                IpAddr::V6(Ipv6Addr::from(segments))
            },
            IpAddr::V4,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_fail_so_often_and_again_after_a_while() {
        let attempts = Attempts::default();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..BURST {
            assert_eq!(attempts.may_try(address, 1_000), Ok(()));
            attempts.failed(address, 1_000);
        }
        assert_eq!(attempts.may_try(address, 1_000), Err(REFILL_MS));
        assert_eq!(
            attempts.may_try("192.0.2.2".parse().unwrap(), 1_000),
            Ok(())
        );
        assert_eq!(attempts.may_try(address, 1_000 + REFILL_MS), Ok(()));
        attempts.failed(address, 1_000 + REFILL_MS);
        assert!(attempts.may_try(address, 1_000 + REFILL_MS).is_err());
    }

    #[test]
    fn one_network_is_one_guesser_and_memory_is_bounded() {
        let attempts = Attempts::default();
        for host in 0..BURST {
            let host = u16::try_from(host).unwrap();
            attempts.failed(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host).into(), 0);
        }
        let other_host: IpAddr = "2001:db8:0:1::ffff".parse().unwrap();
        assert!(attempts.may_try(other_host, 0).is_err());
        for n in 0..20_000_u32 {
            attempts.failed(std::net::Ipv4Addr::from(n).into(), 0);
        }
        assert!(attempts.lock().len() <= ADDRESSES_MAX);
    }
}
