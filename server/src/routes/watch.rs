//! `GET /v1/watch`: server-sent events that say which scope moved, and nothing else.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use yizhan_proto::watch::{EVENT_MOVED, EVENT_PULL};
use yizhan_proto::{Fault, FaultCode};

use super::App;
use super::fault::Refused;
use crate::extract::Device;
use crate::watch::WatchEvent;

/// Milliseconds after which to come back to a relay whom too many watch.
const FULL_RETRY_MS: u64 = 30_000;

/// Says which of the device's scopes moved, until the device is revoked or the relay stops.
#[utoipa::path(
    get,
    path = "/v1/watch",
    tag = "device",
    responses(
        (status = 200, description = "Events `moved` (data: a scope and a sequence) and `pull` (sync now)", body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn watch(
    State(app): State<App>,
    Device(caller): Device,
) -> Result<Sse<impl tokio_stream::Stream<Item = Result<Event, Infallible>>>, Refused> {
    let room = app.watches.clone().try_acquire_owned().map_err(|_| {
        Fault::new(
            FaultCode::Busy,
            "too many devices watch this relay; sync from time to time",
        )
        .retry_after_ms(FULL_RETRY_MS)
    })?;
    let mut watch = app.relay.watch(&caller)?;
    // One event at a time: a listener that does not read holds up only itself, and the relay
    // merges what it misses.
    let (events, receiver) = mpsc::channel(1);
    let stopping = app.stopping.clone();
    app.tasks.spawn(async move {
        let _room = room;
        loop {
            let event = tokio::select! {
                () = stopping.cancelled() => break,
                () = events.closed() => break,
                event = watch.next() => event,
            };
            let event = match event {
                WatchEvent::Moved(moved) => {
                    Event::default().event(EVENT_MOVED).data(moved.to_string())
                }
                WatchEvent::Pull => Event::default().event(EVENT_PULL).data(""),
                WatchEvent::Closed => break,
            };
            let sent = tokio::select! {
                () = stopping.cancelled() => break,
                sent = events.send(Ok(event)) => sent,
            };
            if sent.is_err() {
                break;
            }
        }
    });
    let keep_alive = KeepAlive::new().interval(app.limits.keep_alive);
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(keep_alive))
}
