//! How our types become SQLite's, and back.

use rusqlite::Row;
use yizhan_proto::{ChangeHash, Cursor, Sequence, Timestamp};

use super::StoreError;

/// Sequences and counters stay far below 2^63.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The reverse of [`int`].
pub(super) fn uint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A count of rows.
pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// An id or any other value of `N` bytes.
pub(super) fn bytes<const N: usize, T>(
    row: &Row<'_>,
    column: usize,
    make: impl FnOnce([u8; N]) -> T,
) -> rusqlite::Result<T> {
    row.get::<_, [u8; N]>(column).map(make)
}

/// The same, where it may be missing.
pub(super) fn bytes_opt<const N: usize, T>(
    row: &Row<'_>,
    column: usize,
    make: impl FnOnce([u8; N]) -> T,
) -> rusqlite::Result<Option<T>> {
    Ok(row.get::<_, Option<[u8; N]>>(column)?.map(make))
}

/// A time.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_ms)
}

/// A time that may be missing.
pub(super) fn time_opt(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_ms))
}

/// A small number; out of range counts as missing.
pub(super) fn small_opt<T: TryFrom<i64>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .and_then(|number| T::try_from(number).ok()))
}

/// A sequence that may be missing.
pub(super) fn sequence_opt(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Sequence>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .and_then(|number| Sequence::new(uint(number))))
}

/// A cursor that may be missing.
pub(super) fn cursor_opt(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Cursor>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(|number| Cursor::new(uint(number))))
}

/// Hashes one after another, as one value.
pub(super) fn join_hashes(hashes: &[ChangeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The reverse of [`join_hashes`].
pub(super) fn split_hashes(joined: &[u8]) -> Vec<ChangeHash> {
    joined
        .chunks_exact(32)
        .filter_map(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .map(ChangeHash::from_bytes)
        .collect()
}

/// A message kept as CBOR.
pub(super) fn cbor<T: for<'b> minicbor::Decode<'b, ()>>(
    bytes: &[u8],
    what: &str,
) -> Result<T, StoreError> {
    yizhan_proto::codec::decode(bytes, usize::MAX)
        .map_err(|error| StoreError::damaged(format!("{what}: {error}")))
}
