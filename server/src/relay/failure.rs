//! Failures of the store, in the terms of whoever asked.

use std::path::Path;

use crate::error::{OpenError, RelayError};
use crate::store::{self, OpenFailure, ReadError, StoreError, WriteError};

/// Milliseconds after which to come back to a relay whose queue was full. Jobs waiting are done
/// within a few commits.
const BUSY_RETRY_MS: u64 = 500;

pub(super) fn open_error(data: &Path, failure: OpenFailure) -> OpenError {
    let path = store::database_path(data);
    match failure {
        OpenFailure::Folder { path, source } => OpenError::Folder { path, source },
        OpenFailure::InUse => OpenError::InUse {
            path: data.to_owned(),
        },
        OpenFailure::Newer { found, known } => OpenError::Newer { path, found, known },
        OpenFailure::Store(source @ StoreError::Damaged(_)) => OpenError::Damaged { path, source },
        OpenFailure::Store(source) => OpenError::Store { path, source },
        OpenFailure::Thread(source) => OpenError::Thread(source),
    }
}

/// A failed job's reason, in the terms of whoever asked for it.
pub(super) fn from_write<E, F: From<E> + From<RelayError>>(error: WriteError<E>) -> F {
    match error {
        WriteError::Job(error) => error.into(),
        WriteError::Store(error) => RelayError::Storage(error).into(),
        WriteError::Full => RelayError::Busy {
            retry_after_ms: BUSY_RETRY_MS,
        }
        .into(),
        WriteError::Closed => RelayError::ShuttingDown.into(),
        WriteError::Panicked => RelayError::Internal("a writing job failed").into(),
    }
}

pub(super) fn from_read<E: Into<RelayError>>(error: ReadError<E>) -> RelayError {
    match error {
        ReadError::Job(error) => error.into(),
        ReadError::Store(error) => RelayError::Storage(error),
        ReadError::Panicked => RelayError::Internal("a reading job failed"),
    }
}
