//! Why a request was not served, as an answer: one place for the mapping of errors to faults, one
//! for their form (CBOR or RFC 9457 problem document), one for their log line.

mod keys;
mod people;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use yizhan_proto::codec::{self, MEDIA_TYPE};
use yizhan_proto::limits::{CHALLENGE_TTL_S, REQUEST_COMPRESSED_BYTES_MAX};
use yizhan_proto::{Fault, FaultCode};

use super::App;
use crate::admin::Problem;
use crate::auth::{ChallengeError, SignatureError, TokenError};
use crate::error::{AttachmentError, CallerError, ImportError, RelayError, SheetError};

/// Milliseconds after which to come back to a relay that restarts.
const RESTART_RETRY_MS: u64 = 2_000;

/// A request that is not served. Its form is chosen at the edge, by [`answered`].
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Box<Fault>, Option<String>);

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self(Box::new(fault), None)
    }
}

impl From<Box<Fault>> for Refused {
    fn from(fault: Box<Fault>) -> Self {
        Self(fault, None)
    }
}

impl Refused {
    /// The fault, for an answer that has begun.
    pub(crate) fn into_fault(self) -> Fault {
        *self.0
    }

    /// A fault with what caused it, for the log.
    fn because(fault: Fault, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        Self(Box::new(fault), Some(text))
    }
}

/// A fault on its way to the edge, carried beside an empty response.
#[derive(Debug, Clone)]
struct Carried {
    fault: Box<Fault>,
    cause: Option<String>,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = status(self.0.code.status()).into_response();
        response.extensions_mut().insert(Carried {
            fault: self.0,
            cause: self.1,
        });
        response
    }
}

impl From<RelayError> for Refused {
    fn from(error: RelayError) -> Self {
        let text = error.to_string();
        match &error {
            RelayError::UnsupportedVersion { .. } => Fault::new(
                FaultCode::UnsupportedVersion,
                format!("{text}; update the app"),
            )
            .into(),
            RelayError::Limit { limit, bound, .. } => Fault::new(FaultCode::TooLarge, text)
                .limit(limit, *bound)
                .into(),
            RelayError::Invalid(_) => Fault::new(FaultCode::Invalid, text).into(),
            RelayError::Busy { retry_after_ms } => Fault::new(FaultCode::Busy, text.clone())
                .retry_after_ms(*retry_after_ms)
                .into(),
            RelayError::ShuttingDown => stopping().into(),
            RelayError::Caller(caller) => (*caller).into(),
            RelayError::Storage(_) => {
                Self::because(Fault::new(FaultCode::StorageFailed, text), &error)
            }
            RelayError::Randomness(_) | RelayError::Internal(_) => Self::because(
                Fault::new(FaultCode::Internal, "the relay failed; try again later"),
                &error,
            ),
        }
    }
}

impl From<CallerError> for Refused {
    fn from(error: CallerError) -> Self {
        let code = match error {
            CallerError::Unknown => FaultCode::DeviceUnknown,
            CallerError::Revoked => FaultCode::DeviceRevoked,
        };
        Fault::new(code, error.to_string()).into()
    }
}

impl From<AttachmentError> for Refused {
    fn from(error: AttachmentError) -> Self {
        let text = error.to_string();
        match error {
            AttachmentError::NotFound => Fault::new(FaultCode::NotFound, text),
            AttachmentError::NotHere => Fault::new(FaultCode::AttachmentNotHere, text),
            AttachmentError::Offset { expected } => {
                Fault::new(FaultCode::AttachmentOffset, text).limit("upload-offset", expected)
            }
            AttachmentError::Length { announced, .. } => {
                Fault::new(FaultCode::AttachmentLength, text).limit("upload-length", announced)
            }
            AttachmentError::Mismatch => Fault::new(FaultCode::AttachmentMismatch, text),
            AttachmentError::Quota { bound, .. } => Fault::new(FaultCode::AttachmentQuota, text)
                .limit("person_attachment_bytes_max", bound),
            AttachmentError::Relay(error) => return error.into(),
        }
        .into()
    }
}

impl From<SheetError> for Refused {
    fn from(error: SheetError) -> Self {
        match error {
            SheetError::NotCoordinated(_) => {
                Fault::new(FaultCode::Forbidden, error.to_string()).into()
            }
            SheetError::Relay(error) => error.into(),
        }
    }
}

impl From<ImportError> for Refused {
    fn from(error: ImportError) -> Self {
        let (code, text) = match error {
            ImportError::Station { ref source, .. } => {
                (FaultCode::Invalid, format!("{error}: {source}"))
            }
            ImportError::Twice { .. } => (FaultCode::Invalid, error.to_string()),
            ImportError::Unchangeable { .. } => (FaultCode::Conflict, error.to_string()),
            ImportError::Relay(error) => return error.into(),
        };
        Fault::new(code, format!("{text}; nothing was imported")).into()
    }
}

impl From<SignatureError> for Refused {
    fn from(error: SignatureError) -> Self {
        Fault::new(FaultCode::SignatureInvalid, error.to_string()).into()
    }
}

/// A token error as a fault that can be answered at once.
pub(crate) fn token(app: &App, error: &TokenError) -> Refused {
    match error {
        TokenError::Invalid => app
            .challenged(FaultCode::TokenInvalid, error.to_string())
            .into(),
        TokenError::Expired => app
            .challenged(FaultCode::TokenExpired, error.to_string())
            .into(),
        TokenError::Unmade(_) => Refused::because(
            Fault::new(FaultCode::Internal, "the relay failed; try again later"),
            error,
        ),
    }
}

/// A challenge error as a fault with a challenge that is good.
pub(crate) fn challenge(app: &App, error: ChallengeError) -> Refused {
    let bound = match error {
        ChallengeError::Foreign => None,
        ChallengeError::Expired => Some(CHALLENGE_TTL_S),
    };
    let mut fault = app.challenged(FaultCode::ChallengeInvalid, error.to_string());
    if let Some(bound) = bound {
        fault = fault.limit("challenge_ttl_s", bound);
    }
    fault.into()
}

/// The relay is about to stop.
pub(crate) fn stopping() -> Fault {
    Fault::new(
        FaultCode::ShuttingDown,
        "the relay is restarting; come back in a moment",
    )
    .retry_after_ms(RESTART_RETRY_MS)
}

/// The layer that gives every refusal its form, and its one log line. It also takes the bare
/// statuses that layers and the router answer by themselves.
pub(crate) async fn answered(State(app): State<App>, request: Request, next: Next) -> Response {
    let cbor = wants_cbor(request.uri().path(), request.headers());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let began_ms = app.clock.elapsed_ms();
    let response = next.run(request).await;
    let took_ms = app.clock.elapsed_ms().saturating_sub(began_ms);
    let status = response.status();
    crate::telemetry::count_request(&route, status.as_u16(), took_ms);
    if !status.is_client_error() && !status.is_server_error() {
        tracing::debug!(%method, route, status = status.as_u16(), took_ms, "request served");
        return response;
    }
    let carried = response.extensions().get::<Carried>().cloned();
    let Carried { fault, cause } = match carried {
        Some(carried) => carried,
        // A readiness probe and the like answer for themselves.
        None if response.headers().contains_key("x-answered") => return response,
        None => Carried {
            fault: Box::new(of_status(status)),
            cause: None,
        },
    };
    let (status, code) = (status.as_u16(), fault.code.as_str());
    if status >= 500 && !fault_is_wanted(&fault) {
        tracing::error!(%method, route, status, code, took_ms, cause, "request failed");
    } else {
        tracing::info!(%method, route, status, code, took_ms, "request refused");
    }
    shaped(&fault, cbor, response.headers())
}

/// Whether the relay refuses on purpose, as a part of its work, with a 5xx status.
fn fault_is_wanted(fault: &Fault) -> bool {
    fault.code == FaultCode::Busy || fault.code == FaultCode::ShuttingDown
}

/// CBOR on the routes of devices, and elsewhere for who sends or asks for it.
fn wants_cbor(path: &str, headers: &HeaderMap) -> bool {
    const DEVICES: [&str; 7] = [
        "/v1/report",
        "/v1/sync",
        "/v1/pair",
        "/v1/pair/outside",
        "/v1/register",
        "/v1/token",
        "/v1/watch",
    ];
    let names_cbor = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains(MEDIA_TYPE))
    };
    DEVICES.contains(&path)
        || path.starts_with("/v1/device/")
        || path == "/v1/people/merge"
        || path.starts_with("/v1/attachments/")
        || names_cbor(header::CONTENT_TYPE)
        || names_cbor(header::ACCEPT)
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The fault of a status that came without one.
fn of_status(status: StatusCode) -> Fault {
    let (code, message) = match status.as_u16() {
        404 => (FaultCode::NotFound, "there is nothing at this address"),
        405 => (
            FaultCode::MethodNotAllowed,
            "this address does not take that method; see /v1/openapi.json",
        ),
        408 => (
            FaultCode::TimedOut,
            "the request took too long; try again on a better connection",
        ),
        413 => {
            return Fault::new(
                FaultCode::TooLarge,
                "the request is too large; send less at once",
            )
            .limit(
                "request_compressed_bytes_max",
                REQUEST_COMPRESSED_BYTES_MAX as u64,
            );
        }
        415 => (
            FaultCode::UnsupportedMedia,
            "the body's media type or content encoding is not taken here; zstd and gzip are",
        ),
        400..500 => (FaultCode::Malformed, "the request could not be read"),
        _ => (FaultCode::Internal, "the relay failed; try again later"),
    };
    Fault::new(code, message)
}

/// The answer itself.
fn shaped(fault: &Fault, cbor: bool, before: &HeaderMap) -> Response {
    let (media, body) = if cbor {
        (MEDIA_TYPE, codec::encode(fault))
    } else {
        let body = serde_json::to_vec(&Problem::of(fault)).unwrap_or_default();
        ("application/problem+json", body)
    };
    let mut response = (status(fault.code.status()), body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(allow) = before.get(header::ALLOW) {
        headers.insert(header::ALLOW, allow.clone());
    }
    if let Some(retry_after_ms) = fault.retry_after_ms {
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(retry_after_ms.div_ceil(1_000)),
        );
    }
    if fault.code.status() == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
