//! `consent`.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::ConsentEntry;
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::store::{ConsentFilter, ConsentRow};
use yizhan_proto::{PersonId, StationId};

use super::facts;
use crate::args::ConsentCommand;
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, table};
use crate::when;

pub(crate) fn run(
    client: &mut Client,
    command: &ConsentCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        ConsentCommand::Give {
            station,
            purpose,
            driver,
            with,
            until,
        } => {
            let (station, station_name) = names::station_id(client, station)?;
            let driver = match driver {
                Some(text) => Some(names::person(client, text)?.0),
                None => None,
            };
            let share_with = match with {
                Some(text) => Some(names::station(client, text)?.id),
                None => None,
            };
            let now = client.clock().now();
            let until = until
                .as_deref()
                .map(|until| when::parse(until, now))
                .transpose()?;
            let id = client.give_consent(ConsentEntry {
                station,
                purpose: parse_purpose(purpose)?,
                driver,
                share_with,
                until,
            })?;
            let value =
                json!({ "id": id.to_string(), "station": station.to_string(), "purpose": purpose });
            output.result(&value, || {
                format!(
                    "consent {id} ({purpose}) given to {}, stored here; sync to send it\n",
                    station_name
                )
            })
        }
        ConsentCommand::Withdraw { consent } => {
            let id = names::consent(client, consent)?;
            client.withdraw_consent(id)?;
            let given = client.consents(&ConsentFilter::default())?;
            let hint = given
                .iter()
                .find(|row| row.id == id)
                .map_or_else(String::new, |row| erasure_hint(row.driver, row.station));
            let value = json!({ "id": id.to_string(), "erasure_hint": hint });
            output.result(&value, || {
                format!(
                    "consent {} withdrawn, stored here; sync to send it\nWhat was kept under it stays with the driver alone. To have it erased as well, tell the\ncoordinator: {hint}\n",
                    short(&id)
                )
            })
        }
        ConsentCommand::List => list(client, output),
    }
}

/// The words with which a coordinator finds what is to be erased.
fn erasure_hint(driver: PersonId, station: StationId) -> String {
    format!("please erase the records of driver {driver} at station {station}")
}

fn parse_purpose(text: &str) -> Result<Purpose, Failure> {
    Purpose::from_text(text).ok_or_else(|| {
        Failure::usage(format!(
            "{text:?} is not a purpose; one of {}",
            Purpose::TEXTS.join(", ")
        ))
    })
}

fn list(client: &Client, output: Output) -> Result<(), Failure> {
    let rows = client.consents(&ConsentFilter::default())?;
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    short(&row.id),
                    row.purpose.map_or("?", Purpose::as_str).to_owned(),
                    when::local(row.given_at),
                    state(row),
                    short(&row.driver),
                    row.station_name
                        .clone()
                        .unwrap_or_else(|| short(&row.station)),
                    facts::marks(row.unsent, row.held, false),
                ]
            })
            .collect();
        table(
            &[
                "consent", "purpose", "given", "state", "driver", "station", "",
            ],
            &cells,
            "no consents here yet",
        )
    })
}

fn state(row: &ConsentRow) -> String {
    match (row.withdrawn_at, row.until, row.in_force) {
        (Some(at), _, _) => format!("withdrawn {}", when::local(at)),
        (None, Some(until), true) => format!("until {}", when::local(until)),
        (None, Some(until), false) => format!("ended {}", when::local(until)),
        (None, None, true) => "in force".to_owned(),
        (None, None, false) => "not in force".to_owned(),
    }
}

pub(super) fn row_json(row: &ConsentRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "driver": row.driver.to_string(),
        "station": row.station.to_string(),
        "station_name": row.station_name,
        "purpose": row.purpose.map(Purpose::as_str),
        "given_at": when::rfc3339(row.given_at),
        "until": facts::time(row.until),
        "withdrawn_at": facts::time(row.withdrawn_at),
        "in_force": row.in_force,
        "unsent": row.unsent,
        "held": row.held,
    })
}
