//! Devices that were lost: an operator orders that one erase itself, it hands over what it had not
//! sent, and says when it is done.
//!
//! What is handed over waits for a person to decide: nobody knows whose hands held the phone. It is
//! looked at like any change, and judged by no rule. Signatures are checked, and orders signed, by
//! whoever calls.

use yizhan_client_core::model::{Refusal, RefusalCode};
use yizhan_proto::device::{FarewellRequest, WipedRequest};
use yizhan_proto::sync::{Outcome, Receipt};
use yizhan_proto::{DeviceId, Timestamp};

use super::accept::{Arrival, Incoming, set_apart};
use super::audit::operator;
use super::erasure;
use super::exchange::inspect_all;
use super::quarantine::rejected;
use super::types::DeviceInfo;
use super::{Relay, from_read, from_write};
use crate::audit::{Action, By, Event, Subject};
use crate::error::{CallerError, DeviceError, PeopleError, RelayError};
use crate::store::LogTx;
use crate::store::keys::WipeRow;
use crate::store::rows::DeviceRow;

/// What a device that takes its leave is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    /// When a person ordered that it erase itself.
    pub ordered_at: Timestamp,
    /// One for each change that it handed over.
    pub receipts: Vec<Receipt>,
}

impl Relay {
    /// Revokes a device and orders that it erase itself at its next contact. Again: nothing
    /// changes. Pairing the device anew takes the order back.
    ///
    /// # Errors
    /// [`PeopleError::NoDevice`].
    pub async fn order_wipe(&self, device: DeviceId) -> Result<DeviceInfo, PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| {
            let mut row = tx.device(device)?.ok_or(PeopleError::NoDevice)?;
            if row.revoked_at.is_none() {
                row.revoked_at = Some(now);
                tx.put_device(&row)?;
                let revoked = operator(now, Action::DeviceRevoked).to(Subject::Device(device));
                tx.audit(&revoked.about(row.person))?;
            }
            let wipe = match tx.wipe(device)? {
                Some(wipe) => wipe,
                None => {
                    let wipe = WipeRow {
                        device,
                        ordered_at: now,
                        told_at: None,
                        nonce: None,
                        handed_over: 0,
                        wiped_at: None,
                        attachments_lost: None,
                    };
                    tx.put_wipe(&wipe)?;
                    let ordered = operator(now, Action::DeviceWipeOrdered);
                    let ordered = ordered.to(Subject::Device(device));
                    tx.audit(&ordered.about(row.person))?;
                    wipe
                }
            };
            Ok(DeviceInfo::new(row, Some(wipe)))
        })
        .await
    }

    /// The key with which a device that is to erase itself signs its farewell.
    ///
    /// # Errors
    /// [`DeviceError::Caller`] if the relay does not know it, or it was revoked and is not to be
    /// wiped; [`DeviceError::NotRevoked`].
    pub async fn key_of_lost(&self, device: DeviceId) -> Result<[u8; 32], DeviceError> {
        let read = self.inner.readers.read(move |snapshot| {
            let row = snapshot.device(device)?;
            let wipe = snapshot.wipe(device)?;
            Ok::<_, crate::store::StoreError>((row, wipe))
        });
        let (row, wipe) = read.await.map_err(from_read)?;
        Ok(lost(row, wipe)?.0.public_key)
    }

    /// Takes what a lost device had not sent, for a person to decide on. The caller has verified
    /// the signature with [`Relay::key_of_lost`].
    ///
    /// # Errors
    /// [`DeviceError`]; nothing was stored then.
    pub async fn farewell(&self, request: FarewellRequest) -> Result<Farewell, DeviceError> {
        let now = self.inner.clock.now();
        let (device, nonce, device_time) = (request.device, request.nonce, request.device_time);
        let incoming = inspect_all(request.pushes).await?;
        let quotas = self.inner.quotas;
        let job = move |tx: &mut LogTx<'_>| -> Result<Farewell, DeviceError> {
            let (row, mut wipe) = lost(tx.device(device)?, tx.wipe(device)?)?;
            let arrival = Arrival::of(device, row.person, now, device_time).under(quotas);
            let mut receipts = Vec::with_capacity(incoming.len());
            for incoming in &incoming {
                let was_there = tx.is_quarantined(incoming.document, incoming.hash)?;
                let outcome = hand_over(tx, arrival, incoming)?;
                let is_new = !was_there && matches!(outcome, Outcome::Quarantined(_));
                wipe.handed_over += u64::from(is_new);
                receipts.push(Receipt {
                    change: incoming.hash,
                    outcome,
                });
            }
            wipe.told_at = wipe.told_at.or(Some(now));
            wipe.nonce = Some(nonce);
            tx.put_wipe(&wipe)?;
            Ok(Farewell {
                ordered_at: wipe.ordered_at,
                receipts,
            })
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<_, DeviceError>)
    }

    /// Notes that nothing is left on a device, and when that was heard first. The caller has
    /// verified the signature with [`Relay::key_of_lost`].
    ///
    /// # Errors
    /// [`DeviceError`]; [`DeviceError::NotOrdered`] if the number is not that of its order.
    pub async fn note_wiped(&self, request: WipedRequest) -> Result<Timestamp, DeviceError> {
        let now = self.inner.clock.now();
        let job = move |tx: &mut LogTx<'_>| -> Result<Timestamp, DeviceError> {
            let device = request.device;
            let (row, mut wipe) = lost(tx.device(device)?, tx.wipe(device)?)?;
            if wipe.nonce != Some(request.nonce) {
                return Err(DeviceError::NotOrdered);
            }
            let wiped_at = wipe.wiped_at.unwrap_or(now);
            if wipe.wiped_at.is_none() {
                wipe.wiped_at = Some(wiped_at);
                wipe.attachments_lost = Some(request.attachments_lost);
                tx.put_wipe(&wipe)?;
                let by = By::Device(row.person, device);
                let wiped = Event::new(now, by, Action::DeviceWiped);
                tx.audit(&wiped.to(Subject::Device(device)).about(row.person))?;
            }
            Ok(wiped_at)
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<_, DeviceError>)
    }

    /// All devices, ascending by creation, then id.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn devices(&self) -> Result<Vec<DeviceInfo>, RelayError> {
        let read = self.inner.readers.read(|snapshot| {
            Ok::<_, crate::store::StoreError>((snapshot.devices()?, snapshot.wipes()?))
        });
        let (rows, wipes) = read.await.map_err(from_read)?;
        let info = |row: DeviceRow| {
            let found = wipes.binary_search_by_key(&row.id, |wipe| wipe.device);
            let wipe = found.ok().map(|index| wipes[index]);
            DeviceInfo::new(row, wipe)
        };
        Ok(rows.into_iter().map(info).collect())
    }
}

/// A device that is to erase itself, and the order.
fn lost(
    row: Option<DeviceRow>,
    wipe: Option<WipeRow>,
) -> Result<(DeviceRow, WipeRow), DeviceError> {
    let row = row.ok_or(CallerError::Unknown)?;
    if row.revoked_at.is_none() {
        return Err(DeviceError::NotRevoked);
    }
    let wipe = wipe.ok_or(CallerError::Revoked)?;
    Ok((row, wipe))
}

/// One change of a lost device: kept for a person to decide on, unless it is none of its own, was
/// taken or rejected before, or is about what was erased; put off if too much of its person's waits.
fn hand_over(
    tx: &mut LogTx<'_>,
    arrival: Arrival,
    incoming: &Incoming,
) -> Result<Outcome, DeviceError> {
    let refused = |code| Ok(Outcome::Refused((&Refusal::new(code)).into()));
    let change = match &incoming.inspected {
        Ok(change) => change,
        Err(refusal) => return Ok(Outcome::Refused(refusal.into())),
    };
    if change.actor.device() != arrival.device {
        return refused(RefusalCode::ActorForeign);
    }
    let before = tx.document(incoming.document)?;
    if erasure::is_closed(tx, incoming, change, before.as_deref())? {
        return refused(RefusalCode::DocumentErased);
    }
    if let Some(known) = tx.change(incoming.document, incoming.hash)? {
        return Ok(Outcome::Duplicate(known.stored));
    }
    if let Some(outcome) = rejected(tx, incoming)? {
        return Ok(outcome);
    }
    let reason = Refusal::new(RefusalCode::DeviceRevoked);
    Ok(set_apart(tx, arrival, incoming, &reason)?)
}
