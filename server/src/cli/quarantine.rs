//! `yizhan quarantine …`.

use std::path::Path;

use super::args::Quarantine as Command;
use super::relay::{Relay, named, part};
use super::{Failure, Output, text};
use crate::admin::{
    Accept, Decided, Device, Held, HeldDecision, HeldPage, HeldShown, Person, Reject,
};

/// Digits of a hash that are shown; more are only needed where two begin alike.
const SHORT: usize = 8;

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    match command {
        Command::List {
            region,
            person,
            since,
            rejected,
        } => {
            let mut query = format!("rejected={rejected}");
            if let Some(region) = region {
                query.push_str(&format!("&region={}", part(&region)));
            }
            if let Some(person) = person {
                query.push_str(&format!("&person={}", part(&who(&relay, &person)?)));
            }
            if let Some(since) = since {
                query.push_str(&format!("&since={}", part(&beginning(&since))));
            }
            list(&relay, &query, rejected, output)
        }
        Command::Show { change, by, .. } => {
            let mut path = format!("quarantine/{}", part(&change));
            if let Some(by) = by {
                path.push_str(&format!("?reader={}", part(&who(&relay, &by)?)));
            }
            let shown: HeldShown = relay.get(&path)?;
            output.say(&shown, show)
        }
        Command::Accept {
            changes,
            all_of,
            by,
        } => {
            let mut accept = Accept {
                ids: changes,
                by: by.map(|by| who(&relay, &by)).transpose()?,
                ..Accept::default()
            };
            if let Some(all_of) = all_of {
                match person_or_device(&relay, &all_of)? {
                    Whose::Person(id) => accept.person = Some(id),
                    Whose::Device(id) => accept.device = Some(id),
                }
            }
            let decided: Vec<Decided> = relay.post("quarantine/accept", &accept)?;
            say(&decided, &["accepted", "accepted_before"], output)
        }
        Command::Reject {
            changes,
            reason,
            by,
        } => {
            let reject = Reject {
                ids: changes,
                reason,
                by: by.map(|by| who(&relay, &by)).transpose()?,
            };
            let decided: Vec<Decided> = relay.post("quarantine/reject", &reject)?;
            say(&decided, &["rejected", "rejected_before"], output)
        }
    }
}

/// The id of a person.
fn who(relay: &Relay, text: &str) -> Result<String, Failure> {
    let people: Vec<Person> = relay.get("people")?;
    named("person", text, &people, |p| &p.id, |p| &p.name).map(|person| person.id.clone())
}

enum Whose {
    Person(String),
    Device(String),
}

fn person_or_device(relay: &Relay, text: &str) -> Result<Whose, Failure> {
    let devices: Vec<Device> = relay.get("devices")?;
    let people: Vec<Person> = relay.get("people")?;
    let person = named("person", text, &people, |p| &p.id, |p| &p.name);
    let device = named("device", text, &devices, |d| &d.id, |d| &d.label);
    match (person, device) {
        (Ok(_), Ok(_)) => Err(Failure::NotFound(format!(
            "{text} is a person and a device; give more of the id"
        ))),
        (Ok(person), Err(_)) => Ok(Whose::Person(person.id.clone())),
        (Err(_), Ok(device)) => Ok(Whose::Device(device.id.clone())),
        (Err(error), Err(_)) => Err(error),
    }
}

/// A day begins at midnight where people here live.
fn beginning(since: &str) -> String {
    if since.len() == "2026-11-21".len() {
        format!("{since}T00:00:00+08:00")
    } else {
        since.to_owned()
    }
}

fn list(relay: &Relay, query: &str, rejected: bool, output: &mut Output) -> Result<(), Failure> {
    let mut changes = Vec::new();
    let mut after = 0;
    loop {
        let page: HeldPage = relay.get(&format!("quarantine?{query}&after={after}"))?;
        changes.extend(page.changes);
        match page.next {
            Some(next) if next > after => after = next,
            Some(_) | None => break,
        }
    }
    output.say(&changes, |changes| {
        if changes.is_empty() {
            let what = if rejected { "was rejected" } else { "waits" };
            return format!("nothing {what}");
        }
        let rows: Vec<Vec<String>> = changes.iter().map(row).collect();
        text::table(
            &[
                "CHANGE", "CAME", "AGE", "WHO", "DEVICE", "KIND", "DOCUMENT", "REGION", "WHY",
            ],
            &rows,
        )
    })
}

fn row(held: &Held) -> Vec<String> {
    vec![
        short(&held.id),
        text::local(&held.received_at),
        text::span(held.age_ms),
        held.name.clone(),
        short(&held.device),
        held.kind.clone(),
        short(&held.document),
        held.region.clone().unwrap_or_default(),
        held.code.clone(),
    ]
}

fn short(id: &str) -> String {
    id.chars().take(SHORT).collect()
}

fn show(shown: &HeldShown) -> String {
    let held = &shown.change;
    let time = |time: &Option<String>| time.as_deref().map(text::local).unwrap_or_default();
    let mut rows = vec![
        ("change", held.id.clone()),
        ("who", format!("{} ({})", held.name, held.person)),
        ("device", held.device.clone()),
        ("kind", held.kind.clone()),
        ("document", held.document.clone()),
        ("region", held.region.clone().unwrap_or_default()),
        (
            "written",
            format!("{} by the device's clock", time(&held.device_time)),
        ),
        (
            "came",
            format!(
                "{} ({} ago)",
                text::local(&held.received_at),
                text::span(held.age_ms)
            ),
        ),
        ("bytes", held.bytes.to_string()),
        ("why", held.code.clone()),
    ];
    if held.skew_ms != 0 {
        rows.push(("clock off by", format!("{} s", held.skew_ms / 1000)));
    }
    if let Some(path) = &held.path {
        rows.push(("field", path.clone()));
    }
    if !held.builds_on.is_empty() {
        let on: Vec<String> = held.builds_on.iter().map(|id| short(id)).collect();
        rows.push(("builds on", on.join(" ")));
    }
    if let Some(decision) = &shown.decision {
        rows.push(("decided", decided(decision)));
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    let mut shown_text = text::table(&["WHAT", ""], &rows);
    if !shown.dependents.is_empty() {
        shown_text.push_str("\nWhat builds on it:\n");
        for dependent in &shown.dependents {
            let indent = "  ".repeat(dependent.steps as usize);
            let change = &dependent.change;
            shown_text.push_str(&format!(
                "{indent}{} {} {}\n",
                short(&change.id),
                text::local(&change.received_at),
                change.code
            ));
        }
    }
    if let Some(says) = &shown.says {
        shown_text.push_str("\nWhat it says:\n");
        for said in says {
            let value: String = said.value.chars().filter(|c| !c.is_control()).collect();
            shown_text.push_str(&format!("  {} = {value}\n", said.path));
        }
    }
    shown_text
}

fn decided(decision: &HeldDecision) -> String {
    let by = decision.by.as_deref().unwrap_or("the operator");
    let why = decision
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    format!(
        "{} {} by {by}{why}",
        decision.decision,
        text::local(&decision.at)
    )
}

/// Says what became of each, and fails if one did not become what was asked.
fn say(decided: &[Decided], wanted: &[&str], output: &mut Output) -> Result<(), Failure> {
    output.say(&decided, |decided| {
        if decided.is_empty() {
            return "nothing waits of them".to_owned();
        }
        let rows: Vec<Vec<String>> = decided
            .iter()
            .map(|one| {
                vec![
                    short(&one.id),
                    short(&one.document),
                    one.outcome.replace('_', " "),
                    one.code.clone().unwrap_or_default(),
                ]
            })
            .collect();
        text::table(&["CHANGE", "DOCUMENT", "BECAME", "WHY"], &rows)
    })?;
    let other = decided
        .iter()
        .filter(|one| !wanted.contains(&one.outcome.as_str()))
        .count();
    if other == 0 {
        return Ok(());
    }
    output.flush()?;
    Err(Failure::Undone(format!(
        "{other} of {} did not become what was asked; the table says why",
        decided.len()
    )))
}
