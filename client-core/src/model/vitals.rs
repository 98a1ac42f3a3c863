//! Ranges, units and levels of measurements. Levels come from a versioned rule set whose id is
//! stored with each result; an old classification is never rewritten.
//!
//! Pure arithmetic. The wording is that of a screening: it never names an illness.

use super::check::Comparator;
use super::codes::text_codes;
use super::{Refusal, RefusalCode};

/// The rule set in use for new checks.
pub const RULE_SET: &str = "cn-2024";

/// What is shown whenever [`is_crisis`] says so. Fixed text; an app translates it as a whole.
pub const CRISIS_CARD: &str =
    "Do not drive. Sit down, measure again after five minutes, and call 120 if you feel unwell.";
/// The same in Chinese.
pub const CRISIS_CARD_ZH: &str = "请勿驾驶。请坐下休息，五分钟后复测；如感不适，请立即拨打120。";
/// Minutes after which a second reading is asked for.
pub const SECOND_READING_AFTER_MIN: u32 = 5;

/// Milligrams per decilitre of one millimole of glucose per litre.
pub const MG_DL_PER_MMOL_L: f64 = 18.0182;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Item {
    Systolic,
    Diastolic,
    Pulse,
    GlucoseRandom,
    GlucoseFasting,
    GlucoseAfterMeal,
    Neck,
    Lumbar,
}

text_codes!(Item {
    Systolic = "systolic",
    Diastolic = "diastolic",
    Pulse = "pulse",
    GlucoseRandom = "glucose_random",
    GlucoseFasting = "glucose_fasting",
    GlucoseAfterMeal = "glucose_after_meal",
    Neck = "neck",
    Lumbar = "lumbar",
});

/// How serious a result is, in rising order. Wording is screening, never diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Level {
    Normal,
    HighNormal,
    Grade1,
    Grade2,
    Grade3,
    Low,
    High,
    Crisis,
}

text_codes!(Level {
    Normal = "normal",
    HighNormal = "high_normal",
    Grade1 = "grade_1",
    Grade2 = "grade_2",
    Grade3 = "grade_3",
    Low = "low",
    High = "high",
    Crisis = "crisis",
});

/// The LOINC code of the panel that systolic and diastolic pressure make up.
pub const PRESSURE_PANEL_LOINC: &str = "85354-9";

/// Bounds of a quantity, both included, in its canonical unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The least value.
    pub least: f64,
    /// The greatest value.
    pub most: f64,
}

impl Bounds {
    const fn new(least: f64, most: f64) -> Self {
        Self { least, most }
    }

    /// Whether a value lies in them.
    #[must_use]
    pub fn contain(self, value: f64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}

impl Item {
    /// Its LOINC code; neck and lumbar findings have none.
    #[must_use]
    pub const fn loinc(self) -> Option<&'static str> {
        match self {
            Self::Systolic => Some("8480-6"),
            Self::Diastolic => Some("8462-4"),
            Self::Pulse => Some("8867-4"),
            Self::GlucoseRandom => Some("14743-9"),
            Self::GlucoseFasting => Some("14770-2"),
            Self::GlucoseAfterMeal => Some("14760-3"),
            Self::Neck | Self::Lumbar => None,
        }
    }

    /// Its canonical unit (UCUM); empty for neck and lumbar findings.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Systolic | Self::Diastolic => "mm[Hg]",
            Self::Pulse => "/min",
            Self::GlucoseRandom | Self::GlucoseFasting | Self::GlucoseAfterMeal => "mmol/L",
            Self::Neck | Self::Lumbar => "",
        }
    }

    /// Whether it is a quantity of glucose.
    #[must_use]
    pub const fn is_glucose(self) -> bool {
        matches!(
            self,
            Self::GlucoseRandom | Self::GlucoseFasting | Self::GlucoseAfterMeal
        )
    }

    /// Whether it is a finding of the spine, not a quantity.
    #[must_use]
    pub const fn is_spine(self) -> bool {
        matches!(self, Self::Neck | Self::Lumbar)
    }

    /// What is possible at all; values outside are refused.
    #[must_use]
    pub const fn possible(self) -> Option<Bounds> {
        match self {
            Self::Systolic => Some(Bounds::new(70.0, 300.0)),
            Self::Diastolic => Some(Bounds::new(40.0, 180.0)),
            Self::Pulse => Some(Bounds::new(30.0, 250.0)),
            Self::GlucoseRandom | Self::GlucoseFasting | Self::GlucoseAfterMeal => {
                Some(Bounds::new(1.7, 55.5))
            }
            Self::Neck | Self::Lumbar => None,
        }
    }

    /// What is usual; for values outside the app asks "is that right?".
    #[must_use]
    pub const fn usual(self) -> Option<Bounds> {
        match self {
            Self::Systolic => Some(Bounds::new(90.0, 179.0)),
            Self::Diastolic => Some(Bounds::new(60.0, 109.0)),
            Self::Pulse => Some(Bounds::new(50.0, 120.0)),
            Self::GlucoseRandom | Self::GlucoseAfterMeal => Some(Bounds::new(3.9, 11.0)),
            Self::GlucoseFasting => Some(Bounds::new(3.9, 6.9)),
            Self::Neck | Self::Lumbar => None,
        }
    }
}

/// A value in its item's canonical unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Canonical {
    /// The value.
    pub value: f64,
    /// Whether the true value lies above or below it.
    pub comparator: Option<Comparator>,
}

/// What was typed, as a number: Chinese full-width digits and signs are tolerated, `HI` and `LO`
/// (or `>` and `<` before a number) come back as the comparator. `HI` and `LO` alone have no number.
#[must_use]
pub fn parse_entered(entered: &str) -> Option<(Option<f64>, Option<Comparator>)> {
    let text: String = entered.trim().chars().map(half_width).collect();
    let text = text.trim();
    if text.eq_ignore_ascii_case("hi") {
        return Some((None, Some(Comparator::Above)));
    }
    if text.eq_ignore_ascii_case("lo") {
        return Some((None, Some(Comparator::Below)));
    }
    let (text, comparator) = match (text.strip_prefix('>'), text.strip_prefix('<')) {
        (Some(rest), _) => (rest.trim_start(), Some(Comparator::Above)),
        (_, Some(rest)) => (rest.trim_start(), Some(Comparator::Below)),
        (None, None) => (text, None),
    };
    let plain = !text.is_empty()
        && text.len() <= 16
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = text.parse::<f64>().ok().filter(|_| plain)?;
    Some((Some(number), comparator))
}

/// Full-width digits and signs as their plain ones, and the Chinese full stop as a point.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => u32::from(c)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .map_or(c, half_width),
        '\u{3000}' => ' ',
        '。' | ',' | '、' => '.',
        '〉' | '》' => '>',
        '〈' | '《' => '<',
        _ => c,
    }
}

/// The canonical value of what was typed in a unit (`mmol/L` and `mg/dL` for glucose, else the
/// item's own). `comparator` is the one chosen apart from the text, if any. Milligrams are
/// converted and rounded to a hundredth of a millimole.
///
/// # Errors
/// `value.type` for something that is not a number, `value.unlisted` for a unit that the item does
/// not have, `value.contradiction` for two different comparators, `value.range` for what is not
/// possible.
pub fn canonical(
    item: Item,
    entered: &str,
    unit: &str,
    comparator: Option<Comparator>,
) -> Result<Canonical, Refusal> {
    let possible = item
        .possible()
        .ok_or_else(|| Refusal::new(RefusalCode::ValueType).bound("a finding, not a number"))?;
    let (number, typed) = parse_entered(entered)
        .ok_or_else(|| Refusal::new(RefusalCode::ValueType).bound("a number, HI or LO"))?;
    let comparator = match (comparator, typed) {
        (Some(a), Some(b)) if a != b => {
            return Err(Refusal::new(RefusalCode::ValueContradiction).bound("one of HI and LO"));
        }
        (a, b) => a.or(b),
    };
    let value = match (number, comparator) {
        (Some(number), _) => in_canonical_unit(item, number, unit)?,
        // What meters for home use print: above 33.3, below the least that is possible here.
        (None, Some(Comparator::Above)) if item.is_glucose() => 33.3,
        (None, Some(Comparator::Below)) if item.is_glucose() => possible.least,
        (None, _) => {
            return Err(Refusal::new(RefusalCode::ValueType).bound("a number"));
        }
    };
    check_value(item, value)?;
    Ok(Canonical { value, comparator })
}

fn in_canonical_unit(item: Item, number: f64, unit: &str) -> Result<f64, Refusal> {
    match unit {
        _ if unit == item.unit() => Ok(number),
        "mg/dL" if item.is_glucose() => Ok((number / MG_DL_PER_MMOL_L * 100.0).round() / 100.0),
        _ => Err(
            Refusal::new(RefusalCode::ValueUnlisted).bound(if item.is_glucose() {
                "mmol/L, mg/dL"
            } else {
                item.unit()
            }),
        ),
    }
}

/// Whether a canonical value is possible.
///
/// # Errors
/// `value.range` with the bounds.
pub fn check_value(item: Item, value: f64) -> Result<(), Refusal> {
    match item.possible() {
        Some(bounds) if !bounds.contain(value) => Err(Refusal::new(RefusalCode::ValueRange).bound(
            format!("{} to {} {}", bounds.least, bounds.most, item.unit()),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether a canonical value is so unusual that the app asks before it keeps it.
#[must_use]
pub fn needs_confirmation(item: Item, value: f64) -> bool {
    item.usual().is_some_and(|usual| !usual.contain(value))
}

/// The level of a blood pressure in [`RULE_SET`]: the higher one of its two values' levels.
/// `None` if there is no value.
#[must_use]
pub fn pressure_level(systolic: Option<f64>, diastolic: Option<f64>) -> Option<Level> {
    let by = |value: f64, borders: [(f64, Level); 4]| {
        borders
            .into_iter()
            .find(|(from, _)| value >= *from)
            .map_or(Level::Normal, |(_, level)| level)
    };
    let levels = |grade_3, grade_2, grade_1, high_normal| {
        [
            (grade_3, Level::Grade3),
            (grade_2, Level::Grade2),
            (grade_1, Level::Grade1),
            (high_normal, Level::HighNormal),
        ]
    };
    let systolic = systolic.map(|value| by(value, levels(180.0, 160.0, 140.0, 120.0)));
    let diastolic = diastolic.map(|value| by(value, levels(110.0, 100.0, 90.0, 80.0)));
    systolic.max(diastolic)
}

/// The level of a glucose value in [`RULE_SET`]: `Low` below 3.9, `Crisis` from 16.7 on, `High`
/// above what is usual for the item. `None` if the item is not glucose.
#[must_use]
pub fn glucose_level(item: Item, value: f64) -> Option<Level> {
    let usual = item.usual().filter(|_| item.is_glucose())?;
    Some(if value < 3.9 {
        Level::Low
    } else if value >= 16.7 {
        Level::Crisis
    } else if value > usual.most {
        Level::High
    } else {
        Level::Normal
    })
}

/// Whether a level is a crisis: blood pressure of grade 3, glucose from 16.7 on or below 3.9. The
/// app then shows [`CRISIS_CARD`] and asks for a second reading.
#[must_use]
pub const fn is_crisis(level: Level) -> bool {
    matches!(level, Level::Grade3 | Level::Low | Level::Crisis)
}

#[cfg(test)]
mod tests;
