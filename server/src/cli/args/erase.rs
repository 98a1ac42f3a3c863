//! `yizhan erase`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(in super::super) struct Erase {
    /// Who or what: a person's name or id, or the id of a document.
    #[arg(required = true, value_name = "PERSON|DOCUMENT")]
    pub(in super::super) subject: Option<String>,
    /// On what ground, in one line; it is kept for good, so no names belong in it.
    #[arg(long, value_name = "TEXT", required = true)]
    pub(in super::super) ground: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub(in super::super) yes: bool,
    #[command(subcommand)]
    pub(in super::super) command: Option<EraseCommand>,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum EraseCommand {
    /// The receipts of erasures, the latest first, or of one: what went, which devices are outstanding
    /// and for how long, and when the last backup expires.
    #[command(
        after_help = "Examples:\n  yizhan erase status\n  yizhan erase status 01999c2e\n  yizhan erase status 01999c2e --json\n  yizhan erase status --limit 500\n  yizhan erase status --before 01999c2e-4a7b-7c3d-8e9f-0a1b2c3d4e5f     the next page"
    )]
    Status {
        /// The erasure's id, or its beginning, or the id of what was erased.
        #[arg(conflicts_with_all = ["before", "limit"])]
        erasure: Option<String>,
        /// Only those that come behind this one: the next page.
        #[arg(long, value_name = "ERASURE")]
        before: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "RECEIPTS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// The ledger of all erasures as JSON, to be kept with the backups: ids, grounds and times.
    #[command(after_help = "Example:\n  yizhan erase ledger --out erased.json")]
    Ledger {
        /// Write to a file.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Carry out again what a ledger says, after a backup from before was put back.
    #[command(after_help = "Example:\n  yizhan erase replay erased.json")]
    Replay {
        /// The ledger.
        file: PathBuf,
    },
}
