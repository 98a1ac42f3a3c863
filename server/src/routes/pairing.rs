//! `POST /v1/pair`, `/v1/register` and `/v1/token`: how a device comes to be known, and stays so.

use std::net::IpAddr;

use axum::extract::State;
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::limits::SMALL_REQUEST_BYTES_MAX;
use yizhan_proto::outside::OutsidePairRequest;
use yizhan_proto::{DeviceId, Fault, FaultCode, ProtocolVersion};

use super::App;
use super::fault::{self, Refused};
use crate::auth::{SignatureError, Subject, verify};
use crate::error::{DeviceError, PairError, RelayError};
use crate::extract::{Cbor, CborAnswer, Peer};
use crate::outside::OutsideError;
use crate::relay::{Caller, OutsideNewcomer, Paired};

/// A device presents a one-time code and comes to act for the person it was made for.
#[utoipa::path(
    post,
    path = "/v1/pair",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "PairRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "Welcome", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    )
)]
pub(super) async fn pair(
    State(app): State<App>,
    Peer(peer): Peer,
    Cbor(request): Cbor<PairRequest, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    admit(
        &app,
        peer,
        &request.public_key,
        &request.signed_bytes(),
        &request.signature,
    )?;
    let device = request.device;
    let paired = app.relay.pair(request).await;
    welcome(&app, peer, device, paired)
}

/// A device presents a token of the configured identity provider, and comes to act for the person
/// that the token's bearer is linked to.
#[utoipa::path(
    post,
    path = "/v1/pair/outside",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "OutsidePairRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "Welcome", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    )
)]
pub(super) async fn outside(
    State(app): State<App>,
    Peer(peer): Peer,
    Cbor(request): Cbor<OutsidePairRequest, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    let Some(provider) = &app.outside else {
        return Err(Fault::new(
            FaultCode::OutsideClosed,
            "this relay accepts no outside identity provider; ask for a pairing code",
        )
        .into());
    };
    admit(
        &app,
        peer,
        &request.public_key,
        &request.signed_bytes(),
        &request.signature,
    )?;
    let bearer = provider.bearer(&request.token).await.map_err(|error| {
        if let OutsideError::Token(reason) = &error {
            tracing::info!(%reason, "a token of the identity provider was refused");
            app.auth.attempts.failed(peer, app.clock.elapsed_ms());
        }
        Refused::from(&error)
    })?;
    let newcomer = OutsideNewcomer {
        device: request.device,
        public_key: request
            .public_key
            .try_into()
            .map_err(|_| SignatureError::Key)?,
        provisional: request.provisional,
        label: request.label,
    };
    let paired = app.relay.pair_outside(newcomer, bearer).await;
    welcome(&app, peer, request.device, paired)
}

/// A driver registers alone with a station's standing code.
#[utoipa::path(
    post,
    path = "/v1/register",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "RegisterRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "Welcome", body = Vec<u8>, content_type = "application/cbor"),
        (status = "4XX", description = "Fault", body = Vec<u8>, content_type = "application/cbor"),
    )
)]
pub(super) async fn register(
    State(app): State<App>,
    Peer(peer): Peer,
    Cbor(request): Cbor<RegisterRequest, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    admit(
        &app,
        peer,
        &request.public_key,
        &request.signed_bytes(),
        &request.signature,
    )?;
    let device = request.device;
    let paired = app.relay.register(request).await;
    welcome(&app, peer, device, paired)
}

/// A device answers a challenge with its signature, and gets a new access token.
#[utoipa::path(
    post,
    path = "/v1/token",
    tag = "device",
    request_body(content = Vec<u8>, content_type = "application/cbor", description = "TokenRequest (docs/PROTOCOL.md)"),
    responses(
        (status = 200, description = "Access", body = Vec<u8>, content_type = "application/cbor"),
        (status = 401, description = "Fault, with a challenge to answer", body = Vec<u8>, content_type = "application/cbor"),
    )
)]
pub(super) async fn token(
    State(app): State<App>,
    Cbor(request): Cbor<TokenRequest, SMALL_REQUEST_BYTES_MAX>,
) -> Result<CborAnswer, Refused> {
    version(request.version)?;
    let now = app.now();
    app.auth
        .check_challenge(&request.challenge, now)
        .map_err(|error| fault::challenge(&app, error))?;
    let caller = app.relay.caller(request.device)?;
    let signed = request.signed_bytes();
    if let Err(error) = verify(&caller.public_key, &signed, &request.signature) {
        // A copy of the device that was left behind when its key changed can be told so.
        let former = app.relay.former_keys(request.device).await?;
        let is_former = |key: &[u8; 32]| verify(key, &signed, &request.signature).is_ok();
        if former.iter().any(is_former) {
            return Err(DeviceError::KeyReplaced.into());
        }
        let fault = app.challenged(FaultCode::SignatureInvalid, error.to_string());
        return Err(fault.into());
    }
    Ok(CborAnswer::of(&access(&app, &caller)?))
}

/// Access for a device, with what it needs to show and verify check-in codes.
pub(super) fn access(app: &App, caller: &Caller) -> Result<Access, Refused> {
    let now = app.now();
    let mut access = app
        .auth
        .grant(caller.device, caller.person, now)
        .map_err(|error| fault::token(app, &error))?;
    let subject = Subject {
        device: caller.device,
        person: caller.person,
        name: &caller.identity.name,
        public_key: caller.public_key,
    };
    let revoked = app.relay.revoked_devices(caller, now);
    access.check_in = Some(app.auth.check_in_kit(&subject, revoked, now));
    Ok(access)
}

pub(super) fn version(found: ProtocolVersion) -> Result<(), Refused> {
    if found.is_supported() {
        return Ok(());
    }
    Err(RelayError::UnsupportedVersion { found }.into())
}

fn may_try(app: &App, peer: IpAddr) -> Result<(), Refused> {
    app.auth
        .attempts
        .may_try(peer, app.clock.elapsed_ms())
        .map_err(|wait_ms| {
            Fault::new(
                FaultCode::RateLimited,
                "too many wrong codes from here; wait a little and check the code",
            )
            .retry_after_ms(wait_ms)
            .into()
        })
}

/// Whoever asks may try (again), and the device holds the key it names.
fn admit(
    app: &App,
    peer: IpAddr,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Refused> {
    may_try(app, peer)?;
    verify(public_key, message, signature).map_err(|error| {
        app.auth.attempts.failed(peer, app.clock.elapsed_ms());
        error.into()
    })
}

fn welcome(
    app: &App,
    peer: IpAddr,
    device: DeviceId,
    paired: Result<Paired, PairError>,
) -> Result<CborAnswer, Refused> {
    let paired = paired.inspect_err(|error| {
        if is_a_guess(error) {
            app.auth.attempts.failed(peer, app.clock.elapsed_ms());
        }
    })?;
    let access = access(app, &*app.relay.caller(device)?)?;
    Ok(CborAnswer::of(&Welcome {
        identity: paired.identity,
        epoch: paired.epoch,
        relay_time: paired.relay_time,
        access,
    }))
}

/// Whether a failure is what guessing looks like.
fn is_a_guess(error: &PairError) -> bool {
    match error {
        PairError::CodeWrong
        | PairError::CodeUsed
        | PairError::CodeExpired
        | PairError::StationCodeInvalid => true,
        PairError::OutsideUnknown
        | PairError::OutsideTokenUsed
        | PairError::DeviceConflict
        | PairError::DeviceRevoked
        | PairError::PersonConflict
        | PairError::TooManyHere { .. }
        | PairError::Invalid(_)
        | PairError::Relay(_) => false,
    }
}
