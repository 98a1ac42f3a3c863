//! `yizhan-demo`: days in the life of a network of care stations, in seconds, with a proof at the end.
//!
//! An in-process relay on a temporary folder, real clients over loopback HTTP, the real network's
//! stations; dead zones, phones that die in the middle of a sync, clocks that are wrong. What
//! happens follows from the seed alone.

mod life;
mod network;
mod people;
mod program;
mod proof;
mod tally;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::life::Life;
use crate::tally::Tally;

/// Plays days in the life of a network of care stations, then proves that nothing was lost, that
/// all phones agree, and that nobody holds what they should not.
///
/// Needs nothing but this program: relay and phones live in a temporary folder and talk over
/// loopback HTTP. The same seed makes the same choices.
#[derive(Debug, Clone, Parser)]
#[command(name = "yizhan-demo", version)]
#[command(
    after_help = "Exit codes: 0 proven; 1 not proven, the output names what was wrong; \
                        2 a wrong flag."
)]
pub(crate) struct Args {
    /// What chance follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Phones, of drivers and of stations' staff.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(6..=500))]
    phones: u16,
    /// Days that go by.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=60))]
    days: u16,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let clock = yizhan_client_core::clock::SystemClock::new();
    let started_ms = yizhan_client_core::clock::Clock::elapsed_ms(&clock);
    let mut life = Life::begin(&args);
    life.go_by(args.days);
    let mut tally = life.end();
    let wrong = life.prove();
    tally.took_ms = yizhan_client_core::clock::Clock::elapsed_ms(&clock).saturating_sub(started_ms);
    // Whoever closed the pipe does not want to read it; the exit code says the same.
    drop(writeln!(
        std::io::stdout(),
        "{}",
        report(&args, &tally, &wrong)
    ));
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn report(args: &Args, tally: &Tally, wrong: &[String]) -> String {
    if args.json {
        return tally.json(args, wrong).to_string();
    }
    let mut lines = vec![tally.table(args)];
    if wrong.is_empty() {
        lines.push(
            "Proven: nothing that was entered is lost, every device shows the same,".to_owned(),
        );
        lines.push("and every device holds exactly its audiences' documents.".to_owned());
    } else {
        lines.push(format!("NOT proven. What is wrong (seed {}):", args.seed));
        lines.extend(wrong.iter().map(|what| format!("  {what}")));
    }
    lines.join("\n")
}
