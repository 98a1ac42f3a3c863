//! Seats as they are kept: plain data, no SQL, no rule.

use yizhan_client_core::model::activity::State;
use yizhan_proto::{DeviceId, DocumentId, EntryId, Sequence};

/// What is kept of an activity to decide about its seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatTally {
    /// The activity.
    pub activity: DocumentId,
    /// Seats there are; `None`: as many as come.
    pub capacity: Option<u32>,
    /// The activity's state.
    pub state: State,
    /// Seats given in the order of arrival.
    pub accepted: u32,
    /// Seats given under leases.
    pub covered: u32,
    /// Seats that leases hold and nobody has taken yet.
    pub reserved: u32,
    /// People on the waiting list.
    pub waiting: u32,
    /// The latest seat number given; numbers are never given twice.
    pub numbered: u32,
}

/// How a person stands to a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Has one, by arrival.
    Accepted,
    /// Has one, under this lease.
    Covered(EntryId),
    /// Waits for one.
    Waiting,
    /// Was refused.
    Refused,
    /// Gave it up.
    Cancelled,
}

/// One enrolment's seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatRow {
    /// The enrolment.
    pub enrolment: DocumentId,
    /// How it stands.
    pub standing: Standing,
    /// The sequence of the request that stands: the place in the order of arrival.
    pub arrived: Sequence,
    /// The latest request that was answered.
    pub request: EntryId,
    /// The seat's number, or the place on the waiting list when that was decided.
    pub number: Option<u32>,
}

/// Seats that one device may give away while nobody hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// The lease: its entry in the activity.
    pub lease: EntryId,
    /// The device that holds it.
    pub device: DeviceId,
    /// Seats it is good for: those granted; from its return on, those the holder gave away.
    pub allowed: u32,
    /// Whether it was returned.
    pub returned: bool,
    /// Seats of it that were given away and heard of, also those given up since: each is given
    /// away once.
    pub spent: u32,
}
