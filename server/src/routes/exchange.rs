//! `POST /v1/sync`.

use axum::extract::State;
use yizhan_proto::limits::REQUEST_BYTES_MAX;
use yizhan_proto::sync::SyncRequest;

use super::App;
use super::fault::Refused;
use crate::extract::{Cbor, CborAnswer, Device};

/// One exchange of a device with the relay: it pushes its changes and pulls what it lacks.
#[utoipa::path(
    post,
    path = "/v1/sync",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "SyncRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "SyncResponse", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
        (status = "5XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn sync(
    State(app): State<App>,
    Device(caller): Device,
    Cbor(request): Cbor<SyncRequest, REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    app.rates.changes(caller.device, request.pushes.len())?;
    let response = app.relay.sync(&caller, request).await?;
    Ok(CborAnswer::of(&response))
}
