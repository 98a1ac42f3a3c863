//! What an app is told when something fails: few variants, each of which answers "what does the
//! caller do?". The full cause is inside, as `source`.

use yizhan_proto::FaultCode;

use crate::clock::NoRandomness;
use crate::engine::{Failure, Stop};
use crate::model::Refusal;
use crate::store::{EditError, FindError, StoreError};
use crate::transport::{LinkError, TransportError};

/// The store failed while syncing. What was durable still is; sync again after what is in the
/// way is gone.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The local store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This device was never paired or registered with a relay.
    #[error("this device is not paired with a relay yet; pair it with a code, or register it")]
    NotPaired,
    /// Not now; the engine tries again after the wait, or when asked.
    #[error("{}", waiting_text(.failure, .cause.as_ref()))]
    Waiting {
        /// What was wrong.
        failure: Failure,
        /// The engine would try again after so many milliseconds.
        retry_in_ms: u64,
        /// What the transport said last.
        #[source]
        cause: Option<TransportError>,
    },
    /// Only a person can help.
    #[error("{}", stop_text(*.0))]
    Stopped(Stop),
}

fn waiting_text(failure: &Failure, cause: Option<&TransportError>) -> String {
    cause.map_or_else(|| failure.to_string(), ToString::to_string)
}

/// What a person does about a stop.
fn stop_text(stop: Stop) -> &'static str {
    match stop {
        Stop::PairFirst => "the relay does not know this device; pair it with a new code",
        Stop::Revoked => {
            "this device was revoked; what is written here is kept: ask a coordinator for a new code and pair it again"
        }
        Stop::KeyMismatch => {
            "the relay knows this device under another key; ask a coordinator for a new code and pair it again"
        }
        Stop::UpdateNeeded => {
            "this program is too old for the relay; update it, what is written here is kept"
        }
    }
}

/// Pairing or registering failed; nothing changed here.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The address or QR text.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The relay, or the way to it.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The local store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an app does about an error.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// What was asked for is not here, or not unique: ask again, more precisely.
    #[error(transparent)]
    NotFound(FindError),
    /// The rules do not allow the edit: show the reason beside the field.
    #[error(transparent)]
    Refused(Refusal),
    /// What was typed or scanned makes no sense: correct it.
    #[error("{0}")]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The relay is not reachable or cannot serve: go on working, it is tried again later.
    #[error("{0}")]
    TryLater(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The device has to be paired (again) before it can sync; local work goes on.
    #[error("{0}")]
    RequiresPairing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// This program is too old: update it.
    #[error("{0}")]
    RequiresUpdate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The local store needs a person: damaged, locked, full, not writable.
    #[error(transparent)]
    Store(StoreError),
}

impl ClientError {
    /// The stable code, for scripts and support.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound(FindError::Ambiguous { .. }) => "find.ambiguous",
            Self::NotFound(_) => "find.none",
            Self::Refused(refusal) => refusal.code.as_str(),
            Self::Invalid(_) => "input.invalid",
            Self::TryLater(_) => "relay.unreachable",
            Self::RequiresPairing(_) => "device.not_paired",
            Self::RequiresUpdate(_) => "client.too_old",
            Self::Store(error) => store_code(error),
        }
    }
}

fn store_code(error: &StoreError) -> &'static str {
    match error {
        StoreError::Home { .. } => "store.home",
        StoreError::Locked(_) => "store.locked",
        StoreError::Full(_) => "store.full",
        StoreError::ReadOnly(_) => "store.read_only",
        StoreError::Io(_) => "store.io",
        StoreError::Damaged { .. } => "store.damaged",
        StoreError::TooNew { .. } => "store.too_new",
        StoreError::NoRandomness(_) => "store.no_randomness",
        StoreError::Unexpected(_) => "store.unexpected",
        StoreError::Export(_) => "export.failed",
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        match error {
            error @ StoreError::TooNew { .. } => Self::RequiresUpdate(error.into()),
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

impl From<NoRandomness> for ClientError {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}

impl From<FindError> for ClientError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Store(error) => error.into(),
            error @ (FindError::None { .. }
            | FindError::Ambiguous { .. }
            | FindError::SetAside { .. }) => Self::NotFound(error),
        }
    }
}

impl From<EditError> for ClientError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Refused(refusal) => Self::Refused(refusal),
            EditError::NotHeld { document } => Self::NotFound(FindError::None {
                what: "document",
                text: document.to_string(),
            }),
            EditError::SetAside { document, why } => {
                Self::NotFound(FindError::SetAside { document, why })
            }
            error @ (EditError::WrongKind { .. } | EditError::Incomplete(_)) => {
                Self::Invalid(error.into())
            }
            EditError::Store(error) => error.into(),
        }
    }
}

impl From<SyncError> for ClientError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            error @ SyncError::NotPaired => Self::RequiresPairing(error.into()),
            error @ SyncError::Waiting { .. } => Self::TryLater(error.into()),
            SyncError::Stopped(stop) => match stop {
                Stop::PairFirst | Stop::Revoked | Stop::KeyMismatch => {
                    Self::RequiresPairing(error.into())
                }
                Stop::UpdateNeeded => Self::RequiresUpdate(error.into()),
            },
        }
    }
}

impl From<PairError> for ClientError {
    fn from(error: PairError) -> Self {
        match error {
            PairError::Store(error) => error.into(),
            error @ PairError::Link(_) => Self::Invalid(error.into()),
            PairError::Transport(error) => error.into(),
        }
    }
}

impl From<TransportError> for ClientError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Fault(ref fault) => match fault_advice(&fault.code) {
                Advice::Correct => Self::Invalid(error.into()),
                Advice::Later => Self::TryLater(error.into()),
                Advice::Pair => Self::RequiresPairing(error.into()),
                Advice::Update => Self::RequiresUpdate(error.into()),
            },
            error @ (TransportError::Offline { .. }
            | TransportError::TimedOut { .. }
            | TransportError::Garbled { .. }) => Self::TryLater(error.into()),
        }
    }
}

/// What a person does about a fault.
enum Advice {
    Correct,
    Later,
    Pair,
    Update,
}

fn fault_advice(code: &FaultCode) -> Advice {
    match code {
        FaultCode::Malformed
        | FaultCode::Invalid
        | FaultCode::TooLarge
        | FaultCode::UnsupportedMedia
        | FaultCode::CodeWrong
        | FaultCode::CodeExpired
        | FaultCode::PersonConflict
        | FaultCode::DeviceConflict
        | FaultCode::StationCodeInvalid
        | FaultCode::RegistrationClosed
        | FaultCode::Forbidden
        | FaultCode::NotFound
        | FaultCode::MethodNotAllowed
        | FaultCode::Conflict => Advice::Correct,
        FaultCode::TimedOut
        | FaultCode::RateLimited
        | FaultCode::Busy
        | FaultCode::ShuttingDown
        | FaultCode::StorageFailed
        | FaultCode::Internal
        | FaultCode::Other(_) => Advice::Later,
        FaultCode::TokenMissing
        | FaultCode::TokenInvalid
        | FaultCode::TokenExpired
        | FaultCode::ChallengeInvalid
        | FaultCode::SignatureInvalid
        | FaultCode::DeviceUnknown
        | FaultCode::DeviceRevoked => Advice::Pair,
        FaultCode::UnsupportedVersion => Advice::Update,
    }
}
