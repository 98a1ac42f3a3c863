//! `yizhan quarantine …`.

use clap::{ArgGroup, Subcommand};

#[derive(Debug, Subcommand)]
pub(in super::super) enum Quarantine {
    /// List what waits for a person to decide, in the order in which it came.
    #[command(
        after_help = "Why something waits: right.ended (the author's role had ended), consent.withdrawn, dependency.held (it builds on another that waits).\n\nExamples:\n  yizhan quarantine list\n  yizhan quarantine list --region changzhou --since 2026-11-01\n  yizhan quarantine list --person 王站长 --json\n  yizhan quarantine list --rejected"
    )]
    List {
        /// Only documents of this region.
        #[arg(long)]
        region: Option<String>,
        /// Only work of this person: name, id, or the beginning of the id.
        #[arg(long)]
        person: Option<String>,
        /// Only what came on this day or later: 2026-11-21, or a time as RFC 3339.
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
        /// What was rejected, and not what waits.
        #[arg(long)]
        rejected: bool,
    },
    /// Show one change that waits: who, when, why, and what builds on it.
    ///
    /// Whoever runs the relay reads no content. With --content it is shown to a person who has a part
    /// in such documents and says so with --by: a coordinator of the region or a keeper of the station;
    /// for health checks somebody with the health role there.
    #[command(
        after_help = "Examples:\n  yizhan quarantine show 3fa9c1d2\n  yizhan quarantine show 3fa9c1d2 --content --by 赵协调"
    )]
    Show {
        /// The change, by the beginning of its hash.
        change: String,
        /// Show what the change says, for the person named with --by.
        #[arg(long, requires = "by")]
        content: bool,
        /// Who reads it: name, id, or the beginning of the id.
        #[arg(long, value_name = "PERSON", requires = "content")]
        by: Option<String>,
    },
    /// Accept changes, and what builds on them: they enter as if their author's right had not ended.
    ///
    /// One that cannot enter all the same stays, with the reason. Accepting again changes nothing.
    #[command(
        group(ArgGroup::new("which").required(true).args(["changes", "all_of"])),
        after_help = "Examples:\n  yizhan quarantine accept 3fa9c1d2 77b0e1aa\n  yizhan quarantine accept --all-of 王站长 --by 赵协调\n  yizhan quarantine accept --all-of 01999c2e     all of a device"
    )]
    Accept {
        /// The changes, by the beginnings of their hashes.
        #[arg(value_name = "CHANGE")]
        changes: Vec<String>,
        /// All that wait of a person or a device: name, id, or the beginning of the id.
        #[arg(long, value_name = "PERSON|DEVICE")]
        all_of: Option<String>,
        /// On whose word: name, id, or the beginning of the id; without it, the operator's own.
        #[arg(long, value_name = "PERSON")]
        by: Option<String>,
    },
    /// Reject changes, and what builds on them, for a reason that their author reads.
    ///
    /// Nothing is deleted: the change stays here, and its author gets it back as a draft.
    #[command(
        after_help = "Example:\n  yizhan quarantine reject 3fa9c1d2 --reason 那天不在岗 --by 赵协调"
    )]
    Reject {
        /// The changes, by the beginnings of their hashes.
        #[arg(value_name = "CHANGE", required = true)]
        changes: Vec<String>,
        /// Why, on one line of at most 512 bytes.
        #[arg(long)]
        reason: String,
        /// On whose word: name, id, or the beginning of the id; without it, the operator's own.
        #[arg(long, value_name = "PERSON")]
        by: Option<String>,
    },
}
