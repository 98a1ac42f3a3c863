//! Pieces of attachments over the simulated network: lost, cut and doubled like any other message.

use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::{ContentHash, DeviceId, Fault, FaultCode};
use yizhan_server::error::AttachmentError;
use yizhan_server::relay::{self, Relay};

use super::{Mishap, Net, Trouble, code_of_caller, fault_of};

impl Net {
    /// Brings a piece to the relay, as far as this network lets it.
    ///
    /// # Errors
    /// [`Trouble`] as the phone sees it.
    pub fn put_piece(&self, device: DeviceId, piece: &Piece) -> Result<Upload, Trouble> {
        let (relay, mishap) = self.begin(device)?;
        let put = || {
            let caller = relay
                .caller(device)
                .map_err(|error| Box::new(Fault::new(code_of_caller(error), error.to_string())))?;
            let sent = relay::Piece {
                at: piece.at,
                piece: piece.bytes.clone(),
                whole: piece.whole,
            };
            self.run(relay.put_attachment(&caller, piece.sha256, sent))
                .map(|state| Upload {
                    have: state.have,
                    complete: state.complete,
                })
                .map_err(|error| Box::new(fault_of_attachment(&error)))
        };
        if mishap == Some(Mishap::Doubled) {
            drop(put());
        }
        let answer = put().map_err(Trouble::Fault);
        match mishap {
            Some(Mishap::ResponseLost) => Err(Trouble::TimedOut),
            Some(Mishap::ResponseCut) => Err(Trouble::Garbled),
            Some(_) | None => answer,
        }
    }

    /// Fetches a piece, as far as this network lets it.
    ///
    /// # Errors
    /// [`Trouble`] as the phone sees it.
    pub fn get_piece(
        &self,
        device: DeviceId,
        sha256: ContentHash,
        at: u64,
        len: usize,
    ) -> Result<Vec<u8>, Trouble> {
        let (relay, mishap) = self.begin(device)?;
        let caller = relay.caller(device).map_err(|error| {
            Trouble::Fault(Box::new(Fault::new(
                code_of_caller(error),
                error.to_string(),
            )))
        })?;
        let mut readable = self
            .run(relay.read_attachment(&caller, sha256))
            .map_err(|error| Trouble::Fault(Box::new(fault_of_attachment(&error))))?;
        let piece = readable.read(at, len).map_err(|error| {
            Trouble::Fault(Box::new(Fault::new(
                FaultCode::StorageFailed,
                error.to_string(),
            )))
        })?;
        match mishap {
            Some(Mishap::ResponseLost) => Err(Trouble::TimedOut),
            Some(Mishap::ResponseCut) => Ok(piece[..piece.len().div_ceil(2)].to_vec()),
            Some(_) | None => Ok(piece),
        }
    }

    /// The relay, and what happens to this call; or what happened to it before it came there.
    pub(super) fn begin(&self, device: DeviceId) -> Result<(Relay, Option<Mishap>), Trouble> {
        let relay = self.relay(device)?;
        let mut state = self.state();
        state.traffic.requests += 1;
        let mishap = state.mishap(device);
        match mishap {
            Some(Mishap::RequestLost) => Err(Trouble::TimedOut),
            Some(Mishap::Busy) => Err(Trouble::Fault(Box::new(Fault::new(
                FaultCode::Busy,
                "come back",
            )))),
            Some(Mishap::TokenExpired) => {
                let mut fault = Fault::new(FaultCode::TokenExpired, "renew it");
                fault.challenge = Some(vec![7; 40]);
                Err(Trouble::Fault(Box::new(fault)))
            }
            Some(
                Mishap::ResponseLost
                | Mishap::ResponseCut
                | Mishap::Doubled
                | Mishap::OldOneReplayed,
            )
            | None => Ok((relay, mishap)),
        }
    }
}

fn fault_of_attachment(error: &AttachmentError) -> Fault {
    let text = error.to_string();
    match error {
        AttachmentError::NotFound => Fault::new(FaultCode::NotFound, text),
        AttachmentError::NotHere => Fault::new(FaultCode::AttachmentNotHere, text),
        AttachmentError::Offset { expected } => {
            Fault::new(FaultCode::AttachmentOffset, text).limit("upload-offset", *expected)
        }
        AttachmentError::Length { announced, .. } => {
            Fault::new(FaultCode::AttachmentLength, text).limit("upload-length", *announced)
        }
        AttachmentError::Mismatch => Fault::new(FaultCode::AttachmentMismatch, text),
        AttachmentError::Quota { bound, .. } => Fault::new(FaultCode::AttachmentQuota, text)
            .limit("person_attachment_bytes_max", *bound),
        AttachmentError::Relay(error) => fault_of(error),
    }
}
