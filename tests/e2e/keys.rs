//! The key that signs is changed while phones are out: they notice nothing, and what the former key
//! signed is believed until it ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::runtime::Runtime;
use yizhan_client_core::checkin::Finding;
use yizhan_client_core::client::Client;
use yizhan_client_core::transport::RelayUrl;
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_proto::Role;
use yizhan_server::relay::{AuditFilter, AuditRow};
use yizhan_server::{Config, Running, audit, serve};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::{DAY_MS, MINUTE_MS, SimClock, TrueTime};

struct Relay {
    running: Option<Running>,
    runtime: Runtime,
    data: tempfile::TempDir,
    clock: Arc<SimClock>,
    time: TrueTime,
    address: SocketAddr,
}

impl Relay {
    fn start() -> Self {
        let time = TrueTime::new();
        let mut relay = Self {
            running: None,
            runtime: Runtime::new().expect("a runtime"),
            data: tempfile::tempdir().expect("a temporary folder"),
            clock: SimClock::new(time.clone(), Chance::new(1)),
            time,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        relay.restart();
        relay
    }

    fn restart(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
        let config = Config {
            listen: self.address,
            ..Config::new(self.data.path())
        };
        let clock = Arc::clone(&self.clock) as _;
        let running = self.runtime.block_on(serve(config, clock));
        let running = running.expect("the relay serves");
        self.address = running.addr;
        self.running = Some(running);
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    fn rotate(&self, body: &str) -> Vec<Value> {
        let key = &self.running().admin_key;
        let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
        let mut answer = agent
            .post(format!("{}/v1/admin/keys/rotate", self.running().url))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .send(body)
            .expect("the key is changed");
        answer.body_mut().read_json().expect("a list of keys")
    }

    /// How keys were changed, as the audit log says.
    fn entered(&self) -> Vec<String> {
        let filter = AuditFilter {
            action: Some("key.rotated".to_owned()),
            limit: 10,
            ..AuditFilter::default()
        };
        let listing = self.running().relay.audit_list(filter);
        let listing = self.runtime.block_on(listing).expect("the log is read");
        let detail = |row: &AuditRow| {
            let (_, event) = audit::decode(&row.bytes).expect("an entry");
            event.detail.expect("how").as_str().to_owned()
        };
        listing.entries.iter().map(detail).collect()
    }

    fn phone(&self, name: &str) -> Phone {
        let home = tempfile::tempdir().expect("a temporary folder");
        let seed = name.bytes().map(u64::from).sum();
        let clock = SimClock::new(self.time.clone(), Chance::new(seed));
        let mut client = Client::open(home.path(), clock).expect("a store");
        let relay = &self.running().relay;
        let code = self.runtime.block_on(async {
            let person = relay.add_person(name, vec![Role::Driver]).await;
            let code = relay.create_pair_code(person.expect("a person").id, 600_000);
            code.await.expect("a code").code
        });
        let url: RelayUrl = self.running().url.parse().expect("an address");
        let mut transport = HttpTransport::new(url.clone());
        client
            .pair(&mut transport, &url, &code, "手机")
            .expect("a pairing");
        Phone {
            client,
            transport,
            _home: home,
        }
    }
}

struct Phone {
    client: Client,
    transport: HttpTransport,
    _home: tempfile::TempDir,
}

impl Phone {
    /// Syncs; says whether the token is another one since.
    fn sync_renews(&mut self) -> bool {
        let token = |client: &Client| client.access_token().expect("a token");
        let before = token(&self.client);
        self.client
            .sync(&mut self.transport)
            .expect("the sync goes through");
        token(&self.client) != before
    }

    fn shows(&mut self) -> String {
        let shown = self.client.check_in_code(None);
        shown.expect("a code can be shown").text
    }

    fn finds(&self, code: &str) -> Finding {
        self.client.check_code(code).expect("a code").finding
    }
}

#[test]
fn phones_notice_nothing_of_a_new_key() {
    let mut relay = Relay::start();
    let (mut out, mut at_station) = (relay.phone("李师傅"), relay.phone("王站长"));
    out.sync_renews();
    at_station.sync_renews();
    let listed = relay.rotate("{}");
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["signs"], true);
    assert_ne!(listed[0]["id"], listed[1]["id"]);
    // What the former key signed is good, also after a restart.
    assert!(!out.sync_renews());
    relay.restart();
    assert!(!out.sync_renews());

    // One phone is out of coverage from here on; the other hears of the new key.
    relay.time.pass_ms(16 * MINUTE_MS);
    assert!(at_station.sync_renews());
    let by_former = out.shows();
    let by_present = at_station.shows();
    assert_eq!(at_station.finds(&by_former), Finding::Ok);
    assert_eq!(at_station.finds(&by_present), Finding::Ok);
    // Weeks later, still out of coverage.
    relay.time.pass_ms(29 * DAY_MS);
    assert!(at_station.sync_renews());
    let by_former = out.shows();
    assert_eq!(at_station.finds(&by_former), Finding::Ok);
    assert!(
        out.sync_renews(),
        "its challenge is too old, and answered anew"
    );

    // Nothing that the former key signed can be good any more: it is gone at the next start.
    relay.time.pass_ms(3 * DAY_MS);
    relay.restart();
    let former = std::fs::read_dir(relay.data.path())
        .expect("the data folder")
        .filter_map(|entry| entry.expect("a file").file_name().into_string().ok())
        .filter(|name| name.starts_with("token.key."))
        .count();
    assert_eq!(former, 0);
    assert!(out.sync_renews());
}

#[test]
fn a_key_that_somebody_read_is_dropped_at_once_and_phones_renew_by_themselves() {
    let relay = Relay::start();
    let (mut out, mut at_station) = (relay.phone("李师傅"), relay.phone("王站长"));
    out.sync_renews();
    at_station.sync_renews();
    let by_former = out.shows();
    let listed = relay.rotate(r#"{"drop_former": true}"#);
    assert_eq!(listed.len(), 1);
    assert_eq!(relay.entered(), ["signing.former_dropped"]);
    assert!(
        at_station.sync_renews(),
        "the token of the former key is no good"
    );
    assert_ne!(at_station.finds(&by_former), Finding::Ok);
    assert!(out.sync_renews());
    let by_present = out.shows();
    assert_eq!(at_station.finds(&by_present), Finding::Ok);
}
