//! One harness for all of Yizhan's tests: a whole world in one process, repeated by its seed.
//!
//! A [`world::World`] owns one relay, its phones, their clocks, and a network on which things go
//! wrong; [`mod@reference`] remembers what people entered and says what must be visible;
//! [`invariants`] compare the two. Tests speak the domain, and nothing here waits, retries or
//! reads the machine's clock.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a harness: what cannot be done ends the test, with its place and its seed"
)]

pub mod action;
pub mod audit;
pub mod chance;
pub mod clock;
pub mod hostile;
pub mod invariants;
pub mod ledger;
pub mod load;
pub mod net;
pub mod network;
pub mod patchy;
pub mod phone;
pub mod pocket;
pub mod process;
pub mod reading;
pub mod reference;
pub mod traces;
pub mod wire;
pub mod world;
