//! The rows of a station.

use rusqlite::{Transaction, params};

use super::{all_of, lines};
use crate::model::station::{Station, StationType};
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(
    tx: &Transaction<'_>,
    n: i64,
    station: &Station,
) -> Result<Indexed, StoreError> {
    let conflict = station.name.is_conflict()
        || station.address.is_conflict()
        || station.beds_total.is_conflict()
        || station.beds_free.is_conflict()
        || station.hours.is_conflict()
        || station.phone.is_conflict()
        || station.open.is_conflict()
        || station.notice.is_conflict();
    let name = station.name.value.clone().unwrap_or_default();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO stations_view (document, key, name, region, sort, address, phone,
             hours, facilities, beds_total, beds_free, open, notice, conflict)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        n,
        station.key,
        name,
        station.region.as_ref().map(ToString::to_string),
        station.station_type.map(StationType::as_str),
        station.address.value,
        station.phone.value,
        station.hours.value,
        station.facilities.join(" "),
        station.beds_total.value,
        station.beds_free.value,
        station.open.value,
        station.notice.value,
        conflict,
    ])?;
    let texts = [&station.name, &station.address, &station.notice];
    Ok(Indexed {
        text: lines(
            std::iter::once(station.key.as_str()).chain(texts.into_iter().flat_map(all_of)),
        ),
        title: name,
    })
}
