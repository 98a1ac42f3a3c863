//! The ledger of erasures: what is never taken again, and why. How rows and files go is in
//! [`super::erasing`], what a receipt says in [`super::receipts`].

use rusqlite::{Row, params};
use yizhan_proto::{DocumentId, EntryId, Kind, PersonId, Scope, Timestamp};

use super::StoreError;
use super::convert::{bytes, timestamp, timestamp_or_none, unsigned};
use super::log::LogTx;
use super::queries::{all, first};
use super::rows::{ErasureRow, Subject};

pub(super) const COLUMNS: &str = "id, is_person, subject, ground, erased_at, backups_expire_at,
     changes, quarantined, attachments, parts_kept, rows_gone_at, bytes_gone_at";

impl LogTx<'_> {
    /// Adds an erasure. One that is there already stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_erasure(&mut self, row: &ErasureRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO erasures(id, is_person, subject, ground, erased_at,
                 backups_expire_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                row.id.as_bytes(),
                matches!(row.subject, Subject::Person(_)),
                row.subject.bytes(),
                row.ground,
                row.at.as_ms(),
                row.backups_expire_at.as_ms(),
            ])?;
        Ok(())
    }

    /// An erasure.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasure(&self, id: EntryId) -> Result<Option<ErasureRow>, StoreError> {
        first(
            self.connection,
            &format!("SELECT {COLUMNS} FROM erasures WHERE id = ?1"),
            [id.as_bytes()],
            erasure_row,
        )
    }

    /// The erasure that took a document, if it was erased.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasure_of(&self, document: DocumentId) -> Result<Option<EntryId>, StoreError> {
        first(
            self.connection,
            "SELECT erasure FROM erased_documents WHERE doc = ?1",
            [document.as_bytes()],
            |row| bytes(row, 0).map(EntryId::from_bytes),
        )
    }

    /// The erasure that took a person, if they were erased.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasure_of_person(&self, person: PersonId) -> Result<Option<EntryId>, StoreError> {
        if self.job.counters.erased == 0 {
            return Ok(None);
        }
        first(
            self.connection,
            "SELECT erasure FROM erased_people WHERE person = ?1",
            [person.as_bytes()],
            |row| bytes(row, 0).map(EntryId::from_bytes),
        )
    }

    /// Enters a document in the ledger, as part of an erasure: from now on nothing of it is taken.
    /// One that is there already stays with the erasure that took it.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn close_document(
        &mut self,
        erasure: EntryId,
        document: DocumentId,
        kind: Kind,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.put_erased(document, now)?;
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO erased_documents(doc, erasure, kind, done)
                 VALUES (?1, ?2, ?3, 0)",
            )?
            .execute(params![
                document.as_bytes(),
                erasure.as_bytes(),
                kind.code()
            ])?;
        Ok(())
    }

    /// Enters a person's id in the ledger: from now on nothing about them is taken.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn close_person(&mut self, erasure: EntryId, person: PersonId) -> Result<(), StoreError> {
        let added = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO erased_people(person, erasure) VALUES (?1, ?2)")?
            .execute(params![person.as_bytes(), erasure.as_bytes()])?;
        self.job.counters.erased += added as u64;
        Ok(())
    }

    /// Leaves of a person their ids alone: name, roles, desks, codes, what their devices are
    /// called, and where they registered go. Devices stay, so that they can be told.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn empty_person(&mut self, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
        self.touched.people.insert(person);
        self.touched.desks = true;
        // Roles at places end rather than go: what was written under them about others, and
        // arrives late, waits for a person as with anybody whose role ended.
        for sql in [
            "UPDATE people SET name = '' WHERE person = ?1",
            "UPDATE devices SET label = '' WHERE person = ?1",
            "DELETE FROM person_roles WHERE person = ?1 AND role = 'driver'",
            "DELETE FROM pair_codes WHERE person = ?1",
            "DELETE FROM desk_members WHERE person = ?1",
            "DELETE FROM registrations WHERE person = ?1",
            "DELETE FROM registrations WHERE person IN
                 (SELECT alias FROM person_alias WHERE person = ?1)",
            "DELETE FROM outside_identities WHERE person = ?1",
            "DELETE FROM outside_identities WHERE person IN
                 (SELECT alias FROM person_alias WHERE person = ?1)",
            "DELETE FROM person_merges WHERE kept = ?1 OR person = ?1",
            "DELETE FROM suspended_roles WHERE person = ?1",
        ] {
            self.connection
                .prepare_cached(sql)?
                .execute([person.as_bytes()])?;
        }
        self.connection
            .prepare_cached(
                "UPDATE person_roles SET ended_at = ?2 WHERE person = ?1 AND ended_at IS NULL",
            )?
            .execute(params![person.as_bytes(), now.as_ms()])?;
        Ok(())
    }

    /// Documents that are or were in the scopes of these people, each once, with its kind; erased
    /// ones are not among them.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn documents_about(
        &mut self,
        people: &[PersonId],
    ) -> Result<Vec<(DocumentId, Kind)>, StoreError> {
        let scopes: Vec<Scope> = people.iter().copied().map(Scope::Person).collect();
        let mut found: std::collections::BTreeMap<DocumentId, Kind> =
            self.unwritten_in(&scopes).into_iter().collect();
        for scope in &scopes {
            let Some(row) = self.known_scope(scope)? else {
                continue;
            };
            // A scope made in this very commit has nothing on disk yet.
            found.extend(all(
                self.connection,
                "SELECT d.doc, d.kind FROM scope_index i JOIN documents d ON d.doc = i.doc
                 WHERE i.scope = ?1
                 UNION ALL
                 SELECT d.doc, d.kind FROM leavings l JOIN documents d ON d.doc = l.doc
                 WHERE l.scope = ?1",
                [row.id.0],
                document_and_kind,
            )?);
        }
        Ok(found.into_iter().collect())
    }

    /// Changes that wait in quarantine for documents: document, kind, the chunk.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn quarantined(&self) -> Result<Vec<(DocumentId, Kind, Vec<u8>)>, StoreError> {
        all(
            self.connection,
            "SELECT doc, kind, bytes FROM quarantine ORDER BY doc, received_at",
            [],
            |row| {
                let (document, kind) = document_and_kind(row)?;
                Ok((document, kind, row.get(2)?))
            },
        )
    }
}

pub(super) fn document_and_kind(row: &Row<'_>) -> Result<(DocumentId, Kind), StoreError> {
    Ok((
        DocumentId::from_bytes(bytes(row, 0)?),
        Kind::from_code(row.get(1)?),
    ))
}

/// Reads [`COLUMNS`].
pub(super) fn erasure_row(row: &Row<'_>) -> Result<ErasureRow, StoreError> {
    let subject = bytes(row, 2)?;
    let parts: Option<i64> = row.get(9)?;
    Ok(ErasureRow {
        id: EntryId::from_bytes(bytes(row, 0)?),
        subject: if row.get(1)? {
            Subject::Person(PersonId::from_bytes(subject))
        } else {
            Subject::Document(DocumentId::from_bytes(subject))
        },
        ground: row.get(3)?,
        at: timestamp(row, 4)?,
        backups_expire_at: timestamp(row, 5)?,
        changes: unsigned(row, 6)?,
        quarantined: unsigned(row, 7)?,
        attachments: unsigned(row, 8)?,
        parts_kept: parts.map(i64::cast_unsigned),
        rows_gone_at: timestamp_or_none(row, 10)?,
        bytes_gone_at: timestamp_or_none(row, 11)?,
    })
}
