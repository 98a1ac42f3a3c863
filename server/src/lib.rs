//! The Yizhan relay: orders, checks, keeps and passes on changes.
//!
//! [`serve::serve`] runs one inside any program with a tokio runtime; [`cli`] is the program
//! `yizhan`.

pub mod admin;
pub mod audit;
pub mod auth;
mod body;
pub mod cli;
pub mod clock;
pub mod config;
pub mod edge;
pub mod error;
mod extract;
pub mod import;
pub mod outside;
pub mod ranges;
pub mod relay;
mod router;
mod routes;
pub mod serve;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod watch;

pub use config::Config;
pub use serve::{Running, ServeError, serve};
