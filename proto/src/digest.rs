//! The digest of a scope: an order-independent hash of what it holds, kept incrementally on both
//! sides and compared after every completed pull.
//!
//! It is a check against our own mistakes, not against an adversary: 64 bits, summed.

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::id::{ChangeHash, DocumentId};

/// What one document adds to a digest: the first eight bytes (little-endian) of
/// SHA-256(document id ‖ its heads in ascending order).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct DocumentDigest(#[n(0)] u64);

impl DocumentDigest {
    /// The digest of a document with these heads, in any order.
    #[must_use]
    pub fn of(document: DocumentId, heads: &[ChangeHash]) -> Self {
        let mut sorted = heads.to_vec();
        sorted.sort_unstable();
        let mut hasher = Sha256::new();
        hasher.update(document.as_bytes());
        for head in &sorted {
            hasher.update(head.as_bytes());
        }
        let hash: [u8; 32] = hasher.finalize().into();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Self(u64::from_le_bytes(first))
    }

    /// As a number, for storage.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// From the number [`DocumentDigest::to_bits`] gave.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// The sum, modulo 2^64, of the digests of all documents of a scope. 0 for an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct ScopeDigest(#[n(0)] u64);

impl ScopeDigest {
    /// The digest of a scope that holds nothing.
    pub const EMPTY: Self = Self(0);

    /// As a number, for storage.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// From the number [`ScopeDigest::to_bits`] gave.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// With one document more.
    #[must_use]
    pub const fn with(self, document: DocumentDigest) -> Self {
        Self(self.0.wrapping_add(document.0))
    }

    /// With one document fewer.
    #[must_use]
    pub const fn without(self, document: DocumentDigest) -> Self {
        Self(self.0.wrapping_sub(document.0))
    }

    /// Of two disjoint parts together (two ranges of a scope, or two scopes in a summary).
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl FromIterator<DocumentDigest> for ScopeDigest {
    fn from_iter<I: IntoIterator<Item = DocumentDigest>>(documents: I) -> Self {
        documents.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(byte: u8) -> DocumentId {
        DocumentId::from_bytes([byte; 16])
    }

    fn head(byte: u8) -> ChangeHash {
        ChangeHash::from_bytes([byte; 32])
    }

    #[test]
    fn order_does_not_matter_and_content_does() {
        let (a, b) = (
            DocumentDigest::of(doc(1), &[head(1), head(2)]),
            DocumentDigest::of(doc(2), &[head(3)]),
        );
        assert_eq!(a, DocumentDigest::of(doc(1), &[head(2), head(1)]));
        assert_ne!(a, DocumentDigest::of(doc(1), &[head(1)]));
        assert_ne!(a, DocumentDigest::of(doc(2), &[head(1), head(2)]));
        assert_eq!(
            ScopeDigest::EMPTY.with(a).with(b),
            ScopeDigest::EMPTY.with(b).with(a)
        );
        assert_eq!(
            ScopeDigest::EMPTY.with(a).with(b).without(a),
            ScopeDigest::EMPTY.with(b)
        );
    }
}
