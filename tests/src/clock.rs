//! Time in a simulated world: one true time, and clocks that people and batteries set wrong.
//!
//! Nothing here reads the machine's clock, and nothing waits: time moves when a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use yizhan_client_core::clock as client;
use yizhan_proto::Timestamp;
use yizhan_server::clock as server;

use crate::chance::Chance;

/// Milliseconds of a second, a minute, an hour, a day.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// 2026-11-02T00:00:00Z, a Monday: when every simulated world begins.
pub const BEGINNING: Timestamp = Timestamp::from_ms(1_793_577_600_000);

/// The world's true time. Clones are the same time.
#[derive(Debug, Clone, Default)]
pub struct TrueTime(Arc<AtomicI64>);

impl TrueTime {
    /// A world's beginning.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Milliseconds since the beginning.
    #[must_use]
    pub fn elapsed_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The true time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        BEGINNING.saturating_add_ms(self.elapsed_ms())
    }

    /// Lets time go by.
    pub fn pass_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

/// A clock somebody set: true time, moved by an offset.
#[derive(Debug)]
pub struct SimClock {
    time: TrueTime,
    offset_ms: AtomicI64,
    chance: Mutex<Chance>,
}

impl SimClock {
    /// A clock that is right, with randomness of its own.
    #[must_use]
    pub fn new(time: TrueTime, chance: Chance) -> Arc<Self> {
        Arc::new(Self {
            time,
            offset_ms: AtomicI64::new(0),
            chance: Mutex::new(chance),
        })
    }

    /// Sets the clock wrong by so many milliseconds (negative: behind); 0 sets it right.
    pub fn set_wrong_by_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }

    /// By how much it is wrong.
    #[must_use]
    pub fn wrong_by_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// What it says.
    #[must_use]
    pub fn reads(&self) -> Timestamp {
        self.time.now().saturating_add_ms(self.wrong_by_ms())
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.time.elapsed_ms()).unwrap_or(0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.chance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill(bytes);
    }
}

impl client::Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.reads()
    }

    fn elapsed_ms(&self) -> u64 {
        self.elapsed()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), client::NoRandomness> {
        self.fill(bytes);
        Ok(())
    }
}

impl server::Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.reads()
    }

    fn elapsed_ms(&self) -> u64 {
        self.elapsed()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), server::NoRandomness> {
        self.fill(bytes);
        Ok(())
    }
}
