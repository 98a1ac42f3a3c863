//! Devices over real sockets and processes: copied, revoked, lost, shared, with new keys.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;
use yizhan_tests::process::{PhoneProcess, RelayProcess, run};

use crate::{STATION, driver, keeper, relay_with_network};

fn device(phone: &PhoneProcess) -> String {
    phone.ok(&["status"])["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// A relay's view of a device.
fn listed(relay: &RelayProcess, device: &str) -> Value {
    let devices = relay.admin(&["device", "list"]).json();
    let found = devices.as_array().expect("a list").iter();
    let mut found = found.filter(|row| row["id"] == device);
    found.next().expect("a device of this relay").clone()
}

fn quarantined(relay: &RelayProcess) -> u64 {
    relay.admin(&["status"]).json()["quarantined"]
        .as_u64()
        .expect("a number")
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

fn visits(phone: &PhoneProcess) -> usize {
    phone
        .ok(&["visit", "list"])
        .as_array()
        .expect("a list")
        .len()
}

/// Whether any file under a folder holds these bytes.
fn says(folder: &Path, words: &str) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            return says(&path, words);
        }
        let bytes = std::fs::read(path).expect("a file is read");
        bytes
            .windows(words.len())
            .any(|found| found == words.as_bytes())
    })
}

#[test]
fn a_folder_copied_with_unsent_work_in_it_syncs_from_both_places() {
    let (relay, _data) = relay_with_network();
    let (phone, counter) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let _ = phone.ok(&["visit", "start", "--station", STATION]);
    let copy = PhoneProcess::new();
    copy_folder(phone.home(), copy.home());
    for (which, note) in [(&copy, "副本"), (&phone, "原机")] {
        let _ = which.ok(&["visit", "note", "last", note]);
        let _ = which.ok(&["visit", "start", "--station", STATION]);
    }
    let incarnation = |phone: &PhoneProcess| phone.ok(&["status"])["incarnation"].clone();
    assert_ne!(incarnation(&phone), incarnation(&copy));
    for which in [&phone, &copy, &phone] {
        which.sync();
    }
    counter.sync();
    for which in [&phone, &copy, &counter] {
        assert_eq!(visits(which), 3);
        assert_eq!(which.ok(&["status"])["unsent_changes"], 0);
    }
    assert_eq!(quarantined(&relay), 0);
}

/// The stream of a watching device, up to its end.
fn rest_of(stream: TcpStream) -> String {
    let mut text = String::new();
    let _ = BufReader::new(stream).read_to_string(&mut text);
    text
}

#[test]
fn revocation_ends_an_open_watch_and_refuses_the_next_request() {
    let (relay, _data) = relay_with_network();
    let phone = driver(&relay, "李师傅");
    let mut watching = phone.start(&["sync", "--watch"]);
    let mut said = BufReader::new(watching.stdout.take().expect("its output is piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("it says that it synced");
    assert!(line.starts_with("synced"), "{line}");
    let id = device(&phone);
    assert_eq!(relay.admin(&["device", "revoke", &id]).code, 0);
    // Its stream ends, it syncs anew, and is refused: the program ends by itself.
    let status = watching.wait().expect("it ends");
    assert_eq!(status.code(), Some(6));
    let refused = phone.run(&["sync"]);
    assert_eq!(refused.code, 6);
    assert!(refused.err.contains("revoked"), "{refused:?}");
}

#[test]
fn a_lost_phone_gives_its_unsent_work_to_the_relay_and_keeps_nothing() {
    let (relay, _data) = relay_with_network();
    let (phone, counter) = (driver(&relay, "李师傅"), keeper(&relay, "王站长"));
    let words = "a-word-that-is-written-nowhere-else";
    let _ = phone.ok(&["visit", "start", "--station", STATION]);
    phone.sync();
    let _ = phone.ok(&["visit", "note", "last", words]);
    assert!(says(phone.home(), words));
    let id = device(&phone);
    let ordered = relay.admin(&["device", "revoke", &id, "--wipe"]).json();
    assert!(ordered["wipe_ordered_at"].is_string(), "{ordered}");
    assert!(ordered["wiped_at"].is_null(), "{ordered}");
    let wiped = phone.run(&["sync"]);
    assert_eq!(wiped.code, 6, "{wiped:?}");
    assert!(wiped.err.contains("wiped by its relay on 20"), "{wiped:?}");
    assert!(wiped.err.contains("device.wiped"), "{wiped:?}");
    assert!(!says(phone.home(), words));
    let left: Vec<_> = std::fs::read_dir(phone.home())
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name())
        .collect();
    assert_eq!(left, ["yizhan.wiped"]);
    let now = listed(&relay, &id);
    assert!(now["wiped_at"].is_string(), "{now}");
    assert_eq!(now["handed_over"], 1);
    assert_eq!(quarantined(&relay), 1);
    // Whatever is tried there, it says why it is empty.
    for command in [
        &["status"][..],
        &["visit", "list"],
        &["sync"],
        &["pair", "http://127.0.0.1:1", "A"],
    ] {
        let said = phone.run(command);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("device.wiped"), "{said:?}");
    }
    counter.sync();
    assert_eq!(visits(&counter), 1, "what was sent stays");
}

/// A portal answers 401 and 403 with whatever it likes.
#[test]
fn a_portal_that_answers_every_request_wipes_no_phone() {
    let (relay, _data) = relay_with_network();
    let phone = driver(&relay, "李师傅");
    let _ = phone.ok(&["visit", "start", "--station", STATION]);
    let port = relay
        .address()
        .rsplit(':')
        .next()
        .expect("a port")
        .to_owned();
    assert_eq!(relay.stop(), 0);
    let portal =
        std::net::TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port is free");
    // {0: "device.revoked", 1: "wipe"}
    let fault = [
        &[0xa2, 0x00, 0x6e][..],
        b"device.revoked",
        &[0x01, 0x64],
        b"wipe",
    ]
    .concat();
    let answers: [(&str, &str, Vec<u8>); 3] = [
        ("403", "application/cbor", fault.clone()),
        ("401", "application/cbor", fault),
        (
            "401",
            "application/json",
            b"{\"code\":\"device.wiped\"}".to_vec(),
        ),
    ];
    for (status, media, body) in answers {
        let child = phone.start(&["--json", "sync"]);
        let portal = portal.try_clone().expect("a listener");
        let serving = std::thread::spawn(move || {
            while let Ok((mut stream, _)) = portal.accept() {
                let mut line = String::new();
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line.starts_with("END") {
                    return;
                }
                let head = format!(
                    "HTTP/1.1 {status} No\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
                let _ = stream.shutdown(std::net::Shutdown::Write);
                drop(rest_of(stream));
            }
        });
        let output = child.wait_with_output().expect("it ends");
        assert!(!output.status.success(), "{status} {media}");
        let mut end = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the portal");
        end.write_all(b"END\r\n").expect("it hears");
        serving.join().expect("the portal ends");
        assert_eq!(
            phone.ok(&["status"])["unsent_changes"],
            1,
            "{status} {media}"
        );
    }
}

#[test]
fn a_phone_goes_over_to_a_new_key_and_a_copy_with_the_old_one_is_told() {
    let (relay, _data) = relay_with_network();
    let phone = driver(&relay, "李师傅");
    let copy = PhoneProcess::new();
    copy_folder(phone.home(), copy.home());
    let key = |said: Value| said["public_key"].as_str().expect("a key").to_owned();
    let first = key(phone.ok(&["device", "rotate-key"]));
    let second = key(phone.ok(&["device", "rotate-key"]));
    assert_ne!(first, second);
    let _ = phone.ok(&["visit", "start", "--station", STATION]);
    phone.sync();
    let _ = phone.ok(&["code"]);
    // The copy's token still opens; a key of its own it does not get.
    let refused = copy.run(&["device", "rotate-key"]);
    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(refused.err.contains("device.key_replaced"), "{refused:?}");
}

struct TabletProcess(PhoneProcess);

impl TabletProcess {
    fn new(relay: &RelayProcess) -> Self {
        let tablet = Self(PhoneProcess::new());
        for (name, pin) in [("王站长", "1234"), ("赵站长", "87654321")] {
            let _ = tablet.0.ok(&["keeper", "add", name, "--pin", pin]);
            tablet.switch(name, pin);
            let role = format!("keeper@{STATION}");
            let args = [
                "person", "add", "--name", name, "--role", &role, "--role", "driver",
            ];
            let person = relay.admin(&args).id();
            relay.pair(&tablet.0, &person);
            tablet.0.sync();
        }
        tablet
    }

    fn switch(&self, name: &str, pin: &str) {
        let _ = self
            .0
            .ok(&["keeper", "switch", name, "--pin", pin, "--no-sync"]);
    }

    fn waiting(&self) -> Vec<u64> {
        let keepers = self.0.ok(&["keeper", "list"]);
        let keepers = keepers.as_array().expect("a list").iter();
        keepers
            .map(|row| row["unsent_changes"].as_u64().expect("a number"))
            .collect()
    }
}

#[test]
fn two_keepers_share_a_tablet_each_with_their_own_work_and_name() {
    let (relay, _data) = relay_with_network();
    let tablet = TabletProcess::new(&relay);
    tablet.switch("王站长", "1234");
    let _ = tablet.0.ok(&["visit", "start", "--station", STATION]);
    let _ = tablet.0.ok(&["keeper", "lock", "--no-sync"]);
    // Locked: nobody reads or writes, and what waits is shown as a number.
    for command in [&["visit", "list"][..], &["sync"], &["code"], &["export"]] {
        let said = tablet.0.run(command);
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains("tablet.locked"), "{said:?}");
    }
    assert_eq!(tablet.waiting(), [1, 0]);
    assert_eq!(tablet.0.ok(&["status"])["locked"], true);
    let home = tablet.0.home().to_string_lossy().into_owned();
    let text = run("yizhan-phone", &["--home", &home, "status"]);
    assert!(
        text.out.contains("1 change of 王站长 waits for their PIN"),
        "{text:?}"
    );
    // A wrong PIN is refused, the third one costs a wait, and another keeper is not held up.
    for code in [
        "tablet.pin_wrong",
        "tablet.pin_wrong",
        "tablet.pin_wrong",
        "tablet.pin_wait",
    ] {
        let said = tablet
            .0
            .run(&["keeper", "switch", "王站长", "--pin", "0000"]);
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains(code), "{said:?}");
    }
    tablet.switch("赵站长", "87654321");
    assert_eq!(visits(&tablet.0), 0, "the visit is of another person");
    assert_eq!(tablet.0.ok(&["whoami"])["name"], "赵站长");
    let pin = tablet.0.run(&["keeper", "switch", "赵站长", "--pin", "12"]);
    assert_eq!(pin.code, 2, "{pin:?}");
    assert!(pin.err.contains("tablet.pin_rule"), "{pin:?}");
}

/// The program is killed at turns; each keeper finds what was entered, and it is sent at a turn's
/// end if the relay can be reached.
#[test]
fn a_tablet_killed_at_a_switch_loses_nothing_and_a_turns_end_sends() {
    let (relay, _data) = relay_with_network();
    let tablet = TabletProcess::new(&relay);
    for _ in 0..3 {
        for (name, pin) in [("王站长", "1234"), ("赵站长", "87654321")] {
            let mut dying = tablet.0.start(&["keeper", "switch", name, "--pin", pin]);
            dying.kill().expect("it can be killed");
            dying.wait().expect("it ends");
            tablet.switch(name, pin);
            let _ = tablet.0.ok(&["visit", "start", "--station", STATION]);
        }
    }
    assert_eq!(tablet.waiting(), [3, 3]);
    let _ = tablet
        .0
        .ok(&["keeper", "switch", "王站长", "--pin", "1234"]);
    assert_eq!(tablet.waiting(), [3, 0], "the turn that ended was sent");
    let _ = tablet.0.ok(&["keeper", "lock"]);
    assert_eq!(tablet.waiting(), [0, 0]);
    let status = relay.admin(&["status"]).json();
    assert_eq!(status["quarantined"], 0);
}

/// A keeper moved away. As long as something of theirs is on the tablet alone, the profile stays; with
/// their PIN it is sent first; without it another keeper has to be there.
#[test]
fn a_keeper_who_left_is_removed_once_their_work_has_arrived() {
    let (relay, _data) = relay_with_network();
    let tablet = TabletProcess::new(&relay);
    tablet.switch("王站长", "1234");
    let _ = tablet.0.ok(&["visit", "start", "--station", STATION]);
    let _ = tablet.0.ok(&["keeper", "lock", "--no-sync"]);
    let said = tablet.0.run(&["keeper", "remove", "王站长"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("tablet.locked"), "{said:?}");
    tablet.switch("赵站长", "87654321");
    let said = tablet.0.run(&["keeper", "remove", "王站长"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(
        said.err.contains("tablet.unsent") && said.err.contains("1 entry"),
        "{said:?}"
    );
    assert_eq!(tablet.waiting(), [1, 0]);

    let removed = tablet
        .0
        .ok(&["keeper", "remove", "王站长", "--pin", "1234"]);
    let device = removed["device"].as_str().expect("a device").to_owned();
    assert_eq!(tablet.waiting(), [0], "the other keeper's profile is there");
    assert_eq!(tablet.0.ok(&["whoami"])["name"], "赵站长");
    let devices = relay.admin(&["device", "list"]).json();
    let devices = devices.as_array().expect("a list");
    assert!(devices.iter().any(|row| row["id"] == device.as_str()));
    let home = tablet.0.home().join("keeper-1");
    assert!(!home.exists(), "and nothing of the profile is");
    tablet.0.sync();
    let said = tablet.0.run(&["keeper", "remove", "王站长"]);
    assert!(said.err.contains("tablet.no_keeper"), "{said:?}");
}

/// Six processes at once: each try is counted, and none is free.
#[test]
fn pins_tried_at_once_are_counted_one_by_one() {
    let tablet = PhoneProcess::new();
    let _ = tablet.ok(&["keeper", "add", "王站长", "--pin", "1234"]);
    let wrong = ["keeper", "switch", "王站长", "--pin", "0000"];
    let said: Vec<String> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..6).map(|_| scope.spawn(|| tablet.run(&wrong))).collect();
        let said = tries.into_iter().map(|one| one.join().expect("it ends"));
        said.map(|said| said.err).collect()
    });
    let count = |code: &str| said.iter().filter(|err| err.contains(code)).count();
    assert_eq!(
        (count("tablet.pin_wrong"), count("tablet.pin_wait")),
        (3, 3),
        "{said:?}"
    );
}
