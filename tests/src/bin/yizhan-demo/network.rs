//! The relay of the demonstration, served over loopback HTTP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;
use yizhan_client_core::transport::RelayUrl;
use yizhan_proto::{DeskKey, PersonId, RegionKey, Role, StationId};
use yizhan_server::config::Config;
use yizhan_server::relay::{NewDesk, Relay, Status};
use yizhan_server::serve::{Running, serve};
use yizhan_tests::clock::{DAY_MS, SimClock};
use yizhan_tests::network;

/// A relay, and the server in front of it.
pub(crate) struct Served {
    runtime: Runtime,
    running: Option<Running>,
    url: RelayUrl,
    data: PathBuf,
}

impl Served {
    /// Starts a relay on the folder `data` and serves it on a free port of this machine.
    pub(crate) fn start(data: &Path, clock: Arc<SimClock>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let mut config = Config::new(data);
        config.listen.set_port(0);
        let running = runtime
            .block_on(serve(config, clock))
            .expect("the relay serves");
        Self {
            url: running.url.parse().expect("the relay says where it is"),
            runtime,
            running: Some(running),
            data: data.to_owned(),
        }
    }

    pub(crate) fn relay(&self) -> &Relay {
        &self.running.as_ref().expect("the relay serves").relay
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn url(&self) -> &RelayUrl {
        &self.url
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Imports the real network's stations.
    pub(crate) fn import_network(&self) -> Vec<StationId> {
        self.runtime
            .block_on(self.relay().import_stations(network::stations()))
            .expect("the network is imported")
            .into_iter()
            .map(|station| station.id)
            .collect()
    }

    /// What the QR at a station's counter says.
    pub(crate) fn station_code(&self, station: StationId) -> String {
        self.runtime
            .block_on(self.relay().station_code(station))
            .expect("a standing code")
    }

    /// Adds somebody, with a code for their first phone.
    pub(crate) fn add_person(&self, name: &str, roles: Vec<Role>) -> (PersonId, String) {
        let person = self
            .runtime
            .block_on(self.relay().add_person(name, roles))
            .expect("a person is added");
        (person.id, self.pair_code(person.id))
    }

    /// Opens a desk in a region, under another or at the top.
    pub(crate) fn open_desk(&self, key: &str, region: &RegionKey, parent: Option<&str>) -> DeskKey {
        let key: DeskKey = key.parse().expect("a desk's key");
        let desk = NewDesk {
            key: key.clone(),
            name: format!("{key}服务台"),
            region: region.clone(),
            parent: parent.map(|parent| parent.parse().expect("a desk's key")),
            station: None,
            classes: Vec::new(),
        };
        self.runtime
            .block_on(self.relay().add_desk(desk))
            .expect("a desk is opened");
        key
    }

    /// A code for one more phone.
    pub(crate) fn pair_code(&self, person: PersonId) -> String {
        self.runtime
            .block_on(self.relay().create_pair_code(person, DAY_MS.unsigned_abs()))
            .expect("a code")
            .code
    }

    /// Decides what is left to be decided about seats.
    pub(crate) fn settle_seats(&self) {
        while self
            .runtime
            .block_on(self.relay().settle_seats())
            .expect("seats are settled")
        {}
    }

    pub(crate) fn status(&self) -> Status {
        self.runtime
            .block_on(self.relay().status())
            .expect("a status")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}
