//! What a relay is opened with.

use super::{Calendar, Periods, Quotas};

/// Days that backups are kept, if nobody says otherwise.
pub const BACKUP_DAYS_DEFAULT: u16 = 30;

/// Sizes of the relay's inner works. The defaults fit one small machine.
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// Jobs that may wait for the writer; past it, [`crate::error::RelayError::Busy`].
    pub queue_jobs_max: usize,
    /// Read-only connections, and so pages read at one time.
    pub readers: usize,
    /// Outlines kept in memory by the writer.
    pub outlines_cached_max: usize,
    /// Whether the data folder was restored from a backup: the relay then begins a new epoch, and
    /// every device offers again what it made.
    pub restored: bool,
    /// When people at the desks work, and how long each step of a ticket may take.
    pub calendar: Calendar,
    /// Days that backups of the data folder are kept: the receipt of an erasure says when the last
    /// of them expires.
    pub backup_days: u16,
    /// How much a person may begin and leave waiting, and how full a scope may grow.
    pub quotas: Quotas,
    /// How long after its end a document stays with each audience.
    pub periods: Periods,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            queue_jobs_max: 1024,
            readers: 4,
            outlines_cached_max: 50_000,
            restored: false,
            calendar: Calendar::default(),
            backup_days: BACKUP_DAYS_DEFAULT,
            quotas: Quotas::default(),
            periods: Periods::default(),
        }
    }
}
