//! What a row of readings says at a glance: the least, the middle and the greatest of them, and
//! where they are going. A help for the eye, never a judgement of health.

use super::vitals::Item;

/// Readings that it takes before a direction is named.
const DIRECTION_FROM: usize = 4;

/// Where readings are going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The later half lies higher than the earlier one.
    Rising,
    /// It lies lower.
    Falling,
    /// They differ by no more than such measurements do by themselves.
    Steady,
}

impl Direction {
    /// Its name: `rising`, `falling`, `steady`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
            Self::Steady => "steady",
        }
    }
}

/// What a row of readings says, in the item's canonical unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The least.
    pub least: f64,
    /// The one in the middle; of an even number, the mean of the two.
    pub median: f64,
    /// The greatest.
    pub most: f64,
    /// Where they are going; `None` for fewer than four.
    pub direction: Option<Direction>,
}

impl Trend {
    /// Reads it off values, the oldest first. `None` if there are none.
    ///
    /// The direction compares the medians of the two halves (of an odd number, without the one in
    /// the middle), so that a single odd reading does not turn it.
    #[must_use]
    pub fn of(item: Item, values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        Some(Self {
            least,
            median: middle(&sorted)?,
            most,
            direction: direction(item, values),
        })
    }
}

fn direction(item: Item, values: &[f64]) -> Option<Direction> {
    if values.len() < DIRECTION_FROM {
        return None;
    }
    let half = values.len() / 2;
    let median = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        middle(&sorted)
    };
    let earlier = median(values.get(..half)?)?;
    let later = median(values.get(values.len() - half..)?)?;
    let (change, noise) = (later - earlier, noise(item));
    Some(if change > noise {
        Direction::Rising
    } else if change < -noise {
        Direction::Falling
    } else {
        Direction::Steady
    })
}

/// How far two measurements of the same thing lie apart by themselves.
const fn noise(item: Item) -> f64 {
    match item {
        Item::Systolic | Item::Diastolic | Item::Pulse => 5.0,
        Item::GlucoseRandom | Item::GlucoseFasting | Item::GlucoseAfterMeal => 0.5,
        Item::Neck | Item::Lumbar => 0.0,
    }
}

fn middle(sorted: &[f64]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied()?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = sorted.get(half.checked_sub(1)?)?;
    Some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(values: &[f64]) -> Trend {
        Trend::of(Item::Systolic, values).unwrap()
    }

    #[test]
    fn no_readings_say_nothing_and_one_says_itself() {
        assert_eq!(Trend::of(Item::Pulse, &[]), None);
        let one = trend(&[126.0]);
        assert_eq!((one.least, one.median, one.most), (126.0, 126.0, 126.0));
        assert_eq!(one.direction, None);
    }

    #[test]
    fn least_middle_and_greatest_do_not_depend_on_the_order() {
        let one = trend(&[140.0, 120.0, 150.0, 130.0]);
        assert_eq!((one.least, one.median, one.most), (120.0, 135.0, 150.0));
        let odd = trend(&[150.0, 120.0, 130.0]);
        assert_eq!(odd.median, 130.0);
    }

    #[test]
    fn the_direction_is_that_of_the_halves_and_one_odd_reading_does_not_turn_it() {
        for (values, expected) in [
            (&[120.0, 122.0, 121.0, 124.0][..], Some(Direction::Steady)),
            (&[120.0, 122.0, 138.0, 140.0], Some(Direction::Rising)),
            (&[150.0, 148.0, 130.0, 128.0], Some(Direction::Falling)),
            // The last one is odd, the others stay.
            (
                &[120.0, 121.0, 119.0, 120.0, 122.0, 180.0],
                Some(Direction::Steady),
            ),
            // The middle one of an odd number belongs to neither half.
            (
                &[120.0, 120.0, 300.0, 120.0, 120.0],
                Some(Direction::Steady),
            ),
            (&[120.0, 160.0, 200.0], None),
        ] {
            assert_eq!(trend(values).direction, expected, "{values:?}");
        }
        let glucose = Trend::of(Item::GlucoseFasting, &[5.0, 5.2, 6.0, 6.2]).unwrap();
        assert_eq!(glucose.direction, Some(Direction::Rising));
    }
}
