//! A device without a client: a key of its own, really paired, that says what it likes.

use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use yizhan_client_core::model::visit::Source;
use yizhan_client_core::model::{Command, Document, visit};
use yizhan_proto::identity::{Identity, PairRequest, Welcome};
use yizhan_proto::limits::RESPONSE_BYTES_MAX;
use yizhan_proto::sync::{Outcome, Push, ScopeState, SyncRequest, SyncResponse};
use yizhan_proto::{
    ActorId, DeviceId, DocumentId, Epoch, Fault, FaultCode, Incarnation, Kind, PersonId,
    ProtocolVersion, ScopeDigest, StationId, Timestamp, codec,
};
use yizhan_tests::load;
use yizhan_tests::process::RelayProcess;

/// A moment of the time in which the table plays.
pub(super) const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
/// Seconds within which the relay answers, however slow the machine.
const ANSWER_S: u64 = 30;

/// The station of a key.
pub(super) fn station(relay: &RelayProcess, key: &str) -> StationId {
    let list = relay.admin(&["station", "list"]).json();
    let row = list
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["key"] == key).cloned());
    let id = row.and_then(|row| row["id"].as_str().map(str::to_owned));
    id.expect("a station").parse().expect("an id")
}

/// An answer's status and body.
pub(super) type Answer = (u16, Vec<u8>);

/// A paired device, by its bare credentials.
pub(super) struct Device {
    pub(super) url: String,
    pub(super) id: DeviceId,
    pub(super) key: SigningKey,
    pub(super) person: PersonId,
    pub(super) token: String,
    pub(super) epoch: Epoch,
    pub(super) identity: Identity,
}

pub(super) fn pair_request(id: DeviceId, key: &SigningKey, code: &str) -> PairRequest {
    let mut request = PairRequest {
        version: ProtocolVersion::CURRENT,
        code: code.to_owned(),
        device: id,
        public_key: key.verifying_key().to_bytes().to_vec(),
        provisional: PersonId::from_bytes(*id.as_bytes()),
        label: String::new(),
        signature: Vec::new(),
    };
    request.signature = key.sign(&request.signed_bytes()).to_vec();
    request
}

impl Device {
    pub(super) fn paired(relay: &RelayProcess, name: &str, roles: &[&str], n: u8) -> Self {
        let mut args = vec!["person", "add", "--name", name];
        for role in roles {
            args.extend_from_slice(&["--role", role]);
        }
        let person = relay.admin(&args).id();
        let code = relay.admin(&["pair", &person]).json();
        let (id, key) = (
            DeviceId::from_bytes([n; 16]),
            SigningKey::from_bytes(&[n; 32]),
        );
        let request = pair_request(id, &key, code["code"].as_str().expect("a code"));
        let body = codec::encode(&request);
        let (status, body) = post(&relay.url(), "/v1/pair", &[CBOR], &body);
        assert_eq!(status, 200, "{body:02x?}");
        let welcome: Welcome = codec::decode(&body, RESPONSE_BYTES_MAX).expect("a welcome");
        Self {
            url: relay.url(),
            id,
            key,
            person: welcome.identity.person,
            token: welcome.access.token,
            epoch: welcome.epoch,
            identity: welcome.identity,
        }
    }

    /// A request that asks for nothing.
    pub(super) fn nothing(&self) -> SyncRequest {
        SyncRequest {
            epoch: Some(self.epoch),
            device_time: NOW,
            ..load::nothing(self.identity.version)
        }
    }

    /// A request as at first contact.
    pub(super) fn everything(&self) -> SyncRequest {
        let scopes = self.identity.scopes.iter();
        let state = |scope: &_| ScopeState::new(Clone::clone(scope), None, ScopeDigest::EMPTY);
        SyncRequest {
            scopes: scopes.map(state).collect(),
            ..self.nothing()
        }
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub(super) fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, Box<Fault>> {
        let (status, body) = self.post_sync(&[], &codec::encode(request));
        if status != 200 {
            return Err(Box::new(fault(&body)));
        }
        let not_one = |error| Fault::new(FaultCode::Internal, format!("no response: {error}"));
        codec::decode(&body, RESPONSE_BYTES_MAX).map_err(|error| Box::new(not_one(error)))
    }

    /// Posts any body to `/v1/sync` with this device's token and further headers.
    pub(super) fn post_sync(&self, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = self.bearer();
        let mut all = vec![CBOR, ("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        post(&self.url, "/v1/sync", &all, body)
    }

    /// What the relay says to a request: a fault's code, or what became of the first change.
    pub(super) fn said(&self, request: &SyncRequest) -> String {
        match self.sync(request) {
            Err(fault) => fault.code.to_string(),
            Ok(response) => response
                .receipts
                .first()
                .map_or_else(|| "nothing".to_owned(), |receipt| words(&receipt.outcome)),
        }
    }

    /// What becomes of one change.
    pub(super) fn push(&self, document: DocumentId, kind: Kind, change: Vec<u8>) -> String {
        let push = Push {
            document,
            kind,
            change,
        };
        self.said(&SyncRequest {
            pushes: vec![push],
            ..self.nothing()
        })
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(_) => "accepted".to_owned(),
        Outcome::Duplicate(_) => "duplicate".to_owned(),
        Outcome::Refused(reason) => reason.code.clone(),
        Outcome::Quarantined(reason) => format!("quarantined {}", reason.code),
        Outcome::Needs(hashes) => format!("needs {}", hashes.len()),
        Outcome::Later(_) => "later".to_owned(),
        Outcome::Unknown(code) => format!("unknown {code}"),
    }
}

/// A driver's device with a visit at the station, which the relay has.
pub(super) struct Liar {
    pub(super) device: Device,
    pub(super) station: StationId,
    pub(super) visit: DocumentId,
    /// The visit's changes, as the relay has them.
    pub(super) changes: Vec<Vec<u8>>,
    next: u8,
}

impl Liar {
    pub(super) fn arrived(device: Device, station: StationId) -> Self {
        let visit = DocumentId::new_v7(1_790_000_000_000, [device.id.as_bytes()[0]; 10]);
        let mut liar = Self {
            device,
            station,
            visit,
            changes: Vec::new(),
            next: 0,
        };
        let change = liar.written(visit, &[], &liar.check_in());
        assert_eq!(
            liar.device.push(visit, Kind::Visit, change.clone()),
            "accepted"
        );
        liar.changes.push(change);
        liar
    }

    /// A document that is not there yet.
    pub(super) fn new_document(&mut self) -> DocumentId {
        self.next += 1;
        DocumentId::new_v7(
            1_790_000_000_001,
            [
                self.device.id.as_bytes()[0],
                self.next,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            ],
        )
    }

    pub(super) fn check_in(&self) -> Command {
        Command::Visit(visit::Command::CheckIn {
            driver: self.device.person,
            driver_name: "师傅".to_owned(),
            station: self.station,
            arrived_at: NOW,
            source: Source::DriverApp,
            vehicle_plate: None,
            requested: Vec::new(),
        })
    }

    pub(super) fn note(text: &str) -> Command {
        Command::Visit(visit::Command::SetNote(text.to_owned()))
    }

    /// A change of this device's first incarnation on top of others; nothing is checked.
    pub(super) fn written(&self, id: DocumentId, on: &[Vec<u8>], command: &Command) -> Vec<u8> {
        self.written_as(
            ActorId::new(self.device.id, Incarnation(1)),
            NOW,
            id,
            on,
            command,
        )
    }

    pub(super) fn written_as(
        &self,
        actor: ActorId,
        at: Timestamp,
        id: DocumentId,
        on: &[Vec<u8>],
        command: &Command,
    ) -> Vec<u8> {
        let on = on.iter().map(Vec::as_slice);
        let mut document = Document::open(id, command.kind(), on).expect("a document");
        document.write(actor, at, command).expect("a change")
    }

    /// A note on top of the own visit.
    pub(super) fn next_note(&self, text: &str) -> Vec<u8> {
        self.written(self.visit, &self.changes, &Self::note(text))
    }

    /// Pushes a change of the own visit.
    pub(super) fn push_own(&self, change: Vec<u8>) -> String {
        self.device.push(self.visit, Kind::Visit, change)
    }
}

pub(super) const CBOR: (&str, &str) = ("content-type", "application/cbor");

pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(ANSWER_S)))
        .build()
        .into()
}

pub(super) fn post(url: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut request = agent().post(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send(body).expect("the relay answers");
    let status = response.status().as_u16();
    let body = response
        .body_mut()
        .with_config()
        .limit(32 << 20)
        .read_to_vec();
    (status, body.expect("a body"))
}

/// The fault of a refusal.
pub(super) fn fault(body: &[u8]) -> Fault {
    codec::decode(body, RESPONSE_BYTES_MAX).unwrap_or_else(|error| {
        let text = String::from_utf8_lossy(body).into_owned();
        Fault::new(
            FaultCode::Other(format!("no fault ({error}): {text}").into()),
            text,
        )
    })
}

/// The code of a refusal, or that it was none.
pub(super) fn code((status, body): &Answer) -> String {
    if *status < 300 {
        return format!("{status}");
    }
    let fault = fault(body);
    assert!(fault.message.len() < 1_000, "{fault:?}");
    fault.code.to_string()
}
