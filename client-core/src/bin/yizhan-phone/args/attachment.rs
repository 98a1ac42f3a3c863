//! `attachment`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum AttachmentCommand {
    /// Put a photo (JPEG, PNG, WebP) or a paper (PDF) to a ticket, an activity or a visit.
    ///
    /// It is kept on this phone at once and sent after the documents of the next sync. At most 8 MiB,
    /// and 50 to one document.
    #[command(
        after_help = "Examples:\n  yizhan-phone attachment add --visit last photo.jpg\n  yizhan-phone attachment add --ticket 0199abcd receipt.pdf --name 运费收据"
    )]
    Add {
        #[command(flatten)]
        to: AttachTo,
        /// The file.
        file: PathBuf,
        /// What people call it; by default the file's own name.
        #[arg(long)]
        name: Option<String>,
    },
    /// List attachments, the latest first, and where their bytes are.
    List {
        /// Of this document only: its whole id, or the beginning of a visit's, ticket's or activity's.
        document: Option<String>,
    },
    /// Write an attachment to a file; what is not on this phone yet is fetched.
    #[command(
        after_help = "Example:\n  yizhan-phone attachment get last --out receipt.pdf\n\nA fetch that is broken off goes on where it ended."
    )]
    Get {
        /// The attachment, as the list shows it.
        attachment: String,
        /// Where to; nothing is overwritten.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The small picture of it.
        #[arg(long)]
        thumb: bool,
    },
}

/// What to put it to.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct AttachTo {
    /// A ticket.
    #[arg(long, value_name = "ID")]
    pub(crate) ticket: Option<String>,
    /// A visit.
    #[arg(long, value_name = "ID")]
    pub(crate) visit: Option<String>,
    /// An activity.
    #[arg(long, value_name = "ID")]
    pub(crate) activity: Option<String>,
}
