//! `HEAD`, `PUT` and `GET /v1/attachments/{sha256}`: photos and papers, in pieces.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use yizhan_proto::limits::PIECE_BYTES_MAX;
use yizhan_proto::{ContentHash, Fault, FaultCode};

use super::App;
use super::fault::Refused;
use crate::body;
use crate::extract::Device;
use crate::ranges::{Asked, Sent, read_asked, read_sent};
use crate::relay::{AttachmentState, Piece, Readable};

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// How far some bytes are: `upload-offset`, `upload-length`, `upload-complete`.
#[utoipa::path(
    head,
    path = "/v1/attachments/{sha256}",
    tag = "device",
    params(("sha256" = String, Path, description = "64 of 0-9, a-f")),
    responses(
        (status = 204, description = "How far the bytes are, in headers"),
        (status = "4XX", description = "No body"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn state(
    State(app): State<App>,
    Device(caller): Device,
    Path(sha256): Path<String>,
) -> Result<Response, Refused> {
    let state = app
        .relay
        .attachment_state(&caller, parsed(&sha256)?)
        .await?;
    Ok(told(&state))
}

/// Takes one piece: `content-range: bytes FROM-TO/WHOLE`; or says how far the upload is:
/// `content-range: bytes */WHOLE`, without a body.
#[utoipa::path(
    put,
    path = "/v1/attachments/{sha256}",
    tag = "device",
    params(("sha256" = String, Path, description = "64 of 0-9, a-f")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "At most 256 KiB"),
    responses(
        (status = 204, description = "How far the bytes are, in headers"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
        (status = "5XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn put(
    State(app): State<App>,
    Device(caller): Device,
    Path(sha256): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let sha256 = parsed(&sha256)?;
    let sent = sent_range(request.headers())?;
    let piece = body::read(request.into_body(), PIECE_BYTES_MAX).await?;
    let len = sent.range.map_or(0, |(from, to)| to - from + 1);
    if piece.len() as u64 != len {
        return Err(Fault::new(
            FaultCode::Malformed,
            format!(
                "the body has {} bytes, and content-range says {len}",
                piece.len()
            ),
        )
        .into());
    }
    let piece = match sent.range {
        Some((at, _)) => Piece {
            at,
            piece,
            whole: sent.whole,
        },
        None => Piece {
            at: 0,
            piece,
            whole: sent.whole,
        },
    };
    let state = app.relay.put_attachment(&caller, sha256, piece).await?;
    Ok(told(&state))
}

/// The bytes, or the range of them that `range` asks for.
#[utoipa::path(
    get,
    path = "/v1/attachments/{sha256}",
    tag = "device",
    params(("sha256" = String, Path, description = "64 of 0-9, a-f")),
    responses(
        (status = 200, description = "All bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The range", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
        (status = "5XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn get(
    State(app): State<App>,
    Device(caller): Device,
    Path(sha256): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let sha256 = parsed(&sha256)?;
    let readable = app.relay.read_attachment(&caller, sha256).await?;
    let bytes = readable.bytes;
    let range = match asked_range(&headers, bytes) {
        Asked::All => None,
        Asked::Range(from, to) => Some((from, to)),
        Asked::Beyond => {
            return Err(Fault::new(
                FaultCode::RangeUnsatisfiable,
                format!("there are {bytes} bytes; ask for some of those"),
            )
            .limit("bytes", bytes)
            .into());
        }
    };
    let (from, to) = range.unwrap_or((0, bytes.saturating_sub(1)));
    let media = HeaderValue::from_str(&readable.media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = streamed(&app, readable, from, to).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(to + 1 - from));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment"),
    );
    if range.is_some() {
        if let Ok(said) = HeaderValue::from_str(&format!("bytes {from}-{to}/{bytes}")) {
            headers.insert(header::CONTENT_RANGE, said);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Bytes `from` to `to`, one piece in memory at a time.
fn streamed(app: &App, mut readable: Readable, from: u64, to: u64) -> Body {
    let (pieces, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    app.tasks.spawn_blocking(move || {
        let mut at = from;
        while at <= to {
            let left = usize::try_from(to + 1 - at).unwrap_or(usize::MAX);
            let piece = match readable.read(at, left.min(PIECE_BYTES_MAX)) {
                Ok(piece) if piece.is_empty() => return,
                Ok(piece) => piece,
                Err(error) => {
                    tracing::error!(%error, "an attachment could not be read");
                    drop(pieces.blocking_send(Err(std::io::Error::other(error))));
                    return;
                }
            };
            at += piece.len() as u64;
            if pieces.blocking_send(Ok(piece.into())).is_err() {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}

fn parsed(sha256: &str) -> Result<ContentHash, Refused> {
    // What is no hash names nothing: the same answer as for a hash that is not known.
    let unknown = |_| crate::error::AttachmentError::NotFound;
    Ok(sha256.parse().map_err(unknown)?)
}

/// How far the bytes are.
fn told(state: &AttachmentState) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(state.have));
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(state.bytes));
    let complete = if state.complete { "?1" } else { "?0" };
    headers.insert(UPLOAD_COMPLETE, HeaderValue::from_static(complete));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn sent_range(headers: &HeaderMap) -> Result<Sent, Refused> {
    let said = headers
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    read_sent(said).ok_or_else(|| {
        Fault::new(
            FaultCode::Malformed,
            "say which bytes these are: content-range: bytes 0-262143/1000000",
        )
        .into()
    })
}

/// What a request's `range` asks for.
fn asked_range(headers: &HeaderMap, bytes: u64) -> Asked {
    headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .map_or(Asked::All, |said| read_asked(said, bytes))
}
