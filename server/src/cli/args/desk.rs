//! `yizhan desk …`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in super::super) enum Desk {
    /// Add a desk, or change one: name, parent, station and classes become what is given.
    #[command(
        after_help = "A desk escalates to its parent; build the tree from the top.\n\nExamples:\n  yizhan desk add jiangsu --name 江苏省专班 --region changzhou\n  yizhan desk add cz-tianning --name 天宁区专班 --region changzhou --parent jiangsu\n  yizhan desk add cz-east --name 东站服务台 --region changzhou --parent cz-tianning --station cz-east"
    )]
    Add {
        /// Its key: 1–32 of a–z, 0–9 and -.
        key: String,
        /// Its name.
        #[arg(long)]
        name: String,
        /// The key of its region, which cannot be changed later.
        #[arg(long)]
        region: String,
        /// The key of the desk to which it escalates.
        #[arg(long, value_name = "DESK")]
        parent: Option<String>,
        /// Key or id of the station it sits at.
        #[arg(long)]
        station: Option<String>,
        /// A class of request it answers; may be given more than once; none for all.
        #[arg(long = "class", value_name = "CLASS")]
        classes: Vec<String>,
    },
    /// List all desks as a tree.
    #[command(after_help = "Examples:\n  yizhan desk list\n  yizhan desk list --json")]
    List,
    /// Show a desk and who belongs to it.
    #[command(after_help = "Example:\n  yizhan desk show cz-east")]
    Show {
        /// Its key.
        desk: String,
    },
    /// Who belongs to a desk: add, remove.
    #[command(subcommand)]
    Member(Member),
    /// Remove a desk where no ticket is open and under which no desk lies.
    #[command(after_help = "Example:\n  yizhan desk remove cz-east")]
    Remove {
        /// Its key.
        desk: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum Member {
    /// Let a person belong to a desk: they become its specialist.
    #[command(
        after_help = "Examples:\n  yizhan desk member add cz-east 王专员 --class pay --class labour\n  yizhan desk member add cz-tianning 01999c2e --coordinator"
    )]
    Add {
        /// The desk's key.
        desk: String,
        /// The person's name, id, or the beginning of the id.
        person: String,
        /// They coordinate there: assign and escalate. They must coordinate the desk's region.
        #[arg(long)]
        coordinator: bool,
        /// A class of request they answer; may be given more than once; none for all.
        #[arg(long = "class", value_name = "CLASS")]
        classes: Vec<String>,
    },
    /// End a person's belonging to a desk, and with it their role there.
    #[command(after_help = "Example:\n  yizhan desk member remove cz-east 王专员")]
    Remove {
        /// The desk's key.
        desk: String,
        /// The person's name, id, or the beginning of the id.
        person: String,
    },
}
