//! Erasures: order one, follow one, list them, and the ledger.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use yizhan_proto::id::IdError;
use yizhan_proto::{EntryId, Kind, Timestamp};

use super::invalid;
use crate::admin::{
    ErasedDocuments, Erasure, ErasureLine, ErasureQuery, LedgerDocument, LedgerEntry, NewErasure,
    OutstandingDevice, Problem, Replayed, rfc3339,
};
use crate::error::ErasureError;
use crate::extract::{Admin, Json};
use crate::relay::{self, ErasureRow, Receipt, Subject};
use crate::routes::App;
use crate::routes::fault::Refused;

/// Receipts of one page, if the request does not say how many.
const RECEIPTS_DEFAULT: u32 = 50;
/// Between two looks at how far an erasure is, for one who waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Erases a person or a document. Answers once nothing of it is taken any more; what is left to do
/// goes on, see `/v1/admin/erasures/{erasure}/lines`.
#[utoipa::path(
    post,
    path = "/v1/admin/erasures",
    tag = "admin",
    request_body = NewErasure,
    responses((status = 200, body = Erasure), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn erase(
    State(app): State<App>,
    _: Admin,
    Json(new): Json<NewErasure>,
) -> Result<Answer<Erasure>, Refused> {
    let subject = subject(&new.kind, &new.subject)?;
    let receipt = app.relay.erase(subject, &new.ground).await?;
    Ok(Answer(told(&receipt, app.now())))
}

/// Receipts of erasures, the latest first, a page at a time.
#[utoipa::path(
    get,
    path = "/v1/admin/erasures",
    tag = "admin",
    params(ErasureQuery),
    responses((status = 200, body = Vec<Erasure>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Admin,
    Query(query): Query<ErasureQuery>,
) -> Result<Answer<Vec<Erasure>>, Refused> {
    let limit = query.limit.unwrap_or(RECEIPTS_DEFAULT);
    let receipts = match (&query.named, &query.before) {
        (Some(text), None) => app.relay.erasures_named(text, limit).await?,
        (None, before) => {
            let before = before.as_deref().map(entry_id).transpose()?;
            app.relay.erasures(before, limit).await?
        }
        (Some(_), Some(_)) => return Err(invalid("named and before do not go together")),
    };
    let now = app.now();
    let told = |receipt: &Receipt| told(receipt, now);
    Ok(Answer(receipts.iter().map(told).collect()))
}

/// An erasure as lines of JSON: how far it is, and its receipt once nothing is left in the relay's
/// tables and folders.
#[utoipa::path(
    get,
    path = "/v1/admin/erasures/{erasure}/lines",
    tag = "admin",
    params(("erasure" = String, Path, description = "Id")),
    responses((status = 200, description = "Lines of JSON", body = ErasureLine, content_type = "application/x-ndjson"), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn follow(
    State(app): State<App>,
    _: Admin,
    Path(erasure): Path<String>,
) -> Result<Response, Refused> {
    let id = entry_id(&erasure)?;
    app.relay.erasure(id).await?;
    let (lines, receiver) = mpsc::channel::<ErasureLine>(16);
    let (followed, stopping) = (app.clone(), app.stopping.clone());
    app.tasks.spawn(async move {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = lines.closed() => return,
                _ = looks.tick() => {}
            }
            let line = match followed.relay.erasure(id).await {
                Ok(receipt) if receipt.erasure.rows_gone_at.is_some() => {
                    ErasureLine::Receipt(told(&receipt, followed.now()))
                }
                Ok(receipt) => {
                    let (done, of) = (receipt.done(), receipt.documents());
                    // Who reads slowly misses a line, and loses nothing.
                    drop(lines.try_send(ErasureLine::Progress { done, of }));
                    continue;
                }
                Err(error) => ErasureLine::Problem(Problem::of(&Refused::from(error).into_fault())),
            };
            drop(lines.send(line).await);
            return;
        }
    });
    let lines = ReceiverStream::new(receiver).map(|line| {
        let mut text = serde_json::to_string(&line).unwrap_or_default();
        text.push('\n');
        Ok::<_, Infallible>(text)
    });
    let media_type = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((media_type, Body::from_stream(lines)).into_response())
}

/// The ledger of all erasures, to be kept apart from the relay: ids, grounds and times.
#[utoipa::path(
    get,
    path = "/v1/admin/erasures/ledger",
    tag = "admin",
    responses((status = 200, body = Vec<LedgerEntry>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn ledger(
    State(app): State<App>,
    _: Admin,
) -> Result<Answer<Vec<LedgerEntry>>, Refused> {
    let entries = app.relay.erasure_ledger().await?;
    Ok(Answer(entries.iter().map(kept).collect()))
}

/// Carries out again what a ledger says and the relay does not know: all of it, or nothing.
#[utoipa::path(
    post,
    path = "/v1/admin/erasures/ledger",
    tag = "admin",
    request_body = Vec<LedgerEntry>,
    responses((status = 200, body = Replayed), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("admin_key" = []))
)]
pub(super) async fn replay(
    State(app): State<App>,
    _: Admin,
    Json(ledger): Json<Vec<LedgerEntry>>,
) -> Result<Answer<Replayed>, Refused> {
    let ledger = ledger
        .iter()
        .enumerate()
        .map(|(n, entry)| {
            read(entry).map_err(|why| invalid(format!("erasure {} of the ledger: {why}", n + 1)))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let erasures = ledger.len() as u64;
    let new = app.relay.replay_erasures(ledger).await?;
    Ok(Answer(Replayed { erasures, new }))
}

impl From<ErasureError> for Refused {
    fn from(error: ErasureError) -> Self {
        match error {
            ErasureError::NotFound(text) => super::not_found(text),
            ErasureError::Invalid(text) => invalid(text),
            ErasureError::Relay(error) => error.into(),
        }
    }
}

fn subject(kind: &str, id: &str) -> Result<Subject, Refused> {
    let parsed = match kind {
        "person" => id.parse().map(Subject::Person),
        "document" => id.parse().map(Subject::Document),
        _ => return Err(invalid("kind is person or document")),
    };
    parsed.map_err(|error: IdError| invalid(error.to_string()))
}

fn entry_id(text: &str) -> Result<EntryId, Refused> {
    text.parse()
        .map_err(|error: IdError| invalid(error.to_string()))
}

fn subject_id(subject: Subject) -> String {
    match subject {
        Subject::Person(person) => person.to_string(),
        Subject::Document(document) => document.to_string(),
    }
}

fn told(receipt: &Receipt, now: Timestamp) -> Erasure {
    let row = &receipt.erasure;
    let outstanding = |device: &relay::OutstandingDevice| outstanding(device, row.at, now);
    Erasure {
        id: row.id.to_string(),
        kind: row.subject.word().to_owned(),
        subject: subject_id(row.subject),
        ground: row.ground.clone(),
        erased_at: rfc3339(row.at),
        documents: receipt
            .kinds
            .iter()
            .map(|kind| ErasedDocuments {
                kind: kind.kind.name().to_owned(),
                documents: kind.documents,
                gone: kind.done,
            })
            .collect(),
        changes: row.changes,
        quarantined: row.quarantined,
        attachments: row.attachments,
        parts_kept: row.parts_kept,
        rows_gone_at: row.rows_gone_at.map(rfc3339),
        bytes_gone_at: row.bytes_gone_at.map(rfc3339),
        backups_expire_at: rfc3339(row.backups_expire_at),
        outstanding: receipt.outstanding.iter().map(outstanding).collect(),
    }
}

/// A device is to forget from the moment on in which the erasure was ordered.
fn outstanding(
    device: &relay::OutstandingDevice,
    since: Timestamp,
    now: Timestamp,
) -> OutstandingDevice {
    OutstandingDevice {
        id: device.device.to_string(),
        person: device.person.to_string(),
        label: device.label.clone(),
        last_seen_at: device.last_seen_at.map(rfc3339),
        revoked_at: device.revoked_at.map(rfc3339),
        wipe_ordered_at: device.wipe_ordered_at.map(rfc3339),
        wiped_at: device.wiped_at.map(rfc3339),
        documents: device.documents,
        since: rfc3339(since),
        age_ms: u64::try_from(now.ms_since(since)).unwrap_or(0),
    }
}

fn kept(entry: &relay::LedgerEntry) -> LedgerEntry {
    let row = &entry.erasure;
    LedgerEntry {
        id: row.id.to_string(),
        kind: row.subject.word().to_owned(),
        subject: subject_id(row.subject),
        ground: row.ground.clone(),
        erased_at: rfc3339(row.at),
        backups_expire_at: rfc3339(row.backups_expire_at),
        people: entry.people.iter().map(ToString::to_string).collect(),
        documents: entry
            .documents
            .iter()
            .map(|(id, kind)| LedgerDocument {
                id: id.to_string(),
                kind: kind.code(),
            })
            .collect(),
    }
}

/// An entry as the relay takes it, or what is wrong with it.
fn read(entry: &LedgerEntry) -> Result<relay::LedgerEntry, String> {
    let id = |error: IdError| error.to_string();
    let subject = match entry.kind.as_str() {
        "person" => Subject::Person(entry.subject.parse().map_err(id)?),
        "document" => Subject::Document(entry.subject.parse().map_err(id)?),
        _ => return Err("kind is person or document".to_owned()),
    };
    let people: Result<Vec<_>, _> = entry.people.iter().map(|text| text.parse()).collect();
    let documents: Result<Vec<_>, _> = entry
        .documents
        .iter()
        .map(|document| Ok((document.id.parse()?, Kind::from_code(document.kind))))
        .collect();
    Ok(relay::LedgerEntry {
        erasure: ErasureRow {
            id: entry.id.parse().map_err(id)?,
            subject,
            ground: entry.ground.clone(),
            at: time(&entry.erased_at)?,
            backups_expire_at: time(&entry.backups_expire_at)?,
            changes: 0,
            quarantined: 0,
            attachments: 0,
            parts_kept: None,
            rows_gone_at: None,
            bytes_gone_at: None,
        },
        people: people.map_err(id)?,
        documents: documents.map_err(id)?,
    })
}

fn time(text: &str) -> Result<Timestamp, String> {
    let moment: jiff::Timestamp = text
        .parse()
        .map_err(|_| format!("{text} is not a time such as 2026-11-21T08:00:00Z"))?;
    Ok(Timestamp::from_ms(moment.as_millisecond()))
}
