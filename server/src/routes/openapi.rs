//! `GET /v1/openapi.json`: what this relay serves, for programs.

use axum::extract::State;
use axum::http::{HeaderName, header};
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::App;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Yizhan relay",
        description = "The admin API is JSON; its faults are problem documents (RFC 9457) with a stable `code`. Devices speak CBOR (docs/PROTOCOL.md); their bodies are opaque here."
    ),
    tags(
        (name = "admin", description = "For the operator, with the key in the data folder"),
        (name = "device", description = "For phones and tablets"),
        (name = "health", description = "For whatever watches over the process")
    )
)]
struct Document;

/// The document without its routes.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        "admin_key",
        SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
    );
    components.add_security_scheme(
        "device_token",
        SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
    );
    document
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "health", responses((status = 200, description = "OpenAPI", body = Object, content_type = "application/json")))]
pub(super) async fn served(State(app): State<App>) -> ([(HeaderName, &'static str); 1], String) {
    (
        [(header::CONTENT_TYPE, "application/json")],
        app.openapi.clone(),
    )
}
