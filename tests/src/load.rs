//! The relay under load: real changes, through the whole exchange but for HTTP and the token.

use std::sync::Arc;
use std::time::{Duration, Instant};

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
use yizhan_server::clock::SystemClock;
use yizhan_server::relay::{Caller, Relay, RelayOptions};

/// The making of one visit by one device.
pub(crate) struct Change {
    document: DocumentId,
    pub(crate) bytes: Vec<u8>,
}

/// When the benches happen: 2026-11-21T00:00:00Z.
const NOW: Timestamp = Timestamp::from_ms(1_795_219_200_000);
/// The only station; the relay makes its id, so the changes are written for it by [`Bench::open`].
const STATION_KEY: &str = "bench";

fn id(kind: u8, number: usize) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

fn device(number: usize) -> DeviceId {
    DeviceId::from_bytes(id(1, number))
}

fn person(number: usize) -> PersonId {
    PersonId::from_bytes(id(2, number))
}

/// The makings of `per_device` visits by each of `devices` devices. The station is a stand-in of the
/// same size; [`Bench`] knows it.
pub(crate) fn visits(devices: usize, per_device: usize) -> Vec<Vec<Change>> {
    (0..devices)
        .map(|owner| (0..per_device).map(|number| visit(owner, number)).collect())
        .collect()
}

/// All devices write at the same time, so their ids (UUIDv7) stand close together, as real ones do.
fn visit(owner: usize, number: usize) -> Change {
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

/// The station of all visits. Relays make station ids themselves, so the bench asks one relay for it
/// and hands the same store to every round.
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn open(folder: &std::path::Path) -> Relay {
    Relay::open(
        folder,
        Arc::new(SystemClock::new()),
        &RelayOptions::default(),
    )
    .expect("a relay")
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
        for number in 0..crate::DEVICES {
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

/// A fresh copy of the seeded store, opened.
fn relay() -> (Relay, tempfile::TempDir) {
    let copy = tempfile::tempdir().expect("a temporary folder");
    SEED.with(|seed| {
        for entry in std::fs::read_dir(seed.folder.path()).expect("the seed is there") {
            let entry = entry.expect("a file of the seed");
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a copy");
        }
    });
    (open(copy.path()), copy)
}

fn request(changes: &[Change], identity_version: u64) -> Vec<u8> {
    encode(&SyncRequest {
        version: ProtocolVersion::CURRENT,
        epoch: None,
        device_time: NOW,
        identity_version,
        summary: None,
        scopes: vec![],
        pushes: changes
            .iter()
            .map(|change| Push {
                document: change.document,
                kind: Kind::Visit,
                change: change.bytes.clone(),
            })
            .collect(),
        page_bytes_max: 0,
        forgotten: vec![],
        repairs: vec![],
        fetches: vec![],
    })
}

async fn exchange(relay: &Relay, caller: &Caller, bytes: &[u8]) -> Vec<u8> {
    let request: SyncRequest = decode(bytes, REQUEST_BYTES_MAX).expect("a request");
    encode(&relay.sync(caller, request).await.expect("an answer"))
}

fn assert_accepted(response: &[u8], count: usize) {
    let response: SyncResponse = decode(response, RESPONSE_BYTES_MAX).expect("a response");
    let accepted = response
        .receipts
        .iter()
        .filter(|receipt| matches!(receipt.outcome, Outcome::Accepted(_)))
        .count();
    assert_eq!(accepted, count, "{:?}", response.receipts.first());
}

/// Every device pushes its changes, one a request, all devices at once.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn push_one_by_one(changes: &[Vec<Change>]) -> Duration {
    let (relay, _folder) = relay();
    let requests: Vec<Vec<Vec<u8>>> = changes
        .iter()
        .enumerate()
        .map(|(number, changes)| {
            let caller = relay.caller(device(number)).expect("a paired device");
            let version = caller.identity.version;
            let one = |change| request(std::slice::from_ref(change), version);
            changes.iter().map(one).collect()
        })
        .collect();
    let runtime = runtime();
    let started = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for (number, requests) in requests.into_iter().enumerate() {
            let relay = relay.clone();
            tasks.spawn(async move {
                let caller = relay.caller(device(number)).expect("a paired device");
                let mut last = Vec::new();
                for bytes in &requests {
                    last = exchange(&relay, &caller, bytes).await;
                    assert_accepted(&last, 1);
                }
                last
            });
        }
        while let Some(done) = tasks.join_next().await {
            assert!(!done.expect("a device finished").is_empty());
        }
    });
    let took = started.elapsed();
    relay.shutdown();
    took
}

/// One device pushes all changes in one exchange.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn push_at_once(changes: &[Vec<Change>]) -> Duration {
    let (relay, _folder) = relay();
    let caller = relay.caller(device(0)).expect("a paired device");
    let bytes = request(&changes[0], caller.identity.version);
    assert!(bytes.len() <= REQUEST_BYTES_MAX, "{} bytes", bytes.len());
    let runtime = runtime();
    let started = Instant::now();
    let response = runtime.block_on(exchange(&relay, &caller, &bytes));
    let took = started.elapsed();
    assert_accepted(&response, changes[0].len());
    relay.shutdown();
    took
}
