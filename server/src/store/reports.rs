//! What reports are made from: documents of a kind, in portions, with the order of their changes.

use rusqlite::params;
use yizhan_client_core::model::Outline;
use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::{DocumentId, Kind, Sequence, Timestamp};

use super::StoreError;
use super::convert::{bytes, cbor, sequence, timestamp, unsigned};
use super::queries::{all, first};
use super::readers::Snapshot;

/// Consents for one purpose among those that were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentsFor {
    /// Which.
    pub found: Vec<DocumentId>,
    /// The last that was looked at, if there may be more.
    pub last: Option<DocumentId>,
}

impl Snapshot<'_> {
    /// Consents for a purpose, ascending by id from past `after` on; looks at most at `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn consents_for(
        &self,
        purpose: Purpose,
        after: DocumentId,
        rows_max: u32,
    ) -> Result<ConsentsFor, StoreError> {
        let looked_at = all(
            self.connection,
            "SELECT doc, outline FROM documents WHERE kind = ?1 AND doc > ?2 ORDER BY doc LIMIT ?3",
            params![Kind::Consent.code(), after.as_bytes(), rows_max],
            |row| {
                let outline: Outline = cbor(row, 1)?;
                let is_for = outline.facts.purpose.as_deref() == Some(purpose.as_str());
                Ok((DocumentId::from_bytes(bytes(row, 0)?), is_for))
            },
        )?;
        let last = looked_at.last().map(|(id, _)| *id);
        let found = looked_at.iter().filter(|(_, is_for)| *is_for);
        Ok(ConsentsFor {
            found: found.map(|(id, _)| *id).collect(),
            last: last.filter(|_| looked_at.len() == rows_max as usize),
        })
    }

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
