//! The rows of documents: finding, making, dropping.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::{DocumentId, Kind};

use super::scrub::{self, Part};
use super::sql::{bytes, cbor};
use super::{StoreError, reads, search};
use crate::model::Outline;

/// One document's row.
#[derive(Debug, Clone)]
pub(super) struct DocumentRow {
    /// Its number in this file.
    pub(super) n: i64,
    /// Its id.
    pub(super) id: DocumentId,
    /// Its kind.
    pub(super) kind: Kind,
    /// What the gate needs, as CBOR; `None` if it is not shown.
    outline: Option<Vec<u8>>,
    /// Digest of its acknowledged heads.
    pub(super) acked_digest: Option<DocumentDigest>,
    /// Its own incarnation, after a refusal.
    pub(super) incarnation: Option<u32>,
    /// Why it cannot be opened.
    pub(super) set_aside: Option<String>,
}

/// Columns of a [`DocumentRow`], in its order; the table is to be called `d`.
pub(super) const COLUMNS: &str =
    "d.n, d.id, d.kind, d.outline, d.acked_digest, d.incarnation, d.set_aside";

impl DocumentRow {
    /// Reads [`COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            n: row.get(0)?,
            id: bytes(row, 1, DocumentId::from_bytes)?,
            kind: Kind::from_code(row.get(2)?),
            outline: row.get(3)?,
            acked_digest: row
                .get::<_, Option<i64>>(4)?
                .map(|bits| DocumentDigest::from_bits(bits.cast_unsigned())),
            incarnation: row.get(5)?,
            set_aside: row.get(6)?,
        })
    }

    /// What the gate needs to know of it; `None` if it is not shown.
    pub(super) fn outline(&self) -> Result<Option<Outline>, StoreError> {
        self.outline
            .as_deref()
            .map(|bytes| cbor(bytes, "an outline"))
            .transpose()
    }
}

/// The document of an id.
pub(super) fn find(
    connection: &Connection,
    id: DocumentId,
) -> Result<Option<DocumentRow>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM documents d WHERE d.id = ?1"
        ))?
        .query_row([id.as_bytes()], DocumentRow::read)
        .optional()?)
}

/// The document of a number.
pub(super) fn by_number(
    connection: &Connection,
    n: i64,
) -> Result<Option<DocumentRow>, StoreError> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM documents d WHERE d.n = ?1"))?
        .query_row([n], DocumentRow::read)
        .optional()?)
}

/// Makes the row of a document that is not here yet, and returns its number.
pub(super) fn create(tx: &Transaction<'_>, id: DocumentId, kind: Kind) -> Result<i64, StoreError> {
    tx.prepare_cached("INSERT INTO documents (id, kind) VALUES (?1, ?2)")?
        .execute(params![id.as_bytes(), kind.code()])?;
    Ok(tx.last_insert_rowid())
}

/// Removes a document with all its changes and rows. The caller has made sure that nothing
/// unsent or held is in it, or that a person wants it gone.
pub(super) fn remove(tx: &Transaction<'_>, n: i64) -> Result<(), StoreError> {
    search::remove(tx, n)?;
    reads::forget(tx, n)?;
    scrub::note(tx, Part::Store)?;
    tx.prepare_cached("DELETE FROM documents WHERE n = ?1")?
        .execute([n])?;
    Ok(())
}
