//! `status`, `refused`, `search`.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::store::{
    ChangeState, Crisis, ErasedNote, Held, ScopeStatus, SecondReading, Status,
};
use yizhan_proto::Timestamp;

use super::measured::{second_json, second_text};
use super::{attachment, facts};
use crate::args::RefusedCommand;
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, count, labelled, table};
use crate::when;

pub(crate) fn status(client: &Client, output: Output) -> Result<(), Failure> {
    let status = client.status()?;
    let device = client.device()?;
    let now = client.clock().now();
    let held = client.held()?;
    let mut value = status_json(&status, now);
    value["id"] = json!(device.device.to_string());
    value["paired"] = json!(device.identity.is_some());
    value["person_erased"] = json!(status.person_erased);
    value["relay"] = json!(device.relay_url);
    let crises = client.open_crises()?;
    value["open_crises"] = crises
        .iter()
        .map(|crisis| crisis_json(crisis, now))
        .collect();
    // A damaged file of photos says so, and hides nothing else.
    let papers = client.attachment_totals();
    value["attachments"] = attachment::totals_json(papers.as_ref());
    value["held"] = held.iter().map(held_json).collect();
    let erased = client.erased()?;
    value["erased"] = erased.iter().map(erased_json).collect();
    output.result(&value, || {
        let mut text = status_form(&status, now);
        if device.identity.is_none() {
            text.push_str(&labelled(
                "relay",
                "none: pair or register this phone to sync",
            ));
        }
        if status.person_erased {
            text.push_str(&labelled(
                "person",
                "erased at the relay, with everything about them; nothing is kept on this phone. To go on as somebody new, begin in a new folder: --home DIR",
            ));
        }
        for crisis in &crises {
            text.push_str(&labelled("CRISIS", &crisis_text(crisis, now)));
        }
        for note in &erased {
            text.push_str(&labelled("erased", &erased_text(note)));
        }
        text.push_str(&attachment::totals_lines(papers.as_ref()));
        if !held.is_empty() {
            text.push('\n');
            text.push_str(&held_table(&held));
        }
        text
    })
}

fn erased_json(note: &ErasedNote) -> Value {
    json!({
        "id": note.document.to_string(),
        "kind": note.kind.to_string(),
        "code": "document.erased",
        "told_at": when::rfc3339(note.told_at),
        "lost_changes": note.lost_changes,
    })
}

/// What may be said of what may not be kept.
fn erased_text(note: &ErasedNote) -> String {
    let lost = if note.lost_changes > 0 {
        let changes = count(note.lost_changes, "change");
        format!(", and with it {changes} that had not arrived")
    } else {
        String::new()
    };
    format!(
        "{} {}: erased for everybody, heard {}{lost} (document.erased)",
        note.kind,
        short(&note.document),
        when::local(note.told_at)
    )
}

fn crisis_json(crisis: &Crisis, now: Timestamp) -> Value {
    json!({
        "id": crisis.check.to_string(),
        "driver": crisis.driver.to_string(),
        "driver_name": crisis.driver_name,
        "station": crisis.station.to_string(),
        "station_name": crisis.station_name,
        "taken_at": when::rfc3339(crisis.taken_at),
        "summary": crisis.summary,
        "second_reading": second_json(SecondReading::DueAt(crisis.second_due_at), now),
    })
}

/// `李师傅 at Xinglongsheng, systolic 186 mm[Hg] (2026-11-21 12:00); second reading due at ...`.
fn crisis_text(crisis: &Crisis, now: Timestamp) -> String {
    let driver = crisis.driver_name.clone();
    let station = crisis.station_name.clone();
    format!(
        "{} at {}, {} ({}); {}",
        driver.unwrap_or_else(|| short(&crisis.driver)),
        station.unwrap_or_else(|| short(&crisis.station)),
        crisis.summary,
        when::local(crisis.taken_at),
        second_text(
            SecondReading::DueAt(crisis.second_due_at),
            crisis.taken_at,
            now
        )
    )
}

fn status_json(status: &Status, now: Timestamp) -> Value {
    let set_aside: Value = status
        .set_aside
        .iter()
        .map(|aside| json!({ "id": aside.document.to_string(), "kind": aside.kind.to_string(), "why": aside.why }))
        .collect();
    let scopes: Value = status.scopes.iter().map(scope_json).collect();
    json!({
        "home": status.home.as_ref().map(|home| home.display().to_string()),
        "unsent_changes": status.unsent_changes,
        "oldest_unsent_at": facts::time(status.oldest_unsent_at),
        "oldest_unsent_age_ms": status.oldest_unsent_at.map(|at| now.ms_since(at)),
        "last_sync_at": facts::time(status.last_sync_at),
        "last_sync_error": status.last_sync_error,
        "refused": status.refused,
        "quarantined": status.quarantined,
        "set_aside": set_aside,
        "documents": status.documents,
        "unknown_kinds": status.unknown_kinds,
        "leaving": status.leaving,
        "grown_old": status.grown_old,
        "scopes": scopes,
        "repairs": status.repairs,
        "ignored": status.ignored,
        "clock_offset_ms": status.clock_offset_ms,
        "incarnation": status.incarnation.0,
        "views_pending": status.views_pending,
    })
}

fn scope_json(scope: &ScopeStatus) -> Value {
    json!({
        "scope": scope.scope.to_string(),
        "live": scope.window.map(|window| window.live.get()),
        "floor": scope.window.map(|window| window.floor.get()),
        "complete": scope.window.is_some_and(yizhan_proto::Window::is_complete),
        "documents": scope.documents,
        "repairing": scope.repairing,
    })
}

fn status_form(status: &Status, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: String| text.push_str(&labelled(label, &value));
    let age = status.oldest_unsent_at.map_or_else(String::new, |at| {
        format!(", the oldest {} old", when::span(now.ms_since(at)))
    });
    line(
        "unsent",
        format!("{}{age}", count(status.unsent_changes, "change")),
    );
    let last = status.last_sync_at.map_or_else(
        || "never".to_owned(),
        |at| format!("{} ({} ago)", when::local(at), when::span(now.ms_since(at))),
    );
    line("last sync", last);
    if let Some(error) = &status.last_sync_error {
        line("last error", error.clone());
    }
    if status.refused + status.quarantined > 0 {
        line(
            "refused",
            format!(
                "{}, waiting for a decision: {}",
                status.refused, status.quarantined
            ),
        );
    }
    line("documents", status.documents.to_string());
    text + &exceptions(status)
}

/// What is not as usual; mostly nothing.
fn exceptions(status: &Status) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: String| text.push_str(&labelled(label, &value));
    for aside in &status.set_aside {
        line(
            "set aside",
            format!("{} {}: {}", aside.kind, aside.document, aside.why),
        );
    }
    if status.unknown_kinds > 0 {
        line(
            "not shown",
            format!(
                "{} documents of kinds that a newer version knows",
                status.unknown_kinds
            ),
        );
    }
    if status.leaving > 0 {
        line(
            "leaving",
            format!(
                "{}, once what was written there is sent or decided",
                count(status.leaving, "document")
            ),
        );
    }
    if status.grown_old > 0 {
        line(
            "grown old",
            format!(
                "{} left this phone, and stay at the relay",
                count(status.grown_old, "document")
            ),
        );
    }
    let filling = status
        .scopes
        .iter()
        .filter(|scope| !scope.window.is_some_and(yizhan_proto::Window::is_complete))
        .count();
    if filling > 0 {
        line(
            "still filling",
            format!("{filling} of {} scopes", status.scopes.len()),
        );
    }
    if let Some(offset_ms) = status.clock_offset_ms
        && offset_ms.unsigned_abs() > yizhan_proto::limits::CLOCK_SKEW_TOLERATED_MS.unsigned_abs()
    {
        line(
            "clock",
            format!("{} of the relay's; set it right", when::skew(offset_ms)),
        );
    }
    text
}

pub(crate) fn refused(
    client: &mut Client,
    command: &RefusedCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        RefusedCommand::List => {
            let held = client.held()?;
            let value: Value = held.iter().map(held_json).collect();
            output.result(&value, || held_table(&held))
        }
        RefusedCommand::Discard { hash } => {
            let change = names::held(client, hash)?;
            let waits = client
                .held()?
                .iter()
                .any(|held| held.change == change && held.state == ChangeState::Quarantined);
            if waits {
                return Err(Failure::NotFound(format!(
                    "the change {} waits at the relay for a person's decision; only refused ones can be deleted",
                    short(&change)
                )));
            }
            let changes = client.discard(change)?;
            let value = json!({ "id": change.to_string(), "changes": changes });
            output.result(&value, || {
                format!("{} deleted from this phone\n", count(changes, "change"))
            })
        }
        RefusedCommand::Retry { hash } => {
            let change = names::held(client, hash)?;
            let changes = client.retry(change)?;
            let value = json!({ "id": change.to_string(), "changes": changes });
            output.result(&value, || {
                format!(
                    "{} offered again at the next sync\n",
                    count(changes, "change")
                )
            })
        }
    }
}

fn held_json(held: &Held) -> Value {
    json!({
        "id": held.change.to_string(),
        "document": held.document.to_string(),
        "kind": held.kind.to_string(),
        "state": facts::state(held.state),
        "reason": facts::reason(&held.reason),
        "made_at": when::rfc3339(held.made_at),
        "summary": held.summary,
    })
}

fn held_table(held: &[Held]) -> String {
    let rows: Vec<Vec<String>> = held
        .iter()
        .map(|held| {
            vec![
                short(&held.change),
                when::local(held.made_at),
                held.summary.clone(),
                facts::state(held.state).to_owned(),
                facts::reason_text(&held.reason),
            ]
        })
        .collect();
    table(
        &["change", "made", "what", "state", "reason"],
        &rows,
        "nothing was refused",
    )
}

pub(crate) fn search(
    client: &Client,
    text: &str,
    limit: u32,
    output: Output,
) -> Result<(), Failure> {
    let hits = client.search(text, limit)?;
    let value: Value = hits
        .iter()
        .map(|hit| {
            json!({
                "id": hit.document.to_string(),
                "kind": hit.kind.to_string(),
                "title": hit.title,
                "excerpt": hit.excerpt,
            })
        })
        .collect();
    output.result(&value, || {
        let rows: Vec<Vec<String>> = hits
            .iter()
            .map(|hit| {
                vec![
                    hit.kind.to_string(),
                    short(&hit.document),
                    hit.title.clone(),
                    hit.excerpt.clone(),
                ]
            })
            .collect();
        table(&["kind", "id", "title", "found"], &rows, "nothing found")
    })
}
