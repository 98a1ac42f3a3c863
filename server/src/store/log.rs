//! What a job may do with the log of changes: documents, changes, scopes.
//!
//! Changes go to disk at once, inside the job's savepoint. Documents and scopes change many times
//! in one commit, so they are kept in layers ([`super::cache`]) and written once, by
//! [`super::flush`], just before the commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, params};
use yizhan_proto::ScopeDigest;
use yizhan_proto::sync::Stored;
use yizhan_proto::{ChangeHash, Cursor, DocumentId, Kind, PersonId, Scope, Sequence};

use super::StoreError;
use super::cache::{Committed, Dirty, Layer};
use super::convert::{sequence, signed, timestamp, unsigned};
use super::queries::{self, document_row};
use super::retention;
use super::rows::{DocumentRow, KnownChange, NewChange, ScopeId, ScopeRow};

/// What people and devices a commit touched, so that memory can follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// People whose name, roles, aliases or devices changed.
    pub people: BTreeSet<PersonId>,
    /// Whether regions changed, which changes what everybody subscribes to.
    pub regions: bool,
    /// Whether desks or their members changed, which changes what many subscribe to.
    pub desks: bool,
    /// People who are no longer people of their own, but an alias of somebody.
    pub gone: BTreeSet<PersonId>,
}

impl Touched {
    /// With what another job touched.
    pub(super) fn absorb(&mut self, mut job: Self) {
        self.people.append(&mut job.people);
        self.regions |= job.regions;
        self.desks |= job.desks;
        self.gone.append(&mut job.gone);
    }
}

/// The store as one job sees and changes it. What it does is kept only if the job succeeds and
/// the commit it is part of does, too.
#[derive(Debug)]
pub struct LogTx<'c> {
    pub(super) connection: &'c Connection,
    pub(super) committed: &'c mut Committed,
    pub(super) batch: &'c Layer,
    pub(super) job: Layer,
    pub(super) touched: Touched,
    /// A document that was looked for and is not there: who asks once asks again.
    absent: Option<DocumentId>,
}

impl<'c> LogTx<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        committed: &'c mut Committed,
        batch: &'c Layer,
    ) -> Self {
        Self {
            connection,
            committed,
            job: Layer::on(batch.counters),
            batch,
            touched: Touched::default(),
            absent: None,
        }
    }

    pub(super) fn finish(self) -> (Layer, Touched) {
        (self.job, self.touched)
    }

    /// The latest sequence allotted.
    #[must_use]
    pub fn head(&self) -> Cursor {
        self.job.counters.head
    }

    /// The latest sequence of the latest commit.
    #[must_use]
    pub fn committed_head(&self) -> Cursor {
        self.committed.counters.head
    }

    /// The sequence that [`LogTx::allot_sequence`] would give.
    #[must_use]
    pub fn next_sequence(&self) -> Sequence {
        let head = Sequence::new(self.job.counters.head.get());
        head.map_or(Sequence::FIRST, Sequence::next)
    }

    /// The next sequence. Given out for good if the job succeeds, and again if it does not.
    pub fn allot_sequence(&mut self) -> Sequence {
        let next =
            Sequence::new(self.job.counters.head.get()).map_or(Sequence::FIRST, Sequence::next);
        self.job.counters.head = Cursor::after(next);
        next
    }

    /// A document, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn document(&mut self, id: DocumentId) -> Result<Option<Arc<DocumentRow>>, StoreError> {
        if self.absent == Some(id) {
            return Ok(None);
        }
        for layer in [&self.job, self.batch] {
            if let Some(dirty) = layer.documents.get(&id) {
                return Ok((!dirty.gone).then(|| Arc::clone(&dirty.after)));
            }
        }
        if let Some(row) = self.committed.documents.get(&id) {
            return Ok(Some(row));
        }
        let Some(row) = document_row(self.connection, id)?.map(Arc::new) else {
            self.absent = Some(id);
            return Ok(None);
        };
        self.committed.documents.put(id, Arc::clone(&row));
        Ok(Some(row))
    }

    /// Keeps a document, and with it its place in every scope and their digests. `before` is what
    /// [`LogTx::document`] gave.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_document(
        &mut self,
        id: DocumentId,
        before: Option<Arc<DocumentRow>>,
        after: DocumentRow,
    ) -> Result<(), StoreError> {
        self.absent = None;
        let inside = |row: Option<&DocumentRow>, scope: &Scope| {
            row.and_then(|row| row.members.iter().find(|member| member.scope == *scope))
                .is_some_and(|member| member.left.is_none())
        };
        for member in &after.members {
            let mut totals = self.scope_row(&member.scope)?;
            if let Some(before) = before
                .as_deref()
                .filter(|row| inside(Some(row), &member.scope))
            {
                totals.digest = totals.digest.without(before.digest);
                totals.documents = totals.documents.saturating_sub(1);
            }
            if member.left.is_none() {
                totals.digest = totals.digest.with(after.digest);
                totals.documents += 1;
            }
            self.job.scopes.insert(member.scope.clone(), totals);
        }
        retention::follow(self.connection, id, before.as_deref(), Some(&after))?;
        let after = Arc::new(after);
        self.job
            .documents
            .entry(id)
            .and_modify(|dirty| dirty.after = Arc::clone(&after))
            .or_insert(Dirty {
                before,
                after,
                gone: false,
            });
        Ok(())
    }

    /// As [`LogTx::put_document`], for one that is erased: nothing of it is kept but that it left
    /// the places where it was.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub(super) fn drop_document(
        &mut self,
        id: DocumentId,
        before: Option<Arc<DocumentRow>>,
        after: DocumentRow,
    ) -> Result<(), StoreError> {
        let last = after.clone();
        self.put_document(id, before, after)?;
        retention::follow(self.connection, id, Some(&last), None)?;
        if let Some(dirty) = self.job.documents.get_mut(&id) {
            dirty.gone = true;
        }
        Ok(())
    }

    /// Documents that the open commit adds or moves, and that lie or lay in one of these scopes.
    pub(super) fn unwritten_in(&self, scopes: &[Scope]) -> Vec<(DocumentId, Kind)> {
        let inside = |dirty: &Dirty| {
            let members = dirty.after.members.iter();
            !dirty.gone
                && members
                    .map(|member| &member.scope)
                    .any(|s| scopes.contains(s))
        };
        [self.batch, &self.job]
            .into_iter()
            .flat_map(|layer| &layer.documents)
            .filter(|(_, dirty)| inside(dirty))
            .map(|(id, dirty)| (*id, dirty.after.outline.kind))
            .collect()
    }

    /// The totals of a scope; of one that nobody used before, those of an empty one.
    fn scope_row(&mut self, scope: &Scope) -> Result<ScopeRow, StoreError> {
        if let Some(row) = self.known_scope(scope)? {
            return Ok(row);
        }
        self.job.counters.scope_id += 1;
        Ok(ScopeRow {
            id: ScopeId(self.job.counters.scope_id),
            digest: ScopeDigest::EMPTY,
            documents: 0,
        })
    }

    /// The totals of a scope, if anything was ever in it.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn known_scope(&mut self, scope: &Scope) -> Result<Option<ScopeRow>, StoreError> {
        for layer in [&self.job, self.batch] {
            if let Some(row) = layer.scopes.get(scope) {
                return Ok(Some(*row));
            }
        }
        if let Some(row) = self.committed.scopes.get(scope) {
            return Ok(Some(row));
        }
        let row = queries::scope_row(self.connection, scope)?;
        if let Some(row) = row {
            self.committed.scopes.put(scope.clone(), row);
        }
        Ok(row)
    }

    /// A change of a document, by its hash.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn change(
        &self,
        document: DocumentId,
        hash: ChangeHash,
    ) -> Result<Option<KnownChange>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, received_at, skew_ms, last_op FROM changes WHERE doc = ?1 AND hash = ?2",
        )?;
        let mut rows = statement.query(params![document.as_bytes(), hash.as_bytes()])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        Ok(Some(KnownChange {
            stored: Stored {
                sequence: sequence(row, 0)?,
                received_at: timestamp(row, 1)?,
                skew_ms: row.get(2)?,
            },
            last_op: unsigned(row, 3)?,
        }))
    }

    /// Keeps a change. Its document is put apart from it.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_change(&mut self, change: &NewChange<'_>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO changes(seq, doc, hash, actor, person, last_op, received_at, skew_ms, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                signed(change.sequence.get()),
                change.document.as_bytes(),
                change.hash.as_bytes(),
                change.actor.as_bytes(),
                change.person.as_bytes(),
                signed(change.last_op),
                change.received_at.as_ms(),
                change.skew_ms,
                change.bytes,
            ])?;
        Ok(())
    }

    /// All changes of a document, in order of sequence.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn change_bytes(&self, document: DocumentId) -> Result<Vec<Vec<u8>>, StoreError> {
        queries::change_bytes(self.connection, document)
    }

    /// All documents of a directory kind (station, activity, notice), ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn directory(&self, kind: Kind) -> Result<Vec<DocumentId>, StoreError> {
        // The directory is on disk but for what this very commit adds.
        let mut ids: BTreeSet<DocumentId> = queries::directory(self.connection, kind)?
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        for layer in [self.batch, &self.job] {
            ids.extend(
                layer
                    .documents
                    .iter()
                    .filter(|(_, dirty)| !dirty.gone && dirty.after.outline.kind == kind)
                    .map(|(id, _)| *id),
            );
            let gone = layer.documents.iter().filter(|(_, dirty)| dirty.gone);
            for (id, _) in gone {
                ids.remove(id);
            }
        }
        Ok(ids.into_iter().collect())
    }
}
