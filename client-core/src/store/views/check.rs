//! The rows of a health check.

use rusqlite::{Transaction, params};

use super::{lines, marks};
use crate::model::check::{Check, Comparator, Measurement};
use crate::model::vitals::{Item, Level};
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(tx: &Transaction<'_>, n: i64, check: &Check) -> Result<Indexed, StoreError> {
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
    marks::write_check(tx, n, check)?;
    Ok(Indexed {
        title: summary,
        text: lines(check.note.as_deref().into_iter()),
    })
}

/// The measurements that came to a number.
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
