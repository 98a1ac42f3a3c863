//! `check`.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::CheckEntry;
use yizhan_client_core::model::Refusal;
use yizhan_client_core::model::check::ReadingValue;
use yizhan_client_core::model::vitals::{self, Item};
use yizhan_client_core::store::{CheckFilter, CheckRow};
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::facts;
use super::measured::{detail_json, form, second_json, second_text};
use crate::args::{CheckAddArgs, CheckCommand};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, table};
use crate::when;

pub(crate) fn run(
    client: &mut Client,
    command: &CheckCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        CheckCommand::Add(args) => add(client, args, output),
        CheckCommand::List { driver, crisis } => list(client, driver.as_deref(), *crisis, output),
        CheckCommand::Show { check } => {
            let detail = client.check(names::check(client, check)?)?;
            let now = client.clock().now();
            output.result(&detail_json(&detail, now), || {
                form(&detail, now) + &facts::changes_table(&detail.changes)
            })
        }
    }
}

fn add(client: &mut Client, args: &CheckAddArgs, output: Output) -> Result<(), Failure> {
    let (driver, station, visit) = whom_and_where(client, args)?;
    let readings = readings(args)?;
    confirm(&readings, args.confirm, output)?;
    let now = client.clock().now();
    let taken_at = args
        .at
        .as_deref()
        .map(|at| when::parse(at, now))
        .transpose()?;
    let replaces = match (&args.replaces, &args.reason) {
        (Some(check), Some(reason)) => Some((names::check(client, check)?, reason.clone())),
        _ => None,
    };
    let id = client.add_check(CheckEntry {
        driver,
        station,
        visit,
        taken_at,
        readings,
        advice: args.advice.clone(),
        note: args.note.clone(),
        replaces,
    })?;
    let detail = client.check(id)?;
    output.result(&detail_json(&detail, now), || {
        format!("{}stored here; sync to send it\n", form(&detail, now))
    })
}

/// Driver and station, as said or as the visit has them.
fn whom_and_where(
    client: &Client,
    args: &CheckAddArgs,
) -> Result<(PersonId, StationId, Option<DocumentId>), Failure> {
    let visit = match &args.visit {
        Some(text) => Some(client.visit(names::visit(client, text)?)?.visit),
        None => None,
    };
    let driver = match (&args.driver, &visit) {
        (Some(text), _) => names::person(client, text)?.0,
        (None, Some(visit)) => visit.driver,
        (None, None) => return Err(Failure::usage("say whose check it is: --driver or --visit")),
    };
    let station = match (&args.station, &visit) {
        (Some(text), _) => names::station(client, text)?.id,
        (None, Some(visit)) => visit.station,
        (None, None) => {
            return Err(Failure::usage(
                "say where it is taken: --station or --visit",
            ));
        }
    };
    Ok((driver, station, visit.map(|visit| visit.id)))
}

/// The measurements as typed.
fn readings(args: &CheckAddArgs) -> Result<Vec<(Item, ReadingValue)>, Failure> {
    let mut readings = Vec::new();
    let mut quantity = |item: Item, entered: &str, unit: &str| {
        readings.push((
            item,
            ReadingValue::Quantity {
                entered: entered.to_owned(),
                unit: unit.to_owned(),
                comparator: None,
            },
        ));
    };
    let pressure = [
        (Item::Systolic, &args.systolic),
        (Item::Diastolic, &args.diastolic),
        (Item::Pulse, &args.pulse),
    ];
    for (item, entered) in pressure {
        if let Some(entered) = entered {
            quantity(item, entered, item.unit());
        }
    }
    if let Some(entered) = &args.glucose {
        let item = match (args.fasting, args.after_meal) {
            (true, _) => Item::GlucoseFasting,
            (false, true) => Item::GlucoseAfterMeal,
            (false, false) => Item::GlucoseRandom,
        };
        quantity(item, entered, &args.unit);
    }
    missing_pressure(args, &mut readings)?;
    for (item, typed) in [(Item::Neck, &args.neck), (Item::Lumbar, &args.lumbar)] {
        if let Some(typed) = typed {
            readings.push((item, spine(item, typed)?));
        }
    }
    if readings.is_empty() {
        return Err(Failure::usage(
            "there is nothing measured: give at least one of --systolic with --diastolic, --pulse, --glucose, --neck, --lumbar",
        ));
    }
    Ok(readings)
}

/// One value of a blood pressure needs the other, or a reason why it is missing.
fn missing_pressure(
    args: &CheckAddArgs,
    readings: &mut Vec<(Item, ReadingValue)>,
) -> Result<(), Failure> {
    let missing = match (&args.systolic, &args.diastolic) {
        (Some(_), None) => Item::Diastolic,
        (None, Some(_)) => Item::Systolic,
        (Some(_), Some(_)) | (None, None) => return Ok(()),
    };
    let Some(reason) = &args.missing else {
        return Err(Failure::usage(format!(
            "a blood pressure has two values: give --{missing}, or say with --missing why there is none"
        )));
    };
    let reason = reason.clone();
    readings.push((missing, ReadingValue::Absent { reason }));
    Ok(())
}

/// `tight:3`.
fn spine(item: Item, typed: &str) -> Result<ReadingValue, Failure> {
    let read = typed.split_once(':').and_then(|(finding, pain)| {
        let pain = pain.trim().parse().ok()?;
        let finding = finding.trim().to_ascii_lowercase();
        Some(ReadingValue::Spine { finding, pain })
    });
    read.ok_or_else(|| {
        Failure::usage(format!(
            "--{item} {typed:?} is not a finding and a pain; write for instance tight:3"
        ))
    })
}

/// Impossible values are refused; unusual ones are asked about.
fn confirm(
    readings: &[(Item, ReadingValue)],
    confirmed: bool,
    output: Output,
) -> Result<(), Failure> {
    let mut unusual = Vec::new();
    for (item, value) in readings {
        let ReadingValue::Quantity {
            entered,
            unit,
            comparator,
        } = value
        else {
            continue;
        };
        let canonical = vitals::canonical(*item, entered, unit, *comparator)
            .map_err(|refusal: Refusal| refused(refusal.at(item.as_str())))?;
        if vitals::needs_confirmation(*item, canonical.value) {
            let usual = item.usual().map_or_else(String::new, |usual| {
                format!(
                    " (usual: {} to {} {})",
                    usual.least,
                    usual.most,
                    item.unit()
                )
            });
            unusual.push(format!("{item} {entered} {unit}{usual}"));
        }
    }
    if unusual.is_empty() || confirmed {
        return Ok(());
    }
    let list = unusual.join(", ");
    if output.can_ask() && output.ask(&format!("Unusual: {list}. Is that right?")) {
        return Ok(());
    }
    Err(Failure::NotConfirmed(format!(
        "unusual: {list}; nothing was stored: measure again, or repeat with --confirm if it is right"
    )))
}

fn refused(refusal: Refusal) -> Failure {
    Failure::Client(yizhan_client_core::error::ClientError::Refused(refusal))
}

fn list(
    client: &Client,
    driver: Option<&str>,
    crisis: bool,
    output: Output,
) -> Result<(), Failure> {
    let driver = match driver {
        Some(text) => Some(names::person(client, text)?.0),
        None => None,
    };
    let rows = client.checks(&CheckFilter {
        driver,
        crisis,
        ..CheckFilter::default()
    })?;
    let now = client.clock().now();
    let value: Value = rows.iter().map(|row| row_json(row, now)).collect();
    output.result(&value, || {
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row_cells(row, now)).collect();
        table(HEAD, &cells, "no checks here yet")
    })
}

/// Heads of [`row_cells`].
pub(super) const HEAD: &[&str] = &["check", "taken", "driver", "station", "measured", ""];

pub(super) fn row_cells(row: &CheckRow, now: Timestamp) -> Vec<String> {
    let mut marks = facts::marks(row.unsent, row.held, false);
    if row.crisis {
        marks.insert_str(0, "CRISIS ");
    }
    if let Some(second) = row.second_reading {
        marks.push_str(&format!("; {}", second_text(second, row.taken_at, now)));
    }
    if let Some(by) = row.replaced_by {
        marks.push_str(&format!(" corrected by {}", short(&by)));
    }
    vec![
        short(&row.id),
        when::local(row.taken_at),
        short(&row.driver),
        row.station_name
            .clone()
            .unwrap_or_else(|| short(&row.station)),
        row.summary.clone(),
        marks,
    ]
}

pub(super) fn row_json(row: &CheckRow, now: Timestamp) -> Value {
    let second = row.second_reading;
    json!({
        "second_reading": second.map_or(Value::Null, |second| second_json(second, now)),
        "id": row.id.to_string(),
        "driver": row.driver.to_string(),
        "station": row.station.to_string(),
        "station_name": row.station_name,
        "visit": facts::text(row.visit),
        "taken_at": when::rfc3339(row.taken_at),
        "summary": row.summary,
        "pressure_level": facts::text(row.pressure_level),
        "glucose_level": facts::text(row.glucose_level),
        "crisis": row.crisis,
        "replaces": facts::text(row.replaces),
        "replaced_by": facts::text(row.replaced_by),
        "unsent": row.unsent,
        "held": row.held,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> CheckAddArgs {
        CheckAddArgs {
            unit: "mmol/L".to_owned(),
            ..CheckAddArgs::default()
        }
    }

    #[test]
    fn what_is_typed_becomes_readings() {
        let typed = CheckAddArgs {
            systolic: Some("126".to_owned()),
            missing: Some("cuff slipped".to_owned()),
            glucose: Some("HI".to_owned()),
            fasting: true,
            neck: Some("Tight: 3".to_owned()),
            ..args()
        };
        let items: Vec<Item> = readings(&typed)
            .unwrap()
            .iter()
            .map(|(item, _)| *item)
            .collect();
        assert_eq!(
            items,
            [
                Item::Systolic,
                Item::GlucoseFasting,
                Item::Diastolic,
                Item::Neck
            ]
        );
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        let some = |text: &str| Some(text.to_owned());
        for typed in [
            args(),
            CheckAddArgs {
                systolic: some("126"),
                ..args()
            },
            CheckAddArgs {
                neck: some("tight"),
                ..args()
            },
            CheckAddArgs {
                lumbar: some("tight:x"),
                ..args()
            },
            CheckAddArgs {
                lumbar: some("tight:-1"),
                ..args()
            },
        ] {
            let failure = readings(&typed).unwrap_err();
            assert_eq!(failure.exit_code(), 2, "{typed:?}");
        }
    }

    #[test]
    fn impossible_values_are_refused_and_unusual_ones_are_not_taken_unasked() {
        let output = Output { json: true };
        for (systolic, confirmed, expected) in [
            ("126", false, Ok(())),
            ("186", false, Err(4)),
            ("186", true, Ok(())),
            ("1260", true, Err(4)),
            ("abc", true, Err(4)),
        ] {
            let typed = CheckAddArgs {
                systolic: Some(systolic.to_owned()),
                diastolic: Some("82".to_owned()),
                ..args()
            };
            let readings = readings(&typed).unwrap();
            let said = confirm(&readings, confirmed, output);
            assert_eq!(
                said.map_err(|failure| failure.exit_code()),
                expected,
                "{systolic}"
            );
        }
    }
}
