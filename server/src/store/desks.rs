//! Desks and who belongs to them: rows in, rows out. What a tree of desks may be is the relay's
//! decision.

use rusqlite::{Connection, Row, params};
use yizhan_proto::{DeskKey, PersonId, RegionKey, StationId, Timestamp};

use super::StoreError;
use super::convert::{bytes, timestamp, unsigned, word};
use super::log::LogTx;
use super::queries::{all, first};
use super::rows::{DeskMemberRow, DeskRow};

impl LogTx<'_> {
    /// All desks with their members, ascending by key.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn desks(&self) -> Result<Vec<DeskRow>, StoreError> {
        desks(self.connection)
    }

    /// A desk with its members.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn desk(&self, key: &DeskKey) -> Result<Option<DeskRow>, StoreError> {
        let row = first(
            self.connection,
            "SELECT desk, name, region, parent, station, classes, created_at FROM desks
             WHERE desk = ?1",
            [key.as_str()],
            desk_row,
        )?;
        row.map(|row| with_members(self.connection, row))
            .transpose()
    }

    /// The region of a desk, if there is such a desk.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn desk_region(&self, key: &DeskKey) -> Result<Option<RegionKey>, StoreError> {
        first(
            self.connection,
            "SELECT region FROM desks WHERE desk = ?1",
            [key.as_str()],
            |row| word(row, 0),
        )
    }

    /// Adds a desk, or changes whatever differs. Its members stay.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_desk(&mut self, desk: &DeskRow) -> Result<(), StoreError> {
        self.touched.desks = true;
        self.connection
            .prepare_cached(
                "INSERT INTO desks(desk, name, region, parent, station, classes, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT(desk) DO UPDATE SET name = ?2, parent = ?4, station = ?5, classes = ?6",
            )?
            .execute(params![
                desk.key.as_str(),
                desk.name,
                desk.region.as_str(),
                desk.parent.as_ref().map(DeskKey::as_str),
                desk.station.as_ref().map(StationId::as_bytes),
                desk.classes.join(" "),
                desk.created_at.as_ms(),
            ])?;
        Ok(())
    }

    /// Removes a desk that has no members any more and no desks below it.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn remove_desk(&mut self, key: &DeskKey) -> Result<(), StoreError> {
        self.touched.desks = true;
        self.connection
            .prepare_cached("DELETE FROM desks WHERE desk = ?1")?
            .execute([key.as_str()])?;
        Ok(())
    }

    /// Adds a member to a desk, or changes whatever differs.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_desk_member(
        &mut self,
        desk: &DeskKey,
        member: &DeskMemberRow,
    ) -> Result<(), StoreError> {
        self.touched.desks = true;
        self.connection
            .prepare_cached(
                "INSERT INTO desk_members(desk, person, coordinator, classes, added_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET coordinator = ?3, classes = ?4",
            )?
            .execute(params![
                desk.as_str(),
                member.person.as_bytes(),
                member.coordinator,
                member.classes.join(" "),
                member.added_at.as_ms(),
            ])?;
        Ok(())
    }

    /// Removes a member from a desk; says whether they were one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn remove_desk_member(
        &mut self,
        desk: &DeskKey,
        person: PersonId,
    ) -> Result<bool, StoreError> {
        let removed = self
            .connection
            .prepare_cached("DELETE FROM desk_members WHERE desk = ?1 AND person = ?2")?
            .execute(params![desk.as_str(), person.as_bytes()])?;
        self.touched.desks |= removed > 0;
        Ok(removed > 0)
    }

    /// How many tickets lie with a desk that are open, or may still be reopened.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn open_tickets(&self, desk: &DeskKey, now: Timestamp) -> Result<u64, StoreError> {
        let count = first(
            self.connection,
            "SELECT count(*) FROM ticket_clocks
             WHERE desk = ?1 AND (open = 1 OR reopens_until >= ?2)",
            params![desk.as_str(), now.as_ms()],
            |row| unsigned(row, 0),
        )?;
        Ok(count.unwrap_or_default())
    }
}

/// All desks with their members, ascending by key.
pub(super) fn desks(connection: &Connection) -> Result<Vec<DeskRow>, StoreError> {
    let rows = all(
        connection,
        "SELECT desk, name, region, parent, station, classes, created_at FROM desks ORDER BY desk",
        [],
        desk_row,
    )?;
    rows.into_iter()
        .map(|row| with_members(connection, row))
        .collect()
}

fn with_members(connection: &Connection, desk: DeskRow) -> Result<DeskRow, StoreError> {
    let members = all(
        connection,
        "SELECT person, coordinator, classes, added_at FROM desk_members WHERE desk = ?1
         ORDER BY person",
        [desk.key.as_str()],
        |row| {
            Ok(DeskMemberRow {
                person: PersonId::from_bytes(bytes(row, 0)?),
                coordinator: row.get(1)?,
                classes: words(row, 2)?,
                added_at: timestamp(row, 3)?,
            })
        },
    )?;
    Ok(DeskRow { members, ..desk })
}

fn desk_row(row: &Row<'_>) -> Result<DeskRow, StoreError> {
    let parent: Option<String> = row.get(3)?;
    let station: Option<Vec<u8>> = row.get(4)?;
    Ok(DeskRow {
        key: word(row, 0)?,
        name: row.get(1)?,
        region: word(row, 2)?,
        parent: parent.map(|_| word(row, 3)).transpose()?,
        station: station
            .map(|_| bytes(row, 4).map(StationId::from_bytes))
            .transpose()?,
        classes: words(row, 5)?,
        created_at: timestamp(row, 6)?,
        members: Vec::new(),
    })
}

/// Words with one space between them.
fn words(row: &Row<'_>, column: usize) -> Result<Vec<String>, StoreError> {
    let text: String = row.get(column)?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}
