//! One file a group of commands. Each calls the façade and prints what came of it.

mod activity;
mod activity_shown;
mod attachment;
mod check;
mod code;
mod consent;
mod enrol;
mod enrol_shown;
mod export;
mod facts;
mod history;
mod measured;
mod notice;
mod pairing;
mod problems;
mod report;
mod state;
mod station;
mod sync;
mod ticket;
mod today;
mod visit;

use yizhan_client_core::Client;

use crate::args::Command;
use crate::failure::Failure;
use crate::names;
use crate::output::Output;

/// Runs a command.
pub(crate) fn run(client: &mut Client, command: &Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Pair {
            url,
            code,
            token_file,
            label,
        } => match token_file {
            Some(file) => pairing::pair_outside(client, url, file, label, output),
            None => pairing::pair(client, url, code.as_deref(), label, output),
        },
        Command::Register { url, name, label } => {
            pairing::register(client, url, name, label, output)
        }
        Command::Code { activity } => {
            let named = |text: &String| names::activity(client, text);
            let activity = activity.as_ref().map(named).transpose()?;
            code::show(client, activity, output)
        }
        Command::Visit(command) => visit::run(client, command, output),
        Command::Ticket(command) => ticket::run(client, command, output),
        Command::Check(command) => check::run(client, command, output),
        Command::Consent(command) => consent::run(client, command, output),
        Command::Activity(command) => activity::run(client, command, output),
        Command::Enrol(command) => enrol::run(client, command, output),
        Command::Notice(command) => notice::run(client, command, output),
        Command::Station(command) => station::run(client, command, output),
        Command::Attachment(command) => attachment::run(client, command, output),
        Command::Report(args) => report::run(client, args, output),
        Command::Today(args) => today::run(client, args, output),
        Command::History(args) => history::run(client, args, output),
        Command::Search { text, limit } => state::search(client, &text.join(" "), *limit, output),
        Command::Sync { watch, seconds } => {
            if *watch {
                sync::watch(client, *seconds, output)
            } else {
                sync::once(client, output)
            }
        }
        Command::Status => state::status(client, output),
        Command::Problems(args) => problems::problems(client, args, output),
        Command::Refused(command) => state::refused(client, command, output),
        Command::Export {
            file,
            format,
            with_name,
        } => export::export(client, file.as_deref(), format, *with_name, output),
        Command::Whoami => pairing::whoami(client, output),
    }
}
