//! What grows full: a station's documents, and the relay's disk. Who runs the relay hears of it,
//! whoever has work keeps it, and it goes on by itself as soon as there is room.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use yizhan_client_core::Client;
use yizhan_client_core::clock::{Clock, NoRandomness, SystemClock};
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_proto::Timestamp;
use yizhan_tests::clock::MINUTE_MS;
use yizhan_tests::process::{PhoneProcess, RelayProcess};

use crate::{STATION, driver, keeper, relay_with_network};

/// Another station of the region.
const OTHER: &str = "zy-one-thing";

#[track_caller]
fn arrives(phone: &PhoneProcess, station: &str) -> String {
    phone.run(&["visit", "start", "--station", station]).id()
}

/// As if ten thousand documents had come: so many the scope says that it holds. That is the one number
/// by which it is warned of and bounded; the documents themselves are not looked at.
fn has_ten_thousand(data: &Path) {
    let store = rusqlite::Connection::open(data.join("relay.db")).expect("the relay's store");
    let full = "UPDATE scopes SET documents = 10000
         WHERE scope GLOB 'station:*' AND scope NOT GLOB '*/health' AND documents > 0";
    assert_eq!(store.execute(full, []).expect("a number is set"), 1);
}

#[track_caller]
fn full_scopes(relay: &RelayProcess) -> Vec<Value> {
    let status = relay.admin(&["status"]).json();
    status["scopes_full"].as_array().expect("a list").clone()
}

/// The clock of a phone some time later: when it tries again what was put off.
#[derive(Debug)]
struct Later(SystemClock);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        self.0.now().saturating_add_ms(14 * MINUTE_MS)
    }

    fn elapsed_ms(&self) -> u64 {
        self.0.elapsed_ms()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill_random(bytes)
    }
}

fn a_quarter_of_an_hour_later(phone: &PhoneProcess, relay: &RelayProcess) {
    let clock = Arc::new(Later(SystemClock::new()));
    let mut client = Client::open(phone.home(), clock).expect("a store");
    let mut transport = HttpTransport::new(relay.url().parse().expect("an address"));
    client.sync(&mut transport).expect("a sync");
}

#[test]
fn a_station_with_ten_thousand_documents_is_told_and_at_its_bound_nothing_is_lost() {
    let (relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let first = arrives(&li, STATION);
    li.sync();
    wang.sync();
    assert_eq!(relay.stop(), 0);
    has_ten_thousand(data.path());

    let limits = data.path().join("limits.json");
    std::fs::write(&limits, r#"{"scope_documents_max": 10001}"#).expect("a file");
    let flags = ["--limits", &limits.to_string_lossy()];
    let relay = RelayProcess::start_with(data.path(), &address, &flags);
    assert_eq!(full_scopes(&relay), Vec::<Value>::new(), "not yet");
    assert!(relay.typed(&["status"]).out.contains("none"));
    let second = arrives(&li, STATION);
    li.sync();
    let full = full_scopes(&relay);
    assert_eq!(full.len(), 1, "{full:?}");
    assert_eq!(full[0]["documents"], 10_001, "{full:?}");
    let table = relay.typed(&["status"]).out;
    let line = table.lines().find(|line| line.contains("10,000"));
    let line = line.unwrap_or_else(|| panic!("{table}"));
    assert!(
        line.contains("10001") && line.contains("station:"),
        "{line}"
    );

    // At the bound: what would be one more waits on its phone, and nothing else does.
    let third = arrives(&li, STATION);
    let elsewhere = arrives(&li, OTHER);
    drop(li.ok(&["visit", "note", &second, "热水用完了"]));
    let typed = li.typed(&["sync"]);
    let said = "1 put off by the relay, and tried again later";
    assert!(typed.out.contains(said), "{typed:?}");
    assert_eq!(li.ok(&["status"])["unsent_changes"], 1);
    let problems = li.ok(&["problems"]);
    assert_eq!(problems.as_array().map(Vec::len), Some(1), "{problems}");
    assert_eq!(problems[0]["state"], "waiting", "it is nobody's mistake");
    assert_eq!(problems[0]["reason"]["code"], "quota.scope_documents");
    assert_eq!(li.run(&["visit", "show", &third]).code, 0);
    wang.sync();
    let seen = wang.ok(&["visit", "show", &second]).to_string();
    assert!(seen.contains("热水用完了"), "{seen}");
    assert_eq!(wang.run(&["visit", "show", &third]).code, 3);

    // A relay that starts says it in its log; with more room all goes on.
    assert_eq!(relay.stop(), 0);
    let relay = RelayProcess::start_on(data.path(), &address);
    a_quarter_of_an_hour_later(&li, &relay);
    assert_eq!(li.ok(&["status"])["unsent_changes"], 0);
    wang.sync();
    for visit in [&first, &second, &third] {
        assert_eq!(wang.run(&["visit", "show", visit]).code, 0);
    }
    assert_eq!(li.run(&["visit", "show", &elsewhere]).code, 0);
    let (_, log) = relay.stop_and_hear();
    let warned = "holds more than 10,000 documents";
    assert!(log.contains(warned) && !log.contains("station:"), "{log}");
}

/// The status of a page.
fn status(relay: &RelayProcess, path: &str) -> String {
    let mut stream = TcpStream::connect(relay.address()).expect("it listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let code = answer
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    code.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Sets how large a file the relay may make, which is what a test can set of a disk: a running
/// process has no room any more, or has it again.
#[cfg(target_os = "linux")]
fn room(relay: &RelayProcess, bytes: &str) {
    let set = Command::new("prlimit")
        .args(["--pid", &relay.pid().to_string()])
        .arg(format!("--fsize={bytes}:unlimited"))
        .status();
    assert!(set.is_ok_and(|status| status.success()), "a limit is set");
}

#[cfg(target_os = "linux")]
#[test]
fn a_relay_whose_disk_takes_nothing_says_that_it_is_not_ready_and_recovers_by_itself() {
    let data = tempfile::tempdir().expect("a temporary folder");
    // Without this the system would end the process at the first byte too many.
    let ignoring = "trap '' XFSZ";
    let relay = RelayProcess::start_after(ignoring, data.path(), "127.0.0.1:0", &[]);
    let import = ["station", "import", yizhan_tests::process::NETWORK];
    assert_eq!(relay.admin(&import).code, 0);
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let before = arrives(&li, STATION);
    li.sync();

    room(&relay, "0");
    // A write that succeeded a moment ago may stand for a few seconds.
    while status(&relay, "/readyz") == "200" {}
    assert_eq!(status(&relay, "/readyz"), "507");
    assert_eq!(
        status(&relay, "/healthz"),
        "200",
        "the process is not what is wrong"
    );
    let meanwhile = arrives(&li, STATION);
    let said = li.run(&["sync"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("relay.storage_failed"), "{said:?}");
    assert!(li.ok(&["status"])["unsent_changes"].as_u64() >= Some(1));
    let named = relay.admin(&["person", "add", "--name", "赵师傅", "--role", "driver"]);
    assert_eq!(named.code, 7, "{named:?}");

    room(&relay, "unlimited");
    assert_eq!(status(&relay, "/readyz"), "200", "by itself, and at once");
    li.sync();
    assert_eq!(li.ok(&["status"])["unsent_changes"], 0);
    wang.sync();
    for visit in [&before, &meanwhile] {
        assert_eq!(
            wang.run(&["visit", "show", visit]).code,
            0,
            "nothing is lost"
        );
    }
    // What it said while it failed is what it did: nothing of it is there after a restart.
    let address = relay.address().to_owned();
    relay.kill();
    let relay = RelayProcess::start_on(data.path(), &address);
    let people = relay.admin(&["person", "list"]).json().to_string();
    assert!(
        people.contains("李师傅") && !people.contains("赵师傅"),
        "{people}"
    );
    let late = keeper(&relay, "周站长");
    for visit in [&before, &meanwhile] {
        assert_eq!(late.run(&["visit", "show", visit]).code, 0);
    }
    let verified = relay.admin(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}
