//! `today`, `history`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct TodayArgs {
    /// Which station (key, id or name); not needed if you keep only one.
    #[arg(long, value_name = "STATION")]
    pub(crate) station: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Whose, if not your own: an id, or a name seen on this phone.
    #[arg(long, value_name = "PERSON")]
    pub(crate) driver: Option<String>,
    /// Only the readings of this item: systolic, diastolic, pulse, glucose_fasting, glucose_after_meal, glucose_random.
    #[arg(long, value_parser = ["systolic", "diastolic", "pulse", "glucose_fasting", "glucose_after_meal", "glucose_random"])]
    pub(crate) item: Option<String>,
    /// At most so many visits, checks, and readings of each item; 0: all.
    #[arg(long, default_value_t = 10)]
    pub(crate) last: u32,
}
