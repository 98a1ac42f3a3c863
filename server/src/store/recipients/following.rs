//! Rows of devices that follow what a commit changes of people and desks.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use yizhan_client_core::model::route;
use yizhan_proto::limits::SCOPES_MAX;
use yizhan_proto::{DeskKey, DeviceId, RegionKey, Scope, Timestamp};

use crate::store::StoreError;
use crate::store::convert::word;
use crate::store::desks::desks;
use crate::store::log::Touched;
use crate::store::people::person_row;
use crate::store::places::regions;
use crate::store::queries::{all, first};
use crate::store::rows::PersonRow;

/// What there is to subscribe to.
pub(super) struct Places {
    regions: Vec<RegionKey>,
    desks: Vec<(DeskKey, RegionKey)>,
}

impl Places {
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let (regions, desks) = (regions(connection)?, desks(connection)?);
        Ok(Self {
            regions: regions.into_iter().map(|region| region.key).collect(),
            desks: desks
                .into_iter()
                .map(|desk| (desk.key, desk.region))
                .collect(),
        })
    }

    /// What a person's devices are served; nothing, not the directory either, if the person was erased.
    pub(super) fn scopes_of(&self, person: &PersonRow) -> Vec<Scope> {
        if person.is_erased() {
            return Vec::new();
        }
        let mut scopes = route::subscriptions(
            person.id,
            &person.aliases,
            &person.roles,
            &self.regions,
            &self.desks,
        );
        scopes.truncate(SCOPES_MAX);
        scopes
    }
}

/// Lets the rows of devices follow what a commit changed of people and desks: a scope that is not
/// theirs any more is left from now on; one that is theirs again, before they noticed, was not.
pub(in super::super) fn follow(
    connection: &Connection,
    touched: &Touched,
    now: Timestamp,
) -> Result<(), StoreError> {
    if touched.people.is_empty() && !touched.desks {
        return Ok(());
    }
    let places = Places::read(connection)?;
    for person in &touched.people {
        let Some(person) = person_row(connection, *person)? else {
            continue;
        };
        let scopes = places.scopes_of(&person);
        for device in &person.devices {
            let scopes = if device.revoked_at.is_none() {
                &scopes[..]
            } else {
                &[]
            };
            leave_others(connection, device.id, scopes, now)?;
            rejoin(connection, device.id, scopes)?;
        }
    }
    if touched.desks {
        leave_removed_desks(connection, &places, now)?;
    }
    Ok(())
}

pub(super) fn leave_others(
    connection: &Connection,
    device: DeviceId,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<(), StoreError> {
    let served: BTreeSet<String> = scopes.iter().map(Scope::to_string).collect();
    let rows: Vec<String> = all(
        connection,
        "SELECT scope FROM device_scopes WHERE device = ?1 AND left_at IS NULL",
        [device.as_bytes()],
        |row| Ok(row.get(0)?),
    )?;
    for scope in rows.iter().filter(|scope| !served.contains(*scope)) {
        connection
            .prepare_cached(
                "UPDATE device_scopes SET left_at = ?3 WHERE device = ?1 AND scope = ?2",
            )?
            .execute(params![device.as_bytes(), scope, now.as_ms()])?;
    }
    Ok(())
}

fn rejoin(connection: &Connection, device: DeviceId, scopes: &[Scope]) -> Result<(), StoreError> {
    for scope in scopes {
        connection
            .prepare_cached(
                "UPDATE device_scopes SET left_at = NULL
                 WHERE device = ?1 AND scope = ?2 AND left_at IS NOT NULL
                   AND confirmed_at IS NULL",
            )?
            .execute(params![device.as_bytes(), scope.to_string()])?;
    }
    Ok(())
}

/// Who coordinates a region reads its desks without belonging to them.
fn leave_removed_desks(
    connection: &Connection,
    places: &Places,
    now: Timestamp,
) -> Result<(), StoreError> {
    let told: Vec<Scope> = all(
        connection,
        "SELECT DISTINCT scope FROM device_scopes
         WHERE scope >= 'desk:' AND scope < 'desk;' AND left_at IS NULL",
        [],
        |row| word(row, 0),
    )?;
    for scope in told {
        let Scope::Desk(key) = &scope else { continue };
        if places.desks.iter().any(|(desk, _)| desk == key) {
            continue;
        }
        connection
            .prepare_cached(
                "UPDATE device_scopes SET left_at = ?2 WHERE scope = ?1 AND left_at IS NULL",
            )?
            .execute(params![scope.to_string(), now.as_ms()])?;
    }
    Ok(())
}

/// Whether any device is still to read anew what it read from a former life of the relay.
pub(in super::super) fn any_former(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare("SELECT 1 FROM device_scopes WHERE former = 1 LIMIT 1")?;
    Ok(statement.exists([])?)
}

/// Fills in, for devices of which nothing was noted yet, what they may have been served: all that
/// their people may read, or could once. Once, when a store of an older format is opened; and when it
/// was put back from a backup, which does not say what was served since.
pub(in super::super) fn fill(
    connection: &Connection,
    people: &[PersonRow],
    restored: bool,
) -> Result<(), StoreError> {
    let done = first(
        connection,
        "SELECT 1 FROM meta WHERE key = 'recipients'",
        [],
        |_| Ok(()),
    )?;
    if done.is_some() && !restored {
        return Ok(());
    }
    let places = Places::read(connection)?;
    let tx = connection.unchecked_transaction()?;
    for person in people {
        let ever = PersonRow {
            roles: [&person.roles[..], &person.former_roles[..]].concat(),
            ..person.clone()
        };
        let (present, ever) = (places.scopes_of(person), places.scopes_of(&ever));
        for device in &person.devices {
            let told = device.last_seen_at.unwrap_or(device.created_at);
            for scope in &ever {
                let served = device.revoked_at.is_none() && present.contains(scope);
                tx.prepare_cached(
                    "INSERT OR IGNORE INTO device_scopes(device, scope, told_at, clear_to, left_at)
                     VALUES (?1, ?2, ?3, 0, ?4)",
                )?
                .execute(params![
                    device.id.as_bytes(),
                    scope.to_string(),
                    told.as_ms(),
                    (!served).then_some(device.revoked_at.unwrap_or(told).as_ms()),
                ])?;
            }
        }
    }
    if restored {
        tx.execute("UPDATE device_scopes SET former = 1", [])?;
    }
    tx.execute(
        "INSERT OR REPLACE INTO meta(key, value) VALUES ('recipients', x'01')",
        [],
    )?;
    tx.commit()?;
    Ok(())
}
