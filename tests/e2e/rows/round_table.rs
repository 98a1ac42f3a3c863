//! The round table: seats, a check-in code at the door, a quiz of drawn questions, feedback, and a
//! certificate.

use serde_json::Value;
use yizhan_tests::process::PhoneProcess;

use super::{STATION, Town, all_show, enter, in_both_orders, list, shows_nothing, text};
use crate::driver;

/// What is invited to: one seat, a quiz of three questions out of six.
fn invite(town: &Town) -> String {
    let create = [
        "activity",
        "create",
        "--station",
        STATION,
        "--type",
        "quiz",
        "--title",
        "圆桌党课:知识竞答与诉求直通车",
        "--starts",
        "09:00",
        "--ends",
        "11:00",
        "--capacity",
        "1",
        "--quiz-draw",
        "3",
    ];
    let table = enter(&town.wang, &create).id();
    for number in 1..=6 {
        let question = format!("第{number}题:连续驾驶几小时必须休息?");
        let args = [
            "activity", "question", &table, &question, "--a", "2", "--b", "4", "--answer", "b",
        ];
        enter(&town.wang, &args);
    }
    table
}

/// The codes of both are scanned at the door, and each answers the quiz: all offline.
fn at_the_door(town: &Town, table: &str, guests: [(&PhoneProcess, &str, &str); 2]) {
    for (phone, enrolment, choice) in guests {
        let code = text(&phone.ok(&["code"])["code"]);
        enter(&town.wang, &["activity", "scan", table, &code]);
        for number in ["1", "2", "3"] {
            enter(phone, &["enrol", "answer", enrolment, number, choice]);
        }
    }
}

#[test]
fn a_round_table_with_its_quiz_from_the_invitation_to_the_certificate() {
    in_both_orders(|town| {
        let sun = driver(&town.relay, "孙师傅");
        let table = invite(town);
        town.sync(&[&town.wang, &town.li, &sun]);

        // Both ask for the only seat, offline: the relay decides in the order of arrival.
        let of_li = enter(&town.li, &["enrol", "add", &table]).id();
        let of_sun = enter(&sun, &["enrol", "add", &table]).id();
        town.sync(&[&town.li, &sun, &town.wang]);
        let (seated, waiting, seat, place) = if town.last_first {
            (&sun, &town.li, &of_sun, &of_li)
        } else {
            (&town.li, &sun, &of_li, &of_sun)
        };
        all_show(
            &[seated, &town.wang],
            &["enrol", "show", seat],
            &["\"accepted\""],
        );
        all_show(
            &[waiting, &town.wang],
            &["enrol", "show", place],
            &["\"waitlisted\""],
        );
        shows_nothing(waiting, &["enrol", "show", seat]);

        // A larger room: who waits moves up.
        enter(&town.wang, &["activity", "set", &table, "--capacity", "40"]);
        town.sync(&[&town.wang, &town.li, &sun]);
        all_show(
            &[waiting, &town.wang],
            &["enrol", "show", place],
            &["\"accepted\""],
        );

        at_the_door(
            town,
            &table,
            [(&town.li, &of_li, "b"), (&sun, &of_sun, "a")],
        );
        enter(&town.li, &["enrol", "feedback", &of_li, "5", "讲得很清楚"]);
        enter(&sun, &["enrol", "feedback", &of_sun, "4"]);
        let certified = enter(&town.wang, &["activity", "certificate", &of_li]).json();
        let certificate = text(&certified["certificate"]);
        town.sync(&[&town.li, &sun, &town.wang]);

        let facts = ["讲得很清楚", &certificate, "\"counted\""];
        let shown = all_show(&[&town.li, &town.wang], &["enrol", "show", &of_li], &facts);
        assert_eq!(
            (&shown["quiz_score"], &shown["quiz_asked"]),
            (&3.into(), &3.into())
        );
        let shown = all_show(
            &[&sun, &town.wang],
            &["enrol", "show", &of_sun],
            &["\"counted\""],
        );
        assert_eq!(
            (&shown["quiz_score"], &shown["rating"]),
            (&0.into(), &4.into())
        );
        let roster = town.wang.ok(&["activity", "roster", &table]);
        let there = |row: &&Value| row["attended_at"].is_string();
        assert_eq!(list(&roster).iter().filter(there).count(), 2, "{roster}");
    });
}
