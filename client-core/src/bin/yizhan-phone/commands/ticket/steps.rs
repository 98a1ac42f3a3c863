//! The steps of a ticket that are what they say, and nothing else.

use yizhan_client_core::Client;
use yizhan_client_core::model::ticket::{Act, Outcome, Priority};

use super::{class_of, some, words, written};
use crate::args::{TicketCommand, TicketWordsArgs};
use crate::failure::Failure;
use crate::names;
use crate::output::Output;

/// A step that is what it says, and nothing else.
pub(super) fn step(
    client: &mut Client,
    command: &TicketCommand,
    output: Output,
) -> Result<(), Failure> {
    let Some((ticket, act, done)) = act(command)? else {
        return Ok(());
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

/// The ticket as it was typed, the step, and what to say when it is stored.
type Typed<'c> = (&'c String, Act, &'static str);

/// The step of a command, if it is one of these.
fn act(command: &TicketCommand) -> Result<Option<Typed<'_>>, Failure> {
    let said = |args: &TicketWordsArgs| words(&args.text);
    Ok(Some(match command {
        TicketCommand::Verify {
            ticket,
            class,
            urgent,
            text,
        } => {
            let act = Act::Verify {
                class: class.as_deref().map(class_of).transpose()?,
                priority: priority(*urgent),
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
        | TicketCommand::Note(_) => return Ok(None),
    }))
}

const fn priority(urgent: bool) -> Priority {
    if urgent {
        Priority::Urgent
    } else {
        Priority::Normal
    }
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
