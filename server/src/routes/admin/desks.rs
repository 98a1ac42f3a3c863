//! Desks: add, list, remove, and who belongs to each.

use axum::Json as Answer;
use axum::extract::{Path, State};
use yizhan_proto::DeskKey;
use yizhan_proto::id::IdError;

use super::people::person_id;
use super::{invalid, station, station_id};
use crate::admin::{Desk, DeskMember, NewDesk, NewDeskMember, Problem, Removed};
use crate::extract::{Admin, Json};
use crate::relay::{self, DeskPerson};
use crate::routes::App;
use crate::routes::fault::Refused;

/// All desks, ascending by key.
#[utoipa::path(
    get,
    path = "/v1/admin/desks",
    tag = "admin",
    responses((status = 200, body = Vec<Desk>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(State(app): State<App>, _: Admin) -> Result<Answer<Vec<Desk>>, Refused> {
    let desks = app.relay.desks().await?;
    Ok(Answer(desks.into_iter().map(listed).collect()))
}

/// Adds a desk, or changes the name, parent, station and classes of one.
#[utoipa::path(
    post,
    path = "/v1/admin/desks",
    tag = "admin",
    request_body = NewDesk,
    responses((status = 200, body = Desk), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn add(
    State(app): State<App>,
    _: Admin,
    Json(new): Json<NewDesk>,
) -> Result<Answer<Desk>, Refused> {
    let place = match &new.station {
        Some(named) => Some(station_id(&station(&app.relay, named).await?)),
        None => None,
    };
    let new = relay::NewDesk {
        key: desk_key(&new.id)?,
        name: new.name,
        region: new
            .region
            .parse()
            .map_err(|error: IdError| invalid(error.to_string()))?,
        parent: new.parent.as_deref().map(desk_key).transpose()?,
        station: place,
        classes: new.classes,
    };
    Ok(Answer(listed(app.relay.add_desk(new).await?)))
}

/// Removes a desk where no ticket is open and under which no desk lies.
#[utoipa::path(
    delete,
    path = "/v1/admin/desks/{desk}",
    tag = "admin",
    params(("desk" = String, Path, description = "Key")),
    responses((status = 200, body = Removed), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn remove(
    State(app): State<App>,
    _: Admin,
    Path(desk): Path<String>,
) -> Result<Answer<Removed>, Refused> {
    let key = desk_key(&desk)?;
    app.relay.remove_desk(key.clone()).await?;
    let id = key.to_string();
    Ok(Answer(Removed { id }))
}

/// Lets a person belong to a desk, which makes them its specialist.
#[utoipa::path(
    post,
    path = "/v1/admin/desks/{desk}/members",
    tag = "admin",
    params(("desk" = String, Path, description = "Key")),
    request_body = NewDeskMember,
    responses((status = 200, body = Desk), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn add_member(
    State(app): State<App>,
    _: Admin,
    Path(desk): Path<String>,
    Json(new): Json<NewDeskMember>,
) -> Result<Answer<Desk>, Refused> {
    let (desk, person) = (desk_key(&desk)?, person_id(&new.person)?);
    let desk = app
        .relay
        .add_desk_member(desk, person, new.coordinator, new.classes)
        .await?;
    Ok(Answer(listed(desk)))
}

/// Ends a person's belonging to a desk, and with it their role there.
#[utoipa::path(
    delete,
    path = "/v1/admin/desks/{desk}/members/{person}",
    tag = "admin",
    params(("desk" = String, Path, description = "Key"), ("person" = String, Path, description = "Id")),
    responses((status = 200, body = Desk), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn remove_member(
    State(app): State<App>,
    _: Admin,
    Path((desk, person)): Path<(String, String)>,
) -> Result<Answer<Desk>, Refused> {
    let (desk, person) = (desk_key(&desk)?, person_id(&person)?);
    let desk = app.relay.remove_desk_member(desk, person).await?;
    Ok(Answer(listed(desk)))
}

fn desk_key(text: &str) -> Result<DeskKey, Refused> {
    text.parse()
        .map_err(|error: IdError| invalid(error.to_string()))
}

fn listed(desk: relay::Desk) -> Desk {
    let member = |member: DeskPerson| DeskMember {
        id: member.id.to_string(),
        name: member.name,
        coordinator: member.coordinator,
        classes: member.classes,
    };
    Desk {
        id: desk.key.to_string(),
        name: desk.name,
        region: desk.region.to_string(),
        parent: desk.parent.map(|parent| parent.to_string()),
        station: desk.station.map(|station| station.to_string()),
        classes: desk.classes,
        members: desk.members.into_iter().map(member).collect(),
        open_tickets: desk.open_tickets,
        breached: desk.breached,
    }
}
