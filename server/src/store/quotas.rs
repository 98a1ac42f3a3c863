//! How much people begin in a day, what of theirs waits, and which scopes grow full.

use rusqlite::params;
use yizhan_proto::{ChangeHash, DocumentId, PersonId, Scope, Timestamp};

use super::StoreError;
use super::convert::{unsigned, word};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{FullScopeRow, ScopeId};

impl LogTx<'_> {
    /// Documents that a person has begun on a day (days since 1970).
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn documents_begun(&self, person: PersonId, day: i64) -> Result<u64, StoreError> {
        let begun = first(
            self.connection,
            "SELECT documents FROM documents_begun WHERE day = ?1 AND person = ?2",
            params![day, person.as_bytes()],
            |row| unsigned(row, 0),
        )?;
        Ok(begun.unwrap_or(0))
    }

    /// Notes that a person has begun so many documents on a day.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_documents_begun(
        &mut self,
        person: PersonId,
        day: i64,
        documents: u64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO documents_begun(day, person, documents) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET documents = ?3",
            )?
            .execute(params![
                day,
                person.as_bytes(),
                super::convert::signed(documents)
            ])?;
        Ok(())
    }

    /// Drops what was begun before a day, so many rows of it; whether there may be more.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn drop_documents_begun(&mut self, before: i64, rows_max: u32) -> Result<bool, StoreError> {
        let dropped = self
            .connection
            .prepare_cached(
                "DELETE FROM documents_begun WHERE (day, person) IN
                 (SELECT day, person FROM documents_begun WHERE day < ?1 LIMIT ?2)",
            )?
            .execute(params![before, rows_max])?;
        Ok(dropped == rows_max as usize)
    }

    /// How many changes of a person wait for a decision, and their bytes; `None` if this one is
    /// among them.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn waiting_of(
        &self,
        person: PersonId,
        (document, hash): (DocumentId, ChangeHash),
    ) -> Result<Option<(u64, u64)>, StoreError> {
        if self.is_quarantined(document, hash)? {
            return Ok(None);
        }
        let waiting = first(
            self.connection,
            "SELECT count(*), ifnull(sum(length(bytes)), 0)
             FROM quarantine INDEXED BY quarantine_room WHERE person = ?1 AND rejected = 0",
            [person.as_bytes()],
            |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)),
        )?;
        Ok(waiting.or(Some((0, 0))))
    }

    /// Notes that somebody was warned of a scope; `false` if that was not before `since` already.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn warn_of_scope(
        &mut self,
        scope: ScopeId,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self
            .connection
            .prepare_cached(
                "INSERT INTO scope_warnings(scope, warned_at) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET warned_at = ?2 WHERE warned_at <= ?3",
            )?
            .execute(params![scope.0, now.as_ms(), since.as_ms()])?;
        Ok(changed == 1)
    }
}

impl Snapshot<'_> {
    /// Scopes that hold more than 10,000 documents, the fullest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn full_scopes(&self, rows_max: u32) -> Result<Vec<FullScopeRow>, StoreError> {
        // The bound stands in the text, so that the index of the few full scopes answers.
        all(
            self.connection,
            "SELECT id, scope, documents FROM scopes WHERE documents > 10000
             ORDER BY documents DESC LIMIT ?1",
            [rows_max],
            |row| {
                Ok(FullScopeRow {
                    id: ScopeId(row.get(0)?),
                    scope: word::<Scope>(row, 1)?,
                    documents: unsigned(row, 2)?,
                })
            },
        )
    }

    /// Whether anything was begun before a day.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_begun_before(&self, day: i64) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM documents_begun WHERE day < ?1")?
            .exists([day])?)
    }
}
