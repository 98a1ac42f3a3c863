//! The desks as devices are told of them: all of them to everybody, who belongs to each only to
//! those who belong to it or coordinate its region.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use yizhan_proto::{DeskInfo, DeskKey, DeskMember, PersonId, RegionKey, Role};

use crate::store::rows::{DeskRow, PersonRow};

/// All desks, made ready once for all devices.
#[derive(Debug, Default)]
pub(in super::super) struct Told {
    /// Each with its members, and a hash of it.
    desks: Vec<(DeskInfo, [u8; 32])>,
    /// A hash of all of them without members.
    all: [u8; 32],
}

impl Told {
    /// The desks, with the names that people have.
    pub(in super::super) fn new(rows: &[DeskRow], people: &BTreeMap<PersonId, PersonRow>) -> Self {
        let desks: Vec<(DeskInfo, [u8; 32])> = rows
            .iter()
            .map(|row| {
                let info = info(row, people);
                let hash = Sha256::digest(yizhan_proto::codec::encode(&info)).into();
                (info, hash)
            })
            .collect();
        let mut all = Sha256::new();
        for (desk, _) in &desks {
            all.update(yizhan_proto::codec::encode(&without_members(desk)));
        }
        Self {
            desks,
            all: all.finalize().into(),
        }
    }

    /// Every desk's key and region.
    pub(in super::super) fn places(&self) -> Vec<(DeskKey, RegionKey)> {
        let place = |(desk, _): &(DeskInfo, _)| (desk.key.clone(), desk.region.clone());
        self.desks.iter().map(place).collect()
    }

    /// What somebody with these roles is told; `None` while there are no desks.
    pub(in super::super) fn to(&self, roles: &[Role]) -> Option<Vec<DeskInfo>> {
        let told = |(desk, _): &(DeskInfo, _)| {
            if sees_members(roles, desk) {
                desk.clone()
            } else {
                without_members(desk)
            }
        };
        (!self.desks.is_empty()).then(|| self.desks.iter().map(told).collect())
    }

    /// Mixes into a hash all that [`Told::to`] depends on; nothing while there are no desks.
    pub(in super::super) fn mix(&self, roles: &[Role], hash: &mut Sha256) {
        if self.desks.is_empty() {
            return;
        }
        hash.update(self.all);
        for (desk, with_members) in &self.desks {
            if sees_members(roles, desk) {
                hash.update(with_members);
            }
        }
    }
}

fn sees_members(roles: &[Role], desk: &DeskInfo) -> bool {
    roles.iter().any(|role| match role {
        Role::Specialist(key) => *key == desk.key,
        Role::Coordinator(region) => *region == desk.region,
        Role::Driver | Role::Keeper(_) | Role::Health(_) | Role::Operator | Role::Other(_) => false,
    })
}

fn without_members(desk: &DeskInfo) -> DeskInfo {
    DeskInfo {
        members: None,
        ..desk.clone()
    }
}

fn info(row: &DeskRow, people: &BTreeMap<PersonId, PersonRow>) -> DeskInfo {
    let members = row.members.iter().map(|member| DeskMember {
        person: member.person,
        name: people
            .get(&member.person)
            .map_or_else(String::new, |person| person.name.clone()),
        classes: member.classes.clone(),
        coordinator: member.coordinator,
    });
    DeskInfo {
        key: row.key.clone(),
        name: row.name.clone(),
        region: row.region.clone(),
        parent: row.parent.clone(),
        station: row.station,
        classes: row.classes.clone(),
        members: Some(members.collect()),
    }
}
