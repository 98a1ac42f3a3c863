//! The audit log, as a thing by itself: what an entry says, its bytes, and the chain of hashes.
//! Pure: no store, no clock, no network. [`crate::store`] keeps entries, [`crate::relay`] decides
//! what is entered, the commands verify.
//!
//! An entry holds ids and codes, and never what a document says or what somebody is called.

mod action;
mod chain;
mod event;

pub use action::Action;
pub use chain::{Broken, ChainHash, HashError, Verified, Verifier, begin, begin_of, follow};
pub use event::{By, Detail, Event, EventError, Subject, Verdict, decode, encode};

#[cfg(test)]
mod tests;
