//! Request bodies, bounded twice: as they arrive (compressed or not), and as they are read
//! (decompressed). Nothing is kept of a body that passes a bound.

use std::error::Error;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::{Sleep, sleep};
use tokio_stream::{Stream, StreamExt};
use yizhan_proto::limits::{
    REQUEST_BYTES_MAX, REQUEST_COMPRESSED_BYTES_MAX, SMALL_REQUEST_BYTES_MAX,
};
use yizhan_proto::{Fault, FaultCode};

use crate::routes::App;
use crate::routes::fault::Refused;

/// Bytes of a JSON body of the admin API: a province's stations in one import.
pub(crate) const JSON_BYTES_MAX: usize = REQUEST_BYTES_MAX;
/// Bytes of an unread body that are still taken off the wire after a refusal, so that the sender
/// finishes sending and reads why, where a closed connection would look like bad coverage.
const DISCARD_BYTES_MAX: usize = 4 * REQUEST_COMPRESSED_BYTES_MAX;

/// The fault of a body that is larger than it may be.
pub(crate) fn too_large(bytes_max: usize) -> Fault {
    let limit = match bytes_max {
        SMALL_REQUEST_BYTES_MAX => "small_request_bytes_max",
        REQUEST_COMPRESSED_BYTES_MAX => "request_compressed_bytes_max",
        _ => "request_bytes_max",
    };
    Fault::new(
        FaultCode::TooLarge,
        format!("the body is larger than {bytes_max} bytes; send less at once"),
    )
    .limit(limit, bytes_max as u64)
}

/// Reads a body of at most `bytes_max` bytes.
pub(crate) async fn read(body: Body, bytes_max: usize) -> Result<Vec<u8>, Refused> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| unreadable(&error))?;
        if part.len() > bytes_max - bytes.len() {
            return Err(too_large(bytes_max).into());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// More bytes arrived than may.
#[derive(Debug, thiserror::Error)]
#[error("more bytes arrived than a request may have")]
struct ArrivedTooLarge;

/// No more bytes arrived for a while.
#[derive(Debug, thiserror::Error)]
#[error("the body stopped arriving")]
struct Stalled;

fn unreadable(error: &(dyn Error + 'static)) -> Refused {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if error.is::<ArrivedTooLarge>() || inner.is_some_and(|inner| inner.is::<ArrivedTooLarge>())
        {
            return too_large(REQUEST_COMPRESSED_BYTES_MAX).into();
        }
        if error.is::<Stalled>() || inner.is_some_and(|inner| inner.is::<Stalled>()) {
            return Fault::new(
                FaultCode::TimedOut,
                "the body stopped arriving; try again on a better connection",
            )
            .into();
        }
        cause = error.source();
    }
    Fault::new(
        FaultCode::Malformed,
        "the body broke off, or is not what its content-encoding says",
    )
    .into()
}

/// The layer that bounds what arrives, whatever its encoding, and that takes the rest of a refused
/// request off the wire.
pub(crate) async fn bounded(State(app): State<App>, request: Request, next: Next) -> Response {
    let bytes_max = if request.uri().path().starts_with("/v1/admin/") {
        JSON_BYTES_MAX
    } else {
        REQUEST_COMPRESSED_BYTES_MAX
    };
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    let (parts, body) = request.into_parts();
    let arriving = Arriving {
        stream: Arc::new(Mutex::new(Paced {
            stream: body.into_data_stream(),
            idle: app.limits.body_idle_timeout,
            waiting: None,
        })),
        left: bytes_max,
    };
    let unread = Arc::clone(&arriving.stream);
    let response = if announced.is_some_and(|announced| announced > bytes_max as u64) {
        Refused::from(too_large(bytes_max)).into_response()
    } else {
        next.run(Request::from_parts(parts, Body::from_stream(arriving)))
            .await
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        discard(&unread).await;
    }
    response
}

/// A body as it arrives; the layer keeps a hold of it.
struct Arriving {
    stream: Arc<Mutex<Paced>>,
    left: usize,
}

impl Stream for Arriving {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let part = poll(&self.stream, cx);
        part.map(|part| match part {
            Some(Ok(bytes)) if bytes.len() > self.left => Some(Err(Box::new(ArrivedTooLarge) as _)),
            Some(Ok(bytes)) => {
                self.left -= bytes.len();
                Some(Ok(bytes))
            }
            Some(Err(error)) => Some(Err(error)),
            None => None,
        })
    }
}

/// A body whose next piece is not waited for for ever.
struct Paced {
    stream: BodyDataStream,
    idle: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

type Piece = Result<Bytes, Box<dyn Error + Send + Sync>>;

fn poll(paced: &Mutex<Paced>, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
    let mut paced = paced.lock().unwrap_or_else(PoisonError::into_inner);
    let paced = &mut *paced;
    match Pin::new(&mut paced.stream).poll_next(cx) {
        Poll::Ready(piece) => {
            paced.waiting = None;
            Poll::Ready(piece.map(|piece| piece.map_err(Into::into)))
        }
        Poll::Pending => {
            let idle = paced.idle;
            let timer = paced.waiting.get_or_insert_with(|| Box::pin(sleep(idle)));
            timer.as_mut().poll(cx).map(|()| {
                metrics::counter!("yizhan_connections_cut_total", "reason" => "body").increment(1);
                Some(Err(Box::new(Stalled) as _))
            })
        }
    }
}

async fn discard(paced: &Mutex<Paced>) {
    let mut left = DISCARD_BYTES_MAX;
    while let Some(Ok(part)) = std::future::poll_fn(|cx| poll(paced, cx)).await {
        left = match left.checked_sub(part.len()) {
            Some(left) => left,
            None => return,
        };
    }
}
