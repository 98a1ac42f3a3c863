//! Hostile input over real sockets: one table. Each row says in the words of the domain what
//! somebody tries, with the credentials of a device that was really paired, and what the relay
//! answers. All the while a keeper goes on syncing, as quickly as ever; and the relay does not grow.

mod bodies;
mod changes;
mod doors;
mod guesses;
mod liar;
mod tokens;
mod values;

use std::sync::atomic::{AtomicBool, Ordering};

use yizhan_client_core::clock::{Clock, SystemClock};
use yizhan_tests::process::RelayProcess;

use crate::STATION;
use liar::{Device, Liar};

/// One try.
struct Row {
    /// What somebody tries.
    name: &'static str,
    /// What the relay says to it: a fault's code, or what became of the first pushed change.
    expected: &'static str,
    /// The try; gives what the relay said.
    attempt: fn(&mut Town) -> String,
}

const fn row(name: &'static str, expected: &'static str, attempt: fn(&mut Town) -> String) -> Row {
    Row {
        name,
        expected,
        attempt,
    }
}

/// A relay, the liar, and the driver whose things the liar wants.
struct Town {
    relay: RelayProcess,
    liar: Liar,
    victim: Liar,
    /// What the QR at the station's counter says: everybody may know it.
    station_code: String,
    data: tempfile::TempDir,
}

/// Bytes by which the relay's largest size may grow over all rows. A request has at most 4 MiB and an
/// answer as many, several are served at a time, and what is freed is not given back at once. The
/// smaller of the bombs would take twice as much as this, the larger a hundred times.
const GROWTH_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Milliseconds within which a keeper who just works is answered while somebody tries something: as
/// half of the answers are, since the machine that runs the tests does other things too.
const SERVED_WITHIN_MS: u64 = 100;
/// Milliseconds for which the keeper never waits, whatever else goes on.
const SERVED_AT_ALL_MS: u64 = 5_000;
/// How often the keeper asks during each row, at least.
const ASKED_MIN: usize = 5;

impl Town {
    fn new() -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        // The keeper below asks without a pause, more often than a device may by default.
        let limits = data.path().join("limits.json");
        let text = r#"{"device_per_min": 0, "person_per_min": 0, "address_per_min": 0}"#;
        std::fs::write(&limits, text).expect("a file is written");
        let flags = ["--limits", &limits.to_string_lossy()];
        let relay = RelayProcess::start_with(data.path(), "127.0.0.1:0", &flags);
        let import = ["station", "import", yizhan_tests::process::NETWORK];
        assert_eq!(relay.admin(&import).code, 0);
        let station = liar::station(&relay, STATION);
        let liar = Liar::arrived(Device::paired(&relay, "张师傅", &["driver"], 1), station);
        let victim = Liar::arrived(Device::paired(&relay, "李师傅", &["driver"], 2), station);
        let qr = relay.admin(&["station", "qr", STATION]).json();
        let qr = qr["url"].as_str().expect("what the QR says");
        let (_, station_code) = qr.split_once("code=").expect("a code");
        Self {
            station_code: station_code.to_owned(),
            relay,
            liar,
            victim,
            data,
        }
    }

    /// The largest size that the relay's process ever had. Only Linux tells.
    fn peak_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.relay.pid())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }
}

/// The keeper asks for everything, and gets it.
fn assert_served(keeper: &Device, after: &str) {
    let answer = keeper.sync(&keeper.everything());
    let response = answer.unwrap_or_else(|fault| panic!("after {after}: {fault}"));
    let documents = response
        .pages
        .iter()
        .map(|page| page.items.len())
        .sum::<usize>();
    assert!(documents > 2, "after {after}: {documents} documents");
}

/// Says that the try has ended when it goes, also if the try panicked.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Has somebody try something while the keeper syncs without a pause. Gives what came of the try,
/// and how long the keeper waited each time, in milliseconds, rising.
fn meanwhile(keeper: &Device, attempt: impl FnOnce() -> String) -> (String, Vec<u64>) {
    let clock = SystemClock::new();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut waited_ms = Vec::new();
            while waited_ms.len() < ASKED_MIN || !done.load(Ordering::Acquire) {
                let begun_ms = clock.elapsed_ms();
                let answer = keeper.sync(&keeper.nothing());
                answer.unwrap_or_else(|fault| panic!("the keeper is refused: {fault}"));
                waited_ms.push(clock.elapsed_ms() - begun_ms);
            }
            waited_ms.sort_unstable();
            waited_ms
        });
        let ended = Ended(&done);
        let said = attempt();
        drop(ended);
        (said, asking.join().expect("the keeper is served"))
    })
}

#[test]
fn every_hostile_input_gets_its_answer_and_others_are_served_all_the_while() {
    let mut town = Town::new();
    let role = format!("keeper@{STATION}");
    let keeper = Device::paired(&town.relay, "王站长", &[&role], 3);
    assert_served(&keeper, "nothing");
    let before = town.peak_bytes();
    assert!(before.is_some() || !cfg!(target_os = "linux"));
    let mut wrong = Vec::new();
    // Guesses come last: they end in being told to wait.
    for rows in [
        changes::ROWS,
        values::ROWS,
        bodies::ROWS,
        tokens::ROWS,
        doors::ROWS,
        guesses::ROWS,
    ] {
        for row in rows {
            let (said, waited_ms) = meanwhile(&keeper, || (row.attempt)(&mut town));
            if said != row.expected {
                wrong.push(format!("{}: {said}, and not {}", row.name, row.expected));
            }
            let half_ms = waited_ms[waited_ms.len() / 2];
            let most_ms = waited_ms[waited_ms.len() - 1];
            if half_ms > SERVED_WITHIN_MS || most_ms > SERVED_AT_ALL_MS {
                wrong.push(format!("{}: others waited {waited_ms:?} ms", row.name));
            }
            let grown = town.peak_bytes().zip(before);
            let grown = grown.map_or(0, |(now, before)| now.saturating_sub(before));
            assert!(
                grown < GROWTH_BYTES_MAX,
                "{}: the relay grew by {grown} bytes",
                row.name
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_served(&keeper, "all of them");
    drop(town.data);
}
