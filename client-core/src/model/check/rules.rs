//! Who writes what in a check, and how its measurements and levels hang together: nobody can
//! store a level or a converted value that the rule set does not give.

use crate::model::draft::{Draft, Fields};
use crate::model::outline::{Facts, Routing};
use crate::model::rules::{Container, Field, Holds, Table, What, When, Who, any_edit, field};
use crate::model::vitals::{self, Item, Level};
use crate::model::{Refusal, RefusalCode};

use super::{ADVICE, Comparator, FINDINGS};

const FIELDS: &[Field] = &[
    field("id", Who::HEALTH, When::Needed, What::OwnId),
    field("kind", Who::HEALTH, When::Needed, What::OwnKind),
    field("schema", Who::HEALTH, When::Needed, What::OwnSchema),
    field("driver", Who::HEALTH, When::Needed, What::Id),
    field("station", Who::HEALTH, When::Needed, What::Id),
    field("visit", Who::HEALTH, When::Once, What::Id),
    field("consent", Who::HEALTH, When::Needed, What::Id),
    field("by", Who::HEALTH, When::Needed, What::Author),
    field("taken_at", Who::HEALTH, When::Needed, What::Time),
    field(
        "rule_set",
        Who::HEALTH,
        When::Needed,
        What::Listed(&[vitals::RULE_SET]),
    ),
    field(
        "pressure_level",
        Who::HEALTH,
        When::Once,
        What::Listed(Level::TEXTS),
    ),
    field(
        "glucose_level",
        Who::HEALTH,
        When::Once,
        What::Listed(Level::TEXTS),
    ),
    field("crisis", Who::HEALTH, When::Needed, What::Flag),
    field("note", Who::HEALTH, When::Once, What::Prose),
    field("replaces", Who::HEALTH, When::Once, What::Id),
    field("replaces_reason", Who::HEALTH, When::Once, What::Prose),
];

const MEASUREMENT: &[Field] = &[
    field("item", Who::HEALTH, When::Needed, What::Listed(Item::TEXTS)),
    field(
        "value",
        Who::HEALTH,
        When::Once,
        What::Real(f64::MIN, f64::MAX),
    ),
    field("unit", Who::HEALTH, When::Once, What::Label),
    field("entered", Who::HEALTH, When::Once, What::Label),
    field("entered_unit", Who::HEALTH, When::Once, What::Label),
    field(
        "comparator",
        Who::HEALTH,
        When::Once,
        What::Listed(Comparator::TEXTS),
    ),
    field("absent", Who::HEALTH, When::Once, What::Label),
    field("finding", Who::HEALTH, When::Once, What::Listed(FINDINGS)),
    field("pain", Who::HEALTH, When::Once, What::Whole(0, 10)),
];

/// Where the measurements stand among the containers.
const MEASUREMENTS: usize = 1;

/// Who writes what in a check.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[
        Container {
            name: "advice",
            who: Who::HEALTH,
            when: When::Once,
            holds: Holds::Flags(ADVICE),
        },
        Container {
            name: "measurements",
            who: Who::HEALTH,
            when: When::Once,
            holds: Holds::Entries(MEASUREMENT),
        },
    ],
    routing: |draft| Routing {
        driver: draft.root().person("driver"),
        station: draft.root().station("station"),
        ..Routing::default()
    },
    facts: |draft, before| Facts {
        began_at: draft.root().time("taken_at").or(before.began_at),
        ..before.clone()
    },
    create,
    edit: any_edit,
    reroute: None,
    twins: false,
};

/// What the measurements of a check come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::model) struct Assessment {
    /// Level of the blood pressure.
    pub(in crate::model) pressure: Option<Level>,
    /// Level of the glucose: the gravest.
    pub(in crate::model) glucose: Option<Level>,
    /// Whether any is a crisis.
    pub(in crate::model) crisis: bool,
}

/// Assesses canonical values.
pub(in crate::model) fn assess(values: impl Iterator<Item = (Item, f64)>) -> Assessment {
    let (mut systolic, mut diastolic) = (None, None);
    let mut sum = Assessment::default();
    for (item, value) in values {
        match item {
            Item::Systolic => systolic = Some(value),
            Item::Diastolic => diastolic = Some(value),
            Item::Pulse
            | Item::GlucoseRandom
            | Item::GlucoseFasting
            | Item::GlucoseAfterMeal
            | Item::Neck
            | Item::Lumbar => {
                let level = vitals::glucose_level(item, value);
                sum.crisis |= level.is_some_and(vitals::is_crisis);
                sum.glucose = sum.glucose.max(level);
            }
        }
    }
    sum.pressure = vitals::pressure_level(systolic, diastolic);
    sum.crisis |= sum.pressure.is_some_and(vitals::is_crisis);
    sum
}

fn create(draft: &Draft<'_>) -> Result<(), Refusal> {
    let mut seen = [false; Item::ALL.len()];
    let mut values = [None; Item::ALL.len()];
    for (key, fields) in draft.entries(MEASUREMENTS, MEASUREMENT) {
        let path = |refusal: Refusal| refusal.at(format!("measurements/{key}"));
        let Some(item) = fields.text("item").and_then(Item::from_text) else {
            continue;
        };
        if std::mem::replace(&mut seen[item as usize], true) {
            return Err(path(
                Refusal::new(RefusalCode::ValueContradiction).bound("each item once"),
            ));
        }
        values[item as usize] = measurement(item, fields).map_err(path)?.map(|v| (item, v));
    }
    if !seen.contains(&true) {
        return Err(Refusal::new(RefusalCode::FieldMissing).at("measurements"));
    }
    check_pressure(&seen, &values)?;
    check_levels(draft, assess(values.into_iter().flatten()))?;
    if draft.root().has("replaces") != draft.root().has("replaces_reason") {
        return Err(Refusal::new(RefusalCode::FieldMissing)
            .at("replaces_reason")
            .bound("the check it replaces and the reason, together"));
    }
    Ok(())
}

/// Checks one measurement; gives its canonical value, if it has one.
fn measurement(item: Item, fields: Fields<'_>) -> Result<Option<f64>, Refusal> {
    let quantity = ["value", "unit", "entered", "entered_unit"];
    let only =
        |allowed: &[&str]| {
            let stray = MEASUREMENT.iter().find(|field| {
                field.name != "item" && !allowed.contains(&field.name) && fields.has(field.name)
            });
            let missing = allowed
                .iter()
                .find(|name| **name != "comparator" && !fields.has(name));
            match (missing, stray) {
                (Some(name), _) => Err(Refusal::new(RefusalCode::FieldMissing).bound(*name)),
                (None, Some(field)) => Err(Refusal::new(RefusalCode::ValueContradiction)
                    .bound(format!("no {}", field.name))),
                (None, None) => Ok(()),
            }
        };
    if item.is_spine() {
        return only(&["finding", "pain"]).map(|()| None);
    }
    if fields.has("absent") && matches!(item, Item::Systolic | Item::Diastolic) {
        return only(&["absent"]).map(|()| None);
    }
    only(&[
        quantity[0],
        quantity[1],
        quantity[2],
        quantity[3],
        "comparator",
    ])?;
    let text = |name| fields.text(name).unwrap_or_default();
    let comparator = fields.text("comparator").and_then(Comparator::from_text);
    let canonical = vitals::canonical(item, text("entered"), text("entered_unit"), comparator)?;
    let agrees = fields.real("value") == Some(canonical.value)
        && text("unit") == item.unit()
        && comparator == canonical.comparator;
    if agrees {
        Ok(Some(canonical.value))
    } else {
        Err(Refusal::new(RefusalCode::ValueContradiction).bound(format!(
            "{} {}",
            canonical.value,
            item.unit()
        )))
    }
}

fn check_pressure(
    seen: &[bool; Item::ALL.len()],
    values: &[Option<(Item, f64)>; Item::ALL.len()],
) -> Result<(), Refusal> {
    let (systolic, diastolic) = (Item::Systolic as usize, Item::Diastolic as usize);
    if seen[systolic] != seen[diastolic] {
        return Err(Refusal::new(RefusalCode::FieldMissing)
            .at("measurements")
            .bound("both pressures, or why one is missing"));
    }
    match (values[systolic], values[diastolic]) {
        (None, None) if seen[systolic] => Err(Refusal::new(RefusalCode::FieldMissing)
            .at("measurements")
            .bound("one of the two pressures")),
        (Some((_, high)), Some((_, low))) if low > high => {
            Err(Refusal::new(RefusalCode::ValueContradiction)
                .at("measurements")
                .bound("diastolic up to systolic"))
        }
        _ => Ok(()),
    }
}

fn check_levels(draft: &Draft<'_>, assessment: Assessment) -> Result<(), Refusal> {
    let root = draft.root();
    let level = |name| root.text(name).and_then(Level::from_text);
    let wrong = if level("pressure_level") != assessment.pressure {
        "pressure_level"
    } else if level("glucose_level") != assessment.glucose {
        "glucose_level"
    } else if root.flag("crisis") != Some(assessment.crisis) {
        "crisis"
    } else {
        return Ok(());
    };
    Err(Refusal::new(RefusalCode::ValueContradiction)
        .at(wrong)
        .bound(vitals::RULE_SET))
}
