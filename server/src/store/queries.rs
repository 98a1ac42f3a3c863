//! Reads that both the writer and the readers make.

use rusqlite::{Connection, OptionalExtension, Row};
use yizhan_client_core::model::Outline;
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::{Cursor, DocumentId, Kind, Scope, ScopeDigest, Sequence};

use super::StoreError;
use super::convert::{bytes, cbor, sequence, unsigned};
use super::rows::{DocumentRow, ScopeId, ScopeRow};

/// The first row of a query, read by `read`.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    statement
        .query_row(params, |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// Every row of a query, read by `read`.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The latest sequence.
pub(super) fn head(connection: &Connection) -> Result<Cursor, StoreError> {
    let head = first(
        connection,
        "SELECT value FROM meta WHERE key = 'head'",
        [],
        |row| Ok(Cursor::new(u64::from_be_bytes(bytes(row, 0)?))),
    )?;
    Ok(head.unwrap_or(Cursor::START))
}

/// A scope's totals.
pub(super) fn scope_row(
    connection: &Connection,
    scope: &Scope,
) -> Result<Option<ScopeRow>, StoreError> {
    first(
        connection,
        "SELECT id, digest, documents FROM scopes WHERE scope = ?1",
        [scope.to_string()],
        |row| {
            Ok(ScopeRow {
                id: ScopeId(row.get(0)?),
                digest: ScopeDigest::from_bits(unsigned(row, 1)?),
                documents: unsigned(row, 2)?,
            })
        },
    )
}

/// A document.
pub(super) fn document_row(
    connection: &Connection,
    id: DocumentId,
) -> Result<Option<DocumentRow>, StoreError> {
    first(
        connection,
        "SELECT outline, digest, members FROM documents WHERE doc = ?1",
        [id.as_bytes()],
        |row| {
            Ok(DocumentRow {
                outline: cbor::<Outline>(row, 0)?,
                digest: DocumentDigest::from_bits(unsigned(row, 1)?),
                members: cbor(row, 2)?,
            })
        },
    )
}

/// The sequences of a document's changes, rising.
pub(super) fn sequences(
    connection: &Connection,
    document: DocumentId,
) -> Result<Vec<Sequence>, StoreError> {
    let mut sequences = all(
        connection,
        "SELECT seq FROM changes WHERE doc = ?1",
        [document.as_bytes()],
        |row| sequence(row, 0),
    )?;
    sequences.sort_unstable();
    Ok(sequences)
}

/// All changes of a document, in order of sequence.
pub(super) fn change_bytes(
    connection: &Connection,
    document: DocumentId,
) -> Result<Vec<Vec<u8>>, StoreError> {
    all(
        connection,
        "SELECT bytes FROM changes WHERE doc = ?1 ORDER BY seq",
        [document.as_bytes()],
        |row| Ok(row.get(0)?),
    )
}

/// Documents of a directory kind, ascending by id.
pub(super) fn directory(
    connection: &Connection,
    kind: Kind,
) -> Result<Vec<(DocumentId, DocumentDigest)>, StoreError> {
    all(
        connection,
        "SELECT doc, digest FROM documents WHERE kind = ?1 AND kind <= 3 ORDER BY doc",
        [kind.code()],
        |row| {
            Ok((
                DocumentId::from_bytes(bytes(row, 0)?),
                DocumentDigest::from_bits(unsigned(row, 1)?),
            ))
        },
    )
}
