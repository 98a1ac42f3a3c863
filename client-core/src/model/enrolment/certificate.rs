//! The number that a certificate gets unless the host gives another.

use yizhan_proto::{DocumentId, Timestamp};

use super::super::civil::civil;

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
