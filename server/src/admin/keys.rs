//! Signing keys, outside identities and full scopes, as the admin API says them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key that tokens and certificates are believed under; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// What it is called: the `kid` of tokens it signs.
    pub id: String,
    /// Whether it signs; the others only verify.
    pub signs: bool,
    /// When it is dropped, RFC 3339; absent for the one that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
}

/// A wish for a new key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RotateKey {
    /// Whether nothing that a former key signed is good from here on.
    #[serde(default)]
    pub drop_former: bool,
}

/// Somebody, as an outside identity provider calls them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutsideSubject {
    /// The provider; without it the one that the relay accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who.
    pub subject: String,
}

/// Who a subject of an outside identity provider is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutsideLink {
    /// The person's id.
    pub id: String,
    /// The provider.
    pub issuer: String,
    /// Who, as the provider calls them.
    pub subject: String,
    /// Since when, RFC 3339.
    pub linked_at: String,
}

/// How many documents a scope holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScopeCount {
    /// The scope.
    pub id: String,
    /// How many documents it holds.
    pub documents: u64,
}
