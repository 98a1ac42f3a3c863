//! What to do about a failure: one exhaustive table.

use yizhan_proto::FaultCode;

use super::effect::Stop;
use super::input::Failure;

/// What to do about a failed exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Renew the token with the challenge that came along, then go on.
    Renew,
    /// Send less in one request, then go on.
    Shrink,
    /// It may be one change that the relay fails on: find it by sending less.
    Isolate,
    /// Wait, then try again.
    Wait,
    /// Wait, then try again with less: the line is slow.
    WaitAndShrink,
    /// Only a person can help.
    Stop(Stop),
}

/// The reaction to a failure.
pub(super) fn reaction(failure: &Failure) -> Reaction {
    match failure {
        Failure::Fault(fault) => reaction_to_fault(&fault.code),
        Failure::TimedOut => Reaction::WaitAndShrink,
        Failure::Offline
        | Failure::Garbled
        | Failure::NoProgress
        | Failure::RoundTooLong
        | Failure::Unsteady
        | Failure::LeftOut(_) => Reaction::Wait,
    }
}

fn reaction_to_fault(code: &FaultCode) -> Reaction {
    match code {
        FaultCode::TokenMissing
        | FaultCode::TokenInvalid
        | FaultCode::TokenExpired
        | FaultCode::ChallengeInvalid => Reaction::Renew,
        FaultCode::TooLarge => Reaction::Shrink,
        FaultCode::Malformed | FaultCode::Invalid | FaultCode::Internal => Reaction::Isolate,
        FaultCode::TimedOut => Reaction::WaitAndShrink,
        FaultCode::DeviceUnknown => Reaction::Stop(Stop::PairFirst),
        FaultCode::DeviceRevoked => Reaction::Stop(Stop::Revoked),
        FaultCode::SignatureInvalid | FaultCode::DeviceConflict | FaultCode::DeviceKeyReplaced => {
            Reaction::Stop(Stop::KeyMismatch)
        }
        FaultCode::UnsupportedVersion => Reaction::Stop(Stop::UpdateNeeded),
        FaultCode::RateLimited
        | FaultCode::Busy
        | FaultCode::ShuttingDown
        | FaultCode::StorageFailed
        | FaultCode::UnsupportedMedia
        | FaultCode::CodeWrong
        | FaultCode::CodeExpired
        | FaultCode::PersonConflict
        | FaultCode::StationCodeInvalid
        | FaultCode::RegistrationClosed
        | FaultCode::OutsideTokenInvalid
        | FaultCode::OutsideUnknown
        | FaultCode::OutsideTokenUsed
        | FaultCode::OutsideClosed
        | FaultCode::Forbidden
        | FaultCode::NotFound
        | FaultCode::MethodNotAllowed
        | FaultCode::Conflict
        | FaultCode::RangeUnsatisfiable
        | FaultCode::AttachmentNotHere
        | FaultCode::AttachmentOffset
        | FaultCode::AttachmentLength
        | FaultCode::AttachmentMismatch
        | FaultCode::AttachmentQuota
        | FaultCode::Other(_) => Reaction::Wait,
    }
}
