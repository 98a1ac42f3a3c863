//! The relay as its devices see it: a clock of our own, a folder that goes away, and phones that
//! apply what they are sent exactly as the protocol says.

mod attachments;
mod attacks;
mod audit;
mod desks;
mod entered;
mod erasure;
mod exchange;
mod histories;
mod pages;
mod people;
mod phone;
mod quarantine;
mod quotas;
mod recipients;
mod reports;
mod retention;
mod seats;
mod stations;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use yizhan_client_core::model::station::{NewStation, StationType};
use yizhan_proto::identity::PairRequest;
use yizhan_proto::{
    DeviceId, DocumentId, PersonId, ProtocolVersion, Role, Scope, StationId, Timestamp,
};

use super::{PersonInfo, Relay, RelayOptions};
use crate::clock::{Clock, NoRandomness};
use phone::Phone;

/// 2025-10-09T08:53:20Z.
const MORNING_MS: i64 = 1_760_000_000_000;

/// A clock that only moves when told to, and randomness that repeats.
#[derive(Debug)]
pub(crate) struct TestClock {
    now_ms: AtomicI64,
    drawn: AtomicU64,
}

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            now_ms: AtomicI64::new(MORNING_MS),
            drawn: AtomicU64::new(0),
        })
    }

    fn advance_ms(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Ordering::Relaxed))
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.now().as_ms() - MORNING_MS).unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for chunk in bytes.chunks_mut(32) {
            let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(drawn.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

/// A relay with two stations, and whoever comes.
struct World {
    relay: Relay,
    clock: Arc<TestClock>,
    folder: tempfile::TempDir,
    /// Two stations of one region.
    stations: [StationId; 2],
    next_id: u8,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::new();
        let relay = open(folder.path(), &clock);
        let imported = relay
            .import_stations(vec![new_station("north"), new_station("south")])
            .await
            .unwrap();
        Self {
            relay,
            clock,
            folder,
            stations: [imported[0].id, imported[1].id],
            next_id: 0,
        }
    }

    /// An id that nothing else in this world has.
    fn id(&mut self) -> [u8; 16] {
        self.next_id += 1;
        [self.next_id; 16]
    }

    fn document_id(&mut self) -> DocumentId {
        DocumentId::from_bytes(self.id())
    }

    /// A pairing request of a new device.
    async fn pairing(&mut self, person: &PersonInfo) -> PairRequest {
        let code = self
            .relay
            .create_pair_code(person.id, 60_000)
            .await
            .unwrap();
        PairRequest {
            version: ProtocolVersion::CURRENT,
            code: code.code,
            device: DeviceId::from_bytes(self.id()),
            public_key: self.id().repeat(2),
            provisional: PersonId::from_bytes(self.id()),
            label: "a phone".to_owned(),
            signature: Vec::new(),
        }
    }

    /// A new person's new phone.
    async fn phone(&mut self, name: &str, roles: Vec<Role>) -> Phone {
        let person = self.relay.add_person(name, roles).await.unwrap();
        self.another_phone(&person).await
    }

    async fn another_phone(&mut self, person: &PersonInfo) -> Phone {
        let request = self.pairing(person).await;
        let device = request.device;
        let paired = self.relay.pair(request).await.unwrap();
        Phone::new(self.relay.clone(), device, paired.identity)
    }

    async fn driver(&mut self) -> Phone {
        self.phone("王师傅", vec![Role::Driver]).await
    }

    async fn keeper(&mut self, station: usize) -> Phone {
        let station = self.stations[station];
        self.phone("李站长", vec![Role::Keeper(station)]).await
    }

    fn station_scope(&self, station: usize) -> Scope {
        Scope::Station(self.stations[station])
    }
}

fn open(folder: &Path, clock: &Arc<TestClock>) -> Relay {
    let clock = Arc::clone(clock);
    Relay::open(folder, clock, &RelayOptions::default()).unwrap()
}

fn new_station(key: &str) -> NewStation {
    NewStation {
        key: key.to_owned(),
        name: format!("{key} 司机之家"),
        region: "changzhou".parse().unwrap(),
        station_type: StationType::DriverHome,
        facilities: vec!["bed".into(), "rest".into()],
        lat: None,
        lon: None,
        address: None,
        rooms: Some(8),
        beds_total: Some(28),
        hours: None,
        phone: None,
    }
}
