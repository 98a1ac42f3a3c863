//! The edge: who may connect, how long a slow one is waited for, whose address a request comes
//! from, and how many requests anybody may make.
//!
//! | module | what it does |
//! | --- | --- |
//! | `accept` | takes connections, each with its own task, until the relay stops |
//! | `crowd` | how many connections there are, in all and of one address |
//! | `stream` | a connection whose reads and writes end when they stall |
//! | `patience` | how long a slow reader is waited for: a pure count |
//! | `phase` | what a connection waits for: the next request, the rest of its head, an answer |
//! | `proxies` | the address behind trusted proxies |
//! | `rates` | how many requests an address, a device and a person may make |
//! | `limits` | the bounds of all that, as a file may set them |
//!
//! Sockets live in real time whatever clock the relay was given; rates are kept by that clock.

mod accept;
mod crowd;
mod limits;
mod patience;
mod phase;
mod proxies;
mod rates;
mod stream;

pub(crate) use accept::{listen, serve};
pub use limits::{LimitsError, LimitsFile};
pub(crate) use proxies::ClientAddress;
pub use proxies::{Network, NetworkError};
pub use rates::RateLimits;
pub(crate) use rates::{Rates, Weighed};
