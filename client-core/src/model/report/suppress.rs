//! Which cells of a table with totals are withheld.
//!
//! A cell about few people is withheld. That is not enough: whoever knows the other cells and the
//! totals computes it. So more cells are withheld until each withheld one could have another value
//! as well.
//!
//! The numbers of such a table are a circulation: rows and columns are places through which what
//! comes in must go out again, a cell flows from its row to its column, the totals flow back. One
//! cell can be one higher or lower, with everything that is told unchanged, if and only if there
//! is a way back from its end to its beginning over withheld cells (each of which is then one
//! higher if followed, one lower if gone against; no lower than 1, for a cell with nothing in it
//! is told to be empty). Where there is none, the cheapest way is withheld as well. Two values are
//! all that is promised; that they lie far from each other is not.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Where a cell stands: row and column. The last row and the last column are the totals.
pub type Place = (usize, usize);

/// One cell that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// What it says, 1 or more.
    pub value: u64,
    /// Whether it is about few people.
    pub few: bool,
}

/// The least that a cell says which is not empty.
const VALUE_MIN: u64 = 1;

/// The places of the cells to withhold, of a table of `rows` and `columns` (totals not counted) in
/// which every total is the sum of its parts.
#[must_use]
pub fn withheld(rows: usize, columns: usize, cells: &BTreeMap<Place, Cell>) -> BTreeSet<Place> {
    let mut table = Table::new(rows, columns, cells);
    let few = |arc: &&Arc| arc.cell.few;
    let few: Vec<usize> = (0..)
        .zip(&table.arcs)
        .filter(|(_, arc)| few(arc))
        .map(|(n, _)| n)
        .collect();
    for n in &few {
        table.withheld[*n] = true;
    }
    for n in few {
        for on_the_way in table.cheapest_way_round(n) {
            table.withheld[on_the_way] = true;
        }
    }
    let withheld = table.arcs.iter().zip(&table.withheld);
    withheld
        .filter(|(_, withheld)| **withheld)
        .map(|(arc, _)| arc.place)
        .collect()
}

/// A cell, as what flows from a row to its column, or back as a total.
#[derive(Debug)]
struct Arc {
    place: Place,
    cell: Cell,
    from: usize,
    to: usize,
}

#[derive(Debug)]
struct Table {
    arcs: Vec<Arc>,
    withheld: Vec<bool>,
    /// By row or column: where a step leads, along which arc, and whether along it or against it.
    steps: Vec<Vec<(usize, usize, bool)>>,
}

impl Table {
    fn new(rows: usize, columns: usize, cells: &BTreeMap<Place, Cell>) -> Self {
        let mut arcs = Vec::with_capacity(cells.len());
        let mut steps = vec![Vec::new(); rows + columns + 2];
        for ((row, column), cell) in cells {
            let (row_node, column_node) = (*row, rows + 1 + column);
            let is_margin = (*row == rows) != (*column == columns);
            let (from, to) = if is_margin {
                (column_node, row_node)
            } else {
                (row_node, column_node)
            };
            steps[from].push((to, arcs.len(), true));
            steps[to].push((from, arcs.len(), false));
            arcs.push(Arc {
                place: (*row, *column),
                cell: *cell,
                from,
                to,
            });
        }
        Self {
            withheld: vec![false; arcs.len()],
            arcs,
            steps,
        }
    }

    /// The arcs that let this one be one higher, or one lower, whichever takes less.
    fn cheapest_way_round(&self, arc: usize) -> Vec<usize> {
        let Arc { from, to, cell, .. } = self.arcs[arc];
        let higher = self.cheapest_way(to, from, arc);
        if matches!(higher, Some((0, _))) || cell.value <= VALUE_MIN {
            return higher.map(|(_, way)| way).unwrap_or_default();
        }
        let lower = self.cheapest_way(from, to, arc);
        let ways = higher.into_iter().chain(lower);
        ways.min_by_key(|(cost, _)| *cost)
            .map(|(_, way)| way)
            .unwrap_or_default()
    }

    /// What it costs to take a step, if it can be taken: nothing over what is withheld already.
    fn cost(&self, arc: usize, along: bool) -> Option<u64> {
        let value = self.arcs[arc].cell.value;
        if !along && value <= VALUE_MIN {
            return None;
        }
        Some(if self.withheld[arc] {
            0
        } else {
            value.saturating_add(1)
        })
    }

    fn cheapest_way(&self, from: usize, to: usize, but: usize) -> Option<(u64, Vec<usize>)> {
        let mut best = vec![u64::MAX; self.steps.len()];
        let mut came: Vec<Option<(usize, usize)>> = vec![None; self.steps.len()];
        let mut open = BinaryHeap::from([Reverse((0_u64, from))]);
        best[from] = 0;
        while let Some(Reverse((cost, at))) = open.pop() {
            if at == to {
                let mut way = Vec::new();
                let mut at = to;
                while let Some((before, arc)) = came[at] {
                    way.push(arc);
                    at = before;
                }
                return Some((cost, way));
            }
            if cost > best[at] {
                continue;
            }
            for (next, arc, along) in &self.steps[at] {
                let Some(step) = self.cost(*arc, *along).filter(|_| *arc != but) else {
                    continue;
                };
                let cost = cost.saturating_add(step);
                if cost < best[*next] {
                    best[*next] = cost;
                    came[*next] = Some((at, *arc));
                    open.push(Reverse((cost, *next)));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A table of these values with its totals. A part is about few people if it says less than
    /// ten; a total, too.
    fn table(values: &[Vec<u64>]) -> (usize, usize, BTreeMap<Place, Cell>) {
        let (rows, columns) = (values.len(), values[0].len());
        let mut sums: BTreeMap<Place, u64> = BTreeMap::new();
        for (row, line) in values.iter().enumerate() {
            for (column, value) in line.iter().enumerate() {
                for place in [
                    (row, column),
                    (rows, column),
                    (row, columns),
                    (rows, columns),
                ] {
                    *sums.entry(place).or_default() += value;
                }
            }
        }
        let cell = |(place, value)| {
            (
                place,
                Cell {
                    value,
                    few: value < 10,
                },
            )
        };
        let cells = sums
            .into_iter()
            .filter(|(_, value)| *value > 0)
            .map(cell)
            .collect();
        (rows, columns, cells)
    }

    /// An attacker who tries all tables near the true one: which values each withheld cell may
    /// have, with every told cell and total as it is.
    fn possible(
        rows: usize,
        columns: usize,
        cells: &BTreeMap<Place, Cell>,
        hidden: &BTreeSet<Place>,
    ) -> BTreeMap<Place, BTreeSet<u64>> {
        let unknown: Vec<Place> = hidden
            .iter()
            .copied()
            .filter(|(row, column)| *row < rows && *column < columns)
            .collect();
        let mut seen: BTreeMap<Place, BTreeSet<u64>> = BTreeMap::new();
        for code in 0..3_usize.pow(u32::try_from(unknown.len()).unwrap()) {
            let mut tried: BTreeMap<Place, u64> = cells
                .iter()
                .map(|(place, cell)| (*place, cell.value))
                .collect();
            let mut rest = code;
            for place in &unknown {
                let value = tried.get_mut(place).unwrap();
                *value = *value + (rest % 3) as u64 - 1;
                rest /= 3;
            }
            let at = |row, column| tried.get(&(row, column)).copied().unwrap_or(0);
            let mut sums = BTreeMap::new();
            for row in 0..rows {
                for column in 0..columns {
                    let value = at(row, column);
                    for place in [
                        (row, column),
                        (rows, column),
                        (row, columns),
                        (rows, columns),
                    ] {
                        *sums.entry(place).or_insert(0) += value;
                    }
                }
            }
            let fits = cells.iter().all(|(place, cell)| {
                let value = sums.get(place).copied().unwrap_or(0);
                if hidden.contains(place) {
                    value >= 1
                } else {
                    value == cell.value
                }
            });
            if fits {
                for place in hidden {
                    seen.entry(*place).or_default().insert(sums[place]);
                }
            }
        }
        seen
    }

    #[test]
    fn one_small_cell_takes_three_others_with_it() {
        let (rows, columns, cells) = table(&[vec![3, 50], vec![60, 70]]);
        let hidden = withheld(rows, columns, &cells);
        assert_eq!(hidden.len(), 4, "{hidden:?}");
        assert!(hidden.contains(&(0, 0)));
        assert!(!hidden.contains(&(2, 2)), "the grand total is told");
    }

    #[test]
    fn a_single_station_in_a_single_month_hides_itself() {
        let (rows, columns, cells) = table(&[vec![3]]);
        assert_eq!(withheld(rows, columns, &cells).len(), 4);
    }

    fn values() -> impl Strategy<Value = Vec<Vec<u64>>> {
        let value = prop_oneof![Just(0_u64), 1..4_u64, 8..13_u64, 10..400_u64];
        (1..4_usize, 1..4_usize).prop_flat_map(move |(rows, columns)| {
            proptest::collection::vec(proptest::collection::vec(value.clone(), columns), rows)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whoever knows all that is told, and that what is withheld is not nothing, finds no
        /// withheld cell's value.
        #[test]
        fn no_withheld_cell_can_be_computed(values in values()) {
            let (rows, columns, cells) = table(&values);
            let hidden = withheld(rows, columns, &cells);
            for (place, cell) in &cells {
                prop_assert!(!cell.few || hidden.contains(place), "{place:?} is told");
            }
            let seen = possible(rows, columns, &cells, &hidden);
            for place in &hidden {
                prop_assert!(seen[place].len() > 1, "{place:?} can only be {:?} of {cells:?}, {hidden:?}", seen[place]);
            }
        }

        /// Where nobody is few, everything is told.
        #[test]
        fn nothing_is_withheld_without_need(
            values in proptest::collection::vec(proptest::collection::vec(10..99_u64, 3), 1..5),
        ) {
            let (rows, columns, cells) = table(&values);
            prop_assert!(withheld(rows, columns, &cells).is_empty());
        }
    }
}
