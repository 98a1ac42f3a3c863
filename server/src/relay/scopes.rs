//! Moving a document in or out of a scope apart from any change: an escalation, a retention.

use std::sync::Arc;

use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{DocumentId, Scope, Sequence};

use super::{Relay, from_write, membership};
use crate::error::RelayError;
use crate::store::LogTx;
use crate::store::rows::DocumentRow;

impl Relay {
    /// Lets a document join a scope: from then on its devices get all of it. `None` if it is there
    /// already.
    ///
    /// # Errors
    /// [`RelayError::Invalid`] if there is no such document.
    pub async fn join_scope(
        &self,
        document: DocumentId,
        scope: Scope,
    ) -> Result<Option<Sequence>, RelayError> {
        self.move_document(document, move |row, sequence| {
            membership::joined(row, &scope, sequence)
        })
        .await
    }

    /// Lets a document leave a scope: devices that hold it only through that scope forget it.
    /// `None` if it is not there.
    ///
    /// # Errors
    /// [`RelayError::Invalid`] if there is no such document.
    pub async fn leave_scope(
        &self,
        document: DocumentId,
        scope: Scope,
        reason: ForgetReason,
    ) -> Result<Option<Sequence>, RelayError> {
        self.move_document(document, move |row, sequence| {
            membership::left(row, &scope, reason, sequence)
        })
        .await
    }

    async fn move_document(
        &self,
        document: DocumentId,
        change: impl FnOnce(&DocumentRow, Sequence) -> Option<DocumentRow> + Send + 'static,
    ) -> Result<Option<Sequence>, RelayError> {
        let job = move |tx: &mut LogTx<'_>| -> Result<Option<Sequence>, RelayError> {
            let Some(before) = tx.document(document)? else {
                return Err(RelayError::Invalid(format!("no document {document}")));
            };
            let sequence = tx.next_sequence();
            let Some(after) = change(&before, sequence) else {
                return Ok(None);
            };
            let sequence = tx.allot_sequence();
            tx.put_document(document, Some(Arc::clone(&before)), after)?;
            Ok(Some(sequence))
        };
        self.inner.writer.write(job).await.map_err(from_write)
    }
}
