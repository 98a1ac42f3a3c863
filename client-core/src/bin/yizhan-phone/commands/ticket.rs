//! `ticket`.

mod shown;

use serde_json::json;
use yizhan_client_core::Client;
use yizhan_client_core::client::TicketEntry;
use yizhan_client_core::model::ticket::{Act, Class, Outcome, PartyRole, Priority};
use yizhan_client_core::store::TicketFilter;
use yizhan_proto::{DeskKey, DocumentId, PersonId, RegionKey};

use crate::args::{TicketCommand, TicketRaiseArgs, TicketWordsArgs};
use crate::failure::Failure;
use crate::names::{self, short};
use crate::output::Output;

pub(crate) fn run(
    client: &mut Client,
    command: &TicketCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        TicketCommand::Raise(args) => raise(client, args, output),
        TicketCommand::List { .. } => list(client, command, output),
        TicketCommand::Show { ticket } => {
            let id = names::ticket(client, ticket)?;
            shown::show(client, id, output)
        }
        TicketCommand::Assign {
            ticket,
            first,
            second,
            suggest,
        } => {
            let people = (first.as_deref(), second.as_deref());
            assign(client, ticket, people, *suggest, output)
        }
        TicketCommand::Escalate {
            ticket,
            desk,
            region,
            text,
        } => {
            let id = names::ticket(client, ticket)?;
            let desk = desk_of(client, desk.as_deref(), region.as_deref())?;
            client.escalate_ticket(id, desk, some(text))?;
            written(id, "escalated", output)
        }
        TicketCommand::Comment(args) => {
            let id = names::ticket(client, &args.ticket)?;
            client.comment_on_ticket(id, &words(&args.text))?;
            written(id, "comment written", output)
        }
        TicketCommand::Party {
            ticket,
            role,
            name,
            contact,
        } => {
            let id = names::ticket(client, ticket)?;
            let role = PartyRole::from_text(role).unwrap_or(PartyRole::Other);
            client.add_party(id, role, name, contact.clone())?;
            written(id, &format!("party {name} named"), output)
        }
        TicketCommand::Link { ticket, other } => {
            let id = names::ticket(client, ticket)?;
            let other = names::ticket(client, other)?;
            client.link_tickets(id, other)?;
            written(id, &format!("linked with {}", short(&other)), output)
        }
        TicketCommand::Note(args) => {
            let id = names::ticket(client, &args.ticket)?;
            let note = client.note_on_ticket(id, &words(&args.text))?;
            let value = json!({ "id": note.to_string(), "ticket": id.to_string() });
            output.result(&value, || {
                format!("note on {} stored here; sync to send it\n", short(&id))
            })
        }
        TicketCommand::Review {
            ticket: Some(ticket),
            event: Some(event),
            text,
        } => {
            let id = names::ticket(client, ticket)?;
            let event = names::ticket_event(client, id, event)?;
            let text = some(text);
            client.act_on_ticket(id, Act::Review { event, text })?;
            written(id, "looked at", output)
        }
        TicketCommand::Review { .. } => shown::reviews(client, output),
        TicketCommand::Verify { .. }
        | TicketCommand::Reject(_)
        | TicketCommand::Start { .. }
        | TicketCommand::Ask(_)
        | TicketCommand::Answer(_)
        | TicketCommand::Resolve { .. }
        | TicketCommand::Rate { .. }
        | TicketCommand::Withdraw { .. }
        | TicketCommand::Reopen(_) => step(client, command, output),
    }
}

/// A step that is what it says, and nothing else.
fn step(client: &mut Client, command: &TicketCommand, output: Output) -> Result<(), Failure> {
    let said = |args: &TicketWordsArgs| words(&args.text);
    let (ticket, act, done) = match command {
        TicketCommand::Verify {
            ticket,
            class,
            urgent,
            text,
        } => {
            let act = Act::Verify {
                class: class.as_deref().map(class_of).transpose()?,
                priority: if *urgent {
                    Priority::Urgent
                } else {
                    Priority::Normal
                },
                text: some(text),
            };
            (ticket, act, "verified")
        }
        TicketCommand::Reject(args) => {
            let reason = said(args);
            (&args.ticket, Act::Reject { reason }, "rejected")
        }
        TicketCommand::Start { ticket } => (ticket, Act::Start, "handling started"),
        TicketCommand::Ask(args) => {
            let text = said(args);
            (&args.ticket, Act::Ask { text }, "the driver is asked")
        }
        TicketCommand::Answer(args) => {
            let text = said(args);
            (&args.ticket, Act::Answer { text }, "answered")
        }
        TicketCommand::Resolve {
            ticket,
            yuan,
            outcome,
            text,
        } => {
            let act = Act::Resolve {
                text: words(text),
                amount_fen: yuan.as_deref().map(fen).transpose()?,
                outcome: outcome.as_deref().and_then(Outcome::from_text),
            };
            (ticket, act, "resolved")
        }
        TicketCommand::Rate {
            ticket,
            rating,
            text,
        } => {
            let (rating, text) = (*rating, some(text));
            (ticket, Act::Rate { rating, text }, "rated")
        }
        TicketCommand::Withdraw { ticket, text } => {
            let reason = some(text);
            (ticket, Act::Withdraw { reason }, "withdrawn")
        }
        TicketCommand::Reopen(args) => {
            let reason = said(args);
            (&args.ticket, Act::Reopen { reason }, "reopened")
        }
        TicketCommand::Raise(_)
        | TicketCommand::List { .. }
        | TicketCommand::Show { .. }
        | TicketCommand::Assign { .. }
        | TicketCommand::Escalate { .. }
        | TicketCommand::Comment(_)
        | TicketCommand::Party { .. }
        | TicketCommand::Link { .. }
        | TicketCommand::Review { .. }
        | TicketCommand::Note(_) => return Ok(()),
    };
    let id = names::ticket(client, ticket)?;
    let entry = client.act_on_ticket(id, act)?;
    // What does not count from the state that is known here is kept all the same, and said.
    let detail = client.ticket(id)?;
    let superseded = detail
        .ticket
        .events
        .iter()
        .find(|folded| folded.event.entry == entry)
        .and_then(|folded| folded.superseded);
    match superseded {
        Some(why) => written(id, &format!("kept, but does not count: {why}"), output),
        None => written(id, done, output),
    }
}

fn words(text: &[String]) -> String {
    text.join(" ")
}

fn some(text: &[String]) -> Option<String> {
    Some(words(text)).filter(|text| !text.trim().is_empty())
}

/// An edit of a ticket was stored.
fn written(ticket: DocumentId, done: &str, output: Output) -> Result<(), Failure> {
    let value = json!({ "id": ticket.to_string(), "done": done });
    output.result(&value, || {
        format!(
            "ticket {}: {done}, stored here; sync to send it\n",
            short(&ticket)
        )
    })
}

fn class_of(text: &str) -> Result<Class, Failure> {
    Class::from_text(text).ok_or_else(|| {
        Failure::usage(format!(
            "{text:?} is no class; it is one of {}",
            Class::TEXTS.join(", ")
        ))
    })
}

/// Yuan with up to two decimals as fen.
fn fen(text: &str) -> Result<u64, Failure> {
    let wrong = || Failure::usage(format!("{text:?} is no amount; write 36000 or 36000.50"));
    let (yuan, cents) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if yuan.is_empty() || !digits(yuan) || !digits(cents) || cents.len() > 2 {
        return Err(wrong());
    }
    let padded = format!("{cents:0<2}");
    format!("{yuan}{padded}").parse().map_err(|_| wrong())
}

/// A desk that is named, with its region: the one typed, or the one known here.
fn desk_of(
    client: &Client,
    desk: Option<&str>,
    region: Option<&str>,
) -> Result<Option<(DeskKey, RegionKey)>, Failure> {
    let Some(text) = desk else {
        return Ok(None);
    };
    let wrong = |what: &str| Failure::usage(format!("{what}: 1 to 32 of a-z, 0-9, -"));
    let key: DeskKey = text.parse().map_err(|_| wrong("--desk"))?;
    if let Some(region) = region {
        let region = region.parse().map_err(|_| wrong("--region"))?;
        return Ok(Some((key, region)));
    }
    let desks = client.desks()?;
    match desks.iter().find(|desk| desk.key == key) {
        Some(desk) => Ok(Some((key, desk.region.clone()))),
        None => Err(Failure::usage(format!(
            "the desk {text} is not known here; give its region with --region"
        ))),
    }
}

fn raise(client: &mut Client, args: &TicketRaiseArgs, output: Output) -> Result<(), Failure> {
    let visit = args.visit.as_deref();
    let visit = visit.map(|text| names::visit(client, text)).transpose()?;
    let activity = args.activity.as_deref();
    let activity = activity
        .map(|text| names::activity(client, text))
        .transpose()?;
    let (driver, own_name) = match (&args.driver, visit) {
        (Some(text), _) => {
            let (person, known) = names::person(client, text)?;
            let name = args.name.clone().or(known).unwrap_or_default();
            (Some((person, name)), None)
        }
        (None, Some(visit)) => {
            let visit = client.visit(visit)?.visit;
            let name = args.name.clone().unwrap_or(visit.driver_name);
            (Some((visit.driver, name)), None)
        }
        (None, None) => (None, args.name.clone()),
    };
    let station = match &args.station {
        Some(text) => Some(names::station_id(client, text)?.0),
        None => None,
    };
    let about = match &args.about {
        Some(text) => Some(names::person(client, text)?.0),
        None => None,
    };
    let text = some(&args.text).unwrap_or_else(|| args.title.clone());
    let id = client.raise_ticket(TicketEntry {
        driver,
        own_name,
        station,
        visit,
        activity,
        desk: desk_of(client, args.desk.as_deref(), args.region.as_deref())?,
        class: class_of(&args.class)?,
        title: args.title.clone(),
        text,
        about,
        about_text: args.about_text.clone(),
        phone: args.phone.clone(),
    })?;
    let desk = client.ticket(id)?.ticket.state.desk;
    let value = json!({ "id": id.to_string(), "desk": desk.as_str() });
    output.result(&value, || {
        format!("ticket {id} raised for the desk {desk}, stored here; sync to send it\n")
    })
}

fn list(client: &Client, command: &TicketCommand, output: Output) -> Result<(), Failure> {
    let TicketCommand::List {
        desk,
        station,
        assigned,
        mine,
        open,
        limit,
    } = command
    else {
        return Ok(());
    };
    let me = client.author()?.person;
    let desk = match desk {
        Some(text) => Some(
            text.parse()
                .map_err(|_| Failure::usage("--desk: 1 to 32 of a-z, 0-9, -"))?,
        ),
        None => None,
    };
    let station = match station {
        Some(text) => Some(names::station_id(client, text)?.0),
        None => None,
    };
    shown::list(
        client,
        &TicketFilter {
            driver: mine.then_some(me),
            station,
            desk,
            assigned: assigned.then_some(me),
            open: *open,
            limit: *limit,
        },
        output,
    )
}

fn assign(
    client: &mut Client,
    ticket: &str,
    (first, second): (Option<&str>, Option<&str>),
    suggest: bool,
    output: Output,
) -> Result<(), Failure> {
    let id = names::ticket(client, ticket)?;
    let (first, second) = match first {
        Some(first) if !suggest => {
            let first = answerer(client, first)?;
            (
                first,
                second.map(|text| answerer(client, text)).transpose()?,
            )
        }
        Some(_) | None => client.suggest_pair(id)?.ok_or_else(|| {
            Failure::NotFound(
                "nobody to suggest: this phone is not told who belongs to the desk".to_owned(),
            )
        })?,
    };
    client.assign_ticket(id, first, second)?;
    let named = |person: PersonId| member_name(client, person).unwrap_or_else(|| short(&person));
    let second = second.map_or_else(String::new, |second| format!(" and {}", named(second)));
    written(id, &format!("assigned to {}{second}", named(first)), output)
}

/// Somebody who answers at a desk: by name, or as any person.
fn answerer(client: &Client, text: &str) -> Result<PersonId, Failure> {
    let desks = client.desks()?;
    let mut people: Vec<PersonId> = desks
        .iter()
        .flat_map(|desk| desk.members.iter().flatten())
        .filter(|member| member.name == text)
        .map(|member| member.person)
        .collect();
    people.sort_unstable();
    people.dedup();
    match people.as_slice() {
        [person] => Ok(*person),
        _ => names::person(client, text).map(|(person, _)| person),
    }
}

fn member_name(client: &Client, person: PersonId) -> Option<String> {
    let desks = client.desks().ok()?;
    let mut members = desks.iter().flat_map(|desk| desk.members.iter().flatten());
    members
        .find(|member| member.person == person)
        .map(|member| member.name.clone())
}

#[cfg(test)]
mod tests {
    use super::fen;

    #[test]
    fn yuan_are_read_to_the_fen() {
        for (text, expected) in [
            ("36000", Some(3_600_000)),
            ("36000.5", Some(3_600_050)),
            ("0.07", Some(7)),
            ("1.234", None),
            ("-1", None),
            (".5", None),
            ("1e9", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(fen(text).ok(), expected, "{text}");
        }
    }
}
