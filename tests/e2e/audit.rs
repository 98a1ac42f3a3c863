//! Who looked at Li's check? And is what the relay says about it what was written?

use std::fs;
use std::path::Path;

use serde_json::Value;
use yizhan_tests::process::{PhoneProcess, RelayProcess, Said, run};

use crate::{STATION, driver, keeper, relay_with_network};

/// A driver who was checked, the check, and the phone that took it.
fn checked(relay: &RelayProcess) -> (PhoneProcess, PhoneProcess, String) {
    let (li, wang) = (driver(relay, "李师傅"), keeper(relay, "王站长"));
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    let consent = ["consent", "give", "--station", STATION];
    drop(li.ok(&[&consent[..], &["--purpose", "health_record"]].concat()));
    li.sync();
    wang.sync();
    let pressure = ["--systolic", "126", "--diastolic", "82"];
    let check = ["check", "add", "--visit", &visit];
    let check = wang.run(&[&check[..], &pressure].concat()).id();
    wang.sync();
    li.sync();
    (li, wang, check)
}

fn listed(relay: &RelayProcess, args: &[&str]) -> Vec<Value> {
    let listing = relay.admin(&[&["audit", "list"], args].concat()).json();
    listing["entries"].as_array().expect("entries").clone()
}

/// A command against a data folder or a file, as a person types it.
fn typed(data: &Path, args: &[&str]) -> Said {
    let data = data.to_string_lossy().into_owned();
    run("yizhan", &[&["--data", &data], args].concat())
}

#[test]
fn a_coordinator_asks_who_looked_at_lis_check() {
    let (relay, _data) = relay_with_network();
    let (li, wang, check) = checked(&relay);
    let zhou = keeper(&relay, "周站长");
    assert_eq!(relay.stop(), 0);

    // No relay and no coverage: Zhou opens the check, Li looks at her own, and has a friend look.
    drop(zhou.ok(&["check", "show", &check]));
    drop(zhou.ok(&["check", "list"]));
    drop(zhou.ok(&["check", "show", &check]));
    drop(li.ok(&["check", "show", &check]));
    let shown = zhou.run(&["sync"]);
    assert_ne!(shown.code, 0, "no relay: {shown:?}");

    let relay = RelayProcess::start_on(_data.path(), relay_address(&zhou).as_str());
    for phone in [&zhou, &li, &wang, &zhou] {
        phone.sync();
    }
    let reads = listed(&relay, &["--person", "李师傅", "--action", "check.read"]);
    let who = |name: &str| {
        let people = relay.admin(&["person", "list"]).json();
        let people = people.as_array().expect("people").clone();
        let person = people.into_iter().find(|person| person["name"] == name);
        person.expect("they are there")["id"].clone()
    };
    let by_zhou: Vec<&Value> = reads
        .iter()
        .filter(|read| read["person"] == who("周站长"))
        .collect();
    let mut screens: Vec<&str> = by_zhou
        .iter()
        .map(|read| read["detail"].as_str().expect("a screen"))
        .collect();
    screens.sort_unstable();
    screens.dedup();
    assert_eq!(screens, ["listed", "opened"], "{reads:?}");
    // An hour may have ended between two looks.
    assert!((2..=4).contains(&by_zhou.len()), "{reads:?}");
    assert!(reads.iter().all(|read| read["person"] != who("李师傅")));
    assert!(
        reads
            .iter()
            .all(|read| read["subject"] == format!("document:{check}"))
    );

    let of_check = relay.admin(&["audit", "list", "--document", &check]).json();
    let changes = of_check["changes"].as_array().expect("who made it");
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["person"], who("王站长"));
    let table = typed(_data.path(), &["audit", "list", "--person", "李师傅"]);
    assert!(
        table.out.contains("check.read") && table.out.contains("周站长"),
        "{table:?}"
    );
    let wrong = relay.admin(&["audit", "list", "--action", "check.eaten"]);
    assert_eq!(wrong.code, 4, "{wrong:?}");
    assert!(wrong.err.contains("check.read"), "{wrong:?}");
}

fn relay_address(phone: &PhoneProcess) -> String {
    let url = phone.ok(&["whoami"])["relay"]
        .as_str()
        .expect("paired")
        .to_owned();
    url.trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned()
}

#[test]
fn an_exported_log_is_verified_without_the_relay_and_nothing_done_to_it_goes_unnoticed() {
    let (relay, data) = relay_with_network();
    drop(checked(&relay));
    let head = relay.admin(&["audit", "verify"]).json();
    let anchor = head["id"].as_str().expect("a hash").to_owned();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("audit.jsonl");
    let name = file.to_string_lossy().into_owned();
    let exported = relay.admin(&["audit", "export", "--out", &name]).json();
    assert_eq!(relay.stop(), 0);

    let verify = |more: &[&str]| {
        let args = [&["--json", "audit", "verify", "--file", &name], more].concat();
        typed(data.path(), &args)
    };
    let verified = verify(&["--anchor", &anchor]).json();
    assert_eq!(verified["id"], exported["id"]);
    assert_eq!(verified["anchor"], head["entries"]);

    let text = fs::read_to_string(&file).expect("the file is there");
    for secret in ["李师傅", "王站长", "126", "司机之家"] {
        let plain = text.lines().any(|line| {
            let entry: Value = serde_json::from_str(line).expect("a line is JSON");
            let mut entry = entry.as_object().expect("an object").clone();
            for opaque in ["event", "hash", "id", "at", "entry", "read_at"] {
                entry.remove(opaque);
            }
            let said = Value::from(entry).to_string();
            secret == "126" && said.contains("\"126\"") || secret != "126" && said.contains(secret)
        });
        assert!(!plain, "{secret}");
    }
    let lines: Vec<&str> = text.lines().collect();
    let tamper = |lines: Vec<String>, named: &str| {
        fs::write(&file, lines.join("\n") + "\n").expect("it is written");
        let said = verify(&["--anchor", &anchor]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains(named), "{named}: {said:?}");
    };
    let own = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    let mut removed = own(&lines);
    removed.remove(3);
    tamper(removed, "entry 4 is missing");
    let mut swapped = own(&lines);
    swapped.swap(4, 5);
    tamper(swapped, "entry 5 is missing");
    let mut renamed = own(&lines);
    renamed[2] = renamed[2].replace("\"operator\"", "\"relay\"");
    tamper(renamed, "entry 3 shows something else");
    let mut edited = own(&lines);
    edited[2] = edited[2].replacen("\"event\":\"a", "\"event\":\"b", 1);
    tamper(edited, "entry 3");
    tamper(own(&lines[..lines.len() - 3]), "no entry has the hash");
    tamper(vec!["{}".to_owned()], "line 1");
    tamper(vec!["站".repeat(20_000)], "line 1");
}

/// Whoever can write the relay's file can change it; whoever verifies sees where.
#[test]
fn a_changed_database_is_told_by_the_first_entry_that_is_not_as_written() {
    let (relay, data) = relay_with_network();
    drop(checked(&relay));
    let anchor = relay.admin(&["audit", "verify"]).id();
    let reopened = |sql: &str| {
        let connection =
            rusqlite::Connection::open(data.path().join("relay.db")).expect("it opens");
        let honest = connection.execute_batch("DELETE FROM audit WHERE n = 3");
        assert!(honest.is_err(), "the log is only ever added to");
        let honest = connection.execute_batch("UPDATE audit SET at = 0 WHERE n = 3");
        assert!(honest.is_err(), "and never changed");
        let drop_triggers = "DROP TRIGGER audit_is_never_changed;
                             DROP TRIGGER audit_is_never_shortened;";
        drop(connection.execute_batch(drop_triggers));
        connection.execute_batch(sql).expect("it is tampered with");
        let restore = "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
                         BEGIN SELECT RAISE(ABORT, 'no'); END;
                       CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
                         BEGIN SELECT RAISE(ABORT, 'no'); END;";
        connection
            .execute_batch(restore)
            .expect("and looks as before");
        RelayProcess::start(data.path())
    };
    assert_eq!(relay.stop(), 0);
    // Hidden from a search, the bytes untouched.
    let relay = reopened("UPDATE audit SET action = 'relay.began' WHERE n = 5");
    let said = relay.admin(&["audit", "verify"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("entry 5"), "{said:?}");
    assert_eq!(relay.stop(), 0);
    // The end is cut off; the relay goes on from there.
    let relay = reopened(
        "DELETE FROM audit WHERE n > 6;
         UPDATE audit SET action = 'station.imported' WHERE n = 5",
    );
    let said = relay.admin(&["audit", "verify"]);
    assert_eq!(said.code, 0, "the chain alone cannot tell: {said:?}");
    drop(relay.admin(&["person", "add", "--name", "赵师傅", "--role", "driver"]));
    let said = relay.admin(&["audit", "verify", "--anchor", &anchor]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains(&anchor), "{said:?}");
}

/// Killed wherever it falls: there is what was done and its entry, or neither.
#[test]
fn a_relay_killed_while_it_enters_has_an_unbroken_log_of_all_that_was_done() {
    let (mut relay, data) = relay_with_network();
    let mut anchor = relay.admin(&["audit", "verify"]).id();
    for round in 0..4 {
        let folder = data.path().to_string_lossy().into_owned();
        let (done, heard) = std::sync::mpsc::channel();
        let adding = std::thread::spawn(move || {
            for number in 0..6 {
                let name = format!("师傅{round}{number}");
                let args = [
                    "--data", &folder, "--json", "person", "add", "--name", &name,
                ];
                if run("yizhan", &[&args[..], &["--role", "driver"]].concat()).code != 0 {
                    break;
                }
                let _ = done.send(());
            }
        });
        for _ in 0..round {
            let _ = heard.recv();
        }
        relay.kill();
        adding.join().expect("the commands end by themselves");
        relay = RelayProcess::start(data.path());
        let said = relay.admin(&["audit", "verify", "--anchor", &anchor]);
        assert_eq!(said.code, 0, "{said:?}");
        anchor = said.id();
        let people = relay.admin(&["person", "list"]).json();
        let added = listed(&relay, &["--action", "person.added", "--limit", "1000"]);
        assert_eq!(people.as_array().expect("people").len(), added.len());
    }
}
