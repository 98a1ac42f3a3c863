//! What waits for a person to decide: list, show, accept, reject.

use axum::Json as Answer;
use axum::extract::{Path, Query, State};
use yizhan_client_core::model::said::{Said, SaidValue};
use yizhan_proto::id::IdError;
use yizhan_proto::{ChangeHash, DeviceId, Fault, FaultCode, PersonId, RegionKey, Timestamp};

use super::invalid;
use super::people::person_id;
use crate::admin::{
    Accept, Decided, Held, HeldDecision, HeldDependent, HeldPage, HeldQuery, HeldReader, HeldShown,
    HeldValue, Problem, Reject, rfc3339,
};
use crate::audit::{Action, Detail, Subject};
use crate::extract::{Admin, Json};
use crate::relay::{self, Became, QuarantineError, Which};
use crate::routes::App;
use crate::routes::fault::Refused;

impl From<QuarantineError> for Refused {
    fn from(error: QuarantineError) -> Self {
        let code = match error {
            QuarantineError::NotFound(_) | QuarantineError::NoPerson(_) => FaultCode::NotFound,
            QuarantineError::Ambiguous(_) | QuarantineError::Invalid(_) => FaultCode::Invalid,
            QuarantineError::MayNotRead { .. } => FaultCode::Forbidden,
            QuarantineError::Relay(error) => return error.into(),
        };
        Fault::new(code, error.to_string()).into()
    }
}

/// What waits, in order of arrival, page by page.
#[utoipa::path(
    get,
    path = "/v1/admin/quarantine",
    tag = "admin",
    params(HeldQuery),
    responses((status = 200, body = HeldPage), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Admin,
    Query(query): Query<HeldQuery>,
) -> Result<Answer<HeldPage>, Refused> {
    let region = query.region.as_deref().map(|key| {
        key.parse::<RegionKey>()
            .map_err(|error: IdError| invalid(error.to_string()))
    });
    let wanted = relay::HeldQuery {
        region: region.transpose()?,
        person: some_person(query.person.as_deref())?,
        since: query.since.as_deref().map(moment).transpose()?,
        rejected: query.rejected,
        after: query.after,
    };
    let page = app.relay.quarantined(wanted).await?;
    Ok(Answer(HeldPage {
        changes: page.changes.into_iter().map(held).collect(),
        next: page.next,
    }))
}

/// One change that waits, or was rejected; what it says only for a reader who has a part in it.
#[utoipa::path(
    get,
    path = "/v1/admin/quarantine/{change}",
    tag = "admin",
    params(("change" = String, Path, description = "Hash, or its beginning"), HeldReader),
    responses((status = 200, body = HeldShown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn show(
    State(app): State<App>,
    _: Admin,
    Path(change): Path<String>,
    Query(query): Query<HeldReader>,
) -> Result<Answer<HeldShown>, Refused> {
    let reader = some_person(query.reader.as_deref())?;
    let shown = app.relay.quarantined_change(&change, reader).await?;
    if let (Some(_), Some(reader)) = (&shown.says, reader) {
        let subject = Some(Subject::Document(shown.change.document));
        let reader = Detail::word(&format!("person:{reader}"));
        app.relay
            .audit_operator(Action::QuarantineShown, subject, reader)
            .await?;
    }
    let decision = shown.decision.map(|row| HeldDecision {
        decision: if row.accepted { "accepted" } else { "rejected" }.to_owned(),
        by: row.by.map(|by| by.to_string()),
        at: rfc3339(row.at),
        reason: row.reason,
    });
    let dependent = |(steps, info)| HeldDependent {
        steps,
        change: held(info),
    };
    Ok(Answer(HeldShown {
        id: shown.change.change.to_string(),
        change: held(shown.change),
        dependents: shown.dependents.into_iter().map(dependent).collect(),
        decision,
        says: shown.says.map(|said| said.iter().map(value).collect()),
    }))
}

/// Accepts changes that wait, and what builds on them.
#[utoipa::path(
    post,
    path = "/v1/admin/quarantine/accept",
    tag = "admin",
    request_body = Accept,
    responses((status = 200, body = Vec<Decided>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn accept(
    State(app): State<App>,
    _: Admin,
    Json(accept): Json<Accept>,
) -> Result<Answer<Vec<Decided>>, Refused> {
    let which = match (accept.ids.is_empty(), &accept.device, &accept.person) {
        (false, None, None) => Which::Named(accept.ids),
        (true, Some(device), None) => {
            let device = device.parse::<DeviceId>();
            Which::Device(device.map_err(|error: IdError| invalid(error.to_string()))?)
        }
        (true, None, Some(person)) => Which::Person(person_id(person)?),
        _ => return Err(invalid("give ids, or a device, or a person: one of them")),
    };
    let by = some_person(accept.by.as_deref())?;
    let decided = app.relay.accept_quarantined(which, by).await?;
    Ok(Answer(decided.into_iter().map(told).collect()))
}

/// Rejects changes that wait, and what builds on them.
#[utoipa::path(
    post,
    path = "/v1/admin/quarantine/reject",
    tag = "admin",
    request_body = Reject,
    responses((status = 200, body = Vec<Decided>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn reject(
    State(app): State<App>,
    _: Admin,
    Json(reject): Json<Reject>,
) -> Result<Answer<Vec<Decided>>, Refused> {
    let by = some_person(reject.by.as_deref())?;
    let rejected = app
        .relay
        .reject_quarantined(&reject.ids, &reject.reason, by)
        .await?;
    Ok(Answer(rejected.into_iter().map(told).collect()))
}

fn some_person(text: Option<&str>) -> Result<Option<PersonId>, Refused> {
    text.map(person_id).transpose()
}

fn moment(text: &str) -> Result<Timestamp, Refused> {
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        invalid(format!("{shown} is no time; try 2026-11-21T00:00:00+08:00"))
    })?;
    Ok(Timestamp::from_ms(time.as_millisecond()))
}

fn held(info: relay::HeldInfo) -> Held {
    Held {
        id: info.change.to_string(),
        document: info.document.to_string(),
        kind: info.kind.to_string(),
        region: info.region.map(|region| region.to_string()),
        person: info.person.to_string(),
        name: info.person_name,
        device: info.device.to_string(),
        device_time: info.device_time.map(rfc3339),
        received_at: rfc3339(info.received_at),
        skew_ms: info.skew_ms,
        age_ms: info.age_ms,
        bytes: info.bytes,
        code: info.reason.code,
        path: info.reason.path,
        builds_on: info.builds_on.iter().map(ChangeHash::to_string).collect(),
        rejected: info.rejected,
    }
}

fn value(said: &Said) -> HeldValue {
    let value = match &said.value {
        SaidValue::Time(time) => rfc3339(*time),
        SaidValue::Text(_)
        | SaidValue::Whole(_)
        | SaidValue::Real(_)
        | SaidValue::Flag(_)
        | SaidValue::Nothing
        | SaidValue::Other => said.value.to_string(),
    };
    HeldValue {
        path: said.path.clone(),
        value,
    }
}

fn told(decided: relay::Decided) -> Decided {
    let (outcome, sequence, code) = match decided.became {
        Became::Accepted(sequence) => ("accepted", Some(sequence.get()), None),
        Became::AcceptedBefore => ("accepted_before", None, None),
        Became::Rejected => ("rejected", None, None),
        Became::RejectedBefore => ("rejected_before", None, None),
        Became::Stays(reason) => ("stays", None, Some(reason.code)),
    };
    Decided {
        id: decided.change.to_string(),
        document: decided.document.to_string(),
        outcome: outcome.to_owned(),
        sequence,
        code,
    }
}
