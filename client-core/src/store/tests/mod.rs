//! The store as a whole: edits, exchanges with a tiny relay, damage, copies, queries.

mod attacks;
mod cipher;
mod codes;
mod crises;
mod departures;
mod files;
mod local;
mod papers;
mod reads;
pub(crate) mod relay;
mod rounds;
mod screens;
mod trouble;
mod walk;
pub(crate) mod world;
