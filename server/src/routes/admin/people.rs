//! People, their roles, the codes that pair their devices, and the devices.

use axum::Json as Answer;
use axum::extract::{Path, State};
use yizhan_proto::id::IdError;
use yizhan_proto::{DeviceId, PersonId};

use super::{invalid, not_found, role};
use crate::admin::{
    Device, Duplicate, Merge, NewPairCode, NewPerson, PairCode, Person, Problem, RoleText, rfc3339,
};
use crate::extract::{Admin, Json};
use crate::relay::{self, DeviceInfo, PersonInfo};
use crate::routes::App;
use crate::routes::fault::Refused;

/// Seconds that a pairing code is good if nobody says: long enough to hand over a phone.
const PAIR_TTL_S: u64 = 15 * 60;
/// Seconds that a pairing code may be good at most.
const PAIR_TTL_S_MAX: u64 = 7 * 24 * 60 * 60;
/// Roles that one request may give.
const ROLES_MAX: usize = 256;

/// All people, ascending by name.
#[utoipa::path(
    get,
    path = "/v1/admin/people",
    tag = "admin",
    responses((status = 200, body = Vec<Person>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(State(app): State<App>, _: Admin) -> Answer<Vec<Person>> {
    Answer(app.relay.people().into_iter().map(person).collect())
}

/// Adds a person.
#[utoipa::path(
    post,
    path = "/v1/admin/people",
    tag = "admin",
    request_body = NewPerson,
    responses((status = 200, body = Person), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn add(
    State(app): State<App>,
    _: Admin,
    Json(new): Json<NewPerson>,
) -> Result<Answer<Person>, Refused> {
    if new.roles.len() > ROLES_MAX {
        return Err(invalid(format!("more than {ROLES_MAX} roles at once")));
    }
    let mut roles = Vec::new();
    for text in &new.roles {
        roles.push(role(&app.relay, text).await?);
    }
    Ok(Answer(person(
        app.relay.add_person(&new.name, roles).await?,
    )))
}

/// Gives a person a role.
#[utoipa::path(
    post,
    path = "/v1/admin/people/{person}/roles",
    tag = "admin",
    params(("person" = String, Path, description = "Id")),
    request_body = RoleText,
    responses((status = 200, body = Person), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn add_role(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    Json(text): Json<RoleText>,
) -> Result<Answer<Person>, Refused> {
    let role = role(&app.relay, &text.role).await?;
    Ok(Answer(person(
        app.relay.add_role(person_id(&id)?, role).await?,
    )))
}

/// Takes a role from a person.
#[utoipa::path(
    delete,
    path = "/v1/admin/people/{person}/roles/{role}",
    tag = "admin",
    params(("person" = String, Path, description = "Id"), ("role" = String, Path, description = "The role as text")),
    responses((status = 200, body = Person), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn remove_role(
    State(app): State<App>,
    _: Admin,
    Path((id, text)): Path<(String, String)>,
) -> Result<Answer<Person>, Refused> {
    let role = role(&app.relay, &text).await?;
    Ok(Answer(person(
        app.relay.remove_role(person_id(&id)?, role).await?,
    )))
}

/// Pairs of people who may be one, those with most in common first.
#[utoipa::path(
    get,
    path = "/v1/admin/duplicates",
    tag = "admin",
    responses((status = 200, body = Vec<Duplicate>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn duplicates(
    State(app): State<App>,
    _: Admin,
) -> Result<Answer<Vec<Duplicate>>, Refused> {
    let listed = |pair: relay::Duplicate| Duplicate {
        id: pair.first.id.to_string(),
        first: person(pair.first),
        other: person(pair.other),
        why: pair.why.iter().map(|why| why.as_str().to_owned()).collect(),
    };
    let pairs = app.relay.duplicates().await?;
    Ok(Answer(pairs.into_iter().map(listed).collect()))
}

/// Makes another person an alias of this one: devices, roles and desks go over, nothing that was
/// written is rewritten.
#[utoipa::path(
    post,
    path = "/v1/admin/people/{person}/merge",
    tag = "admin",
    params(("person" = String, Path, description = "Id of the one who stays")),
    request_body = Merge,
    responses((status = 200, body = Person), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn merge(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    Json(merge): Json<Merge>,
) -> Result<Answer<Person>, Refused> {
    let (keep, other) = (person_id(&id)?, person_id(&merge.other)?);
    Ok(Answer(person(app.relay.merge_people(keep, other).await?)))
}

/// Makes a one-time code that pairs a device with a person. It is shown once.
#[utoipa::path(
    post,
    path = "/v1/admin/people/{person}/pair-codes",
    tag = "admin",
    params(("person" = String, Path, description = "Id")),
    request_body = NewPairCode,
    responses((status = 200, body = PairCode), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn pair_code(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
    Json(new): Json<NewPairCode>,
) -> Result<Answer<PairCode>, Refused> {
    let ttl_s = new.ttl_s.unwrap_or(PAIR_TTL_S);
    if ttl_s > PAIR_TTL_S_MAX {
        return Err(invalid(format!(
            "a pairing code is good for at most {PAIR_TTL_S_MAX} seconds (7 days)"
        )));
    }
    let id = person_id(&id)?;
    let person = app
        .relay
        .person(id)
        .ok_or_else(|| not_found(format!("no person {id}; see: yizhan person list")))?;
    let made = app.relay.create_pair_code(person.id, ttl_s * 1_000).await?;
    Ok(Answer(PairCode {
        id: person.id.to_string(),
        name: person.name,
        url: format!("{}/pair?code={}", app.url, made.code),
        code: made.code,
        expires_at: rfc3339(made.expires_at),
    }))
}

/// All devices, oldest first.
#[utoipa::path(
    get,
    path = "/v1/admin/devices",
    tag = "admin",
    responses((status = 200, body = Vec<Device>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn devices(
    State(app): State<App>,
    _: Admin,
) -> Result<Answer<Vec<Device>>, Refused> {
    let devices = app.relay.devices().await?;
    Ok(Answer(devices.into_iter().map(device).collect()))
}

/// Revokes a device: from its next request on it is refused.
#[utoipa::path(
    post,
    path = "/v1/admin/devices/{device}/revoke",
    tag = "admin",
    params(("device" = String, Path, description = "Id")),
    responses((status = 200, body = Device), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn revoke(
    State(app): State<App>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Answer<Device>, Refused> {
    let id: DeviceId = id
        .parse()
        .map_err(|error: IdError| invalid(error.to_string()))?;
    Ok(Answer(device(app.relay.revoke_device(id).await?)))
}

pub(super) fn person_id(text: &str) -> Result<PersonId, Refused> {
    text.parse()
        .map_err(|error: IdError| invalid(error.to_string()))
}

pub(super) fn person(person: PersonInfo) -> Person {
    Person {
        id: person.id.to_string(),
        name: person.name,
        roles: person.roles.iter().map(ToString::to_string).collect(),
        aliases: person.aliases.iter().map(ToString::to_string).collect(),
        created_at: rfc3339(person.created_at),
    }
}

fn device(device: DeviceInfo) -> Device {
    Device {
        id: device.id.to_string(),
        person: device.person.to_string(),
        label: device.label,
        created_at: rfc3339(device.created_at),
        revoked_at: device.revoked_at.map(rfc3339),
        last_seen_at: device.last_seen_at.map(rfc3339),
    }
}
