//! A finished report: named columns, rows in order, and the texts of their cells.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::suppress::{Cell, withheld};
use super::tally::{Key, Measure, Part, Show, Tally, mean, median, ninetieth};
use super::{Month, Wanted, What};

/// How a withheld cell is written: it is about fewer than ten people, or such a cell could be
/// computed from it.
pub const WITHHELD: &str = "<10*";
/// What [`WITHHELD`] means, for people.
pub const WITHHELD_NOTE: &str =
    "<10*: about fewer than 10 people, or withheld so that such a number cannot be computed";

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A key or a name.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number in hundredths.
    Hundredths(i64),
    /// There is nothing to say.
    Nothing,
    /// It is withheld.
    Withheld,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Whole(number) => number.fmt(f),
            Self::Hundredths(number) => {
                let sign = if *number < 0 { "-" } else { "" };
                let number = number.unsigned_abs();
                write!(f, "{sign}{}.{:02}", number / 100, number % 100)
            }
            Self::Nothing => Ok(()),
            Self::Withheld => f.write_str(WITHHELD),
        }
    }
}

/// One row: a field for each column.
pub type Row = Vec<Field>;

/// A finished report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Which report.
    pub what: What,
    /// Names of the columns: stable. Month, place and item come first.
    pub columns: Vec<String>,
    /// The rows, by month, place and item; totals (`all`) last.
    pub rows: Vec<Row>,
    /// Documents that could not be read and are not in it.
    pub unreadable: u64,
}

impl Sheet {
    /// Whether anything is withheld.
    #[must_use]
    pub fn withholds(&self) -> bool {
        self.rows
            .iter()
            .flatten()
            .any(|field| *field == Field::Withheld)
    }

    /// The rows as texts, for a table or for CSV; texts are safe in a spreadsheet.
    pub fn records(&self) -> impl Iterator<Item = Vec<String>> {
        let text = |field: &Field| match field {
            Field::Text(text) => spreadsheet_safe(text).into_owned(),
            Field::Whole(_) | Field::Hundredths(_) | Field::Nothing | Field::Withheld => {
                field.to_string()
            }
        };
        self.rows
            .iter()
            .map(move |row| row.iter().map(text).collect())
    }
}

/// A text that a spreadsheet takes for a text: one that begins like a formula gets `'` before it.
#[must_use]
pub fn spreadsheet_safe(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Makes the sheet of what was added up.
pub(super) fn sheet(wanted: &Wanted, tally: &Tally, unreadable: u64) -> Sheet {
    Sheet {
        what: wanted.what,
        columns: columns(tally),
        rows: rows(tally, wanted.withhold),
        unreadable,
    }
}

/// Makes the sheet in which each month is a table by itself, without totals over months. What is
/// withheld of a month depends on that month alone, so that sheets of other months, or of a later
/// day, say nothing more about it.
pub(super) fn sheet_by_month(wanted: &Wanted, tally: &Tally, unreadable: u64) -> Sheet {
    let months: BTreeSet<Part<Month>> = tally.cells.keys().map(|key| key.month).collect();
    let months = months.into_iter().filter(|month| *month != Part::All);
    Sheet {
        what: wanted.what,
        columns: columns(tally),
        rows: months
            .flat_map(|month| rows(&tally.of_month(month), wanted.withhold))
            .collect(),
        unreadable,
    }
}

fn columns(tally: &Tally) -> Vec<String> {
    let plan = tally.plan;
    ["month", plan.place, plan.item]
        .into_iter()
        .chain(plan.columns.iter().map(|column| column.name))
        .map(str::to_owned)
        .collect()
}

fn rows(tally: &Tally, withhold: bool) -> Vec<Row> {
    let plan = tally.plan;
    let hidden = if withhold {
        hidden(tally)
    } else {
        BTreeSet::new()
    };
    // A total over a single place or month says again what the rows above it say.
    let one_place = has_one(tally.cells.keys().map(|key| &key.place));
    let one_month = has_one(tally.cells.keys().map(|key| &key.month));
    let told = tally.cells.iter().filter(|(key, _)| {
        !(one_place && key.place == Part::All || one_month && key.month == Part::All)
    });
    let rows = told.map(|(key, measures)| {
        let texts = [
            Field::Text(key.month.to_string()),
            Field::Text(key.place.to_string()),
            Field::Text(key.item.clone()),
        ];
        let numbers = plan.columns.iter().map(|column| {
            if hidden.contains(&(key, column.measure)) {
                return Field::Withheld;
            }
            measures
                .get(column.measure)
                .map_or(Field::Nothing, |measure| shown(measure, column.show))
        });
        texts.into_iter().chain(numbers).collect()
    });
    rows.collect()
}

fn has_one<'a, T: Ord + 'a>(parts: impl Iterator<Item = &'a Part<T>>) -> bool {
    let different: BTreeSet<_> = parts.filter(|part| **part != Part::All).collect();
    different.len() == 1
}

/// Which measures of which cells are withheld. Items are tables of their own: no total over items
/// is ever told.
fn hidden(tally: &Tally) -> BTreeSet<(&Key, usize)> {
    let mut items: BTreeMap<&str, Vec<(&Key, &Vec<Measure>)>> = BTreeMap::new();
    for (key, measures) in &tally.cells {
        items.entry(&key.item).or_default().push((key, measures));
    }
    let mut hidden = BTreeSet::new();
    for cells in items.values() {
        let places = numbered(cells.iter().map(|(key, _)| &key.place));
        let months = numbered(cells.iter().map(|(key, _)| &key.month));
        // The totals have numbers as well, and are last.
        let (rows, columns) = (places.len() - 1, months.len() - 1);
        for (measure, kept) in tally.plan.measures.iter().enumerate() {
            if !kept.about_people {
                continue;
            }
            let at = |key: &Key| (places[&key.place], months[&key.month]);
            let said = cells.iter().filter_map(|(key, measures)| {
                let measure = measures.get(measure).filter(|measure| measure.count > 0)?;
                let cell = Cell {
                    value: measure.count,
                    few: measure.people.is_few(),
                };
                Some((at(key), cell))
            });
            let withheld = withheld(rows, columns, &said.collect());
            let told_not = cells.iter().filter(|(key, _)| withheld.contains(&at(key)));
            hidden.extend(told_not.map(|(key, _)| (*key, measure)));
        }
    }
    hidden
}

fn numbered<'a, T: Ord + 'a>(parts: impl Iterator<Item = &'a T>) -> BTreeMap<&'a T, usize> {
    let different: BTreeSet<&T> = parts.collect();
    different.into_iter().zip(0..).collect()
}

fn shown(measure: &Measure, show: Show) -> Field {
    let hundredths = |value: Option<i64>| value.map_or(Field::Nothing, Field::Hundredths);
    let sorted = || {
        let mut sorted = measure.values.clone();
        sorted.sort_unstable();
        sorted
    };
    match show {
        Show::Count => Field::Whole(i64::try_from(measure.count).unwrap_or(i64::MAX)),
        Show::Sum => Field::Whole(measure.sum),
        Show::SumOfHundredths => Field::Hundredths(measure.sum),
        Show::Mean => hundredths(mean(measure.sum, measure.count)),
        Show::Median => hundredths(median(&sorted())),
        Show::NinetiethPercentile => hundredths(ninetieth(&sorted())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_and_formulas_are_written_so_that_they_are_read_right() {
        assert_eq!(Field::Hundredths(450).to_string(), "4.50");
        assert_eq!(Field::Hundredths(-5).to_string(), "-0.05");
        assert_eq!(spreadsheet_safe("=1+1"), "'=1+1");
        assert_eq!(spreadsheet_safe("@x"), "'@x");
        assert_eq!(spreadsheet_safe("李师傅"), "李师傅");
    }
}
