//! Documents as they grow old.

use yizhan_client_core::model::retention::Audience;
use yizhan_proto::{DocumentId, Timestamp};

/// A document's place in the order in which an audience lets documents go: by when what it ends with
/// has ended, then by that document's id, and at last by its own, if it is another one's follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    /// When it ended.
    pub ended_at: Timestamp,
    /// The document whose end it is.
    pub document: [u8; 16],
    /// The document that ends with it; all 0 for that one itself.
    pub follower: [u8; 16],
}

impl Age {
    /// Before everything that ended at this time or later.
    #[must_use]
    pub const fn before(ended_at: Timestamp) -> Self {
        Self {
            ended_at,
            document: [0; 16],
            follower: [0; 16],
        }
    }

    /// Of a document that ended at this time.
    #[must_use]
    pub const fn of(ended_at: Timestamp, document: DocumentId) -> Self {
        Self {
            ended_at,
            document: *document.as_bytes(),
            follower: [0; 16],
        }
    }

    /// Of one that ends with this one.
    #[must_use]
    pub const fn with(self, follower: DocumentId) -> Self {
        Self {
            follower: *follower.as_bytes(),
            ..self
        }
    }

    /// Just behind a document and all that end with it.
    #[must_use]
    pub fn behind(self) -> Self {
        let next = u128::from_be_bytes(self.document).saturating_add(1);
        Self {
            document: next.to_be_bytes(),
            follower: [0; 16],
            ..self
        }
    }

    /// Just behind this one alone.
    #[must_use]
    pub fn next(self) -> Self {
        let next = u128::from_be_bytes(self.follower).saturating_add(1);
        Self {
            follower: next.to_be_bytes(),
            ..self
        }
    }
}

/// Up to where an audience has let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkRow {
    /// Which audience.
    pub audience: Audience,
    /// What lies before has left; what lies here or behind is in.
    pub age: Age,
    /// How many documents have left by age, and not come back.
    pub retired: u64,
}

/// A document whose followers are to be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedRow {
    /// Which.
    pub of: DocumentId,
    /// Up to which of them that was done.
    pub position: DocumentId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_before_its_followers_and_these_before_the_next() {
        let (ended, id) = (Timestamp::from_ms(5), DocumentId::from_bytes([3; 16]));
        let age = Age::of(ended, id);
        let follower = age.with(DocumentId::from_bytes([0xff; 16]));
        let next = Age::of(ended, DocumentId::from_bytes([4; 16]));
        assert!(Age::before(ended) <= age && age < follower && follower < next);
        assert!(age < age.next() && age.next() < follower);
        assert!(follower < follower.behind() && follower.behind() <= next);
        assert!(next < Age::before(Timestamp::from_ms(6)));
    }
}
