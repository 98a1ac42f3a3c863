//! Faults about people and their devices: pairing, keys, orders about people.

use yizhan_proto::{Fault, FaultCode};

use super::Refused;
use crate::error::{DeviceError, MergeError, PairError, PeopleError};

impl From<DeviceError> for Refused {
    fn from(error: DeviceError) -> Self {
        let code = match error {
            DeviceError::KeyReplaced => FaultCode::DeviceKeyReplaced,
            DeviceError::TooOften {
                bound,
                retry_after_ms,
            } => {
                return Fault::new(FaultCode::RateLimited, error.to_string())
                    .limit("device_keys_per_hour", bound)
                    .retry_after_ms(retry_after_ms)
                    .into();
            }
            DeviceError::NotRevoked | DeviceError::NotOrdered => FaultCode::Conflict,
            DeviceError::Caller(error) => return error.into(),
            DeviceError::Relay(error) => return error.into(),
        };
        Fault::new(code, error.to_string()).into()
    }
}

impl From<MergeError> for Refused {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Forbidden(text) => Fault::new(FaultCode::Forbidden, text).into(),
            MergeError::People(error) => error.into(),
        }
    }
}

impl From<PeopleError> for Refused {
    fn from(error: PeopleError) -> Self {
        let code = match error {
            PeopleError::NoPerson(_)
            | PeopleError::NoDevice
            | PeopleError::NoStation(_)
            | PeopleError::NoRegion(_)
            | PeopleError::NoDesk(_) => FaultCode::NotFound,
            PeopleError::Invalid(_) => FaultCode::Invalid,
            PeopleError::Relay(error) => return error.into(),
        };
        Fault::new(code, error.to_string()).into()
    }
}

impl From<PairError> for Refused {
    fn from(error: PairError) -> Self {
        let code = match error {
            PairError::CodeWrong | PairError::CodeUsed => FaultCode::CodeWrong,
            PairError::CodeExpired => FaultCode::CodeExpired,
            PairError::StationCodeInvalid => FaultCode::StationCodeInvalid,
            PairError::DeviceConflict => FaultCode::DeviceConflict,
            PairError::DeviceRevoked => FaultCode::DeviceRevoked,
            PairError::PersonConflict => FaultCode::PersonConflict,
            PairError::OutsideUnknown => FaultCode::OutsideUnknown,
            PairError::OutsideTokenUsed => FaultCode::OutsideTokenUsed,
            PairError::TooManyHere {
                bound,
                retry_after_ms,
            } => {
                return Fault::new(FaultCode::RateLimited, error.to_string())
                    .limit("station_registrations_per_day", bound)
                    .retry_after_ms(retry_after_ms)
                    .into();
            }
            PairError::Invalid(_) => FaultCode::Invalid,
            PairError::Relay(error) => return error.into(),
        };
        Fault::new(code, error.to_string()).into()
    }
}
