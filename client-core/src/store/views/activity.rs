//! The rows of an activity and of its leases.

use rusqlite::{Transaction, params};
use yizhan_proto::Timestamp;

use super::{all_of, lines};
use crate::model::activity::{Activity, Sort, State};
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(
    tx: &Transaction<'_>,
    n: i64,
    activity: &Activity,
) -> Result<Indexed, StoreError> {
    let conflict = activity.title.is_conflict()
        || activity.text.is_conflict()
        || activity.starts_at.is_conflict()
        || activity.ends_at.is_conflict()
        || activity.place.is_conflict()
        || activity.capacity.is_conflict()
        || activity.state.is_conflict()
        || activity.quiz_draw.is_conflict();
    let title = activity.title.value.clone().unwrap_or_default();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO activities_view (document, id, region, station, sort, title,
             starts_at, ends_at, place, capacity, state, questions, conflict)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        n,
        activity.id.as_bytes(),
        activity.region.as_ref().map(ToString::to_string),
        activity.station.as_bytes(),
        activity.sort.map(Sort::as_str),
        title,
        activity.starts_at.value.map_or(0, Timestamp::as_ms),
        activity.ends_at.value.map_or(0, Timestamp::as_ms),
        activity.place.value,
        activity.capacity.value,
        activity.state.value.unwrap_or(State::Draft).as_str(),
        i64::try_from(activity.questions.len()).unwrap_or(i64::MAX),
        conflict,
    ])?;
    leases(tx, n, activity)?;
    let texts = [&activity.title, &activity.text, &activity.place];
    let text = lines(texts.into_iter().flat_map(all_of));
    Ok(Indexed { title, text })
}

fn leases(tx: &Transaction<'_>, n: i64, activity: &Activity) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM leases_view WHERE document = ?1")?
        .execute([n])?;
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO leases_view (document, lease, device, seats, until, returned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for lease in &activity.leases {
        insert.execute(params![
            n,
            lease.entry.as_bytes(),
            lease.device.as_bytes(),
            lease.seats,
            lease.until.as_ms(),
            activity.is_returned(lease.entry),
        ])?;
    }
    Ok(())
}
