//! Errors as they leave the program: one sentence, a code, an exit code.

use std::io;

use serde_json::json;
use yizhan_client_core::error::{ClientError, PairError, SyncError};
use yizhan_client_core::tablet::TabletError;
use yizhan_client_core::transport::LinkError;

/// Why the command ended without what was wanted.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client said so.
    Client(ClientError),
    /// What was typed makes no sense.
    Usage(String),
    /// What was named is not here, or several are.
    NotFound(String),
    /// A question was answered with no, or could not be asked.
    NotConfirmed(String),
    /// Output cannot be written.
    Output(io::Error),
    /// Whoever reads the output has gone: nobody is left to tell.
    ReaderGone,
}

impl Failure {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// The exit code, as `--help` lists them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::NotConfirmed(_) => 4,
            Self::Client(error) => match error {
                ClientError::RequiresUpdate(_) => 1,
                ClientError::Invalid(_) => 2,
                ClientError::NotFound(_) | ClientError::RequiresNewCode(_) => 3,
                ClientError::Refused(_) | ClientError::Denied(_) => 4,
                ClientError::TryLater(_) => 5,
                ClientError::RequiresPairing(_) => 6,
                ClientError::Store(_) => 7,
            },
        }
    }

    fn code(&self) -> &str {
        match self {
            Self::Client(error) => error.code(),
            Self::Usage(_) => "input.invalid",
            Self::NotFound(_) => "find.none",
            Self::NotConfirmed(_) => "input.not_confirmed",
            Self::Output(_) | Self::ReaderGone => "output.failed",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Client(error @ ClientError::TryLater(_)) => {
                format!("{error}; nothing is lost: what is written here is kept, try again later")
            }
            Self::Client(error) => error.to_string(),
            Self::Usage(text) | Self::NotFound(text) | Self::NotConfirmed(text) => text.clone(),
            Self::Output(error) => {
                format!("the output cannot be written: {error}; check where it goes, then repeat")
            }
            Self::ReaderGone => String::new(),
        }
    }

    /// What goes to standard error; empty if there is nobody to tell.
    pub(crate) fn text(&self, as_json: bool) -> String {
        if matches!(self, Self::ReaderGone) {
            return String::new();
        }
        let (code, sentence) = (self.code(), self.sentence());
        if as_json {
            let error =
                json!({ "error": { "code": code, "message": sentence, "exit": self.exit_code() } });
            return format!("{error}\n");
        }
        if sentence.contains(code) {
            format!("error: {sentence}\n")
        } else {
            format!("error: {sentence} [{code}]\n")
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<PairError> for Failure {
    fn from(error: PairError) -> Self {
        Self::Client(error.into())
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        Self::Client(error.into())
    }
}

impl From<TabletError> for Failure {
    fn from(error: TabletError) -> Self {
        Self::Client(error.into())
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::Client(error.into())
    }
}
