//! Each mistake gets a clear message with what to do, its documented exit code, and costs nothing.

use yizhan_tests::process::{PhoneProcess, RelayProcess, Said, run};

use crate::{STATION, driver, relay_with_network};

/// Usage.
const USAGE: i32 = 2;
/// Not found, or more than one found.
const NOT_FOUND: i32 = 3;
/// Refused by a rule, or unusable input.
const REFUSED: i32 = 4;
/// The relay cannot be reached.
const UNREACHABLE: i32 = 5;
/// Data folder or local store.
const STORAGE: i32 = 7;

#[track_caller]
fn fails(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, code, "{said:?}");
    assert!(!said.err.contains("panicked"), "{said:?}");
    for word in words {
        assert!(said.err.contains(word), "no word of {word}: {said:?}");
    }
}

#[test]
fn a_wrong_flag_is_a_usage_error() {
    fails(
        &run("yizhan", &["serve", "--lisen", "x"]),
        USAGE,
        &["--lisen", "--listen"],
    );
    fails(&run("yizhan", &["dance"]), USAGE, &["dance"]);
    let phone = PhoneProcess::new();
    fails(&phone.run(&["visit", "strat"]), USAGE, &["strat"]);
    fails(&run("yizhan-demo", &["--seed", "many"]), USAGE, &["many"]);
}

#[test]
fn an_import_that_cannot_be_read_imports_nothing_and_says_where() {
    let (relay, data) = {
        let data = tempfile::tempdir().expect("a temporary folder");
        (RelayProcess::start(data.path()), data)
    };
    let file = |name: &str, bytes: &[u8]| {
        let path = data.path().join(name);
        std::fs::write(&path, bytes).expect("the folder is writable");
        path.to_string_lossy().into_owned()
    };
    fails(
        &relay.admin(&["station", "import", "no/such/file.json"]),
        REFUSED,
        &["no/such/file.json"],
    );
    let good = "key,region,name,type,beds_total\na-1,changzhou,一号驿站,courier_station,3\n";
    let broken = format!("{good}a-2,changzhou,二号驿站,courier_station,many\n");
    fails(
        &relay.admin(&["station", "import", &file("broken.csv", broken.as_bytes())]),
        REFUSED,
        &["line 3", "beds_total", "many"],
    );
    let unknown = format!("{good}a-2,changzhou,二号驿站,castle,4\n");
    fails(
        &relay.admin(&["station", "import", &file("type.csv", unknown.as_bytes())]),
        REFUSED,
        &["line 3", "castle"],
    );
    let twice = format!("{good}a-1,changzhou,又是一号,courier_station,4\n");
    fails(
        &relay.admin(&["station", "import", &file("twice.csv", twice.as_bytes())]),
        REFUSED,
        &["a-1"],
    );
    fails(
        &relay.admin(&[
            "station",
            "import",
            &file("gbk.csv", b"key,region\n\xb3\xa3,x\n"),
        ]),
        REFUSED,
        &["UTF-8"],
    );
    fails(
        &relay.admin(&["station", "import", &file("cut.json", b"{\"stations\": [")]),
        REFUSED,
        &["line 1"],
    );
    let none = relay.admin(&["station", "list"]).json();
    assert_eq!(none, serde_json::json!([]), "nothing was imported");

    let said = relay.admin(&["station", "import", &file("good.csv", good.as_bytes())]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(
        relay
            .admin(&["station", "list"])
            .json()
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn people_stations_and_codes_that_are_not_there_are_named() {
    let (relay, _data) = relay_with_network();
    fails(&relay.admin(&["pair", "nobody"]), NOT_FOUND, &["nobody"]);
    fails(
        &relay.admin(&["station", "qr", "no-such-station"]),
        NOT_FOUND,
        &["no-such-station"],
    );
    fails(
        &relay.admin(&[
            "person",
            "add",
            "--name",
            "王站长",
            "--role",
            "keeper@no-such-station",
        ]),
        NOT_FOUND,
        &["no-such-station"],
    );
    let said = relay.admin(&["person", "add", "--name", "王站长", "--role", "king"]);
    assert!([USAGE, REFUSED].contains(&said.code), "{said:?}");
    assert!(said.err.contains("king"), "{said:?}");

    let phone = PhoneProcess::new();
    let wrong = phone.run(&["pair", &relay.url(), "AAAAA-AAAAA"]);
    fails(&wrong, NOT_FOUND, &["pair.code_wrong"]);
    let person = relay
        .admin(&["person", "add", "--name", "李师傅", "--role", "driver"])
        .id();
    let expired = relay.admin(&["pair", &person, "--ttl", "0s"]).json();
    let code = expired["code"].as_str().expect("a code");
    fails(
        &phone.run(&["pair", &relay.url(), code]),
        NOT_FOUND,
        &["pair.code_expired"],
    );
}

#[test]
fn a_code_is_used_once() {
    let (relay, _data) = relay_with_network();
    let person = relay
        .admin(&["person", "add", "--name", "李师傅", "--role", "driver"])
        .id();
    let code = relay.admin(&["pair", &person]).json()["code"]
        .as_str()
        .expect("a code")
        .to_owned();
    let (first, second) = (PhoneProcess::new(), PhoneProcess::new());
    assert_eq!(first.run(&["pair", &relay.url(), &code]).code, 0);
    assert_eq!(
        first.run(&["pair", &relay.url(), &code]).code,
        0,
        "an answer lost on its way is asked for again"
    );
    fails(
        &second.run(&["pair", &relay.url(), &code]),
        NOT_FOUND,
        &["pair.code_wrong"],
    );
}

#[test]
fn a_relay_that_is_down_costs_nothing() {
    let (relay, data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    relay.kill();
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    fails(&li.run(&["sync"]), UNREACHABLE, &[]);
    assert!(li.ok(&["visit", "list"]).to_string().contains(&visit));
    assert!(li.ok(&["status"])["unsent_changes"].as_u64() >= Some(1));
    let data = data.path().to_string_lossy().into_owned();
    fails(
        &run("yizhan", &["--data", &data, "station", "list"]),
        UNREACHABLE,
        &["yizhan serve"],
    );
}

#[test]
fn a_value_that_cannot_be_is_refused_at_the_tap() {
    let (relay, _data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    let before = li.ok(&["visit", "show", &visit]);
    fails(
        &li.run(&["visit", "rate", &visit, "6"]),
        REFUSED,
        &["value.range"],
    );
    fails(
        &li.run(&["visit", "serve", &visit, "shower"]),
        REFUSED,
        &["field.forbidden"],
    );
    fails(
        &li.run(&["visit", "show", "00000000"]),
        NOT_FOUND,
        &["00000000"],
    );
    fails(
        &li.run(&["visit", "start", "--station", "nowhere"]),
        NOT_FOUND,
        &["nowhere"],
    );
    assert_eq!(
        li.ok(&["visit", "show", &visit]),
        before,
        "a refused edit leaves no trace"
    );
}

#[test]
fn a_damaged_store_is_named_and_left_as_it_is() {
    let (relay, _data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    drop(relay);
    let file = li.home().join("yizhan.sqlite");
    for name in ["yizhan.sqlite-wal", "yizhan.sqlite-shm"] {
        let _ = std::fs::remove_file(li.home().join(name));
    }
    let garbage = vec![0x5a_u8; 8192];
    std::fs::write(&file, &garbage).expect("the home is writable");
    fails(&li.run(&["visit", "list"]), STORAGE, &["yizhan.sqlite"]);
    assert_eq!(
        std::fs::read(&file).expect("it is still there"),
        garbage,
        "nothing was overwritten"
    );
}

#[test]
fn a_locked_store_is_named() {
    let (relay, _data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    let lock =
        rusqlite::Connection::open(li.home().join("yizhan.sqlite")).expect("the store opens");
    lock.execute_batch("BEGIN EXCLUSIVE")
        .expect("it is ours for now");
    fails(
        &li.run(&["visit", "start", "--station", STATION]),
        STORAGE,
        &[],
    );
    lock.execute_batch("ROLLBACK").expect("and no more");
    drop(lock);
    assert_eq!(li.run(&["visit", "start", "--station", STATION]).code, 0);
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("a-file");
    std::fs::write(&file, b"not a folder").expect("the folder is writable");
    let home = file.to_string_lossy().into_owned();
    fails(
        &run("yizhan-phone", &["--home", &home, "visit", "list"]),
        STORAGE,
        &["a-file"],
    );
    fails(
        &run(
            "yizhan",
            &["serve", "--listen", "127.0.0.1:0", "--data", &home],
        ),
        STORAGE,
        &["a-file"],
    );
}

/// A disk that takes no more: a limit on the size of any file the process writes, which is what a
/// test can set without a file system of its own.
#[test]
fn a_full_disk_is_named_and_costs_nothing() {
    let (relay, _data) = relay_with_network();
    let li = driver(&relay, "李师傅");
    let visit = li.run(&["visit", "start", "--station", STATION]).id();
    let phone = yizhan_tests::process::binaries().join("yizhan-phone");
    let full = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"])
        .arg(&phone)
        .arg("--home")
        .arg(li.home())
        .args(["visit", "note", &visit, &"长".repeat(3_000)])
        .output()
        .expect("a shell");
    let said = Said {
        code: full.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&full.stdout).into_owned(),
        err: String::from_utf8_lossy(&full.stderr).into_owned(),
    };
    fails(&said, STORAGE, &[]);
    assert!(
        li.ok(&["visit", "list"]).to_string().contains(&visit),
        "nothing is lost"
    );
    assert_eq!(
        li.run(&["visit", "note", &visit, "有地方了"]).code,
        0,
        "and it goes on when there is room"
    );
}
