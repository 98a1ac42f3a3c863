//! `yizhan status`.

use std::path::Path;

use super::relay::Relay;
use super::{Failure, Output, text};
use crate::admin::{OpenTickets, ScopeCount, Status};

pub(super) fn show(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let status: Status = Relay::find(data)?.get("status")?;
    output.say(&status, |status| {
        let rows: Vec<Vec<String>> = [
            ("url", status.url.clone()),
            ("version", status.version.clone()),
            ("epoch", status.epoch.clone()),
            ("running for", uptime(status.uptime_ms)),
            ("documents", status.documents.to_string()),
            ("changes", status.changes.to_string()),
            ("latest sequence", status.head.to_string()),
            ("people", status.people.to_string()),
            ("devices", status.devices.to_string()),
            ("devices revoked", status.devices_revoked.to_string()),
            ("changes in quarantine", quarantined(status)),
            ("places left by age", status.retired.to_string()),
            (
                "digests that disagreed",
                status.digest_mismatches.to_string(),
            ),
            (
                "database",
                format!("{} KiB", status.database_bytes.div_ceil(1024)),
            ),
            ("waiting for the writer", status.queue_depth.to_string()),
            ("open tickets", tickets(&status.tickets)),
            ("scopes over 10,000", scopes(&status.scopes_full)),
        ]
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
        text::table(&["WHAT", ""], &rows)
    })
}

fn quarantined(status: &Status) -> String {
    match status.quarantined_oldest_ms {
        Some(age_ms) => format!(
            "{}, the oldest {} old; see: yizhan quarantine list",
            status.quarantined,
            text::span(age_ms)
        ),
        None => status.quarantined.to_string(),
    }
}

fn tickets(counts: &[OpenTickets]) -> String {
    if counts.is_empty() {
        return "0".to_owned();
    }
    let each = counts.iter().map(|count| {
        let late = match count.breached {
            0 => String::new(),
            late => format!(" ({late} late)"),
        };
        format!("{} {}{late}", count.open, count.step)
    });
    each.collect::<Vec<_>>().join(", ")
}

fn scopes(full: &[ScopeCount]) -> String {
    if full.is_empty() {
        return "none".to_owned();
    }
    let each = full
        .iter()
        .map(|scope| format!("{} ({})", scope.id, scope.documents));
    each.collect::<Vec<_>>().join(", ")
}

fn uptime(ms: u64) -> String {
    let minutes = ms / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
