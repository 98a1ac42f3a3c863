//! How many connections there are, in all and of one address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::household;

/// No room for one more connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Of anybody's.
    All,
    /// Of this address's.
    Address,
}

impl Full {
    /// The word of the metric.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "connections",
            Self::Address => "connections_per_address",
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// The connections of one listener. Clones are the same crowd.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    counts: Arc<Mutex<Counts>>,
    all_max: usize,
    address_max: usize,
}

/// One connection's place; dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    pub(super) fn new(all_max: usize, address_max: usize) -> Self {
        Self {
            counts: Arc::default(),
            all_max,
            address_max,
        }
    }

    /// Room for a connection of this address; `many` for a proxy, which stands for many.
    pub(super) fn enter(&self, address: IpAddr, many: bool) -> Result<Place, Full> {
        let address = household(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.all_max {
            return Err(Full::All);
        }
        let here = counts.by_address.get(&address).copied().unwrap_or(0);
        if !many && here >= self.address_max {
            return Err(Full::Address);
        }
        counts.all += 1;
        counts.by_address.insert(address, here + 1);
        Ok(Place {
            crowd: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let counts = self.crowd.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        if let Some(here) = counts.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_the_others_theirs() {
        let crowd = Crowd::new(4, 2);
        let [greedy, other]: [IpAddr; 2] =
            ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let mut places: Vec<Place> = (0..2)
            .map(|_| crowd.enter(greedy, false).unwrap())
            .collect();
        assert_eq!(crowd.enter(greedy, false).unwrap_err(), Full::Address);
        places.push(crowd.enter(other, false).unwrap());
        // A proxy stands for many.
        places.push(crowd.enter(greedy, true).unwrap());
        assert_eq!(crowd.enter(other, false).unwrap_err(), Full::All);
        places.remove(0);
        assert_eq!(crowd.enter(greedy, false).unwrap_err(), Full::Address);
        drop(crowd.enter(other, false).unwrap());
        drop(places);
        assert!(crowd.counts.lock().unwrap().by_address.is_empty());
        assert_eq!(crowd.counts.lock().unwrap().all, 0);
    }
}
