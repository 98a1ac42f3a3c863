//! How the store is doing.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use yizhan_proto::{DocumentId, Kind, Timestamp};

use super::sql::{bytes, time_opt, uint};
use super::{
    ScopeStatus, SetAside, Status, Store, StoreError, apply, device, open, opened, reads, scopes,
    views,
};

/// Changes in the store of a folder that the relay does not have, counted without opening the store:
/// a profile that is locked is counted, and not read.
///
/// # Errors
/// [`StoreError`] if there is no store, or it cannot be read so (it is encrypted).
pub fn unsent_in(home: &Path) -> Result<u64, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(open::path(home), flags)?;
    connection.busy_timeout(core::time::Duration::from_millis(500))?;
    Ok(unsent(&connection)?.0)
}

impl Store {
    /// How the store is doing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn status(&self) -> Result<Status, StoreError> {
        let home = self.home.clone();
        self.read(|connection| {
            let device = device::load(connection)?;
            let (unsent_changes, oldest_unsent_at) = unsent(connection)?;
            let open = |state: i64| -> Result<u64, StoreError> {
                number(
                    connection,
                    &format!("SELECT COUNT(*) FROM changes WHERE state = {state} AND state <> 1"),
                )
            };
            let (refused, quarantined) = (open(2)?, open(3)?);
            let (documents, unknown_kinds) = documents(connection)?;
            let of_device = |column: &str| format!("SELECT {column} FROM device");
            let (last_sync_at, last_sync_error, clock_offset_ms) = connection.query_row(
                "SELECT last_sync_at, last_sync_error, clock_offset_ms FROM device",
                [],
                |row| Ok((time_opt(row, 0)?, row.get(1)?, row.get(2)?)),
            )?;
            Ok(Status {
                home,
                reads_unsent: reads::unsent(connection)?,
                reads_unnoted: self.reads_unnoted(),
                unsent_changes,
                oldest_unsent_at,
                last_sync_at,
                last_sync_error,
                refused,
                quarantined,
                set_aside: set_aside(connection)?,
                documents,
                unknown_kinds,
                leaving: number(
                    connection,
                    "SELECT COUNT(*) FROM documents WHERE leaving <> 0 AND leaving IN (1, 3)",
                )?,
                grown_old: number(
                    connection,
                    "SELECT IFNULL(SUM(documents), 0) FROM grown_old",
                )?,
                scopes: scope_statuses(connection)?,
                repairs: number(connection, &of_device("repairs"))?,
                ignored: number(connection, &of_device("ignored"))?,
                clock_offset_ms,
                incarnation: device.incarnation,
                person_erased: apply::identity::is_nobodys(device.identity.as_ref()),
                views_pending: views::pending(connection)?,
            })
        })
    }
}

fn number(connection: &Connection, sql: &str) -> Result<u64, StoreError> {
    let number: i64 = connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))?;
    Ok(uint(number))
}

/// How many, and since when by this device's clock.
fn unsent(connection: &Connection) -> Result<(u64, Option<Timestamp>), StoreError> {
    Ok(connection.query_row(
        "SELECT COUNT(*), MIN(device_time) FROM changes WHERE state = 0 AND state <> 1",
        [],
        |row| Ok((uint(row.get(0)?), time_opt(row, 1)?)),
    )?)
}

/// How many in all, and how many of kinds that are not shown.
fn documents(connection: &Connection) -> Result<(u64, u64), StoreError> {
    let mut statement = connection.prepare_cached("SELECT kind, documents FROM kinds_held")?;
    let mut rows = statement.query([])?;
    let (mut all, mut unknown) = (0, 0);
    while let Some(row) = rows.next()? {
        let of_kind = uint(row.get(1)?);
        all += of_kind;
        if !opened::is_shown(Kind::from_code(row.get(0)?)) {
            unknown += of_kind;
        }
    }
    Ok((all, unknown))
}

fn set_aside(connection: &Connection) -> Result<Vec<SetAside>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, set_aside FROM documents WHERE set_aside IS NOT NULL ORDER BY n",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(SetAside {
            document: bytes(row, 0, DocumentId::from_bytes)?,
            kind: Kind::from_code(row.get(1)?),
            why: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn scope_statuses(connection: &Connection) -> Result<Vec<ScopeStatus>, StoreError> {
    let mut statuses = Vec::new();
    for row in scopes::all(connection)? {
        let (documents, repairing) = connection
            .prepare_cached(
                "SELECT documents,
                        EXISTS (SELECT 1 FROM repairs WHERE scope = ?1)
                            OR EXISTS (SELECT 1 FROM fetches WHERE scope = ?1)
                 FROM scopes WHERE n = ?1",
            )?
            .query_row([row.n], |row| Ok((uint(row.get(0)?), row.get(1)?)))?;
        statuses.push(ScopeStatus {
            scope: row.scope,
            window: row.window,
            documents,
            repairing,
        });
    }
    Ok(statuses)
}
