//! The rows of a consent.

use rusqlite::{Transaction, params};

use crate::model::consent::{Consent, Purpose};
use crate::store::StoreError;
use crate::store::opened::withdrawn_at;
use crate::store::search::Indexed;

pub(super) fn write(
    tx: &Transaction<'_>,
    n: i64,
    consent: &Consent,
) -> Result<Indexed, StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO consents_view (document, driver, station, purpose, given_at, until,
             withdrawn_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        n,
        consent.driver.as_bytes(),
        consent.station.as_bytes(),
        consent.purpose.map(Purpose::as_str),
        consent.given_at.as_ms(),
        consent.until.map(yizhan_proto::Timestamp::as_ms),
        withdrawn_at(consent).map(yizhan_proto::Timestamp::as_ms),
    ])?;
    // A consent has no words of its own.
    Ok(Indexed::default())
}
