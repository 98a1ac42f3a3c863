//! How what is done elsewhere is worded in the log. Each function enters, or makes, one entry; the
//! caller calls it in the job that does the thing, and only if something changes.

use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::sync::Forgotten;
use yizhan_proto::{DeviceId, PersonId, Role, StationId, Timestamp};

use super::{by, known_as, operator};
use crate::audit::{Action, By, Detail, Event, Subject};
use crate::relay::accept::Arrival;
use crate::store::rows::{ConsentRow, ErasureRow, Subject as Erased};
use crate::store::{LogTx, StoreError};

/// That a role was given or ended by the operator.
pub(in crate::relay) fn role(
    now: Timestamp,
    action: Action,
    person: PersonId,
    role: &Role,
) -> Event {
    operator(now, action)
        .to(Subject::Person(person))
        .detail(Detail::role(role))
}

/// That a station was closed or opened again.
pub(in crate::relay) fn station(now: Timestamp, action: Action, station: StationId) -> Event {
    operator(now, action).to(Subject::Station(station))
}

/// That an identity of a provider was joined to a person or parted from them. Neither provider nor
/// identity is named: what a provider calls somebody may be their name.
pub(in crate::relay) fn linked(now: Timestamp, action: Action, person: PersonId) -> Event {
    operator(now, action).to(Subject::Person(person))
}

/// That a device has another key than before.
pub(in crate::relay) fn rekeyed(now: Timestamp, person: PersonId, device: DeviceId) -> Event {
    Event::new(now, By::Device(person, device), Action::KeyRotated)
        .to(Subject::Device(device))
        .about(person)
}

/// Enters that an erasure was ordered, by its id: what it was ordered for stands in the ledger of
/// erasures alone.
pub(in crate::relay) fn begun(
    tx: &mut LogTx<'_>,
    erasure: &ErasureRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let about = match erasure.subject {
        Erased::Person(_) => None,
        Erased::Document(document) => {
            let row = tx.document(document)?;
            known_as(tx, row.and_then(|row| row.outline.routing.driver))?
        }
    };
    let begun = of_erasure(erasure, operator(now, Action::ErasureBegun));
    tx.audit(&Event { about, ..begun })?;
    Ok(())
}

/// Enters that nothing of an erasure is left here.
pub(in crate::relay) fn done(
    tx: &mut LogTx<'_>,
    erasure: &ErasureRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let done = Event::new(now, By::Relay, Action::ErasureDone);
    tx.audit(&of_erasure(erasure, done))?;
    Ok(())
}

/// Enters that a device holds nothing more of a document in a scope, if it was erased. Other
/// forgets follow from what is entered or accepted anyway.
pub(in crate::relay) fn forgotten(
    tx: &mut LogTx<'_>,
    arrival: Arrival,
    forgotten: &Forgotten,
) -> Result<(), StoreError> {
    if tx.is_erased(forgotten.document)? {
        let event = Event::new(arrival.now, by(arrival), Action::ForgetAcknowledged)
            .to(Subject::Document(forgotten.document))
            .detail(Detail::word(&forgotten.scope.to_string()));
        tx.audit(&event)?;
    }
    Ok(())
}

fn of_erasure(erasure: &ErasureRow, event: Event) -> Event {
    let subject = match erasure.subject {
        Erased::Person(person) => Subject::Person(person),
        Erased::Document(document) => Subject::Document(document),
    };
    event
        .to(subject)
        .detail(Detail::word(&erasure.id.to_string()))
}

/// Who shares and stops sharing at one moment: a device with a consent, or the relay when the date
/// has come.
#[derive(Debug, Clone, Copy)]
pub(in crate::relay) struct Shares {
    pub(in crate::relay) by: By,
    pub(in crate::relay) now: Timestamp,
}

impl Shares {
    /// Enters what a consent changes, if it shares with another station: once that it is shared with
    /// that station, once that it is not any more.
    pub(in crate::relay) fn enter(
        self,
        tx: &mut LogTx<'_>,
        before: Option<&ConsentRow>,
        after: &ConsentRow,
    ) -> Result<(), StoreError> {
        let action = match before.map(|before| before.ended) {
            None if !after.ended => Action::DocumentShared,
            Some(false) if after.ended => Action::DocumentUnshared,
            None | Some(_) => return Ok(()),
        };
        let (Purpose::Share, Some(with)) = (after.purpose, after.share_with) else {
            return Ok(());
        };
        let event = Event {
            about: known_as(tx, Some(after.driver))?,
            ..Event::new(self.now, self.by, action)
                .to(Subject::Document(after.document))
                .detail(Detail::word(&format!("station:{with}")))
        };
        tx.audit(&event)?;
        Ok(())
    }
}
