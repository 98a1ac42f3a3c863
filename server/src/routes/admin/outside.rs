//! `/v1/admin/outside`: who somebody of the outside identity provider is here.

use axum::Json as Answer;
use axum::extract::{Path, State};

use super::super::App;
use super::super::fault::Refused;
use super::people::person_id;
use super::{invalid, not_found};
use crate::admin::{OutsideLink, OutsideSubject, Problem, rfc3339};
use crate::extract::{Admin, Json};
use crate::store::rows::OutsideIdentityRow;

/// All links, ascending by issuer, then subject.
#[utoipa::path(
    get,
    path = "/v1/admin/outside",
    tag = "admin",
    responses((status = 200, body = Vec<OutsideLink>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Admin,
) -> Result<Answer<Vec<OutsideLink>>, Refused> {
    let rows = app.relay.outside_identities().await?;
    Ok(Answer(rows.into_iter().map(shown).collect()))
}

/// Links a subject to a person, in place of any former link of that subject.
#[utoipa::path(
    post,
    path = "/v1/admin/people/{person}/outside",
    tag = "admin",
    params(("person" = String, Path, description = "Id")),
    request_body = OutsideSubject,
    responses((status = 200, body = OutsideLink), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn link(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    Json(subject): Json<OutsideSubject>,
) -> Result<Answer<OutsideLink>, Refused> {
    let (id, issuer) = (person_id(&id)?, issuer(&app, subject.issuer)?);
    let row = app.relay.link_outside(id, &issuer, &subject.subject);
    Ok(Answer(shown(row.await?)))
}

/// Takes a link back. Devices that were paired through it stay.
#[utoipa::path(
    post,
    path = "/v1/admin/outside/unlink",
    tag = "admin",
    request_body = OutsideSubject,
    responses((status = 200, body = OutsideSubject), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn unlink(
    State(app): State<App>,
    _: Admin,
    Json(subject): Json<OutsideSubject>,
) -> Result<Answer<OutsideSubject>, Refused> {
    let issuer = issuer(&app, subject.issuer)?;
    let known = app
        .relay
        .unlink_outside(issuer.clone(), subject.subject.clone());
    if !known.await? {
        return Err(not_found(
            "this subject is linked to nobody; see: yizhan person links",
        ));
    }
    Ok(Answer(OutsideSubject {
        issuer: Some(issuer),
        subject: subject.subject,
    }))
}

fn issuer(app: &App, named: Option<String>) -> Result<String, Refused> {
    let accepted = || {
        app.outside
            .as_ref()
            .map(|outside| outside.issuer().to_owned())
    };
    named.or_else(accepted).ok_or_else(|| {
        invalid("this relay accepts no identity provider; start it with --oidc, or name the issuer")
    })
}

fn shown(row: OutsideIdentityRow) -> OutsideLink {
    OutsideLink {
        id: row.person.to_string(),
        issuer: row.issuer,
        subject: row.subject,
        linked_at: rfc3339(row.linked_at),
    }
}
