//! Stations and regions: list, import, and the standing code at the counter.

use axum::Json as Answer;
use axum::extract::{Path, State};
use yizhan_client_core::model::station::Station as Stored;

use super::{invalid, station, station_id};
use crate::admin::{Import, Imported, Problem, Region, Station, StationCode};
use crate::extract::{Admin, Json};
use crate::import::checked;
use crate::relay::{ImportOutcome, RegionInfo};
use crate::routes::App;
use crate::routes::fault::Refused;

/// All stations, ascending by key.
#[utoipa::path(
    get,
    path = "/v1/admin/stations",
    tag = "admin",
    responses((status = 200, body = Vec<Station>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Admin,
) -> Result<Answer<Vec<Station>>, Refused> {
    let stations = app.relay.stations().await?;
    Ok(Answer(stations.iter().map(listed).collect()))
}

/// Imports stations, all or none: new keys are made, known ones changed where they differ.
#[utoipa::path(
    post,
    path = "/v1/admin/stations/import",
    tag = "admin",
    request_body = Import,
    responses((status = 200, body = Vec<Imported>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn import(
    State(app): State<App>,
    _: Admin,
    Json(import): Json<Import>,
) -> Result<Answer<Vec<Imported>>, Refused> {
    let import =
        checked(import).map_err(|error| invalid(format!("{error}; nothing was imported")))?;
    let imported = app.relay.import_stations(import.stations).await?;
    for (key, name) in import.regions {
        app.relay.add_region(key, &name).await?;
    }
    let outcome = |outcome| match outcome {
        ImportOutcome::Created => "created",
        ImportOutcome::Updated => "updated",
        ImportOutcome::Unchanged => "unchanged",
    };
    Ok(Answer(
        imported
            .into_iter()
            .map(|station| Imported {
                id: station.id.to_string(),
                key: station.key,
                outcome: outcome(station.outcome).to_owned(),
            })
            .collect(),
    ))
}

/// The standing code with which drivers register at a station; made when first asked for.
#[utoipa::path(
    post,
    path = "/v1/admin/stations/{station}/code",
    tag = "admin",
    params(("station" = String, Path, description = "Key or id")),
    responses((status = 200, body = StationCode), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn code(
    State(app): State<App>,
    _: Admin,
    Path(named): Path<String>,
) -> Result<Answer<StationCode>, Refused> {
    let station = station(&app.relay, &named).await?;
    let code = app.relay.station_code(station_id(&station)).await?;
    Ok(Answer(StationCode {
        id: station.id.to_string(),
        name: station.name.value.unwrap_or_default(),
        key: station.key,
        url: format!("{}/register?code={code}", app.url),
        code,
    }))
}

/// The regions served, ascending by key.
#[utoipa::path(
    get,
    path = "/v1/admin/regions",
    tag = "admin",
    responses((status = 200, body = Vec<Region>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn regions(State(app): State<App>, _: Admin) -> Answer<Vec<Region>> {
    let region = |region: RegionInfo| Region {
        id: region.key.to_string(),
        name: region.name,
    };
    Answer(app.relay.regions().into_iter().map(region).collect())
}

fn listed(station: &Stored) -> Station {
    Station {
        id: station.id.to_string(),
        key: station.key.clone(),
        name: station.name.value.clone().unwrap_or_default(),
        region: station.region.as_ref().map(ToString::to_string),
        kind: station.station_type.map(|kind| kind.as_str().to_owned()),
        facilities: station.facilities.clone(),
        beds_total: station.beds_total.value,
        beds_free: station.beds_free.value,
    }
}
