//! The relay over HTTP/1.1: blocking, bounded, with no runtime.
//!
//! Bodies are CBOR; a request of some size travels compressed by zstd, an answer by zstd or gzip.
//! Redirects are not followed and proxies of the environment are not used: what answers is the
//! relay, or the call fails and says what answered.

mod body;
mod pieces;
mod sheets;
#[cfg(test)]
mod tests;

use std::io::BufReader;
use std::ops::ControlFlow;
use std::time::Duration;

use minicbor::{Decode, Encode};
use ureq::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};
use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::audit::{CheckReads, ReadsEntered};
use yizhan_proto::codec::{self, MEDIA_TYPE};
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::limits::RESPONSE_BYTES_MAX;
use yizhan_proto::outside::OutsidePairRequest;
use yizhan_proto::report::{SheetAnswer, SheetRequest};
use yizhan_proto::sync::{SyncRequest, SyncResponse};
use yizhan_proto::{ContentHash, Fault, FaultCode};

use self::body::{read_body, read_message};
use super::sse::SseReader;
use super::{RelayUrl, Transport, TransportError, WatchEvent};

/// Bytes of a request body from which on compressing it is worth the while.
const COMPRESS_BYTES_MIN: usize = 512;
/// zstd's level for requests: phones are slow, lines slower.
const COMPRESS_LEVEL: i32 = 3;
/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Bytes of an answer with a fault.
const FAULT_BYTES_MAX: usize = 64 * 1024;

/// How long each part of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Finding and reaching the relay.
    pub connect: Duration,
    /// Sending a request body.
    pub send: Duration,
    /// From the request to the head of the answer.
    pub answer: Duration,
    /// Receiving an answer's body.
    pub receive: Duration,
    /// Silence on a watched stream before it counts as broken.
    pub silence: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            send: Duration::from_secs(60),
            answer: Duration::from_secs(30),
            receive: Duration::from_secs(60),
            silence: Duration::from_secs(90),
        }
    }
}

/// A relay over HTTP.
#[derive(Debug)]
pub struct HttpTransport {
    relay: RelayUrl,
    agent: Agent,
    timeouts: Timeouts,
}

impl HttpTransport {
    /// To the relay at that address. Connects at the first call.
    #[must_use]
    pub fn new(relay: RelayUrl) -> Self {
        Self::with_timeouts(relay, Timeouts::default())
    }

    /// With other timeouts than the usual.
    #[must_use]
    pub fn with_timeouts(relay: RelayUrl, timeouts: Timeouts) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("yizhan-client/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("zstd, gzip")
            .max_response_header_size(HEAD_BYTES_MAX)
            .timeout_resolve(Some(timeouts.connect))
            .timeout_connect(Some(timeouts.connect))
            .timeout_send_body(Some(timeouts.send))
            .timeout_recv_response(Some(timeouts.answer))
            .build()
            .new_agent();
        Self {
            relay,
            agent,
            timeouts,
        }
    }

    /// The relay's address.
    #[must_use]
    pub fn relay(&self) -> &RelayUrl {
        &self.relay
    }

    fn post<Q, A>(
        &mut self,
        path: &str,
        token: Option<&str>,
        request: &Q,
    ) -> Result<A, TransportError>
    where
        Q: Encode<()>,
        A: for<'b> Decode<'b, ()>,
    {
        let body = codec::encode(request);
        let mut call = self
            .agent
            .post(format!("{}{path}", self.relay))
            .config()
            .timeout_recv_body(Some(self.timeouts.receive))
            .build()
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header("accept", MEDIA_TYPE);
        if let Some(token) = token {
            call = call.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let compressed = (body.len() > COMPRESS_BYTES_MIN)
            .then(|| zstd::bulk::compress(&body, COMPRESS_LEVEL).ok())
            .flatten()
            .filter(|compressed| compressed.len() < body.len());
        let sent = match compressed {
            Some(compressed) => call.header(CONTENT_ENCODING, "zstd").send(&compressed[..]),
            None => call.send(&body[..]),
        };
        let response = sent.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(not_served(response));
        }
        read_message(response, path, RESPONSE_BYTES_MAX)
    }
}

impl Transport for HttpTransport {
    fn pair(&mut self, request: &PairRequest) -> Result<Welcome, TransportError> {
        self.post("/v1/pair", None, request)
    }

    fn pair_outside(&mut self, request: &OutsidePairRequest) -> Result<Welcome, TransportError> {
        self.post("/v1/pair/outside", None, request)
    }

    fn register(&mut self, request: &RegisterRequest) -> Result<Welcome, TransportError> {
        self.post("/v1/register", None, request)
    }

    fn token(&mut self, request: &TokenRequest) -> Result<Access, TransportError> {
        self.post("/v1/token", None, request)
    }

    fn sync(&mut self, token: &str, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        self.post("/v1/sync", Some(token), request)
    }

    fn put_piece(&mut self, token: &str, piece: &Piece) -> Result<Upload, TransportError> {
        pieces::put(self, token, piece)
    }

    fn get_piece(
        &mut self,
        token: &str,
        sha256: ContentHash,
        at: u64,
        len: usize,
    ) -> Result<Vec<u8>, TransportError> {
        pieces::get(self, token, sha256, at, len)
    }

    fn check_reads(
        &mut self,
        token: &str,
        reads: &CheckReads,
    ) -> Result<ReadsEntered, TransportError> {
        self.post("/v1/audit/reads", Some(token), reads)
    }

    fn sheet(
        &mut self,
        token: &str,
        request: &SheetRequest,
    ) -> Result<SheetAnswer, TransportError> {
        sheets::get(self, token, request)
    }

    fn watch(
        &mut self,
        token: &str,
        on_event: &mut dyn FnMut(WatchEvent) -> ControlFlow<()>,
    ) -> Result<(), TransportError> {
        let response = self
            .agent
            .get(format!("{}/v1/watch", self.relay))
            .config()
            .timeout_per_read(Some(self.timeouts.silence))
            .accept_encoding("identity")
            .build()
            .header("accept", "text/event-stream")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .call()
            .map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(not_served(response));
        }
        check_media_type(&response, "text/event-stream")?;
        if on_event(WatchEvent::Connected).is_break() {
            return Ok(());
        }
        let reader = BufReader::new(response.into_body().into_reader());
        let mut events = SseReader::new(reader);
        while let Some(event) = events.next_event().map_err(|error| failed(error.into()))? {
            if on_event(event).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// The media type of an answer, without its parameters, in small letters.
fn media_type(response: &Response<Body>) -> String {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

fn check_media_type(response: &Response<Body>, wanted: &str) -> Result<(), TransportError> {
    let found = media_type(response);
    if found == wanted {
        return Ok(());
    }
    Err(TransportError::garbled(match found.as_str() {
        "" => "it does not say what it sent; check the address".to_owned(),
        "text/html" => "a web page came back; if this network has a sign-in page, open it in a \
                        browser first, else check the address"
            .to_owned(),
        other => format!("{other:.60} came back; check the address"),
    }))
}

/// An answer of another status than 200: a fault of the relay's, or something in between.
fn not_served(response: Response<Body>) -> TransportError {
    let status = response.status();
    if media_type(&response) == MEDIA_TYPE {
        return match read_body(response, FAULT_BYTES_MAX) {
            Ok(bytes) => match codec::decode::<Fault>(&bytes, FAULT_BYTES_MAX) {
                Ok(fault) => fault.into(),
                Err(error) => TransportError::Garbled {
                    what: format!("its fault ({status}) cannot be read"),
                    source: Some(error.into()),
                },
            },
            Err(error) => error,
        };
    }
    // Proxies in front of a relay answer in their own words: what they mean is in the status.
    let retry_after_ms = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok())
        .map(|seconds| seconds.saturating_mul(1_000));
    let fault = |code: FaultCode, message: &str| {
        let mut fault = Fault::new(code, message);
        fault.retry_after_ms = retry_after_ms;
        fault.into()
    };
    match status.as_u16() {
        300..=399 => TransportError::garbled(format!(
            "it sends elsewhere ({status}); if this network has a sign-in page, open it in a \
             browser first, else check the address"
        )),
        408 => TransportError::timed_out("a proxy gave up waiting"),
        413 => fault(
            FaultCode::TooLarge,
            "A proxy before the relay takes only smaller requests.",
        ),
        429 => fault(
            FaultCode::RateLimited,
            "A proxy before the relay wants fewer requests.",
        ),
        502..=504 => TransportError::offline(format!("a proxy answers {status} for it")),
        _ => TransportError::garbled(format!("it answers {status}; check the address")),
    }
}

/// What an error of the HTTP library means here.
fn failed(error: ureq::Error) -> TransportError {
    use std::io::ErrorKind;
    use ureq::Error;

    // The library's list of errors is open: those that are not recognised count as offline,
    // which is tried again and loses nothing.
    if let Error::Timeout(what) = &error {
        return TransportError::timed_out(what.to_string());
    }
    if let Error::Io(io) = &error {
        let kind = io.kind();
        if kind == ErrorKind::TimedOut || kind == ErrorKind::WouldBlock {
            return TransportError::timed_out("the line is silent");
        }
        if kind == ErrorKind::InvalidData || kind == ErrorKind::Other {
            return TransportError::Garbled {
                what: "its answer is damaged".to_owned(),
                source: Some(error.into()),
            };
        }
    }
    if let Error::Protocol(_) | Error::LargeResponseHeader(..) | Error::Decompress(..) = &error {
        return TransportError::Garbled {
            what: format!("it does not speak HTTP as it should ({error})"),
            source: Some(error.into()),
        };
    }
    if let Error::Rustls(_) | Error::Tls(_) | Error::Pem(_) = &error {
        return TransportError::Garbled {
            what: format!("its certificate or encryption is not acceptable ({error})"),
            source: Some(error.into()),
        };
    }
    if let Error::BadUri(_) | Error::Http(_) = &error {
        return TransportError::Garbled {
            what: format!("the address or token cannot be used ({error})"),
            source: Some(error.into()),
        };
    }
    let what = if matches!(error, Error::HostNotFound) {
        "there is no such host, or no name service".to_owned()
    } else if let Error::Io(io) = &error {
        io.to_string()
    } else {
        error.to_string()
    };
    TransportError::Offline {
        what,
        source: Some(error.into()),
    }
}
