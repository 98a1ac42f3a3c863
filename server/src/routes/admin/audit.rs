//! The audit log: list, and the chain in parts for whoever verifies or exports it.

use axum::Json as Answer;
use axum::extract::{Query, State};
use yizhan_proto::id::IdError;
use yizhan_proto::{DeviceId, DocumentId, Timestamp};

use super::invalid;
use super::people::person_id;
use crate::admin::{
    AuditChain, AuditChange, AuditEntry, AuditHead, AuditListing, AuditPart, AuditQuery, Problem,
    rfc3339,
};
use crate::audit::{Action, Detail, decode};
use crate::extract::Admin;
use crate::relay::{AuditFilter, AuditRow};
use crate::routes::App;
use crate::routes::fault::Refused;

/// Entries listed if nobody says, and at most.
const LISTED: u32 = 50;
const LISTED_MAX: u32 = 1_000;
/// Entries of one part of the chain: some hundred kilobytes.
const PART_ENTRIES: u32 = 1_000;

/// Entries of the audit log, newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/audit",
    tag = "admin",
    params(AuditQuery),
    responses((status = 200, body = AuditListing), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Admin,
    Query(query): Query<AuditQuery>,
) -> Result<Answer<AuditListing>, Refused> {
    let limit = query.limit.unwrap_or(LISTED).clamp(1, LISTED_MAX);
    let filter = filter(&app, &query, limit)?;
    let listing = app.relay.audit_list(filter).await?;
    let more = listing.entries.len() as u64 >= u64::from(limit);
    let before = listing
        .entries
        .last()
        .map(|row| row.n)
        .filter(|n| more && *n > 1);
    let change = |change: crate::relay::ChangeMade| AuditChange {
        id: change.sequence.get(),
        at: rfc3339(change.received_at),
        person: change.person.to_string(),
        device: change.device.to_string(),
    };
    Ok(Answer(AuditListing {
        entries: listing.entries.iter().map(told).collect(),
        changes: listing.changes.into_iter().map(change).collect(),
        before,
    }))
}

fn filter(app: &App, query: &AuditQuery, limit: u32) -> Result<AuditFilter, Refused> {
    let wrong = |error: IdError| invalid(error.to_string());
    let since = |text: &String| -> Result<Timestamp, Refused> {
        let moment: jiff::Timestamp = text
            .parse()
            .map_err(|_| invalid("since is a time such as 2026-11-21T08:00:00Z"))?;
        Ok(Timestamp::from_ms(moment.as_millisecond()))
    };
    let mut people = Vec::new();
    if let Some(text) = &query.person {
        let id = person_id(text)?;
        people.push(id);
        if let Some(person) = app.relay.person(id) {
            people.push(person.id);
            people.extend(person.aliases);
        }
        people.sort_unstable();
        people.dedup();
    }
    let device = query.device.as_deref().map(str::parse::<DeviceId>);
    let document = query.document.as_deref().map(str::parse::<DocumentId>);
    if let Some(action) = &query.action
        && matches!(Action::from_text(action), Action::Other(_))
    {
        let codes: Vec<&str> = Action::ALL.iter().map(Action::as_str).collect();
        return Err(invalid(format!("action is one of {}", codes.join(", "))));
    }
    Ok(AuditFilter {
        since: query.since.as_ref().map(since).transpose()?,
        people,
        device: device.transpose().map_err(wrong)?,
        document: document.transpose().map_err(wrong)?,
        action: query.action.clone(),
        before: query.before,
        limit,
    })
}

/// A part of the chain, in order, a thousand entries at a time.
#[utoipa::path(
    get,
    path = "/v1/admin/audit/chain",
    tag = "admin",
    params(AuditPart),
    responses((status = 200, body = AuditChain), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn chain(
    State(app): State<App>,
    _: Admin,
    Query(part): Query<AuditPart>,
) -> Result<Answer<AuditChain>, Refused> {
    let after = part.after.unwrap_or(0);
    let rows = app.relay.audit_chain(after, PART_ENTRIES).await?;
    Ok(Answer(AuditChain {
        entries: rows.iter().map(told).collect(),
        misfiled: rows.iter().find(|row| !row.findable).map(|row| row.n),
    }))
}

/// How many entries there are, and the last one's hash.
#[utoipa::path(
    get,
    path = "/v1/admin/audit/head",
    tag = "admin",
    responses((status = 200, body = AuditHead), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn head(State(app): State<App>, _: Admin) -> Result<Answer<AuditHead>, Refused> {
    let (entries, hash) = app.relay.audit_head().await?;
    let id = hash.to_string();
    Ok(Answer(AuditHead { entries, id }))
}

/// Enters that the log is exported, and says where it ends then.
#[utoipa::path(
    post,
    path = "/v1/admin/audit/exports",
    tag = "admin",
    responses((status = 200, body = AuditHead), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn export(
    State(app): State<App>,
    admin: Admin,
) -> Result<Answer<AuditHead>, Refused> {
    let relay = &app.relay;
    let detail = Detail::word("audit");
    relay
        .audit_operator(Action::AuditExported, None, detail)
        .await?;
    head(State(app), admin).await
}

fn told(row: &AuditRow) -> AuditEntry {
    match decode(&row.bytes) {
        Ok((n, event)) if n == row.n => AuditEntry::of(n, &event, &row.bytes, &row.hash),
        Ok(_) | Err(_) => AuditEntry::unread(row.n, &row.bytes, &row.hash),
    }
}
