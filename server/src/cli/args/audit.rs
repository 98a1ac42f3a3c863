//! `yizhan audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::audit::ChainHash;

#[derive(Debug, Subcommand)]
pub(in super::super) enum Audit {
    /// List entries, newest first.
    #[command(
        after_help = "With --document also who made the document's changes, which are in the log of changes.\n\nExamples:\n  yizhan audit list\n  yizhan audit list --person 李师傅 --action check.read     who looked at Li's checks\n  yizhan audit list --document 01999c2e-4a7b-7c3d-8e9f-0a1b2c3d4e5f\n  yizhan audit list --since 7d --json"
    )]
    List(List),
    /// Go along the whole log and check that nothing was changed, removed, added or moved.
    #[command(
        after_help = "Says the last entry's hash. Write it down where the relay's operator cannot change it: with\n--anchor it shows later that the log still goes at least that far.\n\nExamples:\n  yizhan audit verify\n  yizhan audit verify --anchor 5bdac28f635db20973cb8921b52afe90da9aa06e386b7dd47269cd518a776434\n  yizhan audit verify --file audit.jsonl                    without a relay\n\nExit code 6: the log is not what was written; the message names the first entry at which that shows."
    )]
    Verify(Verify),
    /// Write the whole log to a file, a line of JSON an entry, with its bytes and hashes.
    #[command(
        after_help = "The export itself is entered. How anybody can verify the file is in docs/OPERATIONS.md.\n\nExample:\n  yizhan audit export --out audit.jsonl"
    )]
    Export {
        /// The file; what is there is replaced.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(in super::super) struct List {
    /// Not before: a date, a time, or how long ago (30m, 24h, 7d).
    #[arg(long, value_name = "TIME")]
    pub(in super::super) since: Option<String>,
    /// By or about this person: name, id, or the beginning of the id.
    #[arg(long)]
    pub(in super::super) person: Option<String>,
    /// By or about this device: id, or its beginning.
    #[arg(long)]
    pub(in super::super) device: Option<String>,
    /// About this document: its whole id.
    #[arg(long)]
    pub(in super::super) document: Option<String>,
    /// Of this action: check.read, role.given, device.revoked...
    #[arg(long)]
    pub(in super::super) action: Option<String>,
    /// Only entries before this number: the next page.
    #[arg(long, value_name = "NUMBER")]
    pub(in super::super) before: Option<u64>,
    /// At most so many.
    #[arg(long, value_name = "ENTRIES", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(in super::super) limit: u32,
}

#[derive(Debug, Args)]
pub(in super::super) struct Verify {
    /// An exported file; without it, the running relay.
    #[arg(long, value_name = "FILE")]
    pub(in super::super) file: Option<PathBuf>,
    /// A hash written down before, which must be in the log.
    #[arg(long, value_name = "HASH")]
    pub(in super::super) anchor: Option<ChainHash>,
}
