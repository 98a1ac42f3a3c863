//! The writer: one thread, one connection, many jobs in one commit.
//!
//! It drains what waits, up to [`JOBS_PER_COMMIT_MAX`] jobs, into one transaction. Each job runs in
//! a savepoint, so one that fails is undone alone; nobody hears of a job before the commit it is
//! part of is on disk. If the commit fails, every job in it failed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use yizhan_proto::{PersonId, Scope, Sequence, Timestamp};

use super::StoreError;
use super::cache::{Committed, Layer};
use super::desks::desks;
use super::flush::flush;
use super::job::{Job, Order, job};
use super::log::{LogTx, Touched};
use super::people::person_row;
use super::places::regions;
use super::recipients;
use super::rows::{DeskRow, PersonRow, RegionRow};
use super::scrub;

/// Jobs that share one commit at most.
const JOBS_PER_COMMIT_MAX: usize = 256;
/// How long to wait for one more job while fewer have come than half of those of the last commit:
/// devices that were answered together come back together, and a commit for the first of them alone
/// would keep all others waiting for the disk.
const STRAGGLER_WAIT: Duration = Duration::from_micros(100);

/// What a commit changed that memory elsewhere wants to follow.
#[derive(Debug, Default)]
pub struct Commit {
    /// Jobs in it, those that failed among them.
    pub jobs: usize,
    /// Jobs that waited when they were taken.
    pub waiting: usize,
    /// Scopes that moved, each with its latest sequence.
    pub moved: BTreeMap<Scope, Sequence>,
    /// People who changed, as they are from now on.
    pub people: Vec<PersonRow>,
    /// All regions, if any changed.
    pub regions: Option<Vec<RegionRow>>,
    /// All desks, if any or their members changed.
    pub desks: Option<Vec<DeskRow>>,
    /// People who became aliases of others.
    pub gone: Vec<PersonId>,
}

/// Why a job was not done. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The job's own reason.
    #[error(transparent)]
    Job(E),
    /// The commit failed.
    #[error(transparent)]
    Store(StoreError),
    /// Too many jobs wait.
    #[error("too many jobs wait for the writer")]
    Full,
    /// The writer has ended.
    #[error("the writer has ended")]
    Closed,
    /// The job panicked.
    #[error("a writing job failed")]
    Panicked,
}

/// The only way to write.
pub struct Writer {
    queue: Mutex<Option<SyncSender<Order>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    waiting: Arc<AtomicUsize>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        committed: Committed,
        lock: File,
        queue_jobs_max: usize,
        now: Box<dyn Fn() -> Timestamp + Send>,
        published: Box<dyn FnMut(Commit) + Send>,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(queue_jobs_max.max(1));
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&waiting);
        let mut worker = Worker {
            connection,
            committed,
            now,
            published,
        };
        let thread = std::thread::Builder::new()
            .name("yizhan-writer".to_owned())
            .spawn(move || {
                worker.run(&receiver, &counted);
                worker.close();
                // Held until the last byte is written: only then may another relay start here.
                drop(lock);
            })?;
        Ok(Self {
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            waiting,
        })
    }

    /// Jobs that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the writer takes jobs.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let alive = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|thread| !thread.is_finished());
        alive
            && self
                .queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some()
    }

    /// Runs `work` on the writer thread and returns once its commit is on disk. The work stands
    /// even if the caller stops waiting.
    ///
    /// # Errors
    /// [`WriteError`]: nothing of the work was stored.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut LogTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (reply, replied) = oneshot::channel();
        self.submit(job(work, reply))?;
        replied.await.unwrap_or(Err(WriteError::Closed))
    }

    /// Rewrites the database, so that no page holds anything that was deleted, and empties the
    /// write-ahead log. Jobs wait meanwhile: some three seconds for each 100 MB. `false`: a reader
    /// still needs the log; the rest is to be done again later, and costs little then.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn scrub<E>(&self, rewrite: bool) -> Result<bool, WriteError<E>> {
        let (reply, replied) = oneshot::channel();
        self.submit(Order::Scrub { rewrite, reply })?;
        match replied.await {
            Ok(scrubbed) => scrubbed.map_err(WriteError::Store),
            Err(_) => Err(WriteError::Closed),
        }
    }

    fn submit<E>(&self, order: Order) -> Result<(), WriteError<E>> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = queue.as_ref() else {
            return Err(WriteError::Closed);
        };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        sender.try_send(order).map_err(|error| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => WriteError::Full,
                TrySendError::Disconnected(_) => WriteError::Closed,
            }
        })
    }

    /// Takes no more jobs, finishes those that wait, closes the database, and returns when that
    /// is done. Blocks. Again: nothing.
    pub fn shutdown(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shutdown();
    }
}

struct Worker {
    connection: Connection,
    committed: Committed,
    now: Box<dyn Fn() -> Timestamp + Send>,
    published: Box<dyn FnMut(Commit) + Send>,
}

impl Worker {
    fn run(&mut self, queue: &Receiver<Order>, waiting: &AtomicUsize) {
        let mut expected = 0;
        while let Ok(first) = queue.recv() {
            let mut jobs = Vec::new();
            let mut scrub = None;
            match first {
                Order::Job(job) => jobs.push(job),
                Order::Scrub { rewrite, reply } => scrub = Some((rewrite, reply)),
            }
            while scrub.is_none() && jobs.len() < JOBS_PER_COMMIT_MAX {
                let next = match queue.try_recv() {
                    Err(TryRecvError::Empty) if jobs.len() < expected => queue
                        .recv_timeout(STRAGGLER_WAIT)
                        .map_err(|_| TryRecvError::Empty),
                    other => other,
                };
                match next {
                    Ok(Order::Job(job)) => jobs.push(job),
                    Ok(Order::Scrub { rewrite, reply }) => scrub = Some((rewrite, reply)),
                    Err(_) => break,
                }
            }
            expected = jobs.len() / 2;
            let taken = jobs.len() + usize::from(scrub.is_some());
            waiting.fetch_sub(taken, Ordering::Relaxed);
            if !jobs.is_empty() {
                self.commit_and_tell(jobs, waiting);
            }
            if let Some((rewrite, reply)) = scrub {
                // Whoever asked may have gone away.
                drop(reply.send(scrub::scrub(&self.connection, rewrite)));
            }
        }
    }

    fn commit_and_tell(&mut self, mut jobs: Vec<Box<dyn Job>>, waiting: &AtomicUsize) {
        let committed = self.commit(&mut jobs, waiting.load(Ordering::Relaxed));
        if let Err(error) = &committed {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(jobs = jobs.len(), %error, cause, "a commit failed; nothing of it was stored");
        }
        for job in jobs {
            job.settle(committed.clone());
        }
    }

    /// Runs all jobs in one transaction and makes it durable.
    fn commit(&mut self, jobs: &mut [Box<dyn Job>], waiting: usize) -> Result<(), StoreError> {
        let result = self.transaction(jobs);
        match result {
            Ok((layer, mut commit)) => {
                commit.waiting = waiting;
                self.committed.absorb(layer);
                (self.published)(commit);
                Ok(())
            }
            Err(error) => {
                // The engine may have rolled back by itself (a full disk does that).
                if !self.connection.is_autocommit()
                    && let Err(error) = self.connection.execute_batch("ROLLBACK")
                {
                    tracing::error!(%error, "a failed commit could not be rolled back");
                }
                Err(error)
            }
        }
    }

    fn transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(Layer, Commit), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        let mut batch = Layer::on(self.committed.counters);
        let mut touched = Touched::default();
        for job in &mut *jobs {
            self.run_job(job.as_mut(), &mut batch, &mut touched)?;
        }
        let now = (self.now)();
        recipients::follow(&self.connection, &touched, now)?;
        flush(&self.connection, &batch, &self.committed, now)?;
        let commit = self.describe(jobs.len(), &batch, touched)?;
        self.execute("COMMIT")?;
        Ok((batch, commit))
    }

    fn run_job(
        &mut self,
        job: &mut dyn Job,
        batch: &mut Layer,
        touched: &mut Touched,
    ) -> Result<(), StoreError> {
        self.execute("SAVEPOINT job")?;
        let mut tx = LogTx::new(&self.connection, &mut self.committed, batch);
        let keep = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))).unwrap_or_else(|_| {
            tracing::error!("a writing job panicked; it was undone");
            false
        });
        let (layer, people) = tx.finish();
        if self.connection.is_autocommit() {
            return Err(StoreError::gave_up());
        }
        if keep {
            batch.absorb(layer);
            touched.absorb(people);
        } else {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")
    }

    /// Read inside the transaction, so that what memory is told is what was committed.
    fn describe(&self, jobs: usize, layer: &Layer, touched: Touched) -> Result<Commit, StoreError> {
        let mut moved: BTreeMap<Scope, Sequence> = BTreeMap::new();
        let members = layer
            .documents
            .values()
            .flat_map(|dirty| &dirty.after.members);
        for member in members {
            if self.committed.counters.head.has_read(member.last) {
                continue;
            }
            moved
                .entry(member.scope.clone())
                .and_modify(|last| *last = member.last.max(*last))
                .or_insert(member.last);
        }
        let people = touched
            .people
            .into_iter()
            .filter_map(|person| person_row(&self.connection, person).transpose())
            .collect::<Result<_, _>>()?;
        let regions = touched
            .regions
            .then(|| regions(&self.connection))
            .transpose()?;
        let desks = touched.desks.then(|| desks(&self.connection)).transpose()?;
        Ok(Commit {
            jobs,
            waiting: 0,
            moved,
            people,
            regions,
            desks,
            gone: touched.gone.into_iter().collect(),
        })
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Leaves one tidy file behind.
    fn close(&self) {
        let checkpoint = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = checkpoint {
            tracing::warn!(%error, "the write-ahead log stays; the next start reads it");
        }
    }
}
