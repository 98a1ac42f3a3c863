//! Tickets and case notes as this version reads them.

use serde_json::{Value, json};

use super::{ms, register, text};
use crate::model::case_note::CaseNote;
use crate::model::ticket::fold::Folded;
use crate::model::ticket::{Act, Outcome, Ticket};

pub(super) fn of_ticket(ticket: &Ticket) -> Value {
    let state = &ticket.state;
    let clocks = &ticket.clocks;
    json!({
        "driver": ticket.driver.to_string(),
        "driver_name": ticket.driver_name,
        "region": state.region.as_str(),
        "desk": state.desk.as_str(),
        "station": text(ticket.station),
        "visit": text(ticket.visit),
        "activity": text(ticket.activity),
        "class": state.class.as_str(),
        "priority": state.priority.as_str(),
        "title": ticket.title,
        "text": ticket.text,
        "raised_at_ms": ticket.raised_at.as_ms(),
        "about": text(state.about),
        "about_text": ticket.about_text,
        "phone": ticket.phone,
        "by": text(ticket.by),
        "state": state.step.as_str(),
        "cycle": state.cycle,
        "assigned": [text(state.first), text(state.second)],
        "waiting_for_driver": state.waiting,
        "verified_at_ms": ms(state.verified_at),
        "responded_at_ms": ms(state.responded_at),
        "resolved_at_ms": ms(state.resolved_at),
        "ended_at_ms": ms(state.ended_at),
        "rating": state.rating,
        "recovered_fen": ticket.recovered_fen(),
        "outcome": ticket.outcome().map(Outcome::as_str),
        "verify_due_ms": register(&clocks.verify_due, |at| json!(at.as_ms())),
        "response_due_ms": register(&clocks.response_due, |at| json!(at.as_ms())),
        "solution_due_ms": register(&clocks.solution_due, |at| json!(at.as_ms())),
        "clock_paused": clocks.paused,
        "events": ticket.events.iter().map(of_event).collect::<Vec<_>>(),
        "links": ticket.links.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "comments": ticket.comments.iter().map(|comment| json!({
            "by": comment.by.to_string(),
            "at_ms": comment.at.as_ms(),
            "text": comment.text,
        })).collect::<Vec<_>>(),
        "parties": ticket.parties.iter().map(|party| json!({
            "role": party.role.as_str(),
            "name": party.name,
            "contact": party.contact,
            "by": party.by.to_string(),
            "at_ms": party.at.as_ms(),
        })).collect::<Vec<_>>(),
    })
}

fn of_event(folded: &Folded) -> Value {
    let event = &folded.event;
    let mut value = json!({
        "entry": event.entry.to_string(),
        "type": event.act.event_type().as_str(),
        "by": event.by.to_string(),
        "at_ms": event.at.as_ms(),
        "received_at_ms": ms(event.received_at),
        "cycle": folded.cycle,
        "text": event.act.text(),
        "superseded": folded.superseded.map(|superseded| superseded.why.as_str()),
    });
    let (field, said) = match &event.act {
        Act::Verify { class, .. } => ("class", json!(class.map(|class| class.as_str()))),
        Act::Assign { first, second, .. } => {
            ("assigned", json!([text(Some(first)), text(*second)]))
        }
        Act::Resolve { amount_fen, .. } => ("amount_fen", json!(amount_fen)),
        Act::Rate { rating, .. } => ("rating", json!(rating)),
        Act::Escalate { desk, .. } => ("desk", json!(desk.as_str())),
        Act::Link { ticket } => ("ticket", json!(ticket.to_string())),
        Act::Review { event, .. } => ("event", json!(event.to_string())),
        Act::Reject { .. }
        | Act::Start
        | Act::Ask { .. }
        | Act::Answer { .. }
        | Act::Close
        | Act::Withdraw { .. }
        | Act::Reopen { .. } => return value,
    };
    value[field] = said;
    value
}

pub(super) fn of_note(note: &CaseNote) -> Value {
    json!({
        "ticket": note.ticket.to_string(),
        "desk": note.desk.as_str(),
        "region": note.region.as_str(),
        "by": text(note.by),
        "at_ms": note.at.as_ms(),
        "text": note.text,
    })
}
