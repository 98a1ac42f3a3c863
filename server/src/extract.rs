//! What routes take out of a request: who asks (before any of the body is read), and the message.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use axum::response::{IntoResponse, Response};
use minicbor::{Decode, Encode};
use serde::de::DeserializeOwned;
use yizhan_proto::codec::{self, DecodeError, MEDIA_TYPE};
use yizhan_proto::{Fault, FaultCode};

use crate::body;
use crate::edge::ClientAddress;
use crate::relay::Caller;
use crate::routes::App;
use crate::routes::fault::{self, Refused};

/// The device that asks, as it may act right now.
#[derive(Debug)]
pub(crate) struct Device(pub(crate) Arc<Caller>);

impl FromRequestParts<App> for Device {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            app.challenged(
                FaultCode::TokenMissing,
                "send an access token: authorization: Bearer TOKEN",
            )
        })?;
        let claims = app
            .auth
            .claims(token, app.now())
            .map_err(|error| fault::token(app, &error))?;
        let caller = app.relay.caller(claims.device)?;
        app.rates.device(caller.device, caller.person)?;
        Ok(Self(caller))
    }
}

/// The operator asks.
#[derive(Debug)]
pub(crate) struct Admin;

impl FromRequestParts<App> for Admin {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let key = bearer(&parts.headers).ok_or_else(|| {
            Fault::new(
                FaultCode::TokenMissing,
                "send the key of the file admin.key: authorization: Bearer KEY",
            )
        })?;
        let address = address(&parts.extensions);
        let elapsed_ms = app.clock.elapsed_ms();
        app.auth
            .admin_attempts
            .may_try(address, elapsed_ms)
            .map_err(|wait_ms| {
                Fault::new(
                    FaultCode::RateLimited,
                    "too many wrong keys from here; wait a little and check the key",
                )
                .retry_after_ms(wait_ms)
            })?;
        if !app.auth.admin_key().is(key) {
            app.auth.admin_attempts.failed(address, elapsed_ms);
            return Err(Fault::new(
                FaultCode::TokenInvalid,
                "this is not the key of the relay's admin.key",
            )
            .into());
        }
        Ok(Self)
    }
}

/// Where the request comes from.
#[derive(Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl FromRequestParts<App> for Peer {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refused> {
        Ok(Self(address(&parts.extensions)))
    }
}

/// The address a request comes from; behind trusted proxies, the one before them.
pub(crate) fn address(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ClientAddress>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
}

/// A CBOR message of at most `BYTES_MAX` bytes.
#[derive(Debug)]
pub(crate) struct Cbor<T, const BYTES_MAX: usize>(pub(crate) T);

impl<T, const BYTES_MAX: usize> FromRequest<App> for Cbor<T, BYTES_MAX>
where
    T: for<'b> Decode<'b, ()>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, _: &App) -> Result<Self, Refused> {
        media(request.headers(), MEDIA_TYPE)?;
        let bytes = body::read(request.into_body(), BYTES_MAX).await?;
        codec::decode(&bytes, BYTES_MAX)
            .map(Self)
            .map_err(|error| match error {
                DecodeError::TooLarge { .. } => body::too_large(BYTES_MAX).into(),
                DecodeError::TooDeep | DecodeError::Malformed(_) | DecodeError::Trailing(_) => {
                    Fault::new(
                        FaultCode::Malformed,
                        format!("the body cannot be read: {error}"),
                    )
                    .into()
                }
            })
    }
}

/// A JSON message of at most [`body::JSON_BYTES_MAX`] bytes.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &App) -> Result<Self, Refused> {
        media(request.headers(), "application/json")?;
        let bytes = body::read(request.into_body(), body::JSON_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Fault::new(
                FaultCode::Malformed,
                format!("the body is not the JSON that this route takes: {error}"),
            )
            .into()
        })
    }
}

/// A CBOR answer.
#[derive(Debug)]
pub(crate) struct CborAnswer(Vec<u8>);

impl CborAnswer {
    pub(crate) fn of<T: Encode<()>>(message: &T) -> Self {
        Self(codec::encode(message))
    }
}

impl IntoResponse for CborAnswer {
    fn into_response(self) -> Response {
        (
            [
                (header::CONTENT_TYPE, MEDIA_TYPE),
                (header::CACHE_CONTROL, "no-store"),
            ],
            self.0,
        )
            .into_response()
    }
}

/// The bearer token, if there is one that is not empty.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The body is of the media type that the route takes.
fn media(headers: &HeaderMap, expected: &str) -> Result<(), Refused> {
    let found = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(str::trim)
        .unwrap_or_default();
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(Fault::new(
        FaultCode::UnsupportedMedia,
        format!("this route takes {expected}; say so in content-type"),
    )
    .into())
}
