//! `enrol`, and the roster of an activity.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::EnrolEntry;
use yizhan_client_core::model::activity::Choice;
use yizhan_client_core::model::enrolment::{Reason, Seat};
use yizhan_client_core::store::{EnrolmentFilter, EnrolmentRow};
use yizhan_proto::DocumentId;

use super::activity::code;
use super::{enrol_shown, facts};
use crate::args::EnrolCommand;
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, table};
use crate::when;

pub(crate) fn run(
    client: &mut Client,
    command: &EnrolCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        EnrolCommand::Add { activity, name } => {
            let entry = EnrolEntry {
                activity: names::activity(client, activity)?,
                driver: None,
                own_name: name.clone(),
                from_lease: false,
            };
            if entry.own_name.is_none() && client.device()?.identity.is_none() {
                return Err(Failure::usage(
                    "your name is not known on this phone; give it with --name",
                ));
            }
            add(client, entry, output)
        }
        EnrolCommand::Cancel { enrolment } => {
            let id = names::enrolment(client, enrolment)?;
            client.cancel_enrolment(id)?;
            written(id, "given up", output)
        }
        EnrolCommand::List { everybody, limit } => list(client, *everybody, *limit, output),
        EnrolCommand::Show { enrolment } => enrol_shown::show(client, enrolment, output),
        EnrolCommand::Quiz { enrolment } => {
            let id = names::enrolment(client, enrolment)?;
            enrol_shown::quiz(client, id, output)
        }
        EnrolCommand::Answer {
            enrolment,
            question,
            choice,
        } => answer(client, enrolment, *question, choice, output),
        EnrolCommand::Feedback {
            enrolment,
            rating,
            text,
        } => {
            let id = names::enrolment(client, enrolment)?;
            let text = (!text.is_empty()).then(|| text.join(" "));
            client.give_feedback(id, *rating, text)?;
            written(id, &format!("rated {rating} of 5"), output)
        }
    }
}

/// An edit of an enrolment was stored.
fn written(id: DocumentId, done: &str, output: Output) -> Result<(), Failure> {
    let value = json!({ "id": id.to_string(), "done": done });
    output.result(&value, || {
        format!(
            "enrolment {}: {done}, stored here; sync to send it\n",
            short(&id)
        )
    })
}

/// Asks for a seat, and says how it stands.
pub(crate) fn add(client: &mut Client, entry: EnrolEntry, output: Output) -> Result<(), Failure> {
    let id = client.enrol(entry)?;
    let seat = client.enrolment(id)?.enrolment.standing.seat;
    let value = json!({ "id": id.to_string(), "seat": seat_json(seat) });
    output.result(&value, || {
        let stands = match seat {
            Some(Seat::Leased) => "a seat of the lease, for sure, stored here; sync to send it",
            Some(_) | None => "seat requested, stored here; the relay decides at the next sync",
        };
        format!("enrolment {}: {stands}\n", short(&id))
    })
}

fn answer(
    client: &mut Client,
    enrolment: &str,
    number: usize,
    choice: &str,
    output: Output,
) -> Result<(), Failure> {
    let id = names::enrolment(client, enrolment)?;
    let sheet = client.quiz(id)?;
    let asked = sheet.questions.len();
    let question = number
        .checked_sub(1)
        .and_then(|at| sheet.questions.get(at))
        .ok_or_else(|| {
            Failure::usage(format!(
                "there is no question {number}: `enrol quiz` lists {asked}"
            ))
        })?;
    let entry = question.0.entry;
    let grade = client.answer(id, entry, code("choice", choice, Choice::from_text)?)?;
    let value = json!({
        "id": id.to_string(),
        "question": entry.to_string(),
        "grade": enrol_shown::grade_json(Some(grade)),
    });
    output.result(&value, || {
        let mut text = format!(
            "question {number} answered, {} of {} done\n",
            grade.answered, grade.asked
        );
        if grade.answered == grade.asked {
            text.push_str(&format!("{} of {} right\n", grade.score, grade.asked));
        }
        text
    })
}

fn list(client: &Client, everybody: bool, limit: u32, output: Output) -> Result<(), Failure> {
    let filter = EnrolmentFilter {
        driver: match everybody {
            true => None,
            false => Some(client.author()?.person),
        },
        limit,
        ..EnrolmentFilter::default()
    };
    let rows = client.enrolments(&filter)?;
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let begins = row.starts_at.map_or_else(String::new, when::local);
                let mut cells = vec![
                    short(&row.id),
                    begins,
                    row.title.clone().unwrap_or_else(|| short(&row.activity)),
                ];
                cells.extend(place_cells(row));
                cells
            })
            .collect();
        let head = [
            "enrolment",
            "begins",
            "activity",
            "driver",
            "seat",
            "there",
            "quiz",
            "rating",
            "",
        ];
        table(&head, &cells, "no enrolments here yet")
    })
}

/// Who is enrolled in an activity.
pub(crate) fn roster(client: &Client, text: &str, output: Output) -> Result<(), Failure> {
    let filter = EnrolmentFilter {
        activity: Some(names::activity(client, text)?),
        ..EnrolmentFilter::default()
    };
    let rows = client.enrolments(&filter)?;
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let mut cells = vec![short(&row.id), when::local(row.asked_at)];
                cells.extend(place_cells(row));
                cells
            })
            .collect();
        let head = [
            "enrolment",
            "asked",
            "driver",
            "seat",
            "there",
            "quiz",
            "rating",
            "",
        ];
        table(
            &head,
            &cells,
            "nobody has asked for a seat, as far as is known here",
        )
    })
}

/// Driver, seat, attendance, quiz, rating, marks.
fn place_cells(row: &EnrolmentRow) -> Vec<String> {
    let there = match (row.attended_at, row.walk_in) {
        (Some(at), true) => format!("{}, walk-in", when::local(at)),
        (Some(at), false) => when::local(at),
        (None, _) => String::new(),
    };
    let mut marks = vec![facts::marks(row.unsent, row.held, row.conflict)];
    for (number, what) in [
        (row.duplicates, "scanned again"),
        (row.failed_scans, "failed scans"),
    ] {
        if number > 0 {
            marks.push(format!("{what}: {number}"));
        }
    }
    marks.extend(
        row.certificate
            .as_ref()
            .map(|it| format!("certificate {it}")),
    );
    marks.retain(|mark| !mark.is_empty());
    vec![
        row.driver_name.clone(),
        row.seat.map(seat_text).unwrap_or_default(),
        there,
        row.quiz
            .map_or_else(String::new, |(score, asked)| format!("{score} of {asked}")),
        row.rating.map_or_else(String::new, |n| n.to_string()),
        marks.join(", "),
    ]
}

/// A seat for people: `accepted, seat 3`.
pub(crate) fn seat_text(seat: Seat) -> String {
    match seat {
        Seat::Accepted { number: Some(n) } => format!("accepted, seat {n}"),
        Seat::Waitlisted { number: Some(n) } => format!("waiting, place {n}"),
        Seat::Waitlisted { number: None } => "waiting".to_owned(),
        Seat::Refused { reason: Some(why) } => format!("refused: {}", why.as_str()),
        Seat::Leased => "accepted, from the lease".to_owned(),
        Seat::Requested
        | Seat::Accepted { number: None }
        | Seat::Refused { reason: None }
        | Seat::Cancelled => seat.as_str().to_owned(),
    }
}

/// A seat as JSON.
pub(crate) fn seat_json(seat: Option<Seat>) -> Value {
    seat.map_or(Value::Null, |seat| {
        json!({
            "state": seat.as_str(),
            "number": seat.number(),
            "reason": seat.reason().map(Reason::as_str),
        })
    })
}

fn row_json(row: &EnrolmentRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "driver": row.driver.to_string(),
        "driver_name": row.driver_name,
        "activity": row.activity.to_string(),
        "title": row.title,
        "starts_at": facts::time(row.starts_at),
        "station": row.station.to_string(),
        "station_name": row.station_name,
        "seat": seat_json(row.seat),
        "lease": facts::text(row.lease),
        "asked_at": when::rfc3339(row.asked_at),
        "attended_at": facts::time(row.attended_at),
        "walk_in": row.walk_in,
        "duplicates": row.duplicates,
        "failed_scans": row.failed_scans,
        "quiz_score": row.quiz.map(|(score, _)| score),
        "quiz_asked": row.quiz.map(|(_, asked)| asked),
        "rating": row.rating,
        "certificate": row.certificate,
        "conflict": row.conflict,
        "unsent": row.unsent,
        "held": row.held,
    })
}
