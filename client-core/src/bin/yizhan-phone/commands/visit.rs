//! `visit`.

use serde_json::{Map, Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::VisitStart;
use yizhan_client_core::model::visit::Service;
use yizhan_client_core::store::{VisitDetail, VisitFilter, VisitRow};
use yizhan_proto::{DocumentId, PersonId, StationId};

use super::{code, facts};
use crate::args::{VisitCommand, VisitStartArgs};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, labelled, table};
use crate::when;

pub(crate) fn run(
    client: &mut Client,
    command: &VisitCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        VisitCommand::Start(args) => start(client, args, output),
        VisitCommand::Serve {
            visit,
            service,
            quantity,
        } => {
            let visit = names::visit(client, visit)?;
            let entry = client.serve(visit, service, *quantity)?;
            let done = format!("{quantity} × {service} given");
            written(visit, json!(entry.to_string()), &done, output)
        }
        VisitCommand::Want {
            visit,
            service,
            quantity,
        } => {
            let visit = names::visit(client, visit)?;
            let entry = client.request(visit, service, *quantity)?;
            let done = format!("{quantity} × {service} asked for");
            written(visit, json!(entry.to_string()), &done, output)
        }
        VisitCommand::Note { visit, text } => {
            let visit = names::visit(client, visit)?;
            client.note(visit, &text.join(" "))?;
            written(visit, Value::Null, "note written", output)
        }
        VisitCommand::Rate { visit, rating } => {
            let visit = names::visit(client, visit)?;
            client.rate(visit, *rating)?;
            written(visit, Value::Null, &format!("rated {rating} of 5"), output)
        }
        VisitCommand::End { visit, at } => {
            let visit = names::visit(client, visit)?;
            let now = client.clock().now();
            let left_at = at.as_deref().map(|at| when::parse(at, now)).transpose()?;
            client.end_visit(visit, left_at)?;
            written(visit, Value::Null, "ended", output)
        }
        VisitCommand::List {
            open,
            station,
            limit,
        } => list(client, *open, station.as_deref(), *limit, output),
        VisitCommand::Show { visit } => show(client, visit, output),
    }
}

/// An edit of a visit was stored.
fn written(visit: DocumentId, entry: Value, done: &str, output: Output) -> Result<(), Failure> {
    let mut value = json!({ "id": visit.to_string(), "done": done });
    if !entry.is_null() {
        value["entry"] = entry;
    }
    output.result(&value, || {
        format!(
            "visit {}: {done}, stored here; sync to send it\n",
            short(&visit)
        )
    })
}

fn start(client: &mut Client, args: &VisitStartArgs, output: Output) -> Result<(), Failure> {
    if let Some(text) = &args.code {
        return code::arrive(client, args, text, output);
    }
    let (station, station_name) = names::station_id(client, &args.station)?;
    let now = client.clock().now();
    let arrived_at = args
        .at
        .as_deref()
        .map(|at| when::parse(at, now))
        .transpose()?;
    let (driver, own_name) = match &args.driver {
        None => (None, args.name.clone()),
        Some(text) => {
            let (person, known_name) = names::person(client, text)?;
            let name = args.name.clone().or(known_name).unwrap_or_default();
            (Some((person, name)), None)
        }
    };
    let of = match &driver {
        Some((person, _)) => *person,
        None => client.author()?.person,
    };
    let named = match &driver {
        Some((_, name)) => !name.trim().is_empty(),
        None => own_name.is_some() || client.device()?.identity.is_some(),
    };
    if !named {
        return Err(Failure::usage(
            "the driver's name is not known on this phone; give it with --name",
        ));
    }
    let id = client.start_visit(VisitStart {
        station,
        driver,
        own_name,
        arrived_at,
        vehicle_plate: args.plate.clone(),
        requested: args.want.clone(),
    })?;
    let warnings = still_open(client, of, id)?;
    let value = started_json(id, station, &station_name, of, &warnings);
    output.result(&value, || started_text(id, "", &station_name, &warnings))
}

/// A warning if the driver has another open visit than this one.
pub(super) fn still_open(
    client: &Client,
    driver: PersonId,
    id: DocumentId,
) -> Result<Vec<String>, Failure> {
    let open = client.also_open(id, driver)?;
    let warning = open.first().map(|row| {
        format!(
            "another visit of this driver is still open: {} since {}",
            short(&row.id),
            when::local(row.arrived_at)
        )
    });
    Ok(warning.into_iter().collect())
}

pub(super) fn started_json(
    id: DocumentId,
    station: StationId,
    station_name: &str,
    driver: PersonId,
    warnings: &[String],
) -> Value {
    json!({
        "id": id.to_string(),
        "station": station.to_string(),
        "station_name": station_name,
        "driver": driver.to_string(),
        "warnings": warnings,
    })
}

pub(super) fn started_text(
    id: DocumentId,
    whose: &str,
    station_name: &str,
    warnings: &[String],
) -> String {
    let mut text =
        format!("visit {id} {whose}at {station_name} started, stored here; sync to send it\n");
    for warning in warnings {
        text.push_str(&format!("note: {warning}\n"));
    }
    text
}

fn list(
    client: &Client,
    open: bool,
    station: Option<&str>,
    limit: u32,
    output: Output,
) -> Result<(), Failure> {
    let station = match station {
        Some(text) => Some(names::station(client, text)?.id),
        None => None,
    };
    let filter = VisitFilter {
        driver: None,
        station,
        open,
        limit,
    };
    let rows = client.visits(&filter)?;
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let rows: Vec<Vec<String>> = rows.iter().map(row_cells).collect();
        table(HEAD, &rows, "no visits here yet")
    })
}

/// Heads of [`row_cells`].
pub(super) const HEAD: &[&str] = &[
    "visit", "arrived", "left", "driver", "station", "plate", "given", "rating", "",
];

pub(super) fn row_json(row: &VisitRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "driver": row.driver.to_string(),
        "driver_name": row.driver_name,
        "station": row.station.to_string(),
        "station_name": row.station_name,
        "arrived_at": when::rfc3339(row.arrived_at),
        "left_at": facts::time(row.left_at),
        "open": row.open,
        "vehicle_plate": row.vehicle_plate,
        "services_given": row.services_given,
        "beds_given": row.beds_given,
        "rating": row.rating,
        "same_as": facts::text(row.same_as),
        "conflict": row.conflict,
        "unsent": row.unsent,
        "held": row.held,
    })
}

pub(super) fn row_cells(row: &VisitRow) -> Vec<String> {
    let left = match (row.left_at, row.open) {
        (Some(left_at), _) => when::local(left_at),
        (None, true) => "open".to_owned(),
        (None, false) => "not said".to_owned(),
    };
    let mut marks = facts::marks(row.unsent, row.held, row.conflict);
    if let Some(other) = row.same_as {
        marks.push_str(&format!(" same as {}", short(&other)));
    }
    vec![
        short(&row.id),
        when::local(row.arrived_at),
        left,
        row.driver_name.clone(),
        row.station_name
            .clone()
            .unwrap_or_else(|| short(&row.station)),
        row.vehicle_plate.clone().unwrap_or_default(),
        row.services_given.to_string(),
        row.rating
            .map_or_else(String::new, |rating| rating.to_string()),
        marks,
    ]
}

fn show(client: &Client, text: &str, output: Output) -> Result<(), Failure> {
    let detail = client.visit(names::visit(client, text)?)?;
    let me = client.author()?;
    output.result(&detail_json(&detail), || {
        let visit = &detail.visit;
        let who = |person: Option<yizhan_proto::PersonId>| match person {
            Some(person) if me.is(person) => "you".to_owned(),
            Some(person) if person == visit.driver => visit.driver_name.clone(),
            Some(person) => short(&person),
            None => "?".to_owned(),
        };
        let services = |services: &[Service]| -> Vec<Vec<String>> {
            services
                .iter()
                .map(|service| {
                    vec![
                        service.service.clone(),
                        service.quantity.to_string(),
                        when::local(service.at),
                        who(service.by),
                    ]
                })
                .collect()
        };
        let mut text = form(&detail);
        for (title, list) in [("asked for", &visit.requested), ("given", &visit.services)] {
            if !list.is_empty() {
                text.push('\n');
                text.push_str(&table(&[title, "n", "when", "by"], &services(list), ""));
            }
        }
        text + &facts::changes_table(&detail.changes)
    })
}

/// The single fields of a visit, for people.
fn form(detail: &VisitDetail) -> String {
    let visit = &detail.visit;
    let state = match (visit.left_at.value, detail.open) {
        (Some(_), _) => "ended",
        (None, true) => "open",
        (None, false) => "open for over a day, counts as closed",
    };
    let mut text = labelled("visit", &format!("{} ({state})", visit.id));
    let station = detail
        .station_name
        .clone()
        .unwrap_or_else(|| visit.station.to_string());
    text.push_str(&labelled("station", &station));
    text.push_str(&labelled(
        "driver",
        &format!("{} ({})", visit.driver_name, short(&visit.driver)),
    ));
    text.push_str(&labelled("arrived", &when::local(visit.arrived_at)));
    let left = yizhan_client_core::model::document::Register {
        value: visit.left_at.value.map(when::local),
        others: visit
            .left_at
            .others
            .iter()
            .map(|at| when::local(*at))
            .collect(),
    };
    text.push_str(&facts::register("left", &left));
    if visit.code.is_some() {
        text.push_str(&labelled("recorded by", "the driver's check-in code"));
    }
    if let Some(plate) = &visit.vehicle_plate {
        text.push_str(&labelled("plate", plate));
    }
    text.push_str(&facts::register("note", &visit.note));
    text.push_str(&facts::register("keeper note", &visit.keeper_note));
    text.push_str(&facts::register("rating", &visit.rating));
    for other in &detail.same_as {
        text.push_str(&labelled("same as", &other.to_string()));
    }
    text
}

fn detail_json(detail: &VisitDetail) -> Value {
    let visit = &detail.visit;
    let services = |services: &[Service]| -> Value {
        services
            .iter()
            .map(|service| {
                json!({
                    "entry": service.entry.to_string(),
                    "service": service.service,
                    "quantity": service.quantity,
                    "by": facts::text(service.by),
                    "at": when::rfc3339(service.at),
                })
            })
            .collect()
    };
    let mut same_as = detail.same_as.clone();
    same_as.sort_unstable();
    let same_as: Vec<String> = same_as.iter().map(DocumentId::to_string).collect();
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    set("id", json!(visit.id.to_string()));
    set("driver", json!(visit.driver.to_string()));
    set("driver_name", json!(visit.driver_name));
    set("station", json!(visit.station.to_string()));
    set("station_name", json!(detail.station_name));
    set("arrived_at", json!(when::rfc3339(visit.arrived_at)));
    set("open", json!(detail.open));
    set("source", facts::text(visit.source));
    let nonce = visit.code.as_ref().map(|code| code.nonce);
    set("showing", facts::text(nonce));
    set("vehicle_plate", json!(visit.vehicle_plate));
    set("requested", services(&visit.requested));
    set("services", services(&visit.services));
    set("same_as", json!(same_as));
    set("changes", facts::changes(&detail.changes));
    facts::put(&mut object, "left_at", &visit.left_at, |at| {
        json!(when::rfc3339(*at))
    });
    facts::put(&mut object, "note", &visit.note, |note| json!(note));
    facts::put(&mut object, "keeper_note", &visit.keeper_note, |note| {
        json!(note)
    });
    facts::put(&mut object, "rating", &visit.rating, |rating| json!(rating));
    Value::Object(object)
}
