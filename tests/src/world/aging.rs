//! Time that passes: documents grow old, and leave.

use yizhan_server::relay::Periods;

use super::World;
use crate::clock::DAY_MS;
use crate::reference::Looked;

/// Portions after which what grew old is never through.
const PORTIONS_MAX: usize = 10_000;

/// What time brings about.
impl World {
    /// From now on the relay lets documents go after these periods. It is restarted for that.
    pub fn keep(&mut self, periods: Periods) {
        self.stop_relay();
        self.aged_at = Some(self.relay_clock.reads());
        self.periods = periods;
        self.start_relay();
    }

    pub(super) fn looked(&self) -> Option<Looked> {
        let periods = self.periods.clone();
        self.aged_at.map(|at| Looked { at, periods })
    }

    /// Days go by.
    pub fn wait_days(&self, days: i64) {
        self.wait_ms(days * DAY_MS);
    }

    /// The relay lets go all that grew old. How many portions that took.
    ///
    /// # Panics
    /// If the relay fails, or never ends.
    pub fn grow_old(&mut self) -> usize {
        if self.aged_at.is_none() {
            return 0;
        }
        for portions in 1..PORTIONS_MAX {
            let now = self.relay().time();
            if !self.run(self.relay().grow_old(now)).expect("a portion") {
                self.aged_at = Some(now);
                return portions;
            }
        }
        panic!("what grew old is never through");
    }
}
