//! The running relay, as the commands reach it: through its admin API, with the address and the
//! key that lie in the data folder.

use std::fs;
use std::io::{self, BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::Failure;
use crate::admin::Problem;
use crate::auth::{KeyError, read_admin_key};
use crate::serve::ADDRESS_FILE;

/// Bytes of an answer: a listing of everybody on a large relay.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// A command that gets no answer in this time says so.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A relay that runs on a data folder.
pub(super) struct Relay {
    agent: Agent,
    url: String,
    authorization: String,
    data: PathBuf,
}

impl Relay {
    /// Finds the relay of a data folder.
    pub(super) fn find(data: &Path) -> Result<Self, Failure> {
        let url = fs::read_to_string(data.join(ADDRESS_FILE))
            .map_err(|error| Failure::not_running(data, not_missing(error)))?;
        let key = match read_admin_key(data) {
            Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(Failure::not_running(data, None));
            }
            key => key?,
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // The relay is on this machine, and the key is for nobody else.
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .build()
            .into();
        Ok(Self {
            agent,
            url: url.trim().to_owned(),
            authorization: format!("Bearer {}", key.as_str()),
            data: data.to_owned(),
        })
    }

    /// Asks for something.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let answer = self
            .agent
            .get(format!("{}/v1/admin/{path}", self.url))
            .header("authorization", &self.authorization)
            .call();
        self.read(answer)
    }

    /// Asks for something that comes line by line, however long it takes.
    pub(super) fn lines<T: DeserializeOwned>(
        &self,
        path: &str,
        mut heard: impl FnMut(T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let answer = self
            .agent
            .get(format!("{}/v1/admin/{path}", self.url))
            .header("authorization", &self.authorization)
            // Compressed lines would wait for each other.
            .header("accept-encoding", "identity")
            .config()
            .timeout_global(None)
            .build()
            .call();
        let answer =
            answer.map_err(|error| Failure::not_running(&self.data, Some(error.into())))?;
        if !answer.status().is_success() {
            return self.read::<T>(Ok(answer)).and_then(heard);
        }
        let reader = answer.into_body().into_reader().take(ANSWER_BYTES_MAX);
        for line in io::BufReader::new(reader).lines() {
            let line = line.map_err(|error| Failure::Answer(error.into()))?;
            heard(serde_json::from_str(&line).map_err(|error| Failure::Answer(error.into()))?)?;
        }
        Ok(())
    }

    /// Has something done.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let answer = self
            .agent
            .post(format!("{}/v1/admin/{path}", self.url))
            .header("authorization", &self.authorization)
            .send_json(body);
        self.read(answer)
    }

    /// Has something taken away.
    pub(super) fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let answer = self
            .agent
            .delete(format!("{}/v1/admin/{path}", self.url))
            .header("authorization", &self.authorization)
            .call();
        self.read(answer)
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<T, Failure> {
        let mut answer =
            answer.map_err(|error| Failure::not_running(&self.data, Some(error.into())))?;
        let good = answer.status().is_success();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        if good {
            body.read_json()
                .map_err(|error| Failure::Answer(error.into()))
        } else {
            let problem: Problem = body
                .read_json()
                .map_err(|error| Failure::Answer(error.into()))?;
            Err(Failure::Problem(Box::new(problem)))
        }
    }
}

/// A part of a path, with what does not belong there percent-encoded.
pub(super) fn part(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
    }
    part
}

/// Why the address cannot be read, unless it is simply not there.
fn not_missing(error: io::Error) -> Option<Box<dyn std::error::Error + Send + Sync>> {
    (error.kind() != io::ErrorKind::NotFound).then(|| error.into())
}

/// The one thing that a text names: by id, by a name, or by the beginning of the id.
pub(super) fn named<'a, T>(
    what: &str,
    text: &str,
    things: &'a [T],
    id: impl Fn(&T) -> &str,
    name: impl Fn(&T) -> &str,
) -> Result<&'a T, Failure> {
    let wanted = text.to_ascii_lowercase();
    if let Some(thing) = things.iter().find(|thing| id(thing) == wanted) {
        return Ok(thing);
    }
    let mut found: Vec<&T> = things.iter().filter(|thing| name(thing) == text).collect();
    if found.is_empty() && !wanted.is_empty() {
        found = things
            .iter()
            .filter(|thing| id(thing).starts_with(&wanted))
            .collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::NotFound(format!(
            "no {what} {text}; see: yizhan {what} list"
        ))),
        several => {
            let ids: Vec<&str> = several.iter().take(5).map(|thing| id(thing)).collect();
            Err(Failure::NotFound(format!(
                "{text} may be any of {} of the list; say which by id: {}",
                several.len(),
                ids.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_an_id_or_its_beginning_finds_one_thing() {
        let things = [("0199aa01", "李"), ("0199aa02", "王"), ("0199bb03", "王")];
        let find = |text| named("person", text, &things, |t| t.0, |t| t.1).map(|t| t.0);
        assert_eq!(find("李").unwrap(), "0199aa01");
        assert_eq!(find("0199AA02").unwrap(), "0199aa02");
        assert_eq!(find("0199b").unwrap(), "0199bb03");
        for (text, word) in [
            ("王", "0199bb03"),
            ("0199a", "0199aa01"),
            ("赵", "yizhan person list"),
            ("", "no person"),
        ] {
            let said = find(text).unwrap_err();
            assert_eq!(said.exit_code(), 3);
            assert!(said.to_string().contains(word), "{said}");
        }
    }

    #[test]
    fn a_part_of_a_path_stays_one() {
        assert_eq!(part("zy-1"), "zy-1");
        assert_eq!(part("../a b/站"), "%2E%2E%2Fa%20b%2F%E7%AB%99");
    }
}
