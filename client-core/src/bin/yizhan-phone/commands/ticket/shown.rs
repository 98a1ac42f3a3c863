//! Tickets as they are printed.

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::model::ticket::fold::{Folded, Step};
use yizhan_client_core::model::ticket::{Act, Class, Due, Outcome};
use yizhan_client_core::store::{TicketDetail, TicketFilter, TicketRow};
use yizhan_proto::{DocumentId, PersonId, Timestamp};

use super::super::facts;
use super::member_name;
use crate::failure::Failure;
use crate::names::short;
use crate::output::{Output, labelled, table};
use crate::when;

pub(super) fn list(client: &Client, filter: &TicketFilter, output: Output) -> Result<(), Failure> {
    let rows = client.tickets(filter)?;
    let value: Value = rows.iter().map(row_json).collect();
    output.result(&value, || {
        let rows: Vec<Vec<String>> = rows.iter().map(row_cells).collect();
        let head = [
            "ticket", "raised", "state", "class", "title", "driver", "desk", "due", "",
        ];
        table(&head, &rows, "no tickets here yet")
    })
}

fn due_json(due: Option<(Due, Timestamp)>) -> Value {
    due.map_or(
        Value::Null,
        |(what, at)| json!({ "what": what.as_str(), "at": when::rfc3339(at) }),
    )
}

fn row_json(row: &TicketRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "driver": row.driver.to_string(),
        "driver_name": row.driver_name,
        "desk": row.desk,
        "region": row.region,
        "station": facts::text(row.station),
        "station_name": row.station_name,
        "class": row.class.map(Class::as_str),
        "title": row.title,
        "urgent": row.urgent,
        "state": row.step.map(Step::as_str),
        "cycle": row.cycle,
        "first": facts::text(row.first),
        "second": facts::text(row.second),
        "waiting_for_driver": row.waiting,
        "clock_paused": row.paused,
        "due": due_json(row.due),
        "breached": row.breached,
        "raised_at": when::rfc3339(row.raised_at),
        "rating": row.rating,
        "recovered_fen": row.recovered_fen,
        "reviews": row.reviews,
        "conflict": row.conflict,
        "unsent": row.unsent,
        "held": row.held,
    })
}

fn row_cells(row: &TicketRow) -> Vec<String> {
    let mut marks = facts::marks(row.unsent, row.held, row.conflict);
    let mut mark = |holds: bool, text: &str| {
        if holds {
            marks.push(' ');
            marks.push_str(text);
        }
    };
    mark(row.urgent, "urgent");
    mark(row.waiting, "waits for the driver");
    mark(row.reviews > 0, "to review");
    vec![
        short(&row.id),
        when::local(row.raised_at),
        row.step.map_or("?", Step::as_str).to_owned(),
        row.class.map_or("?", Class::as_str).to_owned(),
        row.title.clone(),
        row.driver_name.clone(),
        row.desk.clone(),
        due_text(row.due, row.breached),
        marks.trim().to_owned(),
    ]
}

fn due_text(due: Option<(Due, Timestamp)>, breached: bool) -> String {
    let Some((what, at)) = due else {
        return String::new();
    };
    let missed = if breached { " MISSED" } else { "" };
    format!("{what} {}{missed}", when::local(at))
}

pub(super) fn reviews(client: &Client, output: Output) -> Result<(), Failure> {
    let reviews = client.ticket_reviews(None)?;
    let value: Value = reviews
        .iter()
        .map(|review| {
            json!({
                "id": review.ticket.to_string(),
                "title": review.title,
                "event": review.entry.to_string(),
                "type": review.event,
                "code": review.why,
                "sentence": review.sentence,
                "by": review.by.to_string(),
                "at": when::rfc3339(review.at),
            })
        })
        .collect();
    output.result(&value, || {
        let rows: Vec<Vec<String>> = reviews
            .iter()
            .map(|review| {
                vec![
                    short(&review.ticket),
                    review.entry.to_string(),
                    when::local(review.at),
                    member_name(client, review.by).unwrap_or_else(|| short(&review.by)),
                    review.title.clone(),
                    review.sentence.clone(),
                ]
            })
            .collect();
        let head = ["ticket", "event", "when", "by", "title", "what"];
        table(&head, &rows, "nothing to review")
    })
}

pub(super) fn show(client: &Client, id: DocumentId, output: Output) -> Result<(), Failure> {
    let detail = client.ticket(id)?;
    let me = client.author()?;
    output.result(&detail_json(&detail), || {
        let driver = (detail.ticket.driver, detail.ticket.driver_name.clone());
        let who = |person: PersonId| {
            if me.is(person) {
                "you".to_owned()
            } else if person == driver.0 {
                driver.1.clone()
            } else {
                member_name(client, person).unwrap_or_else(|| short(&person))
            }
        };
        people(&detail, &who)
    })
}

fn people(detail: &TicketDetail, who: &dyn Fn(PersonId) -> String) -> String {
    let mut text = form(detail, who);
    let mut section = |head: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table(head, &rows, ""));
        }
    };
    let ticket = &detail.ticket;
    let events = ticket.events.iter().map(|folded| {
        let (event, said) = (&folded.event, said(&folded.event.act, who));
        let not = folded
            .superseded
            .map_or_else(String::new, |why| format!("does not count: {why}"));
        vec![
            event.act.event_type().to_string(),
            when::local(event.when()),
            who(event.by),
            said,
            not,
        ]
    });
    section(&["what", "when", "by", "said", ""], events.collect());
    let comments = ticket.comments.iter().map(|comment| {
        vec![
            when::local(comment.at),
            who(comment.by),
            comment.text.clone(),
        ]
    });
    section(&["when", "by", "comment"], comments.collect());
    let parties = ticket.parties.iter().map(|party| {
        vec![
            party.role.to_string(),
            party.name.clone(),
            party.contact.clone().unwrap_or_default(),
        ]
    });
    section(&["party", "name", "contact"], parties.collect());
    let notes = detail.notes.iter().map(|note| {
        let by = note.by.map_or_else(String::new, who);
        vec![when::local(note.at), by, note.text.clone()]
    });
    section(&["when", "by", "note of the desk"], notes.collect());
    text + &facts::changes_table(&detail.changes)
}

/// What an event says, in a line.
fn said(act: &Act, who: &dyn Fn(PersonId) -> String) -> String {
    let words = act.text().unwrap_or_default().to_owned();
    match act {
        Act::Assign { first, second, .. } => match second {
            Some(second) => format!("{} and {}", who(*first), who(*second)),
            None => who(*first),
        },
        Act::Rate { rating, .. } => format!("{rating} of 5 {words}"),
        Act::Escalate { desk, .. } => format!("to {desk} {words}"),
        Act::Link { ticket } => short(ticket),
        Act::Review { event, .. } => format!("{event} {words}"),
        Act::Resolve {
            amount_fen: Some(fen),
            ..
        } => format!("{words} ({} yuan recovered)", yuan(*fen)),
        Act::Verify {
            class, priority, ..
        } => {
            let class = class.map_or("", Class::as_str);
            format!("{priority} {class} {words}")
        }
        Act::Resolve { .. }
        | Act::Reject { .. }
        | Act::Start
        | Act::Ask { .. }
        | Act::Answer { .. }
        | Act::Close
        | Act::Withdraw { .. }
        | Act::Reopen { .. } => words,
    }
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// The single fields of a ticket, for people.
fn form(detail: &TicketDetail, who: &dyn Fn(PersonId) -> String) -> String {
    let (ticket, state) = (&detail.ticket, &detail.ticket.state);
    let mut text = labelled("ticket", &format!("{} ({})", ticket.id, state.step));
    let mut line = |label: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&labelled(label, &value));
        }
    };
    line("title", Some(ticket.title.clone()));
    line("text", Some(ticket.text.clone()));
    line(
        "class",
        Some(format!("{}, {}", state.class, state.priority)),
    );
    let driver = format!("{} ({})", ticket.driver_name, short(&ticket.driver));
    line("driver", Some(driver));
    line("phone", ticket.phone.clone());
    line("about", ticket.about_text.clone());
    line("desk", Some(format!("{} in {}", state.desk, state.region)));
    line("station", detail.station_name.clone());
    line("visit", ticket.visit.map(|visit| visit.to_string()));
    line(
        "activity",
        ticket.activity.map(|activity| activity.to_string()),
    );
    line("raised", Some(when::local(ticket.raised_at)));
    let pair: Vec<String> = state
        .first
        .iter()
        .chain(&state.second)
        .map(|one| who(*one))
        .collect();
    line("assigned to", Some(pair.join(" and ")));
    line("due", Some(due_text(detail.due, detail.breached)));
    if state.waiting {
        line("waits for", Some("the driver's answer".to_owned()));
    }
    if state.cycle > 1 {
        line("cycle", Some(state.cycle.to_string()));
    }
    let recovered = ticket.recovered_fen();
    line(
        "recovered",
        (recovered > 0).then(|| format!("{} yuan", yuan(recovered))),
    );
    line(
        "outcome",
        ticket.outcome().map(|outcome| outcome.to_string()),
    );
    line(
        "rating",
        state.rating.map(|rating| format!("{rating} of 5")),
    );
    let group: Vec<String> = detail.group.iter().map(short).collect();
    line("linked", Some(group.join(", ")));
    text
}

fn event_json(folded: &Folded) -> Value {
    let event = &folded.event;
    json!({
        "event": event.entry.to_string(),
        "type": event.act.event_type().as_str(),
        "by": event.by.to_string(),
        "at": when::rfc3339(event.at),
        "received_at": facts::time(event.received_at),
        "cycle": folded.cycle,
        "text": event.act.text(),
        "superseded": folded.superseded.map(|superseded| json!({
            "code": superseded.why.as_str(),
            "sentence": superseded.to_string(),
        })),
    })
}

fn detail_json(detail: &TicketDetail) -> Value {
    let (ticket, state) = (&detail.ticket, &detail.ticket.state);
    json!({
        "id": ticket.id.to_string(),
        "driver": ticket.driver.to_string(),
        "driver_name": ticket.driver_name,
        "desk": state.desk.as_str(),
        "region": state.region.as_str(),
        "station": facts::text(ticket.station),
        "station_name": detail.station_name,
        "visit": facts::text(ticket.visit),
        "activity": facts::text(ticket.activity),
        "class": state.class.as_str(),
        "priority": state.priority.as_str(),
        "title": ticket.title,
        "text": ticket.text,
        "phone": ticket.phone,
        "about": facts::text(state.about),
        "about_text": ticket.about_text,
        "raised_at": when::rfc3339(ticket.raised_at),
        "state": state.step.as_str(),
        "cycle": state.cycle,
        "first": facts::text(state.first),
        "second": facts::text(state.second),
        "waiting_for_driver": state.waiting,
        "due": due_json(detail.due),
        "breached": detail.breached,
        "rating": state.rating,
        "recovered_fen": ticket.recovered_fen(),
        "outcome": ticket.outcome().map(Outcome::as_str),
        "events": ticket.events.iter().map(event_json).collect::<Value>(),
        "comments": ticket.comments.iter().map(|comment| json!({
            "by": comment.by.to_string(),
            "at": when::rfc3339(comment.at),
            "text": comment.text,
        })).collect::<Value>(),
        "parties": ticket.parties.iter().map(|party| json!({
            "role": party.role.as_str(),
            "name": party.name,
            "contact": party.contact,
        })).collect::<Value>(),
        "notes": detail.notes.iter().map(|note| json!({
            "id": note.id.to_string(),
            "by": facts::text(note.by),
            "at": when::rfc3339(note.at),
            "text": note.text,
        })).collect::<Value>(),
        "group": detail.group.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "changes": facts::changes(&detail.changes),
    })
}
