//! The protocol version, with a date and a reason for each.

use minicbor::{Decode, Encode};

/// The version of the exchange that a message is written in.
///
/// Fields are only ever added (unknown ones are skipped), so the number moves only when the
/// *meaning* of an existing field changes. An old client can always upload: a relay accepts
/// every version from [`ProtocolVersion::OLDEST`] on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ProtocolVersion(#[n(0)] pub u16);

impl ProtocolVersion {
    /// 2026-11-21: the first exchange: push, receipts, live and backfill pages, digest, repair.
    pub const V1: Self = Self(1);
    /// What this code writes.
    pub const CURRENT: Self = Self::V1;
    /// The oldest version this code still reads.
    pub const OLDEST: Self = Self::V1;

    /// Whether this code can serve a message of that version.
    #[must_use]
    pub fn is_supported(self) -> bool {
        (Self::OLDEST..=Self::CURRENT).contains(&self)
    }
}

impl Default for ProtocolVersion {
    fn default() -> Self {
        Self::CURRENT
    }
}
