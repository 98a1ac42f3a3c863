//! A connection whose reads and writes end when they stall.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::patience::Patience;
use super::phase::{Phase, Phases};
use crate::clock::Clock;
use crate::config::HttpLimits;

/// A connection under guard.
pub(super) struct Guarded<S> {
    stream: S,
    clock: Arc<dyn Clock>,
    phases: Phases,
    fresh: Duration,
    head: Duration,
    idle: Duration,
    patience: Patience,
    /// When bytes last went either way, in milliseconds of the clock.
    moved_at_ms: u64,
    reading: Option<Pin<Box<Sleep>>>,
    /// The phase that `reading` counts.
    counted: Phase,
    /// Since when a write waits, and until when it may.
    writing: Option<(u64, Pin<Box<Sleep>>)>,
}

impl<S> Guarded<S> {
    pub(super) fn new(
        stream: S,
        limits: &HttpLimits,
        phases: Phases,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            stream,
            moved_at_ms: clock.elapsed_ms(),
            clock,
            phases,
            fresh: limits.head_timeout,
            head: limits.head_timeout,
            idle: limits.idle_timeout,
            patience: Patience::new(ms(limits.write_timeout), limits.write_bytes_per_s_min),
            reading: None,
            counted: Phase::Fresh,
            writing: None,
        }
    }

    fn moved(&mut self) {
        self.moved_at_ms = self.clock.elapsed_ms();
    }

    /// What a read that finds nothing waits for; `Ready` when it has waited long enough.
    fn stalled_reading(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let phase = self.phases.now();
        let (most, cut) = match phase {
            Phase::Fresh => (self.fresh, "head"),
            Phase::Head => (self.head, "head"),
            Phase::Idle => (self.idle, "idle"),
            Phase::Served => {
                self.reading = None;
                self.counted = phase;
                self.phases.wake_when_answered(cx.waker());
                return Poll::Pending;
            }
        };
        loop {
            if self.counted != phase || self.reading.is_none() {
                self.counted = phase;
                self.reading = Some(Box::pin(sleep(most)));
            }
            let Some(timer) = &mut self.reading else {
                return Poll::Pending;
            };
            ready!(timer.as_mut().poll(cx));
            self.reading = None;
            let quiet_ms = self.clock.elapsed_ms().saturating_sub(self.moved_at_ms);
            if phase == Phase::Idle && quiet_ms < ms(most) {
                // The end of an answer is still on its way to somebody who takes it slowly.
                let left = most.saturating_sub(Duration::from_millis(quiet_ms));
                self.reading = Some(Box::pin(sleep(left)));
                continue;
            }
            return Poll::Ready(stalled(cut));
        }
    }

    /// Counts what a write came to, and ends one that has waited long enough.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
        bytes: impl Fn(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = outcome {
            let now_ms = self.clock.elapsed_ms();
            let waited_ms = match self.writing.take() {
                Some((since_ms, _)) => now_ms.saturating_sub(since_ms),
                None => 0,
            };
            self.patience
                .moved(waited_ms, done.as_ref().map_or(0, &bytes));
            self.moved_at_ms = now_ms;
            return Poll::Ready(done);
        }
        let (clock, patience) = (&self.clock, &self.patience);
        let (_, timer) = self.writing.get_or_insert_with(|| {
            let most = Duration::from_millis(patience.left_ms());
            (clock.elapsed_ms(), Box::pin(sleep(most)))
        });
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(stalled("write")))
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn stalled(cut: &'static str) -> io::Error {
    metrics::counter!("yizhan_connections_cut_total", "reason" => cut).increment(1);
    tracing::debug!(reason = cut, "a connection stalled and is cut");
    io::Error::new(io::ErrorKind::TimedOut, cut)
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(done) => {
                if buf.filled().len() > before {
                    self.moved();
                    // The head's time counts from its first byte; those that follow do not renew it.
                    if matches!(self.phases.now(), Phase::Fresh | Phase::Idle) {
                        self.phases.set(Phase::Head);
                        self.reading = None;
                    }
                }
                Poll::Ready(done)
            }
            Poll::Pending => self.stalled_reading(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(cx, outcome, |bytes| *bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(cx, outcome, |bytes| *bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
