//! `station`.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::model::Command;
use yizhan_client_core::model::station::Command as Edit;
use yizhan_client_core::store::StationRow;

use super::facts;
use crate::args::{StationCommand, StationSetArgs};
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, labelled, table};

pub(crate) fn run(
    client: &mut Client,
    command: &StationCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        StationCommand::List { region } => list(client, region.as_deref(), output),
        StationCommand::Show { station } => show(client, station, output),
        StationCommand::Set(args) => set(client, args, output),
    }
}

/// One change for each thing that is said: each stands by itself, and may meet another's.
fn set(client: &mut Client, args: &StationSetArgs, output: Output) -> Result<(), Failure> {
    let station = names::station(client, &args.station)?.id;
    let mut edits = Vec::new();
    edits.extend(args.beds_free.map(Edit::SetBedsFree));
    edits.extend(args.hours.clone().map(Edit::SetHours));
    edits.extend(args.phone.clone().map(Edit::SetPhone));
    edits.extend(
        args.open
            .as_deref()
            .map(|open| Edit::SetOpen(open == "yes")),
    );
    edits.extend(args.notice.clone().map(Edit::SetNotice));
    for (facilities, offered) in [(&args.offer, true), (&args.stop, false)] {
        edits.extend(facilities.iter().map(|facility| Edit::SetFacility {
            facility: facility.clone(),
            offered,
        }));
    }
    for edit in edits {
        client.edit(station.into(), &Command::Station(edit))?;
    }
    show(client, &station.to_string(), output)
}

fn list(client: &Client, region: Option<&str>, output: Output) -> Result<(), Failure> {
    let mut rows = client.stations()?;
    rows.retain(|row| {
        region.is_none_or(|region| {
            row.region
                .as_ref()
                .is_some_and(|own| own.as_str() == region)
        })
    });
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                vec![
                    row.key.clone(),
                    row.name.clone(),
                    facts_of(row.region.as_ref()),
                    beds(row),
                    row.facilities.join(" "),
                    facts::marks(row.unsent, false, row.conflict),
                ]
            })
            .collect();
        table(
            &["key", "name", "region", "beds", "facilities", ""],
            &cells,
            "no stations here yet; sync first",
        )
    })
}

fn facts_of<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn beds(row: &StationRow) -> String {
    match (row.beds_free, row.beds_total) {
        (Some(free), Some(total)) => format!("{free} of {total} free"),
        (Some(free), None) => format!("{free} free"),
        (None, Some(total)) => total.to_string(),
        (None, None) => String::new(),
    }
}

fn show(client: &Client, text: &str, output: Output) -> Result<(), Failure> {
    let row = names::station(client, text)?;
    output.result(&row_json(&row), || {
        let open = row.open.map(|open| if open { "open" } else { "closed" });
        let fields = [
            ("station", format!("{} ({})", row.name, row.id)),
            ("key", row.key.clone()),
            ("region", facts_of(row.region.as_ref())),
            ("type", facts_of(row.station_type.as_ref())),
            ("address", facts_of(row.address.as_ref())),
            ("phone", facts_of(row.phone.as_ref())),
            ("hours", facts_of(row.hours.as_ref())),
            ("state", facts_of(open)),
            ("beds", beds(&row)),
            ("facilities", row.facilities.join(", ")),
            ("notice", facts_of(row.notice.as_ref())),
        ];
        fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(label, value)| labelled(label, value))
            .collect()
    })
}

fn row_json(row: &StationRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "key": row.key,
        "name": row.name,
        "region": facts::text(row.region.as_ref()),
        "type": row.station_type,
        "address": row.address,
        "phone": row.phone,
        "hours": row.hours,
        "facilities": row.facilities,
        "beds_total": row.beds_total,
        "beds_free": row.beds_free,
        "open": row.open,
        "notice": row.notice,
        "conflict": row.conflict,
        "unsent": row.unsent,
    })
}
