//! A device's new key; and the farewell of a device that was lost.
//!
//! Who holds a phone that its relay revoked is not known, and what answers it may be anybody: a
//! portal, a proxy. So nothing is handed over and nothing erased but on an order that a key of its
//! relay's signed, which the phone had before; and everything goes to the relay before it goes here.

use std::path::Path;

use ed25519_dalek::{Signature, VerifyingKey};
use yizhan_proto::checkin::RelayKey;
use yizhan_proto::device::{
    FarewellRequest, FarewellResponse, KeyRequest, MergeRequest, Merged, WipeOrder, WipedRequest,
};
use yizhan_proto::limits::RELAY_KEYS_MAX;
use yizhan_proto::sync::{Outcome, Receipt};
use yizhan_proto::version::ProtocolVersion;
use yizhan_proto::{ChangeHash, DeviceId, FaultCode, Nonce, PersonId, Timestamp};

use super::Client;
use crate::driver::Session;
use crate::engine::{Failure, PUSH_BYTES_MAX, Stop};
use crate::error::{ClientError, SyncError};
use crate::store::{StoreError, WipedNote};
use crate::transport::{Transport, TransportError};

/// Challenges that are answered for one request before it is given up: one that is too old, and
/// the one in the fault that says so.
const CHALLENGES_MAX: u32 = 2;

/// What a device that was revoked is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    /// It waits for a person; it was revoked, and nothing else is known.
    Stay,
    /// It has erased itself.
    Gone(Timestamp),
}

impl Client {
    /// Goes over to a new key. Repeated after any failure it goes on where it was; what was signed
    /// with the old key stays good as long as its certificate is. Returns the new public key.
    ///
    /// # Errors
    /// [`ClientError`]; the device goes on with whichever key the relay knows.
    pub fn rotate_key(&mut self, transport: &mut dyn Transport) -> Result<[u8; 32], ClientError> {
        let device = self.store.device()?;
        if device.identity.is_none() {
            return Err(SyncError::NotPaired.into());
        }
        let new_key = self.store.begin_new_key(&*self.clock)?;
        let mut challenge = self.store.access()?.challenge;
        for last in [false, true] {
            let mut request = KeyRequest {
                version: ProtocolVersion::CURRENT,
                device: device.device,
                challenge,
                old_key: device.public_key,
                new_key,
                old_signature: [0; 64],
                new_signature: [0; 64],
            };
            let bytes = request.signed_bytes();
            request.old_signature = self.store.sign(&bytes)?;
            if let Some(signature) = self.store.sign_with_new_key(&bytes)? {
                request.new_signature = signature;
            }
            match transport.replace_key(&request) {
                Ok(access) => {
                    self.store.adopt_new_key(&access, &*self.clock)?;
                    self.session = Session::new(&self.store, &*self.clock)?;
                    return Ok(new_key);
                }
                Err(error) => match challenge_in(&error) {
                    Some(next) if !last => challenge = next,
                    Some(_) | None => return Err(error.into()),
                },
            }
        }
        Ok(new_key)
    }

    /// Says that two drivers of the region that this device's person coordinates are one. Nothing
    /// that was written is rewritten.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn merge_people(
        &mut self,
        transport: &mut dyn Transport,
        keep: PersonId,
        other: PersonId,
    ) -> Result<Merged, ClientError> {
        let request = MergeRequest {
            version: ProtocolVersion::CURRENT,
            keep,
            other,
        };
        let token = self.access_token()?;
        Ok(transport.merge_people(&token, &request)?)
    }

    /// What a revoked device does: if its relay orders it, hands over what it had not sent and
    /// erases itself.
    pub(super) fn leave(&mut self, transport: &mut dyn Transport) -> Result<SyncError, SyncError> {
        match self.take_leave(transport) {
            Ok(Leave::Stay) => Ok(SyncError::Stopped(Stop::Revoked)),
            Ok(Leave::Gone(wiped_at)) => Ok(StoreError::Wiped { wiped_at }.into()),
            Err(error) => Err(error),
        }
    }

    fn take_leave(&mut self, transport: &mut dyn Transport) -> Result<Leave, SyncError> {
        let device = self.store.device()?;
        let keys = match self.store.check_in_kit()? {
            Some(kit) => kit.relay_keys,
            // Nothing to know the relay by: no order can be believed.
            None => return Ok(Leave::Stay),
        };
        let nonce = match self.store.farewell()? {
            Some(nonce) => nonce,
            None => {
                let mut nonce = [0; 16];
                self.clock
                    .fill_random(&mut nonce)
                    .map_err(StoreError::from)?;
                Nonce::from_bytes(nonce)
            }
        };
        let mut request = FarewellRequest {
            version: ProtocolVersion::CURRENT,
            device: device.device,
            challenge: self.store.access()?.challenge,
            nonce,
            device_time: self.clock.now(),
            pushes: Vec::new(),
            signature: [0; 64],
        };
        let heard = match self.ask(transport, &mut request) {
            Ok(heard) => heard,
            Err(Asked::Store(error)) => return Err(error.into()),
            Err(Asked::NotTold) => return Ok(Leave::Stay),
        };
        if !is_ordered(&heard.order, device.device, nonce, &keys) {
            return Ok(Leave::Stay);
        }
        self.store.begin_farewell(nonce)?;
        self.hand_over(transport, &mut request)?;
        let note = self.wiped_note(nonce)?;
        self.store.erase(&note)?;
        let home = self.home.clone();
        tell(home.as_deref(), note.clone(), transport)?;
        Ok(Leave::Gone(note.wiped_at))
    }

    /// Hands over everything, batch by batch; each is answered before the next is sent.
    fn hand_over(
        &mut self,
        transport: &mut dyn Transport,
        request: &mut FarewellRequest,
    ) -> Result<(), SyncError> {
        let (mut after, mut put_off) = (0, false);
        loop {
            let batch = self.store.farewell_batch(after, PUSH_BYTES_MAX)?;
            if batch.pushes.is_empty() {
                break;
            }
            after = batch.after;
            request.pushes = batch.pushes;
            let answer = self.ask(transport, request).map_err(|asked| match asked {
                Asked::Store(error) => SyncError::Store(error),
                Asked::NotTold => waiting(),
            })?;
            let is_later = |receipt: &Receipt| matches!(receipt.outcome, Outcome::Later(_));
            put_off |= answer.receipts.iter().any(is_later);
            // Each change has its receipt, whatever that says; else nothing goes here.
            let answered = answer.receipts.len() == request.pushes.len()
                && request
                    .pushes
                    .iter()
                    .zip(&answer.receipts)
                    .all(|(push, receipt)| receipt.change == ChangeHash::of_chunk(&push.change));
            // What has no room holds up nothing that there is room for.
            if !answered {
                if put_off {
                    self.put_off()?;
                }
                return Err(waiting());
            }
        }
        if put_off {
            self.put_off()?;
            return Err(waiting());
        }
        Ok(())
    }

    /// The relay has no room for what is handed over. After a week of that, nothing but what waits for
    /// room stays here.
    fn put_off(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self.store.note_put_off(now)? {
            self.store.shed(now)?;
        }
        Ok(())
    }

    /// Asks once, answering a challenge if it takes that.
    fn ask(
        &mut self,
        transport: &mut dyn Transport,
        request: &mut FarewellRequest,
    ) -> Result<FarewellResponse, Asked> {
        for _ in 0..CHALLENGES_MAX {
            request.signature = self
                .store
                .sign(&request.signed_bytes())
                .map_err(Asked::Store)?;
            match transport.farewell(request) {
                Ok(answer) => {
                    request.challenge.clone_from(&answer.challenge);
                    return Ok(answer);
                }
                Err(error) => match challenge_in(&error) {
                    Some(challenge) => request.challenge = challenge,
                    None => return Err(Asked::NotTold),
                },
            }
        }
        Err(Asked::NotTold)
    }

    /// What is kept when everything else is gone, and told to the relay.
    fn wiped_note(&self, nonce: Nonce) -> Result<WipedNote, StoreError> {
        let device = self.store.device()?;
        let mut confirmation = WipedRequest {
            version: ProtocolVersion::CURRENT,
            device: device.device,
            nonce,
            attachments_lost: self.store.attachment_totals()?.to_send,
            signature: [0; 64],
        };
        confirmation.signature = self.store.sign(&confirmation.signed_bytes())?;
        Ok(WipedNote {
            device: device.device,
            relay_url: device.relay_url,
            wiped_at: self.store.relay_time(self.clock.now())?,
            confirmation,
            is_told: false,
        })
    }
}

/// Why a farewell was not answered.
enum Asked {
    /// The store failed.
    Store(StoreError),
    /// No answer, or one that tells nothing.
    NotTold,
}

/// Not all is handed over: it goes on at the next sync.
fn waiting() -> SyncError {
    SyncError::Waiting {
        failure: Failure::Offline,
        retry_in_ms: 0,
        cause: None,
    }
}

/// Whether the relay ordered this device, in answer to this question, to erase itself: one of its
/// signatures is by a key that the device had from it.
fn is_ordered(order: &WipeOrder, device: DeviceId, nonce: Nonce, keys: &[RelayKey]) -> bool {
    let bytes = order.signed_bytes();
    let by = |RelayKey(key): &RelayKey| {
        VerifyingKey::from_bytes(key).is_ok_and(|key| {
            let mut signatures = order.signatures.iter().take(RELAY_KEYS_MAX);
            signatures.any(|signature| {
                let signature = Signature::from_bytes(&signature.0);
                !key.is_weak() && key.verify_strict(&bytes, &signature).is_ok()
            })
        })
    };
    order.device == device && order.nonce == nonce && keys.iter().any(by)
}

/// The challenge of a fault that asks for its answer.
fn challenge_in(error: &TransportError) -> Option<Vec<u8>> {
    match error {
        TransportError::Fault(fault) if fault.code == FaultCode::ChallengeInvalid => {
            fault.challenge.clone()
        }
        TransportError::Fault(_)
        | TransportError::Offline { .. }
        | TransportError::TimedOut { .. }
        | TransportError::Garbled { .. } => None,
    }
}

/// Tells the relay that nothing is left, as far as it can be reached; once it has heard it, that is
/// noted.
fn tell(
    home: Option<&Path>,
    note: WipedNote,
    transport: &mut dyn Transport,
) -> Result<(), StoreError> {
    if note.is_told || transport.wiped(&note.confirmation).is_err() {
        return Ok(());
    }
    let note = WipedNote {
        is_told: true,
        ..note
    };
    home.map_or(Ok(()), |home| note.keep(home))
}

/// What is left of a device that erased itself; `None` if none did in this folder. Tells the relay,
/// if it has not heard of it.
///
/// # Errors
/// [`StoreError`].
pub fn confirm_wipe(
    home: &Path,
    transport: &mut dyn Transport,
) -> Result<Option<WipedNote>, StoreError> {
    let Some(note) = WipedNote::find(home)? else {
        return Ok(None);
    };
    tell(Some(home), note, transport)?;
    WipedNote::find(home)
}
