//! Scopes that grow full, as plain data.

use yizhan_proto::Scope;

use super::ScopeId;

/// A scope that holds more documents than it is good for it to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullScopeRow {
    /// Its number.
    pub id: ScopeId,
    /// Which.
    pub scope: Scope,
    /// How many it holds.
    pub documents: u64,
}
