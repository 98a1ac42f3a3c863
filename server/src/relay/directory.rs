//! Who may act, in memory: people, their devices, the regions served and the desks. It follows every commit
//! that changes them, before anybody is told of that commit, so a revocation holds from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use yizhan_client_core::model::{Author, route};
use yizhan_proto::identity::Identity;
use yizhan_proto::limits::SCOPES_MAX;
use yizhan_proto::{DeviceId, PersonId, RegionKey, Scope, Timestamp};

use super::desks::{self, Told};
use super::types::{Caller, Desk, PersonInfo, RegionInfo};
use crate::error::CallerError;
use crate::store::rows::{DeskRow, DeviceRow, PersonRow, RegionRow};

/// People, devices and regions.
#[derive(Debug, Default)]
pub(super) struct Directory {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    people: BTreeMap<PersonId, PersonRow>,
    aliases: BTreeMap<PersonId, PersonId>,
    devices: BTreeMap<DeviceId, Result<Arc<Caller>, CallerError>>,
    regions: Vec<RegionRow>,
    /// When, and which.
    revoked: BTreeSet<(Timestamp, DeviceId)>,
    desks: Vec<DeskRow>,
    told: Told,
}

/// What a commit changed.
#[derive(Debug)]
pub(super) struct News {
    /// People who changed, as they are from now on.
    pub(super) people: Vec<PersonRow>,
    /// People who became aliases of others.
    pub(super) gone: Vec<PersonId>,
    /// All regions, if any changed.
    pub(super) regions: Option<Vec<RegionRow>>,
    /// All desks, if any or their members changed.
    pub(super) desks: Option<Vec<DeskRow>>,
}

impl News {
    /// Whether nothing changed.
    pub(super) const fn is_empty(&self) -> bool {
        self.people.is_empty()
            && self.gone.is_empty()
            && self.regions.is_none()
            && self.desks.is_none()
    }
}

impl Directory {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a commit changed.
    pub(super) fn update(&self, news: News) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let everybody = news.regions.is_some() || news.desks.is_some();
        if let Some(regions) = news.regions {
            inner.regions = regions;
        }
        let mut rebuild: Vec<PersonId> = news.people.iter().map(|person| person.id).collect();
        inner.replace(news.people, &news.gone);
        if let Some(desks) = news.desks {
            inner.told = Told::new(&desks, &inner.people);
            inner.desks = desks;
        }
        if everybody {
            rebuild = inner.people.keys().copied().collect();
        }
        inner.rebuild(&rebuild);
    }

    /// The device as it may act right now.
    pub(super) fn caller(&self, device: DeviceId) -> Result<Arc<Caller>, CallerError> {
        self.read()
            .devices
            .get(&device)
            .cloned()
            .unwrap_or(Err(CallerError::Unknown))
    }

    /// All people, ascending by id; of those who were erased, none.
    pub(super) fn rows(&self) -> Vec<PersonRow> {
        let inner = self.read();
        let there = inner.people.values().filter(|row| !row.is_erased());
        there.cloned().collect()
    }

    /// Devices revoked after `since`, the latest first, at most so many.
    pub(super) fn revoked_since(&self, since: Timestamp, most: usize) -> Vec<DeviceId> {
        self.read()
            .revoked
            .iter()
            .rev()
            .take_while(|(at, _)| *at > since)
            .map(|(_, device)| *device)
            .take(most)
            .collect()
    }

    /// All people, ascending by name, then id.
    pub(super) fn people(&self) -> Vec<PersonInfo> {
        let mut people: Vec<PersonInfo> = self.rows().iter().map(person_info).collect();
        people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        people
    }

    /// The id of the person behind an id or alias.
    pub(super) fn behind(&self, id: PersonId) -> PersonId {
        self.read().aliases.get(&id).copied().unwrap_or(id)
    }

    /// A device's author with all rights that its person ever had, also if the device was revoked
    /// meanwhile; `None` if there is no such person.
    pub(super) fn former(&self, person: PersonId, device: DeviceId) -> Option<Author> {
        let inner = self.read();
        let id = inner.aliases.get(&person).unwrap_or(&person);
        let person = inner.people.get(id)?;
        Some(Author {
            person: person.id,
            aliases: person.aliases.clone(),
            device,
            roles: [&person.roles[..], &person.former_roles[..]].concat(),
            relay: false,
        })
    }

    /// A person by id or alias, and what their devices read.
    pub(super) fn reader(&self, id: PersonId) -> Option<(PersonInfo, Vec<Scope>)> {
        let inner = self.read();
        let id = inner.aliases.get(&id).unwrap_or(&id);
        let person = inner.people.get(id)?;
        let identity = identity(person, &inner.region_keys(), &inner.told);
        Some((person_info(person), identity.scopes))
    }

    /// A person by id or alias.
    pub(super) fn person(&self, id: PersonId) -> Option<PersonInfo> {
        let inner = self.read();
        let id = inner.aliases.get(&id).unwrap_or(&id);
        let there = inner.people.get(id).filter(|row| !row.is_erased());
        there.map(person_info)
    }

    /// All regions, ascending by key.
    pub(super) fn regions(&self) -> Vec<RegionInfo> {
        self.read().regions.iter().map(region_info).collect()
    }

    /// All desks, ascending by key.
    pub(super) fn desks(&self) -> Vec<Desk> {
        let inner = self.read();
        let name = |person| {
            let known = inner.people.get(&person);
            known.map_or_else(String::new, |person| person.name.clone())
        };
        let list = |row| desks::listed(row, name);
        inner.desks.iter().map(list).collect()
    }

    /// All that a device is told about itself.
    pub(super) fn told(&self, caller: &Caller) -> Identity {
        Identity {
            desks: self.read().told.to(&caller.identity.roles),
            ..caller.identity.clone()
        }
    }

    /// What a device of this person would be told, had the person just been paired.
    pub(super) fn identity_of(&self, person: &PersonRow) -> Identity {
        let inner = self.read();
        Identity {
            desks: inner.told.to(&person.roles),
            ..identity(person, &inner.region_keys(), &inner.told)
        }
    }
}

impl Inner {
    fn region_keys(&self) -> Vec<RegionKey> {
        self.regions
            .iter()
            .map(|region| region.key.clone())
            .collect()
    }

    /// Puts people in the place of what was known of them.
    fn replace(&mut self, people: Vec<PersonRow>, gone: &[PersonId]) {
        // All old devices go first: a device may have moved from one of these people to another.
        for id in people.iter().map(|person| &person.id).chain(gone) {
            if let Some(before) = self.people.remove(id) {
                for device in before.devices {
                    self.devices.remove(&device.id);
                    if let Some(at) = device.revoked_at {
                        self.revoked.remove(&(at, device.id));
                    }
                }
                for alias in before.aliases {
                    self.aliases.remove(&alias);
                }
            }
        }
        for person in people {
            for alias in &person.aliases {
                self.aliases.insert(*alias, person.id);
            }
            self.people.insert(person.id, person);
        }
    }

    /// Makes the callers of these people's devices anew.
    fn rebuild(&mut self, people: &[PersonId]) {
        let regions = self.region_keys();
        for person in people.iter().filter_map(|id| self.people.get(id)) {
            let identity = identity(person, &regions, &self.told);
            for device in &person.devices {
                self.revoked
                    .extend(device.revoked_at.map(|at| (at, device.id)));
                let caller = match device.revoked_at {
                    Some(_) => Err(CallerError::Revoked),
                    None => Ok(Arc::new(caller(device, person, &identity))),
                };
                self.devices.insert(device.id, caller);
            }
        }
    }
}

fn caller(device: &DeviceRow, person: &PersonRow, identity: &Identity) -> Caller {
    let author = Author {
        person: person.id,
        aliases: person.aliases.clone(),
        device: device.id,
        roles: person.roles.clone(),
        relay: false,
    };
    let former = Author {
        roles: [&person.roles[..], &person.former_roles[..]].concat(),
        ..author.clone()
    };
    Caller {
        device: device.id,
        public_key: device.public_key,
        person: person.id,
        identity: identity.clone(),
        author,
        former,
    }
}

/// What a person's devices are told, but for the desks. The version is a hash of the rest and of
/// the desks, so it changes whenever anything of them does, and never by a restart.
fn identity(person: &PersonRow, regions: &[RegionKey], told: &Told) -> Identity {
    // Nobody reads nothing, not the directory either: a device without a scope drops all it has.
    let mut scopes = match person.is_erased() {
        true => Vec::new(),
        false => route::subscriptions(
            person.id,
            &person.aliases,
            &person.roles,
            regions,
            &told.places(),
        ),
    };
    if scopes.len() > SCOPES_MAX {
        tracing::warn!(
            scopes = scopes.len(),
            scopes_max = SCOPES_MAX,
            "a person subscribes to more scopes than a device may; the least urgent are left out"
        );
        scopes.truncate(SCOPES_MAX);
    }
    let mut identity = Identity {
        version: 0,
        person: person.id,
        name: person.name.clone(),
        aliases: person.aliases.clone(),
        roles: person.roles.clone(),
        scopes,
        regions: regions.to_vec(),
        desks: None,
    };
    let mut hash = Sha256::new_with_prefix(yizhan_proto::codec::encode(&identity));
    told.mix(&person.roles, &mut hash);
    let hash: [u8; 32] = hash.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    // 63 bits, so that it fits a signed column anywhere; 0 is kept for "none".
    identity.version = (u64::from_be_bytes(first) >> 1).max(1);
    identity
}

pub(super) fn person_info(person: &PersonRow) -> PersonInfo {
    PersonInfo {
        id: person.id,
        name: person.name.clone(),
        roles: person.roles.clone(),
        aliases: person.aliases.clone(),
        created_at: person.created_at,
    }
}

pub(super) fn region_info(region: &RegionRow) -> RegionInfo {
    RegionInfo {
        key: region.key.clone(),
        name: region.name.clone(),
    }
}
