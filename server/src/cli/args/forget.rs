//! `yizhan forget …`.

use clap::Subcommand;

#[derive(Debug, Clone, Copy, Subcommand)]
pub(in super::super) enum Forget {
    /// List the devices that have not confirmed to have forgotten what they were asked to forget.
    #[command(
        after_help = "A device forgets a document that left it, or a whole audience whose role ended, once its own\nunsent work on it is uploaded, and then says so. Until it does, it is listed here. A revoked\ndevice says nothing any more and stays listed.\n\nExamples:\n  yizhan forget list\n  yizhan forget list --json"
    )]
    List,
}
