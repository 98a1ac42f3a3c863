//! Tickets and a desk's notes on them, as people read them.
//!
//! What the relay itself writes (due times, a closing after seven days) is no person's entry and
//! is left out.

use yizhan_client_core::model::case_note::CaseNote;
use yizhan_client_core::model::ticket::{Act, Ticket};

use super::put;
use crate::reference::Visible;

pub(super) fn ticket(ticket: &Ticket) -> Visible {
    let mut visible = Visible::new();
    put(&mut visible, "driver", ticket.driver);
    put(&mut visible, "driver_name", &ticket.driver_name);
    put(&mut visible, "class", ticket.class);
    put(&mut visible, "title", &ticket.title);
    put(&mut visible, "text", &ticket.text);
    put(&mut visible, "raised_at", ticket.raised_at.as_ms());
    let mut maybe = |field: &str, value: Option<String>| {
        if let Some(value) = value {
            put(&mut visible, field, value);
        }
    };
    maybe("by", ticket.by.map(|id| id.to_string()));
    maybe("station", ticket.station.map(|id| id.to_string()));
    maybe("visit", ticket.visit.map(|id| id.to_string()));
    maybe("activity", ticket.activity.map(|id| id.to_string()));
    maybe("about_text", ticket.about_text.clone());
    maybe("phone", ticket.phone.clone());
    for folded in &ticket.events {
        let event = &folded.event;
        if event.act == Act::Close {
            continue;
        }
        put(
            &mut visible,
            format!("events/{}", event.entry),
            format!("{:?} by {} at {}", event.act, event.by, event.at.as_ms()),
        );
    }
    for comment in &ticket.comments {
        put(
            &mut visible,
            format!("comments/{}", comment.entry),
            format!(
                "{} by {} at {}",
                comment.text,
                comment.by,
                comment.at.as_ms()
            ),
        );
    }
    for party in &ticket.parties {
        put(
            &mut visible,
            format!("parties/{}", party.entry),
            format!(
                "{} {} {:?} by {} at {}",
                party.role,
                party.name,
                party.contact,
                party.by,
                party.at.as_ms()
            ),
        );
    }
    visible
}

pub(super) fn case_note(note: &CaseNote) -> Visible {
    let mut visible = Visible::new();
    put(&mut visible, "desk", &note.desk);
    put(&mut visible, "region", &note.region);
    put(&mut visible, "ticket", note.ticket);
    if let Some(by) = note.by {
        put(&mut visible, "by", by);
    }
    put(&mut visible, "at", note.at.as_ms());
    put(&mut visible, "text", &note.text);
    visible
}
