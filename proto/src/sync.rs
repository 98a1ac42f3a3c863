//! The sync exchange: `POST /v1/sync`, one request and one response that do everything.
//!
//! Push is before pull; every step may be repeated, or cut at any byte. The relay answers
//! each pushed change with a [`Receipt`], and each subscribed scope with at most one [`Page`]. A
//! scope without a page is unchanged: the device moves its cursor there to
//! [`SyncResponse::head`].

mod receipt;
mod repair;
mod request;
mod response;

pub use receipt::{Outcome, Reason, Receipt, Stored, quota};
pub use repair::{Fetch, Fetched, RangeDigest, RangeEntry, RepairAnswer};
pub use request::{Forgotten, Push, ScopeState, Summary, SyncRequest};
pub use response::{Decisions, ForgetReason, Item, Page, StoredChange, SyncResponse};
