//! People, their roles and their phones.

use std::collections::BTreeSet;
use std::sync::Arc;

use yizhan_client_core::transport::RelayUrl;
use yizhan_proto::{PersonId, Role};

use super::{Owner, PhoneNo, RELAY_URL, World};
use crate::clock::{DAY_MS, SimClock};
use crate::phone::Phone;
use crate::wire::SimTransport;

/// People and phones.
impl World {
    /// A phone that never was online.
    pub fn stranger(&mut self, name: &str) -> PhoneNo {
        let number = self.phones.len();
        let chance = self.chance.fork(&format!("phone {number}"));
        let home = self.folder.path().join(format!("phone-{number}"));
        let net = self.net.clone();
        let phone = Phone::new(
            name,
            home,
            SimClock::new(self.time.clone(), chance.fork("clock")),
            chance.fork("ids"),
            Arc::clone(&self.reference),
            |device| SimTransport::new(net, device),
        );
        self.people.push(Owner {
            person: None,
            ids: BTreeSet::from([phone.person()]),
        });
        self.phones.push(phone);
        PhoneNo(number)
    }

    /// A driver with a phone, registered at the first station's counter.
    pub fn driver(&mut self, name: &str) -> PhoneNo {
        let phone = self.stranger(name);
        self.register(phone);
        phone
    }

    /// The phone's owner registers with a station's standing code.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn register(&mut self, phone: PhoneNo) {
        let station = self.stations()[0];
        let code = self
            .run(self.relay().station_code(station))
            .expect("a standing code");
        let identity = self.phones[phone.0]
            .register(&relay_url(), &code)
            .expect("registered");
        self.people[phone.0].person = Some(identity.person);
        self.people[phone.0].ids.insert(identity.person);
        let ids = self.people[phone.0].ids.clone();
        self.reference().known_as(&ids);
    }

    /// A keeper of a station, without the health role, with a paired phone.
    pub fn keeper(&mut self, name: &str, station: &str) -> PhoneNo {
        let role = Role::Keeper(self.station(station));
        self.worker(name, vec![role])
    }

    /// A keeper of a station who also takes health checks.
    pub fn medic(&mut self, name: &str, station: &str) -> PhoneNo {
        let station = self.station(station);
        self.worker(name, vec![Role::Keeper(station), Role::Health(station)])
    }

    /// Somebody with roles, with a paired phone.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn worker(&mut self, name: &str, roles: Vec<Role>) -> PhoneNo {
        let person = self
            .run(self.relay().add_person(name, roles))
            .expect("a person is added");
        let phone = self.stranger(name);
        self.pair(phone, person.id);
        phone
    }

    /// Another phone of the same person.
    ///
    /// # Panics
    /// If that phone was never paired.
    pub fn second_phone_of(&mut self, phone: PhoneNo) -> PhoneNo {
        let person = self.people[phone.0].person.expect("a paired phone");
        let name = self.phones[phone.0].name().to_owned();
        let second = self.stranger(&name);
        self.pair(second, person);
        second
    }

    /// Pairs a phone with a person by a one-time code.
    ///
    /// # Panics
    /// If the relay does not take it.
    pub fn pair(&mut self, phone: PhoneNo, person: PersonId) {
        let day_ms = DAY_MS.unsigned_abs();
        let code = self
            .run(self.relay().create_pair_code(person, day_ms))
            .expect("a code");
        self.phones[phone.0]
            .pair(&relay_url(), &code.code)
            .expect("paired");
        self.people[phone.0].person = Some(person);
        self.people[phone.0].ids.insert(person);
        self.share_ids(person);
    }

    /// All phones of a person know all of the person's ids.
    pub(super) fn share_ids(&mut self, person: PersonId) {
        let own = |owner: &&Owner| owner.person == Some(person);
        let ids: BTreeSet<PersonId> = self
            .people
            .iter()
            .filter(own)
            .flat_map(|owner| owner.ids.clone())
            .collect();
        for owner in &mut self.people {
            if owner.person == Some(person) {
                owner.ids.clone_from(&ids);
            }
        }
        self.reference().known_as(&ids);
    }

    /// A role is taken from the phone's owner.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn take_role(&mut self, phone: PhoneNo, role: Role) {
        let person = self.people[phone.0].person.expect("a paired phone");
        self.run(self.relay().remove_role(person, role))
            .expect("the role is taken away");
    }

    /// A role is given to the phone's owner.
    ///
    /// # Panics
    /// If the relay does not do it.
    pub fn give_role(&mut self, phone: PhoneNo, role: Role) {
        let person = self.people[phone.0].person.expect("a paired phone");
        self.run(self.relay().add_role(person, role))
            .expect("the role is given");
    }
}

fn relay_url() -> RelayUrl {
    RELAY_URL.parse().expect("an address")
}
