//! Who sits where: a fold over requests and decisions in the relay's order.
//!
//! Only the relay gives seats away, for only it knows the order of all requests; until it has
//! spoken a seat is asked for. A request against a lease is the exception: the relay has set those
//! seats aside, so it is as good as decided.

use yizhan_proto::{EntryId, PersonId, Timestamp};

use crate::model::codes::text_codes;
use crate::model::order::Place;
use crate::model::reader::Map;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// `enrol`: a seat.
    Enrol,
    /// `cancel`: to give the seat, or the wait for it, up.
    Cancel,
}

text_codes!(Ask {
    Enrol = "enrol",
    Cancel = "cancel",
});

/// What the relay decides about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// `accepted`: there is a seat.
    Accepted,
    /// `waitlisted`: there may be one later.
    Waitlisted,
    /// `refused`: there is none.
    Refused,
    /// `released`: the seat, or the wait, is given up.
    Released,
}

text_codes!(Outcome {
    Accepted = "accepted",
    Waitlisted = "waitlisted",
    Refused = "refused",
    Released = "released",
});

/// Why the relay decided so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// `full`: all seats are taken.
    Full,
    /// `closed`: nobody else can enrol.
    Closed,
    /// `cancelled`: the activity does not take place.
    Cancelled,
    /// `draft`: the activity is not open yet.
    Draft,
    /// `done`: the activity has taken place.
    Done,
    /// `lease`: against a lease.
    Lease,
    /// `lease_ended`: the lease it names had been returned or was another device's.
    LeaseEnded,
    /// `capacity_lowered`: there are fewer seats than before.
    CapacityLowered,
    /// `promoted`: from the waiting list.
    Promoted,
    /// `cancelled_by_driver`: given up.
    CancelledByDriver,
}

text_codes!(Reason {
    Full = "full",
    Closed = "closed",
    Cancelled = "cancelled",
    Draft = "draft",
    Done = "done",
    Lease = "lease",
    LeaseEnded = "lease_ended",
    CapacityLowered = "capacity_lowered",
    Promoted = "promoted",
    CancelledByDriver = "cancelled_by_driver",
});

/// One request, as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Its entry.
    pub entry: EntryId,
    /// Its place in the fold.
    pub place: Place,
    /// What it asks for.
    pub what: Ask,
    /// The lease against which it is.
    pub lease: Option<EntryId>,
    /// Who asked.
    pub by: Option<PersonId>,
    /// When, by the device's clock.
    pub at: Timestamp,
}

/// One decision, as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Its entry.
    pub entry: EntryId,
    /// Its place in the fold.
    pub place: Place,
    /// The request that it decides.
    pub request: EntryId,
    /// What was decided.
    pub outcome: Outcome,
    /// The seat's number, or the place in the waiting list.
    pub number: Option<u32>,
    /// Why.
    pub reason: Option<Reason>,
    /// When, by the relay's clock.
    pub at: Timestamp,
}

/// How a driver stands to a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seat {
    /// Asked for; the relay has not decided.
    Requested,
    /// Given by a keeper's device against its lease: for sure, also before the relay hears of it.
    Leased,
    /// Given.
    Accepted {
        /// The seat's number.
        number: Option<u32>,
    },
    /// On the waiting list.
    Waitlisted {
        /// The place in the list, from 1, when it was decided.
        number: Option<u32>,
    },
    /// Not given.
    Refused {
        /// Why.
        reason: Option<Reason>,
    },
    /// Given up.
    Cancelled,
}

impl Seat {
    /// Its name: `requested`, `leased`, `accepted`, `waitlisted`, `refused`, `cancelled`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Leased => "leased",
            Self::Accepted { .. } => "accepted",
            Self::Waitlisted { .. } => "waitlisted",
            Self::Refused { .. } => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    /// The seat of a name, as [`Self::as_str`] spells it, with what belongs to it.
    #[must_use]
    pub fn from_parts(name: &str, number: Option<u32>, reason: Option<&str>) -> Option<Self> {
        match name {
            "requested" => Some(Self::Requested),
            "leased" => Some(Self::Leased),
            "accepted" => Some(Self::Accepted { number }),
            "waitlisted" => Some(Self::Waitlisted { number }),
            "refused" => Some(Self::Refused {
                reason: reason.and_then(Reason::from_text),
            }),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// The seat's number, or the place in the waiting list.
    #[must_use]
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::Accepted { number } | Self::Waitlisted { number } => number,
            Self::Requested | Self::Leased | Self::Refused { .. } | Self::Cancelled => None,
        }
    }

    /// Why there is none.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Refused { reason } => reason,
            Self::Requested
            | Self::Leased
            | Self::Accepted { .. }
            | Self::Waitlisted { .. }
            | Self::Cancelled => None,
        }
    }

    /// Whether the driver has a seat for sure.
    #[must_use]
    pub const fn is_taken(self) -> bool {
        matches!(self, Self::Leased | Self::Accepted { .. })
    }

    /// Whether the driver has, or may still get, a seat: asking again changes nothing.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Requested | Self::Leased | Self::Accepted { .. } | Self::Waitlisted { .. } => {
                true
            }
            Self::Refused { .. } | Self::Cancelled => false,
        }
    }
}

/// What requests and decisions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The seat; `None`: nobody asked for one.
    pub seat: Option<Seat>,
    /// The request by which the driver stands there.
    pub request: Option<EntryId>,
    /// The lease against which that request is.
    pub lease: Option<EntryId>,
}

impl Standing {
    /// After one more request.
    #[must_use]
    pub fn asked(self, what: Ask, request: EntryId, lease: Option<EntryId>) -> Self {
        let open = self.seat.is_some_and(Seat::is_open);
        let taken = self.seat.is_some_and(Seat::is_taken);
        match what {
            Ask::Enrol if taken || (open && lease.is_none()) => self,
            Ask::Enrol => Self {
                seat: Some(match lease {
                    Some(_) => Seat::Leased,
                    None => Seat::Requested,
                }),
                request: Some(request),
                lease,
            },
            Ask::Cancel if open => Self {
                seat: Some(Seat::Cancelled),
                ..self
            },
            Ask::Cancel => self,
        }
    }

    /// After one more decision: the relay's word stands until somebody asks again.
    #[must_use]
    pub fn decided(self, outcome: Outcome, number: Option<u32>, reason: Option<Reason>) -> Self {
        let seat = match outcome {
            Outcome::Accepted => Seat::Accepted { number },
            Outcome::Waitlisted => Seat::Waitlisted { number },
            Outcome::Refused => Seat::Refused { reason },
            Outcome::Released => match reason {
                None | Some(Reason::CancelledByDriver) => Seat::Cancelled,
                Some(_) => Seat::Refused { reason },
            },
        };
        Self {
            seat: Some(seat),
            // Who waits after all holds nothing of the lease.
            lease: self.lease.filter(|_| seat.is_taken()),
            ..self
        }
    }
}

/// What requests and decisions come to, each list in the order of the fold.
#[must_use]
pub fn fold(requests: &[Request], decisions: &[Decision]) -> Standing {
    let mut standing = Standing::default();
    let mut waiting = decisions.iter().peekable();
    for request in requests {
        while let Some(decision) = waiting.next_if(|decision| decision.place < request.place) {
            standing = standing.decided(decision.outcome, decision.number, decision.reason);
        }
        standing = standing.asked(request.what, request.entry, request.lease);
    }
    waiting.fold(standing, |standing, decision| {
        standing.decided(decision.outcome, decision.number, decision.reason)
    })
}

pub(super) fn request(place: Place, entry: EntryId, map: &Map<'_>) -> Option<Request> {
    Some(Request {
        entry,
        place,
        what: map.text("what").and_then(|text| Ask::from_text(&text))?,
        lease: map.entry("lease"),
        by: map.person("by"),
        at: map.time("at")?,
    })
}

pub(super) fn decision(place: Place, entry: EntryId, map: &Map<'_>) -> Option<Decision> {
    Some(Decision {
        entry,
        place,
        request: map.entry("request")?,
        outcome: map
            .text("outcome")
            .and_then(|text| Outcome::from_text(&text))?,
        number: map.count("number"),
        reason: map.text("reason").and_then(|text| Reason::from_text(&text)),
        at: map.time("at")?,
    })
}
