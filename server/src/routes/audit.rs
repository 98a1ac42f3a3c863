//! `POST /v1/audit/reads`.

use axum::extract::State;
use yizhan_proto::audit::CheckReads;
use yizhan_proto::limits::SMALL_REQUEST_BYTES_MAX;

use super::App;
use super::fault::Refused;
use crate::extract::{Cbor, CborAnswer, Device};

/// A device tells which health checks of others were looked at on it. The answer names what is in
/// the audit log; the rest is to be sent again later.
#[utoipa::path(
    post,
    path = "/v1/audit/reads",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "CheckReads (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "ReadsEntered", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
        (status = "5XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn reads(
    State(app): State<App>,
    Device(caller): Device,
    Cbor(request): Cbor<CheckReads, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    let entered = app.relay.enter_reads(&caller, request).await?;
    Ok(CborAnswer::of(&entered))
}
