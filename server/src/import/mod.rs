//! Stations from outside: a file of an operator's, or the body of an admin request, checked field
//! by field. Pure: bytes in, stations or the first mistake out, with its place.

mod draft;
mod table;

use std::collections::BTreeSet;

use yizhan_client_core::model::station::NewStation;
use yizhan_proto::RegionKey;

use crate::admin::{Import, StationDraft};

pub use draft::Wrong;

/// Bytes of a file of stations: ten thousand stations with everything said about each.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Stations of one import.
pub const STATIONS_MAX: usize = 10_000;

/// An import in which every value is acceptable by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The stations, in the order of the file.
    pub stations: Vec<NewStation>,
    /// Names of regions.
    pub regions: Vec<(RegionKey, String)>,
}

/// An import is not acceptable. The message names the place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportFileError {
    /// Larger than [`FILE_BYTES_MAX`].
    #[error("the file is larger than {FILE_BYTES_MAX} bytes; split it")]
    TooLarge,
    /// More than [`STATIONS_MAX`].
    #[error("more than {STATIONS_MAX} stations; split the file")]
    TooMany,
    /// Not text in UTF-8 (Chinese spreadsheets often save GBK).
    #[error("not UTF-8 at byte {byte}; save the file as \"CSV UTF-8\" and import it again")]
    NotUtf8 {
        /// Position, from 0.
        byte: usize,
    },
    /// Not JSON, or not of the shape.
    #[error("line {line}, column {column}: {problem}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What.
        problem: String,
    },
    /// A line of a CSV file is broken as a whole.
    #[error("line {line}: {problem}")]
    Line {
        /// Line, from 1.
        line: u64,
        /// What.
        problem: String,
    },
    /// A value of a CSV file is not acceptable.
    #[error("line {line}, column {column}: {problem}")]
    Value {
        /// Line, from 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// What.
        problem: String,
    },
    /// A value of a JSON import is not acceptable.
    #[error("station {index} ({key}), field {field}: {problem}")]
    Station {
        /// Position, from 1.
        index: usize,
        /// Its key as given, shortened.
        key: String,
        /// Name of the field.
        field: String,
        /// What.
        problem: String,
    },
    /// Two stations have one key.
    #[error("station key {key} stands twice ({places})")]
    Twice {
        /// The key.
        key: String,
        /// Where.
        places: String,
    },
    /// A region is not acceptable.
    #[error("region {key}: {problem}")]
    Region {
        /// Its key as given, shortened.
        key: String,
        /// What.
        problem: String,
    },
    /// Nothing to import.
    #[error("there are no stations in it")]
    Empty,
}

/// Reads a file of stations: JSON if it begins with `{`, CSV otherwise. A byte order mark and
/// either kind of line end are taken. Everything is checked; what is returned can be sent.
///
/// # Errors
/// [`ImportFileError`] names the first mistake and its place.
pub fn read(bytes: &[u8]) -> Result<Import, ImportFileError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(ImportFileError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ImportFileError::NotUtf8 {
        byte: error.valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let import = if text.trim_start().starts_with('{') {
        let import: Import = serde_json::from_str(text).map_err(|error| ImportFileError::Json {
            line: error.line(),
            column: error.column(),
            problem: without_place(&error),
        })?;
        checked(import.clone())?;
        import
    } else {
        Import {
            regions: Vec::new(),
            stations: table::read(text)?,
        }
    };
    if import.stations.is_empty() {
        return Err(ImportFileError::Empty);
    }
    Ok(import)
}

/// Checks every value of an import.
///
/// # Errors
/// [`ImportFileError`] names the first mistake and its place.
pub fn checked(import: Import) -> Result<Checked, ImportFileError> {
    if import.stations.len() > STATIONS_MAX || import.regions.len() > STATIONS_MAX {
        return Err(ImportFileError::TooMany);
    }
    let mut keys = BTreeSet::new();
    let mut stations = Vec::new();
    for (index, draft) in (1..).zip(&import.stations) {
        if !keys.insert(&draft.key) {
            return Err(ImportFileError::Twice {
                key: shortened(&draft.key),
                places: format!("again as number {index}"),
            });
        }
        stations.push(draft::station(draft).map_err(|wrong| in_station(index, draft, wrong))?);
    }
    let regions = import
        .regions
        .into_iter()
        .map(|region| {
            let wrong = |problem: String| ImportFileError::Region {
                key: shortened(&region.id),
                problem,
            };
            let key = region
                .id
                .parse::<RegionKey>()
                .map_err(|error| wrong(error.to_string()))?;
            draft::label(&region.name).map_err(wrong)?;
            Ok((key, region.name))
        })
        .collect::<Result<_, _>>()?;
    Ok(Checked { stations, regions })
}

fn in_station(index: usize, draft: &StationDraft, wrong: Wrong) -> ImportFileError {
    ImportFileError::Station {
        index,
        key: shortened(&draft.key),
        field: wrong.field.to_owned(),
        problem: wrong.problem,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What serde_json says, without the place that it puts behind.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) => text[..place].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
