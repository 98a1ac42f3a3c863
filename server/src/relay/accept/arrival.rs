//! When and from whom changes arrive, and how much room there is for them.

use yizhan_client_core::model::Author;
use yizhan_proto::limits::CLOCK_SKEW_TOLERATED_MS;
use yizhan_proto::{DeviceId, PersonId, Timestamp};

use crate::relay::Quotas;

/// When and from whom changes arrive.
#[derive(Debug, Clone, Copy)]
pub(in crate::relay) struct Arrival {
    /// The device that pushes.
    pub(in crate::relay) device: DeviceId,
    /// The person it acts for.
    pub(in crate::relay) person: PersonId,
    /// When it came, by the relay's clock.
    pub(in crate::relay) received_at: Timestamp,
    /// The relay's clock as the change is looked at: of what waited for a decision, long after it
    /// came. Where a document lies goes by this one.
    pub(in crate::relay) now: Timestamp,
    /// Device clock minus relay clock, 0 within tolerance.
    pub(in crate::relay) skew_ms: i64,
    /// What it may take up; `None` for what the relay itself writes.
    pub(in crate::relay) quotas: Option<Quotas>,
    /// The bound on documents of a day, if its person has begun as many.
    pub(in crate::relay) begun_max: Option<u64>,
}

impl Arrival {
    /// An arrival right now from a device whose clock says `device_time`.
    pub(in crate::relay) fn new(author: &Author, now: Timestamp, device_time: Timestamp) -> Self {
        Self::of(author.device, author.person, now, device_time)
    }

    /// An arrival right now from a device that acted for this person, whose clock says
    /// `device_time`.
    pub(in crate::relay) fn of(
        device: DeviceId,
        person: PersonId,
        now: Timestamp,
        device_time: Timestamp,
    ) -> Self {
        let skew_ms = device_time.ms_since(now);
        let tolerated = (-CLOCK_SKEW_TOLERATED_MS..=CLOCK_SKEW_TOLERATED_MS).contains(&skew_ms);
        Self {
            device,
            person,
            received_at: now,
            now,
            skew_ms: if tolerated { 0 } else { skew_ms },
            quotas: None,
            begun_max: None,
        }
    }

    /// The same, under quotas.
    pub(in crate::relay) const fn under(mut self, quotas: Quotas) -> Self {
        self.quotas = Some(quotas);
        self
    }
}
