//! What is printed in several places: changes, registers, services.

use std::fmt::Display;

use serde_json::{Map, Value, json};
use yizhan_client_core::model::RefusalCode;
use yizhan_client_core::model::document::Register;
use yizhan_client_core::store::{ChangeInfo, ChangeState};
use yizhan_proto::Timestamp;
use yizhan_proto::sync::Reason;

use crate::names::short;
use crate::output::{labelled, table};
use crate::when;

/// A time that may be missing, as JSON.
pub(crate) fn time(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| json!(when::rfc3339(time)))
}

/// Something with a text, that may be missing, as JSON.
pub(crate) fn text<T: ToString>(value: Option<T>) -> Value {
    value.map_or(Value::Null, |value| json!(value.to_string()))
}

/// Puts a register's value into an object, and the values beside it under `conflicts`.
pub(crate) fn put<T>(
    object: &mut Map<String, Value>,
    name: &str,
    register: &Register<T>,
    value: impl Fn(&T) -> Value,
) {
    let shown = register.value.as_ref().map_or(Value::Null, &value);
    object.insert(name.to_owned(), shown);
    if register.is_conflict() {
        let others = register.others.iter().map(value).collect();
        let conflicts = object
            .entry("conflicts")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(conflicts) = conflicts {
            conflicts.insert(name.to_owned(), Value::Array(others));
        }
    }
}

/// A register for people: the value, and what others set at the same time. Nothing if never set.
pub(crate) fn register<T: Display>(label: &str, register: &Register<T>) -> String {
    let Some(value) = &register.value else {
        return String::new();
    };
    let mut text = labelled(label, &value.to_string());
    for other in &register.others {
        text.push_str(&labelled(
            "",
            &format!("! at the same time set to: {other}"),
        ));
    }
    text
}

/// Where a change stands.
pub(crate) const fn state(state: ChangeState) -> &'static str {
    match state {
        ChangeState::Unsent => "unsent",
        ChangeState::Acknowledged => "acknowledged",
        ChangeState::Refused => "refused",
        ChangeState::Quarantined => "quarantined",
        ChangeState::Unconfirmed => "unconfirmed",
    }
}

/// A reason, as JSON.
pub(crate) fn reason(reason: &Reason) -> Value {
    json!({ "code": reason.code, "path": reason.path, "bound": reason.bound, "text": reason_text(reason) })
}

/// A reason in a sentence, with its code, for people.
pub(crate) fn reason_text(reason: &Reason) -> String {
    RefusalCode::from_text(&reason.code).map_or_else(
        || reason.to_string(),
        |code| match &reason.bound {
            // What a person gave as the reason, and no bound.
            Some(why) if code == RefusalCode::QuarantineRejected => {
                format!("{} {why} ({})", code.sentence(), reason.code)
            }
            Some(_) | None => format!("{} ({reason})", code.sentence()),
        },
    )
}

/// The changes of a document in the relay's order, own unsent ones last: the same on every
/// device that holds the same.
fn in_order(changes: &[ChangeInfo]) -> Vec<&ChangeInfo> {
    let mut sorted: Vec<&ChangeInfo> = changes.iter().collect();
    sorted.sort_by_key(|change| (change.sequence.is_none(), change.sequence, change.change));
    sorted
}

/// The changes of a document, as JSON.
pub(crate) fn changes(changes: &[ChangeInfo]) -> Value {
    in_order(changes)
        .into_iter()
        .map(|change| {
            json!({
                "change": change.change.to_string(),
                "device": change.device.to_string(),
                "state": state(change.state),
                "device_time": when::rfc3339(change.device_time),
                "relay_time": time(change.relay_time),
                "skew_ms": change.skew_ms,
                "sequence": change.sequence.map(yizhan_proto::Sequence::get),
                "reason": change.reason.as_ref().map(reason),
            })
        })
        .collect()
}

/// The changes of a document, for people: who wrote when, by which clock, and where it stands.
pub(crate) fn changes_table(changes: &[ChangeInfo]) -> String {
    let rows: Vec<Vec<String>> = in_order(changes)
        .into_iter()
        .map(|change| {
            let device = if change.own {
                "this device".to_owned()
            } else {
                short(&change.device)
            };
            let relay_time = change
                .relay_time
                .map_or_else(|| "-".to_owned(), when::local_exact);
            let skew = match change.skew_ms {
                0 => String::new(),
                ms => when::skew(ms),
            };
            let stands = match &change.reason {
                Some(reason) => format!("{}: {reason}", state(change.state)),
                None => state(change.state).to_owned(),
            };
            vec![
                when::local_exact(change.device_time),
                relay_time,
                skew,
                device,
                stands,
            ]
        })
        .collect();
    let head = ["written", "at the relay", "clock", "by", "state"];
    format!("\n{}", table(&head, &rows, "no changes"))
}

/// Marks for a list: what stands out about a document.
pub(crate) fn marks(unsent: bool, held: bool, conflict: bool) -> String {
    let marks = [
        (unsent, "unsent"),
        (held, "held: see status"),
        (conflict, "conflict"),
    ];
    let shown: Vec<&str> = marks
        .into_iter()
        .filter_map(|(on, mark)| on.then_some(mark))
        .collect();
    shown.join(" ")
}
