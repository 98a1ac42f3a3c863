//! `yizhan report`.

use std::path::PathBuf;

use clap::Args;
use yizhan_client_core::model::report::Month;

#[derive(Debug, Args)]
pub(in super::super) struct Report {
    /// What about: services, checks, activities or tickets.
    #[arg(long, default_value = "services", value_parser = ["services", "checks", "activities", "tickets"])]
    pub(in super::super) what: String,
    /// One month, as 2026-11; without any, the one it is.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    pub(in super::super) month: Option<Month>,
    /// The first month.
    #[arg(long, value_name = "MONTH", requires = "to")]
    pub(in super::super) from: Option<Month>,
    /// The last month.
    #[arg(long, value_name = "MONTH", requires = "from")]
    pub(in super::super) to: Option<Month>,
    /// Only this station: key or id.
    #[arg(long, conflicts_with = "region")]
    pub(in super::super) station: Option<String>,
    /// Only this region: key.
    #[arg(long)]
    pub(in super::super) region: Option<String>,
    /// The time zone in which months begin, as Asia/Shanghai; without it, this machine's.
    #[arg(long, value_name = "ZONE")]
    pub(in super::super) zone: Option<String>,
    /// table, csv or json.
    #[arg(long, default_value = "table", value_parser = ["table", "csv", "json"])]
    pub(in super::super) format: String,
    /// Write to a file.
    #[arg(long, value_name = "FILE")]
    pub(in super::super) out: Option<PathBuf>,
}
