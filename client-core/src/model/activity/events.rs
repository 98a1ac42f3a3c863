//! What an accepted change of an activity means for seats, told from the change alone: the relay
//! asks this in the job that accepts it, without opening the document.

use yizhan_proto::{DeviceId, EntryId, Timestamp};

use super::State;
use super::rules::{ASKS, ASKS_AT, RETURNS, RETURNS_AT, RULES};
use crate::model::Inspected;
use crate::model::draft::Draft;

/// Something in a change that may move seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatEvent {
    /// Somebody set the number of seats to this.
    Capacity(u32),
    /// Somebody set the state to this.
    State(State),
    /// A device asks for a lease.
    LeaseAsked {
        /// The ask's entry.
        ask: EntryId,
        /// How many seats.
        seats: u32,
        /// Until when.
        until: Timestamp,
        /// For which device.
        device: DeviceId,
    },
    /// What was left of a lease goes back.
    LeaseReturned {
        /// Which lease.
        lease: EntryId,
        /// How many of its seats were given away.
        used: u32,
        /// Whether its device is lost.
        lost: bool,
    },
}

/// What an accepted change of an activity means for seats, in the order in which it stands there.
#[must_use]
pub fn seat_events(change: &Inspected) -> Vec<SeatEvent> {
    let draft = Draft::of_accepted(change, &RULES);
    let root = draft.root();
    let capacity = root.whole("capacity").and_then(|n| u32::try_from(n).ok());
    let state = root.text("state").and_then(State::from_text);
    let mut events: Vec<_> = capacity
        .map(SeatEvent::Capacity)
        .into_iter()
        .chain(state.map(SeatEvent::State))
        .collect();
    events.extend(draft.entries(ASKS_AT, ASKS).filter_map(|(key, ask)| {
        Some(SeatEvent::LeaseAsked {
            ask: key.parse().ok()?,
            seats: u32::try_from(ask.whole("seats")?).ok()?,
            until: ask.time("until")?,
            device: ask.id("device").map(DeviceId::from_bytes)?,
        })
    }));
    let returned = draft.entries(RETURNS_AT, RETURNS);
    events.extend(returned.filter_map(|(_, returned)| {
        Some(SeatEvent::LeaseReturned {
            lease: returned.id("lease").map(EntryId::from_bytes)?,
            used: u32::try_from(returned.whole("used")?).ok()?,
            lost: returned.flag("lost").unwrap_or(false),
        })
    }));
    events
}
