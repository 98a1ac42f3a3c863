//! What reports are made from: documents of a kind, in portions, with the order of their changes.

use rusqlite::params;
use yizhan_proto::{DocumentId, Kind, Sequence, Timestamp};

use super::StoreError;
use super::convert::{bytes, sequence, timestamp, unsigned};
use super::queries::{all, first};
use super::readers::Snapshot;

impl Snapshot<'_> {
    /// How many documents of a kind there are.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn count_of_kind(&self, kind: Kind) -> Result<u64, StoreError> {
        let count = first(
            self.connection,
            "SELECT count(*) FROM documents WHERE kind = ?1",
            [kind.code()],
            |row| unsigned(row, 0),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Documents of a kind, ascending by id from past `after` on, at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn documents_of_kind(
        &self,
        kind: Kind,
        after: DocumentId,
        rows_max: u32,
    ) -> Result<Vec<DocumentId>, StoreError> {
        all(
            self.connection,
            "SELECT doc FROM documents WHERE kind = ?1 AND doc > ?2 ORDER BY doc LIMIT ?3",
            params![kind.code(), after.as_bytes(), rows_max],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// All changes of a document in order of sequence, with when each was received.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn received_changes(
        &self,
        document: DocumentId,
    ) -> Result<Vec<(Sequence, Timestamp, Vec<u8>)>, StoreError> {
        all(
            self.connection,
            "SELECT seq, received_at, bytes FROM changes WHERE doc = ?1 ORDER BY seq",
            [document.as_bytes()],
            |row| Ok((sequence(row, 0)?, timestamp(row, 1)?, row.get(2)?)),
        )
    }
}
