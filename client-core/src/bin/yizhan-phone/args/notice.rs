//! `notice`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum NoticeCommand {
    /// List notices in force: the most urgent first, then the newest.
    #[command(
        after_help = "Examples:\n  yizhan-phone notice list\n  yizhan-phone notice list --all --json"
    )]
    List {
        /// Also those that have ended or were taken back.
        #[arg(long)]
        all: bool,
        /// Only those from this station (key, id or name).
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        /// At most so many; 0: all.
        #[arg(long, default_value_t = 0)]
        limit: u32,
    },
    /// Show one notice.
    #[command(after_help = "Example:\n  yizhan-phone notice show last")]
    Show {
        /// The notice.
        notice: String,
    },
    /// Publish a notice: as a keeper for your station, as a coordinator for your region.
    #[command(
        after_help = "Examples:\n  yizhan-phone notice publish --station zy-xinglongsheng --title 今晚停水 '22:00 到 6:00 停水,请提前洗澡'\n  yizhan-phone notice publish --station zy-xinglongsheng --keepers-only --title 排班 周六请早到\n  yizhan-phone notice publish --region zhaoyuan --level urgent --title 暴雪封路 G18 招远段封闭"
    )]
    Publish(NoticePublishArgs),
    /// Take a notice back.
    #[command(after_help = "Example:\n  yizhan-phone notice withdraw last")]
    Withdraw {
        /// The notice.
        notice: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NoticePublishArgs {
    /// Title, one line.
    #[arg(long)]
    pub(crate) title: String,
    /// The message; several words need no quotes.
    #[arg(required = true, num_args = 1..)]
    pub(crate) text: Vec<String>,
    /// The station it is from; its region's people read it.
    #[arg(long, value_name = "STATION", required_unless_present = "region")]
    pub(crate) station: Option<String>,
    /// The region whose people read it.
    #[arg(long, conflicts_with = "keepers_only")]
    pub(crate) region: Option<String>,
    /// Only the station's keepers read it.
    #[arg(long, requires = "station")]
    pub(crate) keepers_only: bool,
    /// How much it matters.
    #[arg(long, default_value = "info", value_parser = ["info", "warning", "urgent"])]
    pub(crate) level: String,
    /// In force until; without it, until it is taken back.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}
