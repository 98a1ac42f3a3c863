//! Reports: how often what was given, measured, attended and asked, by station and month. Pure
//! accumulators that are fed read documents one at a time; they keep numbers, never the documents.
//!
//! | module | what it does |
//! | --- | --- |
//! | `tally` | adds up numbers in cells of item, place and month, with their totals |
//! | `counted` | whose documents are counted: consents to statistics |
//! | [`suppress`] | which cells are withheld, so that none about few people is told or can be computed |
//! | [`handed`] | a finished report on its way from the relay to a phone |
//! | [`table`] | a finished report: columns, rows, and the texts of their cells |
//! | `services`, `checks`, `activities`, `tickets` | one report each |
//!
//! Where a month begins is for the caller to say ([`Lens::month`]), for there is no time zone
//! here; so are names of stations, and which ids are one person.

mod activities;
mod checks;
mod counted;
pub mod handed;
mod services;
pub mod suppress;
pub mod table;
mod tally;
mod tickets;

use std::collections::BTreeSet;

use yizhan_proto::{Kind, PersonId, RegionKey, StationId, Timestamp};

use super::codes::text_codes;
use super::document::Unreadable;
use super::{Document, Order};
use activities::Activities;
use checks::Checks;
pub use counted::Counted;
pub use handed::{Handed, HandedError};
use services::Services;
pub use table::{Field, Row, Sheet, spreadsheet_safe};
use tally::Tally;
use tickets::Tickets;

/// A cell about fewer people than so many is not told outside the station.
pub const PEOPLE_MIN: usize = 10;

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// `services`: person-times and quantities by service.
    Services,
    /// `checks`: health checks by level of pressure and glucose.
    Checks,
    /// `activities`: enrolment, attendance, feedback and certificates by sort of activity.
    Activities,
    /// `tickets`: requests by class: times, ratings, amounts recovered.
    Tickets,
}

text_codes!(What {
    Services = "services",
    Checks = "checks",
    Activities = "activities",
    Tickets = "tickets",
});

/// A month of a calendar: `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: u8,
}

impl Month {
    /// A month, January being 1; `None` if there is no such month, or its year has no four digits.
    #[must_use]
    pub fn new(year: i16, month: u8) -> Option<Self> {
        ((0..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month so many months earlier; `None` before the year 0.
    #[must_use]
    pub fn earlier(self, months: u16) -> Option<Self> {
        let months = self.number().checked_sub(months.into())?;
        let month = u8::try_from(months % 12).ok()? + 1;
        Self::new(i16::try_from(months / 12).ok()?, month)
    }

    /// How many months there are from this one to a later one, both counted; 0 if it is earlier.
    #[must_use]
    pub fn months_to(self, last: Self) -> usize {
        let months = last.number() + 1 - self.number();
        usize::try_from(months).unwrap_or(0)
    }

    /// Months since January of the year 0.
    fn number(self) -> i32 {
        i32::from(self.year) * 12 + i32::from(self.month) - 1
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A text that is not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a month; write it as 2026-11")]
pub struct MonthError(pub String);

impl std::str::FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || MonthError(text.chars().take(32).collect());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || month.len() != 2 || !digits(year) || !digits(month) {
            return Err(wrong());
        }
        let month = (year.parse().ok()).and_then(|year| Self::new(year, month.parse().ok()?));
        month.ok_or_else(wrong)
    }
}

/// What is reported about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// Everything there is.
    Everywhere,
    /// What happened, or was raised, at these stations.
    Stations(BTreeSet<StationId>),
    /// A region: what happened at its stations, and what its desks answer.
    Region(RegionKey, BTreeSet<StationId>),
}

impl Where {
    /// Whether what happened at a station belongs to it.
    #[must_use]
    pub fn holds(&self, station: StationId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Stations(stations) | Self::Region(_, stations) => stations.contains(&station),
        }
    }
}

/// What a report is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which report.
    pub what: What,
    /// The first month.
    pub from: Month,
    /// The last month.
    pub to: Month,
    /// What it is about.
    pub place: Where,
    /// Whether small cells are withheld: always, but for a keeper's own station.
    pub withhold: bool,
}

impl Wanted {
    fn covers(&self, month: Month) -> bool {
        (self.from..=self.to).contains(&month)
    }

    /// The month of a time, if it is reported about.
    fn month(&self, lens: &Lens<'_>, time: Timestamp) -> Option<Month> {
        (lens.month)(time).filter(|month| self.covers(*month))
    }
}

/// What the caller knows and a report does not.
#[derive(Clone, Copy)]
pub struct Lens<'a> {
    /// The time: what is open, and what is late.
    pub now: Timestamp,
    /// The month of a time, in the time zone of the report; `None` for a time that has none.
    pub month: &'a dyn Fn(Timestamp) -> Option<Month>,
    /// The person behind an id: people who are one count once.
    pub person: &'a dyn Fn(PersonId) -> PersonId,
    /// The name of a station in the report: its key.
    pub station: &'a dyn Fn(StationId) -> String,
    /// Whose documents are counted.
    pub counted: &'a Counted,
}

impl Lens<'_> {
    /// Whether what a driver began at a station at this time is counted.
    fn counts(&self, driver: PersonId, station: StationId, at: Timestamp) -> bool {
        self.counted.counts((self.person)(driver), station, at)
    }
}

/// One report, being added up.
#[derive(Debug)]
pub struct Report {
    wanted: Wanted,
    sums: Sums,
    unreadable: u64,
}

#[derive(Debug)]
enum Sums {
    Services(Services),
    Checks(Checks),
    Activities(Activities),
    Tickets(Tickets),
}

impl Report {
    /// A report that has seen nothing.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        let sums = match wanted.what {
            What::Services => Sums::Services(Services::default()),
            What::Checks => Sums::Checks(Checks::default()),
            What::Activities => Sums::Activities(Activities::default()),
            What::Tickets => Sums::Tickets(Tickets::new()),
        };
        Self {
            wanted,
            sums,
            unreadable: 0,
        }
    }

    /// The kinds of documents that a report is made from, in the order in which it wants them.
    #[must_use]
    pub const fn kinds(what: What) -> &'static [Kind] {
        match what {
            What::Services => &[Kind::Visit],
            What::Checks => &[Kind::Check],
            What::Activities => &[Kind::Activity, Kind::Enrolment],
            What::Tickets => &[Kind::Ticket],
        }
    }

    /// Takes in one document; `order` says how its entries are folded. Documents of other kinds
    /// are passed over, and those that cannot be read are counted ([`Sheet::unreadable`]).
    pub fn add(&mut self, document: &Document, order: &Order, lens: &Lens<'_>) {
        let wanted = &self.wanted;
        let read: Result<(), Unreadable> = match (&mut self.sums, document.kind()) {
            (Sums::Services(sums), Kind::Visit) => {
                super::visit::Visit::read(document).map(|read| sums.visit(&read, wanted, lens))
            }
            (Sums::Checks(sums), Kind::Check) => {
                super::check::Check::read(document).map(|read| sums.check(&read, wanted, lens))
            }
            (Sums::Activities(sums), Kind::Activity) => {
                super::Activity::read(document).map(|read| sums.activity(read, wanted, lens))
            }
            (Sums::Activities(sums), Kind::Enrolment) => {
                super::enrolment::Enrolment::read(document, order)
                    .map(|read| sums.enrolment(&read, lens))
            }
            (Sums::Tickets(sums), Kind::Ticket) => super::ticket::Ticket::read(document, order)
                .map(|read| sums.ticket(&read, wanted, lens)),
            _ => Ok(()),
        };
        if read.is_err() {
            self.unreadable();
        }
    }

    /// Counts a document that could not be opened.
    pub fn unreadable(&mut self) {
        self.unreadable = self.unreadable.saturating_add(1);
    }

    /// The finished report.
    #[must_use]
    pub fn finish(self, lens: &Lens<'_>) -> Sheet {
        let (wanted, tally, unreadable) = self.added_up(lens);
        table::sheet(&wanted, &tally, unreadable)
    }

    /// The finished report, each month a table by itself: without totals over months, and with what
    /// is withheld of a month decided by that month alone.
    #[must_use]
    pub fn finish_by_month(self, lens: &Lens<'_>) -> Sheet {
        let (wanted, tally, unreadable) = self.added_up(lens);
        table::sheet_by_month(&wanted, &tally, unreadable)
    }

    fn added_up(self, lens: &Lens<'_>) -> (Wanted, Tally, u64) {
        let wanted = self.wanted;
        let tally = match self.sums {
            Sums::Services(sums) => sums.finish(&wanted, lens),
            Sums::Checks(sums) => sums.finish(&wanted, lens),
            Sums::Activities(sums) => sums.finish(),
            Sums::Tickets(sums) => sums.finish(),
        };
        (wanted, tally, self.unreadable)
    }
}

#[cfg(test)]
mod tests;
