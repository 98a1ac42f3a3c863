//! `yizhan station …`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use indicatif::ProgressBar;

use super::args::Station as Command;
use super::relay::{Relay, part};
use super::{Failure, Output, text};
use crate::admin::{Import, Imported, Station, StationClosed, StationCode};
use crate::import::{self, FILE_BYTES_MAX};

/// Stations from which on an import shows that it is under way.
const PROGRESS_FROM: usize = 50;

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Import { file } => import(data, &file, output),
        Command::List => list(data, output),
        Command::Qr { station } => qr(data, &station, output),
        Command::Close { station } => set_closed(data, &station, true, output),
        Command::Reopen { station } => set_closed(data, &station, false, output),
    }
}

fn import(data: &Path, file: &Path, output: &mut Output) -> Result<(), Failure> {
    let import = read(file)?;
    let relay = Relay::find(data)?;
    let bar = if import.stations.len() > PROGRESS_FROM {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    bar.set_message(format!("importing {} stations", import.stations.len()));
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let imported: Result<Vec<Imported>, Failure> = relay.post("stations/import", &import);
    bar.finish_and_clear();
    output.say(&imported?, |imported| {
        let count = |outcome| {
            imported
                .iter()
                .filter(|station| station.outcome == outcome)
                .count()
        };
        format!(
            "{} stations: {} new, {} changed, {} as they were",
            imported.len(),
            count("created"),
            count("updated"),
            count("unchanged")
        )
    })
}

/// Reads a file, no more of it than an import may have.
fn read(file: &Path) -> Result<Import, Failure> {
    let path = file.display().to_string();
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| Failure::Unreadable {
            path: path.clone(),
            source,
        })?;
    import::read(&bytes).map_err(|source| Failure::Import { path, source })
}

fn list(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let stations: Vec<Station> = Relay::find(data)?.get("stations")?;
    output.say(&stations, |stations| {
        if stations.is_empty() {
            return "no stations yet; bring some in: yizhan station import FILE".to_owned();
        }
        let beds = |beds: Option<u32>| beds.map_or_else(String::new, |beds| beds.to_string());
        let rows: Vec<Vec<String>> = stations
            .iter()
            .map(|station| {
                vec![
                    station.key.clone(),
                    station.name.clone(),
                    station.region.clone().unwrap_or_default(),
                    station.kind.clone().unwrap_or_default(),
                    beds(station.beds_total),
                    station.facilities.join(" "),
                ]
            })
            .collect();
        text::table(
            &["KEY", "NAME", "REGION", "TYPE", "BEDS", "FACILITIES"],
            &rows,
        )
    })
}

fn set_closed(
    data: &Path,
    station: &str,
    closed: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let word = if closed { "close" } else { "reopen" };
    let path = format!("stations/{}/{word}", part(station));
    let done: StationClosed = Relay::find(data)?.post(&path, &serde_json::json!({}))?;
    output.say(&done, |done| {
        if done.closed {
            format!(
                "{} is closed; {} roles ended until it opens again\nWhat its devices are still to forget: yizhan forget list",
                done.key, done.roles
            )
        } else {
            format!("{} is open again; {} roles came back", done.key, done.roles)
        }
    })
}

fn qr(data: &Path, station: &str, output: &mut Output) -> Result<(), Failure> {
    let path = format!("stations/{}/code", part(station));
    let code: StationCode = Relay::find(data)?.post(&path, &serde_json::json!({}))?;
    let colours = output.is_terminal();
    output.say(&code, |code| {
        format!(
            "{}\n{}  ({})\nDrivers scan this at the counter, or type:\n  yizhan-phone --home ./my-phone register '{}' --name NAME",
            text::qr(&code.url, colours),
            code.name,
            code.key,
            code.url
        )
    })
}
