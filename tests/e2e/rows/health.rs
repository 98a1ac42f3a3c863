//! Free health checks at a visit and at a clinic; legal and psychological counselling.

use super::{STATION, Town, all_show, enter, in_both_orders, list, person, shows_nothing};
use crate::{driver, keeper};

fn consents(town: &Town, who: &yizhan_tests::process::PhoneProcess) {
    let args = [
        "consent",
        "give",
        "--station",
        STATION,
        "--purpose",
        "health_record",
    ];
    enter(who, &args);
    town.sync(&[who, &town.wang]);
}

#[test]
fn a_driver_is_checked_at_a_visit_and_sees_where_the_readings_go() {
    in_both_orders(|town| {
        let medic = keeper(&town.relay, "周医生");
        let visit = enter(&town.li, &["visit", "start", "--station", STATION]).id();
        consents(town, &town.li);

        let check = |systolic: &str, diastolic: &str| {
            let args = [
                "check",
                "add",
                "--visit",
                &visit,
                "--systolic",
                systolic,
                "--diastolic",
                diastolic,
                "--glucose",
                "5.6",
                "--fasting",
                "--neck",
                "tight:3",
                "--lumbar",
                "normal:0",
                "--advice",
                "stretch",
                "--note",
                "少久坐",
                "--confirm",
            ];
            enter(&town.wang, &args).id()
        };
        let first = check("128", "84");
        let crisis = check("186", "112");
        enter(&town.li, &["visit", "note", &visit, "量了血压"]);
        town.sync(&[&town.li, &town.wang, &medic]);

        let phones = [&town.li, &town.wang, &medic];
        let facts = [
            "128",
            "84",
            "5.6",
            "tight",
            "stretch",
            "少久坐",
            "high_normal",
        ];
        all_show(&phones, &["check", "show", &first], &facts);
        let shown = all_show(&phones, &["check", "show", &crisis], &["grade_3", "120"]);
        assert_eq!(shown["crisis"], true);
        let id = person(&town.li);
        let history = ["history", "--driver", &id, "--item", "systolic"];
        let trend = all_show(&phones, &history, &["128", "186"]);
        assert_eq!(
            (&trend["least"], &trend["most"]),
            (&128.0.into(), &186.0.into())
        );
        let card = town.wang.ok(&["history", "--driver", &id]);
        assert_eq!(card["cards"][0]["visits_here"], 1, "{card}");
        assert_eq!(card["cards"][0]["last_check"]["crisis"], true, "{card}");
    });
}

#[test]
fn a_clinic_is_announced_and_checks_drivers_who_come_by() {
    in_both_orders(|town| {
        let sun = driver(&town.relay, "孙师傅");
        let clinic = [
            "activity",
            "create",
            "--station",
            STATION,
            "--type",
            "clinic",
            "--title",
            "健康义诊进企业",
            "--starts",
            "09:00",
            "--ends",
            "11:30",
            "--capacity",
            "40",
        ];
        let clinic = enter(&town.wang, &clinic).id();
        town.sync(&[&town.wang, &town.li, &sun]);
        all_show(
            &[&town.li, &town.wang, &sun],
            &["activity", "list", "--all"],
            &["健康义诊进企业", "clinic"],
        );

        // Offline: one enrols by herself; a driver without a phone comes by, consents on the
        // tablet, and is checked.
        let enrolment = enter(&sun, &["enrol", "add", &clinic]).id();
        let guest = "01940000-0000-7000-8000-000000000007";
        let consent = [
            "consent",
            "give",
            "--station",
            STATION,
            "--purpose",
            "health_record",
            "--driver",
            guest,
        ];
        enter(&town.wang, &consent);
        let check = [
            "check",
            "add",
            "--driver",
            guest,
            "--station",
            STATION,
            "--systolic",
            "118",
            "--diastolic",
            "76",
            "--pulse",
            "70",
        ];
        let check = enter(&town.wang, &check).id();
        town.sync(&[&sun, &town.wang, &town.li]);

        let seat = all_show(
            &[&sun, &town.wang],
            &["enrol", "show", &enrolment],
            &["accepted"],
        );
        assert_eq!(seat["driver_name"], "孙师傅");
        assert_eq!(town.wang.ok(&["check", "show", &check])["crisis"], false);
        for outsider in [&town.li, &sun] {
            shows_nothing(outsider, &["check", "show", &check]);
        }
        shows_nothing(&town.li, &["enrol", "show", &enrolment]);
    });
}

#[test]
fn lawyers_and_counsellors_are_asked_at_visits_and_on_their_days() {
    in_both_orders(|town| {
        let visit = enter(&town.li, &["visit", "start", "--station", STATION]).id();
        enter(&town.li, &["visit", "want", &visit, "legal"]);
        let day = [
            "activity",
            "create",
            "--station",
            STATION,
            "--type",
            "legal",
            "--title",
            "法治进园区",
            "--starts",
            "09:00",
            "--ends",
            "17:00",
        ];
        let day = enter(&town.wang, &day).id();
        town.sync(&[&town.li, &town.wang]);
        enter(&town.wang, &["visit", "serve", &visit, "legal"]);
        enter(
            &town.wang,
            &["visit", "serve", &visit, "counselling", "--quantity", "2"],
        );
        let enrolment = enter(&town.li, &["enrol", "add", &day]).id();
        town.sync(&[&town.li, &town.wang]);

        let phones = [&town.li, &town.wang];
        let shown = all_show(
            &phones,
            &["visit", "show", &visit],
            &["legal", "counselling"],
        );
        assert_eq!(list(&shown["services"]).len(), 2);
        all_show(
            &phones,
            &["enrol", "show", &enrolment],
            &["法治进园区", "accepted"],
        );
    });
}
