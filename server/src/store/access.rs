//! Consents as they bear on who holds what, and what is to be put in its place: rows in, rows out.
//! What follows from them is decided by the relay.

use rusqlite::{Connection, Row, params};
use yizhan_client_core::model::Outline;
use yizhan_client_core::model::consent::Purpose;
use yizhan_proto::{DocumentId, Kind, PersonId, Scope, StationId, Timestamp};

use super::StoreError;
use super::convert::{bytes, cbor, sequence, signed, timestamp_or_none, unsigned};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{ConsentRow, PlacingRow, ScopeEntry};

const COLUMNS: &str = "doc, driver, station, purpose, share_with, until, withdrawn, ended";

impl LogTx<'_> {
    /// All ids of the person of an id or alias, that one among them.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ids_of(&self, id: PersonId) -> Result<Vec<PersonId>, StoreError> {
        let person = self.person_of_alias(id)?.unwrap_or(id);
        let mut ids = all(
            self.connection,
            "SELECT alias FROM person_alias WHERE person = ?1",
            [person.as_bytes()],
            |row| Ok(PersonId::from_bytes(bytes(row, 0)?)),
        )?;
        ids.extend([id, person]);
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// A consent that bears on who holds what.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn consent(&self, document: DocumentId) -> Result<Option<ConsentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM consents WHERE doc = ?1");
        let found = first(self.connection, &sql, [document.as_bytes()], consent_row)?;
        Ok(found.flatten())
    }

    /// Keeps a consent that bears on who holds what.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_consent(&mut self, row: &ConsentRow) -> Result<(), StoreError> {
        let before = self.consent(row.document)?;
        for moved in before.iter().chain([row]) {
            let ids = self.ids_of(moved.driver)?;
            self.consents_moved(&ids, moved.station);
        }
        put_consent(self.connection, row)
    }

    /// Those consents of a driver, by any of these ids, at a station by which all of them stand at
    /// `now`: of each purpose one that was withdrawn and those that last longest, and of the stations
    /// that are shared with those whose ids come first, at most `shares_max` under each id. However
    /// many there are, a few are looked at.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn consents_standing(
        &self,
        drivers: &[PersonId],
        station: StationId,
        now: Timestamp,
        shares_max: usize,
    ) -> Result<Vec<ConsentRow>, StoreError> {
        let mut found = Vec::new();
        for driver in drivers {
            for purpose in [Purpose::Visits, Purpose::HealthRecord] {
                for one in [
                    "withdrawn = 1",
                    "withdrawn = 0 AND until IS NULL",
                    "withdrawn = 0 ORDER BY until DESC",
                ] {
                    let sql = format!(
                        "SELECT {COLUMNS} FROM consents INDEXED BY consents_standing
                         WHERE driver = ?1 AND station = ?2 AND purpose = ?3 AND {one} LIMIT 1"
                    );
                    let at = params![driver.as_bytes(), station.as_bytes(), purpose.as_str()];
                    found.extend(first(self.connection, &sql, at, consent_row)?.flatten());
                }
            }
            self.shares_standing(*driver, station, now, shares_max, &mut found)?;
        }
        Ok(found)
    }

    /// One sharing in force with each of the first stations.
    fn shares_standing(
        &self,
        driver: PersonId,
        station: StationId,
        now: Timestamp,
        shares_max: usize,
        found: &mut Vec<ConsentRow>,
    ) -> Result<(), StoreError> {
        const SHARED: &str = "FROM consents INDEXED BY consents_shared
             WHERE ended = 0 AND purpose = 'share' AND driver = ?1 AND station = ?2";
        let (next, in_force) = (
            format!("SELECT min(share_with) {SHARED} AND share_with > ?3"),
            format!("SELECT {COLUMNS} {SHARED} AND share_with = ?3 AND until >= ?4 LIMIT 1"),
        );
        let (driver, station) = (driver.as_bytes(), station.as_bytes());
        let (mut after, mut shares) = (Vec::new(), 0);
        while shares < shares_max {
            let with = first(
                self.connection,
                &next,
                params![driver, station, after],
                |row| Ok(row.get::<_, Option<Vec<u8>>>(0)?),
            )?;
            let Some(with) = with.flatten() else {
                break;
            };
            let at = params![driver, station, with, now.as_ms()];
            let row = first(self.connection, &in_force, at, consent_row)?.flatten();
            shares += usize::from(row.is_some());
            found.extend(row);
            after = with;
        }
        Ok(())
    }

    /// The stations to which somebody has given consents.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn consented_stations(&self, drivers: &[PersonId]) -> Result<Vec<StationId>, StoreError> {
        let mut stations = Vec::new();
        for driver in drivers {
            stations.extend(all(
                self.connection,
                "SELECT DISTINCT station FROM consents WHERE driver = ?1",
                [driver.as_bytes()],
                |row| Ok(StationId::from_bytes(bytes(row, 0)?)),
            )?);
        }
        stations.sort_unstable();
        stations.dedup();
        Ok(stations)
    }

    /// Sharings whose date has passed and that were not attended to, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn shares_over(&self, now: Timestamp, most: u32) -> Result<Vec<ConsentRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM consents
             WHERE ended = 0 AND purpose = 'share' AND until < ?1 ORDER BY until LIMIT ?2"
        );
        let rows = all(
            self.connection,
            &sql,
            params![now.as_ms(), most],
            consent_row,
        )?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Asks that a driver's visits and checks at a station be put where they belong.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ask_placing(&mut self, driver: PersonId, station: StationId) -> Result<(), StoreError> {
        let asked = self.head().get();
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO placings(driver, station, position, asked)
                 VALUES (?1, ?2, 0, ?3)",
            )?
            .execute(params![
                driver.as_bytes(),
                station.as_bytes(),
                signed(asked)
            ])?;
        Ok(())
    }

    /// What is to be put in its place next.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn next_placing(&self) -> Result<Option<PlacingRow>, StoreError> {
        first(
            self.connection,
            "SELECT driver, station, position, asked FROM placings LIMIT 1",
            [],
            |row| {
                Ok(PlacingRow {
                    driver: PersonId::from_bytes(bytes(row, 0)?),
                    station: StationId::from_bytes(bytes(row, 1)?),
                    position: unsigned(row, 2)?,
                    asked: unsigned(row, 3)?,
                })
            },
        )
    }

    /// Notes how far a placing has come; at its end, there is none any more. What was asked for in
    /// this very commit begins anew with the next: the index of scopes has not followed yet.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_placing(&mut self, row: &PlacingRow, is_done: bool) -> Result<(), StoreError> {
        let (sql, position) = if is_done && row.asked <= self.committed_head().get() {
            (
                "DELETE FROM placings WHERE driver = ?1 AND station = ?2 AND ?3 >= 0",
                0,
            )
        } else {
            (
                "UPDATE placings SET position = ?3 WHERE driver = ?1 AND station = ?2",
                if is_done { 0 } else { row.position },
            )
        };
        self.connection.prepare_cached(sql)?.execute(params![
            row.driver.as_bytes(),
            row.station.as_bytes(),
            signed(position)
        ])?;
        Ok(())
    }

    /// The documents that are or were in a scope with a latest sequence there past `position`,
    /// rising, as of the latest commit.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn scope_entries(
        &mut self,
        scope: &Scope,
        position: u64,
        most: u32,
    ) -> Result<Vec<ScopeEntry>, StoreError> {
        let Some(scope) = self.known_scope(scope)? else {
            return Ok(Vec::new());
        };
        all(
            self.connection,
            "SELECT doc, last_seq AS last FROM scope_index WHERE scope = ?1 AND last_seq > ?2
             UNION ALL
             SELECT doc, seq AS last FROM leavings WHERE scope = ?1 AND seq > ?2
             ORDER BY last LIMIT ?3",
            params![scope.id.0, signed(position), most],
            |row| {
                Ok(ScopeEntry {
                    document: DocumentId::from_bytes(bytes(row, 0)?),
                    last: sequence(row, 1)?,
                })
            },
        )
    }
}

impl Snapshot<'_> {
    /// Whether anything is to be put in its place.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_placing_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let due = first(
            self.connection,
            "SELECT EXISTS (SELECT 1 FROM placings) OR EXISTS (SELECT 1 FROM consents
                 WHERE ended = 0 AND purpose = 'share' AND until < ?1)",
            [now.as_ms()],
            |row| Ok(row.get(0)?),
        )?;
        Ok(due.unwrap_or(false))
    }
}

fn put_consent(connection: &Connection, row: &ConsentRow) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO consents(doc, driver, station, purpose, share_with, until,
             withdrawn, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            row.document.as_bytes(),
            row.driver.as_bytes(),
            row.station.as_bytes(),
            row.purpose.as_str(),
            row.share_with.map(|station| *station.as_bytes()),
            row.until.map(Timestamp::as_ms),
            row.withdrawn,
            row.ended,
        ])?;
    Ok(())
}

/// `None` for a purpose that this version does not know.
fn consent_row(row: &Row<'_>) -> Result<Option<ConsentRow>, StoreError> {
    let Some(purpose) = Purpose::from_text(&row.get::<_, String>(3)?) else {
        return Ok(None);
    };
    let has_share = row.get_ref(4)?.as_blob_or_null().ok().flatten().is_some();
    Ok(Some(ConsentRow {
        document: DocumentId::from_bytes(bytes(row, 0)?),
        driver: PersonId::from_bytes(bytes(row, 1)?),
        station: StationId::from_bytes(bytes(row, 2)?),
        purpose,
        share_with: has_share
            .then(|| bytes(row, 4).map(StationId::from_bytes))
            .transpose()?,
        until: timestamp_or_none(row, 5)?,
        withdrawn: row.get(6)?,
        ended: row.get(7)?,
    }))
}

/// A consent as its outline says; `None` if nobody holds more or less because of it.
pub(super) fn consent_of(document: DocumentId, outline: &Outline) -> Option<ConsentRow> {
    let purpose = Purpose::from_text(outline.facts.purpose.as_deref()?)?;
    let bears = match purpose {
        Purpose::Visits | Purpose::HealthRecord | Purpose::Share => true,
        Purpose::Photos | Purpose::Statistics => false,
    };
    let withdrawn = outline.facts.withdrawn_at.is_some();
    (bears && outline.kind == Kind::Consent).then_some(ConsentRow {
        document,
        driver: outline.routing.driver?,
        station: outline.routing.station?,
        purpose,
        share_with: outline.facts.share_with,
        until: outline.facts.until,
        withdrawn,
        ended: withdrawn,
    })
}

/// Fills in the consents of a store of an older format, once. What was withdrawn then is put in
/// its place as if it were withdrawn now.
pub(super) fn fill(connection: &Connection) -> Result<(), StoreError> {
    let done = first(
        connection,
        "SELECT 1 FROM meta WHERE key = 'consents'",
        [],
        |_| Ok(()),
    )?;
    if done.is_some() {
        return Ok(());
    }
    let tx = connection.unchecked_transaction()?;
    let outlines = all(
        &tx,
        "SELECT doc, outline FROM documents WHERE kind = ?1",
        [Kind::Consent.code()],
        |row| {
            let document = DocumentId::from_bytes(bytes(row, 0)?);
            Ok(consent_of(document, &cbor::<Outline>(row, 1)?))
        },
    )?;
    for row in outlines.into_iter().flatten() {
        put_consent(&tx, &row)?;
        if row.withdrawn || row.purpose == Purpose::Share {
            tx.prepare_cached(
                "INSERT OR IGNORE INTO placings(driver, station, position, asked)
                 VALUES (?1, ?2, 0, 0)",
            )?
            .execute(params![row.driver.as_bytes(), row.station.as_bytes()])?;
        }
    }
    tx.execute(
        "INSERT OR REPLACE INTO meta(key, value) VALUES ('consents', x'01')",
        [],
    )?;
    tx.commit()?;
    Ok(())
}

impl ConsentRow {
    /// A consent as its outline says; `None` if nobody holds more or less because of it.
    #[must_use]
    pub fn of(document: DocumentId, outline: &Outline) -> Option<Self> {
        consent_of(document, outline)
    }
}
