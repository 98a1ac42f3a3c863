//! The façade an app uses: open, pair, edit, query, sync, status, export, suspend and reopen.
//!
//! Edits and queries touch the local store only, never the network, and are on disk when the call
//! returns; [`Client::sync`] is the only call that needs a relay.

mod attachments;
mod codes;
mod edits;
mod leaving;
mod pairing;
mod queries;
mod reads;
mod reports;
mod screens;
mod thumbnail;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;
use crate::driver::{Driver, Session, SyncReport};
use crate::engine::{Input, Outcome, Stop};
use crate::error::{ClientError, SyncError};
use crate::store::{OpenKeys, Store};
use crate::transport::Transport;

pub use self::codes::{CodeScan, CodeShown, CodeVisit};
pub use self::edits::{
    ActivityEntry, ActivityUpdate, CheckEntry, ConsentEntry, EnrolEntry, NoticeEntry, QuizSheet,
    ScanEntry, Scanned, TicketEntry, VisitStart,
};
pub use self::leaving::confirm_wipe;
pub use self::reports::{HandedNote, ReportEntry, ReportMade};
pub use self::thumbnail::of as small_picture;

/// One device's Yizhan.
#[derive(Debug)]
pub struct Client {
    store: Store,
    session: Session,
    clock: Arc<dyn Clock>,
    home: Option<PathBuf>,
    keys: OpenKeys,
}

/// A client that has let go of its files; [`Client::reopen`] makes it one again.
#[derive(Debug)]
pub struct Suspended {
    place: Place,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
enum Place {
    Home(PathBuf, OpenKeys),
    /// There are no files to let go of.
    Memory(Box<Store>),
}

impl Client {
    /// Opens the client in a folder, making what is missing.
    ///
    /// # Errors
    /// [`ClientError::Store`] or [`ClientError::RequiresUpdate`]; nothing that was there is lost.
    pub fn open(home: &Path, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        Self::open_with(home, clock, &OpenKeys::default())
    }

    /// [`Client::open`], with the keys of a store that wants some.
    ///
    /// # Errors
    /// As [`Client::open`]; [`ClientError::Denied`] without the key, or with another one.
    pub fn open_with(
        home: &Path,
        clock: Arc<dyn Clock>,
        keys: &OpenKeys,
    ) -> Result<Self, ClientError> {
        let store = Store::open_with(home, &*clock, keys)?;
        Self::with(store, Some((home.to_owned(), keys.clone())), clock)
    }

    /// A client without a folder, gone when it is dropped; for tests.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        let store = Store::in_memory(&*clock)?;
        Self::with(store, None, clock)
    }

    fn with(
        store: Store,
        place: Option<(PathBuf, OpenKeys)>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientError> {
        let (home, keys) = place.unzip();
        let session = Session::new(&store, &*clock)?;
        Ok(Self {
            store,
            session,
            clock,
            home,
            keys: keys.unwrap_or_default(),
        })
    }

    /// Lets go of all files, as a phone wants of an app in the background.
    #[must_use]
    pub fn suspend(self) -> Suspended {
        Suspended {
            place: match self.home {
                Some(home) => Place::Home(home, self.keys),
                None => Place::Memory(Box::new(self.store)),
            },
            clock: self.clock,
        }
    }

    /// Goes on after [`Client::suspend`].
    ///
    /// # Errors
    /// As [`Client::open`].
    pub fn reopen(suspended: Suspended) -> Result<Self, ClientError> {
        match suspended.place {
            Place::Home(home, keys) => Self::open_with(&home, suspended.clock, &keys),
            Place::Memory(store) => Self::with(*store, None, suspended.clock),
        }
    }

    /// The device's clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Syncs until device and relay agree, because a person wants it: no wait applies.
    ///
    /// # Errors
    /// [`SyncError`] says why it is not through. What was exchanged before stays, and nothing is
    /// lost.
    pub fn sync(&mut self, transport: &mut dyn Transport) -> Result<SyncReport, SyncError> {
        self.sync_with(transport, &mut |_| {})
    }

    /// [`Client::sync`], calling `on_progress` after every response applied.
    ///
    /// # Errors
    /// As [`Client::sync`].
    pub fn sync_with(
        &mut self,
        transport: &mut dyn Transport,
        on_progress: &mut dyn FnMut(&SyncReport),
    ) -> Result<SyncReport, SyncError> {
        if self.store.device()?.identity.is_none() {
            return Err(SyncError::NotPaired);
        }
        // A lease that cannot be returned is no reason not to sync.
        if let Err(ClientError::Store(error)) = self.return_expired_leases() {
            return Err(error.into());
        }
        let mut driver = self.driver(transport);
        driver.clear_report();
        driver.notify(Input::SyncWanted);
        let outcome = driver.run_round(on_progress)?;
        match outcome {
            Some(Outcome::Synced { .. }) | None => {
                driver.run_all_transfers(on_progress);
                driver.run_sheets();
                // What could not be told is told with the next sync.
                drop(driver.run_reads());
                Ok(driver.report())
            }
            Some(Outcome::Waiting {
                failure,
                retry_in_ms,
            }) => Err(SyncError::Waiting {
                failure,
                retry_in_ms,
                cause: self.session.take_error().map(Box::new),
            }),
            Some(Outcome::Stopped(Stop::Revoked)) => Err(self.leave(transport)?),
            Some(Outcome::Stopped(stop)) => Err(SyncError::Stopped(stop)),
        }
    }

    /// For driving the sync effect by effect: an app's own loop, or a simulation.
    pub fn driver<'a>(&'a mut self, transport: &'a mut dyn Transport) -> Driver<'a> {
        Driver::new(&mut self.store, transport, &*self.clock, &mut self.session)
    }

    /// The sync between this device and its relay, as it stands.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }
}

#[cfg(test)]
mod tests;
