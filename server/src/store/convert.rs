//! Between our types and the engine's values. A value that cannot be what was stored is damage.

use rusqlite::Row;
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{Sequence, Timestamp};

use super::StoreError;

/// A number that SQLite keeps as signed 64 bits, all bits kept.
pub(super) const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// A number from outside, which no row has beyond what a signed column holds.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count or number back.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

/// A sequence back.
pub(super) fn sequence(row: &Row<'_>, column: usize) -> Result<Sequence, StoreError> {
    Sequence::new(unsigned(row, column)?).ok_or_else(|| StoreError::damaged("sequence 0"))
}

/// A time back.
pub(super) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_ms(row.get(column)?))
}

/// A time back, if there is one.
pub(super) fn timestamp_or_none(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_ms))
}

/// The bytes of an id back.
pub(super) fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> Result<[u8; N], StoreError> {
    row.get_ref(column)?
        .as_blob()
        .ok()
        .and_then(|blob| <[u8; N]>::try_from(blob).ok())
        .ok_or_else(|| StoreError::damaged("an id of the wrong length"))
}

/// A reason for leaving back.
pub(super) fn forget(row: &Row<'_>, column: usize) -> Result<Option<ForgetReason>, StoreError> {
    row.get::<_, Option<i64>>(column)?
        .map(|code| {
            u8::try_from(code)
                .map(ForgetReason::from_code)
                .map_err(|_| StoreError::damaged("a forget reason out of range"))
        })
        .transpose()
}

/// Text that is one of our typed words.
pub(super) fn word<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    row.get_ref(column)?
        .as_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| StoreError::damaged("a word that is not one of ours"))
}

/// A CBOR value back.
pub(super) fn cbor<T: for<'b> minicbor::Decode<'b, ()>>(
    row: &Row<'_>,
    column: usize,
) -> Result<T, StoreError> {
    row.get_ref(column)?
        .as_blob()
        .ok()
        .and_then(|blob| minicbor::decode(blob).ok())
        .ok_or_else(|| StoreError::damaged("a stored record that cannot be read"))
}

/// A CBOR value as it is stored.
pub(super) fn to_cbor<T: minicbor::Encode<()>>(value: &T) -> Result<Vec<u8>, StoreError> {
    minicbor::to_vec(value).map_err(|_| StoreError::bug("a record that cannot be written"))
}
