//! The number that a certificate gets unless the host gives another.

use yizhan_proto::{DocumentId, Timestamp};

/// What is added to a time to get the day in the stations' time zone (UTC+8, without summer time).
const ZONE_MS: i64 = 8 * 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Station key, the day on which the activity begins (UTC+8), and eight digits of the enrolment's
/// id: the same on two tablets that issue it apart from each other.
#[must_use]
pub fn certificate_number(
    station_key: &str,
    starts_at: Timestamp,
    enrolment: DocumentId,
) -> String {
    let days = starts_at.as_ms().saturating_add(ZONE_MS).div_euclid(DAY_MS);
    let (year, month, day) = civil(days);
    let [a, b, c, d, ..] = enrolment.as_bytes();
    format!("{station_key}-{year:04}{month:02}{day:02}-{a:02x}{b:02x}{c:02x}{d:02x}")
}

/// Year, month and day of a number of days since 1970 in the Gregorian calendar, counted in eras of
/// 400 years that begin in March, so that the leap day is a year's last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_in_the_stations_zone() {
        let id = DocumentId::from_bytes([0xab; 16]);
        let number = |ms| certificate_number("zy-home", Timestamp::from_ms(ms), id);
        // 2024-02-29T15:59:59Z and a second later: midnight in the stations' zone.
        assert_eq!(number(1_709_222_399_000), "zy-home-20240229-abababab");
        assert_eq!(number(1_709_222_400_000), "zy-home-20240301-abababab");
        assert_eq!(number(0), "zy-home-19700101-abababab");
        assert_eq!(number(1_798_732_800_000), "zy-home-20270101-abababab");
    }
}
