//! Links to outside identities, as plain data.

use yizhan_proto::{PersonId, Timestamp};

/// Who a subject of an identity provider is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideIdentityRow {
    /// The provider.
    pub issuer: String,
    /// Who, as the provider calls them.
    pub subject: String,
    /// Who that is here, when they were linked.
    pub person: PersonId,
    /// Since when.
    pub linked_at: Timestamp,
}
