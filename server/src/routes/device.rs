//! `POST /v1/device/key`, `/v1/device/farewell` and `/v1/device/wiped`: a device's new key, and the
//! leave of one that was lost. And `POST /v1/people/merge`.

use axum::extract::State;
use yizhan_proto::device::{
    FarewellRequest, FarewellResponse, KeyRequest, MergeRequest, Merged, WipeNoted, WipedRequest,
};
use yizhan_proto::identity::Access;
use yizhan_proto::limits::{REQUEST_BYTES_MAX, SMALL_REQUEST_BYTES_MAX};
use yizhan_proto::{DeviceId, FaultCode};

use super::App;
use super::fault::{self, Refused};
use super::pairing::{access, version};
use crate::auth::verify;
use crate::error::DeviceError;
use crate::extract::{Cbor, CborAnswer, Device};

/// A device goes over to a new key. Signed by both; no token is needed.
#[utoipa::path(
    post,
    path = "/v1/device/key",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "KeyRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "Access", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    )
)]
pub(super) async fn key(
    State(app): State<App>,
    Cbor(request): Cbor<KeyRequest, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    app.auth
        .check_challenge(&request.challenge, app.now())
        .map_err(|error| fault::challenge(&app, error))?;
    app.relay.caller(request.device)?;
    let signed = request.signed_bytes();
    verify(&request.new_key, &signed, &request.new_signature)?;
    verify(&request.old_key, &signed, &request.old_signature)?;
    let device = request.device;
    app.relay.replace_key(request).await?;
    let caller = app.relay.caller(device)?;
    let access: Access = access(&app, &caller)?;
    Ok(CborAnswer::of(&access))
}

/// A revoked device asks whether to erase itself, and hands over what it had not sent.
#[utoipa::path(
    post,
    path = "/v1/device/farewell",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "FarewellRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "FarewellResponse: to erase itself", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault: not to", body = Vec<u8>, content_type = "application/cbor"),
    )
)]
pub(super) async fn farewell(
    State(app): State<App>,
    Cbor(request): Cbor<FarewellRequest, REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    let now = app.now();
    app.auth
        .check_challenge(&request.challenge, now)
        .map_err(|error| fault::challenge(&app, error))?;
    signed(
        &app,
        request.device,
        &request.signed_bytes(),
        &request.signature,
    )
    .await?;
    let (device, nonce) = (request.device, request.nonce);
    let farewell = app.relay.farewell(request).await?;
    let epoch = app.relay.epoch();
    Ok(CborAnswer::of(&FarewellResponse {
        order: app
            .auth
            .wipe_order(device, epoch, nonce, farewell.ordered_at),
        receipts: farewell.receipts,
        challenge: app.auth.challenge(now),
    }))
}

/// Nothing is left on a device that was to erase itself.
#[utoipa::path(
    post,
    path = "/v1/device/wiped",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "WipedRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "WipeNoted", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    )
)]
pub(super) async fn wiped(
    State(app): State<App>,
    Cbor(request): Cbor<WipedRequest, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    signed(
        &app,
        request.device,
        &request.signed_bytes(),
        &request.signature,
    )
    .await?;
    let wiped_at = app.relay.note_wiped(request).await?;
    Ok(CborAnswer::of(&WipeNoted { wiped_at }))
}

/// A coordinator, or one of the two, says that two drivers are one.
#[utoipa::path(
    post,
    path = "/v1/people/merge",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "MergeRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "Merged", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    ),
    security(("device_token" = []))
)]
pub(super) async fn merge(
    State(app): State<App>,
    Device(caller): Device,
    Cbor(request): Cbor<MergeRequest, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    let merged = app
        .relay
        .merge_drivers(&caller, request.keep, request.other);
    Ok(CborAnswer::of(&Merged::from(merged.await?)))
}

/// A device that is to erase itself has signed this.
async fn signed(
    app: &App,
    device: DeviceId,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refused> {
    let key: Result<[u8; 32], DeviceError> = app.relay.key_of_lost(device).await;
    verify(&key?, message, signature).map_err(|error| {
        app.challenged(FaultCode::SignatureInvalid, error.to_string())
            .into()
    })
}
