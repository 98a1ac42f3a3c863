//! Why a command failed: the words for a person, and the exit code for a script.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use crate::admin::Problem;
use crate::auth::KeyError;
use crate::import::ImportFileError;
use crate::serve::ServeError;
use crate::telemetry::LogFilterError;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Whoever read the output reads no more.
    #[error("the output was closed")]
    Closed,
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
    /// Nothing of that name, or more than one.
    #[error("{0}")]
    NotFound(String),
    /// What was typed cannot be read.
    #[error("{0}")]
    Usage(String),
    /// Some of what was asked was not done; the output says what.
    #[error("{0}")]
    Undone(String),
    /// A file to import is not acceptable.
    #[error("{path}: {source}; nothing was imported", source = .source)]
    Import {
        /// Which.
        path: String,
        /// Where and why.
        source: ImportFileError,
    },
    /// A calendar file is not acceptable.
    #[error("{path}: {source}", source = .source)]
    Calendar {
        /// Which.
        path: String,
        /// Where and why.
        source: crate::relay::CalendarError,
    },
    /// A ledger of erasures is not one.
    #[error("{path} is no ledger of erasures; nothing was carried out again")]
    Ledger {
        /// Which.
        path: String,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// Somebody was asked, and did not want it.
    #[error("nothing was erased")]
    Unwanted,
    /// Nobody is there to be asked.
    #[error("nobody is there to confirm it, and it cannot be undone; say --yes")]
    NotConfirmed,
    /// A file of limits is not acceptable.
    #[error("{path}: {source}", source = .source)]
    Limits {
        /// Which.
        path: String,
        /// Why.
        source: crate::edge::LimitsError,
    },
    /// The file of the outside identity provider is not acceptable.
    #[error("{path}: {source}", source = .source)]
    Outside {
        /// Which.
        path: String,
        /// Why.
        source: crate::outside::OutsideConfigError,
    },
    /// A file to import cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No relay runs on the data folder, or it does not answer.
    #[error(
        "no relay runs on the data folder {data}; start it in another terminal: yizhan serve --data {data}"
    )]
    NotRunning {
        /// Which folder.
        data: String,
        /// Why, if something was tried.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The relay answered something that this version does not understand.
    #[error("the relay's answer cannot be read; is it of another version?")]
    Answer(#[source] Box<dyn Error + Send + Sync>),
    /// The relay said why not.
    #[error("{} ({})", .0.detail, .0.code)]
    Problem(Box<Problem>),
    /// The audit log is not what was written.
    #[error("the audit log is broken: {0}")]
    Audit(#[from] crate::audit::Broken),
    /// A line of an exported audit log.
    #[error("{path}: line {line} is no entry of an audit log ({why})")]
    AuditFile {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// A file of the data folder.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The relay cannot serve.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The log filter.
    #[error(transparent)]
    Log(#[from] LogFilterError),
    /// The process itself.
    #[error("{0}")]
    Process(&'static str, #[source] io::Error),
}

impl Failure {
    pub(super) fn not_running(data: &Path, source: Option<Box<dyn Error + Send + Sync>>) -> Self {
        Self::NotRunning {
            data: data.display().to_string(),
            source,
        }
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Output(_) | Self::Answer(_) | Self::Process(..) => 1,
            Self::Unwanted => 1,
            Self::Log(_) | Self::Usage(_) | Self::NotConfirmed => 2,
            Self::NotFound(_) => 3,
            Self::Undone(_)
            | Self::Import { .. }
            | Self::Calendar { .. }
            | Self::Ledger { .. }
            | Self::Limits { .. }
            | Self::Outside { .. }
            | Self::Unreadable { .. } => 4,
            Self::NotRunning { .. } => 5,
            Self::Audit(_) | Self::AuditFile { .. } => 6,
            Self::Problem(problem) => match problem.status {
                404 | 410 => 3,
                500 => 1,
                503 => 5,
                507 => 7,
                _ => 4,
            },
            Self::Keys(_) => 7,
            Self::Serve(error) => match error {
                ServeError::Open(_) | ServeError::Keys(_) | ServeError::AddressFile { .. } => 7,
                ServeError::Outside(_) => 4,
                ServeError::Listen { .. } | ServeError::Start(_) => 1,
            },
        }
    }

    /// Says on standard error what failed, with its causes.
    pub(super) fn tell(&self) {
        let mut said = self.to_string();
        let mut text = format!("yizhan: {said}");
        let mut source = self.source();
        while let Some(error) = source {
            let cause = error.to_string();
            if !said.contains(&cause) {
                text.push_str(&format!("\n  because: {cause}"));
            }
            said = cause;
            source = error.source();
        }
        // Where nobody listens there is nobody to tell.
        drop(writeln!(io::stderr(), "{text}"));
    }
}
