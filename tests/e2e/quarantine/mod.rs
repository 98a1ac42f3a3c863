//! Work that waits for a person, as its people meet it: a keeper whose role ended while the tablet
//! was offline, an operator and a coordinator who decide with `yizhan quarantine`, and what the
//! tablet then shows of each.

mod killed;

use std::collections::BTreeSet;

use serde_json::Value;
use yizhan_tests::process::{PhoneProcess, RelayProcess, Said};

use crate::{STATION, driver, keeper, relay_with_network};

/// What the keeper typed without knowing that the role had ended.
const COUGH: &str = "司机有些咳嗽";
const KEYS: &str = "钥匙落在前台";
/// Why a coordinator rejected it.
const NOT_ON_DUTY: &str = "那天不在岗";

/// A relay, two drivers with a visit each, the keeper who is not one any more, and a colleague.
struct Town {
    relay: RelayProcess,
    li: PhoneProcess,
    sun: PhoneProcess,
    wang: PhoneProcess,
    zhou: PhoneProcess,
    /// Li's visit, on which the keeper noted a cough and then served a meal.
    cough: String,
    /// Sun's visit, on which the keeper noted where the keys are.
    keys: String,
    _data: tempfile::TempDir,
}

/// The keeper's work has arrived, and waits.
fn town() -> Town {
    let (relay, data) = relay_with_network();
    let (li, sun) = (driver(&relay, "李师傅"), driver(&relay, "孙师傅"));
    let (wang, zhou) = (keeper(&relay, "王站长"), keeper(&relay, "周站长"));
    let [cough, keys] = [&li, &sun].map(|driver| {
        let visit = driver.run(&["visit", "start", "--station", STATION]).id();
        driver.sync();
        visit
    });
    wang.sync();
    // Offline from here on.
    drop(wang.ok(&["visit", "note", &cough, COUGH]));
    drop(wang.ok(&["visit", "serve", &cough, "meal"]));
    drop(wang.ok(&["visit", "note", &keys, KEYS]));
    end_roles(&relay);
    wang.sync();
    zhou.sync();
    Town {
        relay,
        li,
        sun,
        wang,
        zhou,
        cough,
        keys,
        _data: data,
    }
}

fn end_roles(relay: &RelayProcess) {
    for role in ["keeper", "health"] {
        let role = format!("{role}@{STATION}");
        let ended = relay.admin(&["person", "role", "end", "王站长", &role]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
}

#[track_caller]
fn listed(relay: &RelayProcess, args: &[&str]) -> Vec<Value> {
    let all = relay
        .admin(&[&["quarantine", "list"], args].concat())
        .json();
    all.as_array().expect("a list").clone()
}

fn ids(held: &[Value]) -> BTreeSet<String> {
    let id = |held: &Value| held["id"].as_str().expect("an id").to_owned();
    held.iter().map(id).collect()
}

fn on<'a>(held: &'a [Value], document: &str) -> Vec<&'a Value> {
    held.iter()
        .filter(|held| held["document"] == document)
        .collect()
}

/// The first eight digits, as people type them.
fn short(held: &Value) -> String {
    held["id"].as_str().expect("an id")[..8].to_owned()
}

#[track_caller]
fn outcomes(said: &Said) -> Vec<String> {
    let decided: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    let outcome = |one: &Value| one["outcome"].as_str().expect("an outcome").to_owned();
    let decided = decided.as_array().expect("a list");
    decided.iter().map(outcome).collect()
}

fn shows(phone: &PhoneProcess, visit: &str) -> String {
    phone.ok(&["visit", "show", visit]).to_string()
}

/// How often the audit log has an action.
fn entered(relay: &RelayProcess, action: &str) -> usize {
    let args = ["audit", "list", "--action", action, "--limit", "1000"];
    let listing = relay.admin(&args).json();
    listing["entries"].as_array().expect("entries").len()
}

/// Of everything that waits the tablet says so, with the reason and what one can do: nothing.
#[track_caller]
fn the_tablet_says_that_it_waits(wang: &PhoneProcess) {
    let status = wang.ok(&["status"]);
    for (what, count) in [("quarantined", 3), ("refused", 0), ("unsent_changes", 0)] {
        assert_eq!(status[what], count, "{what}: {status}");
    }
    let problems = wang.ok(&["problems"]);
    let problems = problems.as_array().expect("a list");
    assert_eq!(problems.len(), 3);
    for problem in problems {
        assert_eq!(problem["state"], "quarantined", "{problem}");
    }
    let held = wang.ok(&["refused", "list"]).to_string();
    assert!(held.contains("right.ended"), "{held}");
    let typed = wang.typed(&["problems"]);
    for words in ["quarantined", "Wait: a person decides", "Nothing is lost"] {
        assert!(typed.out.contains(words), "{words}: {typed:?}");
    }
    let waiting = problems[0]["id"].as_str().expect("a change");
    let said = wang.run(&["refused", "discard", waiting]);
    assert_eq!(said.code, 3, "what waits cannot be deleted: {said:?}");
}

#[test]
fn what_waits_is_listed_for_the_operator_without_a_word_of_it() {
    let it = town();
    the_tablet_says_that_it_waits(&it.wang);
    let all = listed(&it.relay, &[]);
    assert_eq!(all.len(), 3);
    for held in &all {
        assert_eq!(
            (&held["name"], &held["region"]),
            (&"王站长".into(), &"zhaoyuan".into())
        );
        assert_eq!(
            (&held["kind"], &held["rejected"]),
            (&"visit".into(), &false.into())
        );
    }
    let [cough, meal] = on(&all, &it.cough)[..] else {
        panic!("{all:?}");
    };
    assert_eq!(cough["code"], "right.ended");
    assert_eq!(meal["code"], "dependency.held");
    assert_eq!(meal["builds_on"][0], cough["id"]);

    let some = |args: &[&str]| listed(&it.relay, args).len();
    for (args, expected) in [
        (["--region", "zhaoyuan"], 3),
        (["--region", "changzhou"], 0),
        (["--person", "王站长"], 3),
        (["--person", "李师傅"], 0),
        (["--since", "2020-01-01"], 3),
        (["--since", "2999-12-31T00:00:00Z"], 0),
    ] {
        assert_eq!(some(&args), expected, "{args:?}");
    }
    assert_eq!(some(&["--rejected"]), 0);

    let table = it.relay.typed(&["quarantine", "list"]);
    assert_eq!(table.code, 0, "{table:?}");
    let lines: Vec<&str> = table.out.lines().collect();
    let column = |line: &str, words: &str| line.find(words).map(|at| line[..at].chars().count());
    let why = column(lines[0], "WHY");
    assert!(why.is_some() && lines.len() == 4, "{table:?}");
    assert!(
        lines[1..].iter().all(|line| line.contains("王站长")),
        "{table:?}"
    );
    for shown in [&table.out, &Value::from(all.clone()).to_string()] {
        assert!(
            !shown.contains("咳嗽") && !shown.contains("钥匙"),
            "{shown}"
        );
    }
    let status = it.relay.typed(&["status"]);
    assert!(status.out.contains("3, the oldest"), "{status:?}");
}

#[test]
fn content_is_shown_to_whoever_reads_such_documents_and_that_is_entered() {
    let it = town();
    let wu = it.relay.phone_of("吴协调员", &["coordinator@zhaoyuan"]);
    let all = listed(&it.relay, &[]);
    let cough = short(on(&all, &it.cough)[0]);
    let show = |rest: &[&str]| {
        it.relay
            .admin(&[&["quarantine", "show", &cough], rest].concat())
    };

    let shown = show(&[]).json();
    assert_eq!(shown["change"]["code"], "right.ended");
    assert_eq!(shown["dependents"].as_array().map(Vec::len), Some(1));
    assert!(!shown.to_string().contains(COUGH), "{shown}");
    assert_eq!(entered(&it.relay, "quarantine.shown"), 0);
    for (who, code) in [("王站长", 4), ("孙师傅", 4), ("没有这个人", 3)] {
        let said = show(&["--content", "--by", who]);
        assert_eq!(said.code, code, "{who}: {said:?}");
        assert!(!said.out.contains(COUGH), "{said:?}");
    }
    assert_eq!(
        show(&["--content"]).code,
        2,
        "nobody says that they read it"
    );
    assert_eq!(show(&["--by", "吴协调员"]).code, 2);

    let shown = show(&["--content", "--by", "吴协调员"]).json();
    let says = shown["says"].as_array().expect("what it says");
    let note = says.iter().find(|said| said["path"] == "keeper_note");
    assert_eq!(note.expect("the note")["value"], COUGH);
    assert_eq!(entered(&it.relay, "quarantine.shown"), 1);
    let typed = [
        "quarantine",
        "show",
        &cough,
        "--content",
        "--by",
        "吴协调员",
    ];
    let typed = it.relay.typed(&typed);
    for words in [
        "What it says:",
        COUGH,
        "What builds on it:",
        "right.ended",
        "王站长",
    ] {
        assert!(typed.out.contains(words), "{words}: {typed:?}");
    }
    drop(wu);
}

#[test]
fn a_coordinator_accepts_one_and_rejects_another_and_the_tablet_says_so() {
    let it = town();
    let wu = it.relay.phone_of("吴协调员", &["coordinator@zhaoyuan"]);
    let all = listed(&it.relay, &[]);
    let (cough, keys) = (short(on(&all, &it.cough)[0]), short(on(&all, &it.keys)[0]));
    let by = ["--by", "吴协调员"];
    let accept = [&["quarantine", "accept", &cough][..], &by].concat();
    let accepted = it.relay.admin(&accept);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    assert_eq!(
        outcomes(&accepted),
        ["accepted"; 2],
        "with what builds on it"
    );
    let reject = ["quarantine", "reject", &keys, "--reason", NOT_ON_DUTY];
    let rejected = it.relay.typed(&[&reject[..], &by].concat());
    assert_eq!(rejected.code, 0, "{rejected:?}");
    assert!(rejected.out.contains("rejected"), "{rejected:?}");
    assert_eq!(listed(&it.relay, &[]), Vec::<Value>::new());
    assert_eq!(ids(&listed(&it.relay, &["--rejected"])).len(), 1);
    let shown = it.relay.typed(&["quarantine", "show", &keys]);
    for words in [NOT_ON_DUTY, "rejected"] {
        assert!(shown.out.contains(words), "{words}: {shown:?}");
    }

    for phone in [&it.zhou, &it.li, &it.sun, &it.wang] {
        phone.sync();
    }
    for phone in [&it.zhou, &it.li] {
        let seen = shows(phone, &it.cough);
        assert!(seen.contains(COUGH) && seen.contains("meal"), "{seen}");
    }
    for phone in [&it.zhou, &it.sun] {
        let seen = shows(phone, &it.keys);
        assert!(!seen.contains(KEYS), "{seen}");
    }
    // What was accepted is Li's and the station's, and the former keeper's no more.
    assert_eq!(it.wang.run(&["visit", "show", &it.cough]).code, 3);
    let problems = it.wang.ok(&["problems"]);
    let [problem] = problems.as_array().expect("a list").as_slice() else {
        panic!("{problems}");
    };
    assert_eq!(problem["state"], "refused", "{problem}");
    assert_eq!(problem["reason"]["code"], "quarantine.rejected");
    let typed = it.wang.typed(&["problems"]);
    assert!(typed.out.contains(NOT_ON_DUTY), "{typed:?}");
    let draft = it.wang.typed(&["problems", &keys]);
    for words in [KEYS, NOT_ON_DUTY, "Enter it again"] {
        assert!(draft.out.contains(words), "{words}: {draft:?}");
    }
    // Offered again, it was decided already; deleted by hand, nothing is left of the visit here.
    drop(it.wang.ok(&["refused", "retry", &keys]));
    it.wang.sync();
    assert_eq!(it.wang.ok(&["status"])["refused"], 1);
    assert_eq!(listed(&it.relay, &[]), Vec::<Value>::new());
    drop(it.wang.ok(&["refused", "discard", &keys]));
    it.wang.sync();
    assert_eq!(it.wang.run(&["visit", "show", &it.keys]).code, 3);
    let outstanding = it.relay.admin(&["forget", "list"]).json();
    assert_eq!(outstanding, Value::Array(vec![]));
    drop(wu);
}

#[test]
fn what_is_decided_is_decided_once_and_what_is_wrong_is_named() {
    let it = town();
    let all = listed(&it.relay, &[]);
    let (cough, keys) = (short(on(&all, &it.cough)[0]), short(on(&all, &it.keys)[0]));
    let admin = |args: &[&str]| it.relay.admin(&[&["quarantine"], args].concat());
    let long = "长".repeat(200);
    for (args, code, word) in [
        (&["accept"][..], 2, "CHANGE"),
        (&["accept", &cough, "--all-of", "王站长"], 2, "--all-of"),
        (&["accept", "--all-of", "没有这个人"], 3, "没有这个人"),
        (&["accept", "00000000"], 3, "00000000"),
        (&["accept", "abc"], 4, "abc"),
        (&["accept", "zzzzzzzz"], 4, "zzzzzzzz"),
        (&["accept", &cough, "--by", "没有这个人"], 3, "没有这个人"),
        // Of one that is there and one that is not, neither is decided.
        (&["accept", &cough, "00000000"], 3, "00000000"),
        (&["reject", &keys], 2, "--reason"),
        (&["reject", &keys, "--reason", " "], 4, "reason"),
        (&["reject", &keys, "--reason", "两\n行"], 4, "one line"),
        (&["reject", &keys, "--reason", &long], 4, "512"),
        (&["reject", "00000000", "--reason", "x"], 3, "00000000"),
        (&["show", "00000000"], 3, "00000000"),
        (&["show", "站"], 4, "站"),
        (&["list", "--person", "没有这个人"], 3, "没有这个人"),
        (&["list", "--region", "招远"], 4, "招远"),
        (&["list", "--since", "gestern"], 4, "gestern"),
    ] {
        let said = admin(args);
        assert_eq!(said.code, code, "{args:?}: {said:?}");
        assert!(
            said.err.contains(word),
            "{args:?}, no word of {word}: {said:?}"
        );
    }
    assert_eq!(listed(&it.relay, &[]).len(), 3, "all of it waits as before");

    let dependent = short(on(&all, &it.cough)[1]);
    let early = admin(&["accept", &dependent]);
    assert_eq!(
        (early.code, outcomes(&early)),
        (4, vec!["stays".to_owned()])
    );
    assert_eq!(admin(&["accept", &cough]).code, 0);
    let again = admin(&["accept", &cough, &dependent]);
    assert_eq!(
        (again.code, outcomes(&again)),
        (0, vec!["accepted_before".to_owned(); 2])
    );
    let late = admin(&["reject", &cough, "--reason", "晚了"]);
    assert_eq!(
        (late.code, outcomes(&late)),
        (4, vec!["accepted_before".to_owned()])
    );
    assert_eq!(admin(&["reject", &keys, "--reason", NOT_ON_DUTY]).code, 0);
    let again = admin(&["reject", &keys, "--reason", "别的理由"]);
    assert_eq!(
        (again.code, outcomes(&again)),
        (0, vec!["rejected_before".to_owned()])
    );
    let late = admin(&["accept", &keys]);
    assert_eq!(
        (late.code, outcomes(&late)),
        (4, vec!["rejected_before".to_owned()])
    );
    let shown = admin(&["show", &keys]).json();
    assert_eq!(
        shown["decision"]["reason"], NOT_ON_DUTY,
        "the first word stands"
    );
    let none = admin(&["accept", "--all-of", "王站长"]);
    assert_eq!((none.code, outcomes(&none)), (0, vec![]));
    assert_eq!(entered(&it.relay, "quarantine.accepted"), 2);
    assert_eq!(entered(&it.relay, "quarantine.rejected"), 1);
}
