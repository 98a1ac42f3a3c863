//! `/v1/admin/…`: the operator's side, in JSON, with the key of the data folder.

mod access;
mod audit;
mod desks;
mod erasures;
mod keys;
mod outside;
mod people;
mod quarantine;
mod report;
mod stations;

use axum::Json as Answer;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use yizhan_client_core::model::station::Station;
use yizhan_proto::{Fault, FaultCode, Role, StationId};

use super::App;
use super::fault::Refused;
use crate::admin::{OpenTickets, ScopeCount, Status};
use crate::extract::Admin;
use crate::relay::{DueStep, Relay, TicketCount};

pub(super) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(stations::list))
        .routes(routes!(stations::import))
        .routes(routes!(stations::code))
        .routes(routes!(stations::regions))
        .routes(routes!(desks::list, desks::add))
        .routes(routes!(desks::remove))
        .routes(routes!(desks::add_member))
        .routes(routes!(desks::remove_member))
        .routes(routes!(people::list, people::add))
        .routes(routes!(people::duplicates))
        .routes(routes!(people::merge))
        .routes(routes!(people::add_role))
        .routes(routes!(people::remove_role))
        .routes(routes!(people::pair_code))
        .routes(routes!(people::devices))
        .routes(routes!(people::revoke))
        .routes(routes!(people::wipe))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::show))
        .routes(routes!(quarantine::accept))
        .routes(routes!(quarantine::reject))
        .routes(routes!(erasures::list, erasures::erase))
        .routes(routes!(erasures::follow))
        .routes(routes!(erasures::ledger, erasures::replay))
        .routes(routes!(access::forgets))
        .routes(routes!(access::close))
        .routes(routes!(access::reopen))
        .routes(routes!(access::move_role))
        .routes(routes!(keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(outside::list))
        .routes(routes!(outside::link))
        .routes(routes!(outside::unlink))
        .routes(routes!(report::report))
        .routes(routes!(audit::list))
        .routes(routes!(audit::chain))
        .routes(routes!(audit::head))
        .routes(routes!(audit::export))
}

/// Numbers for operators.
#[utoipa::path(
    get,
    path = "/v1/admin/status",
    tag = "admin",
    responses((status = 200, body = Status), (status = "4XX", body = crate::admin::Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
async fn status(State(app): State<App>, _: Admin) -> Result<Answer<Status>, Refused> {
    let status = app.relay.status().await?;
    Ok(Answer(Status {
        id: app.relay.device_id().to_string(),
        epoch: status.epoch.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        url: app.url.clone(),
        head: status.head.get(),
        documents: status.documents,
        changes: status.changes,
        people: status.people,
        devices: status.devices,
        devices_revoked: status.devices_revoked,
        quarantined: status.quarantined,
        quarantined_oldest_ms: status.quarantined_oldest_ms,
        forgets_acknowledged: status.forgets_acknowledged,
        retired: status.retired,
        digest_mismatches: status.digest_mismatches,
        database_bytes: status.database_bytes,
        queue_depth: status.queue_depth,
        tickets: status.tickets.iter().map(tickets).collect(),
        scopes_full: app
            .relay
            .full_scopes()
            .await?
            .into_iter()
            .map(|row| ScopeCount {
                id: row.scope.to_string(),
                documents: row.documents,
            })
            .collect(),
        uptime_ms: app.clock.elapsed_ms(),
    }))
}

fn tickets(count: &TicketCount) -> OpenTickets {
    let step = count.step.map_or("paused", DueStep::as_str);
    OpenTickets {
        step: step.to_owned(),
        open: count.open,
        breached: count.breached,
    }
}

fn invalid(message: impl Into<String>) -> Refused {
    Fault::new(FaultCode::Invalid, message).into()
}

fn not_found(message: impl Into<String>) -> Refused {
    Fault::new(FaultCode::NotFound, message).into()
}

/// The station of a key or an id.
async fn station(relay: &Relay, named: &str) -> Result<Station, Refused> {
    let stations = relay.stations().await?;
    let id = named.to_ascii_lowercase();
    stations
        .into_iter()
        .find(|station| station.key == named || station.id.to_string() == id)
        .ok_or_else(|| {
            let named: String = named.chars().take(64).collect();
            not_found(format!(
                "no station {named}; see the keys with: yizhan station list"
            ))
        })
}

fn station_id(station: &Station) -> StationId {
    StationId::from_bytes(*station.id.as_bytes())
}

/// A role as it was typed, with a station by key or id.
async fn role(relay: &Relay, text: &str) -> Result<Role, Refused> {
    let at_station = text
        .split_once('@')
        .filter(|(word, _)| matches!(*word, "keeper" | "health"));
    match at_station {
        Some((word, named)) => {
            let station = station_id(&station(relay, named).await?);
            Ok(if word == "keeper" {
                Role::Keeper(station)
            } else {
                Role::Health(station)
            })
        }
        None => text
            .parse()
            .map_err(|error: yizhan_proto::id::IdError| invalid(error.to_string())),
    }
}
