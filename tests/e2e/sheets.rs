//! A coordinator's phone, offline: the region's numbers as the relay counts them, though the phone
//! holds no visit and no check.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use yizhan_client_core::Client;
use yizhan_client_core::clock::SystemClock;
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_client_core::transport::{Transport, TransportError};
use yizhan_proto::FaultCode;
use yizhan_proto::report::SheetRequest;
use yizhan_tests::process::{PhoneProcess, RelayProcess, run};

use crate::{STATION, driver, keeper, relay_with_network};

const ZONE: [&str; 2] = ["--zone", "Asia/Shanghai"];
/// What a phone is handed out.
const HANDED_OUT: [&str; 3] = ["services", "checks", "activities"];
/// A column of a report, and of nothing else that a phone holds.
const OF_A_SHEET: &[u8] = b"stay_hours_mean";

/// Thirteen drivers without a phone eat, and their blood pressure is taken: three of them take a
/// shower, and have a high one.
fn thirteen_guests(wang: &PhoneProcess) {
    for number in 1..=13 {
        let guest = format!("01940000-0000-7000-8000-0000000002{number:02}");
        let start = ["visit", "start", "--station", STATION, "--driver", &guest];
        let visit = wang
            .run(&[&start[..], &["--name", "过路的师傅"]].concat())
            .id();
        let few = number <= 3;
        drop(wang.ok(&["visit", "serve", &visit, "meal"]));
        if few {
            drop(wang.ok(&["visit", "serve", &visit, "shower"]));
        }
        let consent = ["consent", "give", "--station", STATION, "--driver", &guest];
        drop(wang.ok(&[&consent[..], &["--purpose", "health_record"]].concat()));
        let (systolic, diastolic) = if few { ("152", "95") } else { ("118", "76") };
        let check = ["check", "add", "--visit", &visit, "--systolic", systolic];
        drop(wang.ok(&[&check[..], &["--diastolic", diastolic]].concat()));
    }
    wang.sync();
}

fn report_of(what: &str) -> Vec<&str> {
    [&["report", "--what", what], &ZONE[..]].concat()
}

/// The rows of one item, as text.
#[track_caller]
fn rows_of(report: &Value, item: &str) -> String {
    let rows = report["rows"].as_array().expect("rows");
    let of_item = rows.iter().filter(|row| row.to_string().contains(item));
    of_item.map(ToString::to_string).collect()
}

#[test]
fn a_coordinator_reads_the_region_without_a_network_as_the_relay_counts_it() {
    let (relay, data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    thirteen_guests(&wang);
    let sun = relay.phone_of("孙协调员", &["coordinator@zhaoyuan"]);
    let none_yet = sun.run(&report_of("checks"));
    assert_eq!(none_yet.code, 5, "{none_yet:?}");
    assert!(none_yet.err.contains("report.none_yet"), "{none_yet:?}");
    sun.sync();
    let counted = HANDED_OUT.map(|what| {
        let args = [&report_of(what)[..], &["--region", "zhaoyuan"]].concat();
        relay.admin(&args).json()
    });
    let folder = data.path().to_string_lossy().into_owned();
    let csv = [
        "report", "--what", "checks", "--region", "zhaoyuan", "--format", "csv",
    ];
    let csv = run(
        "yizhan",
        &[&["--data", &folder], &csv[..], &ZONE[..]].concat(),
    );
    assert_eq!(relay.stop(), 0);

    // No relay from here on.
    for (what, counted) in HANDED_OUT.iter().zip(&counted) {
        let seen = sun.ok(&report_of(what));
        for part in ["id", "from", "to", "rows", "withheld", "unreadable"] {
            assert_eq!(seen[part], counted[part], "{what}: {part}");
        }
        assert_eq!(seen["region"], "zhaoyuan");
        assert!(seen["as_of"].is_string(), "{seen}");
    }
    let services = sun.ok(&report_of("services"));
    assert!(rows_of(&services, "meal").contains(":13"), "{services}");
    let shower = rows_of(&services, "shower");
    assert!(
        shower.contains("<10*") && !shower.contains(":3"),
        "{shower}"
    );
    let checks = sun.ok(&report_of("checks"));
    assert_eq!(checks["withheld"], true);
    assert!(rows_of(&checks, "grade_1").contains("<10*"), "{checks}");
    assert!(rows_of(&checks, "normal").contains(":10"), "{checks}");

    let home = sun.home().to_string_lossy().into_owned();
    let typed = |format: &[&str]| {
        let args = [&["--home", &home], &report_of("checks")[..], format].concat();
        run("yizhan-phone", &args)
    };
    let seen = typed(&["--format", "csv"]);
    assert_eq!(seen.out.trim_end(), csv.out.trim_end(), "{seen:?}");
    let table = typed(&[]);
    assert!(table.out.contains("<10*"), "{table:?}");
    assert!(table.err.contains("as of 20"), "{table:?}");
    let long_ago = typed(&["--month", "2019-01"]);
    assert_eq!(long_ago.code, 2, "{long_ago:?}");
    // What the station itself sees is whole, and from its own documents.
    let own = wang.ok(&report_of("services"));
    assert!(rows_of(&own, "shower").contains(":3"), "{own}");
    assert_eq!(own["as_of"], Value::Null);
}

/// Asks the relay as an app might that is not ours.
#[track_caller]
fn refused(relay: &RelayProcess, phone: &PhoneProcess) {
    phone.sync();
    let client = Client::open(phone.home(), Arc::new(SystemClock::new())).expect("a client");
    let token = client.access_token().expect("a token");
    let mut transport = HttpTransport::new(relay.url().parse().expect("an address"));
    for what in HANDED_OUT.iter().chain(&["tickets"]) {
        let request = SheetRequest {
            what: (*what).to_owned(),
            region: "zhaoyuan".parse().expect("a key"),
            months: None,
            have: None,
        };
        match transport.sheet(&token, &request) {
            Err(TransportError::Fault(fault)) => assert_eq!(fault.code, FaultCode::Forbidden),
            answered => panic!("{what}: {answered:?}"),
        }
    }
}

#[test]
fn only_the_regions_own_coordinators_are_handed_its_reports() {
    let (relay, _data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    let li = driver(&relay, "李师傅");
    let zhou = relay.phone_of("周协调员", &["coordinator@changzhou"]);
    for phone in [&wang, &li, &zhou] {
        refused(&relay, phone);
    }
    for (phone, region) in [(&zhou, &["--region", "zhaoyuan"][..]), (&li, &[])] {
        let said = phone.run(&[&report_of("services")[..], region].concat());
        assert_eq!(said.code, 4, "{said:?}");
    }
    drop(relay);
}

/// Whether any file of the phone's holds a report that was handed out.
fn holds_a_sheet(home: &Path) -> bool {
    let files = fs::read_dir(home).expect("the folder of a phone");
    let bytes = files.map(|file| fs::read(file.expect("a file").path()).expect("bytes"));
    bytes.into_iter().any(|bytes| {
        bytes
            .windows(OF_A_SHEET.len())
            .any(|part| part == OF_A_SHEET)
    })
}

#[test]
fn with_the_role_the_reports_leave_the_phone() {
    let (relay, _data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    thirteen_guests(&wang);
    let roles = ["coordinator@zhaoyuan", "driver"];
    let sun = relay.phone_of("孙协调员", &roles);
    sun.sync();
    assert!(holds_a_sheet(sun.home()));
    assert!(!holds_a_sheet(wang.home()));
    let ended = relay.admin(&["person", "role", "end", "孙协调员", "coordinator@zhaoyuan"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    // Whoever asks in the same moment is refused, whatever the relay has at hand.
    refused(&relay, &sun);
    assert!(!holds_a_sheet(sun.home()));
    let said = sun.run(&report_of("services"));
    assert_eq!(said.code, 4, "{said:?}");
    drop(relay);
}
