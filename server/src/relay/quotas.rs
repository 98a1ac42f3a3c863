//! How much a person may begin in a day, how much of theirs may wait for a decision, and how full a
//! scope may grow. What is over a quota is put off and stays unsent on its device: nothing is lost.

use yizhan_client_core::model::{Outline, route};
use yizhan_proto::sync::{Outcome, Reason, quota};
use yizhan_proto::{PersonId, StationId, Timestamp};

use super::accept::{Arrival, Incoming};
use super::{Relay, from_read, from_write};
use crate::error::{PairError, RelayError};
use crate::store::rows::FullScopeRow;
use crate::store::{LogTx, StoreError};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Scopes that are told and warned of.
const FULL_SCOPES_TOLD: u32 = 100;
/// Rows of former days dropped in one job.
const DROPPED_AT_ONCE: u32 = 1_000;

/// How much there may be. 0: without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Documents that one person may begin in a day (in UTC).
    pub person_documents_per_day_max: u64,
    /// Bytes of one person's changes that may wait for a decision.
    pub person_waiting_bytes_max: u64,
    /// Changes of one person that may wait for a decision.
    pub person_waiting_max: u64,
    /// Drivers that may register with one station's code within a day.
    pub station_registrations_per_day_max: u64,
    /// Documents that one scope may hold. From 10,000 on there is a warning a day.
    pub scope_documents_max: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            person_documents_per_day_max: 10_000,
            person_waiting_bytes_max: 16 * 1024 * 1024,
            person_waiting_max: 2_000,
            station_registrations_per_day_max: 1_000,
            scope_documents_max: 200_000,
        }
    }
}

/// Whether a bound is reached.
const fn is_reached(found: u64, bound: u64) -> bool {
    bound > 0 && found >= bound
}

fn put_off(code: &str, bound: u64) -> Outcome {
    Outcome::Later(Reason {
        code: code.to_owned(),
        path: None,
        bound: Some(bound.to_string()),
    })
}

/// The day of a time: days since 1970, in UTC.
const fn day(now: Timestamp) -> i64 {
    now.as_ms().div_euclid(DAY_MS)
}

/// What a person has begun today, through one push: read once, written once.
#[derive(Debug)]
pub(super) struct Begun {
    person: PersonId,
    day: i64,
    bound: u64,
    /// As stored, once it was needed, and as it is.
    counted: Option<(u64, u64)>,
}

impl Begun {
    pub(super) const fn new(quotas: Quotas, person: PersonId, now: Timestamp) -> Self {
        Self {
            person,
            day: day(now),
            bound: quotas.person_documents_per_day_max,
            counted: None,
        }
    }

    /// Whether a change begins a document; and if so, the bound that leaves no room for it.
    pub(super) fn begins(
        &mut self,
        tx: &mut LogTx<'_>,
        incoming: &Incoming,
    ) -> Result<(bool, Option<u64>), StoreError> {
        if self.bound == 0 || tx.document(incoming.document)?.is_some() {
            return Ok((false, None));
        }
        let (_, begun) = match self.counted {
            Some(counted) => counted,
            None => {
                let begun = tx.documents_begun(self.person, self.day)?;
                *self.counted.insert((begun, begun))
            }
        };
        Ok((true, is_reached(begun, self.bound).then_some(self.bound)))
    }

    /// One more was begun.
    pub(super) fn one_more(&mut self) {
        if let Some((_, begun)) = &mut self.counted {
            *begun += 1;
        }
    }

    /// Keeps what was counted.
    pub(super) fn keep(self, tx: &mut LogTx<'_>) -> Result<(), StoreError> {
        match self.counted {
            Some((before, begun)) if begun > before => {
                tx.put_documents_begun(self.person, self.day, begun)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// That there is room for one more who registers with a station's code.
pub(super) fn room_to_register(
    tx: &LogTx<'_>,
    station: StationId,
    now: Timestamp,
    bound: u64,
) -> Result<(), PairError> {
    if bound == 0 {
        return Ok(());
    }
    // The one of the day whose place would have to be free.
    match tx.registration_before_last(station, bound)? {
        Some(at) if (0..DAY_MS).contains(&now.ms_since(at)) => Err(PairError::TooManyHere {
            bound,
            retry_after_ms: u64::try_from(DAY_MS - now.ms_since(at)).unwrap_or(0),
        }),
        Some(_) | None => Ok(()),
    }
}

/// What is said of a new document that may enter, where its author's day or a scope of its audience
/// has no room. It is said of nothing that may not enter: else whoever fills their own day is told
/// of any id whether there is a document.
pub(super) fn no_room(
    tx: &mut LogTx<'_>,
    arrival: Arrival,
    outline: &Outline,
) -> Result<Option<Outcome>, StoreError> {
    if let Some(bound) = arrival.begun_max {
        return Ok(Some(put_off(quota::PERSON_DOCUMENTS, bound)));
    }
    let Some(quotas) = arrival.quotas else {
        return Ok(None);
    };
    let bound = quotas.scope_documents_max;
    for scope in route::audience(outline.kind, &outline.routing) {
        let held = tx.known_scope(&scope)?.map_or(0, |row| row.documents);
        if is_reached(held, bound) {
            return Ok(Some(put_off(quota::SCOPE_DOCUMENTS, bound)));
        }
    }
    Ok(None)
}

/// What is said of a change that would wait for a decision, when too much of its author's does.
pub(super) fn too_much_waits(
    tx: &LogTx<'_>,
    quotas: Quotas,
    person: PersonId,
    incoming: &Incoming,
) -> Result<Option<Outcome>, StoreError> {
    let Some((changes, bytes)) = tx.waiting_of(person, (incoming.document, incoming.hash))? else {
        return Ok(None);
    };
    let by_bytes = is_reached(bytes, quotas.person_waiting_bytes_max);
    let bound = if by_bytes {
        quotas.person_waiting_bytes_max
    } else {
        quotas.person_waiting_max
    };
    let full = by_bytes || is_reached(changes, quotas.person_waiting_max);
    Ok(full.then(|| put_off(quota::PERSON_WAITING, bound)))
}

impl Relay {
    /// Scopes that hold more than 10,000 documents, the fullest first.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn full_scopes(&self) -> Result<Vec<FullScopeRow>, RelayError> {
        self.inner
            .readers
            .read(|snapshot| snapshot.full_scopes(FULL_SCOPES_TOLD))
            .await
            .map_err(from_read)
    }

    /// Warns of scopes that grow full, of each once a day, and drops the counts of former days.
    /// To be called now and then; whether there is more to drop.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn watch_quotas(&self, now: Timestamp) -> Result<bool, RelayError> {
        let today = day(now);
        let read = move |snapshot: &crate::store::Snapshot<'_>| -> Result<_, StoreError> {
            Ok((
                snapshot.full_scopes(FULL_SCOPES_TOLD)?,
                snapshot.is_begun_before(today - 1)?,
            ))
        };
        let (full, stale) = self.inner.readers.read(read).await.map_err(from_read)?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("yizhan_scopes_full").set(full.len() as f64);
        if full.is_empty() && !stale {
            return Ok(false);
        }
        let job = move |tx: &mut LogTx<'_>| -> Result<_, RelayError> {
            let more = stale && tx.drop_documents_begun(today - 1, DROPPED_AT_ONCE)?;
            let mut warned = Vec::new();
            for row in full {
                if tx.warn_of_scope(row.id, now, now.saturating_add_ms(-DAY_MS))? {
                    warned.push(row);
                }
            }
            Ok((more, warned))
        };
        let written = self.inner.writer.write(job).await;
        let (more, warned) = written.map_err(from_write::<_, RelayError>)?;
        for row in warned {
            // Which scope it is may say where somebody is: `yizhan status` tells the operator.
            tracing::warn!(
                documents = row.documents,
                "a scope holds more than 10,000 documents: devices that subscribe to it grow slow; see yizhan status"
            );
        }
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_of_nothing_is_no_bound() {
        assert!(!is_reached(u64::MAX, 0));
        assert!(!is_reached(9, 10));
        assert!(is_reached(10, 10));
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(day(Timestamp::from_ms(DAY_MS - 1)), 0);
        assert_eq!(day(Timestamp::from_ms(DAY_MS)), 1);
        assert_eq!(day(Timestamp::from_ms(-1)), -1);
    }
}
