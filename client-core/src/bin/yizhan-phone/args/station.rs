//! `station`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// List the stations that this phone knows.
    #[command(
        after_help = "Examples:\n  yizhan-phone station list\n  yizhan-phone station list --region zhaoyuan --json"
    )]
    List {
        /// Only those of this region.
        #[arg(long)]
        region: Option<String>,
    },
    /// Show one station.
    Show {
        /// Key, id or name.
        station: String,
    },
    /// Say what has changed at a station: beds, hours, facilities... (its keepers, coordinators).
    #[command(
        after_help = "Examples:\n  yizhan-phone station set zy-xinglongsheng --beds-free 5\n  yizhan-phone station set zy-xinglongsheng --hours 全天 --notice 今晚停水 --stop shower"
    )]
    Set(StationSetArgs),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true, args = ["beds_free", "hours", "phone", "open", "notice", "offer", "stop"])]
pub(crate) struct StationSetArgs {
    /// Key, id or name.
    pub(crate) station: String,
    /// Beds free.
    #[arg(long, value_name = "N")]
    pub(crate) beds_free: Option<u32>,
    /// Opening hours, in words.
    #[arg(long)]
    pub(crate) hours: Option<String>,
    /// Phone number.
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// Whether it is open.
    #[arg(long, value_parser = ["yes", "no"])]
    pub(crate) open: Option<String>,
    /// The notice shown with it; an empty one clears it.
    #[arg(long)]
    pub(crate) notice: Option<String>,
    /// A facility that it offers from now on; may be given several times.
    #[arg(long, value_name = "FACILITY")]
    pub(crate) offer: Vec<String>,
    /// A facility that it does not offer any more; may be given several times.
    #[arg(long, value_name = "FACILITY")]
    pub(crate) stop: Vec<String>,
}
