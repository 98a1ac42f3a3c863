//! `/v1/admin/keys`: the key that signs, and those before it.

use axum::Json as Answer;
use axum::extract::State;

use super::super::App;
use super::super::fault::Refused;
use crate::admin::{Key, Problem, RotateKey, rfc3339};
use crate::audit::{Action, Detail, Subject};
use crate::error::RelayError;
use crate::extract::{Admin, Json};

/// The keys that tokens and certificates are believed under, the one that signs first.
#[utoipa::path(
    get,
    path = "/v1/admin/keys",
    tag = "admin",
    responses((status = 200, body = Vec<Key>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(State(app): State<App>, _: Admin) -> Answer<Vec<Key>> {
    listed(&app)
}

/// Makes a new key to sign with; the former ones verify until what they signed has ended.
#[utoipa::path(
    post,
    path = "/v1/admin/keys/rotate",
    tag = "admin",
    request_body = RotateKey,
    responses((status = 200, body = Vec<Key>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn rotate(
    State(app): State<App>,
    _: Admin,
    Json(wish): Json<RotateKey>,
) -> Result<Answer<Vec<Key>>, Refused> {
    let subject = Some(Subject::Device(app.relay.device_id()));
    let how = if wish.drop_former {
        "signing.former_dropped"
    } else {
        "signing"
    };
    let (action, how) = (Action::KeyRotated, Detail::word(how));
    // Before: a key must not change without an entry. One that did not change gets a second.
    app.relay
        .audit_operator(action.clone(), subject.clone(), how)
        .await?;
    if let Err(refused) = change(&app, wish.drop_former).await {
        let why = Detail::word("failed");
        app.relay.audit_failed(action, subject, why).await?;
        return Err(refused);
    }
    tracing::info!(
        drop_former = wish.drop_former,
        "tokens and certificates are signed with a new key"
    );
    Ok(listed(&app))
}

async fn change(app: &App, drop_former: bool) -> Result<(), Refused> {
    let keys = app.clone();
    tokio::task::spawn_blocking(move || keys.auth.rotate(drop_former, keys.clock.as_ref()))
        .await
        .map_err(|_| RelayError::Internal("changing the key failed"))??;
    Ok(())
}

fn listed(app: &App) -> Answer<Vec<Key>> {
    let keys = app.auth.listed_keys();
    Answer(
        keys.into_iter()
            .map(|key| Key {
                id: key.id,
                signs: key.ends_at.is_none(),
                ends_at: key.ends_at.map(rfc3339),
            })
            .collect(),
    )
}
