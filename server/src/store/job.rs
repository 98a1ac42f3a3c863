//! What waits for the writer: jobs that share a commit, and what must stand alone.

use tokio::sync::oneshot;

use super::log::LogTx;
use super::{StoreError, WriteError};

/// What the writer is asked for.
pub(super) enum Order {
    /// A job, to share a commit with others.
    Job(Box<dyn Job>),
    /// [`Writer::scrub`], which no transaction may be around.
    Scrub {
        rewrite: bool,
        reply: oneshot::Sender<Result<bool, StoreError>>,
    },
}

/// A job whose types are its own affair.
pub(super) trait Job: Send {
    /// Does the work; whether to keep it.
    fn run(&mut self, tx: &mut LogTx<'_>) -> bool;
    /// Tells whoever waits.
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Typed<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, WriteError<E>>>,
}

/// A job that tells `reply` what came of it.
pub(super) fn job<F, T, E>(work: F, reply: oneshot::Sender<Result<T, WriteError<E>>>) -> Order
where
    F: FnOnce(&mut LogTx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    Order::Job(Box::new(Typed {
        work: Some(work),
        result: None,
        reply,
    }))
}

impl<F, T, E> Job for Typed<F, T, E>
where
    F: FnOnce(&mut LogTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    fn run(&mut self, tx: &mut LogTx<'_>) -> bool {
        self.result = self.work.take().map(|work| work(tx));
        matches!(self.result, Some(Ok(_)))
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let settled = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(WriteError::Job(error)),
            (_, Err(error)) => Err(WriteError::Store(error)),
            (None, Ok(())) => Err(WriteError::Panicked),
        };
        // Whoever asked may have gone away; what is stored is stored.
        drop(self.reply.send(settled));
    }
}
