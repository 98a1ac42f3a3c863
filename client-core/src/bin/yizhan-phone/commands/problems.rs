//! `problems`: everything entered here that is not where it should be, and what was typed.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::model::RefusalCode;
use yizhan_client_core::model::said::{Said, SaidValue};
use yizhan_client_core::store::Problem;
use yizhan_proto::ChangeHash;
use yizhan_proto::sync::Reason;

use super::facts;
use crate::args::Problems;
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::{Output, labelled, table};
use crate::when;

pub(crate) fn problems(client: &Client, args: &Problems, output: Output) -> Result<(), Failure> {
    let problems = client.problems()?;
    let Some(text) = &args.change else {
        let value: Value = problems.iter().map(problem_json).collect();
        return output.result(&value, || list(&problems));
    };
    let change = named(&problems, text)?;
    let problem = problems
        .iter()
        .find(|problem| problem.change == Some(change))
        .ok_or_else(|| Failure::NotFound(format!("no change {text} among the problems")))?;
    let typed = client.typed(change)?;
    let mut value = problem_json(problem);
    value["typed"] = typed.iter().map(typed_json).collect();
    output.result(&value, || shown(problem, &typed))
}

fn named(problems: &[Problem], text: &str) -> Result<ChangeHash, Failure> {
    match text.parse() {
        Ok(hash) => Ok(hash),
        Err(_) => {
            let changes = problems.iter().filter_map(|problem| problem.change);
            names::only_one("change among the problems", text, changes)
        }
    }
}

fn problem_json(problem: &Problem) -> Value {
    json!({
        "id": problem.change.map_or_else(|| problem.document.to_string(), |change| change.to_string()),
        "change": problem.change.map(|change| change.to_string()),
        "document": problem.document.to_string(),
        "kind": problem.kind.to_string(),
        "state": problem.state.as_str(),
        "reason": facts::reason(&problem.reason),
        "since": facts::time(problem.since),
        "summary": problem.summary,
        "remedy": problem.state.remedy(),
    })
}

fn typed_json(said: &Said) -> Value {
    json!({ "path": said.path, "value": value(said) })
}

fn value(said: &Said) -> String {
    match &said.value {
        SaidValue::Time(time) => when::rfc3339(*time),
        SaidValue::Text(_)
        | SaidValue::Whole(_)
        | SaidValue::Real(_)
        | SaidValue::Flag(_)
        | SaidValue::Nothing
        | SaidValue::Other => said.value.to_string(),
    }
}

/// The code, and what a person gave as the reason.
fn code(reason: &Reason) -> String {
    let by_hand = reason.code == RefusalCode::QuarantineRejected.as_str();
    match &reason.bound {
        Some(why) if by_hand => format!("{}: {why}", reason.code),
        Some(_) | None => reason.code.clone(),
    }
}

fn list(problems: &[Problem]) -> String {
    let rows: Vec<Vec<String>> = problems
        .iter()
        .map(|problem| {
            vec![
                problem
                    .change
                    .map_or_else(String::new, |change| short(&change)),
                problem.since.map(when::local).unwrap_or_default(),
                problem.summary.clone(),
                problem.state.as_str().to_owned(),
                code(&problem.reason),
            ]
        })
        .collect();
    let mut text = table(
        &["change", "made", "what", "state", "reason"],
        &rows,
        "no problems: all that was entered is where it should be, or on its way",
    );
    let mut states: Vec<_> = problems.iter().map(|problem| problem.state).collect();
    states.sort_unstable();
    states.dedup();
    for state in states {
        text.push_str(&labelled(state.as_str(), state.remedy()));
    }
    text
}

fn shown(problem: &Problem, typed: &[Said]) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| text.push_str(&labelled(label, value));
    line("what", &problem.summary);
    line("document", &problem.document.to_string());
    line("state", problem.state.as_str());
    line("reason", &facts::reason_text(&problem.reason));
    if let Some(since) = problem.since {
        line("made", &when::local(since));
    }
    line("what to do", problem.state.remedy());
    let rows: Vec<Vec<String>> = typed
        .iter()
        .map(|said| vec![said.path.clone(), value(said)])
        .collect();
    text.push('\n');
    text.push_str(&table(
        &["field", "typed"],
        &rows,
        "the bytes cannot be read any more",
    ));
    text
}
