//! The rows that screens read, written in the transaction that changes a document.

use rusqlite::{Transaction, params};

use super::opened::{Opened, withdrawn_at};
use super::search::{self, Indexed};
use super::{Store, StoreError, reread};
use crate::model::check::{Check, Comparator, Measurement};
use crate::model::consent::{Consent, Purpose};
use crate::model::document::Register;
use crate::model::station::{Station, StationType};
use crate::model::visit::{Service, Visit};
use crate::model::vitals::{Item, Level};

/// The version of these rows. When it moves, [`Store::rebuild_views_step`] writes all of them
/// anew; until then a document has those of the version before.
///
/// 1, 2026-11-21: the first. 2, 2026-11-21: readings, beds given, levels.
pub(super) const VIEW_VERSION: i64 = 2;

/// Writes the rows of a document.
pub(super) fn write(tx: &Transaction<'_>, n: i64, opened: &Opened) -> Result<(), StoreError> {
    let indexed = match opened {
        Opened::Station(station) => write_station(tx, n, station)?,
        Opened::Visit(visit) => write_visit(tx, n, visit)?,
        Opened::Check(check) => write_check(tx, n, check)?,
        Opened::Consent(consent) => write_consent(tx, n, consent)?,
    };
    search::write(tx, n, &indexed)
}

/// Removes the rows of a document that is not shown any more.
pub(super) fn remove(tx: &Transaction<'_>, n: i64) -> Result<(), StoreError> {
    for table in [
        "stations_view",
        "visits_view",
        "checks_view",
        "consents_view",
        "readings_view",
    ] {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE document = ?1"))?
            .execute([n])?;
    }
    search::remove(tx, n)
}

fn write_station(tx: &Transaction<'_>, n: i64, station: &Station) -> Result<Indexed, StoreError> {
    let conflict = station.name.is_conflict()
        || station.address.is_conflict()
        || station.beds_total.is_conflict()
        || station.beds_free.is_conflict()
        || station.hours.is_conflict()
        || station.phone.is_conflict()
        || station.open.is_conflict()
        || station.notice.is_conflict();
    let name = station.name.value.clone().unwrap_or_default();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO stations_view (document, key, name, region, sort, address, phone,
             hours, facilities, beds_total, beds_free, open, notice, conflict)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        n,
        station.key,
        name,
        station.region.as_ref().map(ToString::to_string),
        station.station_type.map(StationType::as_str),
        station.address.value,
        station.phone.value,
        station.hours.value,
        station.facilities.join(" "),
        station.beds_total.value,
        station.beds_free.value,
        station.open.value,
        station.notice.value,
        conflict,
    ])?;
    let texts = [&station.name, &station.address, &station.notice];
    Ok(Indexed {
        text: lines(
            std::iter::once(station.key.as_str()).chain(texts.into_iter().flat_map(all_of)),
        ),
        title: name,
    })
}

fn write_visit(tx: &Transaction<'_>, n: i64, visit: &Visit) -> Result<Indexed, StoreError> {
    let conflict = visit.left_at.is_conflict()
        || visit.note.is_conflict()
        || visit.keeper_note.is_conflict()
        || visit.rating.is_conflict();
    let given = |of: fn(&Service) -> bool| {
        let services = visit.services.iter().filter(|service| of(service));
        services.fold(0_u32, |sum, service| sum.saturating_add(service.quantity))
    };
    tx.prepare_cached(
        "INSERT OR REPLACE INTO visits_view (document, id, driver, driver_name, station, arrived_at,
             left_at, plate, given, beds, rating, conflict)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        n,
        visit.id.as_bytes(),
        visit.driver.as_bytes(),
        visit.driver_name,
        visit.station.as_bytes(),
        visit.arrived_at.as_ms(),
        visit.left_at.value.map(yizhan_proto::Timestamp::as_ms),
        visit.vehicle_plate,
        given(|_| true),
        given(|service| service.service == "bed"),
        visit.rating.value,
        conflict,
    ])?;
    let plate = visit.vehicle_plate.as_deref();
    Ok(Indexed {
        title: visit.driver_name.clone(),
        text: lines(
            std::iter::once(visit.driver_name.as_str())
                .chain(plate)
                .chain(all_of(&visit.note))
                .chain(all_of(&visit.keeper_note)),
        ),
    })
}

fn write_check(tx: &Transaction<'_>, n: i64, check: &Check) -> Result<Indexed, StoreError> {
    let summary: Vec<String> = check.measurements.iter().map(in_words).collect();
    let summary = summary.join(", ");
    tx.prepare_cached(
        "INSERT OR REPLACE INTO checks_view (document, driver, station, visit, taken_at, summary,
             crisis, pressure_level, glucose_level, replaces)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        n,
        check.driver.as_bytes(),
        check.station.as_bytes(),
        check.visit.as_ref().map(yizhan_proto::DocumentId::as_bytes),
        check.taken_at.as_ms(),
        summary,
        check.crisis,
        check.pressure_level.map(Level::as_str),
        check.glucose_level.map(Level::as_str),
        check
            .replaces
            .as_ref()
            .map(|(replaced, _)| replaced.as_bytes()),
    ])?;
    write_readings(tx, n, check)?;
    Ok(Indexed {
        title: summary,
        text: lines(check.note.as_deref().into_iter()),
    })
}

/// The measurements of a check that came to a number.
fn write_readings(tx: &Transaction<'_>, n: i64, check: &Check) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM readings_view WHERE document = ?1")?
        .execute([n])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO readings_view (document, entry, driver, item, taken_at, value, comparator,
             level)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for measurement in &check.measurements {
        let Some(value) = measurement.value else {
            continue;
        };
        let level = match measurement.item {
            Item::Systolic | Item::Diastolic => check.pressure_level,
            Item::GlucoseRandom | Item::GlucoseFasting | Item::GlucoseAfterMeal => {
                check.glucose_level
            }
            Item::Pulse | Item::Neck | Item::Lumbar => None,
        };
        insert.execute(params![
            n,
            measurement.entry.as_bytes(),
            check.driver.as_bytes(),
            measurement.item.as_str(),
            check.taken_at.as_ms(),
            value,
            measurement.comparator.map(Comparator::as_str),
            level.map(Level::as_str),
        ])?;
    }
    Ok(())
}

fn write_consent(tx: &Transaction<'_>, n: i64, consent: &Consent) -> Result<Indexed, StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO consents_view (document, driver, station, purpose, given_at, until,
             withdrawn_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        n,
        consent.driver.as_bytes(),
        consent.station.as_bytes(),
        consent.purpose.map(Purpose::as_str),
        consent.given_at.as_ms(),
        consent.until.map(yizhan_proto::Timestamp::as_ms),
        withdrawn_at(consent).map(yizhan_proto::Timestamp::as_ms),
    ])?;
    // A consent has no words of its own.
    Ok(Indexed::default())
}

/// The value shown and those beside it: a conflict's loser is found as well.
fn all_of(register: &Register<String>) -> impl Iterator<Item = &str> {
    register
        .value
        .iter()
        .chain(&register.others)
        .map(String::as_str)
}

fn lines<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}

/// `systolic >300 mm[Hg]`; `neck tight, pain 3`.
fn in_words(measurement: &Measurement) -> String {
    let item = measurement.item.as_str();
    let comparator = measurement.comparator.map_or("", Comparator::as_str);
    if let Some(reason) = &measurement.absent {
        return format!("{item} not measured ({reason})");
    }
    if let Some(finding) = &measurement.finding {
        let pain = measurement.pain.unwrap_or(0);
        return format!("{item} {finding}, pain {pain}");
    }
    match measurement.value {
        Some(value) => format!("{item} {comparator}{value} {}", measurement.unit),
        None => format!("{item} {comparator}{}", measurement.entered),
    }
}

impl Store {
    /// Rebuilds the screens' rows of up to `documents` documents after an update of this program.
    /// Returns how many are left; 0: done. An app calls it in the background until then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rebuild_views_step(&mut self, documents: u32) -> Result<u64, StoreError> {
        self.write(|tx| {
            let mut statement = tx.prepare_cached(
                "SELECT n FROM documents WHERE view < ?1 ORDER BY view, n LIMIT ?2",
            )?;
            let due: Vec<i64> = statement
                .query_map(params![VIEW_VERSION, documents], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for n in due {
                reread::reread(tx, n)?;
            }
            pending(tx)
        })
    }
}

/// How many documents have rows of an older version.
pub(super) fn pending(connection: &rusqlite::Connection) -> Result<u64, StoreError> {
    let left: i64 = connection
        .prepare_cached("SELECT COUNT(*) FROM documents WHERE view < ?1")?
        .query_row([VIEW_VERSION], |row| row.get(0))?;
    Ok(super::sql::uint(left))
}
