//! Faults about keys: the relay's own, and those of an outside identity provider.

use yizhan_proto::{Fault, FaultCode};

use super::Refused;
use crate::auth::KeyError;
use crate::outside::OutsideError;

/// Milliseconds after which to come back while an identity provider's keys are read.
const KEYS_RETRY_MS: u64 = 2_000;

impl From<&OutsideError> for Refused {
    /// Says that a token is not good, and never why: who made it may be guessing.
    fn from(error: &OutsideError) -> Self {
        match error {
            OutsideError::Token(_) => Fault::new(
                FaultCode::OutsideTokenInvalid,
                "the identity provider's token is not valid here; sign in again",
            ),
            OutsideError::Loading => Fault::new(
                FaultCode::Busy,
                "the identity provider's keys are being read; come back in a moment",
            )
            .retry_after_ms(KEYS_RETRY_MS),
        }
        .into()
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        let text = error.to_string();
        match error {
            KeyError::TooMany { .. } => Fault::new(FaultCode::Conflict, text).into(),
            KeyError::File { .. }
            | KeyError::Exposed { .. }
            | KeyError::Damaged { .. }
            | KeyError::Randomness(_) => Self::because(
                Fault::new(
                    FaultCode::StorageFailed,
                    "the keys cannot be changed; the log says why",
                ),
                &error,
            ),
        }
    }
}
