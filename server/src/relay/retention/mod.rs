//! Documents that grow too old for an audience leave it, and those that become young again come
//! back: by an index of when each has ended, and a mark for each audience that goes along it.
//!
//! What lies before the mark is out, what lies behind is in. Time moves the mark on, a longer period
//! moves it back, in portions ([`Relay::grow_old`]); a document that comes in or whose end moves is
//! put on its side in the job that accepts it. So what there is to do follows from what is
//! stored, whatever the periods were before, and nothing is looked at twice.

mod age;
mod fill;
mod periods;
mod walk;

use yizhan_client_core::model::retention::Audience;
use yizhan_proto::Timestamp;

use super::{Relay, from_read, from_write};
use crate::error::RelayError;
use crate::store::{LogTx, Snapshot, StoreError};
pub(super) use age::{aged, judged, latest_of, look_again};
pub use periods::{Keep, KeepError, Periods};
use walk::{Walk, Way};

/// Documents that one job looks at.
const PORTION: u32 = 100;
/// A mark is written when it is so far behind, and goes back when it is so far ahead: clocks are set
/// by seconds.
const SLACK_MS: i64 = 60 * 60 * 1000;

impl Relay {
    /// Lets documents go that have grown too old for an audience, and takes back those that have
    /// become young again, a bounded number of them. Whether more is to be done.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn grow_old(&self, now: Timestamp) -> Result<bool, RelayError> {
        let periods = self.inner.periods.clone();
        let due = self
            .inner
            .readers
            .read(move |snapshot| is_due(snapshot, &periods, now))
            .await
            .map_err(from_read)?;
        if !due {
            return Ok(false);
        }
        let periods = self.inner.periods.clone();
        let job =
            move |tx: &mut LogTx<'_>| -> Result<_, RelayError> { Ok(go_on(tx, &periods, now)?) };
        let written = self.inner.writer.write(job).await;
        let (more, moved) = written.map_err(from_write::<_, RelayError>)?;
        for (audience, way, documents) in moved.into_iter().filter(|(_, _, n)| *n > 0) {
            let name = match way {
                Way::On => "yizhan_retired_total",
                Way::Back => "yizhan_retired_back_total",
            };
            metrics::counter!(name, "audience" => audience.as_str()).increment(documents);
        }
        Ok(more)
    }
}

fn is_due(snapshot: &Snapshot<'_>, periods: &Periods, now: Timestamp) -> Result<bool, StoreError> {
    if snapshot.is_aging_asked()? {
        return Ok(true);
    }
    for mark in snapshot.marks()? {
        let until = periods.until(mark.audience, now);
        let far = until.ms_since(mark.age.ended_at).abs() > SLACK_MS;
        let kind = mark.audience.ends_with();
        if far || snapshot.is_age_between(kind, mark.age, until)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What moved: with which audience, which way, how many documents.
type Moved = Vec<(Audience, Way, u64)>;

/// One portion. Whether there may be more.
fn go_on(
    tx: &mut LogTx<'_>,
    periods: &Periods,
    now: Timestamp,
) -> Result<(bool, Moved), StoreError> {
    let mut moved = Vec::new();
    // No mark moves past a document whose age is not known yet.
    if fill::fill(tx, PORTION)? || walk::look_at_followers(tx, PORTION, now)? {
        return Ok((true, moved));
    }
    let mut room = PORTION;
    for audience in Audience::ALL {
        let mut walk = Walk::new(tx, *audience, room, now)?;
        let way = walk.go(periods.until(*audience, now))?;
        room = walk.room();
        moved.push((*audience, way, walk.moved()));
        if room == 0 {
            return Ok((true, moved));
        }
    }
    Ok((false, moved))
}
