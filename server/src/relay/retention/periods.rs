//! How long after its end a document stays with each audience, and what an operator says of it. Pure.

use std::collections::BTreeMap;
use std::str::FromStr;

use yizhan_client_core::model::retention::Audience;
use yizhan_proto::Timestamp;

/// Milliseconds of a day, of a month (a twelfth of 365.25 days), of a year.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const YEAR_MS: i64 = 365 * DAY_MS + DAY_MS / 4;
const MONTH_MS: i64 = YEAR_MS / 12;
/// The shortest period: a driver may reopen a ticket for seven days, and a health check may be a
/// crisis for one.
pub(super) const PERIOD_MS_MIN: i64 = 7 * DAY_MS;
/// The longest.
const PERIOD_MS_MAX: i64 = 100 * YEAR_MS;

/// How long after its end a document stays with each audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Periods(BTreeMap<Audience, Option<i64>>);

/// One period, as it is typed: `station-visits=30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Whose; `None`: everybody's.
    pub audience: Option<Audience>,
    /// How many milliseconds; `None`: for ever.
    pub period_ms: Option<i64>,
}

/// A text that is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// Not an audience and a period.
    #[error("write it as AUDIENCE=PERIOD, such as station-visits=30d")]
    Malformed,
    /// No such audience.
    #[error("there is no audience {0:?}; there are: all, {list}", list = Audience::TEXTS.join(", "))]
    Audience(String),
    /// No such period.
    #[error("{0:?} is not a period; write it as 30d, 12mo, 2y, or off")]
    Period(String),
    /// Too short or too long.
    #[error("{0:?} is not between 7d and 100y; off keeps for ever")]
    Bounds(String),
}

impl FromStr for Keep {
    type Err = KeepError;

    fn from_str(text: &str) -> Result<Self, KeepError> {
        let (name, period) = text.split_once('=').ok_or(KeepError::Malformed)?;
        let short = |text: &str| text.chars().take(32).collect::<String>();
        let audience = match name {
            "all" => None,
            name => {
                let audience = Audience::from_text(name);
                Some(audience.ok_or_else(|| KeepError::Audience(short(name)))?)
            }
        };
        if period == "off" {
            return Ok(Self {
                audience,
                period_ms: None,
            });
        }
        let wrong = || KeepError::Period(short(period));
        let digits = period.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = period.split_at_checked(digits).ok_or_else(wrong)?;
        let unit_ms = match unit {
            "d" => DAY_MS,
            "mo" => MONTH_MS,
            "y" => YEAR_MS,
            _ => return Err(wrong()),
        };
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let period_ms = i64::from(number)
            .checked_mul(unit_ms)
            .filter(|ms| (PERIOD_MS_MIN..=PERIOD_MS_MAX).contains(ms))
            .ok_or_else(|| KeepError::Bounds(short(period)))?;
        Ok(Self {
            audience,
            period_ms: Some(period_ms),
        })
    }
}

impl Default for Periods {
    fn default() -> Self {
        let period = |audience: &Audience| {
            let ms = match audience {
                Audience::DriverVisits | Audience::SharedVisits => 12 * MONTH_MS,
                Audience::DriverChecks | Audience::SharedChecks => 24 * MONTH_MS,
                Audience::StationVisits
                | Audience::StationChecks
                | Audience::Activities
                | Audience::DriverEnrolments
                | Audience::StationEnrolments
                | Audience::Notices
                | Audience::DriverTickets
                | Audience::StationTickets
                | Audience::DeskTickets => 30 * DAY_MS,
            };
            (*audience, Some(ms))
        };
        Self(Audience::ALL.iter().map(period).collect())
    }
}

impl Periods {
    /// No audience lets anything go.
    #[must_use]
    pub fn off() -> Self {
        Self(BTreeMap::new())
    }

    /// With one of them, or all, set anew.
    pub fn set(&mut self, keep: Keep) {
        match keep.audience {
            Some(audience) => {
                self.0.insert(audience, keep.period_ms);
            }
            None => {
                let all = Audience::ALL.iter();
                self.0 = all.map(|audience| (*audience, keep.period_ms)).collect();
            }
        }
    }

    /// How long after its end a document stays, milliseconds; `None`: for ever.
    #[must_use]
    pub fn of(&self, audience: Audience) -> Option<i64> {
        self.0.get(&audience).copied().flatten()
    }

    /// What ended before this is too old for the audience at `now`.
    pub(super) fn until(&self, audience: Audience, now: Timestamp) -> Timestamp {
        match self.of(audience) {
            // What ended just so long ago has had its time.
            Some(ms) => now.saturating_add_ms(1 - ms).max(NEVER),
            None => NEVER,
        }
    }
}

/// Before it, nothing has ended.
const NEVER: Timestamp = Timestamp::from_ms(0);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keep(text: &str) -> Result<Keep, KeepError> {
        text.parse()
    }

    #[test]
    fn the_defaults_are_those_of_the_domain() {
        let periods = Periods::default();
        for (audience, days) in [
            ("driver-visits", 365.25),
            ("driver-checks", 730.5),
            ("station-visits", 30.0),
            ("station-checks", 30.0),
            ("activities", 30.0),
            ("driver-enrolments", 30.0),
            ("notices", 30.0),
            ("desk-tickets", 30.0),
            ("driver-tickets", 30.0),
        ] {
            let ms = periods.of(Audience::from_text(audience).unwrap()).unwrap();
            #[expect(clippy::cast_precision_loss, reason = "a test's round numbers")]
            let found = ms as f64 / DAY_MS as f64;
            assert!((found - days).abs() < 1e-9, "{audience}: {found}");
        }
    }

    #[test]
    fn a_period_is_typed_in_days_months_years_or_off() {
        let ms = |text: &str| keep(text).unwrap().period_ms;
        assert_eq!(ms("notices=30d"), Some(30 * DAY_MS));
        assert_eq!(ms("notices=12mo"), ms("notices=1y"));
        assert_eq!(ms("notices=7d"), Some(PERIOD_MS_MIN));
        assert_eq!(ms("notices=off"), None);
        let mut periods = Periods::default();
        periods.set(keep("all=off").unwrap());
        periods.set(keep("notices=60d").unwrap());
        for audience in Audience::ALL {
            let kept = (*audience == Audience::Notices).then_some(60 * DAY_MS);
            assert_eq!(periods.of(*audience), kept, "the later one stands");
        }
        for (text, word) in [
            ("notices", "AUDIENCE=PERIOD"),
            ("visits=30d", "driver-visits"),
            ("notices=", "30d"),
            ("notices=d", "30d"),
            ("notices=30", "30d"),
            ("notices=30天", "30d"),
            ("notices=-30d", "30d"),
            ("notices=6d", "7d"),
            ("notices=0d", "7d"),
            ("notices=101y", "100y"),
            ("notices=4294967295y", "100y"),
            ("notices=99999999999999999999d", "30d"),
        ] {
            let error = keep(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_is_no_period_is_an_error_and_no_panic(text in ".{0,40}") {
            drop(keep(&text));
            drop(keep(&format!("notices={text}")));
        }

        #[test]
        fn what_is_too_old_stays_so_and_a_longer_period_lets_less_go(
            days in 7_u32..2_000, more in 0_u32..2_000, now in 1_577_836_800_000_i64..5_000_000_000_000, later in 0_i64..1_000_000_000,
        ) {
            let mut short = Periods::default();
            short.set(keep(&format!("notices={days}d")).unwrap());
            let mut long = Periods::default();
            long.set(keep(&format!("notices={}d", days + more)).unwrap());
            let at = |periods: &Periods, ms| periods.until(Audience::Notices, Timestamp::from_ms(ms));
            prop_assert!(at(&short, now) <= at(&short, now + later));
            prop_assert!(at(&long, now) <= at(&short, now));
            prop_assert!(at(&Periods::off(), now) <= at(&long, now));
            // Just so old, and a moment younger.
            let ended = now - i64::from(days) * DAY_MS;
            prop_assert!(Timestamp::from_ms(ended) < at(&short, now));
            prop_assert!(Timestamp::from_ms(ended + 1) >= at(&short, now));
        }
    }
}
