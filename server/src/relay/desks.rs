//! The register of desks: a tree, and who belongs to each. Belonging to a desk is what makes a
//! specialist: it gives the role, and its end ends it.

use yizhan_client_core::model::ticket::Class;
use yizhan_proto::limits::{DESK_MEMBERS_MAX, DESKS_MAX};
use yizhan_proto::{DeskKey, PersonId, RegionKey, Role, Timestamp};

use super::audit::operator;
use super::closing::check_open;
use super::people::{check_station, existing, label};
use super::types::{Desk, DeskPerson, NewDesk};
use super::{Relay, from_read};
use crate::audit::{Action, Subject};
use crate::error::{PeopleError, RelayError};
use crate::store::LogTx;
use crate::store::rows::{DeskMemberRow, DeskRow};

mod told;
mod tree;

pub(super) use told::Told;
use tree::Parents;

impl Relay {
    /// All desks, ascending by key, with the number of open tickets that lie with each.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn desks(&self) -> Result<Vec<Desk>, RelayError> {
        let now = self.inner.clock.now();
        let read = self
            .inner
            .readers
            .read(move |snapshot| snapshot.open_tickets_by_desk(now));
        let open = read.await.map_err(from_read)?;
        let mut desks = self.inner.directory.desks();
        for desk in &mut desks {
            if let Some((_, open, breached)) = open.iter().find(|(key, ..)| *key == desk.key) {
                desk.open_tickets = *open;
                desk.breached = *breached;
            }
        }
        Ok(desks)
    }

    /// Adds a desk, or changes one: its name, parent, station and classes become what is given.
    ///
    /// # Errors
    /// [`PeopleError::Invalid`] for a name or class that is not acceptable, a region other than
    /// the desk has, or a place in the tree where it cannot be; [`PeopleError::NoRegion`] and
    /// [`PeopleError::NoStation`] if these are not there.
    pub async fn add_desk(&self, new: NewDesk) -> Result<Desk, PeopleError> {
        let now = self.inner.clock.now();
        let key = new.key.clone();
        self.people_job(move |tx| put(tx, new, now)).await?;
        self.desk(&key)
    }

    /// Removes a desk; the roles of those who belong to it end.
    ///
    /// # Errors
    /// [`PeopleError::NoDesk`]; [`PeopleError::Invalid`] if tickets are open there, or desks lie
    /// under it: says how many.
    pub async fn remove_desk(&self, key: DeskKey) -> Result<(), PeopleError> {
        let now = self.inner.clock.now();
        self.people_job(move |tx| remove(tx, &key, now)).await
    }

    /// Lets a person belong to a desk, or changes how they do. It makes them its specialist.
    ///
    /// # Errors
    /// [`PeopleError::NoDesk`], [`PeopleError::NoPerson`]; [`PeopleError::Invalid`] for a class
    /// that is none, a coordinator who does not coordinate the desk's region, or a desk that is
    /// full.
    pub async fn add_desk_member(
        &self,
        desk: DeskKey,
        person: PersonId,
        coordinator: bool,
        classes: Vec<String>,
    ) -> Result<Desk, PeopleError> {
        let now = self.inner.clock.now();
        let key = desk.clone();
        self.people_job(move |tx| {
            let row = found(tx, &key)?;
            let classes = checked_classes(classes)?;
            join(tx, &row, person, coordinator, classes, now)?;
            let joined = operator(now, Action::DeskJoined).to(Subject::Desk(row.key));
            tx.audit(&joined.about(person))?;
            Ok(())
        })
        .await?;
        self.desk(&desk)
    }

    /// Ends a person's belonging to a desk, and with it their role there (not one: nothing
    /// changes).
    ///
    /// # Errors
    /// [`PeopleError::NoDesk`], [`PeopleError::NoPerson`].
    pub async fn remove_desk_member(
        &self,
        desk: DeskKey,
        person: PersonId,
    ) -> Result<Desk, PeopleError> {
        let now = self.inner.clock.now();
        let key = desk.clone();
        self.people_job(move |tx| {
            found(tx, &key)?;
            existing(tx, person)?;
            if tx.remove_desk_member(&key, person)? {
                let left = operator(now, Action::DeskLeft).to(Subject::Desk(key.clone()));
                tx.audit(&left.about(person))?;
            }
            tx.end_role(person, &Role::Specialist(key.clone()), now)?;
            Ok(())
        })
        .await?;
        self.desk(&desk)
    }

    /// A desk as memory has it, which follows every commit before anybody is told of it.
    fn desk(&self, key: &DeskKey) -> Result<Desk, PeopleError> {
        let desks = self.inner.directory.desks();
        let found = desks.into_iter().find(|desk| desk.key == *key);
        found.ok_or_else(|| PeopleError::NoDesk(key.clone()))
    }
}

fn found(tx: &LogTx<'_>, key: &DeskKey) -> Result<DeskRow, PeopleError> {
    tx.desk(key)?
        .ok_or_else(|| PeopleError::NoDesk(key.clone()))
}

fn put(tx: &mut LogTx<'_>, new: NewDesk, now: Timestamp) -> Result<(), PeopleError> {
    let desks = tx.desks()?;
    let before = desks.iter().find(|desk| desk.key == new.key);
    let row = DeskRow {
        name: label("a desk's name", &new.name, 1)?,
        classes: checked_classes(new.classes)?,
        key: new.key,
        region: new.region,
        parent: new.parent,
        station: new.station,
        created_at: before.map_or(now, |before| before.created_at),
        members: before.map_or_else(Vec::new, |before| before.members.clone()),
    };
    if tx.region(&row.region)?.is_none() {
        return Err(PeopleError::NoRegion(row.region));
    }
    if let Some(before) = before.filter(|before| before.region != row.region) {
        return Err(PeopleError::Invalid(format!(
            "desk {} is in region {}, which its tickets name; a desk of region {} needs another key",
            before.key, before.region, row.region
        )));
    }
    if let Some(station) = row.station {
        check_station(tx, station)?;
    }
    let in_region = |desk: &&DeskRow| desk.region == row.region;
    if before.is_none() && desks.iter().filter(in_region).count() >= DESKS_MAX {
        return Err(PeopleError::Invalid(format!(
            "region {} has {DESKS_MAX} desks, and no more are allowed",
            row.region
        )));
    }
    let parents: Parents = desks
        .iter()
        .map(|desk| (desk.key.clone(), desk.parent.clone()))
        .collect();
    tree::check(&parents, &row.key, row.parent.as_ref())
        .map_err(|error| PeopleError::Invalid(error.to_string()))?;
    if before != Some(&row) {
        tx.put_desk(&row)?;
        tx.audit(&operator(now, Action::DeskChanged).to(Subject::Desk(row.key)))?;
    }
    Ok(())
}

fn remove(tx: &mut LogTx<'_>, key: &DeskKey, now: Timestamp) -> Result<(), PeopleError> {
    let row = found(tx, key)?;
    let open = tx.open_tickets(key, now)?;
    if open > 0 {
        return Err(PeopleError::Invalid(format!(
            "{open} tickets are open at desk {key}, or may still be reopened; have them escalated first, or wait until they are done"
        )));
    }
    let under = tx.desks()?;
    let under: Vec<&str> = under
        .iter()
        .filter(|desk| desk.parent.as_ref() == Some(key))
        .map(|desk| desk.key.as_str())
        .collect();
    if !under.is_empty() {
        return Err(PeopleError::Invalid(format!(
            "{} desks lie under desk {key} ({}); move or remove them first",
            under.len(),
            under.join(", ")
        )));
    }
    for member in row.members {
        tx.remove_desk_member(key, member.person)?;
        tx.end_role(member.person, &Role::Specialist(key.clone()), now)?;
        let left = operator(now, Action::DeskLeft).to(Subject::Desk(key.clone()));
        tx.audit(&left.about(member.person))?;
    }
    tx.remove_desk(key)?;
    tx.audit(&operator(now, Action::DeskRemoved).to(Subject::Desk(key.clone())))?;
    Ok(())
}

/// Lets somebody belong to a desk.
fn join(
    tx: &mut LogTx<'_>,
    desk: &DeskRow,
    person: PersonId,
    coordinator: bool,
    classes: Vec<String>,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let who = existing(tx, person)?;
    let leads = Role::Coordinator(desk.region.clone());
    if coordinator && !who.roles.contains(&leads) {
        return Err(PeopleError::Invalid(format!(
            "{} does not coordinate region {}; first: yizhan person role add {person} {leads}",
            who.name, desk.region
        )));
    }
    let known = desk.members.iter().any(|member| member.person == person);
    if !known && desk.members.len() >= DESK_MEMBERS_MAX {
        return Err(PeopleError::Invalid(format!(
            "desk {} has {DESK_MEMBERS_MAX} members, and no more are allowed",
            desk.key
        )));
    }
    tx.put_desk_member(
        &desk.key,
        &DeskMemberRow {
            person,
            coordinator,
            classes,
            added_at: now,
        },
    )?;
    Ok(tx.add_role(person, &Role::Specialist(desk.key.clone()))?)
}

/// Gives a role; a specialist's is belonging to the desk.
pub(super) fn give_role(
    tx: &mut LogTx<'_>,
    person: PersonId,
    role: &Role,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let Role::Specialist(key) = role else {
        check_open(tx, role)?;
        return Ok(tx.add_role(person, role)?);
    };
    let desk = found(tx, key)?;
    if desk.members.iter().any(|member| member.person == person) {
        return Ok(tx.add_role(person, role)?);
    }
    join(tx, &desk, person, false, Vec::new(), now)
}

/// Ends a role, and what it carried at desks.
pub(super) fn end_role(
    tx: &mut LogTx<'_>,
    person: PersonId,
    role: &Role,
    now: Timestamp,
) -> Result<(), PeopleError> {
    match role {
        Role::Specialist(key) => {
            tx.remove_desk_member(key, person)?;
        }
        Role::Coordinator(region) => step_down(tx, person, region)?,
        Role::Keeper(_) | Role::Health(_) => tx.drop_suspended(person, role)?,
        Role::Driver | Role::Operator | Role::Other(_) => {}
    }
    Ok(tx.end_role(person, role, now)?)
}

/// Who does not coordinate a region coordinates no desk of it.
fn step_down(tx: &mut LogTx<'_>, person: PersonId, region: &RegionKey) -> Result<(), PeopleError> {
    for desk in tx.desks()? {
        let member = desk
            .members
            .iter()
            .find(|member| member.person == person && member.coordinator);
        if let Some(member) = member.filter(|_| desk.region == *region) {
            let plain = DeskMemberRow {
                coordinator: false,
                ..member.clone()
            };
            tx.put_desk_member(&desk.key, &plain)?;
        }
    }
    Ok(())
}

/// Classes of request, each once, ascending.
fn checked_classes(mut classes: Vec<String>) -> Result<Vec<String>, PeopleError> {
    classes.sort_unstable();
    classes.dedup();
    match classes
        .iter()
        .find(|class| Class::from_text(class).is_none())
    {
        None => Ok(classes),
        Some(class) => Err(PeopleError::Invalid(format!(
            "{} is no class of request; the classes are {}",
            class.chars().take(64).collect::<String>(),
            Class::TEXTS.join(", ")
        ))),
    }
}

/// A desk as listed, with the names that people have.
pub(super) fn listed(row: &DeskRow, name: impl Fn(PersonId) -> String) -> Desk {
    let person = |member: &DeskMemberRow| DeskPerson {
        id: member.person,
        name: name(member.person),
        coordinator: member.coordinator,
        classes: member.classes.clone(),
    };
    Desk {
        key: row.key.clone(),
        name: row.name.clone(),
        region: row.region.clone(),
        parent: row.parent.clone(),
        station: row.station,
        classes: row.classes.clone(),
        members: row.members.iter().map(person).collect(),
        open_tickets: 0,
        breached: 0,
    }
}
