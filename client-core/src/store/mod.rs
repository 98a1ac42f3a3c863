//! The phone's store: one SQLite file that holds every change, and what the screens read.
//!
//! It is the only place in this crate with SQL. Every step (an edit, one response) is one
//! transaction; when a call returns, what it did is on disk. It never touches the network, and
//! never drops what a person entered and the relay has not accepted.
//!
//! What must run inside a transaction takes `&Transaction`; what only reads takes `&Connection`.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `open`, `migrations`, `instance` | the folder, the file, its format, and whether it is a copy |
//! | `device`, `keys`, `kit` | this device: id, key, person, access, and what it shows codes with |
//! | `cipher` | encrypted stores, where SQLite can |
//! | `wipe`, `shed` | what a lost device hands over, and how it erases itself |
//! | `documents`, `changes`, `scopes` | the rows of each |
//! | `edit` | a tap |
//! | `outbox`, `apply` | a sync round: what to send, and what an answer does |
//! | `reread`, `opened`, `views`, `search` | what follows from a document's changes |
//! | `reads` | who looked at whose check, until the relay has it |
//! | `papers` | the bytes of photos and papers, in a file of their own |
//! | `sheets` | reports of a region that the relay handed out |
//! | `erased` | what was erased for everybody, and that it was |
//! | `fold`, `scrub` | what is gone goes from the bytes of the files, too |
//! | `queries`, `screens`, `held`, `problems`, `status`, `export` | what people ask |

mod apply;
mod changes;
mod cipher;
mod described;
mod device;
mod documents;
mod edit;
mod erased;
mod error;
pub mod export;
mod fold;
mod held;
mod instance;
mod keys;
mod kit;
mod migrations;
mod open;
mod opened;
mod outbox;
mod papers;
mod problems;
mod queries;
mod reads;
pub(crate) mod regular;
mod removal;
mod report;
mod reread;
mod rows;
mod scopes;
mod screens;
mod scrub;
mod search;
mod shed;
mod sheets;
mod sql;
mod status;
mod types;
mod views;
mod wipe;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use yizhan_proto::Timestamp;

use error::Placed;

pub use cipher::{DatabaseKey, can_encrypt, encrypt, is_encrypted};
pub use error::{EditError, FindError, StoreError};
pub use keys::SealKey;
pub use open::{OpenKeys, is_home, make_folder};
pub use papers::{
    AttachmentPlace, AttachmentRow, AttachmentTotals, NewFile, Transfer, TransferWay,
};
pub use problems::{CHANGE_WAITS, DOCUMENT_SET_ASIDE, Problem, ProblemState};
pub use removal::{Unfinished, remove_home, unfinished_in};
pub use rows::{
    ActivityDetail, ActivityFilter, ActivityRow, CheckDetail, CheckFilter, CheckRow, ConsentDetail,
    ConsentFilter, ConsentRow, Crisis, EnrolmentDetail, EnrolmentFilter, EnrolmentRow, Hit,
    LeaseRow, NoticeDetail, NoticeFilter, NoticeRow, SecondReading, StationDetail, StationRow,
    TicketDetail, TicketFilter, TicketReview, TicketRow, VisitDetail, VisitFilter, VisitRow,
};
pub use screens::{Beds, DriverCard, History, ItemTrend, ReadingRow, Today, TodayVisit};
pub use sheets::{SheetDue, SheetHeld};
pub use status::unsent_in;
pub use types::{
    Applied, Budget, ChangeInfo, ChangeState, DeviceInfo, ErasedNote, Held, ScopeStatus, SetAside,
    Status, StoredAccess,
};
pub use wipe::{FarewellBatch, WipedNote};

/// The store of one device. Several processes may open the same one; each step takes its turn.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// The database file; `None` in memory.
    path: Option<PathBuf>,
    /// Its folder; `None` in memory.
    home: Option<PathBuf>,
    /// The bytes of attachments.
    papers: papers::Papers,
    /// Looks at checks that could not be noted.
    unnoted: std::cell::RefCell<reads::Waiting>,
    /// Whether this session has made sure that the store is not a copy (see `instance`).
    instance_settled: bool,
    /// Whether the log may hold what is gone from the file (see `fold`).
    unfolded: bool,
    /// What opens the device's key, if that is sealed.
    seal: Option<SealKey>,
    /// When this device erased itself.
    wiped_at: Option<Timestamp>,
}

impl Store {
    /// The database itself.
    #[cfg(test)]
    pub(crate) const fn connection_for_tests(&self) -> &Connection {
        &self.connection
    }

    /// Reads, of one state of the store however many statements it takes.
    fn read<T, E: Placed>(&self, f: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let run = || {
            self.not_wiped()?;
            let tx = self
                .connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            f(&tx)
        };
        run().map_err(|error| self.placed(error))
    }

    /// One step: all of it, on disk, or nothing.
    fn write<T, E: Placed>(
        &mut self,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let wiped = self.not_wiped();
        let connection = &mut self.connection;
        let run = || {
            wiped?;
            let tx = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(StoreError::from)?;
            let done = f(&tx)?;
            tx.commit().map_err(StoreError::from)?;
            Ok(done)
        };
        let done = run();
        done.map_err(|error| self.placed(error))
    }

    /// Refuses to go on in a store that erased itself.
    fn not_wiped(&self) -> Result<(), StoreError> {
        match self.wiped_at {
            Some(wiped_at) => Err(StoreError::Wiped { wiped_at }),
            None => Ok(()),
        }
    }

    fn placed<E: Placed>(&self, error: E) -> E {
        error.placed(self.path.as_deref().unwrap_or(Path::new(":memory:")))
    }
}
