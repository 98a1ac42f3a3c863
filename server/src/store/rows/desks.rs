//! Desks and the clocks of tickets, as plain data.

use yizhan_proto::{DeskKey, DocumentId, PersonId, RegionKey, StationId, Timestamp};

/// A desk with its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskRow {
    /// Its key.
    pub key: DeskKey,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: RegionKey,
    /// The desk above it.
    pub parent: Option<DeskKey>,
    /// The station it sits at.
    pub station: Option<StationId>,
    /// The classes of request it answers; empty for all.
    pub classes: Vec<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Who belongs to it, ascending by person.
    pub members: Vec<DeskMemberRow>,
}

/// A person who belongs to a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskMemberRow {
    /// Who.
    pub person: PersonId,
    /// Whether they coordinate at this desk.
    pub coordinator: bool,
    /// The classes of request they answer; empty for all of the desk's.
    pub classes: Vec<String>,
    /// When they were added.
    pub added_at: Timestamp,
}

/// What is due next on a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueStep {
    /// To be verified.
    Verify,
    /// A first response.
    Response,
    /// A solution.
    Solution,
}

impl DueStep {
    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Response => "response",
            Self::Solution => "solution",
        }
    }
}

/// The clock of one ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketClockRow {
    /// The ticket.
    pub document: DocumentId,
    /// The desk it lies with.
    pub desk: DeskKey,
    /// Where it stands: the code of the step in the ticket's model.
    pub step: u8,
    /// Which cycle its times are of, from 1.
    pub cycle: u32,
    /// Whether it is neither closed nor rejected nor withdrawn.
    pub open: bool,
    /// What is due next, and when; `None` while nothing is or the clock stands still.
    pub next: Option<(DueStep, Timestamp)>,
    /// To be verified by.
    pub verify_due: Option<Timestamp>,
    /// First response by.
    pub response_due: Option<Timestamp>,
    /// Solved by.
    pub solution_due: Option<Timestamp>,
    /// What was left when the clock stood still; `None` while it runs.
    pub left: Option<TimeLeft>,
    /// When the relay closes it by itself.
    pub closes_at: Option<Timestamp>,
    /// Until when the driver may reopen it, though it is closed.
    pub reopens_until: Option<Timestamp>,
}

/// What is left of each allowance while a clock stands still. `None`: nothing was running, or its
/// time had passed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeLeft {
    /// Milliseconds to verify.
    pub verify_ms: Option<i64>,
    /// Milliseconds of working time to a first response.
    pub response_ms: Option<i64>,
    /// Milliseconds of working time to a solution.
    pub solution_ms: Option<i64>,
}

/// How many open tickets wait for one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketCount {
    /// For what; `None` while their clocks stand still.
    pub step: Option<DueStep>,
    /// How many.
    pub open: u64,
    /// Of these, how many are past their time.
    pub breached: u64,
}
