//! Health checks by level. A check that another one corrects is not counted: the correction is.
//!
//! No total over levels is told: with it, the number of people at a rare level could be computed
//! from the others.

use std::collections::BTreeMap;

use yizhan_proto::{DocumentId, PersonId, StationId};

use super::tally::{At, Column, Plan, SUMMED, Show, Tally, column};
use super::{Lens, Month, Wanted};
use crate::model::check::Check;
use crate::model::vitals::Level;

const COLUMNS: &[Column] = &[column("checks", 0, Show::Count)];

static PLAN: Plan = Plan {
    place: "station",
    item: "level",
    measures: &[SUMMED],
    columns: COLUMNS,
};

/// What is kept of checks until all were seen: a correction may come before what it corrects.
#[derive(Debug, Default)]
pub(super) struct Checks {
    taken: BTreeMap<DocumentId, Record>,
    replaced: BTreeMap<DocumentId, PersonId>,
}

#[derive(Debug)]
struct Record {
    station: StationId,
    driver: PersonId,
    month: Month,
    pressure: Option<Level>,
    glucose: Option<Level>,
}

impl Checks {
    pub(super) fn check(&mut self, check: &Check, wanted: &Wanted, lens: &Lens<'_>) {
        let driver = (lens.person)(check.driver);
        if let Some((replaced, _)) = &check.replaces {
            self.replaced.insert(*replaced, driver);
        }
        let Some(month) = wanted.month(lens, check.taken_at) else {
            return;
        };
        let counts = lens.counts(check.driver, check.station, check.taken_at);
        if counts && wanted.place.holds(check.station) {
            let record = Record {
                station: check.station,
                driver,
                month,
                pressure: check.pressure_level,
                glucose: check.glucose_level,
            };
            self.taken.insert(check.id, record);
        }
    }

    pub(super) fn finish(self, _: &Wanted, lens: &Lens<'_>) -> Tally {
        let mut tally = Tally::new(&PLAN);
        for (id, record) in &self.taken {
            if self.replaced.get(id) == Some(&record.driver) {
                continue;
            }
            let station = (lens.station)(record.station);
            let levels = [("pressure", record.pressure), ("glucose", record.glucose)];
            let found = levels
                .into_iter()
                .filter_map(|(what, level)| level.map(|level| format!("{what}:{level}")));
            let mut items: Vec<String> = found.collect();
            if items.is_empty() {
                items.push("none".to_owned());
            }
            for item in &items {
                let at = At {
                    month: record.month,
                    place: &station,
                    item,
                };
                tally.add(at, 0, Some(record.driver), 1);
            }
        }
        tally
    }
}
