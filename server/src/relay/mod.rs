//! The relay: orders, checks, keeps and passes on changes. It knows no HTTP and no SQL, and it
//! opens no document but those it writes in itself: stations it imports, and the activities and
//! enrolments whose seats it gives away.
//!
//! | module | what it does |
//! | --- | --- |
//! | `audit` | who did what to what: the log that is only ever added to |
//! | `attachments` | photos and papers: who may send and fetch which bytes |
//! | `exchange` | one sync exchange: push, then pull |
//! | `accept` | whether a pushed change may enter, and its receipt |
//! | `membership` | which scopes a document is in; joining and leaving |
//! | `access` | what consents change of that: sharing, withdrawal |
//! | `page`, `repair` | what a device does not have yet |
//! | `directory` | who may act right now, in memory |
//! | `recipients` | which device was ever served which scope |
//! | `outstanding` | what devices are still to forget |
//! | `closing` | stations that close and open again |
//! | `clocks` | by when a ticket must be where; what time alone brings about |
//! | `desks` | the tree of desks, and who belongs to each |
//! | `keys`, `lost` | a device's new key; a lost device that hands over its work and erases itself |
//! | `merging` | people who are one |
//! | `erasure` | what goes for good, and the ledger of it |
//! | `report` | numbers over documents, which are opened for it away from the writer |
//! | `quarantine` | what waits for a person: list, show, accept, reject, and telling the devices |
//! | `sheets` | reports of a region, handed out to its coordinators |
//! | `people`, `pairing`, `codes` | people, roles, devices and how they come to act |
//! | `outside` | people of an outside identity provider |
//! | `retention` | what leaves whom when it has grown old |
//! | `quotas` | how much a person begins, what waits, how full a scope grows |
//! | `stations` | the directory of stations: import and list |
//! | `seats` | who has a seat, who waits, what leases hold |
//! | `options` | what a relay is opened with |
//! | `failure` | failures of the store, in the terms of whoever asked |
//! | `own` | what the relay writes itself, through the same gate as everybody |

mod accept;
mod access;
mod attachments;
mod audit;
mod clocks;
mod closing;
mod codes;
mod desks;
mod directory;
mod erasure;
mod exchange;
mod failure;
mod keys;
mod lost;
mod membership;
mod merging;
mod options;
mod outside;
mod outstanding;
mod own;
mod page;
mod pairing;
mod people;
mod probe;
mod quarantine;
mod quotas;
mod recipients;
mod repair;
mod report;
mod retention;
mod scopes;
mod seats;
mod seen;
mod sheets;
mod stations;
mod types;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use yizhan_proto::{ActorId, DeviceId, Epoch, Incarnation, Timestamp};

use crate::clock::{Clock, NoRandomness};
use crate::error::{CallerError, OpenError, RelayError};
use crate::store::blobs::Blobs;
use crate::store::{self, Birth, Opened, Readers, StoreError, StoreOptions, Writer};
use crate::watch::{Hub, Subscription, Watch};
use attachments::Sweeps;
pub use attachments::{AttachmentState, Piece, Readable};
pub use audit::{AuditFilter, AuditListing, AuditRow, ChangeMade};
pub use clocks::{Allowances, Calendar, CalendarError};
pub use codes::plain_code;
use directory::{Directory, News};
use erasure::Erasing;
pub use erasure::{GROUND_BYTES_MAX, LedgerEntry, Receipt};
use failure::{from_read, from_write, open_error};
pub use lost::Farewell;
pub use merging::MergeSaid;
use merging::Words;
pub use options::{BACKUP_DAYS_DEFAULT, RelayOptions};
pub use outside::{OutsideBearer, OutsideNewcomer};
use probe::Probe;
pub use quarantine::{
    Became, Decided, HeldDecision, HeldInfo, HeldPage, HeldQuery, HeldShown, QuarantineError, Which,
};
pub use quotas::Quotas;
use recipients::Served;
pub use report::{MonthOf, ReportWanted, months_in};
pub use retention::{Keep, KeepError, Periods};
use seats::Unsettled;
use seen::Seen;
use sheets::Sheets;
pub use sheets::{HandedOut, SheetWanted};
use stations::StationCache;
pub use types::{
    Caller, Desk, DeskPerson, DeviceInfo, DueStep, Duplicate, ErasedKind, ErasureRow,
    ForgetsDueRow, ForgetsOfDevice, ImportOutcome, ImportedStation, Likeness, NewDesk, Outstanding,
    OutstandingDevice, PairCode, Paired, PersonInfo, RegionInfo, ScopeLeftRow, Status, Subject,
    TicketCount, ToldDevice, WipeRow,
};

/// The relay on one data folder. Cheap to clone; all clones are the same relay. When the last one
/// is dropped, the relay shuts down as by [`Relay::shutdown`].
#[derive(Debug, Clone)]
pub struct Relay {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    readers: Readers,
    directory: Arc<Directory>,
    hub: Arc<Hub>,
    clock: Arc<dyn Clock>,
    birth: Birth,
    stations: StationCache,
    unsettled: Unsettled,
    seen: Seen,
    served: Served,
    /// Whether devices may hold what they read from a former life of the relay.
    former: bool,
    calendar: Calendar,
    blobs: Blobs,
    sweeps: Sweeps,
    audit: audit::Allowances,
    erasing: Erasing,
    /// Days after which no backup is left of what is erased today.
    backup_days: u16,
    digest_mismatches: AtomicU64,
    quotas: Quotas,
    periods: Periods,
    probe: Probe,
    /// Held while a report is made.
    reporting: tokio::sync::Mutex<()>,
    sheets: Sheets,
    words: Words,
}

impl Relay {
    /// Opens (or makes) the store in the folder `data` and starts the writer thread. A second
    /// relay on the same folder is refused, in this process or another.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub fn open(
        data: &Path,
        clock: Arc<dyn Clock>,
        options: &RelayOptions,
    ) -> Result<Self, OpenError> {
        let directory = Arc::new(Directory::default());
        let hub = Arc::new(Hub::default());
        let store_options = StoreOptions {
            queue_jobs_max: options.queue_jobs_max,
            readers: options.readers,
            documents_cached_max: options.outlines_cached_max,
            restored: options.restored,
        };
        let follow = follow(Arc::clone(&directory), Arc::clone(&hub));
        let now = {
            let clock = Arc::clone(&clock);
            move || clock.now()
        };
        let opened = store::open(data, store_options, new_birth(&*clock)?, now, follow)
            .map_err(|failure| open_error(data, failure))?;
        let Opened {
            writer,
            readers,
            birth,
            people,
            regions,
            desks,
            former,
        } = opened;
        directory.update(News {
            people,
            gone: Vec::new(),
            regions: Some(regions),
            desks: Some(desks),
        });
        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                readers,
                directory,
                hub,
                clock,
                birth,
                stations: StationCache::default(),
                unsettled: Unsettled::default(),
                seen: Seen::default(),
                served: Served::default(),
                former,
                calendar: options.calendar.clone(),
                blobs: Blobs::new(data),
                sweeps: Sweeps::default(),
                audit: audit::Allowances::default(),
                erasing: Erasing::default(),
                backup_days: options.backup_days,
                digest_mismatches: AtomicU64::new(0),
                quotas: options.quotas,
                periods: options.periods.clone(),
                probe: Probe::default(),
                reporting: tokio::sync::Mutex::new(()),
                sheets: Sheets::default(),
                words: Words::default(),
            }),
        })
    }

    /// Takes no more work, finishes what was taken, ends all watches and closes the store.
    /// Blocks until the writer is done: call it through `spawn_blocking`.
    pub fn shutdown(&self) {
        self.inner.hub.close();
        self.inner.readers.close();
        self.inner.writer.shutdown();
    }

    /// The relay's lineage.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.inner.birth.epoch
    }

    /// What the relay's clock says.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The relay's own device id, under which it writes.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        self.inner.birth.device
    }

    /// The device as it may act right now. A look at memory: cheap, and true from the moment a
    /// change of people or devices was committed.
    ///
    /// # Errors
    /// [`CallerError`] if it may not.
    pub fn caller(&self, device: DeviceId) -> Result<Arc<Caller>, CallerError> {
        self.inner.directory.caller(device)
    }

    /// Listens to the caller's scopes. If the person's roles change meanwhile, the listener is
    /// told to pull and hears the new scopes from then on.
    ///
    /// # Errors
    /// [`CallerError`] if the device has been revoked meanwhile.
    pub fn watch(&self, caller: &Caller) -> Result<Watch, CallerError> {
        let current = || {
            self.caller(caller.device)
                .map(|caller| subscription(&caller))
        };
        self.inner.hub.listen(current)
    }

    /// Numbers for operators. Reads the store.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn status(&self) -> Result<Status, RelayError> {
        let now = self.inner.clock.now();
        let read = move |snapshot: &store::Snapshot<'_>| -> Result<_, StoreError> {
            let (tickets, waiting) = (snapshot.ticket_counts(now)?, snapshot.people_waiting()?);
            let (oldest, marks) = (snapshot.oldest_waiting()?, snapshot.marks()?);
            let retired = marks.iter().map(|mark| mark.retired).sum();
            Ok((
                snapshot.totals()?,
                snapshot.head()?,
                tickets,
                waiting,
                oldest,
                retired,
            ))
        };
        let (totals, head, tickets, seats_waiting, oldest, retired) =
            self.inner.readers.read(read).await.map_err(from_read)?;
        Ok(Status {
            documents: totals.documents,
            changes: totals.changes,
            people: totals.people,
            devices: totals.devices,
            devices_revoked: totals.devices_revoked,
            quarantined: totals.quarantined,
            quarantined_oldest_ms: oldest.map(|at| positive(now.ms_since(at))),
            forgets_acknowledged: totals.forgets_acknowledged,
            retired,
            seats_waiting,
            head,
            epoch: self.epoch(),
            database_bytes: totals.database_bytes,
            tickets,
            queue_depth: self.inner.writer.waiting() as u64,
            digest_mismatches: self.inner.digest_mismatches.load(Ordering::Relaxed),
        })
    }

    /// The actor the relay itself writes as. A restore from backup starts a new lineage, and with
    /// it a new incarnation: no sequence number of this actor is ever used twice.
    fn actor(&self) -> ActorId {
        let [a, b, c, d, ..] = *self.epoch().as_bytes();
        ActorId::new(
            self.device_id(),
            Incarnation(u32::from_be_bytes([a, b, c, d])),
        )
    }
}

/// What happens after each commit, before anybody is told of it.
fn follow(directory: Arc<Directory>, hub: Arc<Hub>) -> impl FnMut(store::Commit) + Send + 'static {
    move |commit| {
        metrics::histogram!("yizhan_commit_jobs").record(commit.jobs as f64);
        metrics::gauge!("yizhan_queue_depth").set(commit.waiting as f64);
        let news = News {
            people: commit.people,
            gone: commit.gone,
            regions: commit.regions,
            desks: commit.desks,
        };
        if !news.is_empty() {
            directory.update(news);
            hub.refresh(|device| {
                directory
                    .caller(device)
                    .ok()
                    .map(|caller| subscription(&caller))
            });
        }
        hub.publish(&commit.moved);
    }
}

fn subscription(caller: &Caller) -> Subscription {
    Subscription {
        device: caller.device,
        identity_version: caller.identity.version,
        scopes: caller.identity.scopes.clone(),
    }
}

fn new_birth(clock: &dyn Clock) -> Result<Birth, NoRandomness> {
    let mut epoch = [0; 8];
    clock.fill_random(&mut epoch)?;
    Ok(Birth {
        epoch: Epoch::from_bytes(epoch),
        device: DeviceId::new_v7(unix_ms(clock), random(clock)?),
        at: clock.now(),
    })
}

/// A span as operators are told it; a clock that was set back tells 0.
fn positive(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

/// Milliseconds since 1970, as a UUIDv7 takes them.
fn unix_ms(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().as_ms()).unwrap_or(0)
}

/// Random bytes for an id or a code.
fn random<const N: usize>(clock: &dyn Clock) -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    clock.fill_random(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
