//! Which documents name which bytes, and who has shown to have them. The bytes themselves are
//! files: see [`super::blobs`].

use rusqlite::params;
use yizhan_proto::{ContentHash, DocumentId, PersonId, Timestamp};

use super::convert::{bytes, signed, unsigned};
use super::log::LogTx;
use super::queries::{all, first};
use super::rows::NamingRow;
use super::{Snapshot, StoreError};

/// Rows looked at of one hash: those that open something first.
const NAMINGS_MAX: u32 = 1_000;

impl LogTx<'_> {
    /// Notes that a person's change names these bytes in a document. Again: nothing; what was said
    /// first about their number stands.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_naming(
        &mut self,
        sha256: ContentHash,
        naming: &NamingRow,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO attachments(sha256, doc, person, bytes, media_type)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                sha256.as_bytes(),
                naming.document.as_bytes(),
                naming.person.as_bytes(),
                signed(naming.bytes),
                naming.media_type,
            ])?;
        Ok(())
    }

    /// Notes that a person has shown to have these bytes.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_proof(
        &mut self,
        sha256: ContentHash,
        person: PersonId,
        whole: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO attachment_proofs(sha256, person, bytes, proven_at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                sha256.as_bytes(),
                person.as_bytes(),
                signed(whole),
                now.as_ms()
            ])?;
        Ok(())
    }

    /// The document is gone: it names nothing. Returns the bytes that nobody names any more, whose
    /// files may go; proofs of what somebody names no more go with it.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn remove_namings(&mut self, document: DocumentId) -> Result<Vec<ContentHash>, StoreError> {
        let named: Vec<ContentHash> = all(
            self.connection,
            "SELECT DISTINCT sha256 FROM attachments WHERE doc = ?1",
            [document.as_bytes()],
            |row| bytes(row, 0).map(ContentHash::from_bytes),
        )?;
        self.connection
            .prepare_cached("DELETE FROM attachments WHERE doc = ?1")?
            .execute([document.as_bytes()])?;
        let mut unnamed = Vec::new();
        for sha256 in named {
            self.connection
                .prepare_cached(
                    "DELETE FROM attachment_proofs WHERE sha256 = ?1 AND NOT EXISTS
                         (SELECT 1 FROM attachments a WHERE a.sha256 = attachment_proofs.sha256
                              AND a.person = attachment_proofs.person)",
                )?
                .execute([sha256.as_bytes()])?;
            let is_named = self
                .connection
                .prepare_cached("SELECT 1 FROM attachments WHERE sha256 = ?1")?
                .exists([sha256.as_bytes()])?;
            if !is_named {
                unnamed.push(sha256);
            }
        }
        Ok(unnamed)
    }
}

impl Snapshot<'_> {
    /// Who names these bytes, and where: first who has shown to have them, then `person`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn namings(
        &self,
        sha256: ContentHash,
        person: PersonId,
    ) -> Result<Vec<NamingRow>, StoreError> {
        all(
            self.connection,
            "SELECT a.doc, a.person, a.bytes, a.media_type, p.person IS NOT NULL AS proven
             FROM attachments a LEFT JOIN attachment_proofs p
                 ON p.sha256 = a.sha256 AND p.person = a.person
             WHERE a.sha256 = ?1 ORDER BY proven DESC, a.person = ?2 DESC, a.doc LIMIT ?3",
            params![sha256.as_bytes(), person.as_bytes(), NAMINGS_MAX],
            |row| {
                Ok(NamingRow {
                    document: DocumentId::from_bytes(bytes(row, 0)?),
                    person: PersonId::from_bytes(bytes(row, 1)?),
                    bytes: unsigned(row, 2)?,
                    media_type: row.get(3)?,
                    is_proven: row.get(4)?,
                })
            },
        )
    }

    /// Whether anybody has shown to have these bytes.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn has_proof(&self, sha256: ContentHash) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM attachment_proofs WHERE sha256 = ?1")?;
        Ok(statement.exists([sha256.as_bytes()])?)
    }

    /// Bytes of everything that a person has shown to have.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn proven_bytes(&self, person: PersonId) -> Result<u64, StoreError> {
        let sum = first(
            self.connection,
            "SELECT ifnull(sum(bytes), 0) FROM attachment_proofs WHERE person = ?1",
            [person.as_bytes()],
            |row| unsigned(row, 0),
        )?;
        Ok(sum.unwrap_or(0))
    }
}
