//! What the screens ask about activities, enrolments and notices.

use yizhan_proto::DocumentId;

use crate::client::Client;
use crate::error::ClientError;
use crate::store::{
    ActivityDetail, ActivityFilter, ActivityRow, EnrolmentDetail, EnrolmentFilter, EnrolmentRow,
    LeaseRow, NoticeDetail, NoticeFilter, NoticeRow,
};

impl Client {
    /// Activities: what begins first, first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn activities(&self, filter: &ActivityFilter) -> Result<Vec<ActivityRow>, ClientError> {
        Ok(self.store.activities(filter, self.clock.now())?)
    }

    /// One activity, with its leases and changes.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn activity(&self, id: DocumentId) -> Result<ActivityDetail, ClientError> {
        Ok(self.store.activity(id)?)
    }

    /// Leases of this device that have not been returned, the first to end first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn leases(&self) -> Result<Vec<LeaseRow>, ClientError> {
        Ok(self.store.leases_of(self.store.device()?.device)?)
    }

    /// Enrolments, newest first; those of one activity (its roster), oldest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn enrolments(&self, filter: &EnrolmentFilter) -> Result<Vec<EnrolmentRow>, ClientError> {
        Ok(self.store.enrolments(filter)?)
    }

    /// One enrolment, with its activity and changes, and its quiz graded anew.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn enrolment(&self, id: DocumentId) -> Result<EnrolmentDetail, ClientError> {
        Ok(self.store.enrolment(id)?)
    }

    /// Notices: the most urgent first, then the newest.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn notices(&self, filter: &NoticeFilter) -> Result<Vec<NoticeRow>, ClientError> {
        Ok(self.store.notices(filter, self.clock.now())?)
    }

    /// One notice, with its changes.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn notice(&self, id: DocumentId) -> Result<NoticeDetail, ClientError> {
        Ok(self.store.notice(id)?)
    }
}
