//! Consents.

use rusqlite::{Connection, Row, ToSql};
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::super::opened::Opened;
use super::super::sql::{bytes, time, time_opt};
use super::super::{ConsentDetail, ConsentFilter, ConsentRow, FindError, Store, StoreError};
use super::{HELD, STATION_NAME, UNSENT, limit, open};
use crate::model::consent::Purpose;

/// SQL for "in force at `:now`", as the model's own rule has it: any withdrawal ends it.
const IN_FORCE: &str = "v.withdrawn_at IS NULL AND (v.until IS NULL OR v.until >= :now)";

impl Store {
    /// Consents, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consents(
        &self,
        filter: &ConsentFilter,
        now: Timestamp,
    ) -> Result<Vec<ConsentRow>, StoreError> {
        self.read(|connection| select(connection, filter, false, now))
    }

    /// The driver's consent for a purpose at a station that is in force, the newest if several.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn consent_in_force(
        &self,
        driver: PersonId,
        station: StationId,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<ConsentRow>, StoreError> {
        let filter = ConsentFilter {
            driver: Some(driver),
            station: Some(station),
            purpose: Some(purpose),
            limit: 1,
        };
        self.read(|connection| Ok(select(connection, &filter, true, now)?.pop()))
    }

    /// One consent, opened.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn consent(&self, id: DocumentId) -> Result<ConsentDetail, FindError> {
        self.read(|connection| match open(connection, "consent", id)? {
            (Opened::Consent(consent), _) => Ok(*consent),
            _ => Err(FindError::None {
                what: "consent",
                text: id.to_string(),
            }),
        })
    }
}

/// Whether the driver withdrew the consent for a purpose at a station and has none in force.
pub(in super::super) fn is_withdrawn(
    connection: &Connection,
    driver: PersonId,
    station: StationId,
    purpose: Purpose,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let at = "v.driver = :driver AND v.station = :station AND v.purpose = :purpose";
    Ok(connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM consents_view v
                            WHERE {at} AND v.withdrawn_at IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM consents_view v WHERE {at} AND {IN_FORCE})"
        ))?
        .query_row(
            rusqlite::named_params! {
                ":driver": driver.as_bytes(),
                ":station": station.as_bytes(),
                ":purpose": purpose.as_str(),
                ":now": now.as_ms(),
            },
            |row| row.get(0),
        )?)
}

pub(super) fn select(
    connection: &Connection,
    filter: &ConsentFilter,
    in_force: bool,
    now: Timestamp,
) -> Result<Vec<ConsentRow>, StoreError> {
    let (driver, station) = (filter.driver, filter.station);
    let (driver, station, purpose) = (
        driver.as_ref().map(PersonId::as_bytes),
        station.as_ref().map(StationId::as_bytes),
        filter.purpose.map(Purpose::as_str),
    );
    let (now, limit) = (now.as_ms(), limit(filter.limit));
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":now", &now), (":limit", &limit)];
    let mut conditions = String::from("1");
    if let Some(driver) = &driver {
        conditions.push_str(" AND v.driver = :driver");
        params.push((":driver", driver));
    }
    if let Some(station) = &station {
        conditions.push_str(" AND v.station = :station");
        params.push((":station", station));
    }
    if let Some(purpose) = &purpose {
        conditions.push_str(" AND v.purpose = :purpose");
        params.push((":purpose", purpose));
    }
    if in_force {
        conditions.push_str(&format!(" AND {IN_FORCE}"));
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.id, v.driver, v.station, {STATION_NAME}, v.purpose, v.given_at, v.until,
                v.withdrawn_at, {IN_FORCE}, {UNSENT}, {HELD}
         FROM consents_view v JOIN documents d ON d.n = v.document
         WHERE {conditions} ORDER BY v.given_at DESC, v.document DESC LIMIT :limit"
    ))?;
    let rows = statement.query_map(params.as_slice(), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ConsentRow> {
    let purpose: Option<String> = row.get(4)?;
    Ok(ConsentRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        driver: bytes(row, 1, PersonId::from_bytes)?,
        station: bytes(row, 2, StationId::from_bytes)?,
        station_name: row.get(3)?,
        purpose: purpose.and_then(|purpose| Purpose::from_text(&purpose)),
        given_at: time(row, 5)?,
        until: time_opt(row, 6)?,
        withdrawn_at: time_opt(row, 7)?,
        in_force: row.get(8)?,
        unsent: row.get(9)?,
        held: row.get(10)?,
    })
}
