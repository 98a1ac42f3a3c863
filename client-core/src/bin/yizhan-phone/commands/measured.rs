//! One health check as it is shown: measurements, levels, and the card of a crisis.

use serde_json::{Value, json};
use yizhan_client_core::model::check::Measurement;
use yizhan_client_core::model::vitals::{
    CRISIS_CARD, CRISIS_CARD_ZH, Item, Level, SECOND_READING_AFTER_MIN,
};
use yizhan_client_core::store::{CheckDetail, SecondReading};
use yizhan_proto::Timestamp;

use super::facts;
use crate::names::short;
use crate::output::labelled;
use crate::when;

pub(crate) fn detail_json(detail: &CheckDetail, now: Timestamp) -> Value {
    let check = &detail.check;
    let measurements: Value = check.measurements.iter().map(measurement_json).collect();
    let mut value = json!({
        "id": check.id.to_string(),
        "driver": check.driver.to_string(),
        "station": check.station.to_string(),
        "station_name": detail.station_name,
        "visit": facts::text(check.visit),
        "consent": facts::text(check.consent),
        "by": facts::text(check.by),
        "taken_at": when::rfc3339(check.taken_at),
        "measurements": measurements,
        "pressure_level": check.pressure_level.map(Level::as_str),
        "glucose_level": check.glucose_level.map(Level::as_str),
        "rule_set": check.rule_set,
        "crisis": check.crisis,
        "advice": check.advice,
        "note": check.note,
        "replaces": facts::text(check.replaces.as_ref().map(|(id, _)| *id)),
        "reason": check.replaces.as_ref().map(|(_, reason)| reason),
        "replaced_by": facts::text(detail.replaced_by),
        "changes": facts::changes(&detail.changes),
    });
    if check.crisis {
        value["card"] = json!([CRISIS_CARD_ZH, CRISIS_CARD]);
    }
    if let Some(second) = detail.second_reading {
        value["second_reading"] = second_json(second, now);
    }
    value
}

fn measurement_json(measurement: &Measurement) -> Value {
    json!({
        "entry": measurement.entry.to_string(),
        "item": measurement.item.as_str(),
        "value": measurement.value,
        "unit": measurement.unit,
        "entered": measurement.entered,
        "comparator": facts::text(measurement.comparator),
        "absent": measurement.absent,
        "finding": measurement.finding,
        "pain": measurement.pain,
    })
}

pub(crate) fn form(detail: &CheckDetail, now: Timestamp) -> String {
    let check = &detail.check;
    let mut text = labelled("check", &check.id.to_string());
    let station = detail
        .station_name
        .clone()
        .unwrap_or_else(|| check.station.to_string());
    text.push_str(&labelled("station", &station));
    text.push_str(&labelled("driver", &check.driver.to_string()));
    text.push_str(&labelled("taken", &when::local(check.taken_at)));
    for measurement in &check.measurements {
        text.push_str(&labelled(
            item_name(measurement.item),
            &measured(measurement),
        ));
    }
    for (label, level) in [
        ("pressure", check.pressure_level),
        ("glucose level", check.glucose_level),
    ] {
        if let Some(level) = level {
            let rules = format!("{level} (screening, rules {})", check.rule_set);
            text.push_str(&labelled(label, &rules));
        }
    }
    if !check.advice.is_empty() {
        text.push_str(&labelled("advice", &check.advice.join(", ")));
    }
    if let Some(note) = &check.note {
        text.push_str(&labelled("note", note));
    }
    if let Some((other, reason)) = &check.replaces {
        text.push_str(&labelled(
            "corrects",
            &format!("{} ({reason})", short(&other)),
        ));
    }
    if let Some(other) = detail.replaced_by {
        text.push_str(&labelled("corrected by", &short(&other)));
    }
    if check.crisis {
        text.push_str(&card());
    }
    if let Some(second) = detail.second_reading {
        text.push_str(&second_text(second, check.taken_at, now));
        text.push('\n');
    }
    text
}

/// So long after a crisis, a second reading of it is not asked for any more.
const ASKED_FOR_MS: i64 = 24 * 60 * 60 * 1000;

/// `second reading due at 12:05`, `overdue since`, or which check it is.
pub(crate) fn second_text(second: SecondReading, taken_at: Timestamp, now: Timestamp) -> String {
    match second {
        SecondReading::Taken(check) => format!("second reading: {}", short(&check)),
        SecondReading::DueAt(_) if now.ms_since(taken_at) >= ASKED_FOR_MS => {
            "no second reading was taken".to_owned()
        }
        SecondReading::DueAt(due) if now >= due => {
            format!("second reading overdue since {}", when::local(due))
        }
        SecondReading::DueAt(due) => format!("second reading due at {}", when::local(due)),
    }
}

/// The same for programs.
pub(crate) fn second_json(second: SecondReading, now: Timestamp) -> Value {
    match second {
        SecondReading::Taken(check) => json!({ "taken": check.to_string() }),
        SecondReading::DueAt(due) => json!({ "due_at": when::rfc3339(due), "overdue": now >= due }),
    }
}

/// What people call an item.
const fn item_name(item: Item) -> &'static str {
    match item {
        Item::Systolic => "systolic",
        Item::Diastolic => "diastolic",
        Item::Pulse => "pulse",
        Item::GlucoseRandom => "glucose",
        Item::GlucoseFasting => "fasting gluc.",
        Item::GlucoseAfterMeal => "gluc. p. meal",
        Item::Neck => "neck",
        Item::Lumbar => "lumbar",
    }
}

fn measured(measurement: &Measurement) -> String {
    if let Some(reason) = &measurement.absent {
        return format!("not measured: {reason}");
    }
    if let Some(finding) = &measurement.finding {
        let pain = measurement
            .pain
            .map_or_else(|| "?".to_owned(), |pain| pain.to_string());
        return format!("{finding}, pain {pain} of 10");
    }
    let sign = match measurement.comparator.map(|comparator| comparator.as_str()) {
        Some(sign) => format!("{sign} "),
        None => String::new(),
    };
    let value = measurement
        .value
        .map_or_else(|| "?".to_owned(), |value| value.to_string());
    format!(
        "{sign}{value} {} (typed: {})",
        measurement.unit, measurement.entered
    )
}

/// What is shown with a crisis, always the same.
fn card() -> String {
    let rule = "=".repeat(64);
    format!(
        "{rule}\n  {CRISIS_CARD_ZH}\n  {CRISIS_CARD}\n  Second reading in {SECOND_READING_AFTER_MIN} minutes.\n{rule}\n"
    )
}
