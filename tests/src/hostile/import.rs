//! Files of an operator: stations as CSV or JSON, and the calendar. The first byte chooses.

use yizhan_server::import::{FILE_BYTES_MAX, STATIONS_MAX, checked, read};
use yizhan_server::relay::Calendar;

use super::bytes::Draw;

/// A file gives stations that are all acceptable, or one mistake in a few words.
///
/// # Panics
/// If not.
pub fn check(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    if draw.byte() & 1 == 1 {
        if let Err(error) = Calendar::from_json(&String::from_utf8_lossy(draw.0)) {
            assert!(error.to_string().len() < 2_000, "{error}");
        }
        return;
    }
    match read(draw.0) {
        Ok(import) => {
            assert!(draw.0.len() <= FILE_BYTES_MAX);
            assert!((1..=STATIONS_MAX).contains(&import.stations.len()));
            let again = checked(import.clone()).expect("what was read can be sent");
            assert_eq!(again.stations.len(), import.stations.len());
            for station in &again.stations {
                let coordinates = [station.lat, station.lon];
                let finite = |value: &f64| value.is_finite();
                assert!(coordinates.iter().flatten().all(finite), "{station:?}");
                assert!(!station.name.trim().is_empty());
            }
        }
        Err(error) => assert!(error.to_string().len() < 2_000, "{error}"),
    }
}

/// A file of each sort.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    const CSV: &str = "\u{feff}key,region,name,type,facilities,lat,lon,rooms,beds_total\r\n\
        a-1,changzhou,一号驿站,courier_station,bed;rest,31.8,119.9,2,3\r\n\
        a-2,changzhou,\"二号,驿站\",driver_home,,,,,\r\n";
    const JSON: &str = r#"{"regions":[{"id":"changzhou","name":"常州"}],"stations":[{"key":"a-1","region":"changzhou","name":"一号","type":"driver_home","facilities":["bed"],"lat":31.8,"lon":119.9,"beds_total":3}]}"#;
    const CALENDAR: &str = r#"{"time_zone":"Asia/Shanghai","hours":{"mon":["09:00-12:00","13:00-17:30"],"sat":[]},"holidays":["2026-10-01"],"working_days":["2026-10-10"],"allowances":{"verify_hours":24,"close_days":7}}"#;
    let seed = |name: &str, choice: u8, text: &str| {
        (name.to_owned(), [&[choice][..], text.as_bytes()].concat())
    };
    vec![
        seed("csv", 0, CSV),
        seed("json", 0, JSON),
        seed("calendar", 1, CALENDAR),
    ]
}
