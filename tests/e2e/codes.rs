//! Check-in codes between real phones: shown and scanned with the relay stopped, and what is
//! found of codes that are not good.

use serde_json::Value;
use yizhan_tests::process::{PhoneProcess, RelayProcess};

use crate::{STATION, driver, keeper, relay_with_network};

/// What the driver's phone shows.
fn code(driver: &PhoneProcess, activity: Option<&str>) -> String {
    let mut args = vec!["code"];
    if let Some(id) = activity {
        args.extend(["--activity", id]);
    }
    let shown = driver.ok(&args);
    shown["code"].as_str().expect("a code").to_owned()
}

fn clinic(keeper: &PhoneProcess, title: &str) -> String {
    let args = [
        "activity",
        "create",
        "--station",
        STATION,
        "--type",
        "clinic",
        "--title",
        title,
        "--starts",
        "08:00",
        "--ends",
        "23:00",
    ];
    keeper.run(&args).id()
}

fn start(keeper: &PhoneProcess, code: &str) -> Value {
    keeper.ok(&["visit", "start", "--station", STATION, "--code", code])
}

#[test]
fn a_code_opens_a_visit_with_the_relay_stopped() {
    let (relay, data) = relay_with_network();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let address = relay.address().to_owned();
    assert_eq!(relay.stop(), 0);

    let shown = code(&li, None);
    assert!(shown.starts_with("YZ1:") && shown.len() <= 500, "{shown}");
    let first = start(&wang, &shown);
    assert_eq!(first["finding"], "ok");
    assert_eq!(first["driver_name"], "李师傅");
    assert_eq!(first["same_as"], Value::Array(vec![]));
    let visit = first["id"].as_str().expect("an id").to_owned();
    let again = start(&wang, &shown);
    assert_eq!(
        again["same_as"][0],
        visit.as_str(),
        "the same showing: {again}"
    );
    assert!(
        again["warnings"].to_string().contains("scanned before"),
        "{again}"
    );

    let _relay = RelayProcess::start_on(data.path(), &address);
    wang.sync();
    li.sync();
    let seen = li.ok(&["visit", "show", &visit]);
    assert_eq!(seen["source"], "qr");
    assert_eq!(
        seen["same_as"][0], again["id"],
        "both are kept, and shown as one"
    );
    assert_eq!(wang.ok(&["status"])["refused"], 0);
}

#[test]
fn what_is_not_to_be_believed_opens_no_visit_by_itself() {
    let (relay, _data) = relay_with_network();
    let (foreign, _foreign_data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    let forged = code(&driver(&foreign, "冒名"), None);
    let forged = forged.as_str();
    let start = ["visit", "start", "--station", STATION, "--code"];
    let said = wang.run(&[&start[..], &[forged]].concat());
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("not vouched for"), "{said:?}");
    let said = wang.run(&[&start[..], &[forged, "--confirm"]].concat());
    let visit = wang.ok(&["visit", "show", &said.id()]);
    assert_eq!(
        visit["source"], "keeper",
        "then it is the keeper's own entry"
    );
    for (text, reason) in [
        ("http://10.0.0.7/pair?code=A", "code.foreign"),
        ("YZ1:nonsense", "code.damaged"),
        ("YZ1:站", "code.damaged"),
        (&forged[..forged.len() - 1], "code.damaged"),
    ] {
        let said = wang.run(&[&start[..], &[text]].concat());
        assert_eq!(said.code, 2, "{text}: {said:?}");
        assert!(said.err.contains(reason), "{text}: {said:?}");
    }
    let said = PhoneProcess::new().run(&["code"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("sync once with the relay"), "{said:?}");
}

#[test]
fn a_revoked_phone_is_told_apart_without_the_relay() {
    let (relay, _data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    let device = li.ok(&["whoami"])["device"]
        .as_str()
        .expect("a device")
        .to_owned();
    let said = relay.admin(&["device", "revoke", &device]);
    assert_eq!(said.code, 0, "{said:?}");
    let wang = keeper(&relay, "王站长");
    let activity = clinic(&wang, "义诊");
    assert_eq!(relay.stop(), 0);
    let scan = wang.ok(&["activity", "scan", &activity, &code(&li, None)]);
    assert_eq!(scan["result"], "revoked");
    assert_eq!(scan["mark"], "failed");
}

#[test]
fn attendance_is_scanned_without_coverage_and_never_refused() {
    let (relay, _data) = relay_with_network();
    let (foreign, _foreign_data) = relay_with_network();
    let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let zhao = driver(&foreign, "赵师傅");
    let (clinic, lecture) = (clinic(&wang, "义诊"), clinic(&wang, "讲座"));
    wang.sync();
    assert_eq!(relay.stop(), 0);
    let scan = |code: &str| wang.ok(&["activity", "scan", &clinic, code]);

    let walk_in = scan(&code(&li, Some(&clinic)));
    assert_eq!(walk_in["result"], "walk_in", "{walk_in}");
    assert_eq!(walk_in["mark"], "counted", "{walk_in}");
    let wrong = scan(&code(&li, Some(&lecture)));
    assert_eq!(wrong["result"], "wrong_activity", "{wrong}");
    let forged = scan(&code(&zhao, None));
    assert_eq!(forged["result"], "unverified", "{forged}");
    assert_eq!(forged["mark"], "failed", "{forged}");
    let said = wang.run(&["activity", "scan", &clinic, "YZ1:nonsense"]);
    assert_eq!(said.code, 2, "{said:?}");
}

/// One code at two doors: both scans are kept, one counts, in whatever order they arrive.
#[test]
fn a_double_scan_on_two_tablets_is_marked_in_both_orders_of_sync() {
    for second_first in [false, true] {
        let (relay, _data) = relay_with_network();
        let (li, wang) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
        let activity = clinic(&wang, "义诊");
        wang.sync();
        let zhou = keeper(&relay, "周站长");
        let shown = code(&li, Some(&activity));
        for tablet in [&wang, &zhou] {
            let scan = tablet.ok(&["activity", "scan", &activity, &shown]);
            assert_eq!(scan["mark"], "counted", "each saw it once: {scan}");
        }
        let order = if second_first {
            [&zhou, &wang]
        } else {
            [&wang, &zhou]
        };
        for tablet in order.iter().chain(order.iter()) {
            tablet.sync();
        }
        let enrolment = wang.ok(&["activity", "scan", &activity, &shown])["id"].clone();
        let enrolment = enrolment.as_str().expect("an id");
        let marks = |phone: &PhoneProcess| -> Vec<String> {
            let shown = phone.ok(&["enrol", "show", enrolment]);
            let scans = shown["scans"].as_array().expect("scans").iter();
            let mut marks: Vec<String> = scans.map(|scan| scan["mark"].to_string()).collect();
            marks.sort();
            marks
        };
        assert_eq!(marks(&zhou), ["\"counted\"", "\"duplicate\""]);
        assert_eq!(
            marks(&wang),
            ["\"counted\"", "\"duplicate\"", "\"duplicate\""]
        );
    }
}
