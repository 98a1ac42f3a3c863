//! Documents and their rules. Pure: no I/O, no clock, no randomness, no async.
//!
//! | module | what it decides |
//! | --- | --- |
//! | [`change`] | whether raw bytes are one well-formed, bounded Automerge change ([`change::inspect`]) |
//! | [`gate`] | whether that change may enter that document ([`gate::decide`]) |
//! | [`judged`] | whether a change that was stopped is refused or waits for a person |
//! | [`said`] | what one change says, field by field |
//! | [`outline`] | what must be remembered of a document to decide about the next change |
//! | [`order`] | in which order a fold takes a document's entries |
//! | [`author`] | who wrote it, and how they stand to the document |
//! | [`route`] | who may see a document, and what a person subscribes to |
//! | [`document`] | a document opened for reading and editing |
//! | [`command`] | the edits people make, by name |
//! | [`station`], [`visit`], [`check`], [`consent`], [`activity`], [`enrolment`], [`notice`], [`ticket`], [`case_note`] | one kind each: fields, rules, reads |
//! | [`retention`] | when a document has ended, and for whom it then grows old |
//! | [`attachment`] | photos and papers that a document names, and which of them a change names |
//! | [`report`] | numbers over many documents by place and month, small ones withheld |
//! | [`vitals`] | ranges and levels of measurements, in versioned rule sets |
//! | [`trend`] | what a row of readings says at a glance |

pub mod activity;
pub mod attachment;
pub mod author;
pub mod case_note;
pub mod change;
pub mod check;
pub(crate) mod civil;
mod codes;
pub mod command;
pub mod consent;
pub mod document;
mod draft;
pub mod enrolment;
pub mod gate;
pub(crate) mod genesis;
pub mod judged;
pub mod notice;
pub mod order;
pub mod outline;
mod reader;
pub mod refusal;
pub mod report;
pub mod retention;
pub mod route;
mod rules;
pub mod said;
pub mod station;
pub mod ticket;
pub mod trend;
pub mod visit;
pub mod vitals;
mod writer;

pub use activity::Activity;
pub use author::Author;
pub use change::{Inspected, inspect};
pub use command::Command;
pub use document::Document;
pub use gate::{Known, Verdict, decide};
pub use judged::Judge;
pub use order::{Order, Place};
pub use outline::{Outline, Routing};
pub use refusal::{Refusal, RefusalCode};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
