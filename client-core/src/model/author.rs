//! Who wrote a change, and how they stand to a document.

use yizhan_proto::{DeskKey, DeviceId, PersonId, RegionKey, Role, StationId};

/// Who a change comes from, as the one who checks it knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The person. New entries are signed with this id.
    pub person: PersonId,
    /// Other ids of the same person; documents of these are the person's own too.
    pub aliases: Vec<PersonId>,
    /// The device that writes.
    pub device: DeviceId,
    /// What the person may do, and where.
    pub roles: Vec<Role>,
    /// Whether this is the relay itself, writing by its own actor (imports, seat decisions).
    pub relay: bool,
}

impl Author {
    /// Whether `person` is this author, under whatever id.
    #[must_use]
    pub fn is(&self, person: PersonId) -> bool {
        self.person == person || self.aliases.contains(&person)
    }

    /// Whether the author keeps that station.
    #[must_use]
    pub fn keeps(&self, station: StationId) -> bool {
        self.roles.contains(&Role::Keeper(station))
    }

    /// Whether the author has the health role at that station.
    #[must_use]
    pub fn takes_checks_at(&self, station: StationId) -> bool {
        self.roles.contains(&Role::Health(station))
    }

    /// Whether the author answers the tickets of that desk.
    #[must_use]
    pub fn answers_at(&self, desk: &DeskKey) -> bool {
        self.roles
            .iter()
            .any(|role| matches!(role, Role::Specialist(own) if own == desk))
    }

    /// Whether the author coordinates that region.
    #[must_use]
    pub fn coordinates(&self, region: &RegionKey) -> bool {
        self.roles
            .iter()
            .any(|role| matches!(role, Role::Coordinator(own) if own == region))
    }
}
