//! Offline-first documents of Yizhan.
//!
//! [`model`] is always here and is pure: the documents, their rules, and the gate that the phone
//! and the relay share. With the feature `store` come the local SQLite store, the sync engine,
//! its driver and the façade that an app uses; with `http`, the blocking transport; with `cli`,
//! the terminal client.

pub mod model;

#[cfg(feature = "store")]
pub mod checkin;
#[cfg(feature = "store")]
pub mod client;
#[cfg(feature = "store")]
pub mod clock;
#[cfg(feature = "store")]
pub mod driver;
#[cfg(feature = "store")]
pub mod engine;
#[cfg(feature = "store")]
pub mod error;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "store")]
pub mod tablet;
#[cfg(feature = "store")]
pub mod transport;

#[cfg(feature = "store")]
pub use client::Client;
