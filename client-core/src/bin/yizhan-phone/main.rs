//! `yizhan-phone`: a real client in the terminal, for trying things, scripting and support.
//!
//! It parses, calls the façade, and prints; it decides nothing and keeps nothing of its own.

mod args;
mod commands;
mod failure;
mod names;
mod output;
mod when;
mod width;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use yizhan_client_core::Client;
use yizhan_client_core::clock::SystemClock;
use yizhan_client_core::store::OpenKeys;
use yizhan_client_core::tablet::{Tablet, TabletError};

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output, errors to standard error; a closed pipe
            // is no reason to complain.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = io::stderr().write_all(failure.text(cli.json).as_bytes());
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let output = Output { json: cli.json };
    if let Command::Keeper(command) = &cli.command {
        return commands::keeper(&cli.home, command, output);
    }
    let database = cli.key_file.as_deref().map(commands::database_key);
    let database = database.transpose()?;
    if let Command::Store(command) = &cli.command {
        return commands::store(&cli.home, command, database, output);
    }
    let (home, keys) = match Tablet::at(&cli.home) {
        None => {
            let seal = None;
            (cli.home.clone(), OpenKeys { seal, database })
        }
        Some(tablet) => match tablet.current() {
            Ok(profile) => (profile.home, profile.keys),
            // What waits on a locked tablet may be seen by anybody; nothing else.
            Err(TabletError::Locked) if matches!(cli.command, Command::Status) => {
                return commands::waiting(&tablet, output);
            }
            Err(error) => return Err(error.into()),
        },
    };
    commands::tell_if_wiped(&home, &cli.command);
    let mut client = Client::open_with(&home, Arc::new(SystemClock::new()), &keys)?;
    // After an update of this program the lists are made anew; with nothing to do this is one query.
    while client.rebuild_views_step(200)? > 0 {}
    commands::run(&mut client, &cli.command, output)?;
    match Tablet::at(&cli.home) {
        Some(tablet) if matches!(cli.command, Command::Status) && !output.json => {
            commands::waiting(&tablet, output)
        }
        Some(_) | None => Ok(()),
    }
}
