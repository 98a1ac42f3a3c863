//! The rows of a notice.

use rusqlite::Transaction;

use crate::model::notice::Notice;
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(_: &Transaction<'_>, _: i64, _: &Notice) -> Result<Indexed, StoreError> {
    Ok(Indexed::default())
}
