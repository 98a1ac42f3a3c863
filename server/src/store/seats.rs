//! Seats: the tallies of activities, the seats of enrolments, and leases. Each is found by an
//! index; nothing here looks at all enrolments of an activity.

use rusqlite::{Row, params};
use yizhan_client_core::model::activity::State;
use yizhan_proto::{DeviceId, DocumentId, EntryId};

use super::StoreError;
use super::convert::{bytes, sequence, signed, unsigned};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{LeaseRow, SeatRow, SeatTally, Standing};

/// Which seats to list, and in what order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatOrder {
    /// Those who wait, the earliest first.
    Waiting,
    /// Those accepted by arrival, the latest first.
    LatestAccepted,
    /// Those with a seat, those under a lease, and those who wait; each in order of arrival.
    Open,
}

const ACCEPTED: i64 = 1;
const COVERED: i64 = 2;
const WAITING: i64 = 3;
const REFUSED: i64 = 4;
const CANCELLED: i64 = 5;

impl LogTx<'_> {
    /// What is kept of an activity's seats, if the relay knows the activity.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn seat_tally(&self, activity: DocumentId) -> Result<Option<SeatTally>, StoreError> {
        first(
            self.connection,
            "SELECT activity, capacity, state, accepted, covered, reserved, waiting, numbered
             FROM seat_tallies WHERE activity = ?1",
            [activity.as_bytes()],
            tally_row,
        )
    }

    /// Keeps an activity's tally; `unsettled` if something is still to be decided.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_seat_tally(&mut self, tally: &SeatTally, unsettled: bool) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO seat_tallies(activity, capacity, state, accepted, covered,
                 reserved, waiting, numbered, unsettled)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                tally.activity.as_bytes(),
                tally.capacity,
                tally.state.as_str(),
                tally.accepted,
                tally.covered,
                tally.reserved,
                tally.waiting,
                tally.numbered,
                unsettled,
            ])?;
        Ok(())
    }

    /// An activity for which something is still to be decided, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn unsettled_activity(&self) -> Result<Option<DocumentId>, StoreError> {
        first(
            self.connection,
            "SELECT activity FROM seat_tallies WHERE unsettled = 1 LIMIT 1",
            [],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// The seat of an enrolment, if it ever asked for one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn seat(&self, enrolment: DocumentId) -> Result<Option<SeatRow>, StoreError> {
        first(
            self.connection,
            "SELECT enrolment, standing, lease, arrived, request, number
             FROM seats WHERE enrolment = ?1",
            [enrolment.as_bytes()],
            seat_row,
        )
    }

    /// Up to `limit` seats of an activity.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn seats(
        &self,
        activity: DocumentId,
        order: SeatOrder,
        limit: u32,
    ) -> Result<Vec<SeatRow>, StoreError> {
        let sql = match order {
            SeatOrder::Waiting => {
                "SELECT enrolment, standing, lease, arrived, request, number FROM seats
                 WHERE activity = ?1 AND standing = 3 ORDER BY arrived LIMIT ?2"
            }
            SeatOrder::LatestAccepted => {
                "SELECT enrolment, standing, lease, arrived, request, number FROM seats
                 WHERE activity = ?1 AND standing = 1 ORDER BY arrived DESC LIMIT ?2"
            }
            SeatOrder::Open => {
                "SELECT enrolment, standing, lease, arrived, request, number FROM seats
                 WHERE activity = ?1 AND standing <= 3 ORDER BY standing, arrived LIMIT ?2"
            }
        };
        let params = params![activity.as_bytes(), limit];
        all(self.connection, sql, params, seat_row)
    }

    /// Keeps the seat of an enrolment in an activity.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_seat(&mut self, activity: DocumentId, seat: &SeatRow) -> Result<(), StoreError> {
        let (standing, lease) = match seat.standing {
            Standing::Accepted => (ACCEPTED, None),
            Standing::Covered(lease) => (COVERED, Some(lease)),
            Standing::Waiting => (WAITING, None),
            Standing::Refused => (REFUSED, None),
            Standing::Cancelled => (CANCELLED, None),
        };
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO seats(enrolment, activity, standing, lease, arrived,
                 request, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                seat.enrolment.as_bytes(),
                activity.as_bytes(),
                standing,
                lease.as_ref().map(EntryId::as_bytes),
                signed(seat.arrived.get()),
                seat.request.as_bytes(),
                seat.number,
            ])?;
        Ok(())
    }

    /// Takes the seat of an enrolment away.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn remove_seat(&mut self, enrolment: DocumentId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM seats WHERE enrolment = ?1")?
            .execute([enrolment.as_bytes()])?;
        Ok(())
    }

    /// A lease of an activity.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn seat_lease(
        &self,
        activity: DocumentId,
        lease: EntryId,
    ) -> Result<Option<LeaseRow>, StoreError> {
        first(
            self.connection,
            "SELECT lease, device, allowed, returned, covered FROM seat_leases
             WHERE activity = ?1 AND lease = ?2",
            params![activity.as_bytes(), lease.as_bytes()],
            lease_row,
        )
    }

    /// Keeps a lease of an activity; what is spent of it is in the column `covered`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_seat_lease(
        &mut self,
        activity: DocumentId,
        lease: &LeaseRow,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO seat_leases(activity, lease, device, allowed, returned,
                 covered) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                activity.as_bytes(),
                lease.lease.as_bytes(),
                lease.device.as_bytes(),
                lease.allowed,
                lease.returned,
                lease.spent,
            ])?;
        Ok(())
    }
}

impl Snapshot<'_> {
    /// People who wait for a seat, of all activities.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn people_waiting(&self) -> Result<u64, StoreError> {
        let waiting = first(
            self.connection,
            "SELECT coalesce(sum(waiting), 0) FROM seat_tallies",
            [],
            |row| unsigned(row, 0),
        )?;
        Ok(waiting.unwrap_or(0))
    }
}

fn tally_row(row: &Row<'_>) -> Result<SeatTally, StoreError> {
    let state = row.get_ref(2)?.as_str().ok().and_then(State::from_text);
    Ok(SeatTally {
        activity: DocumentId::from_bytes(bytes(row, 0)?),
        capacity: row.get(1)?,
        state: state.ok_or_else(|| StoreError::damaged("a state that is not one of ours"))?,
        accepted: row.get(3)?,
        covered: row.get(4)?,
        reserved: row.get(5)?,
        waiting: row.get(6)?,
        numbered: row.get(7)?,
    })
}

fn seat_row(row: &Row<'_>) -> Result<SeatRow, StoreError> {
    let standing = match row.get(1)? {
        ACCEPTED => Standing::Accepted,
        COVERED => Standing::Covered(EntryId::from_bytes(bytes(row, 2)?)),
        WAITING => Standing::Waiting,
        REFUSED => Standing::Refused,
        CANCELLED => Standing::Cancelled,
        _ => return Err(StoreError::damaged("a standing that is not one of ours")),
    };
    Ok(SeatRow {
        enrolment: DocumentId::from_bytes(bytes(row, 0)?),
        standing,
        arrived: sequence(row, 3)?,
        request: EntryId::from_bytes(bytes(row, 4)?),
        number: row.get(5)?,
    })
}

fn lease_row(row: &Row<'_>) -> Result<LeaseRow, StoreError> {
    Ok(LeaseRow {
        lease: EntryId::from_bytes(bytes(row, 0)?),
        device: DeviceId::from_bytes(bytes(row, 1)?),
        allowed: row.get(2)?,
        returned: row.get(3)?,
        spent: row.get(4)?,
    })
}
