//! A relay for benches: real changes, through the whole exchange but for HTTP and the token.

use std::path::Path;

use yizhan_client_core::model::station::{NewStation, StationType};
use yizhan_client_core::model::visit::{Command as VisitCommand, Source};
use yizhan_client_core::model::{Command, Document};
use yizhan_proto::codec::{decode, encode};
use yizhan_proto::identity::PairRequest;
use yizhan_proto::limits::{REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use yizhan_proto::sync::{Outcome, Push, SyncRequest, SyncResponse};
use yizhan_proto::{
    ActorId, DeviceId, DocumentId, EntryId, Incarnation, Kind, PersonId, ProtocolVersion, Role,
    StationId, Timestamp,
};
use yizhan_server::relay::{Caller, Quotas, Relay, RelayOptions};

use crate::chance::Chance;
use crate::clock::{BEGINNING, SimClock, TrueTime};

/// The making of one visit by one device.
#[derive(Debug, Clone)]
pub struct Change {
    document: DocumentId,
    /// The chunk.
    pub bytes: Vec<u8>,
}

/// Devices that are paired with the relay, numbered from 0; each is another driver's.
pub const DEVICES: usize = 64;
/// When all happens.
const NOW: Timestamp = BEGINNING;
/// The only station. The relay makes its id; see [`station`].
const STATION_KEY: &str = "bench";

fn id(kind: u8, number: usize) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

/// The id of a device.
#[must_use]
pub fn device(number: usize) -> DeviceId {
    DeviceId::from_bytes(id(1, number))
}

fn person(number: usize) -> PersonId {
    PersonId::from_bytes(id(2, number))
}

/// The makings of `per_device` visits by each of `devices` devices.
#[must_use]
pub fn visits(devices: usize, per_device: usize) -> Vec<Vec<Change>> {
    (0..devices)
        .map(|owner| (0..per_device).map(|number| visit(owner, number)).collect())
        .collect()
}

/// The making of a driver's visit of that number. All devices write at the same time, so their ids
/// (UUIDv7) stand close together, as real ones do.
///
/// # Panics
/// If there are more drivers or visits than their ids have room for.
#[must_use]
pub fn visit(owner: usize, number: usize) -> Change {
    let mut random = [0; 10];
    random[..2].copy_from_slice(&u16::try_from(owner).expect("few devices").to_be_bytes());
    random[6..].copy_from_slice(&u32::try_from(number).expect("few visits").to_be_bytes());
    let unix_ms = u64::try_from(NOW.as_ms()).expect("after 1970") + number as u64;
    let document = DocumentId::new_v7(unix_ms, random);
    let command = Command::Visit(VisitCommand::CheckIn {
        driver: person(owner),
        driver_name: "王建国".into(),
        station: station(),
        arrived_at: NOW,
        source: Source::DriverApp,
        vehicle_plate: Some("苏D12345".into()),
        requested: vec![(EntryId::new_v7(unix_ms, random), "shower".into())],
    });
    let bytes = Document::begin(document, Kind::Visit)
        .expect("a known kind")
        .write(ActorId::new(device(owner), Incarnation(1)), NOW, &command)
        .expect("a well-formed command");
    Change { document, bytes }
}

/// The station of all visits. Relays make station ids themselves, so one relay is asked for it, and
/// every bench gets a copy of that relay's store.
fn station() -> StationId {
    SEED.with(|seed| seed.station)
}

/// A store with one station and all devices paired, made once and copied for each round.
struct Seed {
    folder: tempfile::TempDir,
    station: StationId,
}

thread_local! {
    static SEED: Seed = seed();
}

/// A runtime as small machines have one.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn open(folder: &Path) -> Relay {
    let clock = SimClock::new(TrueTime::new(), Chance::new(1));
    // A day of a bench is longer than any person's; what is begun is counted all the same.
    let quotas = Quotas {
        person_documents_per_day_max: u64::MAX,
        scope_documents_max: u64::MAX,
        ..Quotas::default()
    };
    let options = RelayOptions {
        quotas,
        ..RelayOptions::default()
    };
    Relay::open(folder, clock, &options).expect("a relay")
}

fn seed() -> Seed {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let relay = open(folder.path());
    let station = runtime().block_on(async {
        let station = relay
            .import_stations(vec![NewStation {
                key: STATION_KEY.into(),
                name: "三井街道快递畅驿站".into(),
                region: "changzhou".parse().expect("a key"),
                station_type: StationType::CourierStation,
                facilities: vec!["rest".into(), "shower".into()],
                lat: None,
                lon: None,
                address: None,
                rooms: None,
                beds_total: None,
                hours: None,
                phone: None,
            }])
            .await
            .expect("an import")
            .remove(0)
            .id;
        for number in 0..DEVICES {
            let driver = relay
                .add_person("王建国", vec![Role::Driver])
                .await
                .expect("a person");
            let code = relay
                .create_pair_code(driver.id, 600_000)
                .await
                .expect("a code");
            relay
                .pair(PairRequest {
                    version: ProtocolVersion::CURRENT,
                    code: code.code,
                    device: device(number),
                    public_key: vec![7; 32],
                    provisional: person(number),
                    label: String::new(),
                    signature: vec![0; 64],
                })
                .await
                .expect("a pairing");
        }
        station
    });
    relay.shutdown();
    Seed { folder, station }
}

/// A relay that has one station, all devices paired, and no visit yet; and its folder.
///
/// # Panics
/// If this machine gives no folder.
#[must_use]
pub fn relay() -> (Relay, tempfile::TempDir) {
    let copy = tempfile::tempdir().expect("a temporary folder");
    SEED.with(|seed| {
        for entry in std::fs::read_dir(seed.folder.path()).expect("the seed is there") {
            let entry = entry.expect("a file of the seed");
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a copy");
        }
    });
    (open(copy.path()), copy)
}

/// A push of these changes, as bytes.
#[must_use]
pub fn push(changes: &[Change], identity_version: u64) -> Vec<u8> {
    encode(&SyncRequest {
        pushes: changes
            .iter()
            .map(|change| Push {
                document: change.document,
                kind: Kind::Visit,
                change: change.bytes.clone(),
            })
            .collect(),
        ..nothing(identity_version)
    })
}

/// A request that asks for nothing.
#[must_use]
pub fn nothing(identity_version: u64) -> SyncRequest {
    SyncRequest {
        version: ProtocolVersion::CURRENT,
        epoch: None,
        device_time: NOW,
        identity_version,
        summary: None,
        scopes: vec![],
        pushes: vec![],
        page_bytes_max: 0,
        forgotten: vec![],
        repairs: vec![],
        fetches: vec![],
        decided: None,
        left: vec![],
    }
}

/// One exchange, from bytes to bytes.
///
/// # Panics
/// If the relay does not serve it.
pub async fn exchange(relay: &Relay, caller: &Caller, bytes: &[u8]) -> Vec<u8> {
    let request: SyncRequest = decode(bytes, REQUEST_BYTES_MAX).expect("a request");
    encode(&relay.sync(caller, request).await.expect("an answer"))
}

/// What a response's bytes say.
///
/// # Panics
/// If they are none.
#[must_use]
pub fn read(response: &[u8]) -> SyncResponse {
    decode(response, RESPONSE_BYTES_MAX).expect("a response")
}

/// All that was pushed was accepted.
///
/// # Panics
/// If not.
pub fn assert_accepted(response: &[u8], count: usize) {
    let response = read(response);
    let accepted = response
        .receipts
        .iter()
        .filter(|receipt| matches!(receipt.outcome, Outcome::Accepted(_)))
        .count();
    assert_eq!(accepted, count, "{:?}", response.receipts.first());
}
