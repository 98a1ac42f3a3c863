//! The phone's store: one SQLite file that holds every change, and what the screens read.
//!
//! It is the only place in this crate with SQL. Every step (an edit, one response) is one
//! transaction; when a call returns, what it did is on disk. It never touches the network, and
//! never drops what a person entered and the relay has not accepted.

mod error;
mod types;

use std::io::Write;
use std::path::Path;

use rusqlite::Connection;
use yizhan_proto::identity::{Access, Welcome};
use yizhan_proto::sync::{SyncRequest, SyncResponse};
use yizhan_proto::{ChangeHash, DocumentId, PersonId, StationId, Timestamp};

use crate::clock::Clock;
use crate::model::consent::Purpose;
use crate::model::{Author, Command};

pub use error::{EditError, FindError, StoreError};
pub use types::{
    Applied, Budget, ChangeInfo, ChangeState, CheckDetail, CheckFilter, CheckRow, ConsentDetail,
    ConsentFilter, ConsentRow, DeviceInfo, Held, Hit, ScopeStatus, SetAside, StationDetail,
    StationRow, Status, StoredAccess, VisitDetail, VisitFilter, VisitRow,
};

/// The store of one device. Several processes may open the same one; each step takes its turn.
#[derive(Debug)]
pub struct Store {
    #[allow(dead_code, reason = "bodies follow")]
    connection: Connection,
}

#[allow(unused_variables, clippy::todo, reason = "bodies follow")]
impl Store {
    /// Opens the store in a folder, making both if they are missing (0700, and 0600 for the file).
    ///
    /// # Errors
    /// [`StoreError`] says what is in the way and what to do.
    pub fn open(home: &Path, clock: &dyn Clock) -> Result<Self, StoreError> {
        todo!()
    }

    /// A store that is gone when it is dropped; for tests and benches.
    ///
    /// # Errors
    /// [`StoreError`] if there is no memory or no randomness.
    pub fn in_memory(clock: &dyn Clock) -> Result<Self, StoreError> {
        todo!()
    }

    /// This device, and who it acts for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn device(&self) -> Result<DeviceInfo, StoreError> {
        todo!()
    }

    /// Signs bytes with the device's key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], StoreError> {
        todo!()
    }

    /// Who writes here. Before pairing: the provisional person, a driver.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn author(&self) -> Result<Author, StoreError> {
        todo!()
    }

    /// Keeps what a pairing or registration gave: person, roles, scopes, relay, access. Paired to a
    /// relay of another lineage, everything is offered again there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn welcome(
        &mut self,
        welcome: &Welcome,
        relay_url: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Access to the relay as last given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn access(&self) -> Result<StoredAccess, StoreError> {
        todo!()
    }

    /// Keeps a new token and challenge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save_access(&mut self, access: &Access) -> Result<(), StoreError> {
        todo!()
    }

    /// Keeps a challenge that came with a fault, and drops the token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save_challenge(&mut self, challenge: &[u8]) -> Result<(), StoreError> {
        todo!()
    }

    /// Drops token and challenge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn clear_access(&mut self) -> Result<(), StoreError> {
        todo!()
    }

    /// Carries out one edit as one change, in one commit. A command that makes a document is given
    /// a new id; any other, the id of a document that is here.
    ///
    /// # Errors
    /// [`EditError`]; nothing was stored then.
    pub fn edit(
        &mut self,
        document: DocumentId,
        command: &Command,
        clock: &dyn Clock,
    ) -> Result<ChangeHash, EditError> {
        todo!()
    }

    /// The next exchange: what is unsent, where this device stands, what it wants. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plan_request(&self, budget: &Budget, now: Timestamp) -> Result<SyncRequest, StoreError> {
        todo!()
    }

    /// Applies one response to the request it answers, in one commit. May be repeated.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of the response was applied then.
    pub fn apply_response(
        &mut self,
        request: &SyncRequest,
        response: &SyncResponse,
        clock: &dyn Clock,
    ) -> Result<Applied, StoreError> {
        todo!()
    }

    /// Remembers why an exchange failed, for [`Store::status`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_sync_error(&mut self, error: &str) -> Result<(), StoreError> {
        todo!()
    }

    /// Own changes that were refused or wait for a decision, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        todo!()
    }

    /// Deletes a refused change and the refused ones that build on it. Returns how many.
    ///
    /// # Errors
    /// [`FindError::None`] if there is no such refused change.
    pub fn discard(&mut self, change: ChangeHash) -> Result<u64, FindError> {
        todo!()
    }

    /// Offers a refused or quarantined change again, with what it builds on and what builds on it.
    /// Returns how many changes that is.
    ///
    /// # Errors
    /// [`FindError::None`] if there is no such held change.
    pub fn retry(&mut self, change: ChangeHash) -> Result<u64, FindError> {
        todo!()
    }

    /// All stations, by region and name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stations(&self) -> Result<Vec<StationRow>, StoreError> {
        todo!()
    }

    /// The station that a person means: by id, by key, or by its whole name.
    ///
    /// # Errors
    /// [`FindError`] if none fits, or several do.
    pub fn station_by_key_or_id(&self, text: &str) -> Result<StationRow, FindError> {
        todo!()
    }

    /// Visits, newest arrival first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn visits(
        &self,
        filter: &VisitFilter,
        now: Timestamp,
    ) -> Result<Vec<VisitRow>, StoreError> {
        todo!()
    }

    /// A driver's visits that are open: more than one is worth a warning.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_visits(
        &self,
        driver: PersonId,
        now: Timestamp,
    ) -> Result<Vec<VisitRow>, StoreError> {
        todo!()
    }

    /// One visit, with its changes.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn visit(&self, id: DocumentId, now: Timestamp) -> Result<VisitDetail, FindError> {
        todo!()
    }

    /// Checks, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn checks(&self, filter: &CheckFilter) -> Result<Vec<CheckRow>, StoreError> {
        todo!()
    }

    /// One check, with its changes.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn check(&self, id: DocumentId) -> Result<CheckDetail, FindError> {
        todo!()
    }

    /// Consents, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consents(
        &self,
        filter: &ConsentFilter,
        now: Timestamp,
    ) -> Result<Vec<ConsentRow>, StoreError> {
        todo!()
    }

    /// The driver's consent for a purpose at a station that is in force, the newest if several.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consent_in_force(
        &self,
        driver: PersonId,
        station: StationId,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<ConsentRow>, StoreError> {
        todo!()
    }

    /// Documents whose names, notes or plates hold every word of the query, in any script, from one
    /// character on; letter case and full or half width make no difference. At most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn search(&self, query: &str, limit: u32) -> Result<Vec<Hit>, StoreError> {
        todo!()
    }

    /// How the store is doing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn status(&self) -> Result<Status, StoreError> {
        todo!()
    }

    /// Writes everything about this device's person as one JSON object: documents as they are read
    /// and as raw fields of their changes, unsent and refused ones marked. Offline; one document in
    /// memory at a time. Returns the number of documents.
    ///
    /// # Errors
    /// [`StoreError::Export`] if the writer fails.
    pub fn export(&self, writer: &mut dyn Write) -> Result<u64, StoreError> {
        todo!()
    }

    /// Rebuilds the screens' rows of up to `documents` documents after an update of this program.
    /// Returns how many are left; 0: done. An app calls it in the background until then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rebuild_views_step(&mut self, documents: u32) -> Result<u64, StoreError> {
        todo!()
    }
}
