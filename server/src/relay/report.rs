//! Reports: documents are opened to add up what they say, and are forgotten again. It happens on a
//! reading connection, never the writer's, in portions between which others get their turn, and
//! one report at a time. Small numbers are always withheld: who runs a relay reads no content.
//! What `sheets` hands out to coordinators is added up here as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::report::{Counted, Lens, Month, Report, Sheet, Wanted, What, Where};
use yizhan_client_core::model::{Document, Order, inspect};
use yizhan_proto::{DocumentId, Kind, PersonId, StationId, Timestamp};

use super::directory::Directory;
use super::{Relay, from_read};
use crate::error::RelayError;
use crate::store::{Snapshot, StoreError};

/// Documents opened in one turn of a reader: some tens of milliseconds.
const PORTION_DOCUMENTS: u32 = 100;
/// Consents looked at in one turn: only their outlines, but for the few that are for statistics.
const PORTION_CONSENTS: u32 = 2_000;
/// Milliseconds after which to come back while another report is made.
pub(super) const BUSY_RETRY_MS: u64 = 5_000;

/// The month of a time, in the time zone of a report.
pub type MonthOf = Arc<dyn Fn(Timestamp) -> Option<Month> + Send + Sync>;

/// What a report is to say; small numbers are always withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportWanted {
    /// Which report.
    pub what: What,
    /// The first month.
    pub from: Month,
    /// The last month.
    pub to: Month,
    /// What it is about.
    pub place: Where,
}

/// The month of a time in a time zone.
#[must_use]
pub fn months_in(zone: TimeZone) -> MonthOf {
    Arc::new(move |time: Timestamp| {
        let time = jiff::Timestamp::from_millisecond(time.as_ms()).ok()?;
        let date = time.to_zoned(zone.clone()).date();
        Month::new(date.year(), u8::try_from(date.month()).ok()?)
    })
}

/// What a report needs to know besides documents.
struct Around {
    now: Timestamp,
    month: MonthOf,
    directory: Arc<Directory>,
    stations: BTreeMap<StationId, String>,
    counted: Counted,
}

impl Around {
    fn look<T>(&self, through: impl FnOnce(&Lens<'_>) -> T) -> T {
        let person = |id: PersonId| self.directory.behind(id);
        let station = |id: StationId| {
            let key = self.stations.get(&id).cloned();
            key.unwrap_or_else(|| id.to_string())
        };
        through(&Lens {
            now: self.now,
            month: &*self.month,
            person: &person,
            station: &station,
            counted: &self.counted,
        })
    }
}

impl Relay {
    /// Makes a report; `progress` is told how many documents were read, of how many. What is
    /// written meanwhile may or may not be in it.
    ///
    /// # Errors
    /// [`RelayError::Busy`] while another report is made; otherwise if the store fails.
    pub async fn report(
        &self,
        wanted: ReportWanted,
        month: MonthOf,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Sheet, RelayError> {
        let Ok(_alone) = self.inner.reporting.try_lock() else {
            return Err(RelayError::Busy {
                retry_after_ms: BUSY_RETRY_MS,
            });
        };
        self.add_up(wanted, month, progress, Report::finish).await
    }

    /// Opens all documents of a report, and makes the sheet by `finish`, which may take a while as well.
    /// The caller sees to it that few do so at one time.
    pub(super) async fn add_up(
        &self,
        wanted: ReportWanted,
        month: MonthOf,
        mut progress: impl FnMut(u64, u64) + Send,
        finish: fn(Report, &Lens<'_>) -> Sheet,
    ) -> Result<Sheet, RelayError> {
        let stations = self.stations().await?.into_iter();
        let id = |id: DocumentId| StationId::from_bytes(*id.as_bytes());
        let counted = self.who_counts().await?;
        let around = Arc::new(Around {
            counted,
            now: self.inner.clock.now(),
            month,
            directory: Arc::clone(&self.inner.directory),
            stations: stations
                .map(|station| (id(station.id), station.key))
                .collect(),
        });
        let kinds = Report::kinds(wanted.what);
        let mut report = Report::new(Wanted {
            what: wanted.what,
            from: wanted.from,
            to: wanted.to,
            place: wanted.place,
            withhold: true,
        });
        let readers = &self.inner.readers;
        let count = move |snapshot: &Snapshot<'_>| -> Result<u64, StoreError> {
            kinds.iter().map(|kind| snapshot.count_of_kind(*kind)).sum()
        };
        let of = readers.read(count).await.map_err(from_read)?;
        let mut done: u64 = 0;
        for kind in kinds {
            let mut after = DocumentId::from_bytes([0; 16]);
            loop {
                let around = Arc::clone(&around);
                let portion = move |snapshot: &Snapshot<'_>| {
                    add_portion(snapshot, *kind, after, report, &around)
                };
                let (added, read, last) = readers.read(portion).await.map_err(from_read)?;
                report = added;
                done = done.saturating_add(read);
                progress(done, of.max(done));
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        let finish = move |_: &Snapshot<'_>| -> Result<Sheet, StoreError> {
            Ok(around.look(|lens| finish(report, lens)))
        };
        readers.read(finish).await.map_err(from_read)
    }
}

impl Relay {
    /// Whose documents are counted, by what drivers said at each station.
    async fn who_counts(&self) -> Result<Counted, RelayError> {
        let mut counted = Counted::default();
        let mut after = Some(DocumentId::from_bytes([0; 16]));
        while let Some(from) = after {
            let directory = Arc::clone(&self.inner.directory);
            let portion = move |snapshot: &Snapshot<'_>| -> Result<_, StoreError> {
                let ids = snapshot.consents_for(Purpose::Statistics, from, PORTION_CONSENTS)?;
                for id in &ids.found {
                    let changes = snapshot.received_changes(*id)?.into_iter();
                    let changes: Vec<_> = changes
                        .filter_map(|(_, at, bytes)| Some((at, inspect(&bytes).ok()?)))
                        .collect();
                    counted.hear(&changes, |person| directory.behind(person));
                }
                Ok((counted, ids.last))
            };
            (counted, after) = self.inner.readers.read(portion).await.map_err(from_read)?;
        }
        Ok(counted)
    }
}

/// Adds the next documents; returns the report, how many they were, and the last of them.
fn add_portion(
    snapshot: &Snapshot<'_>,
    kind: Kind,
    after: DocumentId,
    mut report: Report,
    around: &Around,
) -> Result<(Report, u64, Option<DocumentId>), StoreError> {
    let ids = snapshot.documents_of_kind(kind, after, PORTION_DOCUMENTS)?;
    for id in &ids {
        let changes = snapshot.received_changes(*id)?;
        let order = Order::received(changes.iter().filter_map(|(sequence, received_at, bytes)| {
            let change = inspect(bytes).ok()?;
            let kept = Some((*sequence, Some(*received_at)));
            Some((change.actor, change.start_op..=change.last_op, kept))
        }));
        let bytes = changes.iter().map(|(_, _, bytes)| bytes.as_slice());
        match Document::open(*id, kind, bytes) {
            Ok(document) => around.look(|lens| report.add(&document, &order, lens)),
            Err(_) => report.unreadable(),
        }
    }
    Ok((report, ids.len() as u64, ids.last().copied()))
}
