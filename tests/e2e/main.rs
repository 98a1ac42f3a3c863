//! End to end: real processes, real sockets, as users start them. Every server listens on loopback.

mod access;
mod attachments;
mod audit;
mod bad_input;
mod codes;
mod commands;
mod crash;
mod devices;
mod edges;
mod erasure;
mod full;
mod hostile;
mod http;
mod inside;
mod keys;
mod outside;
mod quarantine;
mod reports;
mod retention;
mod rows;
mod seats;
mod secrets;
mod sheets;
mod tokens;
mod two_phones;
mod watching;

use yizhan_tests::process::{NETWORK, PhoneProcess, RelayProcess};

/// A relay with the real network imported, and the folder that holds its data.
fn relay_with_network() -> (RelayProcess, tempfile::TempDir) {
    let data = tempfile::tempdir().expect("a temporary folder");
    let relay = RelayProcess::start(data.path());
    let said = relay.admin(&["station", "import", NETWORK]);
    assert_eq!(said.code, 0, "{said:?}");
    (relay, data)
}

/// The station of the walk.
const STATION: &str = "zy-xinglongsheng";

/// A driver's phone that has synced once, and so knows the stations.
fn driver(relay: &RelayProcess, name: &str) -> PhoneProcess {
    let phone = relay.phone_of(name, &["driver"]);
    phone.sync();
    phone
}

/// A keeper's tablet (with the health role) that has synced once.
fn keeper(relay: &RelayProcess, name: &str) -> PhoneProcess {
    let phone = relay.phone_of(
        name,
        &[&format!("keeper@{STATION}"), &format!("health@{STATION}")],
    );
    phone.sync();
    phone
}
