//! `report`: numbers over what this phone holds.

use std::io::Write as _;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::ReportEntry;
use yizhan_client_core::model::report::table::WITHHELD_NOTE;
use yizhan_client_core::model::report::{Field, Month, Sheet};
use yizhan_proto::Timestamp;

use crate::args::ReportArgs;
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, private_file, table};

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
    };
    let sheet = client.report(entry, &month_of)?;
    let format = if output.json { "json" } else { &args.format };
    let text = match format {
        "json" => format!("{}\n", as_json(&sheet, from, to, &zone)),
        "csv" => as_csv(&sheet)?,
        _ => as_table(&sheet),
    };
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

fn month(zone: &TimeZone, time: Timestamp) -> Option<Month> {
    let time = jiff::Timestamp::from_millisecond(time.as_ms()).ok()?;
    let date = time.to_zoned(zone.clone()).date();
    Month::new(date.year(), u8::try_from(date.month()).ok()?)
}

fn as_table(sheet: &Sheet) -> String {
    let rows: Vec<Vec<String>> = sheet.records().collect();
    let mut text = table(&sheet.columns, &rows, "nothing to report");
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

fn as_json(sheet: &Sheet, from: Month, to: Month, zone: &TimeZone) -> Value {
    let row = |row: &Vec<Field>| -> Value {
        let fields = sheet.columns.iter().zip(row);
        let fields: Map<String, Value> = fields
            .map(|(name, field)| ((*name).to_owned(), value(field)))
            .collect();
        Value::Object(fields)
    };
    json!({
        "id": sheet.what.as_str(),
        "from": from.to_string(),
        "to": to.to_string(),
        "zone": zone.iana_name(),
        "withheld": sheet.withholds(),
        "unreadable": sheet.unreadable,
        "rows": sheet.rows.iter().map(row).collect::<Vec<_>>(),
    })
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
