//! What the screens ask: all of it answered by the local store.

mod activities;

use std::io::Write;

use yizhan_proto::audit::Screen;
use yizhan_proto::watch::Moved;
use yizhan_proto::{ChangeHash, DeskKey, DocumentId, PersonId, StationId, Timestamp};

use super::Client;
use crate::error::ClientError;
use crate::model::Author;
use crate::model::consent::Purpose;
use crate::model::said::Said;
use crate::store::export::fhir::FhirOptions;
use crate::store::{
    CheckDetail, CheckFilter, CheckRow, ConsentFilter, ConsentRow, Crisis, DeviceInfo, ErasedNote,
    Held, Hit, Problem, StationRow, Status, TicketDetail, TicketFilter, TicketReview, TicketRow,
    VisitDetail, VisitFilter, VisitRow,
};

/// Every call: [`ClientError::Store`] if the store fails, [`ClientError::NotFound`] where
/// something is asked for by name.
impl Client {
    /// This device, and who it acts for.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn device(&self) -> Result<DeviceInfo, ClientError> {
        Ok(self.store.device()?)
    }

    /// Who writes here.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn author(&self) -> Result<Author, ClientError> {
        Ok(self.store.author()?)
    }

    /// All stations, by region and name.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn stations(&self) -> Result<Vec<StationRow>, ClientError> {
        Ok(self.store.stations()?)
    }

    /// The station that a person means: id, key or whole name.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn station(&self, text: &str) -> Result<StationRow, ClientError> {
        Ok(self.store.station_by_key_or_id(text)?)
    }

    /// Visits, newest arrival first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn visits(&self, filter: &VisitFilter) -> Result<Vec<VisitRow>, ClientError> {
        Ok(self.store.visits(filter, self.clock.now())?)
    }

    /// A driver's open visits: more than one is worth a warning.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn open_visits(&self, driver: PersonId) -> Result<Vec<VisitRow>, ClientError> {
        Ok(self.store.open_visits(driver, self.clock.now())?)
    }

    /// One visit, with its changes.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn visit(&self, id: DocumentId) -> Result<VisitDetail, ClientError> {
        Ok(self.store.visit(id, self.clock.now())?)
    }

    /// Tickets: of a desk or a person those due first, otherwise the newest first. What is due
    /// counts by the relay's time as it is estimated here.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn tickets(&self, filter: &TicketFilter) -> Result<Vec<TicketRow>, ClientError> {
        let now = self.store.relay_time(self.clock.now())?;
        Ok(self.store.tickets(filter, now)?)
    }

    /// One ticket, with its notes and changes.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn ticket(&self, id: DocumentId) -> Result<TicketDetail, ClientError> {
        let now = self.store.relay_time(self.clock.now())?;
        Ok(self.store.ticket(id, now)?)
    }

    /// Events of tickets that do not count and that nobody has looked at.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn ticket_reviews(&self, desk: Option<&DeskKey>) -> Result<Vec<TicketReview>, ClientError> {
        Ok(self.store.ticket_reviews(desk)?)
    }

    /// How many open tickets everybody has who has any.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn ticket_load(&self) -> Result<std::collections::BTreeMap<PersonId, u32>, ClientError> {
        Ok(self.store.ticket_load()?)
    }

    /// Checks, newest first. Other people's count as looked at, here and wherever one is shown: the
    /// relay's audit log hears of it.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn checks(&self, filter: &CheckFilter) -> Result<Vec<CheckRow>, ClientError> {
        let rows = self.store.checks(filter)?;
        self.shown(Screen::Listed, rows.iter().map(|row| (row.id, row.driver)));
        Ok(rows)
    }

    /// One check, with its changes.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn check(&self, id: DocumentId) -> Result<CheckDetail, ClientError> {
        let detail = self.store.check(id)?;
        self.shown(Screen::Opened, [(id, detail.check.driver)]);
        Ok(detail)
    }

    /// Crises of the last 24 hours without a second reading, newest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn open_crises(&self) -> Result<Vec<Crisis>, ClientError> {
        let crises = self.store.open_crises(self.clock.now())?;
        self.shown(
            Screen::Listed,
            crises.iter().map(|one| (one.check, one.driver)),
        );
        Ok(crises)
    }

    /// Consents, newest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn consents(&self, filter: &ConsentFilter) -> Result<Vec<ConsentRow>, ClientError> {
        Ok(self.store.consents(filter, self.clock.now())?)
    }

    /// A driver's consent for a purpose at a station, if one is in force.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn consent_in_force(
        &self,
        driver: PersonId,
        station: StationId,
        purpose: Purpose,
    ) -> Result<Option<ConsentRow>, ClientError> {
        let now = self.clock.now();
        Ok(self.store.consent_in_force(driver, station, purpose, now)?)
    }

    /// Documents whose names, notes or plates hold every word of the query.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn search(&self, query: &str, limit: u32) -> Result<Vec<Hit>, ClientError> {
        let hits = self.store.search(query, limit)?;
        self.found(&hits)?;
        Ok(hits)
    }

    /// How the store and the sync are doing.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn status(&self) -> Result<Status, ClientError> {
        Ok(self.store.status()?)
    }

    /// Own changes that were refused or wait for a decision, oldest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn held(&self) -> Result<Vec<Held>, ClientError> {
        Ok(self.store.held()?)
    }

    /// All that was entered here and is not where it should be, oldest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn problems(&self) -> Result<Vec<Problem>, ClientError> {
        Ok(self.store.problems()?)
    }

    /// What was typed into one own change, field by field.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if this device made no such change.
    pub fn typed(&self, change: ChangeHash) -> Result<Vec<Said>, ClientError> {
        Ok(self.store.typed(change)?)
    }

    /// Documents that this device held and that were erased for everybody, the latest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn erased(&self) -> Result<Vec<ErasedNote>, ClientError> {
        Ok(self.store.erased()?)
    }

    /// Deletes a refused change and the refused ones that build on it. Returns how many.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such refused change.
    pub fn discard(&mut self, change: ChangeHash) -> Result<u64, ClientError> {
        Ok(self.store.discard(change)?)
    }

    /// Offers a held change again at the next sync. Returns how many changes that is.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such held change.
    pub fn retry(&mut self, change: ChangeHash) -> Result<u64, ClientError> {
        let changes = self.store.retry(change)?;
        self.written();
        Ok(changes)
    }

    /// Writes everything about this device's person as JSON. Returns the number of documents.
    ///
    /// # Errors
    /// [`ClientError::Store`], also if the writer fails.
    pub fn export(&self, writer: &mut dyn Write) -> Result<u64, ClientError> {
        Ok(self.store.export(writer)?)
    }

    /// Writes this person's checks as a FHIR R4 Bundle, offline. Returns how many checks.
    ///
    /// # Errors
    /// [`ClientError::Store`], also if the writer fails.
    pub fn export_fhir(
        &self,
        writer: &mut dyn Write,
        options: FhirOptions<'_>,
    ) -> Result<u64, ClientError> {
        Ok(self.store.export_fhir(writer, options)?)
    }

    /// Writes this person's documents as CSV, offline: a file for each kind, of the names that
    /// `open` is given, in the columns of docs/OPERATIONS.md. Returns the number of documents.
    ///
    /// # Errors
    /// [`ClientError::Store`], also if a file cannot be opened or written.
    pub fn export_csv(
        &self,
        open: &mut dyn FnMut(&str) -> std::io::Result<Box<dyn Write>>,
        time: &dyn Fn(Timestamp) -> String,
    ) -> Result<u64, ClientError> {
        Ok(self.store.export_csv(open, time)?)
    }

    /// The token for [`crate::transport::Transport::watch`]; empty if there is none yet.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn access_token(&self) -> Result<String, ClientError> {
        Ok(self.store.access()?.token.unwrap_or_default())
    }

    /// Whether what a watched relay says is old news: that scope is read up to there.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn has_read(&self, moved: &Moved) -> Result<bool, ClientError> {
        let scopes = self.store.status()?.scopes;
        Ok(scopes
            .iter()
            .find(|status| status.scope == moved.scope)
            .and_then(|status| status.window)
            .is_some_and(|window| window.live.has_read(moved.sequence)))
    }

    /// Rebuilds the screens' rows after an update, a part at a time. Returns how many documents
    /// are left.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn rebuild_views_step(&mut self, documents: u32) -> Result<u64, ClientError> {
        Ok(self.store.rebuild_views_step(documents)?)
    }
}
