//! An erasure carried out: rows, files and bytes go, in portions that may be cut anywhere.

use rusqlite::params;
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{ContentHash, DocumentId, EntryId, Kind, PersonId, Scope, Timestamp};

use super::StoreError;
use super::convert::{bytes, signed, timestamp_or_none};
use super::erasure::{COLUMNS, document_and_kind, erasure_row};
use super::log::LogTx;
use super::queries::{all, first};
use super::rows::{DocumentRow, ErasedRows, ErasureRow, Member};

impl LogTx<'_> {
    /// The erasure that was ordered first of those whose documents are not all gone.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasure_under_way(&self) -> Result<Option<ErasureRow>, StoreError> {
        first(
            self.connection,
            &format!(
                "SELECT {COLUMNS} FROM erasures WHERE bytes_gone_at IS NULL
                     AND rows_gone_at IS NULL ORDER BY erased_at, id LIMIT 1"
            ),
            [],
            erasure_row,
        )
    }

    /// Documents of an erasure whose rows are still here, at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erased_left(
        &self,
        erasure: EntryId,
        rows_max: u32,
    ) -> Result<Vec<(DocumentId, Kind)>, StoreError> {
        all(
            self.connection,
            "SELECT doc, kind FROM erased_documents WHERE erasure = ?1 AND done = 0
             ORDER BY doc LIMIT ?2",
            params![erasure.as_bytes(), rows_max],
            document_and_kind,
        )
    }

    /// Deletes a document with everything that is kept of it, and leaves behind where it is to be
    /// forgotten. Its seat, if it has one, is given up before.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erase_document(
        &mut self,
        erasure: EntryId,
        document: DocumentId,
    ) -> Result<ErasedRows, StoreError> {
        let pushers: Vec<PersonId> = all(
            self.connection,
            "SELECT DISTINCT person FROM quarantine WHERE doc = ?1",
            [document.as_bytes()],
            |row| bytes(row, 0).map(PersonId::from_bytes),
        )?;
        self.leave_everywhere(erasure, document, &pushers)?;
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO erased_files(sha256, person)
                 SELECT sha256, person FROM attachments WHERE doc = ?1",
            )?
            .execute([document.as_bytes()])?;
        self.remove_namings(document)?;
        self.all_consents_moved();
        let delete = |sql: &str| -> Result<u64, StoreError> {
            let mut statement = self.connection.prepare_cached(sql)?;
            Ok(statement.execute([document.as_bytes()])? as u64)
        };
        let rows = ErasedRows {
            changes: delete("DELETE FROM changes WHERE doc = ?1")?,
            quarantined: delete("DELETE FROM quarantine WHERE doc = ?1")?,
        };
        for sql in [
            "DELETE FROM ticket_clocks WHERE doc = ?1",
            "DELETE FROM ticket_notes WHERE ticket = ?1",
            "DELETE FROM ticket_notes WHERE note = ?1",
            "DELETE FROM consents WHERE doc = ?1",
            "DELETE FROM decisions WHERE doc = ?1",
            "DELETE FROM seats WHERE enrolment = ?1",
            "DELETE FROM seats WHERE activity = ?1",
            "DELETE FROM seat_leases WHERE activity = ?1",
            "DELETE FROM seat_tallies WHERE activity = ?1",
            "DELETE FROM followers WHERE of = ?1",
            "DELETE FROM followers WHERE doc = ?1",
            "DELETE FROM retention_asked WHERE of = ?1",
        ] {
            delete(sql)?;
        }
        let quarantined = &mut self.job.counters.quarantined;
        *quarantined = quarantined.saturating_sub(rows.quarantined);
        self.connection
            .prepare_cached("UPDATE erased_documents SET done = 1 WHERE doc = ?1")?
            .execute([document.as_bytes()])?;
        self.connection
            .prepare_cached(
                "UPDATE erasures SET changes = changes + ?2, quarantined = quarantined + ?3
                 WHERE id = ?1",
            )?
            .execute(params![
                erasure.as_bytes(),
                signed(rows.changes),
                signed(rows.quarantined)
            ])?;
        Ok(rows)
    }

    /// The document leaves every scope it was ever in, and those of the people whose phones hold
    /// something of it that was never let in.
    fn leave_everywhere(
        &mut self,
        erasure: EntryId,
        document: DocumentId,
        pushers: &[PersonId],
    ) -> Result<(), StoreError> {
        let before = self.document(document)?;
        let mut scopes: Vec<Scope> = before
            .iter()
            .flat_map(|row| row.members.iter().map(|member| member.scope.clone()))
            .collect();
        let theirs = pushers.iter().copied().map(Scope::Person);
        scopes.extend(theirs);
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Ok(());
        }
        let sequence = self.allot_sequence();
        let members = scopes
            .iter()
            .map(|scope| Member {
                scope: scope.clone(),
                joined: sequence,
                last: sequence,
                left: Some(ForgetReason::Erased),
            })
            .collect();
        let outline = match &before {
            Some(row) => row.outline.clone(),
            None => nothing(),
        };
        let after = DocumentRow {
            outline,
            digest: DocumentDigest::from_bits(0),
            members,
        };
        self.drop_document(document, before, after)?;
        for scope in &scopes {
            let row = self
                .known_scope(scope)?
                .ok_or_else(|| StoreError::bug("a scope that was left is not known"))?;
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO erased_places(doc, scope, seq, erasure)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    document.as_bytes(),
                    row.id.0,
                    signed(sequence.get()),
                    erasure.as_bytes(),
                ])?;
        }
        Ok(())
    }

    /// Notes that nothing of an erasure is left in any table or folder.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn rows_are_gone(&mut self, erasure: EntryId, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE erasures SET rows_gone_at = ?2 WHERE id = ?1")?
            .execute(params![erasure.as_bytes(), now.as_ms()])?;
        Ok(())
    }

    /// Notes that nothing is left in the file's pages and its log of erasures whose rows were gone
    /// by `before`; which these are, in the order in which they were ordered.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn bytes_are_gone(
        &mut self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ErasureRow>, StoreError> {
        let gone = all(
            self.connection,
            &format!(
                "SELECT {COLUMNS} FROM erasures
                 WHERE bytes_gone_at IS NULL AND rows_gone_at <= ?1 ORDER BY erased_at, id"
            ),
            [before.as_ms()],
            erasure_row,
        )?;
        self.connection
            .prepare_cached(
                "UPDATE erasures SET bytes_gone_at = ?2
                 WHERE bytes_gone_at IS NULL AND rows_gone_at <= ?1",
            )?
            .execute(params![before.as_ms(), now.as_ms()])?;
        Ok(gone)
    }

    /// When the rows of the latest erasure went whose bytes are still in the file, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn bytes_left(&self) -> Result<Option<Timestamp>, StoreError> {
        let found = first(
            self.connection,
            "SELECT max(rows_gone_at) FROM erasures WHERE bytes_gone_at IS NULL",
            [],
            |row| timestamp_or_none(row, 0),
        )?;
        Ok(found.flatten())
    }

    /// When the file was last rewritten for an erasure.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn bytes_last_gone(&self) -> Result<Option<Timestamp>, StoreError> {
        let found = first(
            self.connection,
            "SELECT max(bytes_gone_at) FROM erasures",
            [],
            |row| timestamp_or_none(row, 0),
        )?;
        Ok(found.flatten())
    }

    /// Files that an erasure left to be looked at, at most `rows_max`: whose upload, whether that
    /// person still names it, and whether anybody does.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erased_files(
        &self,
        rows_max: u32,
    ) -> Result<Vec<(ContentHash, PersonId, bool, bool)>, StoreError> {
        all(
            self.connection,
            "SELECT f.sha256, f.person,
                    EXISTS (SELECT 1 FROM attachments a
                            WHERE a.sha256 = f.sha256 AND a.person = f.person),
                    EXISTS (SELECT 1 FROM attachments a WHERE a.sha256 = f.sha256)
             FROM erased_files f LIMIT ?1",
            [rows_max],
            |row| {
                Ok((
                    ContentHash::from_bytes(bytes(row, 0)?),
                    PersonId::from_bytes(bytes(row, 1)?),
                    row.get(2)?,
                    row.get(3)?,
                ))
            },
        )
    }

    /// A file that an erasure left was looked at; `removed` if it went, for the erasure's receipt.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn file_is_gone(
        &mut self,
        erasure: EntryId,
        sha256: ContentHash,
        person: PersonId,
        removed: bool,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM erased_files WHERE sha256 = ?1 AND person = ?2")?
            .execute(params![sha256.as_bytes(), person.as_bytes()])?;
        if removed {
            self.connection
                .prepare_cached("UPDATE erasures SET attachments = attachments + 1 WHERE id = ?1")?
                .execute([erasure.as_bytes()])?;
        }
        Ok(())
    }

    /// Whether a person still names these bytes in a document.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_named(&self, sha256: ContentHash, person: PersonId) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM attachments WHERE sha256 = ?1 AND person = ?2")?
            .exists(params![sha256.as_bytes(), person.as_bytes()])?)
    }

    /// Whether anybody still names these bytes in a document.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_named_at_all(&self, sha256: ContentHash) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM attachments WHERE sha256 = ?1")?
            .exists([sha256.as_bytes()])?)
    }

    /// Keeps how many changes of the person in documents about others stay.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_parts_kept(&mut self, erasure: EntryId, parts: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE erasures SET parts_kept = ?2 WHERE id = ?1")?
            .execute(params![erasure.as_bytes(), signed(parts)])?;
        Ok(())
    }
}

/// The outline of a document that never came in.
fn nothing() -> yizhan_client_core::model::Outline {
    yizhan_client_core::model::Outline {
        kind: Kind::Unknown(0),
        schema: 0,
        routing: yizhan_client_core::model::outline::Routing::default(),
        facts: yizhan_client_core::model::outline::Facts::default(),
        heads: Vec::new(),
        last_op: 0,
        actors: Vec::new(),
        bytes: 0,
    }
}
