//! Seats, with real processes: the relay is killed while requests are on their way.

use yizhan_tests::invariants::seats::rosters;
use yizhan_tests::process::{PhoneProcess, RelayProcess};

use crate::{STATION, driver, keeper, relay_with_network};

const SEATS: usize = 2;

/// The keeper announces a clinic with two seats.
fn announce(wang: &PhoneProcess) -> String {
    let activity = wang
        .run(&[
            "activity",
            "create",
            "--station",
            STATION,
            "--type",
            "clinic",
            "--title",
            "义诊",
            "--starts",
            "2090-01-28 09:00",
            "--ends",
            "2090-01-28 11:30",
            "--capacity",
            &SEATS.to_string(),
        ])
        .id();
    wang.sync();
    activity
}

#[test]
fn a_relay_killed_between_request_and_answer_answers_every_request_once() {
    let (relay, data) = relay_with_network();
    let address = relay.address().to_owned();
    let wang = keeper(&relay, "王站长");
    let activity = announce(&wang);
    let drivers: Vec<_> = (1..=5)
        .map(|number| driver(&relay, &format!("司机{number}")))
        .collect();
    let mut relay = relay;
    let mut enrolments = Vec::new();
    for (number, driver) in drivers.iter().enumerate() {
        enrolments.push(driver.run(&["enrol", "add", &activity]).id());
        if number % 2 == 0 {
            // The kill falls wherever it falls: before, in, or after the push.
            let mut syncing = driver.start(&["--json", "sync"]);
            relay.kill();
            syncing.wait().expect("a sync ends by itself");
        } else {
            driver.sync();
            relay.kill();
        }
        relay = RelayProcess::start_on(data.path(), &address);
    }
    for phone in drivers.iter().chain([&wang]) {
        phone.sync();
    }
    let rosters = rosters(data.path());
    assert_eq!(rosters.len(), 1);
    assert_eq!(rosters[0].wrong(true), Vec::<String>::new());
    for enrolment in &rosters[0].enrolments {
        assert_eq!(enrolment.requests.len(), 1);
        assert_eq!(enrolment.decisions.len(), 1, "{enrolment:?}");
    }
    let mut accepted = 0;
    for (driver, enrolment) in drivers.iter().zip(&enrolments) {
        let (mine, keepers) = (seat(driver, enrolment), seat(&wang, enrolment));
        assert_eq!(mine, keepers, "both show the same");
        assert_eq!(mine["state"] == "waitlisted", mine["state"] != "accepted");
        accepted += usize::from(mine["state"] == "accepted");
    }
    assert_eq!(accepted, SEATS);
}

fn seat(phone: &PhoneProcess, enrolment: &str) -> serde_json::Value {
    phone.ok(&["enrol", "show", enrolment])["seat"].clone()
}

#[test]
fn who_cancels_makes_room_and_a_lease_is_final_at_the_door() {
    let (relay, _data) = relay_with_network();
    let wang = keeper(&relay, "王站长");
    let activity = announce(&wang);
    let (li, zhao) = (driver(&relay, "李师傅"), driver(&relay, "赵师傅"));
    let until = "2089-12-31 18:00";
    let _ = wang.ok(&[
        "activity", "lease", &activity, "--seats", "1", "--until", until,
    ]);
    wang.sync();
    let mine = li.run(&["enrol", "add", &activity]).id();
    li.sync();
    let other = zhao.run(&["enrol", "add", &activity]).id();
    zhao.sync();
    assert_eq!(seat(&li, &mine)["state"], "accepted");
    assert_eq!(seat(&zhao, &other)["state"], "waitlisted", "one is held");

    // Nobody hears the tablet at the door, and the driver who walks in has a seat.
    let driver = "018f0000-0000-7000-8000-00000000000a";
    let walked_in = wang
        .run(&[
            "activity",
            "enrol",
            &activity,
            "--driver",
            driver,
            "--name",
            "孙师傅",
            "--lease",
        ])
        .id();
    assert_eq!(seat(&wang, &walked_in)["state"], "leased");
    let _ = li.ok(&["enrol", "cancel", &mine]);
    li.sync();
    zhao.sync();
    assert_eq!(seat(&zhao, &other)["state"], "accepted");
    wang.sync();
    assert_eq!(seat(&wang, &walked_in)["state"], "accepted");
}
