//! Reports that the relay handed out about the regions this person coordinates: the last one of each
//! sort, as it came. They leave with the role.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use yizhan_proto::identity::Identity;
use yizhan_proto::report::SheetAnswer;
use yizhan_proto::{ContentHash, RegionKey, Role, Timestamp};

use super::sql::{bytes_opt, time, time_opt};
use super::{Store, StoreError, device};
use crate::model::report::{Handed, What, handed};

/// A sheet that may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetDue {
    /// Which report.
    pub what: What,
    /// About which region.
    pub region: RegionKey,
    /// The version that is here.
    pub have: Option<ContentHash>,
}

/// A sheet that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetHeld {
    /// When the relay counted, by its clock.
    pub made_at: Timestamp,
    /// What it said.
    pub handed: Handed,
}

/// What is known of a sheet.
struct SheetRow {
    made_at: Option<Timestamp>,
    version: Option<ContentHash>,
    body: Option<Vec<u8>>,
    ask_at: Timestamp,
}

impl SheetRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            made_at: time_opt(row, 0)?,
            version: bytes_opt(row, 1, ContentHash::from_bytes)?,
            body: row.get(2)?,
            ask_at: time(row, 3)?,
        })
    }
}

impl Store {
    /// The sheets to ask for now: of the regions this person coordinates, those whose time has come.
    /// A time further away than `wait_ms_max` was noted before the clock was set back, and has come.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sheets_due(
        &self,
        now: Timestamp,
        wait_ms_max: i64,
    ) -> Result<Vec<SheetDue>, StoreError> {
        self.read(|connection| {
            let Some(identity) = device::load(connection)?.identity else {
                return Ok(Vec::new());
            };
            let mut due = Vec::new();
            for region in coordinated(&identity) {
                for what in handed::HANDED_OUT {
                    let row = find(connection, what, region)?;
                    let wait_ms = row.as_ref().map_or(0, |row| row.ask_at.ms_since(now));
                    if (1..=wait_ms_max).contains(&wait_ms) {
                        continue;
                    }
                    due.push(SheetDue {
                        what,
                        region: region.clone(),
                        have: row.and_then(|row| row.version),
                    });
                }
            }
            Ok(due)
        })
    }

    /// Keeps what the relay answered, whose body was read; `ask_at` is when to ask again. An answer
    /// that comes after the role has ended is not kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_sheet(
        &mut self,
        sheet: &SheetDue,
        answer: &SheetAnswer,
        handed: Option<&Handed>,
        ask_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            if !is_coordinated(tx, &sheet.region)? {
                return Ok(());
            }
            note(tx, sheet, ask_at)?;
            match handed {
                Some(handed) => tx.execute(
                    "UPDATE sheets SET first_month = ?3, last_month = ?4, version = ?5, body = ?6,
                         made_at = ?7
                     WHERE what = ?1 AND region = ?2",
                    params![
                        sheet.what.as_str(),
                        sheet.region.as_str(),
                        handed.from.to_string(),
                        handed.to.to_string(),
                        answer.version.as_bytes(),
                        answer.body,
                        answer.made_at.as_ms()
                    ],
                )?,
                None => tx.execute(
                    "UPDATE sheets SET made_at = ?3
                     WHERE what = ?1 AND region = ?2 AND version = ?4",
                    params![
                        sheet.what.as_str(),
                        sheet.region.as_str(),
                        answer.made_at.as_ms(),
                        answer.version.as_bytes()
                    ],
                )?,
            };
            Ok(())
        })
    }

    /// Notes when to ask for a sheet again that did not come.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_off_sheet(&mut self, sheet: &SheetDue, ask_at: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| match is_coordinated(tx, &sheet.region)? {
            true => note(tx, sheet, ask_at),
            false => Ok(()),
        })
    }

    /// The sheet that was handed out last; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`]: also if what was kept cannot be read any more.
    pub fn sheet(&self, what: What, region: &RegionKey) -> Result<Option<SheetHeld>, StoreError> {
        self.read(|connection| {
            let Some(row) = find(connection, what, region)? else {
                return Ok(None);
            };
            let Some((made_at, body)) = row.made_at.zip(row.body) else {
                return Ok(None);
            };
            let handed = Handed::read(&body)
                .map_err(|error| StoreError::damaged(format!("a report handed out: {error}")))?;
            Ok(Some(SheetHeld { made_at, handed }))
        })
    }
}

/// Drops the sheets of all regions that the person does not coordinate (any more).
pub(super) fn retain(tx: &Transaction<'_>, identity: &Identity) -> Result<(), StoreError> {
    let regions: Vec<String> = {
        let mut statement = tx.prepare_cached("SELECT DISTINCT region FROM sheets")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    for region in regions {
        if !coordinated(identity).any(|own| own.as_str() == region) {
            tx.execute("DELETE FROM sheets WHERE region = ?1", [region])?;
        }
    }
    Ok(())
}

/// The relay is another one, or was restored: every sheet is asked for anew.
pub(super) fn ask_anew(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE sheets SET ask_at = 0", [])?;
    Ok(())
}

fn coordinated(identity: &Identity) -> impl Iterator<Item = &RegionKey> {
    identity.roles.iter().filter_map(|role| match role {
        Role::Coordinator(region) => Some(region),
        Role::Driver
        | Role::Keeper(_)
        | Role::Health(_)
        | Role::Specialist(_)
        | Role::Operator
        | Role::Other(_) => None,
    })
}

fn is_coordinated(connection: &Connection, region: &RegionKey) -> Result<bool, StoreError> {
    let identity = device::load(connection)?.identity;
    Ok(identity.is_some_and(|identity| coordinated(&identity).any(|own| own == region)))
}

fn find(
    connection: &Connection,
    what: What,
    region: &RegionKey,
) -> Result<Option<SheetRow>, StoreError> {
    let row = connection
        .prepare_cached(
            "SELECT made_at, version, body, ask_at FROM sheets WHERE what = ?1 AND region = ?2",
        )?
        .query_row(params![what.as_str(), region.as_str()], SheetRow::read)
        .optional()?;
    Ok(row)
}

fn note(tx: &Transaction<'_>, sheet: &SheetDue, ask_at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sheets (what, region, ask_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (what, region) DO UPDATE SET ask_at = excluded.ask_at",
        params![sheet.what.as_str(), sheet.region.as_str(), ask_at.as_ms()],
    )?;
    Ok(())
}
