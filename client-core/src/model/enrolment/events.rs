//! What an accepted change of an enrolment means for seats, told from the change alone: the relay
//! asks this in the job that accepts it. Activity and driver are in the outline.

use yizhan_proto::{DeviceId, EntryId, PersonId, Timestamp};

use super::rules::{REQUESTS, REQUESTS_AT, RULES};
use super::seat::Ask;
use crate::model::Inspected;
use crate::model::draft::Draft;

/// A request in a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatEvent {
    /// The request's entry.
    pub request: EntryId,
    /// What it asks for.
    pub what: Ask,
    /// The lease against which it is.
    pub lease: Option<EntryId>,
    /// The device that asks: a lease is good for its own device only.
    pub device: DeviceId,
    /// Who asks.
    pub by: Option<PersonId>,
    /// When, by the device's clock.
    pub at: Timestamp,
}

/// What an accepted change of an enrolment means for seats, in the order in which it stands there.
#[must_use]
pub fn seat_events(change: &Inspected) -> Vec<SeatEvent> {
    let draft = Draft::of_accepted(change, &RULES);
    let requests = draft.entries(REQUESTS_AT, REQUESTS);
    let events = requests.filter_map(|(key, request)| {
        Some(SeatEvent {
            request: key.parse().ok()?,
            what: request.text("what").and_then(Ask::from_text)?,
            lease: request.id("lease").map(EntryId::from_bytes),
            device: change.actor.device(),
            by: request.person("by"),
            at: request.time("at")?,
        })
    });
    events.collect()
}
