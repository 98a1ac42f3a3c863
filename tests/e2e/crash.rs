//! The relay is killed as the power kills it, and has every change it gave a receipt for.

use std::io::BufRead as _;

use yizhan_tests::process::RelayProcess;

use crate::{STATION, driver, keeper, relay_with_network};

#[test]
fn a_relay_killed_between_pushes_has_every_change_it_gave_a_receipt_for() {
    let (relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let mut relay = Some(relay);
    let mut visits = Vec::new();
    for _ in 0..4 {
        visits.push(li.run(&["visit", "start", "--station", STATION]).id());
        li.sync();
        assert_eq!(
            li.ok(&["status"])["unsent_changes"],
            0,
            "a receipt came for everything"
        );
        relay.take().expect("it runs").kill();
        relay = Some(RelayProcess::start_on(data.path(), &address));
    }
    wang.sync();
    let seen = wang.ok(&["visit", "list"]).to_string();
    for visit in &visits {
        assert!(seen.contains(visit), "{visit} had a receipt and is gone");
    }
}

#[test]
fn a_relay_killed_in_the_middle_of_pushes_loses_nothing() {
    let (relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let mut visits = Vec::new();
    let mut relay = relay;
    for round in 0..6 {
        for _ in 0..=round {
            visits.push(li.run(&["visit", "start", "--station", STATION]).id());
        }
        // The kill falls wherever it falls: before, in, or after the push.
        let mut syncing = li.start(&["--json", "sync"]);
        relay.kill();
        syncing.wait().expect("a sync ends by itself");
        relay = RelayProcess::start_on(data.path(), &address);
    }
    li.sync();
    wang.sync();
    let seen = wang.ok(&["visit", "list"]).to_string();
    for visit in &visits {
        assert!(seen.contains(visit), "{visit} is gone");
    }
    assert_eq!(li.ok(&["status"])["unsent_changes"], 0);
}

#[test]
fn a_relay_that_is_stopped_ends_in_order_though_a_phone_is_watching() {
    let (relay, _data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    let mut watching = wang.start(&["sync", "--watch"]);
    let stdout = watching.stdout.take().expect("it is piped");
    let mut lines = std::io::BufReader::new(stdout).lines();
    assert!(
        lines.next().is_some(),
        "the watching phone says what it does"
    );

    assert_eq!(relay.stop(), 0, "a relay asked to stop ends with 0");
    watching
        .kill()
        .expect("the phone goes on trying until it is ended");
    watching.wait().expect("it ends");
}

#[test]
fn a_second_relay_on_the_same_data_is_refused() {
    let (relay, data) = relay_with_network();
    let data = data.path().to_string_lossy().into_owned();
    let said = yizhan_tests::process::run(
        "yizhan",
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "off",
            "--data",
            &data,
        ],
    );
    assert_eq!(said.code, 7, "{said:?}");
    assert!(!said.err.trim().is_empty());
    assert!(!said.err.contains("panicked"), "{said:?}");
    assert_eq!(
        relay.admin(&["status"]).code,
        0,
        "the first one is not disturbed"
    );
}

/// The keeper's tablet wrote after the backup was made; the relay that is restored from it has
/// neither that, nor the number it gave it.
#[test]
fn a_relay_restored_from_a_backup_is_offered_again_what_it_lacks() {
    let (relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let early = li.run(&["visit", "start", "--station", STATION]).id();
    li.sync();
    assert_eq!(relay.stop(), 0);
    let backup = std::fs::read(data.path().join("relay.db")).expect("the database is there");

    let relay = RelayProcess::start_on(data.path(), &address);
    let late = li.run(&["visit", "start", "--station", STATION]).id();
    li.sync();
    wang.sync();
    let served = wang.run(&["visit", "serve", &late, "shower"]);
    assert_eq!(served.code, 0, "{served:?}");
    wang.sync();
    assert_eq!(relay.stop(), 0);
    std::fs::write(data.path().join("relay.db"), backup).expect("the backup is put back");

    let relay = RelayProcess::start_with(data.path(), &address, &["--restored"]);
    for phone in [&wang, &li, &wang, &li] {
        phone.sync();
    }
    let other = keeper(&relay, "周站长");
    for phone in [&li, &wang, &other] {
        let seen = phone.ok(&["visit", "list"]).to_string();
        assert!(seen.contains(&early) && seen.contains(&late), "{seen}");
        assert!(
            phone
                .ok(&["visit", "show", &late])
                .to_string()
                .contains("shower")
        );
        assert_eq!(phone.ok(&["status"])["unsent_changes"], 0);
    }
}
