//! Hostile input over real sockets: one table. Each row says in the words of the domain what
//! somebody tries, with the credentials of a device that was really paired, and what the relay
//! answers. After each row somebody else syncs as if nothing had happened; and after all of them
//! the relay has not grown.

mod bodies;
mod changes;
mod guesses;
mod liar;
mod tokens;
mod values;

use yizhan_tests::process::RelayProcess;

use crate::{STATION, relay_with_network};
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

/// A relay, the liar, the driver whose things the liar wants, and a keeper who just works.
struct Town {
    relay: RelayProcess,
    liar: Liar,
    victim: Liar,
    keeper: Device,
    _data: tempfile::TempDir,
}

/// Bytes by which the relay's largest size may grow over all rows.
const GROWTH_BYTES_MAX: u64 = 64 * 1024 * 1024;

impl Town {
    fn new() -> Self {
        let (relay, data) = relay_with_network();
        let station = liar::station(&relay, STATION);
        let liar = Liar::arrived(Device::paired(&relay, "张师傅", &["driver"], 1), station);
        let victim = Liar::arrived(Device::paired(&relay, "李师傅", &["driver"], 2), station);
        let role = format!("keeper@{STATION}");
        let keeper = Device::paired(&relay, "王站长", &[&role], 3);
        Self {
            relay,
            liar,
            victim,
            keeper,
            _data: data,
        }
    }

    /// The keeper asks for everything, and gets it.
    fn assert_others_are_served(&self, after: &str) {
        let answer = self.keeper.sync(&self.keeper.everything());
        let response = answer.unwrap_or_else(|fault| panic!("after {after}: {fault}"));
        let documents = response
            .pages
            .iter()
            .map(|page| page.items.len())
            .sum::<usize>();
        assert!(documents > 2, "after {after}: {documents} documents");
    }

    /// The largest size that the relay's process ever had, where the system tells.
    fn peak_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.relay.pid())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }
}

#[test]
fn every_hostile_input_gets_its_answer_and_others_are_served_all_the_while() {
    let mut town = Town::new();
    town.assert_others_are_served("nothing");
    let before = town.peak_bytes();
    let mut wrong = Vec::new();
    // Guesses come last: they end in being told to wait.
    for rows in [
        changes::ROWS,
        values::ROWS,
        bodies::ROWS,
        tokens::ROWS,
        guesses::ROWS,
    ] {
        for row in rows {
            let said = (row.attempt)(&mut town);
            if said != row.expected {
                wrong.push(format!("{}: {said}, and not {}", row.name, row.expected));
            }
            town.assert_others_are_served(row.name);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    if let (Some(before), Some(after)) = (before, town.peak_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown < GROWTH_BYTES_MAX, "the relay grew by {grown} bytes");
    }
}
