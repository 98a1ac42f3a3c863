//! The main job: what one person enters offline reaches the others, and nothing of either is lost.

use serde_json::Value;
use yizhan_tests::process::PhoneProcess;

use crate::{STATION, driver, keeper, relay_with_network};

fn shows(phone: &PhoneProcess, visit: &str) -> Value {
    phone.ok(&["visit", "show", visit])
}

#[test]
fn a_visit_logged_in_a_dead_zone_reaches_its_station() {
    let (relay, _data) = relay_with_network();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));

    let visit = li
        .run(&[
            "visit",
            "start",
            "--station",
            STATION,
            "--plate",
            "苏D12345",
        ])
        .id();
    let unsent = li.ok(&["status"]);
    assert!(unsent["unsent_changes"].as_u64() >= Some(1), "{unsent}");
    assert_eq!(wang.ok(&["visit", "list"]), Value::Array(vec![]));

    li.sync();
    wang.sync();
    assert_eq!(shows(&wang, &visit)["id"], visit.as_str());
    let served = wang.run(&["visit", "serve", &visit, "shower"]);
    assert_eq!(served.code, 0, "{served:?}");
    wang.sync();
    li.sync();

    let seen = shows(&li, &visit).to_string();
    assert!(seen.contains("shower"), "{seen}");
    assert_eq!(li.ok(&["status"])["unsent_changes"], 0);
    let found = li.ok(&["search", "驶"]);
    assert_eq!(
        found,
        Value::Array(vec![]),
        "a character that stands nowhere is not found"
    );
    let found = wang.ok(&["search", "李"]).to_string();
    assert!(
        found.contains(&visit),
        "one character of a name finds the visit: {found}"
    );
}

#[test]
fn two_homes_that_edit_one_visit_offline_show_the_same_in_either_order_of_sync() {
    for keeper_first in [false, true] {
        let (relay, _data) = relay_with_network();
        let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
        let visit = li.run(&["visit", "start", "--station", STATION]).id();
        li.sync();
        wang.sync();

        // Both offline.
        for args in [
            vec!["visit", "note", &visit, "夜里到站,有热饭"],
            vec!["visit", "rate", &visit, "5"],
            vec!["visit", "end", &visit],
        ] {
            let said = li.run(&args);
            assert_eq!(said.code, 0, "{said:?}");
        }
        for args in [
            vec!["visit", "serve", &visit, "meal"],
            vec!["visit", "serve", &visit, "bed", "--quantity", "2"],
            vec!["visit", "end", &visit],
        ] {
            let said = wang.run(&args);
            assert_eq!(said.code, 0, "{said:?}");
        }

        let order = if keeper_first {
            [&wang, &li]
        } else {
            [&li, &wang]
        };
        for phone in order.iter().chain(order.iter()) {
            phone.sync();
        }
        let (at_li, at_wang) = (shows(&li, &visit), shows(&wang, &visit));
        assert_eq!(at_li, at_wang, "keeper first: {keeper_first}");
        let text = at_li.to_string();
        for entered in ["夜里到站,有热饭", "meal", "bed"] {
            assert!(text.contains(entered), "{entered} is lost: {text}");
        }
        for phone in [&li, &wang] {
            let status = phone.ok(&["status"]);
            assert_eq!(status["unsent_changes"], 0, "{status}");
            assert_eq!(status["refused"], 0, "{status}");
        }
    }
}

#[test]
fn a_driver_registers_alone_with_the_stations_code() {
    let (relay, _data) = relay_with_network();
    let code = relay.admin(&["station", "qr", STATION]).json();
    let url = code["url"].as_str().expect("the QR holds a URL").to_owned();
    let phone = PhoneProcess::new();

    // Written before the phone ever met a relay, under a provisional person.
    let before = phone.ok(&["whoami"]);
    let said = phone.run(&["register", &url, "--name", "赵师傅"]);
    assert_eq!(said.code, 0, "{said:?}");
    phone.sync();
    let after = phone.ok(&["whoami"]);
    assert_eq!(
        before["id"], after["id"],
        "the relay adopts the provisional person"
    );

    let wang = keeper(&relay, "王站长");
    let visit = phone.run(&["visit", "start", "--station", STATION]).id();
    phone.sync();
    wang.sync();
    assert!(shows(&wang, &visit).to_string().contains("赵师傅"));
}

#[test]
fn a_health_check_needs_consent_and_is_seen_by_its_audience_only() {
    let (relay, _data) = relay_with_network();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let stranger = driver(&relay, "孙师傅");
    let colleague = relay.phone_of("周站长", &[&format!("keeper@{STATION}")]);
    let person = li.ok(&["whoami"])["id"]
        .as_str()
        .expect("a person")
        .to_owned();
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    li.sync();
    wang.sync();

    let check = [
        "check",
        "add",
        "--driver",
        &person,
        "--station",
        STATION,
        "--visit",
        &visit,
        "--systolic",
        "186",
        "--diastolic",
        "112",
        "--pulse",
        "88",
        "--confirm",
    ];
    let without = wang.run(&check);
    assert_eq!(
        without.code, 4,
        "without consent a check is refused at the tap: {without:?}"
    );

    let given = li.run(&[
        "consent",
        "give",
        "--station",
        STATION,
        "--purpose",
        "health_record",
    ]);
    assert_eq!(given.code, 0, "{given:?}");
    li.sync();
    wang.sync();
    let id = wang.run(&check).id();
    wang.sync();
    for phone in [&li, &stranger, &colleague] {
        phone.sync();
    }
    assert!(li.ok(&["check", "list"]).to_string().contains(&id));
    for outsider in [&stranger, &colleague] {
        assert_eq!(outsider.ok(&["check", "list"]), Value::Array(vec![]));
        for entry in std::fs::read_dir(outsider.home()).expect("a home") {
            let path = entry.expect("a file").path();
            let bytes = if path.is_file() {
                std::fs::read(&path).expect("it can be read")
            } else {
                vec![]
            };
            let raw: Vec<u8> = uuid::Uuid::parse_str(&id)
                .expect("a UUID")
                .as_bytes()
                .to_vec();
            let held = bytes.windows(16).any(|window| window == raw)
                || bytes.windows(36).any(|window| window == id.as_bytes());
            assert!(!held, "{} holds the check", path.display());
        }
    }
}
