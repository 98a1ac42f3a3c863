//! What devices are still to forget; stations that close and open; roles that move.

use axum::Json as Answer;
use axum::extract::{Path, Query, State};
use yizhan_proto::DeviceId;
use yizhan_proto::id::IdError;

use super::people::{person, person_id};
use super::{invalid, role, station, station_id};
use crate::admin::{
    ForgetPage, ForgetQuery, ForgetScope, Forgets, Person, Problem, RoleMove, StationClosed,
    rfc3339,
};
use crate::extract::{Admin, Json};
use crate::relay::{ForgetsDueRow, ForgetsOfDevice, ScopeLeftRow};
use crate::routes::App;
use crate::routes::fault::Refused;

/// What devices are still to forget, a page of devices at a time.
#[utoipa::path(
    get,
    path = "/v1/admin/forgets",
    tag = "admin",
    params(ForgetQuery),
    responses((status = 200, body = ForgetPage), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn forgets(
    State(app): State<App>,
    _: Admin,
    Query(query): Query<ForgetQuery>,
) -> Result<Answer<ForgetPage>, Refused> {
    let after: Option<DeviceId> = query
        .after
        .map(|text| text.parse())
        .transpose()
        .map_err(|error: IdError| invalid(error.to_string()))?;
    let page = app.relay.outstanding(after).await?;
    Ok(Answer(ForgetPage {
        devices: page.devices.into_iter().map(told).collect(),
        next: page.next.map(|device| device.to_string()),
    }))
}

/// Closes a station: the roles there end, and the directory says so.
#[utoipa::path(
    post,
    path = "/v1/admin/stations/{station}/close",
    tag = "admin",
    params(("station" = String, Path, description = "Key or id")),
    responses((status = 200, body = StationClosed), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn close(
    State(app): State<App>,
    _: Admin,
    Path(named): Path<String>,
) -> Result<Answer<StationClosed>, Refused> {
    let station = station(&app.relay, &named).await?;
    let roles = app.relay.close_station(station_id(&station)).await?;
    Ok(Answer(StationClosed {
        id: station.id.to_string(),
        key: station.key,
        closed: true,
        roles,
    }))
}

/// Opens a station that was closed: the roles that ended with it come back.
#[utoipa::path(
    post,
    path = "/v1/admin/stations/{station}/reopen",
    tag = "admin",
    params(("station" = String, Path, description = "Key or id")),
    responses((status = 200, body = StationClosed), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn reopen(
    State(app): State<App>,
    _: Admin,
    Path(named): Path<String>,
) -> Result<Answer<StationClosed>, Refused> {
    let station = station(&app.relay, &named).await?;
    let roles = app.relay.reopen_station(station_id(&station)).await?;
    Ok(Answer(StationClosed {
        id: station.id.to_string(),
        key: station.key,
        closed: false,
        roles,
    }))
}

/// Moves a person from one role to another, in one step.
#[utoipa::path(
    post,
    path = "/v1/admin/people/{person}/roles/move",
    tag = "admin",
    params(("person" = String, Path, description = "Id")),
    request_body = RoleMove,
    responses((status = 200, body = Person), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn move_role(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    Json(wanted): Json<RoleMove>,
) -> Result<Answer<Person>, Refused> {
    let id = person_id(&id)?;
    let from = role(&app.relay, &wanted.from).await?;
    let to = role(&app.relay, &wanted.to).await?;
    Ok(Answer(person(app.relay.move_role(id, from, to).await?)))
}

fn told(device: ForgetsOfDevice) -> Forgets {
    Forgets {
        id: device.device.to_string(),
        label: device.label,
        person: device.person.to_string(),
        person_name: device.person_name,
        revoked: device.revoked_at.is_some(),
        revoked_at: device.revoked_at.map(rfc3339),
        wipe_ordered_at: device.wipe.as_ref().map(|wipe| rfc3339(wipe.ordered_at)),
        wiped_at: device.wipe.and_then(|wipe| wipe.wiped_at).map(rfc3339),
        last_seen_at: device.last_seen_at.map(rfc3339),
        since: rfc3339(device.since),
        age_ms: device.age_ms,
        documents: device.due.iter().map(|row| row.documents).sum(),
        scopes: device.due.iter().map(due).collect(),
        scopes_left: device.left.iter().map(left).collect(),
    }
}

fn due(row: &ForgetsDueRow) -> ForgetScope {
    ForgetScope {
        scope: row.scope.to_string(),
        since: rfc3339(row.since),
        documents: Some(row.documents),
    }
}

fn left(row: &ScopeLeftRow) -> ForgetScope {
    ForgetScope {
        scope: row.scope.to_string(),
        since: rfc3339(row.since),
        documents: None,
    }
}
