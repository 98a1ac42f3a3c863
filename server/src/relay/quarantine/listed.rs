//! What waits, as it is listed and shown. Content only to somebody who reads such documents.

use yizhan_client_core::model::gate::outline_of;
use yizhan_client_core::model::said::{Said, said};
use yizhan_client_core::model::{Inspected, Routing, route};
use yizhan_proto::sync::Reason;
use yizhan_proto::{ChangeHash, DeviceId, DocumentId, Kind, PersonId, RegionKey, Role, Timestamp};

use super::super::{Relay, from_read};
use super::{Again, Named, QuarantineError, in_order};
use crate::error::RelayError;
use crate::store::rows::{HeldOf, HeldRow, Verdict};
use crate::store::{Snapshot, StoreError};

/// Rows of one page at most.
const PAGE_ROWS_MAX: usize = 256;
/// Rows that one page looks at; what a filter leaves out counts too.
const SCANNED_MAX: u32 = 1_024;

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldQuery {
    /// Only documents of this region.
    pub region: Option<RegionKey>,
    /// Only work of this person.
    pub person: Option<PersonId>,
    /// Only what the relay received at this time or later.
    pub since: Option<Timestamp>,
    /// What was rejected, and not what waits.
    pub rejected: bool,
    /// Go on behind this place ([`HeldPage::next`]); 0 from the beginning.
    pub after: u64,
}

/// A change that waits, or was rejected: never its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldInfo {
    /// The change.
    pub change: ChangeHash,
    /// Its document.
    pub document: DocumentId,
    /// The document's kind, as the device said.
    pub kind: Kind,
    /// The region where the document lies, if that is known.
    pub region: Option<RegionKey>,
    /// The person who wrote it.
    pub person: PersonId,
    /// Their name; empty if the relay does not know them any more.
    pub person_name: String,
    /// Their device.
    pub device: DeviceId,
    /// What the device's clock said when it was written.
    pub device_time: Option<Timestamp>,
    /// When the relay received it.
    pub received_at: Timestamp,
    /// Device clock minus relay clock, milliseconds, 0 within tolerance.
    pub skew_ms: i64,
    /// How long ago the relay received it, milliseconds.
    pub age_ms: u64,
    /// Bytes of the change.
    pub bytes: u64,
    /// Why it waits.
    pub reason: Reason,
    /// The changes it builds on that wait, or were rejected, too.
    pub builds_on: Vec<ChangeHash>,
    /// Whether a person decided against it.
    pub rejected: bool,
}

/// A page of what waits, in order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPage {
    /// The changes.
    pub changes: Vec<HeldInfo>,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<u64>,
}

/// What was decided about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDecision {
    /// Whether it was let in.
    pub accepted: bool,
    /// On whose word; `None` for the operator's own.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// Why, in words.
    pub reason: Option<String>,
}

/// One change that waits, or waited.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldShown {
    /// What is known of it.
    pub change: HeldInfo,
    /// What builds on it, each with the number of steps, in order.
    pub dependents: Vec<(u32, HeldInfo)>,
    /// What was decided, if anything was.
    pub decision: Option<HeldDecision>,
    /// What it says; only for somebody who reads such documents.
    pub says: Option<Vec<Said>>,
}

impl Relay {
    /// What waits, in order of arrival, page by page.
    ///
    /// # Errors
    /// [`QuarantineError::NoPerson`], or the store's failure.
    pub async fn quarantined(&self, mut query: HeldQuery) -> Result<HeldPage, QuarantineError> {
        if let Some(person) = query.person {
            let known = self.person(person);
            query.person = Some(known.ok_or(QuarantineError::NoPerson(person))?.id);
        }
        let relay = self.clone();
        let read = move |snapshot: &Snapshot<'_>| relay.page_of_held(snapshot, &query);
        let page = self.inner.readers.read(read).await;
        page.map_err(|error| QuarantineError::Relay(from_read::<StoreError>(error)))
    }

    fn page_of_held(
        &self,
        snapshot: &Snapshot<'_>,
        query: &HeldQuery,
    ) -> Result<HeldPage, StoreError> {
        let rows = snapshot.held(HeldOf::All, query.rejected, query.after, SCANNED_MAX)?;
        let scanned_all = rows.len() < SCANNED_MAX as usize;
        let last = rows.last().map(|row| row.arrived);
        let mut changes = Vec::new();
        for row in rows {
            let of_person = |person| self.inner.directory.behind(row.person) == person;
            if !query.person.is_none_or(of_person)
                || query.since.is_some_and(|since| row.received_at < since)
            {
                continue;
            }
            let arrived = row.arrived;
            let info = self.held_info(snapshot, &Again::new(row))?;
            if query.region.is_some() && info.region != query.region {
                continue;
            }
            changes.push(info);
            if changes.len() == PAGE_ROWS_MAX {
                return Ok(HeldPage {
                    changes,
                    next: Some(arrived),
                });
            }
        }
        Ok(HeldPage {
            changes,
            next: last.filter(|_| !scanned_all),
        })
    }

    /// One change that waits or waited, by the beginning of its hash. What it says only for a
    /// `reader` whose devices read such documents, or who coordinates the region (but for health
    /// checks).
    ///
    /// # Errors
    /// [`QuarantineError`].
    pub async fn quarantined_change(
        &self,
        change: &str,
        reader: Option<PersonId>,
    ) -> Result<HeldShown, QuarantineError> {
        let named = Named::parse(change)?;
        let relay = self.clone();
        let read = move |snapshot: &Snapshot<'_>| -> Result<_, RelayError> {
            Ok(relay.show_held(snapshot, &named, reader))
        };
        let shown = self.inner.readers.read(read).await;
        shown.map_err(from_read)?
    }

    fn show_held(
        &self,
        snapshot: &Snapshot<'_>,
        named: &Named,
        reader: Option<PersonId>,
    ) -> Result<HeldShown, QuarantineError> {
        let row = named.only(snapshot.held_between(named.range)?)?;
        let row = row.ok_or_else(|| QuarantineError::NotFound(named.text.clone()))?;
        let decision = snapshot.decision(row.document, row.hash)?;
        let root = Again::new(row);
        let says = match reader {
            None => None,
            Some(reader) => {
                self.check_reader(snapshot, &root, reader)?;
                let kind = root.row.kind;
                Some(
                    root.change()
                        .map_or_else(Vec::new, |change| said(kind, change)),
                )
            }
        };
        let mut steps = vec![(root.row.hash, 0)];
        let mut dependents = Vec::new();
        for again in in_order(snapshot.held_of_document(root.row.document)?) {
            let below = steps
                .iter()
                .filter(|(hash, _)| again.builds_on(&[*hash]))
                .map(|(_, step)| step + 1)
                .max();
            if let Some(step) = below {
                steps.push((again.row.hash, step));
                dependents.push((step, self.held_info(snapshot, &again)?));
            }
        }
        Ok(HeldShown {
            change: self.held_info(snapshot, &root)?,
            dependents,
            decision: decision.map(|row| HeldDecision {
                accepted: row.verdict == Verdict::Accepted,
                by: row.by,
                at: row.at,
                reason: row.reason,
            }),
            says,
        })
    }

    /// Whether a person may see what the change says.
    fn check_reader(
        &self,
        snapshot: &Snapshot<'_>,
        again: &Again,
        reader: PersonId,
    ) -> Result<(), QuarantineError> {
        let (person, scopes) = self
            .inner
            .directory
            .reader(reader)
            .ok_or(QuarantineError::NoPerson(reader))?;
        let kind = again.row.kind;
        let routing = routing(snapshot, &again.row)?;
        let audience = route::audience(kind, &routing);
        let in_audience = audience.iter().any(|scope| scopes.contains(scope));
        let coordinates = region(snapshot, &routing)?
            .is_some_and(|region| person.roles.contains(&Role::Coordinator(region)));
        if in_audience || (coordinates && kind != Kind::Check) {
            return Ok(());
        }
        Err(QuarantineError::MayNotRead {
            name: person.name,
            who: if kind == Kind::Check {
                "somebody with the health role at the station"
            } else {
                "a coordinator of the region, or a keeper of the station"
            },
        })
    }

    fn held_info(&self, snapshot: &Snapshot<'_>, again: &Again) -> Result<HeldInfo, StoreError> {
        let row = &again.row;
        let person = self.person(row.person);
        let routing = routing(snapshot, row)?;
        let mut builds_on = Vec::new();
        for dep in again.change().into_iter().flat_map(|change| &change.deps) {
            if snapshot.is_held(row.document, *dep)? {
                builds_on.push(*dep);
            }
        }
        Ok(HeldInfo {
            change: row.hash,
            document: row.document,
            kind: row.kind,
            region: region(snapshot, &routing)?,
            person: row.person,
            person_name: person.map_or_else(String::new, |person| person.name),
            device: row.device,
            device_time: again.change().map(|change| change.time),
            received_at: row.received_at,
            skew_ms: row.skew_ms,
            age_ms: super::super::positive(self.inner.clock.now().ms_since(row.received_at)),
            bytes: again.incoming.bytes.len() as u64,
            reason: row.reason.clone(),
            builds_on,
            rejected: row.rejected,
        })
    }
}

/// Where the document lies: as it is kept or, if it is not there yet, as what waits would make it.
fn routing(snapshot: &Snapshot<'_>, row: &HeldRow) -> Result<Routing, StoreError> {
    if let Some(kept) = snapshot.document(row.document)? {
        return Ok(kept.outline.routing);
    }
    let waiting = in_order(snapshot.held_of_document(row.document)?);
    let changes: Vec<&Inspected> = waiting.iter().filter_map(Again::change).collect();
    let outline = outline_of(row.kind, changes);
    Ok(outline.map_or_else(Routing::default, |outline| outline.routing))
}

fn region(snapshot: &Snapshot<'_>, routing: &Routing) -> Result<Option<RegionKey>, StoreError> {
    if routing.region.is_some() {
        return Ok(routing.region.clone());
    }
    let Some(station) = routing.station else {
        return Ok(None);
    };
    let station = snapshot.document(station.into())?;
    Ok(station.and_then(|row| row.outline.routing.region))
}
