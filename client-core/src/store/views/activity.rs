//! The rows of an activity.

use rusqlite::Transaction;

use crate::model::activity::Activity;
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(_: &Transaction<'_>, _: i64, _: &Activity) -> Result<Indexed, StoreError> {
    Ok(Indexed::default())
}
