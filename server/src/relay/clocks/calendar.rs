//! Working time: which hours of which days count. Pure, over `jiff` time zones.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, ToSpan as _};
use yizhan_proto::Timestamp;

/// Days to look ahead for working time. A calendar that is read has a working weekday, and fewer
/// holidays than this.
const DAYS_MAX: usize = 20_000;

/// Some hours of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hours {
    /// From.
    pub(super) from: Time,
    /// Until; `None` for the end of the day.
    pub(super) until: Option<Time>,
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowances {
    /// Clock time until a ticket is verified, milliseconds.
    pub verify_ms: i64,
    /// Working days until a first response.
    pub response_days: i64,
    /// Working days until a solution.
    pub solution_days: i64,
    /// Working days until a solution of what is urgent.
    pub solution_days_urgent: i64,
    /// Clock time from the solution until the relay closes the ticket by itself, milliseconds.
    pub close_ms: i64,
}

/// The business calendar: when people at the desks work.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    pub(super) zone: TimeZone,
    /// The hours of each day from Monday on, rising and apart from each other.
    pub(super) week: [Vec<Hours>; 7],
    /// Days on which nobody works.
    pub(super) holidays: BTreeSet<Date>,
    /// Days worked to make up for holidays: they have the hours of a Monday, or of the first day
    /// after it that has any.
    pub(super) working_days: BTreeSet<Date>,
    /// How long each step may take.
    pub(super) allowances: Allowances,
}

impl Default for Calendar {
    /// Monday to Friday, nine to six, in China, without holidays.
    fn default() -> Self {
        let day = vec![Hours {
            from: Time::constant(9, 0, 0, 0),
            until: Some(Time::constant(18, 0, 0, 0)),
        }];
        let off = Vec::new;
        Self {
            // One zone for the whole country, without summer time, whatever the machine knows.
            zone: TimeZone::fixed(jiff::tz::offset(8)),
            week: [
                day.clone(),
                day.clone(),
                day.clone(),
                day.clone(),
                day,
                off(),
                off(),
            ],
            holidays: BTreeSet::new(),
            working_days: BTreeSet::new(),
            allowances: Allowances::default(),
        }
    }
}

impl Default for Allowances {
    fn default() -> Self {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        Self {
            verify_ms: 24 * HOUR_MS,
            response_days: 1,
            solution_days: 5,
            solution_days_urgent: 3,
            close_ms: 7 * 24 * HOUR_MS,
        }
    }
}

impl Calendar {
    /// The time zone of the days, in which the months of a report begin, too.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// How long each step may take.
    pub(super) const fn allowances(&self) -> &Allowances {
        &self.allowances
    }

    /// Milliseconds of working time in a working day: that of the weekday with most of it.
    pub(super) fn day_ms(&self) -> i64 {
        const MINUTE_MS: i64 = 60 * 1000;
        let ms = |time: Time| (i64::from(time.hour()) * 60 + i64::from(time.minute())) * MINUTE_MS;
        let length = |hours: &Hours| hours.until.map_or(24 * 60 * MINUTE_MS, ms) - ms(hours.from);
        let days = self.week.iter().map(|day| day.iter().map(length).sum());
        days.max().unwrap_or_default()
    }

    /// The moment at which so much working time has passed since `from`: within working hours, or
    /// at their very end. With nothing to pass: `from`, or the next beginning of working hours.
    pub(super) fn add_working(&self, from: Timestamp, working_ms: i64) -> Timestamp {
        let (mut at, mut left) = (from.as_ms(), working_ms.max(0));
        for (start, end) in self.stretches(from) {
            if end < at {
                continue;
            }
            at = at.max(start);
            if left <= end - at {
                return Timestamp::from_ms(at + left);
            }
            left -= end - at;
            at = end;
        }
        from.saturating_add_ms(working_ms)
    }

    /// Milliseconds of working time from `from` to `until`; 0 if that is no later.
    pub(super) fn working_between(&self, from: Timestamp, until: Timestamp) -> i64 {
        let (mut at, until) = (from.as_ms(), until.as_ms());
        let mut sum = 0;
        for (start, end) in self.stretches(from) {
            if start >= until {
                break;
            }
            at = at.max(start);
            let end = end.min(until);
            if end > at {
                sum += end - at;
                at = end;
            }
        }
        sum
    }

    /// Working hours from the day of a moment on, as milliseconds since 1970, in order. One may
    /// reach into the next where a clock is put forward within the hours of a day.
    fn stretches(&self, from: Timestamp) -> impl Iterator<Item = (i64, i64)> + '_ {
        let first = Moment::from_millisecond(from.as_ms())
            .ok()
            .map(|moment| moment.to_zoned(self.zone.clone()).date());
        let days = std::iter::successors(first, |date| date.tomorrow().ok()).take(DAYS_MAX);
        days.flat_map(move |date| {
            self.hours(date)
                .iter()
                .filter_map(move |hours| self.stretch(date, *hours))
        })
    }

    fn stretch(&self, date: Date, hours: Hours) -> Option<(i64, i64)> {
        let ms = |date: Date, time: Time| {
            let zoned = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
            Some(zoned.timestamp().as_millisecond())
        };
        let end = match hours.until {
            Some(until) => ms(date, until)?,
            None => ms(date.checked_add(1.day()).ok()?, Time::midnight())?,
        };
        ms(date, hours.from)
            .map(|start| (start, end))
            .filter(|(start, end)| start < end)
    }

    fn hours(&self, date: Date) -> &[Hours] {
        if self.holidays.contains(&date) {
            return &[];
        }
        let today = &self.week[index(date.weekday())];
        if today.is_empty() && self.working_days.contains(&date) {
            let worked = self.week.iter().find(|day| !day.is_empty());
            return worked.map_or(&[], Vec::as_slice);
        }
        today
    }
}

/// The position of a day in a week that begins on Monday.
pub(super) fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_ms(text.parse::<Moment>().unwrap().as_millisecond())
    }

    fn time(hour: i8, minute: i8) -> Time {
        Time::constant(hour, minute, 0, 0)
    }

    #[test]
    fn working_time_skips_nights_weekends_and_holidays_and_counts_days_made_up_for() {
        let mut calendar = Calendar::default();
        // Friday 2026-09-25, five in the afternoon in China.
        let friday = at("2026-09-25T17:00:00+08:00");
        let add = |calendar: &Calendar, hours| calendar.add_working(friday, hours * HOUR);
        assert_eq!(add(&calendar, 1), at("2026-09-25T18:00:00+08:00"));
        assert_eq!(add(&calendar, 2), at("2026-09-28T10:00:00+08:00"));
        assert_eq!(calendar.day_ms(), 9 * HOUR);
        assert_eq!(add(&calendar, 9), at("2026-09-28T17:00:00+08:00"));
        calendar.holidays.insert("2026-09-28".parse().unwrap());
        assert_eq!(add(&calendar, 2), at("2026-09-29T10:00:00+08:00"));
        calendar.working_days.insert("2026-09-26".parse().unwrap());
        assert_eq!(add(&calendar, 2), at("2026-09-26T10:00:00+08:00"));
        let night = at("2026-09-29T23:00:00+08:00");
        assert_eq!(
            calendar.add_working(night, 0),
            at("2026-09-30T09:00:00+08:00")
        );
        assert_eq!(calendar.working_between(friday, night), 19 * HOUR);
        assert_eq!(calendar.working_between(night, friday), 0);
    }

    /// Zones in which clocks are changed, also within working hours, and at midnight.
    const ZONES: [&str; 4] = [
        "CST-8",
        "EST5EDT,M3.2.0,M11.1.0",
        "EET-2EEST,M3.5.0/0,M10.5.0/0",
        "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
    ];

    fn calendars() -> impl Strategy<Value = Calendar> {
        let hours = |from: Time, until| Hours { from, until };
        let days = prop_oneof![
            Just(vec![hours(time(9, 0), Some(time(18, 0)))]),
            Just(vec![
                hours(time(1, 0), Some(time(2, 30))),
                hours(time(2, 45), Some(time(12, 0))),
            ]),
            Just(vec![
                hours(time(0, 0), Some(time(0, 30))),
                hours(time(22, 0), None)
            ]),
            Just(Vec::new()),
        ];
        (
            0..ZONES.len(),
            proptest::collection::vec(days, 7),
            proptest::collection::btree_set(0_i64..400, 0..60),
            proptest::collection::btree_set(0_i64..400, 0..60),
        )
            .prop_map(move |(zone, mut week, holidays, working)| {
                week[2] = vec![hours(time(1, 30), Some(time(10, 0)))];
                let day = |n: i64| Date::constant(2026, 1, 1).checked_add(n.days()).unwrap();
                Calendar {
                    zone: TimeZone::posix(ZONES[zone]).unwrap(),
                    week: week.try_into().unwrap(),
                    holidays: holidays.into_iter().map(day).collect(),
                    working_days: working.into_iter().map(day).collect(),
                    allowances: Allowances::default(),
                }
            })
    }

    fn moments() -> impl Strategy<Value = Timestamp> {
        let year = at("2026-01-01T00:00:00Z").as_ms()..at("2026-12-31T00:00:00Z").as_ms();
        year.prop_map(Timestamp::from_ms)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

        /// More time is never earlier, two steps are as far as one, what was added is what lies
        /// between, and the end is never outside working time.
        #[test]
        fn adding_and_measuring_agree(
            calendar in calendars(),
            from in moments(),
            later_ms in 0_i64..40 * 24 * HOUR,
            a in 0_i64..60 * HOUR,
            b in 0_i64..60 * HOUR,
        ) {
            let one = calendar.add_working(from, a);
            prop_assert!(one >= from);
            prop_assert_eq!(calendar.add_working(one, b), calendar.add_working(from, a + b), "additive");
            prop_assert_eq!(calendar.working_between(from, one), a, "measured");
            let later = from.saturating_add_ms(later_ms);
            prop_assert!(calendar.add_working(later, a) >= one, "monotone");
            let between = calendar.working_between(from, later);
            prop_assert!((0..=later_ms).contains(&between));
            // One more millisecond of work is behind it, or one less was before it.
            let inside = calendar.working_between(one, one.saturating_add_ms(1)) == 1
                || calendar.working_between(one.saturating_add_ms(-1), one) == 1;
            prop_assert!(inside, "{one:?} is outside working time");
        }
    }
}
