//! Where a provider's keys come from: a file, or a URL with a bound on everything.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ureq::Agent;

use super::keys::{KeySet, KeysError};

/// Bytes of a set of keys.
const BYTES_MAX: u64 = 256 * 1024;
/// From the beginning of a request to the last byte of its answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where the keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// In a file, which may be replaced at any time.
    File(PathBuf),
    /// At a URL.
    Url(String),
}

/// The keys cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file.
    #[error("the key file {} cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The URL.
    #[error("the keys at {url} cannot be fetched")]
    Url {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: Box<ureq::Error>,
    },
    /// What was found is not a set of keys.
    #[error("what is at {place} is not usable")]
    Keys {
        /// The file or URL.
        place: String,
        /// Why.
        #[source]
        source: KeysError,
    },
}

/// Reads the keys. Blocks, a URL for a few seconds at most.
pub(super) fn read(source: &Source) -> Result<KeySet, SourceError> {
    let (bytes, place) = match source {
        Source::File(path) => (read_file(path)?, path.display().to_string()),
        Source::Url(url) => (fetch(url)?, url.clone()),
    };
    KeySet::from_json(&bytes).map_err(|source| SourceError::Keys { place, source })
}

fn read_file(path: &PathBuf) -> Result<Vec<u8>, SourceError> {
    let failed = |source| SourceError::File {
        path: path.clone(),
        source,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(failed(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "a set of keys has at most 256 KiB",
        )));
    }
    Ok(bytes)
}

fn fetch(url: &str) -> Result<Vec<u8>, SourceError> {
    let failed = |error| SourceError::Url {
        url: url.to_owned(),
        source: Box::new(error),
    };
    let mut builder = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        // Keys are where the operator said, and nowhere else.
        .max_redirects(0)
        .max_redirects_will_error(true);
    if is_on_this_machine(url) {
        builder = builder.proxy(None);
    }
    let agent: Agent = builder.build().into();
    let mut answer = agent
        .get(url)
        .header("accept", "application/jwk-set+json, application/json")
        .call()
        .map_err(failed)?;
    answer
        .body_mut()
        .with_config()
        .limit(BYTES_MAX)
        .read_to_vec()
        .map_err(failed)
}

fn is_on_this_machine(url: &str) -> bool {
    url.parse::<ureq::http::Uri>().is_ok_and(|uri| {
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
    })
}
