//! Stations as CSV: a header line with names of columns, in any order; `;` between facilities.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};

use super::{ImportFileError, STATIONS_MAX, draft, shortened};
use crate::admin::StationDraft;

/// Columns that must be there.
const NEEDED: [&str; 4] = ["key", "region", "name", "type"];
/// Columns that may be there.
const OPTIONAL: [&str; 8] = [
    "facilities",
    "lat",
    "lon",
    "address",
    "rooms",
    "beds_total",
    "hours",
    "phone",
];

/// Reads and checks a CSV file.
pub(super) fn read(text: &str) -> Result<Vec<StationDraft>, ImportFileError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = match records.next() {
        None => return Err(ImportFileError::Empty),
        Some(header) => header.map_err(|error| broken(&error))?,
    };
    let columns = columns(&header)?;
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut stations = Vec::new();
    for record in records {
        let record = record.map_err(|error| broken(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = Row {
            line,
            columns: &columns,
            record: &record,
        };
        let station = row.station()?;
        if let Some(first) = lines.insert(station.key.clone(), line) {
            return Err(ImportFileError::Twice {
                key: shortened(&station.key),
                places: format!("line {first} and line {line}"),
            });
        }
        if stations.len() == STATIONS_MAX {
            return Err(ImportFileError::TooMany);
        }
        stations.push(station);
    }
    Ok(stations)
}

fn broken(error: &csv::Error) -> ImportFileError {
    ImportFileError::Line {
        line: error.position().map_or(0, csv::Position::line),
        problem: error.to_string(),
    }
}

/// The columns of the header, each known, none twice, the needed ones there.
fn columns(header: &StringRecord) -> Result<Vec<String>, ImportFileError> {
    let wrong = |problem| Err(ImportFileError::Line { line: 1, problem });
    let mut columns: Vec<String> = Vec::new();
    for name in header {
        let name = name.to_ascii_lowercase();
        if !NEEDED.contains(&name.as_str()) && !OPTIONAL.contains(&name.as_str()) {
            return wrong(format!(
                "unknown column {}; known are: {}, {}",
                shortened(&name),
                NEEDED.join(", "),
                OPTIONAL.join(", ")
            ));
        }
        if columns.contains(&name) {
            return wrong(format!("column {name} stands twice"));
        }
        columns.push(name);
    }
    match NEEDED
        .iter()
        .find(|needed| !columns.iter().any(|column| column == *needed))
    {
        Some(missing) => wrong(format!(
            "no column {missing}; the first line names the columns, like: key,region,name,type,facilities,beds_total"
        )),
        None => Ok(columns),
    }
}

/// One line below the header.
struct Row<'a> {
    line: u64,
    columns: &'a [String],
    record: &'a StringRecord,
}

impl Row<'_> {
    fn station(&self) -> Result<StationDraft, ImportFileError> {
        if self.record.len() != self.columns.len() {
            return Err(ImportFileError::Line {
                line: self.line,
                problem: format!(
                    "{} fields, where the first line names {} columns; quote a field that holds a comma",
                    self.record.len(),
                    self.columns.len()
                ),
            });
        }
        let owned = |column| self.text(column).map(str::to_owned);
        let station = StationDraft {
            key: owned("key").unwrap_or_default(),
            region: owned("region").unwrap_or_default(),
            name: owned("name").unwrap_or_default(),
            kind: owned("type").unwrap_or_default(),
            facilities: self
                .text("facilities")
                .unwrap_or_default()
                .split([';', ';'])
                .map(str::trim)
                .filter(|facility| !facility.is_empty())
                .map(str::to_owned)
                .collect(),
            lat: self.number("lat", "a number of degrees")?,
            lon: self.number("lon", "a number of degrees")?,
            address: owned("address"),
            rooms: self.number("rooms", "a whole number")?,
            beds_total: self.number("beds_total", "a whole number")?,
            hours: owned("hours"),
            phone: owned("phone"),
        };
        draft::station(&station).map_err(|wrong| self.wrong(wrong.field, wrong.problem))?;
        Ok(station)
    }

    /// The text of a column, if it is there and not empty.
    fn text(&self, column: &str) -> Option<&str> {
        let index = self.columns.iter().position(|name| name == column)?;
        self.record.get(index).filter(|text| !text.is_empty())
    }

    fn number<T: std::str::FromStr>(
        &self,
        column: &str,
        expected: &str,
    ) -> Result<Option<T>, ImportFileError> {
        self.text(column)
            .map(|text| {
                text.parse()
                    .map_err(|_| self.wrong(column, format!("not {expected}: {}", shortened(text))))
            })
            .transpose()
    }

    fn wrong(&self, column: &str, problem: String) -> ImportFileError {
        ImportFileError::Value {
            line: self.line,
            column: column.to_owned(),
            problem,
        }
    }
}
