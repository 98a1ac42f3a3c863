//! Who may hold what changes: sharing and withdrawal, stations that close, roles that move.

use yizhan_proto::{DeviceId, Role, StationId};
use yizhan_server::relay::ForgetsOfDevice;

use super::{PhoneNo, World};

/// Who may hold what.
impl World {
    /// The relay puts documents where they belong, until all are.
    ///
    /// # Panics
    /// If the relay fails, or never ends.
    pub fn place_documents(&self) {
        for _ in 0..10_000 {
            let now = self.relay().time();
            if !self
                .run(self.relay().place_documents(now))
                .expect("they are placed")
            {
                return;
            }
        }
        panic!("documents are never where they belong");
    }

    /// The operator closes a station.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn close_station(&mut self, station: StationId) {
        self.run(self.relay().close_station(station))
            .expect("it closes");
    }

    /// The operator opens a station that was closed.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn reopen_station(&mut self, station: StationId) {
        self.run(self.relay().reopen_station(station))
            .expect("it opens");
    }

    /// The phone's owner moves from one role to another.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn move_role(&mut self, phone: PhoneNo, from: Role, to: Role) {
        let person = self.people[phone.0].person.expect("a paired phone");
        self.run(self.relay().move_role(person, from, to))
            .expect("the role moves");
    }

    /// Whether the phone's owner has a role.
    ///
    /// # Panics
    /// If the phone was never paired.
    #[must_use]
    pub fn has_role(&self, phone: PhoneNo, role: &Role) -> bool {
        let person = self.people[phone.0].person.expect("a paired phone");
        let known = self.relay().person(person).expect("a known person");
        known.roles.contains(role)
    }

    /// What the phones are still to forget, as `yizhan forget list` tells it.
    ///
    /// # Panics
    /// If the relay fails.
    #[must_use]
    pub fn outstanding(&self) -> Vec<ForgetsOfDevice> {
        let mut found = Vec::new();
        let mut after: Option<DeviceId> = None;
        loop {
            let page = self
                .run(self.relay().outstanding(after))
                .expect("it is told");
            found.extend(page.devices);
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    }
}
