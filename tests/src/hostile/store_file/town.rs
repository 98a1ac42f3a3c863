//! A small town: a relay, a driver, a keeper's tablet with one document of most kinds and one edit
//! that was never sent. Its stores' files are what is damaged.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::transport::RelayUrl;
use yizhan_proto::{DeviceId, Role};
use yizhan_server::relay::{Relay, RelayOptions};

use crate::chance::Chance;
use crate::clock::{SimClock, TrueTime};
use crate::net::Net;
use crate::network;
use crate::phone::{Phone, SharedReference};
use crate::reference::Reference;
use crate::wire::SimTransport;

/// Files by name.
pub(super) type Files = Vec<(String, Vec<u8>)>;

/// The town's stores, closed.
pub(super) struct Town {
    /// The tablet's.
    pub(super) phone: Files,
    /// The relay's.
    pub(super) relay: Files,
    /// The tablet.
    pub(super) device: DeviceId,
}

impl Town {
    /// The town, founded once.
    pub(super) fn get() -> &'static Self {
        static TOWN: OnceLock<Town> = OnceLock::new();
        TOWN.get_or_init(Self::founded)
    }

    fn founded() -> Self {
        let folder = super::folder();
        let time = TrueTime::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = Arc::new(runtime.expect("a runtime"));
        let net = Net::new(Arc::clone(&runtime), Chance::new(1));
        let relay_home = folder.path().join("relay");
        let clock = SimClock::new(time.clone(), Chance::new(2));
        let relay = Relay::open(&relay_home, clock, &RelayOptions::default()).expect("a relay");
        net.connect(Some(relay.clone()));
        let stations = network::stations().into_iter().take(2).collect();
        let imported = net.run(relay.import_stations(stations)).expect("stations");
        let station = imported.first().expect("a station").id;

        let reference: SharedReference = Arc::new(Mutex::new(Reference::default()));
        let mut people = [
            ("李师傅", vec![Role::Driver], 3),
            (
                "王站长",
                vec![Role::Keeper(station), Role::Health(station)],
                4,
            ),
        ]
        .map(|(name, roles, seed)| {
            let person = net.run(relay.add_person(name, roles)).expect("a person");
            let code = net
                .run(relay.create_pair_code(person.id, 60_000))
                .expect("a code");
            let home = folder.path().join(format!("phone-{seed}"));
            let chance = Chance::new(seed);
            let clock = SimClock::new(time.clone(), chance.fork("clock"));
            let transport = |device| SimTransport::new(net.clone(), device);
            let shared = Arc::clone(&reference);
            let mut phone = Phone::new(name, home, clock, chance, shared, transport);
            let url: RelayUrl = "http://127.0.0.1:8787".parse().expect("an address");
            phone.pair(&url, &code.code).expect("paired");
            phone.sync();
            phone
        });
        let [li, wang] = &mut people;
        let visit = li.log_visit(station).expect("a visit");
        li.note(visit, "车停在后院").expect("a note");
        let consent = li
            .give_consent(station, Purpose::HealthRecord)
            .expect("a consent");
        li.sync();
        wang.sync();
        wang.serve(visit, "meal", 1).expect("a meal");
        let readings = wang.ordinary_readings();
        let driver = li.person();
        wang.take_check(driver, station, consent, readings, vec!["rest".into()])
            .expect("a check");
        wang.set_beds_free(station, 3).expect("beds");
        wang.sync();
        wang.keeper_note(visit, "还没有发出去")
            .expect("a note that is not sent");
        let (device, home) = (wang.device(), wang.home().to_owned());
        drop(people);
        relay.shutdown();
        net.connect(None);
        drop(relay);
        Self {
            phone: files(&home),
            relay: files(&relay_home),
            device,
        }
    }
}

/// The files of a folder; the lock of a relay is not one of them.
fn files(folder: &Path) -> Files {
    let mut files: Files = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .filter(|path| path.is_file() && path.extension().is_none_or(|end| end != "lock"))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (
                name.into_owned(),
                std::fs::read(&path).expect("it can be read"),
            )
        })
        .collect();
    files.sort();
    files
}
