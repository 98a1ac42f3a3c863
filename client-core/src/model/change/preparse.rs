//! The chunk's frame and the change's header, read strictly. Columns are `columns`' affair.
//!
//! Layout (Automerge's binary format, "change chunks"): magic, checksum, chunk type, length; then
//! dependencies, actor, sequence, start op, time, message, other actors, column table, columns,
//! extra bytes.

use yizhan_proto::limits::{
    CHANGE_ACTORS_MAX, CHANGE_BYTES_MAX, CHANGE_DEPS_MAX, CHANGE_OPS_MAX, LABEL_BYTES_MAX,
};
use yizhan_proto::{ActorId, ChangeHash, Timestamp};

use super::columns::{self, Table};
use super::leb128::Bytes;
use super::{Inspected, OtherActor};
use crate::model::genesis::GENESIS_ACTOR;
use crate::model::{Refusal, RefusalCode};

/// The first four bytes of every chunk.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// The chunk type of an uncompressed change; the others are documents, compressed changes, bundles.
const TYPE_CHANGE: u8 = 1;
/// Automerge keeps operation counters in 32 bits; half of that leaves room everywhere.
pub(super) const COUNTER_MAX: u64 = 1 << 31;
/// Milliseconds from 1970 that a change may be dated, before or after. Automerge keeps the times of a
/// document as differences, so two times must not be further apart than its 64 bits hold; beyond
/// 2^53 a reader in JavaScript has another time than was written.
const TIME_MS_MAX: u64 = 1 << 53;

/// What is wrong with the bytes, without allocating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not well formed; what was expected.
    Malformed(&'static str),
    /// More operations than allowed.
    TooManyOps,
    /// More dependencies or actors than allowed.
    TooManyRefs,
    /// A sort of operation that is not used here.
    Unsupported(&'static str),
    /// An actor that is not a device.
    Actor,
    /// A checksum that does not fit.
    Checksum,
    /// Larger than a change may be.
    TooLarge,
}

impl Fault {
    pub(super) const SHORT: Self = Self::Malformed("as many bytes as it says");
    pub(super) const NUMBER: Self = Self::Malformed("numbers in their shortest form");
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed(expected) => Self::new(RefusalCode::ChangeMalformed).bound(expected),
            Fault::TooManyOps => Self::new(RefusalCode::ChangeTooManyOps)
                .bound(format!("{CHANGE_OPS_MAX} operations")),
            Fault::TooManyRefs => Self::new(RefusalCode::ChangeTooManyRefs).bound(format!(
                "{CHANGE_DEPS_MAX} dependencies, {CHANGE_ACTORS_MAX} other actors"
            )),
            Fault::Unsupported(what) => Self::new(RefusalCode::OpUnsupported).bound(what),
            Fault::Actor => Self::new(RefusalCode::ActorMalformed).bound("20 bytes"),
            Fault::Checksum => Self::new(RefusalCode::ChangeChecksum),
            Fault::TooLarge => {
                Self::new(RefusalCode::ChangeTooLarge).bound(format!("{CHANGE_BYTES_MAX} bytes"))
            }
        }
    }
}

/// Reads a whole chunk.
pub(super) fn preparse(chunk: &[u8]) -> Result<Inspected, Fault> {
    if chunk.len() > CHANGE_BYTES_MAX {
        return Err(Fault::TooLarge);
    }
    let mut body = frame(chunk)?;
    let hash = ChangeHash::of_chunk(chunk);
    if chunk.get(4..8) != hash.as_bytes().get(..4) {
        return Err(Fault::Checksum);
    }
    let deps = dependencies(&mut body)?;
    let actor = own_actor(&mut body)?;
    let actor_seq = within(body.unsigned()?, 1, COUNTER_MAX)?;
    let start_op = within(body.unsigned()?, 1, COUNTER_MAX)?;
    let time = dated(body.signed()?)?;
    let message_bytes = within(body.unsigned()?, 0, LABEL_BYTES_MAX as u64)?;
    if std::str::from_utf8(body.take(message_bytes)?).is_err() {
        return Err(Fault::Malformed("a message in UTF-8"));
    }
    let others = other_actors(&mut body, &actor)?;
    let table = Table::read(&mut body)?;
    if !body.is_empty() {
        return Err(Fault::Malformed("no bytes after its columns"));
    }
    let columns = columns::read(&table, start_op, &actor, &others)?;
    let last_op = start_op + columns.ops.len() as u64 - 1;
    if last_op > COUNTER_MAX {
        return Err(Fault::Malformed("operation counters up to 2^31"));
    }
    Ok(Inspected {
        hash,
        actor,
        actor_seq,
        start_op,
        last_op,
        time,
        deps,
        bytes: chunk.len() as u64,
        others,
        ops: columns.ops,
        preds: columns.preds,
        chunk: chunk.into(),
    })
}

/// The chunk's header; what is left is the body, which ends where the chunk does.
fn frame(chunk: &[u8]) -> Result<Bytes<'_>, Fault> {
    let mut bytes = Bytes::new(chunk, 0);
    if bytes.take(4)? != MAGIC {
        return Err(Fault::Malformed("an Automerge chunk"));
    }
    bytes.take(4)?;
    if bytes.byte()? != TYPE_CHANGE {
        return Err(Fault::Malformed("one uncompressed change"));
    }
    if bytes.unsigned()? != bytes.left() as u64 {
        return Err(Fault::Malformed("exactly one chunk"));
    }
    Ok(bytes)
}

fn within(value: u64, least: u64, most: u64) -> Result<u64, Fault> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(Fault::Malformed("numbers within their bounds"))
    }
}

fn dated(ms: i64) -> Result<Timestamp, Fault> {
    if ms.unsigned_abs() > TIME_MS_MAX {
        return Err(Fault::Malformed("a time within 2^53 ms of 1970"));
    }
    Ok(Timestamp::from_ms(ms))
}

fn dependencies(body: &mut Bytes<'_>) -> Result<Vec<ChangeHash>, Fault> {
    let count = body.unsigned()?;
    if count > CHANGE_DEPS_MAX as u64 {
        return Err(Fault::TooManyRefs);
    }
    let (hashes, _) = body.take(count * 32)?.as_chunks::<32>();
    let deps: Vec<_> = hashes
        .iter()
        .map(|hash| ChangeHash::from_bytes(*hash))
        .collect();
    if deps.is_sorted_by(|a, b| a < b) {
        Ok(deps)
    } else {
        Err(Fault::Malformed(
            "dependencies in ascending order, each once",
        ))
    }
}

fn own_actor(body: &mut Bytes<'_>) -> Result<ActorId, Fault> {
    let length = body.unsigned()?;
    ActorId::from_slice(body.take(length)?).map_err(|_| Fault::Actor)
}

fn other_actors(body: &mut Bytes<'_>, own: &ActorId) -> Result<Vec<OtherActor>, Fault> {
    let count = body.unsigned()?;
    if count > CHANGE_ACTORS_MAX as u64 {
        return Err(Fault::TooManyRefs);
    }
    let mut others = Vec::new();
    let mut previous: &[u8] = &[];
    for _ in 0..count {
        let length = body.unsigned()?;
        let bytes = body.take(length)?;
        if bytes <= previous || bytes == own.as_bytes() {
            return Err(Fault::Malformed(
                "other actors in ascending order, each once",
            ));
        }
        previous = bytes;
        others.push(if bytes == GENESIS_ACTOR {
            OtherActor::Genesis
        } else {
            OtherActor::Device(ActorId::from_slice(bytes).map_err(|_| Fault::Actor)?)
        });
    }
    Ok(others)
}
