//! Why a command about waiting changes was not carried out.

use yizhan_proto::PersonId;

use crate::error::RelayError;
use crate::store::StoreError;

/// A command about waiting changes was not carried out; nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// Nothing that waits, or waited, begins so.
    #[error("no change {0} waits or waited; see: yizhan quarantine list")]
    NotFound(String),
    /// Several begin so.
    #[error("several changes begin with {0}; give more of the hash")]
    Ambiguous(String),
    /// There is no such person.
    #[error("no person {0}")]
    NoPerson(PersonId),
    /// The person named has no part in the document.
    #[error("{name} does not read such documents there; name a person who does, as {who}")]
    MayNotRead {
        /// The person's name.
        name: String,
        /// Who might.
        who: &'static str,
    },
    /// A value is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The relay could not do it.
    #[error(transparent)]
    Relay(#[from] RelayError),
}

impl From<StoreError> for QuarantineError {
    fn from(error: StoreError) -> Self {
        Self::Relay(error.into())
    }
}
