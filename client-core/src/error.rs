//! What an app is told when something fails: few variants, each of which answers "what does the
//! caller do?". The full cause is inside, as `source`.

mod report;
mod store;

use yizhan_proto::FaultCode;
use yizhan_proto::checkin::CodeError;

use crate::checkin::NoCertificate;
use crate::clock::NoRandomness;
use crate::engine::{Failure, Stop};
use crate::model::Refusal;
use crate::store::{EditError, FindError, StoreError};
use crate::transport::{LinkError, TransportError};
use store::store_code;

pub use self::report::{ReportDenied, ReportMissing};

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
    #[error("{}", waiting_text(.failure, .cause.as_deref()))]
    Waiting {
        /// What was wrong.
        failure: Failure,
        /// The engine would try again after so many milliseconds.
        retry_in_ms: u64,
        /// What the transport said last.
        #[source]
        cause: Option<Box<TransportError>>,
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
    Transport(Box<TransportError>),
    /// The local store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something further down failed: a stable code, and the error itself, whose text says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Cause {
    /// The stable code, for scripts and support.
    pub code: String,
    /// The error.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl Cause {
    pub(crate) fn new(code: &str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self {
            code: code.to_owned(),
            source: Box::new(source),
        }
    }
}

impl From<TransportError> for PairError {
    fn from(error: TransportError) -> Self {
        Self::Transport(Box::new(error))
    }
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
    #[error(transparent)]
    Invalid(Cause),
    /// The code is wrong or too old: ask for a new one.
    #[error(transparent)]
    RequiresNewCode(Cause),
    /// The relay does not allow it: ask a coordinator.
    #[error(transparent)]
    Denied(Cause),
    /// The relay is not reachable or cannot serve: go on working, it is tried again later.
    #[error(transparent)]
    TryLater(Cause),
    /// The device has to be paired (again) before it can sync; local work goes on.
    #[error(transparent)]
    RequiresPairing(Cause),
    /// This program is too old: update it.
    #[error(transparent)]
    RequiresUpdate(Cause),
    /// The local store needs a person: damaged, locked, full, not writable.
    #[error(transparent)]
    Store(StoreError),
}

impl ClientError {
    /// The stable code, for scripts and support.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound(error) => match error {
                FindError::None { .. } => "find.none",
                FindError::Ambiguous { .. } => "find.ambiguous",
                FindError::SetAside { .. } => "document.set_aside",
                FindError::Store(error) => store_code(error),
            },
            Self::Refused(refusal) => refusal.code.as_str(),
            Self::Invalid(cause)
            | Self::RequiresNewCode(cause)
            | Self::Denied(cause)
            | Self::TryLater(cause)
            | Self::RequiresPairing(cause)
            | Self::RequiresUpdate(cause) => &cause.code,
            Self::Store(error) => store_code(error),
        }
    }
}

impl From<CodeError> for ClientError {
    fn from(error: CodeError) -> Self {
        let code = match &error {
            CodeError::OtherVersion(_) => {
                return Self::RequiresUpdate(Cause::new("code.version", error));
            }
            CodeError::Foreign => "code.foreign",
            CodeError::TooLong { .. } => "code.too_long",
            CodeError::NotBase64 | CodeError::Damaged(_) | CodeError::Malformed(_) => {
                "code.damaged"
            }
        };
        Self::Invalid(Cause::new(code, error))
    }
}

impl From<NoCertificate> for ClientError {
    fn from(error: NoCertificate) -> Self {
        Self::RequiresPairing(Cause::new("code.no_certificate", error))
    }
}

impl From<Refusal> for ClientError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
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
            error @ EditError::WrongKind { .. } => {
                Self::Invalid(Cause::new("edit.wrong_kind", error))
            }
            error @ EditError::Incomplete(_) => Self::Invalid(Cause::new("edit.incomplete", error)),
            EditError::Store(error) => error.into(),
        }
    }
}

impl From<LinkError> for ClientError {
    fn from(error: LinkError) -> Self {
        Self::Invalid(Cause::new("input.address", error))
    }
}

impl From<SyncError> for ClientError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            error @ SyncError::NotPaired => {
                Self::RequiresPairing(Cause::new("device.not_paired", error))
            }
            SyncError::Waiting { ref failure, .. } => {
                let code = failure_code(failure).to_owned();
                Self::TryLater(Cause::new(&code, error))
            }
            SyncError::Stopped(stop) => match stop {
                Stop::PairFirst => Self::RequiresPairing(Cause::new("device.unknown", error)),
                Stop::Revoked => Self::RequiresPairing(Cause::new("device.revoked", error)),
                Stop::KeyMismatch => Self::RequiresPairing(Cause::new("signature.invalid", error)),
                Stop::UpdateNeeded => {
                    Self::RequiresUpdate(Cause::new("protocol.unsupported", error))
                }
            },
        }
    }
}

fn failure_code(failure: &Failure) -> &str {
    match failure {
        Failure::Offline => "relay.unreachable",
        Failure::TimedOut => "relay.timed_out",
        Failure::Garbled => "relay.garbled",
        Failure::Fault(fault) => fault.code.as_str(),
        Failure::NoProgress => "sync.no_progress",
        Failure::RoundTooLong => "sync.round_too_long",
        Failure::Unsteady => "sync.unsteady",
        Failure::LeftOut(_) => "sync.left_out",
    }
}

impl From<PairError> for ClientError {
    fn from(error: PairError) -> Self {
        match error {
            PairError::Store(error) => error.into(),
            PairError::Link(error) => error.into(),
            PairError::Transport(error) => (*error).into(),
        }
    }
}

impl From<TransportError> for ClientError {
    fn from(error: TransportError) -> Self {
        match &error {
            TransportError::Offline { .. } => {
                Self::TryLater(Cause::new("relay.unreachable", error))
            }
            TransportError::TimedOut { .. } => Self::TryLater(Cause::new("relay.timed_out", error)),
            TransportError::Garbled { .. } => Self::TryLater(Cause::new("relay.garbled", error)),
            TransportError::Fault(fault) => {
                let variant = for_fault(&fault.code);
                let code = fault.code.as_str().to_owned();
                variant(Cause::new(&code, error))
            }
        }
    }
}

/// What a person does about a fault.
fn for_fault(code: &FaultCode) -> fn(Cause) -> ClientError {
    match code {
        FaultCode::CodeWrong
        | FaultCode::CodeExpired
        | FaultCode::StationCodeInvalid
        | FaultCode::OutsideTokenInvalid
        | FaultCode::OutsideTokenUsed => ClientError::RequiresNewCode,
        FaultCode::Invalid
        | FaultCode::PersonConflict
        | FaultCode::DeviceConflict
        | FaultCode::RegistrationClosed
        | FaultCode::Forbidden
        | FaultCode::AttachmentLength
        | FaultCode::AttachmentMismatch
        | FaultCode::AttachmentQuota
        | FaultCode::OutsideUnknown
        | FaultCode::OutsideClosed
        | FaultCode::Conflict => ClientError::Denied,
        FaultCode::Malformed
        | FaultCode::TooLarge
        | FaultCode::UnsupportedMedia
        | FaultCode::NotFound
        | FaultCode::MethodNotAllowed
        | FaultCode::TimedOut
        | FaultCode::RateLimited
        | FaultCode::Busy
        | FaultCode::ShuttingDown
        | FaultCode::StorageFailed
        | FaultCode::Internal
        | FaultCode::RangeUnsatisfiable
        | FaultCode::AttachmentNotHere
        | FaultCode::AttachmentOffset
        | FaultCode::Other(_) => ClientError::TryLater,
        FaultCode::TokenMissing
        | FaultCode::TokenInvalid
        | FaultCode::TokenExpired
        | FaultCode::ChallengeInvalid
        | FaultCode::SignatureInvalid
        | FaultCode::DeviceUnknown
        | FaultCode::DeviceKeyReplaced
        | FaultCode::DeviceRevoked => ClientError::RequiresPairing,
        FaultCode::UnsupportedVersion => ClientError::RequiresUpdate,
    }
}
