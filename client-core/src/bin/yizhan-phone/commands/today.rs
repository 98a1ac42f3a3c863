//! `today`: a station's day.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::store::{Beds, Today};
use yizhan_proto::{Role, StationId};

use super::{facts, visit};
use crate::args::TodayArgs;
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, count, labelled, table};
use crate::when;

pub(crate) fn run(client: &Client, args: &TodayArgs, output: Output) -> Result<(), Failure> {
    let station = match &args.station {
        Some(text) => names::station_id(client, text)?.0,
        None => own_station(client)?,
    };
    let day = when::day(client.clock().now());
    let today = client.today(station, day)?;
    output.result(&to_json(&today), || form(&today))
}

/// The station that this phone's person keeps, if it is one.
fn own_station(client: &Client) -> Result<StationId, Failure> {
    let roles = client.author()?.roles;
    let mut kept: Vec<StationId> = roles
        .iter()
        .filter_map(|role| match role {
            Role::Keeper(station) | Role::Health(station) => Some(*station),
            Role::Driver
            | Role::Specialist(_)
            | Role::Coordinator(_)
            | Role::Operator
            | Role::Other(_) => None,
        })
        .collect();
    kept.sort_unstable();
    kept.dedup();
    match kept.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::usage(
            "you keep no station; say which one with --station",
        )),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|id| {
                    client
                        .station(&id.to_string())
                        .map_or_else(|_| id.to_string(), |row| row.key)
                })
                .collect();
            Err(Failure::usage(format!(
                "you keep several stations; say which one with --station: {}",
                names.join(", ")
            )))
        }
    }
}

fn to_json(today: &Today) -> Value {
    let visits: Value = today
        .visits
        .iter()
        .map(|row| {
            let mut value = visit::row_json(&row.visit);
            value["also_open"] = facts::text(row.also_open);
            value
        })
        .collect();
    let beds = today.beds;
    json!({
        "id": today.station.to_string(),
        "station_name": today.station_name,
        "arrived": today.arrived,
        "open": today.open,
        "beds": {
            "total": beds.total,
            "free": beds.free(),
            "said_free": beds.said_free,
            "counted_free": beds.counted_free(),
            "given": beds.given,
        },
        "visits": visits,
    })
}

fn form(today: &Today) -> String {
    let name = today.station_name.clone();
    let mut text = labelled(
        "station",
        &name.unwrap_or_else(|| today.station.to_string()),
    );
    let arrivals = count(u64::from(today.arrived), "arrival");
    text.push_str(&labelled(
        "today",
        &format!("{arrivals}, {} here", today.open),
    ));
    text.push_str(&labelled("beds", &beds(today.beds)));
    let rows: Vec<Vec<String>> = today
        .visits
        .iter()
        .map(|row| {
            let mut cells = visit::row_cells(&row.visit);
            if let (Some(other), Some(marks)) = (row.also_open, cells.last_mut()) {
                marks.push_str(&format!(" also open: {}", short(&other)));
            }
            cells
        })
        .collect();
    text.push('\n');
    text + &table(visit::HEAD, &rows, "nobody has come yet today")
}

/// `26 of 28 free (2 given)`; what was said and what is counted, where they differ.
fn beds(beds: Beds) -> String {
    let total = beds
        .total
        .map_or_else(|| "?".to_owned(), |total| total.to_string());
    let Some(free) = beds.free() else {
        return format!("{} given; nobody said how many there are", beds.given);
    };
    match beds.counted_free() {
        Some(counted) if counted != free => format!(
            "{free} of {total} free, as said; by counting {counted} ({} given)",
            beds.given
        ),
        Some(_) | None => format!("{free} of {total} free ({} given)", beds.given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beds_are_told_as_said_and_as_counted() {
        for (total, said_free, given, told) in [
            (Some(28), None, 2, "26 of 28 free (2 given)"),
            (Some(28), Some(26), 2, "26 of 28 free (2 given)"),
            (
                Some(28),
                Some(5),
                2,
                "5 of 28 free, as said; by counting 26 (2 given)",
            ),
            (None, Some(5), 2, "5 of ? free (2 given)"),
            (None, None, 2, "2 given; nobody said how many there are"),
            (Some(1), None, 2, "0 of 1 free (2 given)"),
        ] {
            let asked = Beds {
                total,
                said_free,
                given,
            };
            assert_eq!(beds(asked), told);
        }
    }
}
