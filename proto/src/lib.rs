//! What crosses the wire between a Yizhan device and its relay, and nothing else.
//!
//! This crate knows nobody: no document rules, no storage, no clock, no network. It holds the
//! identifiers, the [`Sequence`]/[`Cursor`] arithmetic, the messages of the sync exchange
//! ([`sync`]), of pairing and tokens ([`identity`]), the signed check-in code ([`checkin`]),
//! the reports that are handed out ([`report`]), the fault codes ([`fault`]) and every limit
//! ([`limits`]). All messages are CBOR maps with integer keys; [`codec`] is the only way in and out.
//!
//! `docs/PROTOCOL.md` says the same in prose, for whoever writes a client in another language;
//! `tests/golden` pins every message as bytes.

pub mod attachment;
pub mod audit;
pub mod checkin;
pub mod codec;
pub mod desk;
pub mod digest;
pub mod fault;
pub mod id;
pub mod identity;
pub mod kind;
pub mod limits;
pub mod outside;
pub mod report;
pub mod scope;
pub mod sequence;
pub mod sync;
pub mod timestamp;
pub mod version;
pub mod watch;

pub use attachment::{ContentHash, MediaType};
pub use desk::{DeskInfo, DeskMember};
pub use digest::ScopeDigest;
pub use fault::{Fault, FaultCode};
pub use id::{
    ActorId, ChangeHash, DeviceId, DocumentId, EntryId, Epoch, Incarnation, Nonce, PersonId,
    StationId,
};
pub use kind::Kind;
pub use scope::{DeskKey, Grant, RegionKey, Role, Scope};
pub use sequence::{Cursor, Sequence, Window};
pub use timestamp::Timestamp;
pub use version::ProtocolVersion;
