//! The shape of the project, held by tests: which module may name which, how long a file may be,
//! which links must lead somewhere, what must not stand anywhere, which tests hold a claim.
//!
//! `docs/ARCHITECTURE.md` shows the same arrows as a picture.

mod arrows;
mod claims;
mod codes;
mod features;
mod links;
mod source;
mod words;
