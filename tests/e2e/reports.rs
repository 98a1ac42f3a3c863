//! Reports of a relay and of phones over the same documents, and what a driver takes along.

use std::fs;
use std::path::Path;

use serde_json::Value;
use yizhan_tests::process::{PhoneProcess, RelayProcess, Said, run};

use crate::{STATION, driver, keeper, relay_with_network};

const ZONE: [&str; 2] = ["--zone", "Asia/Shanghai"];

/// An operator's command as a person types it, without `--json`.
fn operator(data: &Path, args: &[&str]) -> Said {
    let data = data.to_string_lossy().into_owned();
    run("yizhan", &[&["--data", &data], args].concat())
}

/// A phone's command as a person types it, without `--json`.
fn typed(phone: &PhoneProcess, args: &[&str]) -> Said {
    let home = phone.home().to_string_lossy().into_owned();
    run("yizhan-phone", &[&["--home", &home], args].concat())
}

#[track_caller]
fn told(said: Said) -> Said {
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// Twelve drivers without a phone ask the lawyers, three of them the counsellor too.
fn twelve_guests(wang: &PhoneProcess) {
    for number in 1..=12 {
        let guest = format!("01940000-0000-7000-8000-0000000001{number:02}");
        let start = ["visit", "start", "--station", STATION, "--driver", &guest];
        let visit = wang
            .run(&[&start[..], &["--name", "过路的师傅"]].concat())
            .id();
        let services: &[&str] = if number <= 3 {
            &["legal", "counselling"]
        } else {
            &["legal"]
        };
        for service in services {
            drop(wang.ok(&["visit", "serve", &visit, service]));
        }
    }
    wang.sync();
}

/// What a report says of a service in a month at the station: person-times.
#[track_caller]
fn person_times(report: &Value, service: &str) -> Value {
    let rows = report["rows"].as_array().expect("rows");
    let row = rows
        .iter()
        .find(|row| row["service"] == service && row.to_string().contains(STATION));
    row.unwrap_or_else(|| panic!("no {service} in {report}"))["person_times"].clone()
}

/// The same report of both, in each format.
#[track_caller]
fn alike(relay: (&RelayProcess, &Path), phone: &PhoneProcess, what: &str, folder: &Path) {
    let args = [&["report", "--what", what], &ZONE[..]].concat();
    let (theirs, ours) = (relay.0.admin(&args).json(), phone.ok(&args));
    for part in ["id", "from", "to", "rows", "withheld", "unreadable"] {
        assert_eq!(theirs[part], ours[part], "{what}: {part}");
    }
    // A report that the relay handed out has the relay's time zone, under its own name.
    if ours["as_of"].is_null() {
        assert_eq!(theirs["zone"], ours["zone"], "{what}");
    }
    for format in ["csv", "table"] {
        let (one, other) = (folder.join("relay"), folder.join("phone"));
        let to = |file: &Path| file.to_string_lossy().into_owned();
        let (of_relay, of_phone) = (to(&one), to(&other));
        let format = ["--format", format, "--out"];
        told(operator(
            relay.1,
            &[&args[..], &format, &[&of_relay]].concat(),
        ));
        told(typed(phone, &[&args[..], &format, &[&of_phone]].concat()));
        let (one, other) = (fs::read_to_string(one), fs::read_to_string(other));
        let (one, other) = (one.expect("a file"), other.expect("a file"));
        assert_eq!(one.trim_end(), other.trim_end(), "{what}: {format:?}");
    }
}

#[test]
fn relay_and_coordinator_tell_the_same_and_withhold_what_the_station_itself_sees() {
    let (relay, data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    // Also of whom keeps a station: as a coordinator they see what the relay counted.
    let (keeps, health) = (format!("keeper@{STATION}"), format!("health@{STATION}"));
    let roles = ["coordinator@zhaoyuan", &keeps, &health];
    let wu = relay.phone_of("吴协调员", &roles);
    let sun = relay.phone_of("孙协调员", &["coordinator@zhaoyuan"]);
    twelve_guests(&wang);
    wu.sync();
    sun.sync();

    let folder = tempfile::tempdir().expect("a temporary folder");
    for what in ["services", "checks", "activities", "tickets"] {
        alike((&relay, data.path()), &wu, what, folder.path());
    }
    let services = [&["report", "--what", "services"], &ZONE[..]].concat();
    let outside = relay.admin(&services).json();
    assert_eq!(person_times(&outside, "counselling"), "<10*", "{outside}");
    assert_eq!(outside["withheld"], true);
    assert_eq!(relay.stop(), 0);

    // No relay from here on.
    let own = wang.ok(&services);
    assert_eq!(person_times(&own, "legal"), 12, "{own}");
    assert_eq!(person_times(&own, "counselling"), 3, "{own}");
    assert_eq!(own["withheld"], false);
    let theirs = wu.ok(&services);
    assert_eq!(theirs["rows"], outside["rows"]);
    assert_eq!(sun.ok(&services)["rows"], outside["rows"]);
    let table = told(typed(&wu, &services)).out;
    assert!(table.contains("<10*"), "{table}");
}

#[test]
fn a_station_or_a_month_that_there_is_not_is_named_in_the_error() {
    let (relay, data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    let li = driver(&relay, "李师傅");
    let cases: [(&[&str], i32, &str); 4] = [
        (&["report", "--station", "nowhere"], 3, "nowhere"),
        (&["report", "--month", "2026-13"], 2, "2026-13"),
        (&["report", "--from", "2026-11", "--to", "1126"], 2, "1126"),
        (&["report", "--what", "weather"], 2, "weather"),
    ];
    for (args, code, named) in cases {
        for said in [operator(data.path(), args), typed(&wang, args)] {
            assert_eq!(said.code, code, "{args:?}: {said:?}");
            assert!(said.err.contains(named), "{args:?}: {said:?}");
            assert_eq!(said.out, "", "{args:?}");
        }
    }
    let region = ["report", "--region", "nowhere"];
    let said = operator(data.path(), &region);
    assert_eq!(said.code, 3, "{said:?}");
    // A driver has no report, and a keeper none of another station.
    let said = typed(&li, &["report"]);
    assert_eq!(said.code, 4, "{said:?}");
    drop(relay);
}

/// A driver who was checked once, with what is asked for before.
fn checked(relay: &RelayProcess) -> PhoneProcess {
    let (li, wang) = (driver(relay, "李师傅"), keeper(relay, "王站长"));
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    let purpose = ["--purpose", "health_record"];
    let consent = ["consent", "give", "--station", STATION];
    drop(li.ok(&[&consent[..], &purpose].concat()));
    drop(li.ok(&["visit", "note", &visit, "=1+1"]));
    li.sync();
    wang.sync();
    let check = ["check", "add", "--visit", &visit, "--systolic", "152"];
    let rest = ["--diastolic", "95", "--glucose", "5.6", "--fasting"];
    let spine = ["--neck", "tight:3"];
    drop(wang.ok(&[&check[..], &rest, &spine].concat()));
    wang.sync();
    li.sync();
    li
}

#[test]
fn a_driver_takes_everything_along_as_csv_and_the_checks_as_fhir() {
    let (relay, _data) = relay_with_network();
    let li = checked(&relay);
    assert_eq!(relay.stop(), 0);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("all").to_string_lossy().into_owned();
    told(typed(&li, &["export", "--format", "csv", &to]));
    let file = |name: &str| {
        let text = fs::read_to_string(folder.path().join("all").join(name));
        text.unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let visits = file("visits.csv");
    assert!(visits.contains("'=1+1"), "{visits}");
    let checks = file("checks.csv");
    assert_eq!(checks.lines().count(), 5, "{checks}");
    for name in [
        "services.csv",
        "consents.csv",
        "enrolments.csv",
        "tickets.csv",
    ] {
        assert!(file(name).starts_with('\u{feff}'), "{name}");
    }

    let to = folder.path().join("checks.json");
    let name = to.to_string_lossy().into_owned();
    told(typed(&li, &["export", "--format", "fhir", &name]));
    let text = fs::read_to_string(&to).expect("a bundle");
    assert!(!text.contains("李师傅"), "no name unless asked for");
    let bundle: Value = serde_json::from_str(&text).expect("JSON");
    let entries = bundle["entry"].as_array().expect("entries");
    assert_eq!((&bundle["type"], entries.len()), (&"collection".into(), 3));
    let named = told(typed(&li, &["export", "--format", "fhir", "--with-name"]));
    assert!(named.out.contains("李师傅"), "{named:?}");
}
