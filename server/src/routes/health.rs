//! `GET /healthz` (the process lives) and `GET /readyz` (it takes work and can read its store).

use axum::extract::State;

use super::App;
use super::fault::{self, Refused};

/// Whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It is", body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the writer takes work, the store can be read, and the relay is not about to stop.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "It is ready", body = String),
        (status = 503, description = "It is not", body = crate::admin::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> Result<&'static str, Refused> {
    if app.stopping.is_cancelled() {
        return Err(fault::stopping().into());
    }
    app.relay.ready().await?;
    Ok("ready\n")
}
