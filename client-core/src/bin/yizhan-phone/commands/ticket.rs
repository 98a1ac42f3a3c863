//! `ticket`.

mod shown;
mod steps;

use serde_json::json;
use yizhan_client_core::Client;
use yizhan_client_core::client::TicketEntry;
use yizhan_client_core::model::ticket::{Act, Class, PartyRole};
use yizhan_client_core::store::TicketFilter;
use yizhan_proto::{DeskKey, DocumentId, PersonId, RegionKey};

use crate::args::{TicketCommand, TicketRaiseArgs};
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
        TicketCommand::Comment(_)
        | TicketCommand::Party { .. }
        | TicketCommand::Link { .. }
        | TicketCommand::Note(_)
        | TicketCommand::Review { .. } => beside(client, command, output),
        TicketCommand::Verify { .. }
        | TicketCommand::Reject(_)
        | TicketCommand::Start { .. }
        | TicketCommand::Ask(_)
        | TicketCommand::Answer(_)
        | TicketCommand::Resolve { .. }
        | TicketCommand::Rate { .. }
        | TicketCommand::Withdraw { .. }
        | TicketCommand::Reopen(_) => steps::step(client, command, output),
    }
}

/// What is written beside the steps.
fn beside(client: &mut Client, command: &TicketCommand, output: Output) -> Result<(), Failure> {
    match command {
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
        TicketCommand::Raise(_)
        | TicketCommand::List { .. }
        | TicketCommand::Show { .. }
        | TicketCommand::Assign { .. }
        | TicketCommand::Escalate { .. }
        | TicketCommand::Verify { .. }
        | TicketCommand::Reject(_)
        | TicketCommand::Start { .. }
        | TicketCommand::Ask(_)
        | TicketCommand::Answer(_)
        | TicketCommand::Resolve { .. }
        | TicketCommand::Rate { .. }
        | TicketCommand::Withdraw { .. }
        | TicketCommand::Reopen(_) => Ok(()),
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
