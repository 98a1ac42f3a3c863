//! What consents change of who holds a driver's visits and checks: sharing with another station
//! until a date, and a withdrawal, after which a station keeps nothing.
//!
//! A new document is put where it belongs in the job that accepts it; what is there already follows
//! in portions ([`Relay::place_documents`]), however long the history.

mod standing;

use std::sync::Arc;

use yizhan_client_core::model::Outline;
use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{DocumentId, Kind, PersonId, Scope, Sequence, StationId, Timestamp};

use super::audit::Shares;
use super::{Relay, from_read, from_write, membership, retention};
use crate::audit::By;
use crate::error::RelayError;
use crate::store::rows::{ConsentRow, DocumentRow};
use crate::store::{LogTx, StoreError};
use standing::{Moves, moves};
pub(super) use standing::{SHARED_WITH_MAX, Standing};

/// Documents of a driver that one job looks at.
const LOOKED_AT_ONCE: u32 = 200;
/// Sharings that one job ends.
const ENDED_AT_ONCE: u32 = 20;

impl Relay {
    /// Ends sharings whose date has passed, and puts documents where they belong, a bounded number
    /// of them. Whether more is to be done.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn place_documents(&self, now: Timestamp) -> Result<bool, RelayError> {
        let due = self
            .inner
            .readers
            .read(move |snapshot| snapshot.is_placing_due(now))
            .await
            .map_err(from_read)?;
        if !due {
            return Ok(false);
        }
        let job = move |tx: &mut LogTx<'_>| -> Result<(), RelayError> {
            for share in tx.shares_over(now, ENDED_AT_ONCE)? {
                let mut over = share.clone();
                over.ended = true;
                tx.put_consent(&over)?;
                let by = By::Relay;
                Shares { by, now }.enter(tx, Some(&share), &over)?;
                ask(tx, share.driver, share.station)?;
            }
            Ok(place_some(tx, now)?)
        };
        let placed = self.inner.writer.write(job).await;
        placed.map_err(from_write::<RelayError, RelayError>)?;
        Ok(true)
    }
}

/// Follows a consent that was accepted or withdrawn.
pub(super) fn follow_consent(
    tx: &mut LogTx<'_>,
    shares: Shares,
    document: DocumentId,
    row: &DocumentRow,
) -> Result<(), StoreError> {
    let Some(mut after) = ConsentRow::of(document, &row.outline) else {
        return Ok(());
    };
    let before = tx.consent(document)?;
    // A sharing whose date has come stays ended.
    after.ended |= before.as_ref().is_some_and(|before| before.ended);
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    tx.put_consent(&after)?;
    shares.enter(tx, before.as_ref(), &after)?;
    // The first consent for a purpose changes nothing of what a station holds.
    let of_purpose = |row: &ConsentRow| row.purpose == after.purpose && row.withdrawn;
    let ids = tx.ids_of(after.driver)?;
    let at_station = tx.consents_standing(&ids, after.station, shares.now, 0)?;
    if after.purpose == Purpose::Share || at_station.iter().any(of_purpose) {
        ask(tx, after.driver, after.station)?;
    }
    Ok(())
}

/// Follows that two people are one: consents of either hold for both.
pub(super) fn follow_merge(tx: &mut LogTx<'_>, person: PersonId) -> Result<(), StoreError> {
    let ids = tx.ids_of(person)?;
    for station in tx.consented_stations(&ids)? {
        ask(tx, person, station)?;
    }
    Ok(())
}

/// Puts a new document where it belongs. It is to be kept with this sequence.
pub(super) fn place_new(
    tx: &mut LogTx<'_>,
    mut row: DocumentRow,
    sequence: Sequence,
    now: Timestamp,
) -> Result<DocumentRow, StoreError> {
    let routing = &row.outline.routing;
    let (Kind::Visit | Kind::Check, Some(driver), Some(station)) =
        (row.outline.kind, routing.driver, routing.station)
    else {
        return Ok(row);
    };
    let standing = standing_of(tx, driver, station, now)?;
    let moves = moves(row.outline.kind, station, &row.members, &standing);
    // It was never where it may not be: there is nothing to forget.
    row.members
        .retain(|member| !moves.leaves.contains(&member.scope));
    for scope in &moves.joins {
        row = membership::joined(&row, scope, sequence).unwrap_or(row);
    }
    Ok(row)
}

fn ask(tx: &mut LogTx<'_>, driver: PersonId, station: StationId) -> Result<(), StoreError> {
    for id in tx.ids_of(driver)? {
        tx.ask_placing(id, station)?;
    }
    Ok(())
}

fn standing_of(
    tx: &mut LogTx<'_>,
    driver: PersonId,
    station: StationId,
    now: Timestamp,
) -> Result<Standing, StoreError> {
    // One more than count: a sharing with the station itself is none.
    let consents = tx.consents_of(driver, station, now, SHARED_WITH_MAX + 1)?;
    Ok(Standing::of(&consents, station, now))
}

/// Goes on with one driver's documents at one station.
fn place_some(tx: &mut LogTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let Some(mut placing) = tx.next_placing()? else {
        return Ok(());
    };
    let standing = standing_of(tx, placing.driver, placing.station, now)?;
    let scope = Scope::Person(placing.driver);
    let entries = tx.scope_entries(&scope, placing.position, LOOKED_AT_ONCE)?;
    for entry in &entries {
        placing.position = entry.last.get();
        place_one(tx, entry.document, placing.station, &standing, now)?;
    }
    tx.put_placing(&placing, entries.len() < LOOKED_AT_ONCE as usize)
}

fn place_one(
    tx: &mut LogTx<'_>,
    document: DocumentId,
    station: StationId,
    standing: &Standing,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(before) = tx.document(document)? else {
        return Ok(());
    };
    if before.outline.routing.station != Some(station) {
        return Ok(());
    }
    let Moves { joins, leaves } = moves(before.outline.kind, station, &before.members, standing);
    if joins.is_empty() && leaves.is_empty() {
        return Ok(());
    }
    let sequence = tx.allot_sequence();
    let mut after = DocumentRow::clone(&before);
    for scope in &leaves {
        after = membership::left(&after, scope, ForgetReason::Left, sequence).unwrap_or(after);
    }
    for scope in &joins {
        after = membership::joined(&after, scope, sequence).unwrap_or(after);
    }
    after = retention::aged(tx, document, after, sequence, now)?;
    tx.put_document(document, Some(Arc::clone(&before)), after)
}

/// Whether a document that is young enough for a scope of its audience may lie there.
pub(super) fn may_lie(
    tx: &mut LogTx<'_>,
    outline: &Outline,
    scope: &Scope,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let routing = &outline.routing;
    match (outline.kind, routing.driver, routing.station, scope) {
        (
            Kind::Visit | Kind::Check,
            Some(driver),
            Some(station),
            Scope::Station(_) | Scope::StationHealth(_),
        ) => Ok(standing_of(tx, driver, station, now)?.allows(outline.kind, station, scope)),
        _ => Ok(true),
    }
}
