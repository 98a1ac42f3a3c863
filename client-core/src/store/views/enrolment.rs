//! The rows of an enrolment.

use rusqlite::{Transaction, params};
use yizhan_proto::{EntryId, Timestamp};

use super::{all_of, lines};
use crate::model::enrolment::{Ask, Enrolment, Mark, Reason, ScanResult, Seat};
use crate::store::StoreError;
use crate::store::search::Indexed;

pub(super) fn write(
    tx: &Transaction<'_>,
    n: i64,
    enrolment: &Enrolment,
) -> Result<Indexed, StoreError> {
    let conflict = enrolment.quiz_score.is_conflict()
        || enrolment.feedback_rating.is_conflict()
        || enrolment.feedback.is_conflict()
        || enrolment.certificate.is_conflict();
    let marked = |mark: Mark| {
        let scans = enrolment.scans.iter();
        let count = scans.filter(|scan| scan.mark == mark).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    };
    let seat = enrolment.standing.seat;
    let attended = enrolment.attendance();
    // Who has a seat is no walk-in, whatever the device that scanned knew of it.
    let walk_in = attended.is_some_and(|scan| scan.result == ScanResult::WalkIn)
        && !seat.is_some_and(Seat::is_taken);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO enrolments_view (document, driver, driver_name, activity, station,
             seat, number, reason, lease, asked_at, attended_at, walk_in, duplicates, failed_scans,
             quiz_score, quiz_asked, rating, certificate, conflict)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(params![
        n,
        enrolment.driver.as_bytes(),
        enrolment.driver_name,
        enrolment.activity.as_bytes(),
        enrolment.station.as_bytes(),
        seat.map(Seat::as_str),
        seat.and_then(Seat::number),
        seat.and_then(Seat::reason).map(Reason::as_str),
        enrolment.standing.lease.as_ref().map(EntryId::as_bytes),
        first_at(enrolment).map_or(0, Timestamp::as_ms),
        attended.map(|scan| scan.at.as_ms()),
        walk_in,
        marked(Mark::Duplicate),
        marked(Mark::Failed),
        enrolment.quiz_score.value,
        enrolment.quiz_asked.value,
        enrolment.feedback_rating.value,
        enrolment.certificate.value,
        conflict,
    ])?;
    uses(tx, n, enrolment)?;
    let name = std::iter::once(enrolment.driver_name.as_str());
    let texts = [&enrolment.feedback, &enrolment.certificate];
    Ok(Indexed {
        title: enrolment.driver_name.clone(),
        text: lines(name.chain(texts.into_iter().flat_map(all_of))),
    })
}

/// The seats of leases that its requests gave away.
fn uses(tx: &Transaction<'_>, n: i64, enrolment: &Enrolment) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM lease_uses WHERE document = ?1")?
        .execute([n])?;
    let requests = enrolment.requests.iter();
    let naming = requests.filter(|request| request.what == Ask::Enrol);
    for (request, lease) in naming.filter_map(|request| Some((request.entry, request.lease?))) {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO lease_uses (document, request, activity, lease)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            n,
            request.as_bytes(),
            enrolment.activity.as_bytes(),
            lease.as_bytes(),
        ])?;
    }
    Ok(())
}

/// When the driver first asked, or was first scanned.
fn first_at(enrolment: &Enrolment) -> Option<Timestamp> {
    let asked = enrolment.requests.iter().map(|request| request.at);
    asked
        .chain(enrolment.scans.iter().map(|scan| scan.at))
        .min()
}
