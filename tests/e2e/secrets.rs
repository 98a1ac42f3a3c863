//! No secret in a log, an error, a list of processes; and files that only their owner may read.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use yizhan_tests::process::{NETWORK, PhoneProcess, RelayProcess, Said, binaries};

use crate::STATION;

/// What must appear nowhere: in every form in which it might.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn text(&mut self, what: &str, text: &str) {
        assert!(
            text.len() >= 8,
            "{what} is too short to be told from chance"
        );
        self.0.push((what.to_owned(), text.to_owned()));
    }

    fn bytes(&mut self, what: &str, bytes: &[u8]) {
        let hex = bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String");
            text
        });
        self.text(what, &hex);
        self.text(what, &hex.to_uppercase());
        for alphabet in [b"+/", b"-_"] {
            self.text(what, &base64(bytes, *alphabet));
        }
        // As a list of numbers, the way a derived Debug writes them.
        let numbers: Vec<String> = bytes.iter().take(12).map(u8::to_string).collect();
        self.text(what, &numbers.join(", "));
    }

    #[track_caller]
    fn none_in(&self, place: &str, text: &str) {
        for (what, secret) in &self.0 {
            assert!(!text.contains(secret.as_str()), "{what} stands in {place}");
        }
    }
}

/// Base 64 without padding; the last two characters of the alphabet are given.
fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    let alphabet: Vec<u8> = (b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain(last)
        .collect();
    let group = |group: &[u8]| -> String {
        let bits = (0..3).fold(0_usize, |bits, n| {
            bits << 8 | usize::from(group.get(n).copied().unwrap_or(0))
        });
        let digits = (0..=group.len()).map(|n| alphabet[bits >> (18 - 6 * n) & 63]);
        digits.map(char::from).collect()
    };
    bytes.chunks(3).map(group).collect()
}

/// The secrets of a phone: its key, its token, the challenge it is to answer.
fn of_phone(phone: &PhoneProcess, secrets: &mut Secrets) {
    let file = phone.home().join("yizhan.sqlite");
    let connection = rusqlite::Connection::open(file).expect("a store");
    let sql = "SELECT secret_key, token, challenge FROM device";
    let (key, token, challenge) = connection
        .query_row(sql, [], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, Vec<u8>>(2)?,
            ))
        })
        .expect("a device");
    secrets.bytes("a phone's key", &key);
    if let Some(token) = token {
        let signature = token.rsplit('.').next().expect("a token has parts");
        secrets.text("a token", signature);
    }
    if !challenge.is_empty() {
        secrets.bytes("a challenge", &challenge);
    }
}

/// The secrets of a relay: the keys in its folder.
fn of_relay(data: &Path, secrets: &mut Secrets) {
    let read = |name: &str| fs::read(data.join(name)).expect("a key file");
    let admin = String::from_utf8(read("admin.key")).expect("digits");
    secrets.text("the operator's key", admin.trim());
    secrets.bytes("the key of challenges", &read("challenge.key"));
    // The last 32 bytes of the file are the key.
    let token = read("token.key");
    secrets.bytes("the key of tokens", &token[token.len() - 32..]);
}

/// Everything that was said, where.
#[derive(Default)]
struct Heard(Vec<(String, String)>);

impl Heard {
    fn said(&mut self, what: &str, said: &Said) {
        self.0
            .push((format!("the output of {what}"), said.out.clone()));
        self.0
            .push((format!("the errors of {what}"), said.err.clone()));
    }

    fn run(&mut self, phone: &PhoneProcess, args: &[&str]) -> Said {
        let said = phone.run(args);
        self.said(&args.join(" "), &said);
        said
    }

    /// A bad request, with what is secret where it does not belong.
    fn asks(&mut self, relay: &RelayProcess, path: &str, bearer: &str) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let answer = agent
            .post(format!("{}{path}", relay.url()))
            .header("authorization", format!("Bearer {bearer}"))
            .header("content-type", "application/cbor")
            .send(&b"\xff\xff"[..]);
        let mut answer = answer.expect("the relay answers");
        assert!(answer.status().is_client_error(), "{}", answer.status());
        let body = answer.body_mut().read_to_vec().expect("a body");
        let body = String::from_utf8_lossy(&body).into_owned();
        self.0.push((format!("the answer to {}", &path[..8]), body));
    }
}

/// Pairs as a careful person does: the code never stands in a command.
fn pair_from_input(relay: &RelayProcess, phone: &PhoneProcess, code: &str) -> String {
    let mut child = Command::new(binaries().join("yizhan-phone"))
        .arg("--home")
        .arg(phone.home())
        .args(["pair", &relay.url(), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a phone can be started");
    let seen = command_line(child.id());
    let mut input = child.stdin.take().expect("it is piped");
    writeln!(input, "{code}").expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    seen
}

/// What a list of processes shows of one.
fn command_line(pid: u32) -> String {
    let shown = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&shown).replace('\0', " ")
}

fn new_code(relay: &RelayProcess, name: &str, secrets: &mut Secrets) -> String {
    let person = relay.admin(&["person", "add", "--name", name, "--role", "driver"]);
    let code = relay.admin(&["pair", &person.id()]).json()["code"].clone();
    let code = code.as_str().expect("a code").to_owned();
    let plain = code.replace('-', "");
    for form in [&code, &plain, &plain.to_lowercase()] {
        secrets.text("a pairing code", form);
    }
    code
}

/// A day of a driver, and everything that goes wrong in it.
fn a_day(
    relay: &RelayProcess,
    data: &Path,
    li: &PhoneProcess,
    used: &str,
    secrets: &mut Secrets,
    heard: &mut Heard,
) {
    for args in [
        &["sync"][..],
        &["visit", "start", "--station", STATION],
        &["sync"],
        &["status"],
        &["whoami"],
        &["held"],
        &["visit", "show", "last"],
    ] {
        heard.run(li, args);
    }
    let token = {
        let store = rusqlite::Connection::open(li.home().join("yizhan.sqlite")).expect("a store");
        let token: String = store
            .query_row("SELECT token FROM device", [], |row| row.get(0))
            .expect("a token");
        let forged = format!("{}x", &token[..token.len() - 1]);
        store
            .execute("UPDATE device SET token = ?1", [forged])
            .expect("it is written");
        token
    };
    heard.run(li, &["visit", "note", "last", "夜里到站"]);
    heard.run(li, &["sync"]);
    of_phone(li, secrets);
    let admin = fs::read_to_string(data.join("admin.key")).expect("the key");
    heard.asks(relay, "/v1/sync", &token);
    heard.asks(relay, "/v1/sync", admin.trim());
    heard.asks(relay, "/v1/admin/people", &token);
    heard.asks(relay, &format!("/v1/token?token={token}"), "x");
    heard.asks(relay, &format!("/v1/pair?code={used}"), used);
}

#[test]
fn no_secret_stands_in_a_log_an_error_or_a_list_of_processes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("relay");
    let trace = ["--log", "trace", "--log-format", "json"];
    let relay = RelayProcess::start_with(&data, "127.0.0.1:0", &trace);
    assert_eq!(relay.admin(&["station", "import", NETWORK]).code, 0);
    let (mut secrets, mut heard) = (Secrets::default(), Heard::default());
    of_relay(&data, &mut secrets);
    heard
        .0
        .push(("the greeting".to_owned(), relay.greeting.clone()));

    // Pairing, in order and with a wrong code.
    let (li, zhang) = (PhoneProcess::new(), PhoneProcess::new());
    let code = new_code(&relay, "李师傅", &mut secrets);
    let seen = pair_from_input(&relay, &li, &code);
    heard.0.push(("the list of processes".to_owned(), seen));
    let (url, used) = (relay.url(), code);
    let wrong = heard.run(&zhang, &["pair", &url, &used]);
    assert_ne!(wrong.code, 0, "a code is good once");
    let code = new_code(&relay, "张师傅", &mut secrets);
    let link = format!("{url}/pair?code={code}");
    heard.run(&zhang, &["pair", &link]);
    of_phone(&li, &mut secrets);
    of_phone(&zhang, &mut secrets);

    a_day(&relay, &data, &li, &used, &mut secrets, &mut heard);
    let device = li.ok(&["whoami"])["device"]
        .as_str()
        .expect("a device")
        .to_owned();
    heard.said("revoke", &relay.admin(&["device", "revoke", &device]));
    heard.run(&li, &["sync"]);
    for args in [
        &["audit", "list"][..],
        &["device", "list"],
        &["person", "list"],
        &["status"],
    ] {
        heard.said(args[0], &relay.admin(args));
    }
    heard.0.push((
        "the list of processes".to_owned(),
        command_line(relay.pid()),
    ));
    let (code, log) = relay.stop_and_hear();
    assert_eq!(code, 0);
    assert!(
        log.lines().count() > 100,
        "everything is traced: {}",
        log.len()
    );
    heard.run(&zhang, &["sync"]);
    heard.0.push(("the relay's log".to_owned(), log));
    for (place, text) in &heard.0 {
        secrets.none_in(place, text);
    }
}

#[test]
#[cfg(unix)]
fn every_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    fn walk(path: &Path, seen: &mut Vec<String>) {
        let about = fs::symlink_metadata(path).expect("it is there");
        let mode = about.permissions().mode() & 0o777;
        let wanted = if about.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{} has {mode:o}", path.display());
        seen.push(path.display().to_string());
        if about.is_dir() {
            for entry in fs::read_dir(path).expect("it is read") {
                walk(&entry.expect("an entry").path(), seen);
            }
        }
    }

    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("relay");
    let relay = RelayProcess::start(&data);
    assert_eq!(relay.admin(&["station", "import", NETWORK]).code, 0);
    let li = relay.phone_of("李师傅", &["driver"]);
    li.sync();
    drop(li.run(&["visit", "start", "--station", STATION]));
    let photo = folder.path().join("photo.pdf");
    fs::write(&photo, b"%PDF-1.7 a paper").expect("it is written");
    let photo = photo.to_string_lossy().into_owned();
    drop(li.ok(&["attachment", "add", "--visit", "last", &photo]));
    li.sync();
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("it is made");
    let to = |name: &str| out.join(name).to_string_lossy().into_owned();
    for args in [
        &["export", &to("all.json")][..],
        &["attachment", "get", "last", "--out", &to("paper.pdf")],
    ] {
        drop(li.ok(args));
    }
    assert_eq!(
        relay
            .admin(&["audit", "export", "--out", &to("audit.jsonl")])
            .code,
        0
    );
    assert_eq!(
        relay.admin(&["report", "--out", &to("report.json")]).code,
        0
    );

    let mut seen = Vec::new();
    walk(&data, &mut seen);
    // The folders themselves were made by this test.
    for folder in [li.home(), &out] {
        for file in fs::read_dir(folder).expect("it is read") {
            walk(&file.expect("an entry").path(), &mut seen);
        }
    }
    for name in [
        "relay.db-wal",
        "admin.key",
        "relay.addr",
        "yizhan.sqlite",
        "audit.jsonl",
    ] {
        assert!(
            seen.iter().any(|path| path.ends_with(name)),
            "{name}: {seen:?}"
        );
    }
    assert!(
        seen.iter().any(|path| path.contains("/attachments/")),
        "{seen:?}"
    );
}
