//! The program `yizhan`: runs a relay, and speaks to a running one for its operator.
//!
//! | exit code | means |
//! | --- | --- |
//! | 0 | done |
//! | 1 | something else failed |
//! | 2 | the command was not understood |
//! | 3 | not found, or more than one found |
//! | 4 | refused, or unusable input |
//! | 5 | the relay does not run, or cannot be reached |
//! | 6 | the audit log is not what was written |
//! | 7 | the data folder or its store |

mod args;
mod audit;
mod desk;
mod device;
mod erase;
mod failure;
mod forget;
mod key;
mod output;
mod outside;
mod person;
mod quarantine;
mod relay;
mod report;
mod run;
mod station;
mod status;
mod text;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use failure::Failure;
use output::Output;

/// Runs the program with these arguments (the program's own name first), to its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help that nobody reads to its end is not a failure.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let mut output = Output::new(args.json);
    match obey(args, &mut output).and_then(|()| output.flush()) {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            ExitCode::from(failure.exit_code())
        }
    }
}

fn obey(args: Args, output: &mut Output) -> Result<(), Failure> {
    let data = args.data;
    match args.command.unwrap_or_default() {
        Command::Serve(serve) => run::serve(&data, &serve, output),
        Command::Station(command) => station::obey(&data, command, output),
        Command::Desk(command) => desk::obey(&data, command, output),
        Command::Person(command) => person::obey(&data, command, output),
        Command::Pair(pair) => person::pair(&data, &pair, output),
        Command::Device(command) => device::obey(&data, command, output),
        Command::Quarantine(command) => quarantine::obey(&data, command, output),
        Command::Erase(args) => erase::obey(&data, args, output),
        Command::Forget(command) => forget::obey(&data, command, output),
        Command::Key(command) => key::obey(&data, command, output),
        Command::Report(args) => report::make(&data, &args, output),
        Command::Audit(command) => audit::obey(&data, &command, output),
        Command::Status => status::show(&data, output),
    }
}
