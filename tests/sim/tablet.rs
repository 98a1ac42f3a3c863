//! One tablet, several keepers: turns at random, taps, dead zones and sudden deaths.

use std::collections::BTreeMap;
use std::sync::Arc;

use yizhan_client_core::Client;
use yizhan_client_core::client::VisitStart;
use yizhan_client_core::clock::Clock;
use yizhan_client_core::engine::Input;
use yizhan_client_core::store::VisitFilter;
use yizhan_client_core::tablet::{Pin, Profile, Tablet, TabletError};
use yizhan_proto::{DocumentId, Role, StationId};
use yizhan_tests::clock::SimClock;
use yizhan_tests::wire::SimTransport;
use yizhan_tests::world::World;

use crate::{HOME, seeds};

const KEEPERS: [(&str, &str); 3] = [
    ("王站长", "1234"),
    ("赵站长", "56781"),
    ("新站长", "90123456"),
];

struct Counter {
    tablet: Tablet,
    clock: Arc<SimClock>,
    _folder: tempfile::TempDir,
}

impl Counter {
    fn new(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = SimClock::new(world.time().clone(), world.chance("tablet"));
        let mut tablet = None;
        for (name, pin) in KEEPERS {
            let pin = Pin::read(pin).unwrap();
            tablet = Some(Tablet::add(folder.path(), name, &pin, &*clock).unwrap());
        }
        Self {
            tablet: tablet.unwrap(),
            clock,
            _folder: folder,
        }
    }

    fn switch(&self, keeper: usize) -> Profile {
        let (name, pin) = KEEPERS[keeper];
        let pin = Pin::read(pin).unwrap();
        self.tablet.switch(name, &pin, &*self.clock).unwrap()
    }

    fn client(&self, profile: &Profile) -> Client {
        let clock: Arc<dyn Clock> = Arc::<SimClock>::clone(&self.clock);
        Client::open_with(&profile.home, clock, &profile.keys).unwrap()
    }

    /// Pairs each keeper's profile with the keeper, as the keeper does.
    fn pair(&self, world: &World) {
        for (keeper, (name, _)) in KEEPERS.iter().enumerate() {
            let mut client = self.client(&self.switch(keeper));
            let device = client.device().unwrap().device;
            let mut transport = SimTransport::new(world.net().clone(), device);
            let person = world.run(world.relay().add_person(name, vec![Role::Driver]));
            let code = world.relay().create_pair_code(person.unwrap().id, 600_000);
            let code = world.run(code).unwrap().code;
            let url = "http://127.0.0.1:8787".parse().unwrap();
            client.pair(&mut transport, &url, &code, "平板").unwrap();
        }
    }

    fn unsent(&self) -> Vec<u64> {
        let keepers = self.tablet.keepers().unwrap();
        keepers
            .iter()
            .map(|keeper| keeper.unsent.unwrap())
            .collect()
    }
}

fn log_visit(client: &mut Client, station: StationId) -> DocumentId {
    let start = VisitStart {
        station,
        driver: None,
        own_name: None,
        arrived_at: None,
        vehicle_plate: None,
        requested: Vec::new(),
    };
    client.start_visit(start).unwrap()
}

#[test]
fn switching_between_the_keepers_of_a_tablet_never_loses_what_is_unsent() {
    for seed in seeds(2) {
        let world = World::new(seed);
        let (home, counter) = (world.station(HOME), Counter::new(&world));
        counter.pair(&world);
        let mut chance = world.chance("turns");
        let mut entered: BTreeMap<usize, Vec<DocumentId>> = BTreeMap::new();
        for _ in 0..20 {
            let keeper = chance.index(KEEPERS.len());
            let profile = counter.switch(keeper);
            let mut client = counter.client(&profile);
            let device = client.device().unwrap().device;
            for _ in 0..chance.below(3) {
                let visit = log_visit(&mut client, home);
                entered.entry(keeper).or_default().push(visit);
            }
            let mut transport = SimTransport::new(world.net().clone(), device);
            world.net().set_offline(device, chance.one_in(3));
            match chance.below(3) {
                0 => drop(client.sync(&mut transport)),
                // It dies in the middle of a round, or of a tap.
                1 => {
                    let mut driver = client.driver(&mut transport);
                    driver.notify(Input::SyncWanted);
                    for _ in 0..chance.below(6) {
                        driver.step().unwrap();
                    }
                }
                _ => {}
            }
            drop(client);
            if chance.one_in(3) {
                counter.tablet.lock().unwrap();
                assert!(matches!(counter.tablet.current(), Err(TabletError::Locked)));
            }
        }
        world.net().heal();
        let waits = counter.unsent();
        for keeper in 0..KEEPERS.len() {
            let mut client = counter.client(&counter.switch(keeper));
            assert_eq!(client.status().unwrap().unsent_changes, waits[keeper]);
            let device = client.device().unwrap();
            let mut transport = SimTransport::new(world.net().clone(), device.device);
            client.sync(&mut transport).unwrap();
            assert_eq!(client.status().unwrap().unsent_changes, 0);
            let rows = client.visits(&VisitFilter::default()).unwrap();
            assert!(
                rows.iter().all(|row| row.driver == device.person),
                "signed as them"
            );
            let mut seen: Vec<DocumentId> = rows.iter().map(|row| row.id).collect();
            let mut own = entered.remove(&keeper).unwrap_or_default();
            seen.sort_unstable();
            own.sort_unstable();
            assert_eq!(seen, own, "{}", KEEPERS[keeper].0);
        }
        assert_eq!(counter.unsent(), [0, 0, 0]);
        let status = world.run(world.relay().status()).unwrap();
        assert_eq!(status.quarantined, 0);
    }
}
