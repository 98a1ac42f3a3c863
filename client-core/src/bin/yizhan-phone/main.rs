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

use crate::args::Cli;
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
    let mut client = Client::open(&cli.home, Arc::new(SystemClock::new()))?;
    // After an update of this program the lists are made anew; with nothing to do this is one query.
    while client.rebuild_views_step(200)? > 0 {}
    commands::run(&mut client, &cli.command, output)
}
