//! Tokens over real sockets, under a relay whose clock the test holds: they end, and are renewed;
//! and they open nothing to whom they should not.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::runtime::Runtime;
use yizhan_client_core::client::{Client, VisitStart};
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_client_core::transport::{RelayUrl, Transport as _, TransportError};
use yizhan_proto::limits::TOKEN_TTL_S;
use yizhan_proto::sync::SyncRequest;
use yizhan_proto::{Fault, FaultCode, ProtocolVersion, Role, StationId};
use yizhan_server::auth::Auth;
use yizhan_server::clock::Clock as _;
use yizhan_server::{Config, Running, serve};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::{MINUTE_MS, SimClock, TrueTime};
use yizhan_tests::network;

/// A relay in this process.
struct Relay {
    running: Running,
    runtime: Runtime,
    data: tempfile::TempDir,
    time: TrueTime,
}

impl Relay {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let data = tempfile::tempdir().expect("a temporary folder");
        let time = TrueTime::new();
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..Config::new(data.path())
        };
        let clock = SimClock::new(time.clone(), Chance::new(1));
        let running = runtime
            .block_on(serve(config, clock))
            .expect("the relay serves");
        Self {
            running,
            runtime,
            data,
            time,
        }
    }

    fn transport(&self) -> HttpTransport {
        HttpTransport::new(self.running.url.parse().expect("an address"))
    }

    /// Imports the network; the station of the walk.
    fn station(&self) -> StationId {
        let import = self.running.relay.import_stations(network::stations());
        self.runtime.block_on(import).expect("an import")[0].id
    }

    /// A driver's phone with a clock of its own, paired.
    fn phone(&self, time: TrueTime) -> Phone {
        let home = tempfile::tempdir().expect("a temporary folder");
        let clock = SimClock::new(time, Chance::new(2));
        let mut client = Client::open(home.path(), clock).expect("a store");
        let relay = &self.running.relay;
        let code = self.runtime.block_on(async {
            let person = relay.add_person("李师傅", vec![Role::Driver]).await;
            let code = relay.create_pair_code(person.expect("a person").id, 600_000);
            code.await.expect("a code").code
        });
        let url: RelayUrl = self.running.url.parse().expect("an address");
        let mut transport = self.transport();
        client
            .pair(&mut transport, &url, &code, "手机")
            .expect("a pairing");
        Phone {
            client,
            transport,
            _home: home,
        }
    }

    /// What the relay answers to a token.
    fn answer(&self, token: &str) -> Result<(), Box<Fault>> {
        match self.transport().sync(token, &nothing(&self.time)) {
            Ok(_) => Ok(()),
            Err(TransportError::Fault(fault)) => Err(fault),
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

struct Phone {
    client: Client,
    transport: HttpTransport,
    _home: tempfile::TempDir,
}

impl Phone {
    fn log_visit(&mut self, station: StationId) {
        let start = VisitStart {
            station,
            driver: None,
            own_name: None,
            arrived_at: None,
            vehicle_plate: None,
            requested: Vec::new(),
        };
        self.client.start_visit(start).expect("an edit");
    }

    /// Syncs all; says whether the token is another one since.
    fn sync_renews(&mut self) -> bool {
        let before = self.token();
        self.client
            .sync(&mut self.transport)
            .expect("the sync goes through");
        assert_eq!(self.client.status().expect("a status").unsent_changes, 0);
        self.token() != before
    }

    fn token(&self) -> String {
        self.client.access_token().expect("a token")
    }
}

/// A request that asks for nothing.
fn nothing(time: &TrueTime) -> SyncRequest {
    SyncRequest {
        version: ProtocolVersion::CURRENT,
        epoch: None,
        device_time: time.now(),
        identity_version: 0,
        summary: None,
        scopes: Vec::new(),
        pushes: Vec::new(),
        page_bytes_max: 0,
        forgotten: Vec::new(),
        repairs: Vec::new(),
        fetches: Vec::new(),
        decided: None,
        left: Vec::new(),
    }
}

fn code(answer: Result<(), Box<Fault>>) -> Option<FaultCode> {
    answer.err().map(|fault| fault.code)
}

#[test]
fn a_token_that_expired_is_renewed_and_the_sync_goes_on() {
    let relay = Relay::start();
    let station = relay.station();
    let time = TrueTime::new();
    let mut phone = relay.phone(time.clone());
    assert!(!phone.sync_renews(), "a new token is good");
    for round in 0..3 {
        phone.log_visit(station);
        relay.time.pass_ms(14 * MINUTE_MS);
        time.pass_ms(14 * MINUTE_MS);
        // 14 minutes after the last renewal the token still is good; 28 after it, it is not.
        assert_eq!(phone.sync_renews(), round % 2 == 1, "round {round}");
    }

    // The phone's clock stands still: it learns from the relay that its token has expired.
    phone.log_visit(station);
    let old = phone.token();
    relay.time.pass_ms(16 * MINUTE_MS);
    let fault = relay.answer(&old).expect_err("it has expired");
    assert_eq!(fault.code, FaultCode::TokenExpired);
    assert!(fault.challenge.is_some(), "a phone can renew from here");
    assert!(phone.sync_renews());
    assert_eq!(code(relay.answer(&phone.token())), None);
    assert_eq!(code(relay.answer(&old)), Some(FaultCode::TokenExpired));
}

#[test]
fn a_token_ends_at_its_last_second_and_not_before() {
    let relay = Relay::start();
    let phone = relay.phone(TrueTime::new());
    let ttl_ms = i64::try_from(TOKEN_TTL_S).expect("some minutes") * 1_000;
    relay.time.pass_ms(ttl_ms - 1);
    assert_eq!(code(relay.answer(&phone.token())), None);
    relay.time.pass_ms(1);
    assert_eq!(
        code(relay.answer(&phone.token())),
        Some(FaultCode::TokenExpired)
    );
}

#[test]
fn the_token_of_a_revoked_device_opens_nothing_though_it_has_not_expired() {
    let relay = Relay::start();
    let station = relay.station();
    let mut phone = relay.phone(TrueTime::new());
    phone.sync_renews();
    let token = phone.token();
    assert_eq!(code(relay.answer(&token)), None);
    let device = phone.client.device().expect("a device").device;
    let revoked = relay
        .runtime
        .block_on(relay.running.relay.revoke_device(device));
    revoked.expect("a device of this relay");
    assert_eq!(code(relay.answer(&token)), Some(FaultCode::DeviceRevoked));

    // Nor does it get a new one, however long it tries; and what it holds stays.
    phone.log_visit(station);
    for _ in 0..2 {
        let error = phone.client.sync(&mut phone.transport);
        assert!(error.is_err(), "{error:?}");
        assert_eq!(phone.client.status().expect("a status").unsent_changes, 1);
        relay.time.pass_ms(16 * MINUTE_MS);
    }
    assert_ne!(code(relay.answer(&phone.token())), None);
}

#[test]
fn a_token_of_another_key_or_lineage_opens_nothing() {
    let relay = Relay::start();
    let phone = relay.phone(TrueTime::new());
    let device = phone.client.device().expect("a device");
    let clock = SimClock::new(relay.time.clone(), Chance::new(3));
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let epoch = relay.running.relay.epoch();
    let other_epoch = yizhan_proto::Epoch::from_bytes([9; 8]);
    let token = |folder: &std::path::Path, epoch| {
        let auth = Auth::open(folder, epoch, &*clock).expect("keys");
        let access = auth.grant(device.device, device.person, clock.now());
        access.expect("a token").token
    };
    // The same claims under the relay's own key open it: what follows fails for the key alone.
    let genuine = token(relay.data.path(), epoch);
    assert_eq!(code(relay.answer(&genuine)), None);
    for forged in [
        token(elsewhere.path(), epoch),
        token(relay.data.path(), other_epoch),
    ] {
        let fault = relay.answer(&forged).expect_err("it is forged");
        assert_eq!(fault.code, FaultCode::TokenInvalid);
    }
}
