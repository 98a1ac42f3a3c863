//! Times as people read and type them: in the time zone of this machine.

use core::ops::Range;

use jiff::civil;
use jiff::tz::TimeZone;
use yizhan_proto::Timestamp;

use crate::failure::Failure;

/// 24 hours.
const DAY_MS: i64 = 86_400_000;

/// A time as RFC 3339 in UTC, for JSON; the same on every machine.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_ms())
        .map_or_else(|_| format!("{} ms", time.as_ms()), |time| time.to_string())
}

/// A time for people: `2026-11-21 17:45`, local.
pub(crate) fn local(time: Timestamp) -> String {
    zoned(time).map_or_else(
        || format!("{} ms", time.as_ms()),
        |zoned| zoned.strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

/// With seconds.
pub(crate) fn local_exact(time: Timestamp) -> String {
    zoned(time).map_or_else(
        || format!("{} ms", time.as_ms()),
        |zoned| zoned.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

fn zoned(time: Timestamp) -> Option<jiff::Zoned> {
    let time = jiff::Timestamp::from_millisecond(time.as_ms()).ok()?;
    Some(time.to_zoned(TimeZone::system()))
}

/// The local day of a moment: from its first moment to that of the next day. Where the zone says
/// nothing of it, 24 hours around.
pub(crate) fn day(now: Timestamp) -> Range<Timestamp> {
    day_in(now, TimeZone::system())
        .unwrap_or(now.saturating_add_ms(-DAY_MS / 2)..now.saturating_add_ms(DAY_MS / 2))
}

fn day_in(now: Timestamp, zone: TimeZone) -> Option<Range<Timestamp>> {
    let now = jiff::Timestamp::from_millisecond(now.as_ms()).ok()?;
    let today = now.to_zoned(zone).start_of_day().ok()?;
    let tomorrow = today.tomorrow().ok()?.start_of_day().ok()?;
    let at = |zoned: &jiff::Zoned| Timestamp::from_ms(zoned.timestamp().as_millisecond());
    Some(at(&today)..at(&tomorrow))
}

/// A span of milliseconds in its largest unit: `45 s`, `12 min`, `3 h`, `5 d`.
pub(crate) fn span(ms: i64) -> String {
    let seconds = ms.unsigned_abs() / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A difference of clocks: `12 min ahead`, `3 h behind`.
pub(crate) fn skew(ms: i64) -> String {
    let side = if ms < 0 { "behind" } else { "ahead" };
    format!("{} {side}", span(ms))
}

/// A typed time: `17:45` (today), `2026-11-21 17:45` (local), or with a zone.
pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "{text:?} is not a time; write 17:45, '2026-11-21 17:45' or 2026-11-21T17:45:00+08:00"
        ))
    };
    let text = text.trim();
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp::from_ms(exact.as_millisecond()));
    }
    let civil = match text.parse::<civil::Time>() {
        // A full date and time reads as a time of day, too.
        Ok(time) if text.contains(':') && text.len() <= "17:45:00".len() => {
            let today = zoned(now).ok_or_else(wrong)?;
            today.date().to_datetime(time)
        }
        Ok(_) | Err(_) => text.parse::<civil::DateTime>().map_err(|_| wrong())?,
    };
    let zoned = civil.to_zoned(TimeZone::system()).map_err(|_| wrong())?;
    Ok(Timestamp::from_ms(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_people_write() {
        let now = Timestamp::from_ms(1_795_000_000_000);
        let today = zoned(now).unwrap().date();
        for text in [
            "17:45".to_owned(),
            format!("{today} 17:45"),
            format!("{today}T17:45:00"),
        ] {
            let read = parse(&text, now).unwrap();
            assert_eq!(local(read), format!("{today} 17:45"), "{text}");
        }
        let read = parse("2026-11-21T17:45:00+08:00", now).unwrap();
        assert_eq!(rfc3339(read), "2026-11-21T09:45:00Z");
        for text in ["", "soon", "25:00", "2026-13-01 10:00", "17"] {
            assert!(parse(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_begins_and_ends_at_local_midnight() {
        // 2026-11-21 17:45 in China: the day began at 16:00 UTC of the day before.
        let now: jiff::Timestamp = "2026-11-21T17:45:00+08:00".parse().unwrap();
        let china = TimeZone::fixed(jiff::tz::offset(8));
        let day = day_in(Timestamp::from_ms(now.as_millisecond()), china).unwrap();
        assert_eq!(rfc3339(day.start), "2026-11-20T16:00:00Z");
        assert_eq!(rfc3339(day.end), "2026-11-21T16:00:00Z");
        let far = Timestamp::from_ms(i64::MAX);
        assert!(super::day(far).start < far, "any clock has a day");
    }

    #[test]
    fn spans_are_said_in_one_unit() {
        for (ms, said) in [
            (0, "0 s"),
            (119_999, "119 s"),
            (120_000, "2 min"),
            (7_200_000, "2 h"),
            (172_800_000, "2 d"),
            (-180_000, "3 min"),
        ] {
            assert_eq!(span(ms), said);
        }
        assert_eq!(skew(-180_000), "3 min behind");
        assert!(!local(Timestamp::from_ms(i64::MAX)).is_empty());
    }
}
