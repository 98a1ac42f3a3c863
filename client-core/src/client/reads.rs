//! Looks at other people's health checks, noted as they are shown.

use yizhan_proto::audit::Screen;
use yizhan_proto::{DocumentId, Kind, PersonId};

use super::Client;
use crate::error::ClientError;
use crate::store::{CheckFilter, Hit};

impl Client {
    /// The checks held here, newest first, by their ids alone: shows nothing of them, and so is no look
    /// at them.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn check_ids(&self) -> Result<Vec<DocumentId>, ClientError> {
        let rows = self.store.checks(&CheckFilter::default())?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// These checks were shown, with the drivers they are about.
    pub(super) fn shown(
        &self,
        screen: Screen,
        checks: impl IntoIterator<Item = (DocumentId, PersonId)>,
    ) {
        self.store.note_reads(checks, screen, &*self.clock);
    }

    /// These were found; some of them are checks.
    pub(super) fn found(&self, hits: &[Hit]) -> Result<(), ClientError> {
        let checks = hits.iter().filter(|hit| hit.kind == Kind::Check);
        let mut shown = Vec::new();
        for hit in checks {
            if let Some(driver) = self.store.driver_of_check(hit.document)? {
                shown.push((hit.document, driver));
            }
        }
        self.shown(Screen::Listed, shown);
        Ok(())
    }
}
