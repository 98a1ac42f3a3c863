//! Devices and the scopes they were served.

use yizhan_proto::{DeviceId, PersonId, Scope, Timestamp};

/// A device that was ever served a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldDevice {
    /// Which.
    pub device: DeviceId,
    /// Who it acts for.
    pub person: PersonId,
    /// It has left all the scopes in question, and says that nothing it got by them is left.
    pub confirmed: bool,
}

/// What a device is still to forget in a scope that it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgetsDueRow {
    /// The scope.
    pub scope: Scope,
    /// How many documents left it and were not forgotten, as far as they are counted.
    pub documents: u64,
    /// When the first of them left.
    pub since: Timestamp,
}

/// A scope that a device is not served any more, and of which it still may hold something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeLeftRow {
    /// The scope.
    pub scope: Scope,
    /// Since when.
    pub since: Timestamp,
}
