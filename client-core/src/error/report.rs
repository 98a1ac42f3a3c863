//! Why there is no report.

use yizhan_proto::RegionKey;

use super::{Cause, ClientError};
use crate::model::report::Month;

/// Why a person gets no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportDenied {
    /// They keep no station, answer at no desk and coordinate no region.
    #[error(
        "reports are for keepers, specialists and coordinators; what is about you: yizhan-phone export"
    )]
    NoRole,
    /// They keep another station.
    #[error("a keeper's report is about the own station; leave --station out")]
    OtherStation,
    /// They do not coordinate the region.
    #[error("reports of the region {0} are for its coordinators")]
    OtherRegion(RegionKey),
}

impl From<ReportDenied> for ClientError {
    fn from(error: ReportDenied) -> Self {
        Self::Denied(Cause::new("report.denied", error))
    }
}

/// Why there is no report although the person may have it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportMissing {
    /// They coordinate several regions and named none.
    #[error("you coordinate several regions; say which: --region {}", .0.join(", --region "))]
    WhichRegion(Vec<String>),
    /// The relay has not handed it out yet.
    #[error(
        "the relay has not handed out this report of the region {0} yet; sync when there is coverage, then ask again"
    )]
    NoneYet(RegionKey),
    /// It is about other months.
    #[error("the report that is here covers {from} to {to}; ask for months of those")]
    OtherMonths {
        /// The first month it covers.
        from: Month,
        /// The last.
        to: Month,
    },
}

impl From<ReportMissing> for ClientError {
    fn from(error: ReportMissing) -> Self {
        match &error {
            ReportMissing::WhichRegion(_) => Self::Invalid(Cause::new("report.region", error)),
            ReportMissing::NoneYet(_) => Self::TryLater(Cause::new("report.none_yet", error)),
            ReportMissing::OtherMonths { .. } => Self::Invalid(Cause::new("report.months", error)),
        }
    }
}
