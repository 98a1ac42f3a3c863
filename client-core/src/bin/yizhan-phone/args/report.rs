//! `report`.

use clap::Args;
use yizhan_client_core::model::report::{Month, What};
use yizhan_proto::RegionKey;

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// What about: services, checks, activities or tickets.
    #[arg(long, default_value = "services", value_parser = what)]
    pub(crate) what: What,
    /// One month, as 2026-11; without any, the one it is.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    pub(crate) month: Option<Month>,
    /// The first month.
    #[arg(long, value_name = "MONTH", requires = "to")]
    pub(crate) from: Option<Month>,
    /// The last month.
    #[arg(long, value_name = "MONTH", requires = "from")]
    pub(crate) to: Option<Month>,
    /// Only this station: key, id or name.
    #[arg(long)]
    pub(crate) station: Option<String>,
    /// Which region, for who coordinates several: its key.
    #[arg(long, value_name = "KEY")]
    pub(crate) region: Option<RegionKey>,
    /// The time zone in which months begin, as Asia/Shanghai; without it, this machine's. A report
    /// that the relay made of a region has the relay's.
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// table, csv or json.
    #[arg(long, default_value = "table", value_parser = ["table", "csv", "json"])]
    pub(crate) format: String,
    /// Write to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<std::path::PathBuf>,
}

fn what(text: &str) -> Result<What, String> {
    What::from_text(text)
        .ok_or_else(|| format!("{text} is no report; try {}", What::TEXTS.join(", ")))
}
