//! `activity`.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::{ActivityEntry, ActivityUpdate, EnrolEntry};
use yizhan_client_core::model::activity::{Choice, Options, Sort, State};
use yizhan_client_core::store::{ActivityFilter, ActivityRow};
use yizhan_proto::DocumentId;

use super::{activity_shown, enrol, facts};
use crate::args::{ActivityCommand, ActivityCreateArgs, ActivitySetArgs, QuestionArgs};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, count, table};
use crate::when;

pub(crate) fn run(
    client: &mut Client,
    command: &ActivityCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        ActivityCommand::List {
            station,
            region,
            all,
            limit,
        } => list(
            client,
            (station.as_deref(), region.as_deref()),
            !all,
            *limit,
            output,
        ),
        ActivityCommand::Show { activity } => activity_shown::show(client, activity, output),
        ActivityCommand::Create(args) => create(client, args, output),
        ActivityCommand::Set(args) => set(client, args, output),
        ActivityCommand::State { activity, state } => {
            let activity = names::activity(client, activity)?;
            client.set_activity_state(activity, code("state", state, State::from_text)?)?;
            written(activity, Value::Null, state, output)
        }
        ActivityCommand::Question(args) => question(client, args, output),
        ActivityCommand::Lease {
            activity,
            seats,
            until,
        } => {
            let activity = names::activity(client, activity)?;
            let until = when::parse(until, client.clock().now())?;
            let ask = client.ask_lease(activity, *seats, until)?;
            let done = format!(
                "{} asked for, to give away offline",
                count((*seats).into(), "seat")
            );
            written(activity, json!(ask.to_string()), &done, output)
        }
        ActivityCommand::LeaseReturn {
            activity,
            lease,
            lost,
        } => {
            let activity = names::activity(client, activity)?;
            let lease = names::lease(client, activity, lease.as_deref())?;
            let entry = client.return_lease(activity, lease, *lost)?;
            written(activity, json!(entry.to_string()), "lease returned", output)
        }
        ActivityCommand::Roster { activity } => enrol::roster(client, activity, output),
        ActivityCommand::Enrol {
            activity,
            driver,
            name,
            lease,
        } => {
            let driver = (driver.as_str(), name.clone());
            enrol_driver(client, activity, driver, *lease, output)
        }
        ActivityCommand::Scan { activity, code } => {
            super::code::scan(client, activity, code, output)
        }
        ActivityCommand::Certificate { enrolment, number } => {
            certify(client, enrolment, number.clone(), output)
        }
    }
}

fn enrol_driver(
    client: &mut Client,
    activity: &str,
    (driver, name): (&str, Option<String>),
    from_lease: bool,
    output: Output,
) -> Result<(), Failure> {
    let activity = names::activity(client, activity)?;
    let (driver, known) = names::person(client, driver)?;
    let name = names::driver_name(name.or(known))?;
    let entry = EnrolEntry {
        activity,
        driver: Some((driver, name)),
        own_name: None,
        from_lease,
    };
    enrol::add(client, entry, output)
}

fn certify(
    client: &mut Client,
    enrolment: &str,
    number: Option<String>,
    output: Output,
) -> Result<(), Failure> {
    let enrolment = names::enrolment(client, enrolment)?;
    let number = client.certify(enrolment, number)?;
    let value = json!({ "id": enrolment.to_string(), "certificate": number });
    output.result(&value, || {
        format!(
            "enrolment {}: certificate {number} issued, stored here; sync to send it\n",
            short(&enrolment)
        )
    })
}

/// The value of a listed word.
pub(crate) fn code<T>(
    what: &str,
    text: &str,
    from_text: impl Fn(&str) -> Option<T>,
) -> Result<T, Failure> {
    from_text(text)
        .ok_or_else(|| Failure::usage(format!("{text:?} is no {what}; --help lists what there is")))
}

/// An edit of an activity was stored.
fn written(activity: DocumentId, entry: Value, done: &str, output: Output) -> Result<(), Failure> {
    let mut value = json!({ "id": activity.to_string(), "done": done });
    if !entry.is_null() {
        value["entry"] = entry;
    }
    output.result(&value, || {
        format!(
            "activity {}: {done}, stored here; sync to send it\n",
            short(&activity)
        )
    })
}

fn list(
    client: &Client,
    (station, region): (Option<&str>, Option<&str>),
    upcoming: bool,
    limit: u32,
    output: Output,
) -> Result<(), Failure> {
    let station = match station {
        Some(text) => Some(names::station(client, text)?.id),
        None => None,
    };
    let filter = ActivityFilter {
        region: region.map(names::region).transpose()?,
        station,
        upcoming,
        limit,
    };
    let rows = client.activities(&filter)?;
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let cells: Vec<Vec<String>> = rows.iter().map(row_cells).collect();
        table(
            &[
                "activity", "begins", "ends", "type", "title", "station", "seats", "state", "you",
                "",
            ],
            &cells,
            "no activities here yet; sync first",
        )
    })
}

/// `12 of 40 taken`.
pub(crate) fn seats(taken: u32, capacity: Option<u32>) -> String {
    match capacity {
        Some(capacity) => format!("{taken} of {capacity}"),
        None => format!("{taken}"),
    }
}

fn row_cells(row: &ActivityRow) -> Vec<String> {
    vec![
        short(&row.id),
        when::local(row.starts_at),
        when::local(row.ends_at),
        row.sort.map_or("?", Sort::as_str).to_owned(),
        row.title.clone(),
        row.station_name
            .clone()
            .unwrap_or_else(|| short(&row.station)),
        seats(row.taken, row.capacity),
        row.state.map_or("?", State::as_str).to_owned(),
        row.own_seat.map(enrol::seat_text).unwrap_or_default(),
        facts::marks(row.unsent, row.held, row.conflict),
    ]
}

fn row_json(row: &ActivityRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "region": facts::text(row.region.as_ref()),
        "station": row.station.to_string(),
        "station_name": row.station_name,
        "type": row.sort.map(Sort::as_str),
        "title": row.title,
        "starts_at": when::rfc3339(row.starts_at),
        "ends_at": when::rfc3339(row.ends_at),
        "place": row.place,
        "capacity": row.capacity,
        "taken": row.taken,
        "state": row.state.map(State::as_str),
        "questions": row.questions,
        "own_seat": enrol::seat_json(row.own_seat),
        "conflict": row.conflict,
        "unsent": row.unsent,
        "held": row.held,
    })
}

fn create(client: &mut Client, args: &ActivityCreateArgs, output: Output) -> Result<(), Failure> {
    let station = names::station(client, &args.station)?;
    let now = client.clock().now();
    let id = client.create_activity(ActivityEntry {
        station: station.id,
        sort: code("type", &args.sort, Sort::from_text)?,
        title: args.title.clone(),
        text: args.text.clone(),
        starts_at: when::parse(&args.starts, now)?,
        ends_at: when::parse(&args.ends, now)?,
        place: args.place.clone(),
        capacity: args.capacity,
        state: code("state", &args.state, State::from_text)?,
        quiz_draw: args.quiz_draw,
    })?;
    let value = json!({ "id": id.to_string(), "station": station.id.to_string() });
    output.result(&value, || {
        format!(
            "activity {id} at {} announced, stored here; sync to send it\n",
            station.name
        )
    })
}

fn set(client: &mut Client, args: &ActivitySetArgs, output: Output) -> Result<(), Failure> {
    let activity = names::activity(client, &args.activity)?;
    let now = client.clock().now();
    let time = |text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| when::parse(text, now)).transpose()
    };
    let update = ActivityUpdate {
        title: args.title.clone(),
        text: args.text.clone(),
        place: args.place.clone(),
        starts_at: time(&args.starts)?,
        ends_at: time(&args.ends)?,
        capacity: args.capacity,
        quiz_draw: args.quiz_draw,
    };
    if update == ActivityUpdate::default() {
        return Err(Failure::usage(
            "say what to change: --title, --text, --place, --starts, --ends, --capacity, --quiz-draw",
        ));
    }
    client.update_activity(activity, update)?;
    written(activity, Value::Null, "changed", output)
}

fn question(client: &mut Client, args: &QuestionArgs, output: Output) -> Result<(), Failure> {
    let activity = names::activity(client, &args.activity)?;
    let options = Options {
        a: args.a.clone(),
        b: args.b.clone(),
        c: args.c.clone(),
        d: args.d.clone(),
    };
    let answer = code("answer", &args.answer, Choice::from_text)?;
    let entry = client.add_question(activity, &args.text.join(" "), options, answer)?;
    written(activity, json!(entry.to_string()), "question added", output)
}
