//! The rows of a notice.

use rusqlite::{Transaction, params};
use yizhan_proto::{StationId, Timestamp};

use super::lines;
use crate::model::notice::Notice;
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(tx: &Transaction<'_>, n: i64, notice: &Notice) -> Result<Indexed, StoreError> {
    let withdrawn = &notice.withdrawn_at;
    let withdrawn_at = withdrawn.value.iter().chain(&withdrawn.others).min();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO notices_view (document, region, station, title, text, level,
             published_at, until, withdrawn_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        n,
        notice.region.as_ref().map(ToString::to_string),
        notice.station.as_ref().map(StationId::as_bytes),
        notice.title,
        notice.text,
        notice.level.as_str(),
        notice.published_at.as_ms(),
        notice.until.map(Timestamp::as_ms),
        withdrawn_at.copied().map(Timestamp::as_ms),
    ])?;
    Ok(Indexed {
        title: notice.title.clone(),
        text: lines([notice.title.as_str(), notice.text.as_str()].into_iter()),
    })
}
