//! Monthly totals: person-times per service, satisfaction, what was recovered; and outside the
//! station nothing about fewer than ten people.

use serde_json::Value;
use yizhan_tests::process::PhoneProcess;

use super::{STATION, enter, in_both_orders, list, requests};

/// The row of a report about that item, whatever the month.
#[track_caller]
fn row<'r>(report: &'r Value, column: &str, item: &str) -> &'r Value {
    list(&report["rows"])
        .iter()
        .find(|row| row[column] == item)
        .unwrap_or_else(|| panic!("no {item} in {report}"))
}

fn guest(town: &super::Town, number: u32, services: &[&str]) {
    let driver = format!("01940000-0000-7000-8000-0000000001{number:02}");
    let name = format!("司机{number}");
    let args = [
        "visit",
        "start",
        "--station",
        STATION,
        "--driver",
        &driver,
        "--name",
        &name,
    ];
    let visit = enter(&town.wang, &args).id();
    for service in services {
        enter(&town.wang, &["visit", "serve", &visit, service]);
    }
}

#[test]
fn monthly_totals_are_told_but_nothing_about_few_people_outside_the_station() {
    in_both_orders(|town| {
        // A dozen ask the lawyers, three the counsellor; one of them with a phone.
        let visit = enter(&town.li, &["visit", "start", "--station", STATION]).id();
        for number in 1..=11 {
            let few: &[&str] = &["legal", "counselling"];
            guest(town, number, if number < 3 { few } else { &["legal"] });
        }
        town.sync(&[&town.li, &town.wang]);
        enter(&town.wang, &["visit", "serve", &visit, "legal"]);
        enter(&town.wang, &["visit", "serve", &visit, "counselling"]);
        town.sync(&[&town.li, &town.wang]);

        let own = town.wang.ok(&["report", "--what", "services"]);
        assert_eq!(row(&own, "service", "legal")["person_times"], 12, "{own}");
        assert_eq!(
            row(&own, "service", "counselling")["person_times"],
            3,
            "{own}"
        );
        let outside = town.admin(&["report", "--what", "services", "--zone", "Asia/Shanghai"]);
        let told = outside.to_string();
        assert!(told.contains("12"), "{told}");
        assert!(told.contains("<10*"), "{told}");
        // Not even a coordinator's phone, or a driver's.
        let said = town.li.run(&["report", "--what", "services"]);
        assert_eq!(said.code, 4, "{said:?}");
    });
}

#[test]
fn satisfaction_and_what_was_recovered_are_in_the_months_report() {
    in_both_orders(|town| {
        let desks = requests::desks(town);
        let ticket = requests::raise(&town.li, "pay", "运费被拖欠三个月", &["--station", STATION]);
        town.sync(&[&town.li, &town.wang, &desks.chen, &desks.liu]);
        requests::handled(town, &desks, &ticket, &["--yuan", "951.10", "货主已付清"]);
        let phones: [&PhoneProcess; 4] = [&town.li, &town.wang, &desks.chen, &desks.liu];
        town.sync(&phones);
        enter(&town.li, &["ticket", "rate", &ticket, "5"]);
        town.sync(&phones);

        let report = town.wang.ok(&["report", "--what", "tickets"]);
        let pay = list(&report["rows"])
            .iter()
            .find(|row| row.to_string().contains("\"pay\""))
            .unwrap_or_else(|| panic!("no pay in {report}"));
        assert_eq!(pay["recovered_yuan"], 951.1, "{report}");
        assert_eq!(pay["satisfied_percent"], 100.0, "{report}");
        assert_eq!(
            (&pay["rated"], &pay["resolved"]),
            (&1.into(), &1.into()),
            "{report}"
        );
        // Outside the station one person is nobody's business.
        let outside = desks.chen.ok(&["report", "--what", "tickets"]).to_string();
        assert!(
            outside.contains("<10*") && !outside.contains("951"),
            "{outside}"
        );
    });
}
