//! Photos and papers: put to a document, listed, and fetched. All but fetching works with no network.

use yizhan_proto::{ContentHash, DocumentId, EntryId, Kind};

use super::{Client, thumbnail};
use crate::driver::SyncReport;
use crate::error::{ClientError, SyncError};
use crate::model::consent::Purpose;
use crate::store::{AttachmentRow, AttachmentTotals, ConsentFilter, EnrolmentFilter, NewFile};
use crate::transport::Transport;

impl Client {
    /// Puts a photo or a paper to a ticket, an activity or a visit. It is kept here at once, and sent
    /// after the documents of the next sync.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if it is empty, larger than 8 MiB or no JPEG, PNG, WebP or PDF, or if
    /// this person may put nothing there; as [`Client::edit`] otherwise.
    pub fn attach(
        &mut self,
        document: DocumentId,
        name: &str,
        bytes: Vec<u8>,
    ) -> Result<EntryId, ClientError> {
        let entry = self.new_entry_id()?;
        let file = NewFile {
            entry,
            thumb: thumbnail::of(&bytes),
            bytes,
            name: name.to_owned(),
        };
        self.store.attach(document, &file, &*self.clock)?;
        self.written();
        Ok(entry)
    }

    /// Who is to be in no photo of an activity: drivers enrolled there, as far as this device knows,
    /// who withdrew their consent to photos at the host station. Ascending by name. No program sees
    /// who is in a photo: whoever takes it is told, and leaves them out.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn not_in_photos(&self, activity: DocumentId) -> Result<Vec<String>, ClientError> {
        let roster = self.enrolments(&EnrolmentFilter {
            activity: Some(activity),
            ..EnrolmentFilter::default()
        })?;
        let mut names = Vec::new();
        for enrolment in roster {
            let given = self.consents(&ConsentFilter {
                driver: Some(enrolment.driver),
                station: Some(enrolment.station),
                purpose: Some(Purpose::Photos),
                ..ConsentFilter::default()
            })?;
            let withdrawn = given.iter().any(|row| row.withdrawn_at.is_some());
            if withdrawn && !given.iter().any(|row| row.in_force) {
                names.push(enrolment.driver_name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The attachments of a document, or of all documents here: the latest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn attachments(
        &self,
        document: Option<DocumentId>,
    ) -> Result<Vec<AttachmentRow>, ClientError> {
        Ok(self.store.attachments(document)?)
    }

    /// One attachment.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn attachment(&self, entry: EntryId) -> Result<AttachmentRow, ClientError> {
        Ok(self.store.attachment(entry)?)
    }

    /// The bytes of an attachment or of its small picture, if all of them are here.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn attachment_bytes(&self, sha256: ContentHash) -> Result<Option<Vec<u8>>, ClientError> {
        Ok(self.store.file_bytes(sha256)?)
    }

    /// All documents of a kind, the latest made first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn document_ids(&self, kind: Kind) -> Result<Vec<DocumentId>, ClientError> {
        Ok(self.store.document_ids(kind)?)
    }

    /// What is on its way.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn attachment_totals(&self) -> Result<AttachmentTotals, ClientError> {
        Ok(self.store.attachment_totals()?)
    }

    /// A person wants to see an attachment: it is fetched with the next sync.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn want_attachment(&mut self, sha256: ContentHash) -> Result<(), ClientError> {
        self.store.reconcile_files(self.clock.now())?;
        Ok(self.store.want_file(sha256)?)
    }

    /// Fetches one attachment now, if it is not here: goes on where an earlier try ended. Calls
    /// `on_progress` after every piece. Returns why it is not whole, if it is not.
    ///
    /// # Errors
    /// [`SyncError::Store`]; [`SyncError::NotPaired`].
    pub fn fetch_attachment(
        &mut self,
        sha256: ContentHash,
        transport: &mut dyn Transport,
        on_progress: &mut dyn FnMut(&SyncReport),
    ) -> Result<Option<String>, SyncError> {
        if self.store.device()?.identity.is_none() {
            return Err(SyncError::NotPaired);
        }
        self.store.reconcile_files(self.clock.now())?;
        self.store.want_file(sha256)?;
        let mut driver = self.driver(transport);
        driver.clear_report();
        driver
            .run_transfers(Some(sha256), on_progress)
            .map_err(SyncError::from)
    }
}
