//! What an app does about a failure of the store, and its code.

use super::{Cause, ClientError};
use crate::store::StoreError;

pub(super) const fn store_code(error: &StoreError) -> &'static str {
    match error {
        StoreError::Home { .. } => "store.home",
        StoreError::Locked(_) => "store.locked",
        StoreError::Full(_) => "store.full",
        StoreError::ReadOnly(_) => "store.read_only",
        StoreError::Io(_) => "store.io",
        StoreError::Damaged { .. } => "store.damaged",
        StoreError::TooNew { .. } => "store.too_new",
        StoreError::Sealed => "store.sealed",
        StoreError::KeyNeeded => "store.key_needed",
        StoreError::NotEncrypted => "store.not_encrypted",
        StoreError::NoCipher => "store.no_cipher",
        StoreError::WrongKey => "store.wrong_key",
        StoreError::Wiped { .. } => "device.wiped",
        StoreError::NoRandomness(_) => "store.no_randomness",
        StoreError::Unexpected(_) => "store.unexpected",
        StoreError::Export(_) => "export.failed",
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        match error {
            error @ StoreError::TooNew { .. } => {
                Self::RequiresUpdate(Cause::new("store.too_new", error))
            }
            error @ StoreError::Wiped { .. } => {
                Self::RequiresPairing(Cause::new("device.wiped", error))
            }
            error @ (StoreError::Sealed
            | StoreError::WrongKey
            | StoreError::KeyNeeded
            | StoreError::NotEncrypted
            | StoreError::NoCipher) => {
                let code = store_code(&error);
                Self::Denied(Cause::new(code, error))
            }
            error @ (StoreError::Home { .. }
            | StoreError::Locked(_)
            | StoreError::Full(_)
            | StoreError::ReadOnly(_)
            | StoreError::Io(_)
            | StoreError::Damaged { .. }
            | StoreError::NoRandomness(_)
            | StoreError::Unexpected(_)
            | StoreError::Export(_)) => Self::Store(error),
        }
    }
}
