//! Access that ends, and phones that watch.

use std::io::BufRead as _;

use crate::{STATION, driver, keeper, relay_with_network};

#[test]
fn a_revoked_device_is_refused_on_its_next_request_and_keeps_its_work() {
    let (relay, _data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    let device = li.ok(&["whoami"])["device"]
        .as_str()
        .expect("a device")
        .to_owned();
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    let revoked = relay.admin(&["device", "revoke", &device]);
    assert_eq!(revoked.code, 0, "{revoked:?}");

    let said = li.run(&["sync"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("device.revoked"), "{said:?}");
    let status = li.ok(&["status"]);
    assert!(status["unsent_changes"].as_u64() >= Some(1), "{status}");
    assert!(
        li.ok(&["visit", "list"]).to_string().contains(&visit),
        "nothing is lost"
    );

    // Paired again, it goes on where it was.
    let person = li.ok(&["whoami"])["id"]
        .as_str()
        .expect("a person")
        .to_owned();
    relay.pair(&li, &person);
    li.sync();
    assert_eq!(li.ok(&["status"])["unsent_changes"], 0);
}

#[test]
fn a_watching_tablet_hears_of_a_visit_at_once() {
    let (relay, _data) = relay_with_network();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let mut watching = wang.start(&["--json", "sync", "--watch", "--for", "60"]);
    let mut lines = std::io::BufReader::new(watching.stdout.take().expect("it is piped")).lines();
    let first = lines
        .next()
        .expect("a line once it has synced")
        .expect("text");

    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    li.sync();
    let second = lines
        .next()
        .expect("a line once it has synced again")
        .expect("text");
    assert_ne!(first, "", "the first line tells of the first sync");
    assert!(second.contains("changes_received"), "{second}");
    watching.kill().expect("it watches until it is ended");
    watching.wait().expect("it ends");
    assert!(wang.ok(&["visit", "list"]).to_string().contains(&visit));
}
