//! `yizhan report`: numbers by month and place; small ones are withheld by the relay.

use std::io::Write as _;
use std::path::Path;

use indicatif::ProgressBar;
use jiff::Zoned;
use jiff::tz::TimeZone;
use yizhan_client_core::model::report::Month;
use yizhan_client_core::model::report::spreadsheet_safe;
use yizhan_client_core::model::report::table::{WITHHELD, WITHHELD_NOTE};

use super::args::Report;
use super::output::private_file;
use super::relay::{Relay, part};
use super::{Failure, Output, text};
use crate::admin::{ReportCell, ReportLine, ReportSheet};

pub(super) fn make(data: &Path, args: &Report, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let bar = ProgressBar::new(0);
    let mut sheet = None;
    relay.lines(&path(args), |line: ReportLine| match line {
        ReportLine::Progress { done, of } => {
            bar.set_length(of);
            bar.set_position(done);
            Ok(())
        }
        ReportLine::Report(made) => {
            sheet = Some(made);
            Ok(())
        }
        ReportLine::Problem(problem) => Err(Failure::Problem(Box::new(problem))),
    })?;
    bar.finish_and_clear();
    let sheet = sheet.ok_or_else(|| Failure::Answer("it ended before the report".into()))?;
    let format = if output.is_json() {
        "json"
    } else {
        &args.format
    };
    let text = match format {
        "json" => {
            serde_json::to_string_pretty(&sheet).map_err(|error| Failure::Output(error.into()))?
        }
        "csv" => csv(&sheet)?,
        _ => table(&sheet),
    };
    match &args.out {
        Some(file) => private_file(file)
            .and_then(|mut file| file.write_all((text + "\n").as_bytes()))
            .map_err(Failure::Output),
        None => output.line(&text),
    }
}

fn path(args: &Report) -> String {
    // The month it is where the report is about.
    let asked = args
        .zone
        .as_deref()
        .and_then(|zone| TimeZone::get(zone).ok());
    let now = Zoned::now();
    let now = asked.map_or_else(|| now.clone(), |zone| now.with_time_zone(zone));
    let one = |month: Option<Month>| {
        month.map_or_else(
            || now.strftime("%Y-%m").to_string(),
            |month| month.to_string(),
        )
    };
    let (from, to) = match args.from {
        Some(from) => (from.to_string(), one(args.to)),
        None => (one(args.month), one(args.month)),
    };
    let zone = args.zone.as_deref().or(now.time_zone().iana_name());
    let said = [
        ("what", Some(args.what.as_str())),
        ("from", Some(from.as_str())),
        ("to", Some(to.as_str())),
        ("zone", zone),
        ("station", args.station.as_deref()),
        ("region", args.region.as_deref()),
    ];
    let said = said
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", part(value?))));
    format!("report?{}", said.collect::<Vec<_>>().join("&"))
}

fn records(sheet: &ReportSheet) -> Vec<Vec<String>> {
    let cell = |cell: Option<&ReportCell>| match cell {
        Some(ReportCell::Whole(number)) => number.to_string(),
        Some(ReportCell::Number(number)) => format!("{number:.2}"),
        Some(ReportCell::Text(text)) if text == WITHHELD => text.clone(),
        Some(ReportCell::Text(text)) => spreadsheet_safe(text).into_owned(),
        Some(ReportCell::Nothing) | None => String::new(),
    };
    let row = |row: &std::collections::BTreeMap<String, ReportCell>| {
        let cells = sheet.columns.iter().map(|name| cell(row.get(name)));
        cells.collect()
    };
    sheet.rows.iter().map(row).collect()
}

fn table(sheet: &ReportSheet) -> String {
    if sheet.rows.is_empty() {
        return "nothing to report".to_owned();
    }
    let head: Vec<&str> = sheet.columns.iter().map(String::as_str).collect();
    let mut text = text::table(&head, &records(sheet));
    if sheet.withheld {
        text.push_str(&format!("\n{WITHHELD_NOTE}"));
    }
    if sheet.unreadable > 0 {
        text.push_str(&format!("\n{} documents cannot be read", sheet.unreadable));
    }
    text
}

fn csv(sheet: &ReportSheet) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::Output(error.into());
    writer.write_record(&sheet.columns).map_err(failed)?;
    for record in records(sheet) {
        writer.write_record(&record).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Failure::Output(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}
