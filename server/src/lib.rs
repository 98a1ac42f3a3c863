//! The Yizhan relay: orders, checks, keeps and passes on changes.

pub mod clock;
pub mod error;
pub mod relay;
pub mod store;
pub mod watch;
