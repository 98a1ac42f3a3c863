//! What befalls a world: coverage, deaths, restarts, restores.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use yizhan_client_core::engine::Outcome;
use yizhan_proto::Epoch;
use yizhan_server::relay::{Quotas, Relay, RelayOptions};

use super::{PASSES_MAX, PhoneNo, World};
use crate::clock::{SECOND_MS, SimClock};
use crate::ledger::{self, Ledger};
use crate::net::Mishap;
use crate::pocket::Standing;

/// What befalls the world.
impl World {
    pub(super) fn relay_folder(&self) -> PathBuf {
        self.folder.path().join(format!("relay-{}", self.relays))
    }

    /// Starts the relay on its folder.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_relay(&mut self) {
        let folder = self.relay_folder();
        std::fs::create_dir_all(&folder).expect("a folder");
        let clock: Arc<SimClock> = Arc::clone(&self.relay_clock);
        let options = RelayOptions {
            periods: self.periods.clone(),
            quotas: self.quotas,
            ..RelayOptions::default()
        };
        let relay = Relay::open(&folder, clock, &options).expect("the relay opens");
        self.net.connect(Some(relay.clone()));
        self.relay = Some(relay);
    }

    /// From now on people may begin and leave waiting so much. The relay is restarted for that.
    pub fn limit(&mut self, quotas: Quotas) {
        self.stop_relay();
        self.quotas = quotas;
        self.start_relay();
    }

    /// Stops the relay.
    pub fn stop_relay(&mut self) {
        self.net.connect(None);
        if let Some(relay) = self.relay.take() {
            relay.shutdown();
        }
    }

    /// Copies the stopped relay's folder, as a backup does.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn back_up_relay(&mut self) -> PathBuf {
        self.stop_relay();
        self.backups += 1;
        let backup = self.folder.path().join(format!("backup-{}", self.backups));
        copy_folder(&self.relay_folder(), &backup);
        self.start_relay();
        backup
    }

    /// The relay is lost, and comes back from a backup, in a lineage of its own.
    ///
    /// # Panics
    /// If it does not.
    pub fn restore_relay(&mut self, backup: &Path) {
        self.stop_relay();
        self.relays += 1;
        copy_folder(backup, &self.relay_folder());
        let mut epoch = [0; 8];
        self.chance
            .fork(&format!("epoch {}", self.relays))
            .fill(&mut epoch);
        ledger::begin_epoch(&self.relay_folder(), Epoch::from_bytes(epoch));
        self.start_relay();
        self.net.forget_old_requests();
    }

    /// What the relay accepted so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger::read(&self.relay_folder())
    }

    /// The phone leaves coverage.
    pub fn go_offline(&mut self, phone: PhoneNo) {
        self.net.set_offline(self.phones[phone.0].device(), true);
    }

    /// The phone is back in coverage.
    pub fn come_online(&mut self, phone: PhoneNo) {
        self.net.set_offline(self.phones[phone.0].device(), false);
    }

    /// The phone's next exchange is cut after the relay committed.
    pub fn cut(&mut self, phone: PhoneNo) {
        self.order(phone, &[Mishap::ResponseCut]);
    }

    /// What happens to the phone's next exchanges.
    pub fn order(&mut self, phone: PhoneNo, mishaps: &[Mishap]) {
        let device = self.phones[phone.0].device();
        self.net.order(device, mishaps.iter().copied());
    }

    /// The phone syncs.
    pub fn sync(&mut self, phone: PhoneNo) -> Outcome {
        self.time.pass_ms(SECOND_MS);
        let outcome = self.phones[phone.0].sync();
        self.watch_seats();
        outcome
    }

    /// The phone dies without farewell and is switched on again.
    pub fn crash(&mut self, phone: PhoneNo) {
        self.phones[phone.0].crash();
    }

    /// Everybody comes into coverage, nothing goes wrong any more, and all sync until nothing moves.
    ///
    /// # Panics
    /// If that never comes.
    pub fn run_until_quiet(&mut self) {
        self.net.heal();
        let mut last = None;
        for _ in 0..PASSES_MAX {
            for phone in self.phone_numbers() {
                if self.people[phone.0].person.is_none() {
                    continue;
                }
                match self.sync(phone) {
                    Outcome::Synced { .. } => {}
                    other @ (Outcome::Waiting { .. } | Outcome::Stopped(_)) => {
                        panic!("{}: {other:?}", self.phones[phone.0].name())
                    }
                }
            }
            self.settle_seats();
            self.carry_out_erasures();
            self.grow_old();
            let now = (self.relay_head(), self.unsent());
            if last == Some(now) && now.1 == 0 {
                return;
            }
            last = Some(now);
        }
        panic!(
            "not quiet after {PASSES_MAX} passes: {last:?}; unsent:\n  {}",
            self.unsent_in_words().join("\n  ")
        );
    }

    fn relay_head(&self) -> u64 {
        let status = self.run(self.relay().status()).expect("a status");
        status.head.get()
    }

    /// What is still unsent, and what it builds on.
    fn unsent_in_words(&self) -> Vec<String> {
        let ledger = self.ledger();
        let mut words = Vec::new();
        for phone in &self.phones {
            for (id, kept) in phone.pocket().documents {
                for hash in kept.standing(Standing::Unsent) {
                    let deps: Vec<String> = kept.changes[&hash]
                        .deps
                        .iter()
                        .map(|dep| {
                            let kept = kept.changes.get(dep);
                            let kept = kept.map(|change| (change.standing, change.own));
                            format!("{dep} {kept:?} at relay {}", ledger.has(id, *dep))
                        })
                        .collect();
                    let name = phone.name();
                    let command = self
                        .reference()
                        .entries()
                        .find(|entry| entry.change == hash)
                        .map(|entry| format!("{:?}", entry.command));
                    words.push(format!(
                        "{name}: {} {id}: {hash} {command:?} on {deps:?}",
                        kept.kind
                    ));
                }
            }
        }
        words
    }

    fn unsent(&self) -> u64 {
        self.phones
            .iter()
            .zip(&self.people)
            .filter(|(_, owner)| owner.person.is_some())
            .map(|(phone, _)| phone.status().unsent_changes)
            .sum()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a file is copied");
    }
}
