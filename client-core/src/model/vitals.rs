//! Ranges, units and levels of measurements. Levels come from a versioned rule set whose id is
//! stored with each result; an old classification is never rewritten.

/// The rule set in use for new checks.
pub const RULE_SET: &str = "cn-2024";

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
