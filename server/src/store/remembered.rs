//! A driver's consents at a station in memory: every visit asks for them, and they seldom change.
//!
//! What memory knows was read where no open commit had changed it, and is dropped when a commit that
//! changes it is on disk. Whatever a running commit changes is read from the disk by that commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use yizhan_proto::{PersonId, StationId, Timestamp};

use super::StoreError;
use super::cache::Recent;
use super::log::LogTx;
use super::rows::ConsentRow;

/// Drivers at stations whose consents are kept in memory.
const KNOWN_MAX: usize = 20_000;

/// A driver, by one of their ids, at a station.
pub(super) type DriverAt = (PersonId, StationId);

/// Whose consents commits have changed.
#[derive(Debug, Default)]
pub(super) struct ConsentsMoved {
    at: BTreeSet<DriverAt>,
    /// Anybody's, as far as is known here.
    all: bool,
}

impl ConsentsMoved {
    /// Nobody's.
    pub(super) const fn none() -> Self {
        Self {
            at: BTreeSet::new(),
            all: false,
        }
    }

    fn touches(&self, whose: &DriverAt) -> bool {
        self.all || self.at.contains(whose)
    }

    /// With what another job changed.
    pub(super) fn absorb(&mut self, mut job: Self) {
        self.at.append(&mut job.at);
        self.all |= job.all;
    }
}

/// Consents as they were read at a time.
#[derive(Debug, Clone)]
struct Known {
    rows: Arc<[ConsentRow]>,
    /// When they were read.
    from: Timestamp,
    /// When a sharing among them ends: others may count then.
    until: Option<Timestamp>,
}

/// What memory knows of committed consents.
#[derive(Debug)]
pub(super) struct Consents(Recent<DriverAt, Known>);

impl Consents {
    /// Nothing.
    pub(super) fn new() -> Self {
        Self(Recent::new(KNOWN_MAX))
    }

    /// Drops what a commit changed.
    pub(super) fn follow(&mut self, moved: &ConsentsMoved) {
        if moved.all {
            *self = Self::new();
        }
        for whose in &moved.at {
            self.0.remove(whose);
        }
    }
}

impl LogTx<'_> {
    /// As [`LogTx::consents_standing`], for all ids of the driver of this one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn consents_of(
        &mut self,
        driver: PersonId,
        station: StationId,
        now: Timestamp,
        shares_max: usize,
    ) -> Result<Arc<[ConsentRow]>, StoreError> {
        let whose = (driver, station);
        let moved = self.job.consents.touches(&whose) || self.batch.consents.touches(&whose);
        if !moved
            && let Some(known) = self.committed.consents.0.get(&whose)
            && known.from <= now
            && known.until.is_none_or(|until| now <= until)
        {
            return Ok(known.rows);
        }
        let ids = self.ids_of(driver)?;
        let rows: Arc<[ConsentRow]> = self
            .consents_standing(&ids, station, now, shares_max)?
            .into();
        if !moved {
            let shares = rows.iter().filter(|row| row.share_with.is_some());
            let known = Known {
                rows: Arc::clone(&rows),
                from: now,
                until: shares.filter_map(|row| row.until).min(),
            };
            self.committed.consents.0.put(whose, known);
        }
        Ok(rows)
    }

    /// Says that this commit changes the consents of a driver, by any of these ids, at a station.
    pub(super) fn consents_moved(&mut self, drivers: &[PersonId], station: StationId) {
        let moved = drivers.iter().map(|driver| (*driver, station));
        self.job.consents.at.extend(moved);
    }

    /// Says that this commit changes who is whom, or takes consents away.
    pub(super) fn all_consents_moved(&mut self) {
        self.job.consents.all = true;
    }
}
