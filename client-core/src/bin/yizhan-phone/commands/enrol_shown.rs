//! `enrol show` and `enrol quiz`.

use serde_json::{Map, Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::client::QuizSheet;
use yizhan_client_core::model::activity::Choice;
use yizhan_client_core::model::enrolment::{Grade, Scan};
use yizhan_client_core::store::EnrolmentDetail;
use yizhan_proto::DocumentId;

use super::activity_shown::question_json;
use super::{enrol, facts};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, labelled, table};
use crate::when;

pub(crate) fn show(client: &Client, text: &str, output: Output) -> Result<(), Failure> {
    let detail = client.enrolment(names::enrolment(client, text)?)?;
    output.result(&detail_json(&detail), || {
        let mut text = form(&detail);
        if !detail.enrolment.scans.is_empty() {
            text.push('\n');
            text.push_str(&scans(&detail.enrolment.scans));
        }
        text + &facts::changes_table(&detail.changes)
    })
}

/// The single fields of an enrolment, for people.
fn form(detail: &EnrolmentDetail) -> String {
    let shown = &detail.enrolment;
    let title = detail
        .activity
        .as_ref()
        .and_then(|activity| activity.title.value.clone())
        .unwrap_or_else(|| shown.activity.to_string());
    let station = detail
        .station_name
        .clone()
        .unwrap_or_else(|| shown.station.to_string());
    let driver = format!("{} ({})", shown.driver_name, short(&shown.driver));
    let seat = shown
        .standing
        .seat
        .map_or_else(|| "never asked for".to_owned(), enrol::seat_text);
    let mut text = labelled("enrolment", &shown.id.to_string());
    text.push_str(&labelled("activity", &title));
    text.push_str(&labelled("station", &station));
    text.push_str(&labelled("driver", &driver));
    text.push_str(&labelled("seat", &seat));
    if let Some(scan) = shown.attendance() {
        text.push_str(&labelled("there", &when::local(scan.at)));
    }
    if let Some(grade) = detail.grade {
        text.push_str(&labelled(
            "quiz",
            &grade_text(grade, shown.quiz_score.value),
        ));
    }
    text.push_str(&facts::register("rating", &shown.feedback_rating));
    text.push_str(&facts::register("feedback", &shown.feedback));
    text + &facts::register("certificate", &shown.certificate)
}

/// What the stored answers come to, and what the phone said if that is something else.
fn grade_text(grade: Grade, recorded: Option<u32>) -> String {
    let mut text = format!(
        "{} of {} right, {} answered",
        grade.score, grade.asked, grade.answered
    );
    if let Some(recorded) = recorded.filter(|recorded| *recorded != grade.score) {
        text.push_str(&format!(" (recorded: {recorded})"));
    }
    text
}

fn scans(scans: &[Scan]) -> String {
    let cells: Vec<Vec<String>> = scans
        .iter()
        .map(|scan| {
            vec![
                when::local(scan.at),
                scan.result.as_str().to_owned(),
                scan.mark.as_str().to_owned(),
                scan.by.map_or_else(String::new, |by| short(&by)),
            ]
        })
        .collect();
    table(&["scanned", "result", "", "by"], &cells, "")
}

/// The questions drawn for a driver.
pub(crate) fn quiz(client: &Client, id: DocumentId, output: Output) -> Result<(), Failure> {
    let sheet = client.quiz(id)?;
    let questions: Value = sheet
        .questions
        .iter()
        .map(|(question, answered)| {
            let mut value = question_json(question);
            value["answered"] = json!(answered.map(Choice::as_str));
            value
        })
        .collect();
    let value = json!({
        "id": id.to_string(),
        "questions": questions,
        "grade": grade_json(Some(sheet.grade)),
    });
    output.result(&value, || sheet_text(&sheet))
}

fn sheet_text(sheet: &QuizSheet) -> String {
    if sheet.questions.is_empty() {
        return "this activity has no quiz, as far as is known here\n".to_owned();
    }
    let mut text = String::new();
    for (number, (question, answered)) in (1..).zip(&sheet.questions) {
        text.push_str(&format!("{number}. {}\n", question.text));
        for choice in Choice::ALL {
            if let Some(option) = question.options.of(*choice) {
                let mark = if *answered == Some(*choice) { "*" } else { " " };
                text.push_str(&format!(" {mark} {choice}) {option}\n"));
            }
        }
    }
    let grade = sheet.grade;
    text.push_str(&format!("{} of {} answered\n", grade.answered, grade.asked));
    if grade.answered == grade.asked {
        text.push_str(&format!("{} right\n", grade.score));
    }
    text
}

/// A grade as JSON.
pub(crate) fn grade_json(grade: Option<Grade>) -> Value {
    grade.map_or(
        Value::Null,
        |grade| json!({ "asked": grade.asked, "answered": grade.answered, "score": grade.score }),
    )
}

fn detail_json(detail: &EnrolmentDetail) -> Value {
    let shown = &detail.enrolment;
    let title = detail.activity.as_ref();
    let scans: Value = shown.scans.iter().map(scan_json).collect();
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    set("id", json!(shown.id.to_string()));
    set("driver", json!(shown.driver.to_string()));
    set("driver_name", json!(shown.driver_name));
    set("activity", json!(shown.activity.to_string()));
    set(
        "title",
        json!(title.and_then(|activity| activity.title.value.as_ref())),
    );
    set("station", json!(shown.station.to_string()));
    set("station_name", json!(detail.station_name));
    set("seat", enrol::seat_json(shown.standing.seat));
    set("lease", facts::text(shown.standing.lease));
    set(
        "attended_at",
        facts::time(shown.attendance().map(|scan| scan.at)),
    );
    set("scans", scans);
    set("grade", grade_json(detail.grade));
    set("changes", facts::changes(&detail.changes));
    facts::put(&mut object, "quiz_score", &shown.quiz_score, |n| json!(n));
    facts::put(&mut object, "quiz_asked", &shown.quiz_asked, |n| json!(n));
    facts::put(&mut object, "rating", &shown.feedback_rating, |n| json!(n));
    facts::put(&mut object, "feedback", &shown.feedback, |text| json!(text));
    facts::put(&mut object, "certificate", &shown.certificate, |text| {
        json!(text)
    });
    Value::Object(object)
}

fn scan_json(scan: &Scan) -> Value {
    json!({
        "entry": scan.entry.to_string(),
        "nonce": scan.nonce.to_string(),
        "at": when::rfc3339(scan.at),
        "by": facts::text(scan.by),
        "result": scan.result.as_str(),
        "mark": scan.mark.as_str(),
    })
}
