//! Everything on disk: rows in, rows out, in transactions.
//!
//! All SQL of the relay is here, and none of it leaks: what crosses this border is the plain data
//! of [`rows`], a [`LogTx`] that a writing job is handed, and a [`Snapshot`] that a reading one is.
//! A second engine needs these two, a queue in front of its writer, and sequences allotted in the
//! transaction that stores. Nothing here decides who may do what; see [`crate::relay`].

mod access;
mod attachments;
mod audit;
pub mod blobs;
mod cache;
mod clocks;
mod closed;
mod convert;
mod decisions;
mod desks;
mod erasing;
mod erasure;
mod error;
mod flush;
mod held;
mod job;
pub mod keys;
mod log;
mod merging;
mod migrations;
mod open;
mod outside;
mod people;
mod places;
mod quarantine;
mod queries;
mod quotas;
mod readers;
mod receipts;
mod recipients;
mod remembered;
mod reports;
mod retention;
pub mod rows;
mod scrub;
mod seats;
mod writer;

pub use audit::{AuditFilter, AuditRow, ChangeMade};
pub use error::{Cause, StoreError};
pub use log::{LogTx, Touched};
pub use open::{Birth, OpenFailure, Opened, StoreOptions, database_path, open};
pub use readers::{ReadError, Readers, Snapshot};
#[cfg(test)]
pub(crate) use retention::older::make_older;
pub use seats::SeatOrder;
pub use writer::{Commit, WriteError, Writer};

#[cfg(test)]
mod tests;
