//! Addresses of relays, and what the QR codes say.
//!
//! A pairing QR is `http://HOST:PORT/pair?code=CODE`, a station's standing QR is
//! `http://HOST:PORT/register?code=CODE`; what stands before `/pair` or `/register` is the relay.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Bytes of the longest address that is read.
const URL_BYTES_MAX: usize = 2_048;

/// The text is not an address of a relay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the address of a relay: {why}")]
pub struct LinkError {
    /// What was there, shortened.
    pub text: String,
    /// What is wrong and what it should look like.
    pub why: &'static str,
}

impl LinkError {
    fn new(text: &str, why: &'static str) -> Self {
        Self {
            text: text.chars().take(64).collect(),
            why,
        }
    }
}

/// Where a relay is: `https://relay.example.org`, `http://10.0.0.7:8787`; a path may stand behind it.
/// Never ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelayUrl(String);

impl RelayUrl {
    /// As text, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent can be read on the way: plain HTTP to another machine.
    #[must_use]
    pub fn is_readable_on_the_way(&self) -> bool {
        let Some(rest) = self.0.strip_prefix("http://") else {
            return false;
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let host = host_of(authority);
        let loopback = host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        !loopback
    }
}

/// The host of `host`, `host:port` or `[v6]:port`.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RelayUrl {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let trimmed = text.trim();
        let wrong = |why| LinkError::new(trimmed, why);
        if trimmed.len() > URL_BYTES_MAX {
            return Err(wrong("it is far too long"));
        }
        if !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(
                "it has spaces or other characters that no address has; copy it again",
            ));
        }
        let (scheme, rest) = trimmed.split_once("://").ok_or_else(|| {
            wrong("it should begin with http:// or https://, like http://127.0.0.1:8787")
        })?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(wrong("only http:// and https:// are understood"));
        }
        if rest.contains(['?', '#']) {
            return Err(wrong("it should end before any ? or #"));
        }
        let rest = rest.trim_end_matches('/');
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        check_authority(authority).map_err(wrong)?;
        Ok(Self(format!("{scheme}://{rest}")))
    }
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    if authority.contains('@') {
        return Err("names and passwords do not belong into it");
    }
    let host = host_of(authority);
    if host.is_empty() {
        return Err("the name of the machine is missing");
    }
    let brackets = if authority.starts_with('[') { 2 } else { 0 };
    if brackets == 2 && host.parse::<IpAddr>().is_err() {
        return Err("what stands in brackets is not an IPv6 address");
    }
    match authority.get(host.len() + brackets..) {
        Some("") => Ok(()),
        Some(port) => match port.strip_prefix(':').map(str::parse::<u16>) {
            Some(Ok(port)) if port > 0 => Ok(()),
            Some(_) | None => Err("the port after the colon should be a number from 1 to 65535"),
        },
        None => Err("the name of the machine is not closed by a bracket"),
    }
}

/// What a QR code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// A one-time code for one person's device.
    Pair,
    /// A station's standing code, for drivers who register themselves.
    Register,
}

/// What a QR code says: where the relay is, and a code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// What it is for.
    pub kind: LinkKind,
    /// The relay.
    pub relay: RelayUrl,
    /// The code.
    pub code: String,
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let trimmed = text.trim();
        let wrong = |why| LinkError::new(trimmed, why);
        if trimmed.len() > URL_BYTES_MAX {
            return Err(wrong("it is far too long"));
        }
        let (path, query) = trimmed.split_once('?').ok_or_else(|| {
            wrong("the code is missing: give it after the address, or all that the QR says")
        })?;
        let (relay, last) = path
            .trim_end_matches('/')
            .rsplit_once('/')
            .ok_or_else(|| wrong("it should look like http://HOST:PORT/pair?code=CODE"))?;
        let kind = match last {
            "pair" => LinkKind::Pair,
            "register" => LinkKind::Register,
            _ => return Err(wrong("before the ? there should be /pair or /register")),
        };
        let query = query.split('#').next().unwrap_or_default();
        let code = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("code="))
            .and_then(percent_decoded)
            .filter(|code| !code.trim().is_empty())
            .ok_or_else(|| {
                wrong("the code is missing: give it after the address, or all that the QR says")
            })?;
        let relay = relay.parse()?;
        Ok(Self { kind, relay, code })
    }
}

/// `%41` and `+` read as a form's value; `None` if it is not UTF-8 or a `%` stands alone.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_or_refused_with_a_reason() {
        for (text, read) in [
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
            (" HTTPS://relay.example.org/ ", "https://relay.example.org"),
            ("https://host/base//", "https://host/base"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<RelayUrl>().unwrap().as_str(), read);
        }
        for (text, why) in [
            ("", "begin with http"),
            ("relay.example.org", "begin with http"),
            ("ftp://x", "only http"),
            ("http://", "machine is missing"),
            ("http://:80", "machine is missing"),
            ("http://a:b@host", "names and passwords"),
            ("http://host:0", "port"),
            ("http://host:99999", "port"),
            ("http://host:", "port"),
            ("http://[::1", "bracket"),
            ("http://[zz]:1", "IPv6"),
            ("http://host/?x", "before any ?"),
            ("http://ho st", "spaces"),
            ("http://站", "characters"),
        ] {
            let error = text.parse::<RelayUrl>().unwrap_err();
            assert!(error.why.contains(why), "{text}: {error}");
        }
        assert!("http://a".repeat(1000).parse::<RelayUrl>().is_err());
    }

    #[test]
    fn plain_http_to_this_machine_is_not_readable_on_the_way() {
        for (text, readable) in [
            ("http://127.0.0.1:8787", false),
            ("http://127.9.9.9", false),
            ("http://[::1]:1", false),
            ("http://localhost:1", false),
            ("https://relay.example.org", false),
            ("http://10.0.0.7:8787", true),
            ("http://localhost.example.org", true),
        ] {
            let url: RelayUrl = text.parse().unwrap();
            assert_eq!(url.is_readable_on_the_way(), readable, "{text}");
        }
    }

    #[test]
    fn a_qr_code_says_relay_kind_and_code() {
        for (text, kind, relay, code) in [
            (
                "http://10.0.0.7:8787/pair?code=ABCD-EFGH",
                LinkKind::Pair,
                "http://10.0.0.7:8787",
                "ABCD-EFGH",
            ),
            (
                "https://h/base/register/?a=1&code=x%2By+z#top",
                LinkKind::Register,
                "https://h/base",
                "x+y z",
            ),
        ] {
            let link: Link = text.parse().unwrap();
            assert_eq!(
                (link.kind, link.relay.as_str(), link.code.as_str()),
                (kind, relay, code)
            );
        }
        for text in [
            "",
            "http://h/pair",
            "http://h/pair?",
            "http://h/pair?code=",
            "http://h/pair?code=%zz",
            "http://h/pair?code=%4",
            "http://h/other?code=A",
            "pair?code=A",
            "x/pair?code=A",
        ] {
            assert!(text.parse::<Link>().is_err(), "{text}");
        }
    }
}
