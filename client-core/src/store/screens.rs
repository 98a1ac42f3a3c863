//! What one look at a screen shows: a station's day, a driver's own history, a driver as a keeper
//! sees them. Put together from rows; [`super::queries`] reads those.

use std::collections::BTreeMap;

use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::{CheckRow, ConsentRow, VisitRow};
use crate::model::check::Comparator;
use crate::model::trend::Trend;
use crate::model::vitals::{Item, Level};

/// A station's day, as its keepers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Today {
    /// The station.
    pub station: StationId,
    /// Its name, if its document is here.
    pub station_name: Option<String>,
    /// Who arrived that day, left on it, or is still there; newest arrival first.
    pub visits: Vec<TodayVisit>,
    /// Arrivals of that day. Two records of one arrival count once.
    pub arrived: u32,
    /// Arrivals, of whatever day, that are open: no record of them has a departure.
    pub open: u32,
    /// The beds.
    pub beds: Beds,
}

/// One visit of a station's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TodayVisit {
    /// The visit.
    pub visit: VisitRow,
    /// Another visit of the same driver that is open, and no record of the same arrival: worth a
    /// question, never a refusal. The latest, if several.
    pub also_open: Option<DocumentId>,
}

/// How many beds a station has left.
///
/// What a keeper said wins: they see the room. The count is shown beside it, and in its place
/// where nobody said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beds {
    /// Beds in all.
    pub total: Option<u32>,
    /// Free, as last said in the directory.
    pub said_free: Option<u32>,
    /// Given to visits that are open. The records of one arrival count once, with the most beds
    /// that one of them says.
    pub given: u32,
}

impl Beds {
    /// Free by counting: those in all without those given. `None` if the station never said how
    /// many it has.
    #[must_use]
    pub const fn counted_free(self) -> Option<u32> {
        match self.total {
            Some(total) => Some(total.saturating_sub(self.given)),
            None => None,
        }
    }

    /// What a screen shows as free.
    #[must_use]
    pub const fn free(self) -> Option<u32> {
        match self.said_free {
            Some(said) => Some(said),
            None => self.counted_free(),
        }
    }
}

/// One reading of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadingRow {
    /// The check it was taken in.
    pub check: DocumentId,
    /// When.
    pub taken_at: Timestamp,
    /// Its value, in the item's canonical unit.
    pub value: f64,
    /// `HI` or `LO`: the true value lies above or below.
    pub comparator: Option<Comparator>,
    /// Its level, by the rules of the day it was taken; that of the pressure for both its values.
    pub level: Option<Level>,
}

/// The latest readings of one item, and what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemTrend {
    /// The item.
    pub item: Item,
    /// The readings, the oldest first; corrected ones left out. At least one.
    pub readings: Vec<ReadingRow>,
    /// What they say.
    pub trend: Trend,
}

/// What a driver's phone shows of the driver's own past, and a keeper's of what they may see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The driver.
    pub driver: PersonId,
    /// The latest visits, newest first.
    pub visits: Vec<VisitRow>,
    /// The latest checks, newest first; corrected ones left out.
    pub checks: Vec<CheckRow>,
    /// One a measured item.
    pub trends: Vec<ItemTrend>,
}

/// A driver at the counter, as a keeper of the station sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverCard {
    /// The driver.
    pub driver: PersonId,
    /// The name of the latest visit here.
    pub name: Option<String>,
    /// Visits at this station, as many as this device holds.
    pub visits_here: u32,
    /// The latest of them.
    pub last_visit: Option<VisitRow>,
    /// Visits that are open, at whatever station this device sees; newest first.
    pub open: Vec<VisitRow>,
    /// Consents in force at this station.
    pub consents: Vec<ConsentRow>,
    /// The last check taken here, if this device may see checks.
    pub last_check: Option<CheckRow>,
}

impl Today {
    /// Counts a day that began at `from` from its visits, newest arrival first.
    pub(super) fn of(
        station: StationId,
        station_name: Option<String>,
        (total, said_free): (Option<u32>, Option<u32>),
        visits: Vec<TodayVisit>,
        from: Timestamp,
    ) -> Self {
        let arrivals = arrivals(&visits, from);
        let count = |which: fn(&Arrival) -> bool| {
            let number = arrivals.values().filter(|arrival| which(arrival)).count();
            u32::try_from(number).unwrap_or(u32::MAX)
        };
        let given = arrivals
            .values()
            .filter(|arrival| arrival.open)
            .fold(0_u32, |sum, arrival| sum.saturating_add(arrival.beds));
        Self {
            station,
            station_name,
            arrived: count(|arrival| arrival.of_the_day),
            open: count(|arrival| arrival.open),
            beds: Beds {
                total,
                said_free,
                given,
            },
            visits,
        }
    }
}

/// All records of one arrival.
struct Arrival {
    of_the_day: bool,
    open: bool,
    beds: u32,
}

/// The arrivals of visits (newest first), by the id of their earliest record.
fn arrivals(visits: &[TodayVisit], from: Timestamp) -> BTreeMap<DocumentId, Arrival> {
    let mut arrivals: BTreeMap<DocumentId, Arrival> = BTreeMap::new();
    let mut first_of: BTreeMap<DocumentId, DocumentId> = BTreeMap::new();
    for TodayVisit { visit, .. } in visits.iter().rev() {
        let same_as = visit.same_as.unwrap_or(visit.id);
        let first = first_of.get(&same_as).copied().unwrap_or(same_as);
        first_of.insert(visit.id, first);
        let arrival = arrivals.entry(first).or_insert(Arrival {
            of_the_day: visit.arrived_at >= from,
            open: true,
            beds: 0,
        });
        arrival.open &= visit.open;
        arrival.beds = arrival.beds.max(visit.beds_given);
    }
    arrivals
}
