//! Who may hold what changes: roles that end or move, stations that close, consents withdrawn, tickets
//! sent elsewhere, sharing until a date. The operator's commands, a tablet without coverage meanwhile,
//! `yizhan forget list` until it is done, and then not a byte of it in any file of the tablet's.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use yizhan_client_core::client::{ConsentEntry, VisitStart};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::store::VisitFilter;
use yizhan_proto::Role;
use yizhan_tests::clock::{DAY_MS, HOUR_MS};
use yizhan_tests::process::{PhoneProcess, RelayProcess};
use yizhan_tests::traces::Patterns;

use crate::{STATION, driver, inside, keeper, relay_with_network};

/// What a driver wrote, and nobody else anywhere.
const NOTE: &str = "膝盖疼了三个星期";
/// Another station of the region.
const OTHER: &str = "zy-one-thing";
/// What the operator hears when nothing is left to forget.
const NOTHING: &str = "nothing is outstanding";

/// Which of these ids and words stand in any file of a phone's.
fn held(home: &Path, ids: &[&str], words: &[&str]) -> BTreeSet<String> {
    let mut patterns = Patterns::default();
    for id in ids {
        patterns.id(id.parse().expect("an id"));
    }
    words.iter().for_each(|words| patterns.text(words));
    patterns.found_in_folder(home)
}

/// What is outstanding, as the operator reads it as JSON.
#[track_caller]
fn outstanding(relay: &RelayProcess) -> Vec<Value> {
    let devices = relay.admin(&["forget", "list"]).json();
    devices.as_array().expect("a list").clone()
}

/// What is outstanding once it is: what follows from a consent or a ticket follows a moment later.
#[track_caller]
fn outstanding_soon(relay: &RelayProcess) -> Vec<Value> {
    for _ in 0..500 {
        let devices = outstanding(relay);
        if !devices.is_empty() {
            return devices;
        }
    }
    panic!("nothing is ever outstanding");
}

/// The one device that is listed is this one, in the table too.
#[track_caller]
fn is_the_only_one(relay: &RelayProcess, devices: &[Value], phone: &PhoneProcess, name: &str) {
    let whoami = phone.ok(&["whoami"]);
    let [device] = devices else {
        panic!("{devices:?}");
    };
    assert_eq!(device["id"], whoami["device"], "{device}");
    assert_eq!(
        (&device["person_name"], &device["revoked"]),
        (&name.into(), &false.into())
    );
    assert!(
        device["age_ms"].as_u64() < Some(HOUR_MS.unsigned_abs()),
        "{device}"
    );
    assert!(device["since"].is_string(), "{device}");
    let table = relay.typed(&["forget", "list"]);
    assert_eq!(table.code, 0, "{table:?}");
    let lines: Vec<&str> = table.out.lines().collect();
    assert_eq!(lines.len(), 2, "{table:?}");
    for (line, words) in [(0, "AGE"), (0, "LEFT"), (1, name), (1, " min")] {
        assert!(lines[line].contains(words), "{words}: {table:?}");
    }
}

/// The scopes that a device left as a whole.
fn left(device: &Value) -> Vec<&str> {
    let scopes = device["scopes_left"].as_array().expect("a list");
    scopes
        .iter()
        .filter_map(|left| left["scope"].as_str())
        .collect()
}

/// The tablet comes into coverage once: nothing is outstanding, and no file says any of it.
#[track_caller]
fn forgets(relay: &RelayProcess, phone: &PhoneProcess, ids: &[&str], words: &[&str]) {
    phone.sync();
    assert_eq!(outstanding(relay), Vec::<Value>::new());
    let table = relay.typed(&["forget", "list"]);
    assert!(table.out.contains(NOTHING), "{table:?}");
    assert_eq!(held(phone.home(), ids, words), BTreeSet::new());
}

/// Li was here and wrote something; the keeper's tablet holds it, and is out of coverage.
struct Town {
    relay: RelayProcess,
    li: PhoneProcess,
    /// Keeper and nothing else.
    wang: PhoneProcess,
    visit: String,
    _data: tempfile::TempDir,
}

fn town() -> Town {
    let (relay, data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    let wang = relay.phone_of("王站长", &[&format!("keeper@{STATION}")]);
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    drop(li.ok(&["visit", "note", &visit, NOTE]));
    li.sync();
    wang.sync();
    assert_eq!(held(wang.home(), &[&visit], &[NOTE]).len(), 2);
    assert_eq!(outstanding(&relay), Vec::<Value>::new());
    Town {
        relay,
        li,
        wang,
        visit,
        _data: data,
    }
}

impl Town {
    #[track_caller]
    fn does(&self, args: &[&str]) -> Value {
        self.relay.admin(args).json()
    }

    fn shows(&self, phone: &PhoneProcess) -> bool {
        phone.run(&["visit", "show", &self.visit]).code == 0
    }
}

#[test]
fn with_a_role_that_ends_everything_of_the_station_leaves_the_tablet() {
    let it = town();
    let zhou = keeper(&it.relay, "周站长");
    let role = format!("keeper@{STATION}");
    drop(it.does(&["person", "role", "end", "王站长", &role]));
    let devices = outstanding(&it.relay);
    is_the_only_one(&it.relay, &devices, &it.wang, "王站长");
    assert!(left(&devices[0])[0].starts_with("station:"), "{devices:?}");
    forgets(&it.relay, &it.wang, &[&it.visit], &[NOTE]);
    assert!(it.shows(&it.li) && it.shows(&zhou) && !it.shows(&it.wang));
    let again = it.relay.admin(&["person", "role", "end", "王站长", &role]);
    assert!([0, 3, 4].contains(&again.code), "{again:?}");
    assert_eq!(outstanding(&it.relay), Vec::<Value>::new());
}

#[test]
fn with_a_role_that_moves_one_stations_documents_leave_and_the_others_come() {
    let it = town();
    let sun = driver(&it.relay, "孙师傅");
    let there = sun.run(&["visit", "start", "--station", OTHER]).id();
    sun.sync();
    let (from, to) = (format!("keeper@{STATION}"), format!("keeper@{OTHER}"));
    drop(it.does(&["person", "role", "move", "王站长", &from, &to]));
    is_the_only_one(&it.relay, &outstanding(&it.relay), &it.wang, "王站长");
    forgets(&it.relay, &it.wang, &[&it.visit], &[NOTE]);
    assert_eq!(it.wang.run(&["visit", "show", &there]).code, 0);
    assert!(it.shows(&it.li) && !it.shows(&it.wang));
    let twice = it
        .relay
        .admin(&["person", "role", "move", "王站长", &from, &to]);
    assert!(
        [3, 4].contains(&twice.code),
        "there is nothing to move: {twice:?}"
    );
}

#[test]
fn a_closed_station_leaves_its_keepers_and_comes_back_when_it_opens() {
    let it = town();
    let closed = it.does(&["station", "close", STATION]);
    assert_eq!(
        (&closed["closed"], &closed["roles"]),
        (&true.into(), &1.into())
    );
    is_the_only_one(&it.relay, &outstanding(&it.relay), &it.wang, "王站长");
    forgets(&it.relay, &it.wang, &[&it.visit], &[NOTE]);
    assert!(it.shows(&it.li), "drivers keep what is theirs");
    let role = format!("keeper@{STATION}");
    let given = it.relay.admin(&["person", "role", "add", "李师傅", &role]);
    assert_eq!(given.code, 4, "{given:?}");
    assert!(given.err.contains("reopen"), "{given:?}");
    let opened = it.does(&["station", "reopen", STATION]);
    assert_eq!(
        (&opened["closed"], &opened["roles"]),
        (&false.into(), &1.into())
    );
    it.wang.sync();
    assert!(it.shows(&it.wang), "the same people work there again");
}

#[test]
fn with_a_withdrawn_consent_the_checks_leave_the_station() {
    let it = town();
    let chen = keeper(&it.relay, "陈医生");
    let give = [
        "consent",
        "give",
        "--station",
        STATION,
        "--purpose",
        "health_record",
    ];
    let consent = it.li.run(&give).id();
    it.li.sync();
    chen.sync();
    let readings = [
        "--systolic",
        "128",
        "--diastolic",
        "84",
        "--note",
        "少久坐早休息",
    ];
    let check = ["check", "add", "--visit", &it.visit];
    let check = chen.run(&[&check[..], &readings].concat()).id();
    chen.sync();
    it.li.sync();
    let words = ["少久坐早休息"];
    assert_eq!(held(chen.home(), &[&check], &words).len(), 2);
    drop(it.li.ok(&["consent", "withdraw", &consent]));
    it.li.sync();
    let devices = outstanding_soon(&it.relay);
    is_the_only_one(&it.relay, &devices, &chen, "陈医生");
    assert_eq!(devices[0]["documents"], 1, "{devices:?}");
    forgets(&it.relay, &chen, &[&check], &words);
    assert_eq!(chen.run(&["check", "show", &check]).code, 3);
    assert!(it.shows(&chen), "visits are another purpose");
    assert_eq!(
        it.li.run(&["check", "show", &check]).code,
        0,
        "the driver keeps it"
    );
}

#[test]
fn a_ticket_that_goes_to_another_desk_leaves_the_people_of_the_first() {
    let it = town();
    let desk = |key: &str, rest: &[&str]| {
        let add = ["desk", "add", key, "--name", key, "--region", "zhaoyuan"];
        drop(it.does(&[&add[..], rest].concat()));
    };
    desk("zy-district", &[]);
    desk(
        "zy-home",
        &["--parent", "zy-district", "--station", STATION],
    );
    let chen = it.relay.phone_of("陈专员", &["driver"]);
    drop(it.does(&["desk", "member", "add", "zy-home", "陈专员"]));
    let wu = it.relay.phone_of("吴协调员", &["coordinator@zhaoyuan"]);
    for phone in [&chen, &wu, &it.li] {
        phone.sync();
    }
    let (title, text) = ("没有签劳动合同", "货主不肯签字盖章");
    let raise = ["ticket", "raise", "--class", "labour", "--title", title];
    let ticket = it
        .li
        .run(&[&raise[..], &["--station", STATION, text]].concat())
        .id();
    for phone in [&it.li, &chen, &wu] {
        phone.sync();
    }
    assert_eq!(held(chen.home(), &[&ticket], &[title, text]).len(), 3);
    drop(wu.ok(&["ticket", "escalate", &ticket, "跨市"]));
    wu.sync();
    let devices = outstanding_soon(&it.relay);
    is_the_only_one(&it.relay, &devices, &chen, "陈专员");
    assert_eq!(devices[0]["documents"], 1, "{devices:?}");
    forgets(&it.relay, &chen, &[&ticket], &[title, text]);
    for phone in [&it.li, &wu] {
        assert_eq!(phone.run(&["ticket", "show", &ticket]).code, 0);
    }
}

/// What the operator's command says, once it says these words.
#[track_caller]
fn says_soon(relay: &inside::Relay, words: &str) -> String {
    let mut said = String::new();
    for _ in 0..500 {
        said = relay.typed(&["forget", "list"]).out;
        if said.contains(words) {
            return said;
        }
    }
    panic!("it never says {words}: {said}");
}

#[test]
fn what_is_shared_until_a_date_leaves_on_it_and_the_operator_sees_for_how_long_it_is_late() {
    let relay = inside::Relay::start(|_| ());
    let stations = relay.stations();
    let (here, there) = (stations[0], stations[1]);
    let mut li = relay.phone("李师傅");
    let mut liu = relay.phone_of("刘站长", vec![Role::Keeper(there)]);
    assert_eq!(li.sync(), None);
    let start = VisitStart {
        station: here,
        driver: None,
        own_name: None,
        arrived_at: None,
        vehicle_plate: None,
        requested: Vec::new(),
    };
    let visit = li.client.start_visit(start).expect("a visit");
    li.client.note(visit, NOTE).expect("a note");
    let share = ConsentEntry {
        station: here,
        purpose: Purpose::Share,
        driver: None,
        share_with: Some(there),
        until: Some(li.client.clock().now().saturating_add_ms(3 * DAY_MS)),
    };
    li.client.give_consent(share).expect("a consent");
    assert_eq!(li.sync(), None);
    let mut tries = 0;
    while liu
        .client
        .visits(&VisitFilter::default())
        .expect("a list")
        .is_empty()
    {
        assert_eq!(liu.sync(), None);
        tries += 1;
        assert!(tries < 500, "it never comes");
    }
    let id = visit.to_string();
    assert_eq!(held(liu.home(), &[&id], &[NOTE]).len(), 2);
    assert!(says_soon(&relay, NOTHING).len() < 200);

    // The date passes while the tablet is out of coverage, and then a day and more.
    relay.time.pass_ms(3 * DAY_MS + HOUR_MS);
    let table = says_soon(&relay, "刘站长");
    assert!(table.contains("0 min"), "{table}");
    relay.time.pass_ms(26 * HOUR_MS);
    let table = says_soon(&relay, "刘站长");
    let line = table.lines().nth(1).expect("a device");
    assert!(line.contains(" 1 d ") && line.contains(" 1 "), "{table}");
    let json = relay.typed(&["forget", "list", "--json"]).json();
    let age_ms = json[0]["age_ms"].as_i64().expect("an age");
    assert!((26 * HOUR_MS..27 * HOUR_MS).contains(&age_ms), "{json}");
    assert_eq!(
        (&json[0]["documents"], &json[0]["revoked"]),
        (&1.into(), &false.into())
    );

    assert_eq!(liu.sync(), None);
    says_soon(&relay, NOTHING);
    assert_eq!(held(liu.home(), &[&id], &[NOTE]), BTreeSet::new());
    let own = li.client.visits(&VisitFilter::default()).expect("a list");
    assert_eq!(own.len(), 1, "the driver keeps it");
}
