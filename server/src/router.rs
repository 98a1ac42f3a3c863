//! The order of the layers around the routes, outermost first: request id, sensitive headers,
//! trace, id in the answer, form of refusals, room, panics, time, bytes as they arrive,
//! decompression, compression; inside them the bytes as they are read. Authentication comes before
//! the body is read, in the extractors.

use std::any::Any;
use std::net::IpAddr;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use yizhan_proto::limits::REQUEST_BYTES_MAX;
use yizhan_proto::{Fault, FaultCode};

use crate::body;
use crate::edge::Weighed;
use crate::extract;
use crate::routes::fault::{self, Refused};
use crate::routes::{self, App};

/// Milliseconds after which to come back to a relay that serves as many as it can.
const BUSY_RETRY_MS: u64 = 500;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The OpenAPI document of all routes, as JSON.
pub(crate) fn openapi_json() -> String {
    let (_, document) = routes::all();
    document.to_json().unwrap_or_default()
}

/// All routes in all layers.
pub(crate) fn router(app: App) -> Router {
    let (routes, _) = routes::all();
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(SetSensitiveRequestHeadersLayer::new([
            header::AUTHORIZATION,
            header::COOKIE,
        ]))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(middleware::from_fn_with_state(app.clone(), fault::answered))
        .layer(middleware::from_fn_with_state(app.clone(), admitted))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            app.limits.request_timeout,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), body::bounded))
        .layer(RequestDecompressionLayer::new())
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX));
    routes.layer(layers).with_state(app)
}

/// A span with what may be known of a request: never its query, which may hold a code.
fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default();
    tracing::info_span!("request", id)
}

/// Numbers the requests of a process. A number says nothing about anybody.
#[derive(Debug, Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        number.to_string().parse().ok().map(RequestId::new)
    }
}

/// Serves so many requests of an address in a minute, and so many of everybody at one time, and
/// tells the others when to come back. Health is always answered, and so is the operator on this
/// machine.
async fn admitted(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if matches!(path, "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let address = extract::address(request.extensions());
    if let Err(fault) = app.rates.request(address, weighed(path, address)) {
        return Refused::from(fault).into_response();
    }
    match app.requests.try_acquire() {
        Ok(_room) => next.run(request).await,
        Err(_) => Refused::from(
            Fault::new(
                FaultCode::Busy,
                "the relay serves as many requests as it can; come back in a moment",
            )
            .retry_after_ms(BUSY_RETRY_MS),
        )
        .into_response(),
    }
}

/// What a request weighs for its address.
fn weighed(path: &str, address: IpAddr) -> Weighed {
    const NAMED: [&str; 4] = ["/v1/sync", "/v1/watch", "/v1/report", "/v1/attachments/"];
    if path.starts_with("/v1/admin/") && address.is_loopback() {
        Weighed::Free
    } else if NAMED.iter().any(|named| path.starts_with(named)) {
        Weighed::Named
    } else {
        Weighed::Anonymous
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over so")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = said, "a request panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests;
