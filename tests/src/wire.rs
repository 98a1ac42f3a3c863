//! One phone's end of the simulated network: the client's `Transport`, over [`Net`].

use std::ops::ControlFlow;

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use yizhan_client_core::transport::{Transport, TransportError, WatchEvent};
use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::audit::{CheckReads, ReadsEntered};
use yizhan_proto::checkin::{Certificate, CheckInKit, RelayKey, certified_name};
use yizhan_proto::device::{
    FarewellRequest, FarewellResponse, KeyRequest, MergeRequest, Merged, OrderSignature, WipeNoted,
    WipeOrder, WipedRequest,
};
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::limits::{CERTIFICATE_LIFE_MS, TOKEN_TTL_S};
use yizhan_proto::report::{SheetAnswer, SheetRequest};
use yizhan_proto::sync::{SyncRequest, SyncResponse};
use yizhan_proto::{ContentHash, DeviceId, Fault, FaultCode};
use yizhan_server::error::{DeviceError, MergeError, PairError};
use yizhan_server::relay::{Caller, Paired, Relay};

use crate::net::{Net, Trouble, code_of_caller};

/// The transport of one device.
#[derive(Debug, Clone)]
pub struct SimTransport {
    net: Net,
    device: DeviceId,
}

impl SimTransport {
    /// The end of the device on this network.
    #[must_use]
    pub fn new(net: Net, device: DeviceId) -> Self {
        Self { net, device }
    }

    fn welcome(&self, relay: &Relay, paired: Paired) -> Welcome {
        Welcome {
            identity: paired.identity,
            epoch: paired.epoch,
            relay_time: paired.relay_time,
            access: self.access(relay),
        }
    }

    fn check(&self, token: &str) -> Result<(), TransportError> {
        if token == self.token_text() {
            return Ok(());
        }
        Err(TransportError::from(Fault::new(
            FaultCode::TokenInvalid,
            "this is another device's token",
        )))
    }

    fn token_text(&self) -> String {
        format!("token of {}", self.device)
    }

    fn access(&self, relay: &Relay) -> Access {
        Access {
            token: self.token_text(),
            token_ttl_s: TOKEN_TTL_S,
            challenge: CHALLENGE.to_vec(),
            check_in: relay
                .caller(self.device)
                .ok()
                .map(|caller| kit(relay, &caller)),
        }
    }
}

/// What the front of the server signs, under this world's one key.
fn kit(relay: &Relay, caller: &Caller) -> CheckInKit {
    let key = SigningKey::from_bytes(&RELAY_SEED);
    let now = relay.time();
    let mut certificate = Certificate {
        device: caller.device,
        person: caller.person,
        name: certified_name(&caller.identity.name),
        public_key: caller.public_key,
        not_after: now.saturating_add_ms(CERTIFICATE_LIFE_MS),
        signature: [0; 64],
    };
    certificate.signature = key.sign(&certificate.signed_bytes()).to_bytes();
    CheckInKit {
        certificate,
        relay_keys: vec![RelayKey(key.verifying_key().to_bytes())],
        revoked: relay.revoked_devices(caller, now),
    }
}

/// This world's one key of a relay.
const RELAY_SEED: [u8; 32] = [77; 32];
/// What every device is asked to sign: the simulated relay's front keeps no secrets.
const CHALLENGE: &[u8] = b"a challenge of forty bytes, of this world";

fn signed_by(key: &[u8], signature: &[u8], bytes: &[u8]) -> Result<(), TransportError> {
    let verified = <[u8; 32]>::try_from(key)
        .ok()
        .and_then(|key| VerifyingKey::from_bytes(&key).ok())
        .zip(Signature::from_slice(signature).ok())
        .is_some_and(|(key, signature)| key.verify(bytes, &signature).is_ok());
    if verified {
        Ok(())
    } else {
        Err(TransportError::from(Fault::new(
            FaultCode::SignatureInvalid,
            "the signature does not fit the key",
        )))
    }
}

fn pair_fault(error: &PairError) -> Fault {
    let code = match error {
        PairError::CodeWrong | PairError::CodeUsed => FaultCode::CodeWrong,
        PairError::CodeExpired => FaultCode::CodeExpired,
        PairError::StationCodeInvalid => FaultCode::StationCodeInvalid,
        PairError::DeviceConflict => FaultCode::DeviceConflict,
        PairError::DeviceRevoked => FaultCode::DeviceRevoked,
        PairError::PersonConflict => FaultCode::PersonConflict,
        PairError::Invalid(_) => FaultCode::Invalid,
        PairError::OutsideUnknown => FaultCode::OutsideUnknown,
        PairError::OutsideTokenUsed => FaultCode::OutsideTokenUsed,
        PairError::TooManyHere { .. } => FaultCode::RateLimited,
        PairError::Relay(_) => FaultCode::Internal,
    };
    Fault::new(code, error.to_string())
}

fn device_fault(error: &DeviceError) -> Fault {
    let code = match error {
        DeviceError::Caller(error) => code_of_caller(*error),
        DeviceError::KeyReplaced => FaultCode::DeviceKeyReplaced,
        DeviceError::TooOften { .. } => FaultCode::RateLimited,
        DeviceError::NotRevoked | DeviceError::NotOrdered => FaultCode::Conflict,
        DeviceError::Relay(_) => FaultCode::Internal,
    };
    Fault::new(code, error.to_string())
}

fn trouble(trouble: Trouble) -> TransportError {
    match trouble {
        Trouble::Offline => TransportError::offline("out of coverage"),
        Trouble::TimedOut => TransportError::timed_out("an answer"),
        Trouble::Garbled => TransportError::garbled("half a message"),
        Trouble::Fault(fault) => TransportError::Fault(fault),
    }
}

impl Transport for SimTransport {
    fn pair(&mut self, request: &PairRequest) -> Result<Welcome, TransportError> {
        signed_by(
            &request.public_key,
            &request.signature,
            &request.signed_bytes(),
        )?;
        let relay = self.net.relay(self.device).map_err(trouble)?;
        let paired = self
            .net
            .run(relay.pair(request.clone()))
            .map_err(|error| pair_fault(&error))?;
        Ok(self.welcome(&relay, paired))
    }

    fn register(&mut self, request: &RegisterRequest) -> Result<Welcome, TransportError> {
        signed_by(
            &request.public_key,
            &request.signature,
            &request.signed_bytes(),
        )?;
        let relay = self.net.relay(self.device).map_err(trouble)?;
        let paired = self
            .net
            .run(relay.register(request.clone()))
            .map_err(|error| pair_fault(&error))?;
        Ok(self.welcome(&relay, paired))
    }

    fn token(&mut self, request: &TokenRequest) -> Result<Access, TransportError> {
        let relay = self.net.relay(self.device).map_err(trouble)?;
        let caller = relay
            .caller(request.device)
            .map_err(|error| Fault::new(code_of_caller(error), error.to_string()))?;
        if request.challenge.is_empty() {
            let mut fault = Fault::new(FaultCode::ChallengeInvalid, "answer this one");
            fault.challenge = Some(CHALLENGE.to_vec());
            return Err(TransportError::from(fault));
        }
        signed_by(
            &caller.public_key,
            &request.signature,
            &request.signed_bytes(),
        )?;
        Ok(self.access(&relay))
    }

    fn sync(&mut self, token: &str, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        self.check(token)?;
        self.net.exchange(self.device, request).map_err(trouble)
    }

    fn put_piece(&mut self, token: &str, piece: &Piece) -> Result<Upload, TransportError> {
        self.check(token)?;
        self.net.put_piece(self.device, piece).map_err(trouble)
    }

    fn get_piece(
        &mut self,
        token: &str,
        sha256: ContentHash,
        at: u64,
        len: usize,
    ) -> Result<Vec<u8>, TransportError> {
        self.check(token)?;
        let piece = self.net.get_piece(self.device, sha256, at, len);
        piece.map_err(trouble)
    }

    fn check_reads(
        &mut self,
        token: &str,
        reads: &CheckReads,
    ) -> Result<ReadsEntered, TransportError> {
        self.check(token)?;
        self.net.check_reads(self.device, reads).map_err(trouble)
    }

    fn replace_key(&mut self, request: &KeyRequest) -> Result<Access, TransportError> {
        let relay = self.net.relay(self.device).map_err(trouble)?;
        let lost = self.net.loses_answer(self.device).map_err(trouble)?;
        let bytes = request.signed_bytes();
        signed_by(&request.old_key, &request.old_signature, &bytes)?;
        signed_by(&request.new_key, &request.new_signature, &bytes)?;
        self.net
            .run(relay.replace_key(request.clone()))
            .map_err(|error| device_fault(&error))?;
        if lost {
            return Err(trouble(Trouble::TimedOut));
        }
        Ok(self.access(&relay))
    }

    fn farewell(&mut self, request: &FarewellRequest) -> Result<FarewellResponse, TransportError> {
        let relay = self.net.relay(self.device).map_err(trouble)?;
        let lost = self.net.loses_answer(self.device).map_err(trouble)?;
        let key = self.net.run(relay.key_of_lost(request.device));
        let key = key.map_err(|error| device_fault(&error))?;
        signed_by(&key, &request.signature, &request.signed_bytes())?;
        let farewell = self
            .net
            .run(relay.farewell(request.clone()))
            .map_err(|error| device_fault(&error))?;
        if lost {
            return Err(trouble(Trouble::TimedOut));
        }
        let mut order = WipeOrder {
            device: request.device,
            epoch: relay.epoch(),
            nonce: request.nonce,
            ordered_at: farewell.ordered_at,
            signatures: Vec::new(),
        };
        let signature = SigningKey::from_bytes(&RELAY_SEED).sign(&order.signed_bytes());
        order.signatures = vec![OrderSignature(signature.to_bytes())];
        Ok(FarewellResponse {
            order,
            receipts: farewell.receipts,
            challenge: CHALLENGE.to_vec(),
        })
    }

    fn wiped(&mut self, request: &WipedRequest) -> Result<WipeNoted, TransportError> {
        let relay = self.net.relay(self.device).map_err(trouble)?;
        let lost = self.net.loses_answer(self.device).map_err(trouble)?;
        let key = self.net.run(relay.key_of_lost(request.device));
        let key = key.map_err(|error| device_fault(&error))?;
        signed_by(&key, &request.signature, &request.signed_bytes())?;
        let noted = self.net.run(relay.note_wiped(request.clone()));
        let wiped_at = noted.map_err(|error| device_fault(&error))?;
        if lost {
            return Err(trouble(Trouble::TimedOut));
        }
        Ok(WipeNoted { wiped_at })
    }

    fn merge_people(
        &mut self,
        token: &str,
        request: &MergeRequest,
    ) -> Result<Merged, TransportError> {
        self.check(token)?;
        let relay = self.net.relay(self.device).map_err(trouble)?;
        let caller = relay
            .caller(self.device)
            .map_err(|error| Fault::new(code_of_caller(error), error.to_string()))?;
        let merged = relay.merge_drivers(&caller, request.keep, request.other);
        let said = self.net.run(merged).map_err(|error| {
            let code = match error {
                MergeError::Forbidden(_) => FaultCode::Forbidden,
                MergeError::People(_) => FaultCode::Invalid,
            };
            Fault::new(code, error.to_string())
        })?;
        Ok(said.into())
    }

    fn sheet(
        &mut self,
        token: &str,
        request: &SheetRequest,
    ) -> Result<SheetAnswer, TransportError> {
        self.check(token)?;
        self.net.sheet(self.device, request).map_err(trouble)
    }

    fn watch(
        &mut self,
        _token: &str,
        _on_event: &mut dyn FnMut(WatchEvent) -> ControlFlow<()>,
    ) -> Result<(), TransportError> {
        Err(TransportError::offline(
            "nobody listens in a simulated world: phones sync when a test says so",
        ))
    }
}
