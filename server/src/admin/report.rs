//! Reports: the admin API's messages about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;

/// What a report is to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// `services`, `checks`, `activities` or `tickets`.
    pub what: String,
    /// The first month, as `2026-11`.
    pub from: String,
    /// The last month.
    pub to: String,
    /// The time zone in which months begin, as `Asia/Shanghai`; UTC if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Only this station: key or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    /// Only this region: key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// One line of the answer: how far it is, then the report or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportLine {
    /// So many documents were read, of so many.
    Progress {
        /// Read.
        done: u64,
        /// Of.
        of: u64,
    },
    /// The report: the last line.
    Report(ReportSheet),
    /// There is none: the last line.
    Problem(Problem),
}

/// A cell: a text or a number; `<10*` if it is withheld, null if there is nothing to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ReportCell {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Nothing to say.
    Nothing,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportSheet {
    /// Which report.
    pub id: String,
    /// The first month.
    pub from: String,
    /// The last month.
    pub to: String,
    /// The time zone.
    pub zone: String,
    /// Whether something is withheld.
    pub withheld: bool,
    /// Documents that could not be read and are not in it.
    pub unreadable: u64,
    /// Names of the columns, in order.
    pub columns: Vec<String>,
    /// The rows, by column.
    pub rows: Vec<BTreeMap<String, ReportCell>>,
}
