//! Services: a person-time is one visit in which the service was given. Records of the same
//! arrival (same driver and station, within half an hour) are one visit.

use std::collections::BTreeMap;

use yizhan_proto::{PersonId, StationId, Timestamp};

use super::tally::{At, Column, Plan, SUMMED, Show, Tally, column};
use super::{Lens, Wanted};
use crate::model::visit::Visit;

/// Records within so many milliseconds of the first are of the same arrival.
const SAME_ARRIVAL_MS: i64 = 30 * 60 * 1000;
/// A visit that nobody ended counts as ended after so many milliseconds.
const OPEN_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// Milliseconds of a hundredth of an hour.
const HOUR_HUNDREDTH_MS: i64 = 36_000;
/// The item that counts visits, whatever was given in them.
const VISIT: &str = "visit";

const GIVEN: usize = 0;
const STAY: usize = 1;

const COLUMNS: &[Column] = &[
    column("person_times", GIVEN, Show::Count),
    column("quantity", GIVEN, Show::Sum),
    column("stay_hours_mean", STAY, Show::Mean),
];

static PLAN: Plan = Plan {
    place: "station",
    item: "service",
    measures: &[SUMMED, SUMMED],
    columns: COLUMNS,
};

/// What is kept of visits until all were seen.
#[derive(Debug, Default)]
pub(super) struct Services {
    visits: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    station: StationId,
    driver: PersonId,
    arrived_at: Timestamp,
    left_at: Option<Timestamp>,
    services: Vec<(String, u32)>,
}

impl Services {
    pub(super) fn visit(&mut self, visit: &Visit, wanted: &Wanted, lens: &Lens<'_>) {
        // Another record of the same arrival may lie on the other side of midnight.
        let near = [-SAME_ARRIVAL_MS, 0, SAME_ARRIVAL_MS];
        let covered = near.into_iter().any(|ms| {
            let time = visit.arrived_at.saturating_add_ms(ms);
            wanted.month(lens, time).is_some()
        });
        let counts = lens.counts(visit.driver, visit.station, visit.arrived_at);
        if !covered || !counts || !wanted.place.holds(visit.station) {
            return;
        }
        let left = &visit.left_at;
        self.visits.push(Record {
            station: visit.station,
            driver: (lens.person)(visit.driver),
            arrived_at: visit.arrived_at,
            left_at: left.value.iter().chain(&left.others).max().copied(),
            services: visit
                .services
                .iter()
                .map(|given| (given.service.clone(), given.quantity))
                .collect(),
        });
    }

    pub(super) fn finish(mut self, wanted: &Wanted, lens: &Lens<'_>) -> Tally {
        let mut tally = Tally::new(&PLAN);
        self.visits
            .sort_by_key(|visit| (visit.station, visit.driver, visit.arrived_at));
        let same_arrival = |visits: &[Record]| {
            let first = visits.first()?;
            let one = |visit: &&Record| {
                visit.station == first.station
                    && visit.driver == first.driver
                    && visit.arrived_at.ms_since(first.arrived_at) <= SAME_ARRIVAL_MS
            };
            Some(visits.iter().take_while(one).count())
        };
        let mut rest = self.visits.as_slice();
        while let Some(count) = same_arrival(rest) {
            let (arrival, after) = rest.split_at(count);
            add(&mut tally, arrival, wanted, lens);
            rest = after;
        }
        tally
    }
}

/// Adds the records of one arrival, of which there is at least one.
fn add(tally: &mut Tally, records: &[Record], wanted: &Wanted, lens: &Lens<'_>) {
    let Some(first) = records.first() else { return };
    let Some(month) = wanted.month(lens, first.arrived_at) else {
        return;
    };
    let station = (lens.station)(first.station);
    let at = |item| At {
        month,
        place: &station,
        item,
    };
    let person = Some(first.driver);
    tally.add(at(VISIT), GIVEN, person, 1);
    let left_at = records.iter().filter_map(|record| record.left_at).max();
    let stayed_ms = match left_at {
        Some(left_at) => Some(left_at.ms_since(first.arrived_at).max(0)),
        None if lens.now.ms_since(first.arrived_at) >= OPEN_MS_MAX => Some(OPEN_MS_MAX),
        None => None,
    };
    if let Some(ms) = stayed_ms {
        tally.add(at(VISIT), STAY, person, ms / HOUR_HUNDREDTH_MS);
    }
    let mut given: BTreeMap<&str, i64> = BTreeMap::new();
    for (service, quantity) in records.iter().flat_map(|record| &record.services) {
        let sum = given.entry(service).or_default();
        *sum = sum.saturating_add(i64::from(*quantity));
    }
    for (service, quantity) in given {
        tally.add(at(service), GIVEN, person, quantity);
    }
}
