//! `activity show`.

use serde_json::{Map, Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::model::activity::{Question, Sort, State};
use yizhan_client_core::model::document::Register;
use yizhan_client_core::store::{ActivityDetail, LeaseRow};
use yizhan_proto::{DeviceId, Timestamp};

use super::{activity, facts};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, labelled, table};
use crate::when;

pub(crate) fn show(client: &Client, text: &str, output: Output) -> Result<(), Failure> {
    let detail = client.activity(names::activity(client, text)?)?;
    let device = client.device()?.device;
    output.result(&detail_json(&detail), || {
        let mut text = form(&detail);
        if !detail.leases.is_empty() {
            text.push('\n');
            text.push_str(&leases(&detail.leases, device));
        }
        text + &facts::changes_table(&detail.changes)
    })
}

/// The single fields of an activity, for people.
fn form(detail: &ActivityDetail) -> String {
    let shown = &detail.activity;
    let sort = shown.sort.map_or("?", Sort::as_str);
    let mut text = labelled("activity", &format!("{} ({sort})", shown.id));
    text.push_str(&facts::register("title", &shown.title));
    let station = detail
        .station_name
        .clone()
        .unwrap_or_else(|| shown.station.to_string());
    text.push_str(&labelled("station", &station));
    text.push_str(&facts::register("begins", &times(&shown.starts_at)));
    text.push_str(&facts::register("ends", &times(&shown.ends_at)));
    text.push_str(&facts::register("place", &shown.place));
    text.push_str(&facts::register("state", &shown.state));
    text.push_str(&facts::register("seats", &shown.capacity));
    let taken = activity::seats(detail.taken, shown.capacity.value);
    text.push_str(&labelled("taken", &format!("{taken} (known here)")));
    if !shown.questions.is_empty() {
        let drawn = shown.quiz_draw.value.map_or_else(
            || "all are asked".to_owned(),
            |drawn| format!("{drawn} are drawn for each driver"),
        );
        let questions = shown.questions.len();
        text.push_str(&labelled(
            "quiz",
            &format!("{questions} questions, {drawn}"),
        ));
    }
    text + &facts::register("text", &shown.text)
}

fn times(register: &Register<Timestamp>) -> Register<String> {
    Register {
        value: register.value.map(when::local),
        others: register.others.iter().map(|at| when::local(*at)).collect(),
    }
}

fn leases(leases: &[LeaseRow], device: DeviceId) -> String {
    let cells: Vec<Vec<String>> = leases
        .iter()
        .map(|lease| {
            let holder = if lease.device == device {
                "this device".to_owned()
            } else {
                short(&lease.device)
            };
            let returned = if lease.returned { "returned" } else { "" };
            vec![
                short(&lease.lease),
                holder,
                lease.seats.to_string(),
                lease.used.to_string(),
                when::local(lease.until),
                returned.to_owned(),
            ]
        })
        .collect();
    let head = ["lease", "held by", "seats", "given", "until", ""];
    table(&head, &cells, "")
}

fn detail_json(detail: &ActivityDetail) -> Value {
    let shown = &detail.activity;
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    set("id", json!(shown.id.to_string()));
    set("region", facts::text(shown.region.as_ref()));
    set("station", json!(shown.station.to_string()));
    set("station_name", json!(detail.station_name));
    set("type", json!(shown.sort.map(Sort::as_str)));
    set("taken", json!(detail.taken));
    set("by", facts::text(shown.by));
    set(
        "questions",
        shown.questions.iter().map(question_json).collect(),
    );
    set("leases", detail.leases.iter().map(lease_json).collect());
    set("changes", facts::changes(&detail.changes));
    let time = |at: &Timestamp| json!(when::rfc3339(*at));
    facts::put(&mut object, "title", &shown.title, |text| json!(text));
    facts::put(&mut object, "text", &shown.text, |text| json!(text));
    facts::put(&mut object, "starts_at", &shown.starts_at, time);
    facts::put(&mut object, "ends_at", &shown.ends_at, time);
    facts::put(&mut object, "place", &shown.place, |text| json!(text));
    facts::put(&mut object, "capacity", &shown.capacity, |n| json!(n));
    facts::put(&mut object, "state", &shown.state, |state: &State| {
        json!(state.as_str())
    });
    facts::put(&mut object, "quiz_draw", &shown.quiz_draw, |n| json!(n));
    Value::Object(object)
}

/// Without the answer: what is shown to a driver is shown to everybody.
pub(crate) fn question_json(question: &Question) -> Value {
    json!({
        "entry": question.entry.to_string(),
        "text": question.text,
        "a": question.options.a,
        "b": question.options.b,
        "c": question.options.c,
        "d": question.options.d,
    })
}

fn lease_json(lease: &LeaseRow) -> Value {
    json!({
        "lease": lease.lease.to_string(),
        "device": lease.device.to_string(),
        "seats": lease.seats,
        "used": lease.used,
        "until": when::rfc3339(lease.until),
        "returned": lease.returned,
    })
}
