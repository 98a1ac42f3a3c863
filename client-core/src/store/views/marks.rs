//! Rows beside those of visits and checks: by which showing of a code a visit was begun, and which
//! checks ask for a second reading.

use rusqlite::{Transaction, params};

use crate::model::check::Check;
use crate::model::visit::Visit;
use crate::model::vitals::{Item, is_crisis};
use crate::store::StoreError;

/// In `check_marks.measured` and `.critical`: blood pressure.
const PRESSURE: i64 = 1;
/// In the same: blood glucose, of whatever kind.
const GLUCOSE: i64 = 2;

/// Writes the showing of a code by which a visit was begun.
pub(super) fn write_visit(tx: &Transaction<'_>, n: i64, visit: &Visit) -> Result<(), StoreError> {
    match &visit.code {
        Some(code) => tx
            .prepare_cached("INSERT OR REPLACE INTO visit_codes (document, nonce) VALUES (?1, ?2)")?
            .execute(params![n, code.nonce.as_bytes()])?,
        None => tx
            .prepare_cached("DELETE FROM visit_codes WHERE document = ?1")?
            .execute([n])?,
    };
    Ok(())
}

/// Writes what a check measured, and which of it was a crisis.
pub(super) fn write_check(tx: &Transaction<'_>, n: i64, check: &Check) -> Result<(), StoreError> {
    let measured = measured(check);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO check_marks (document, driver, taken_at, measured, critical)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        n,
        check.driver.as_bytes(),
        check.taken_at.as_ms(),
        measured,
        critical(check, measured),
    ])?;
    Ok(())
}

fn measured(check: &Check) -> i64 {
    check
        .measurements
        .iter()
        .filter(|measurement| measurement.value.is_some())
        .fold(0, |marks, measurement| {
            marks
                | match measurement.item {
                    Item::Systolic | Item::Diastolic => PRESSURE,
                    Item::GlucoseRandom | Item::GlucoseFasting | Item::GlucoseAfterMeal => GLUCOSE,
                    Item::Pulse | Item::Neck | Item::Lumbar => 0,
                }
        })
}

/// What asks for a second reading: the items whose level is a crisis. Levels of a newer rule set
/// are not known here: then all that was measured.
fn critical(check: &Check, measured: i64) -> i64 {
    if !check.crisis {
        return 0;
    }
    let of = |level: Option<_>, mark| {
        if level.is_some_and(is_crisis) {
            mark
        } else {
            0
        }
    };
    match of(check.pressure_level, PRESSURE) | of(check.glucose_level, GLUCOSE) {
        0 => measured,
        known => known,
    }
}
