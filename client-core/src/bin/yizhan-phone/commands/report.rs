//! `report`: numbers over what this phone holds.

use std::io::Write as _;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::{HandedNote, ReportEntry, ReportMade};
use yizhan_client_core::model::report::table::WITHHELD_NOTE;
use yizhan_client_core::model::report::{Field, Month, Sheet};
use yizhan_proto::Timestamp;

use crate::args::ReportArgs;
use crate::failure::Failure;
use crate::output::{Output, private_file, table};
use crate::{names, when};

pub(crate) fn run(client: &Client, args: &ReportArgs, output: Output) -> Result<(), Failure> {
    let zone = match &args.zone {
        None => TimeZone::system(),
        Some(name) => TimeZone::get(name).map_err(|_| {
            Failure::usage(format!("{name} is no time zone here; try Asia/Shanghai"))
        })?,
    };
    let month_of = |time: Timestamp| month(&zone, time);
    let now = client.clock().now();
    let this_month = || month_of(now).ok_or_else(|| Failure::usage("say which month: --month"));
    let (from, to) = match (args.month, args.from, args.to) {
        (Some(month), ..) => (month, month),
        (None, Some(from), Some(to)) => (from, to),
        (None, ..) => {
            let month = this_month()?;
            (month, month)
        }
    };
    if from > to {
        return Err(Failure::usage(format!(
            "--from {from} lies after --to {to}"
        )));
    }
    let station = match &args.station {
        Some(text) => Some(names::station_id(client, text)?.0),
        None => None,
    };
    let entry = ReportEntry {
        what: args.what,
        from,
        to,
        station,
        region: args.region.clone(),
    };
    let made = client.report(&entry, &month_of)?;
    let shown = shown(&made, from, to, &zone);
    let sheet = &made.sheet;
    let format = if output.json { "json" } else { &args.format };
    let text = match format {
        "json" => format!("{}\n", as_json(sheet, &shown)),
        "csv" => as_csv(sheet)?,
        _ => as_table(sheet),
    };
    if let Some(note) = &made.handed {
        output.remark(&remark(note, &shown, (from, to)));
    }
    if made.grown_old > 0 {
        output.remark(&format!(
            "{} documents grew old and left this phone: earlier months may lack some, the relay counts them all",
            made.grown_old
        ));
    }
    if sheet.unreadable > 0 {
        output.remark(&format!("{} documents cannot be read", sheet.unreadable));
    }
    match &args.out {
        Some(path) => private_file(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(Failure::Output),
        None => output.text(&text),
    }
}

/// What is said about the numbers beside them.
struct Shown {
    from: Month,
    to: Month,
    zone: Option<String>,
    /// Documents that left this phone because they grew old.
    grown_old: u64,
    /// The region, and when the relay counted, of a report that it made.
    handed: Option<(String, String)>,
}

fn shown(made: &ReportMade, from: Month, to: Month, zone: &TimeZone) -> Shown {
    match &made.handed {
        None => Shown {
            from,
            to,
            zone: zone.iana_name().map(str::to_owned),
            grown_old: made.grown_old,
            handed: None,
        },
        Some(note) => Shown {
            from: from.max(note.months.0),
            to: to.min(note.months.1),
            zone: Some(note.zone.clone()),
            grown_old: made.grown_old,
            handed: Some((note.region.to_string(), when::rfc3339(note.made_at))),
        },
    }
}

/// How old the numbers are, and what of the months asked for they leave out.
fn remark(note: &HandedNote, shown: &Shown, asked: (Month, Month)) -> String {
    let mut text = format!(
        "as of {}, counted by the relay for the region {}; months begin as in {}",
        when::local(note.made_at),
        note.region,
        note.zone
    );
    if (shown.from, shown.to) != asked {
        let (from, to) = note.months;
        text.push_str(&format!("; only {from} to {to} are here"));
    }
    text
}

fn month(zone: &TimeZone, time: Timestamp) -> Option<Month> {
    let time = jiff::Timestamp::from_millisecond(time.as_ms()).ok()?;
    let date = time.to_zoned(zone.clone()).date();
    Month::new(date.year(), u8::try_from(date.month()).ok()?)
}

fn as_table(sheet: &Sheet) -> String {
    let rows: Vec<Vec<String>> = sheet.records().collect();
    let columns: Vec<&str> = sheet.columns.iter().map(String::as_str).collect();
    let mut text = table(&columns, &rows, "nothing to report");
    if sheet.withholds() {
        text.push_str(&format!("\n{WITHHELD_NOTE}\n"));
    }
    text
}

fn as_csv(sheet: &Sheet) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::Output(error.into());
    writer.write_record(&sheet.columns).map_err(failed)?;
    for record in sheet.records() {
        writer.write_record(&record).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Failure::Output(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn as_json(sheet: &Sheet, shown: &Shown) -> Value {
    let row = |row: &Vec<Field>| -> Value {
        let fields = sheet.columns.iter().zip(row);
        let fields: Map<String, Value> = fields
            .map(|(name, field)| (name.clone(), value(field)))
            .collect();
        Value::Object(fields)
    };
    let mut said = json!({
        "id": sheet.what.as_str(),
        "from": shown.from.to_string(),
        "to": shown.to.to_string(),
        "zone": shown.zone,
        "withheld": sheet.withholds(),
        "unreadable": sheet.unreadable,
        "grown_old": shown.grown_old,
        "rows": sheet.rows.iter().map(row).collect::<Vec<_>>(),
    });
    if let Some((region, as_of)) = &shown.handed {
        said["region"] = json!(region);
        said["as_of"] = json!(as_of);
    }
    said
}

/// Numbers are numbers; what is withheld is its mark, and nothing is null.
fn value(field: &Field) -> Value {
    match field {
        Field::Text(text) => json!(text),
        Field::Whole(number) => json!(number),
        Field::Hundredths(_) => field
            .to_string()
            .parse::<f64>()
            .map_or(Value::Null, |number| json!(number)),
        Field::Nothing => Value::Null,
        Field::Withheld => json!(field.to_string()),
    }
}
