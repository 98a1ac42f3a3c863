//! Reading: a few read-only connections, and snapshots of the store as of one moment.
//!
//! Everything here blocks; the relay calls it off the async threads ([`Readers::read`]).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, params};
use tokio::sync::Semaphore;
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::sync::StoredChange;
use yizhan_proto::{Cursor, DocumentId, Kind, Scope, Sequence};

use super::convert::{bytes, forget, sequence, signed, timestamp, unsigned};
use super::queries::{self, all, first};
use super::rows::{DocumentRow, IndexRow, ScopeId, ScopeRow, Totals};
use super::{StoreError, open};

/// A few read-only connections, opened when first needed.
#[derive(Debug, Clone)]
pub struct Readers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The job's own error.
    #[error(transparent)]
    Job(E),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The reading job panicked.
    #[error("a reading job failed")]
    Panicked,
}

impl Readers {
    pub(super) fn new(database: PathBuf, readers: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                database,
                idle: Mutex::new(Vec::new()),
                places: Arc::new(Semaphore::new(readers.max(1))),
            }),
        }
    }

    /// Closes the connections that nobody reads with, so that the writer's is the last: SQLite then
    /// folds its side files into the database and removes them.
    pub fn close(&self) {
        let idle = std::mem::take(
            &mut *self
                .shared
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        drop(idle);
    }

    /// Runs `job` on a snapshot of the store, on a thread that may block. Waits for its turn if
    /// all connections are in use.
    ///
    /// # Errors
    /// The job's own error, or the store's.
    pub async fn read<T, E>(
        &self,
        job: impl FnOnce(&Snapshot<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let place = Arc::clone(&self.shared.places)
            .acquire_owned()
            .await
            .map_err(|_| ReadError::Panicked)?;
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            let _place = place;
            let connection = shared.take().map_err(ReadError::Store)?;
            let result = read_snapshot(&connection, job);
            shared.give_back(connection);
            result
        })
        .await
        .unwrap_or(Err(ReadError::Panicked))
    }
}

impl Shared {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.database, flags)?;
        open::configure(&connection)?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }
}

fn read_snapshot<T, E>(
    connection: &Connection,
    job: impl FnOnce(&Snapshot<'_>) -> Result<T, E>,
) -> Result<T, ReadError<E>> {
    let transaction = connection
        .unchecked_transaction()
        .map_err(|error| ReadError::Store(error.into()))?;
    job(&Snapshot {
        connection: &transaction,
    })
    .map_err(ReadError::Job)
}

/// The store as of one moment.
#[derive(Debug)]
pub struct Snapshot<'c> {
    pub(super) connection: &'c Connection,
}

impl Snapshot<'_> {
    /// The latest sequence.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn head(&self) -> Result<Cursor, StoreError> {
        queries::head(self.connection)
    }

    /// A scope's totals, if anything was ever in it.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn scope(&self, scope: &Scope) -> Result<Option<ScopeRow>, StoreError> {
        queries::scope_row(self.connection, scope)
    }

    /// Documents that are in a scope, or left it, with a latest sequence there past `after`, rising,
    /// at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn news(
        &self,
        scope: ScopeId,
        after: Cursor,
        rows_max: u32,
    ) -> Result<Vec<IndexRow>, StoreError> {
        self.index(
            "SELECT i.doc, i.last_seq AS last, i.joined_seq, NULL, d.kind
             FROM scope_index i LEFT JOIN documents d ON d.doc = i.doc
             WHERE i.scope = ?1 AND i.last_seq > ?2
             UNION ALL
             SELECT l.doc, l.seq AS last, l.seq, l.reason, d.kind
             FROM leavings l LEFT JOIN documents d ON d.doc = l.doc
             WHERE l.scope = ?1 AND l.seq > ?2
             ORDER BY last LIMIT ?3",
            params![scope.0, signed(after.get()), rows_max],
        )
    }

    /// Documents that are in a scope with a latest sequence of `down_from` or less, falling, at
    /// most `rows_max`. Those that left are not among them.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn history(
        &self,
        scope: ScopeId,
        down_from: Cursor,
        rows_max: u32,
    ) -> Result<Vec<IndexRow>, StoreError> {
        self.index(
            "SELECT i.doc, i.last_seq, i.joined_seq, NULL, d.kind
             FROM scope_index i LEFT JOIN documents d ON d.doc = i.doc
             WHERE i.scope = ?1 AND i.last_seq <= ?2
             ORDER BY i.last_seq DESC LIMIT ?3",
            params![scope.0, signed(down_from.get()), rows_max],
        )
    }

    fn index(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<IndexRow>, StoreError> {
        all(self.connection, sql, params, |row| {
            Ok(IndexRow {
                document: DocumentId::from_bytes(bytes(row, 0)?),
                last: sequence(row, 1)?,
                joined: sequence(row, 2)?,
                left: forget(row, 3)?,
                kind: Kind::from_code(row.get::<_, Option<u8>>(4)?.unwrap_or_default()),
            })
        })
    }

    /// Every document that is in a scope, with its digest, ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn holdings(
        &self,
        scope: ScopeId,
    ) -> Result<Vec<(DocumentId, DocumentDigest)>, StoreError> {
        let mut holdings = all(
            self.connection,
            "SELECT i.doc, d.digest FROM scope_index i JOIN documents d ON d.doc = i.doc
             WHERE i.scope = ?1",
            [scope.0],
            |row| {
                Ok((
                    DocumentId::from_bytes(bytes(row, 0)?),
                    DocumentDigest::from_bits(unsigned(row, 1)?),
                ))
            },
        )?;
        holdings.sort_unstable_by_key(|(document, _)| *document);
        Ok(holdings)
    }

    /// A document, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn document(&self, id: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
        queries::document_row(self.connection, id)
    }

    /// The sequences of a document's changes, rising.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn sequences(&self, document: DocumentId) -> Result<Vec<Sequence>, StoreError> {
        queries::sequences(self.connection, document)
    }

    /// One change, by its sequence.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails, or has no such change.
    pub fn change(&self, of: Sequence) -> Result<StoredChange, StoreError> {
        first(
            self.connection,
            "SELECT received_at, skew_ms, bytes FROM changes WHERE seq = ?1",
            [signed(of.get())],
            |row| {
                Ok(StoredChange {
                    sequence: of,
                    received_at: timestamp(row, 0)?,
                    skew_ms: row.get(1)?,
                    change: row.get(2)?,
                })
            },
        )?
        .ok_or_else(|| StoreError::damaged("a change is missing"))
    }

    /// All changes of a document, in order of sequence.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn change_bytes(&self, document: DocumentId) -> Result<Vec<Vec<u8>>, StoreError> {
        queries::change_bytes(self.connection, document)
    }

    /// All documents of a directory kind (station, activity, notice) with their digests,
    /// ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn directory(&self, kind: Kind) -> Result<Vec<(DocumentId, DocumentDigest)>, StoreError> {
        queries::directory(self.connection, kind)
    }

    /// How much there is.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM changes),
             (SELECT count(*) FROM people),
             (SELECT count(*) FROM devices WHERE revoked_at IS NULL),
             (SELECT count(*) FROM devices WHERE revoked_at IS NOT NULL),
             (SELECT count(*) FROM quarantine WHERE rejected = 0), (SELECT count(*) FROM forget_acks),
             (SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())";
        let totals = first(self.connection, sql, [], |row| {
            Ok(Totals {
                documents: unsigned(row, 0)?,
                changes: unsigned(row, 1)?,
                people: unsigned(row, 2)?,
                devices: unsigned(row, 3)?,
                devices_revoked: unsigned(row, 4)?,
                quarantined: unsigned(row, 5)?,
                forgets_acknowledged: unsigned(row, 6)?,
                database_bytes: unsigned(row, 7)?,
            })
        })?;
        Ok(totals.unwrap_or_default())
    }
}
