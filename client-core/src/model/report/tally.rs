//! Numbers added up in cells. Every number goes into four cells: of its place and month, of its
//! place over all months, of its month over all places, and of everything. A total is about each
//! person once, so its people cannot be told from those of its parts.

use std::collections::BTreeMap;

use yizhan_proto::PersonId;

use super::{Month, PEOPLE_MIN};

/// One of several, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<T> {
    /// One.
    One(T),
    /// The total.
    All,
}

impl<T: std::fmt::Display> std::fmt::Display for Part<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(one) => one.fmt(f),
            Self::All => f.write_str("all"),
        }
    }
}

/// Where a cell stands: rows of a report are in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) month: Part<Month>,
    pub(super) place: Part<String>,
    pub(super) item: String,
}

/// Different people, counted as far as it matters.
#[derive(Debug, Clone, Default)]
pub(super) struct Few(Vec<PersonId>);

impl Few {
    fn add(&mut self, person: PersonId) {
        if self.0.len() < PEOPLE_MIN && !self.0.contains(&person) {
            self.0.push(person);
        }
    }

    /// Whether they are fewer than may be told of.
    pub(super) fn is_few(&self) -> bool {
        self.0.len() < PEOPLE_MIN
    }
}

/// One number of a cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Measure {
    /// Whom it is about.
    pub(super) people: Few,
    /// How often.
    pub(super) count: u64,
    /// The sum of what was added.
    pub(super) sum: i64,
    /// What was added, one by one, where a median is wanted.
    pub(super) values: Vec<i64>,
}

/// How a measure is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// Whether it is about people, and so may be withheld.
    pub(super) about_people: bool,
    /// Whether its single values are kept.
    pub(super) values: bool,
}

/// About people, added up.
pub(super) const SUMMED: Kept = Kept {
    about_people: true,
    values: false,
};
/// About people, with a median.
pub(super) const SPREAD: Kept = Kept {
    about_people: true,
    values: true,
};
/// About things.
pub(super) const PLAIN: Kept = Kept {
    about_people: false,
    values: false,
};

/// What of a measure a column shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Show {
    /// How often.
    Count,
    /// The sum.
    Sum,
    /// The sum of hundredths, in wholes.
    SumOfHundredths,
    /// The mean of hundredths, in wholes.
    Mean,
    /// The median of hundredths, in wholes.
    Median,
    /// The value of hundredths, in wholes, that nine of ten do not exceed.
    NinetiethPercentile,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) measure: usize,
    pub(super) show: Show,
}

pub(super) const fn column(name: &'static str, measure: usize, show: Show) -> Column {
    Column {
        name,
        measure,
        show,
    }
}

/// Names of what a report is about, its measures and its columns.
#[derive(Debug)]
pub(super) struct Plan {
    /// The column of places.
    pub(super) place: &'static str,
    /// The column of items.
    pub(super) item: &'static str,
    pub(super) measures: &'static [Kept],
    pub(super) columns: &'static [Column],
}

/// Where one number goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) month: Month,
    pub(super) place: &'a str,
    pub(super) item: &'a str,
}

/// All cells of a report.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) plan: &'static Plan,
    pub(super) cells: BTreeMap<Key, Vec<Measure>>,
}

impl Tally {
    pub(super) fn new(plan: &'static Plan) -> Self {
        Self {
            plan,
            cells: BTreeMap::new(),
        }
    }

    /// What was added of one month, as if there were no other: it is the total over months, too.
    pub(super) fn of_month(&self, month: Part<Month>) -> Self {
        let mut of_month = Self::new(self.plan);
        for (key, measures) in self.cells.iter().filter(|(key, _)| key.month == month) {
            for month in [month, Part::All] {
                let key = Key {
                    month,
                    ..key.clone()
                };
                of_month.cells.insert(key, measures.clone());
            }
        }
        of_month
    }

    /// Adds one occurrence of a measure, about a person, with a value.
    pub(super) fn add(&mut self, at: At<'_>, measure: usize, person: Option<PersonId>, value: i64) {
        let Some(kept) = self.plan.measures.get(measure) else {
            return;
        };
        for month in [Part::One(at.month), Part::All] {
            for place in [Part::One(at.place.to_owned()), Part::All] {
                let key = Key {
                    month,
                    place,
                    item: at.item.to_owned(),
                };
                let measures = self.plan.measures.len();
                let cell = self.cells.entry(key).or_default();
                cell.resize_with(measures, Measure::default);
                let Some(cell) = cell.get_mut(measure) else {
                    continue;
                };
                if let Some(person) = person {
                    cell.people.add(person);
                }
                cell.count = cell.count.saturating_add(1);
                cell.sum = cell.sum.saturating_add(value);
                if kept.values {
                    cell.values.push(value);
                }
            }
        }
    }
}

/// The mean, rounded to the nearest; `None` of nothing.
pub(super) fn mean(sum: i64, count: u64) -> Option<i64> {
    let count = i128::from(count);
    let sum = i128::from(sum);
    (count > 0)
        .then(|| (sum * 2 + count).div_euclid(count * 2))
        .and_then(|mean| i64::try_from(mean).ok())
}

/// The median of sorted values; of an even number, the mean of the two in the middle.
pub(super) fn median(sorted: &[i64]) -> Option<i64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    mean(lower.saturating_add(upper), 2)
}

/// The smallest of sorted values that nine of ten do not exceed.
pub(super) fn ninetieth(sorted: &[i64]) -> Option<i64> {
    let rank = (sorted.len() * 9).div_ceil(10);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_medians_and_percentiles_are_those_of_the_textbook() {
        assert_eq!(mean(10, 4), Some(3));
        assert_eq!(mean(9, 4), Some(2));
        assert_eq!(mean(0, 0), None);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1, 5, 9]), Some(5));
        assert_eq!(median(&[1, 5, 9, 11]), Some(7));
        assert_eq!(ninetieth(&[]), None);
        assert_eq!(ninetieth(&[7]), Some(7));
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!(ninetieth(&ten), Some(9));
        let eleven: Vec<i64> = (1..=11).collect();
        assert_eq!(ninetieth(&eleven), Some(10));
    }
}
