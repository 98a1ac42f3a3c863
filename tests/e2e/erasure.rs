//! Erasure with real processes: no byte of a person in any file, and a receipt that says who is left.

use std::path::Path;

use serde_json::Value;
use yizhan_tests::pocket::folder_says;
use yizhan_tests::process::{PhoneProcess, RelayProcess, Said, run};

use crate::{STATION, driver, keeper, relay_with_network};

/// The driver's name, what they wrote, and what was photographed: nowhere else in these worlds.
const NAME: &str = "李永远不再见";
const NOTE: &str = "膝盖疼了三个星期";
const PHOTO: &str = "拍到了不该拍的人";
const GROUND: &str = "written request of 2026-11-20";

/// An operator's command as a person types it, without `--json`.
fn operator(data: &Path, args: &[&str]) -> Said {
    let data = data.to_string_lossy().into_owned();
    run("yizhan", &[&["--data", &data], args].concat())
}

/// The receipt, once nothing is left in any byte of the relay's files.
fn settled(relay: &RelayProcess, erasure: &str) -> Value {
    for _ in 0..2_000 {
        let receipt = relay.admin(&["erase", "status", erasure]).json();
        if !receipt["bytes_gone_at"].is_null() {
            return receipt;
        }
    }
    panic!("the bytes never went");
}

/// Days since 1970 of a time in a receipt.
#[track_caller]
fn day(time: &Value) -> f64 {
    let time: jiff::Timestamp = time.as_str().expect("a time").parse().expect("RFC 3339");
    time.as_duration().as_secs_f64() / 86_400.0
}

/// Of each device since when it is to forget, and when the last backup goes.
#[track_caller]
fn says_for_how_long(receipt: &Value) {
    for device in receipt["outstanding"].as_array().expect("a list") {
        assert_eq!(device["since"], receipt["erased_at"], "{device}");
        assert!(device["age_ms"].as_u64() < Some(600_000), "{device}");
    }
    let days_kept = day(&receipt["backups_expire_at"]) - day(&receipt["erased_at"]);
    assert!((days_kept - 30.0).abs() < 0.001, "{receipt}");
}

#[track_caller]
fn nobody_says(data: &Path, phones: &[&PhoneProcess], words: &str) {
    assert!(
        !folder_says(data, words.as_bytes()),
        "the relay says {words}"
    );
    no_phone_says(phones, words);
}

fn no_phone_says(phones: &[&PhoneProcess], words: &str) {
    for (number, phone) in phones.iter().enumerate() {
        let says = folder_says(phone.home(), words.as_bytes());
        assert!(!says, "phone {number} says {words}");
    }
}

/// The receipt in words, without a name.
fn says_what_is_outstanding(data: &Path, erasure: &str) {
    let text = operator(data, &["erase", "status", &erasure[..13]]);
    assert_eq!(text.code, 0, "{text:?}");
    for part in [
        GROUND,
        "2 devices have yet to confirm",
        "the last backup that holds it expires: 20",
        "1 visit",
        "SINCE",
        "AGE",
        " min",
    ] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    assert!(!text.out.contains(NAME));
}

/// A page that is full says how the next is asked for; behind the last receipt there is none.
fn pages_of_receipts(relay: &RelayProcess, erasure: &str) {
    let list = relay.typed(&["erase", "status"]);
    assert!(
        list.out.contains(erasure) && list.out.contains(GROUND),
        "{list:?}"
    );
    let full = relay.typed(&["erase", "status", "--limit", "1"]);
    let next = format!("yizhan erase status --before {erasure}");
    assert!(full.out.contains(&next), "{full:?}");
    let behind = relay
        .admin(&["erase", "status", "--before", erasure])
        .json();
    assert_eq!(behind, serde_json::json!([]));
    for (args, code) in [
        (["--limit", "0"], 2),
        (["--limit", "1001"], 2),
        (["--before", "01999999-9999-7999-8999-999999999999"], 3),
        (["--before", "gestern"], 4),
    ] {
        let said = relay.admin(&[&["erase", "status"], &args[..]].concat());
        assert_eq!(said.code, code, "{args:?}: {said:?}");
    }
    for nothing in ["ffffffff", "李永远不再见"] {
        assert_eq!(relay.admin(&["erase", "status", nothing]).code, 3);
    }
}

/// A phone is told that something went, and what of its own with it; never what it was.
fn hears_that_a_change_went(phone: &PhoneProcess, visit: &str) {
    let told = phone.ok(&["status"]);
    let note = &told["erased"][0];
    assert_eq!(
        (&note["id"], &note["code"]),
        (&Value::from(visit), &"document.erased".into())
    );
    assert_eq!(
        (&note["kind"], &note["lost_changes"]),
        (&"visit".into(), &1.into())
    );
    assert_eq!(told["unsent_changes"], 0);
}

#[test]
fn of_an_erased_driver_not_one_byte_is_left_anywhere() {
    let (relay, data) = relay_with_network();
    let (li, wang) = (driver(&relay, NAME), keeper(&relay, "王站长"));
    let zhao = driver(&relay, "赵师傅");
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    drop(li.ok(&["visit", "note", &visit, NOTE]));
    let photo = tempfile::tempdir().expect("a folder");
    let photo = photo.path().join("膝盖.jpg");
    let bytes = [&[0xff, 0xd8, 0xff][..], PHOTO.repeat(100).as_bytes()].concat();
    std::fs::write(&photo, bytes).expect("a file is written");
    let path = photo.to_string_lossy().into_owned();
    drop(li.ok(&["attachment", "add", "--visit", &visit, &path]));
    let other = zhao.run(&["visit", "start", "--station", STATION]).id();
    for phone in [&li, &zhao, &wang] {
        phone.sync();
    }
    // Both are offline and at work when the request is granted.
    drop(wang.ok(&["visit", "serve", &visit, "meal"]));
    drop(wang.ok(&["visit", "serve", &other, "shower"]));
    drop(li.ok(&["visit", "note", &visit, &format!("{NOTE},更疼了")]));
    for phone in [&li, &wang] {
        assert!(folder_says(phone.home(), NAME.as_bytes()), "they hold it");
    }
    assert!(
        folder_says(data.path(), NOTE.as_bytes()) && folder_says(data.path(), PHOTO.as_bytes())
    );

    // Nobody is there to be asked: nothing happens.
    let unasked = operator(data.path(), &["erase", NAME, "--ground", GROUND]);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    let receipt = relay
        .admin(&["erase", NAME, "--ground", GROUND, "--yes"])
        .json();
    let erasure = receipt["id"].as_str().expect("an id").to_owned();
    assert_eq!(receipt["documents"][0]["documents"], 1, "{receipt}");
    assert!(!receipt["rows_gone_at"].is_null());
    let receipt = settled(&relay, &erasure);
    assert_eq!(
        (&receipt["kind"], &receipt["ground"]),
        (&"person".into(), &GROUND.into())
    );
    assert_eq!(
        receipt["outstanding"].as_array().map(Vec::len),
        Some(2),
        "{receipt}"
    );
    says_for_how_long(&receipt);
    for words in [NAME, NOTE, PHOTO] {
        nobody_says(data.path(), &[], words);
    }
    // At the relay ids stay: in the ledger, and in the audit log.
    says_what_is_outstanding(data.path(), &erasure);

    li.sync();
    wang.sync();
    li.sync();
    wang.sync();
    for words in [NAME, NOTE, PHOTO] {
        nobody_says(data.path(), &[&li, &wang, &zhao], words);
    }
    no_phone_says(&[&li, &wang, &zhao], &visit);
    let receipt = settled(&relay, &erasure);
    assert_eq!(receipt["outstanding"], serde_json::json!([]), "{receipt}");
    pages_of_receipts(&relay, &erasure);
    hears_that_a_change_went(&wang, &visit);
    // What the keeper did for somebody else on the same day offline arrived.
    zhao.sync();
    let shown = zhao.ok(&["visit", "show", &other]);
    assert!(shown.to_string().contains("shower"), "{shown}");
    assert_eq!(relay.stop(), 0);
    for words in [NAME, NOTE, PHOTO] {
        nobody_says(data.path(), &[&li, &wang, &zhao], words);
    }
}

#[test]
fn the_relay_dies_between_two_portions_and_the_erasure_goes_on() {
    let (relay, data) = relay_with_network();
    let li = driver(&relay, NAME);
    for _ in 0..12 {
        let visit = li.run(&["visit", "start", "--station", STATION]).id();
        drop(li.ok(&["visit", "note", &visit, NOTE]));
    }
    li.sync();
    let order = relay
        .admin(&["erase", NAME, "--ground", GROUND, "--yes"])
        .json();
    let erasure = order["id"].as_str().expect("an id").to_owned();
    let (pid, address) = (relay.pid(), relay.address().to_owned());
    assert!(pid > 0);
    relay.kill();
    let relay = RelayProcess::start_on(data.path(), &address);
    settled(&relay, &erasure);
    nobody_says(data.path(), &[], NOTE);
    let again = li.run(&["sync"]);
    assert_eq!(again.code, 0, "{again:?}");
    nobody_says(data.path(), &[&li], NOTE);
    // The ledger, kept with the backups, says all that a restored relay has to know.
    let ledger = data.path().join("erased.json");
    let file = ledger.to_string_lossy().into_owned();
    let written = operator(data.path(), &["erase", "ledger", "--out", &file]);
    assert_eq!(written.code, 0, "{written:?}");
    let replayed = relay.admin(&["erase", "replay", &file]).json();
    assert_eq!(
        (&replayed["erasures"], &replayed["new"]),
        (&1.into(), &0.into())
    );
    let refused = relay.admin(&[
        "erase",
        "01999999-9999-7999-8999-999999999999",
        "--ground",
        "x",
        "--yes",
    ]);
    assert_eq!(refused.code, 3, "{refused:?}");
}
