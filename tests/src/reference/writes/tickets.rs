//! What is entered in tickets and in a desk's notes on them.

use yizhan_client_core::model::case_note::NewNote;
use yizhan_client_core::model::ticket::{Command, NewTicket};

use super::one;

type Writes = Vec<(String, String)>;

pub(super) fn ticket(command: &Command) -> Writes {
    match command {
        Command::Raise(new) => raised(new),
        Command::Act { entry, by, at, act } => one(
            &format!("events/{entry}"),
            format!("{act:?} by {by} at {}", at.as_ms()),
        ),
        Command::Comment {
            entry,
            by,
            at,
            text,
        } => one(
            &format!("comments/{entry}"),
            format!("{text} by {by} at {}", at.as_ms()),
        ),
        Command::AddParty {
            entry,
            by,
            at,
            role,
            name,
            contact,
        } => one(
            &format!("parties/{entry}"),
            format!("{role} {name} {contact:?} by {by} at {}", at.as_ms()),
        ),
        // The relay's, never a person's.
        Command::Close { .. } | Command::SetClocks { .. } => Vec::new(),
    }
}

fn raised(new: &NewTicket) -> Writes {
    let mut writes = [
        one("driver", new.driver),
        one("driver_name", &new.driver_name),
        one("class", new.class),
        one("title", &new.title),
        one("text", &new.text),
        one("raised_at", new.raised_at.as_ms()),
        one("by", new.by),
    ]
    .concat();
    let mut maybe = |field: &str, value: Option<String>| {
        writes.extend(value.map(|value| (field.to_owned(), value)));
    };
    maybe("station", new.station.map(|id| id.to_string()));
    maybe("visit", new.visit.map(|id| id.to_string()));
    maybe("activity", new.activity.map(|id| id.to_string()));
    maybe("about_text", new.about_text.clone());
    maybe("phone", new.phone.clone());
    writes
}

pub(super) fn case_note(new: &NewNote) -> Writes {
    [
        one("desk", &new.desk),
        one("region", &new.region),
        one("ticket", new.ticket),
        one("by", new.by),
        one("at", new.at.as_ms()),
        one("text", &new.text),
    ]
    .concat()
}
