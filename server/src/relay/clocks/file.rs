//! The calendar file: JSON, every part of it optional.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::calendar::{Allowances, Calendar, Hours};

/// Days that a calendar file may list: holidays of a hundred years.
const DAYS_MAX: usize = 5_000;
/// Stretches of hours in one day.
const STRETCHES_MAX: usize = 8;
const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A calendar file is not acceptable; the text says where and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CalendarError(String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    time_zone: Option<String>,
    hours: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    holidays: Vec<String>,
    #[serde(default)]
    working_days: Vec<String>,
    #[serde(default)]
    allowances: Allowed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    verify_hours: Option<i64>,
    response_days: Option<i64>,
    solution_days: Option<i64>,
    solution_days_urgent: Option<i64>,
    close_days: Option<i64>,
}

impl Calendar {
    /// Reads a calendar file. What it does not say is as in [`Calendar::default`].
    ///
    /// # Errors
    /// [`CalendarError`] names what is wrong, and what to do.
    pub fn from_json(text: &str) -> Result<Self, CalendarError> {
        let file: File = serde_json::from_str(text)
            .map_err(|error| CalendarError(format!("no calendar file: {error}")))?;
        let mut calendar = Self::default();
        if let Some(name) = &file.time_zone {
            calendar.zone = TimeZone::get(name).map_err(|_| {
                CalendarError(format!(
                    "time_zone: no time zone {name:?} on this machine; try Asia/Shanghai"
                ))
            })?;
        }
        if let Some(hours) = &file.hours {
            calendar.week = week(hours)?;
        }
        calendar.holidays = dates("holidays", &file.holidays)?;
        calendar.working_days = dates("working_days", &file.working_days)?;
        if let Some(both) = calendar
            .holidays
            .intersection(&calendar.working_days)
            .next()
        {
            return Err(CalendarError(format!(
                "{both} stands in holidays and in working_days; leave it in one"
            )));
        }
        calendar.allowances = allowances(&file.allowances)?;
        Ok(calendar)
    }
}

fn week(named: &BTreeMap<String, Vec<String>>) -> Result<[Vec<Hours>; 7], CalendarError> {
    if let Some(name) = named.keys().find(|name| !WEEK.contains(&name.as_str())) {
        return Err(CalendarError(format!(
            "hours: no day {name:?}; the days are {}",
            WEEK.join(", ")
        )));
    }
    let mut week: [Vec<Hours>; 7] = Default::default();
    for (day, name) in week.iter_mut().zip(WEEK) {
        let Some(texts) = named.get(name) else {
            continue;
        };
        let wrong = |what: &str| CalendarError(format!("hours of {name}: {what}"));
        if texts.len() > STRETCHES_MAX {
            return Err(wrong(&format!("more than {STRETCHES_MAX} stretches")));
        }
        for text in texts {
            let hours = stretch(text).ok_or_else(|| {
                wrong(&format!(
                    "{text:?} is no stretch of a day; try \"09:00-18:00\""
                ))
            })?;
            let before = day.last().map(|last: &Hours| last.until);
            if before.is_some_and(|until| until.is_none_or(|until| until > hours.from)) {
                return Err(wrong(&format!(
                    "{text} begins before the one in front of it has ended"
                )));
            }
            day.push(hours);
        }
    }
    if week.iter().all(Vec::is_empty) {
        return Err(CalendarError(
            "hours: no day has any; give at least one, or leave hours out".to_owned(),
        ));
    }
    Ok(week)
}

/// `09:00-18:00`; `24:00` ends a day.
fn stretch(text: &str) -> Option<Hours> {
    let (from, until) = text.split_once('-')?;
    let time = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let from = time(from)?;
    if until.trim() == "24:00" {
        return Some(Hours { from, until: None });
    }
    let until = time(until)?;
    (from < until).then_some(Hours {
        from,
        until: Some(until),
    })
}

fn dates(what: &str, texts: &[String]) -> Result<BTreeSet<Date>, CalendarError> {
    if texts.len() > DAYS_MAX {
        return Err(CalendarError(format!("{what}: more than {DAYS_MAX} days")));
    }
    let date = |text: &String| {
        text.parse()
            .map_err(|_| CalendarError(format!("{what}: {text:?} is no date; try \"2026-10-01\"")))
    };
    texts.iter().map(date).collect()
}

fn allowances(allowed: &Allowed) -> Result<Allowances, CalendarError> {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    let within = |what: &str, value: Option<i64>, most: i64, otherwise: i64| match value {
        None => Ok(otherwise),
        Some(value) if (1..=most).contains(&value) => Ok(value),
        Some(value) => Err(CalendarError(format!(
            "allowances: {what} is {value}; 1 to {most} are allowed"
        ))),
    };
    let usual = Allowances::default();
    let hours = usual.verify_ms / HOUR_MS;
    let days = usual.close_ms / (24 * HOUR_MS);
    Ok(Allowances {
        verify_ms: within("verify_hours", allowed.verify_hours, 8_760, hours)? * HOUR_MS,
        response_days: within(
            "response_days",
            allowed.response_days,
            365,
            usual.response_days,
        )?,
        solution_days: within(
            "solution_days",
            allowed.solution_days,
            365,
            usual.solution_days,
        )?,
        solution_days_urgent: within(
            "solution_days_urgent",
            allowed.solution_days_urgent,
            365,
            usual.solution_days_urgent,
        )?,
        close_ms: within("close_days", allowed.close_days, 365, days)? * 24 * HOUR_MS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Calendar::from_json("{}"), Ok(Calendar::default()));
    }

    #[test]
    fn a_file_says_hours_days_and_allowances() {
        let calendar = Calendar::from_json(
            r#"{"hours": {"mon": ["08:30-12:00", "14:00-17:30"], "sun": ["20:00-24:00"]},
                "holidays": ["2026-10-01"], "working_days": ["2026-10-10"],
                "allowances": {"verify_hours": 4, "solution_days": 10}}"#,
        )
        .unwrap();
        assert_eq!(calendar.day_ms(), 7 * 60 * 60 * 1000);
        assert_eq!(calendar.week[6].len(), 1);
        assert_eq!(calendar.allowances.verify_ms, 4 * 60 * 60 * 1000);
        assert_eq!(calendar.allowances.solution_days, 10);
        assert_eq!(calendar.allowances.response_days, 1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("nonsense", "no calendar file"),
            (r#"{"ours": {}}"#, "ours"),
            (r#"{"time_zone": "Mars/Base"}"#, "Mars/Base"),
            (r#"{"hours": {}}"#, "no day has any"),
            (r#"{"hours": {"monday": []}}"#, "monday"),
            (r#"{"hours": {"mon": ["9-5"]}}"#, "09:00-18:00"),
            (r#"{"hours": {"mon": ["18:00-09:00"]}}"#, "18:00-09:00"),
            (
                r#"{"hours": {"mon": ["09:00-12:00", "11:00-13:00"]}}"#,
                "in front of it",
            ),
            (
                r#"{"hours": {"mon": ["09:00-24:00", "11:00-13:00"]}}"#,
                "in front of it",
            ),
            (r#"{"holidays": ["2026-02-30"]}"#, "2026-02-30"),
            (
                r#"{"holidays": ["2026-10-01"], "working_days": ["2026-10-01"]}"#,
                "leave it in one",
            ),
            (
                r#"{"allowances": {"solution_days": 0}}"#,
                "solution_days is 0",
            ),
        ] {
            let said = Calendar::from_json(text).unwrap_err().to_string();
            assert!(said.contains(word), "{said}");
        }
    }
}
