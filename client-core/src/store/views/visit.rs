//! The rows of a visit.

use rusqlite::{Transaction, params};

use super::{all_of, lines, marks};
use crate::model::visit::{Service, Visit};
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(tx: &Transaction<'_>, n: i64, visit: &Visit) -> Result<Indexed, StoreError> {
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
    marks::write_visit(tx, n, visit)?;
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
