//! Whether the relay takes work: its store can be read, and written.

use std::sync::{Mutex, PoisonError};

use yizhan_proto::Timestamp;

use super::{Relay, from_read, from_write};
use crate::error::RelayError;
use crate::store::LogTx;

/// Milliseconds for which a write that succeeded stands for the next.
const WRITTEN_GOOD_MS: u64 = 5_000;

/// When the store was last written to find out whether it can be.
#[derive(Debug, Default)]
pub(super) struct Probe(Mutex<Option<u64>>);

impl Probe {
    fn is_fresh(&self, elapsed_ms: u64) -> bool {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.is_some_and(|at_ms| elapsed_ms.saturating_sub(at_ms) < WRITTEN_GOOD_MS)
    }

    fn written(&self, elapsed_ms: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(elapsed_ms);
    }
}

impl Relay {
    /// Whether the writer runs, the store answers, and the disk takes what is written: for
    /// `/readyz`. However often it is asked, it writes a few bytes every few seconds at most.
    ///
    /// # Errors
    /// [`RelayError`] says what is wrong.
    pub async fn ready(&self) -> Result<(), RelayError> {
        if !self.inner.writer.is_open() {
            return Err(RelayError::ShuttingDown);
        }
        let head = self
            .inner
            .readers
            .read(|snapshot| snapshot.head())
            .await
            .map_err(from_read)?;
        let elapsed_ms = self.inner.clock.elapsed_ms();
        if !self.inner.probe.is_fresh(elapsed_ms) {
            let now: Timestamp = self.inner.clock.now();
            let job = move |tx: &mut LogTx<'_>| -> Result<_, RelayError> {
                tx.touch(now)?;
                Ok(())
            };
            let written = self.inner.writer.write(job).await;
            written.map_err(from_write::<_, RelayError>)?;
            self.inner.probe.written(elapsed_ms);
        }
        tracing::trace!(%head, "ready");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_stands_for_a_few_seconds() {
        let probe = Probe::default();
        assert!(!probe.is_fresh(0));
        probe.written(1_000);
        assert!(probe.is_fresh(5_999));
        assert!(!probe.is_fresh(6_000));
    }
}
