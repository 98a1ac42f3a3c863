//! The bounds of the HTTP side, as a file of `yizhan serve --limits` may set them.

use std::time::Duration;

use serde::Deserialize;

use crate::config::HttpLimits;

/// The least that a request's head may be given: browsers and proxies send about a kibibyte.
const HEAD_BYTES_MIN: usize = 8 * 1024;
/// The least that the system may hold of an answer: a packet or two.
const SEND_BUFFER_BYTES_MIN: u64 = 4 * 1024;

/// A file of bounds: each field is a bound by its name, and absent ones stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    request_timeout_ms: Option<u64>,
    requests_max: Option<usize>,
    watches_max: Option<usize>,
    connections_max: Option<usize>,
    connections_per_address_max: Option<usize>,
    head_timeout_ms: Option<u64>,
    head_bytes_max: Option<usize>,
    headers_max: Option<usize>,
    body_idle_timeout_ms: Option<u64>,
    write_timeout_ms: Option<u64>,
    write_bytes_per_s_min: Option<u64>,
    send_buffer_bytes: Option<u32>,
    idle_timeout_ms: Option<u64>,
    address_anonymous_per_min: Option<u32>,
    address_per_min: Option<u32>,
    device_per_min: Option<u32>,
    device_changes_per_min: Option<u32>,
    person_per_min: Option<u32>,
    person_documents_per_day_max: Option<u64>,
    person_waiting_bytes_max: Option<u64>,
    person_waiting_max: Option<u64>,
    scope_documents_max: Option<u64>,
}

/// A file of bounds is not acceptable.
#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    /// Not the JSON it should be.
    #[error("the file of limits cannot be read; its fields are listed in docs/OPERATIONS.md")]
    Malformed(#[source] serde_json::Error),
    /// A bound under which nothing works.
    #[error("{name} is {found}, and must be at least {least}")]
    TooSmall {
        /// Which.
        name: &'static str,
        /// As given.
        found: u64,
        /// The least.
        least: u64,
    },
}

impl LimitsFile {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`LimitsError`] says what is wrong.
    pub fn from_json(text: &str) -> Result<Self, LimitsError> {
        let file: Self = serde_json::from_str(text).map_err(LimitsError::Malformed)?;
        let size = |count: Option<usize>| count.map(|count| count as u64);
        for (name, found, least) in [
            ("request_timeout_ms", file.request_timeout_ms, 1),
            ("requests_max", size(file.requests_max), 1),
            ("connections_max", size(file.connections_max), 1),
            (
                "connections_per_address_max",
                size(file.connections_per_address_max),
                1,
            ),
            ("head_timeout_ms", file.head_timeout_ms, 1),
            (
                "head_bytes_max",
                size(file.head_bytes_max),
                HEAD_BYTES_MIN as u64,
            ),
            ("headers_max", size(file.headers_max), 16),
            ("body_idle_timeout_ms", file.body_idle_timeout_ms, 1),
            ("write_timeout_ms", file.write_timeout_ms, 1),
            (
                "send_buffer_bytes",
                file.send_buffer_bytes.map(u64::from),
                SEND_BUFFER_BYTES_MIN,
            ),
            ("idle_timeout_ms", file.idle_timeout_ms, 1),
        ] {
            match found {
                Some(found) if found < least => {
                    return Err(LimitsError::TooSmall { name, found, least });
                }
                Some(_) | None => {}
            }
        }
        Ok(file)
    }

    /// Sets what the file says.
    pub fn apply(&self, http: &mut HttpLimits, quotas: &mut crate::relay::Quotas) {
        fn set<T: Copy>(bound: &mut T, found: Option<T>) {
            *bound = found.unwrap_or(*bound);
        }
        let time = |ms: Option<u64>| ms.map(Duration::from_millis);
        set(&mut http.request_timeout, time(self.request_timeout_ms));
        set(&mut http.requests_max, self.requests_max);
        set(&mut http.watches_max, self.watches_max);
        set(&mut http.connections_max, self.connections_max);
        set(
            &mut http.connections_per_address_max,
            self.connections_per_address_max,
        );
        set(&mut http.head_timeout, time(self.head_timeout_ms));
        set(&mut http.head_bytes_max, self.head_bytes_max);
        set(&mut http.headers_max, self.headers_max);
        set(&mut http.body_idle_timeout, time(self.body_idle_timeout_ms));
        set(&mut http.write_timeout, time(self.write_timeout_ms));
        set(&mut http.write_bytes_per_s_min, self.write_bytes_per_s_min);
        if self.send_buffer_bytes.is_some() {
            http.send_buffer_bytes = self.send_buffer_bytes;
        }
        set(&mut http.idle_timeout, time(self.idle_timeout_ms));
        let rates = &mut http.rates;
        set(
            &mut rates.address_anonymous_per_min,
            self.address_anonymous_per_min,
        );
        set(&mut rates.address_per_min, self.address_per_min);
        set(&mut rates.device_per_min, self.device_per_min);
        set(
            &mut rates.device_changes_per_min,
            self.device_changes_per_min,
        );
        set(&mut rates.person_per_min, self.person_per_min);
        set(
            &mut quotas.person_documents_per_day_max,
            self.person_documents_per_day_max,
        );
        set(
            &mut quotas.person_waiting_bytes_max,
            self.person_waiting_bytes_max,
        );
        set(&mut quotas.person_waiting_max, self.person_waiting_max);
        set(&mut quotas.scope_documents_max, self.scope_documents_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::Quotas;

    #[test]
    fn what_a_file_names_is_set_and_the_rest_stays() {
        let file = LimitsFile::from_json(r#"{"device_per_min": 7, "head_timeout_ms": 2500}"#);
        let (mut http, mut quotas) = (HttpLimits::default(), Quotas::default());
        file.unwrap().apply(&mut http, &mut quotas);
        assert_eq!(http.rates.device_per_min, 7);
        assert_eq!(http.head_timeout, Duration::from_millis(2_500));
        let before = HttpLimits::default();
        assert_eq!(http.idle_timeout, before.idle_timeout);
        assert_eq!(http.rates.person_per_min, before.rates.person_per_min);
    }

    #[test]
    fn a_bound_that_is_none_is_named() {
        for (text, word) in [
            ("{", "OPERATIONS"),
            (r#"{"devices_per_min": 7}"#, "OPERATIONS"),
            (r#"{"device_per_min": -1}"#, "OPERATIONS"),
            (r#"{"head_bytes_max": 100}"#, "head_bytes_max"),
            (r#"{"connections_max": 0}"#, "connections_max"),
            (r#"{"send_buffer_bytes": 1}"#, "send_buffer_bytes"),
        ] {
            let error = LimitsFile::from_json(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
