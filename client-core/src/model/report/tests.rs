//! Reports over documents as people make them.

use std::collections::BTreeSet;

use yizhan_proto::{DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::*;
use crate::model::check::Check;
use crate::model::document::Register;
use crate::model::visit::{Service, Visit};
use crate::model::vitals::Level;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// 2026-11-30 16:10 UTC: in China it is the first of December.
const LATE_IN_NOVEMBER: Timestamp = Timestamp::from_ms(1_796_055_000_000);

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// November until the 30th 16:00 UTC, December from then on: China's.
fn chinese_month(time: Timestamp) -> Option<Month> {
    let december = LATE_IN_NOVEMBER.saturating_add_ms(-10 * 60_000);
    Some(month(if time < december {
        "2026-11"
    } else {
        "2026-12"
    }))
}

fn wanted(what: What, withhold: bool) -> Wanted {
    Wanted {
        what,
        from: month("2026-11"),
        to: month("2026-12"),
        place: Where::Everywhere,
        withhold,
    }
}

fn with_lens<T>(run: impl FnOnce(&Lens<'_>) -> T) -> T {
    run(&Lens {
        counted: &Counted::default(),
        now: LATE_IN_NOVEMBER.saturating_add_ms(40 * HOUR_MS),
        month: &chinese_month,
        // 200 and 1 are one person.
        person: &|id| if id == person(200) { person(1) } else { id },
        station: &|id| format!("s{}", id.as_bytes()[0]),
    })
}

fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n; 16])
}

fn visit(n: u8, driver: u8, after_ms: i64, services: &[(&str, u32)]) -> Visit {
    let at = LATE_IN_NOVEMBER.saturating_add_ms(after_ms);
    let given = |(service, quantity): &(&str, u32)| Service {
        entry: EntryId::from_bytes([n; 16]),
        service: (*service).to_owned(),
        quantity: *quantity,
        by: None,
        at,
    };
    Visit {
        id: DocumentId::from_bytes([n; 16]),
        driver: person(driver),
        driver_name: String::new(),
        station: StationId::from_bytes([7; 16]),
        arrived_at: at,
        left_at: Register::default(),
        code: None,
        source: None,
        vehicle_plate: None,
        requested: Vec::new(),
        services: services.iter().map(given).collect(),
        note: Register::default(),
        keeper_note: Register::default(),
        rating: Register::default(),
    }
}

fn services(visits: &[Visit], withhold: bool) -> Sheet {
    with_lens(|lens| {
        let wanted = wanted(What::Services, withhold);
        let mut sums = Services::default();
        for visit in visits {
            sums.visit(visit, &wanted, lens);
        }
        table::sheet(&wanted, &sums.finish(&wanted, lens), 0)
    })
}

fn lines(sheet: &Sheet) -> Vec<String> {
    sheet.records().map(|row| row.join(" ")).collect()
}

#[test]
fn records_of_one_arrival_are_one_visit_in_the_month_of_the_time_zone() {
    let mut left = visit(3, 2, 0, &[]);
    left.left_at.value = Some(LATE_IN_NOVEMBER.saturating_add_ms(6 * HOUR_MS));
    let sheet = services(
        &[
            // The driver's record, and the keeper's under another id of the driver.
            visit(1, 1, 0, &[("shower", 1)]),
            visit(2, 200, 29 * 60_000, &[("shower", 2), ("meal", 1)]),
            left,
            // Half an hour and a minute later is another visit.
            visit(4, 1, 31 * 60_000, &[("meal", 1)]),
            // In China this is November.
            visit(5, 3, -HOUR_MS, &[("meal", 5)]),
        ],
        false,
    );
    let head = [
        "month",
        "station",
        "service",
        "person_times",
        "quantity",
        "stay_hours_mean",
    ];
    assert_eq!(sheet.columns, head);
    assert_eq!(
        lines(&sheet),
        [
            "2026-11 s7 meal 1 5 ",
            "2026-11 s7 visit 1 1 24.00",
            "2026-12 s7 meal 2 2 ",
            "2026-12 s7 shower 1 3 ",
            // 24 hours for each of the two that nobody ended, 6 for the other.
            "2026-12 s7 visit 3 3 18.00",
            "all s7 meal 3 7 ",
            "all s7 shower 1 3 ",
            "all s7 visit 4 4 19.50",
        ]
    );
    assert!(!sheet.withholds());
}

#[test]
fn outside_the_station_few_people_are_not_told_of_and_many_are() {
    let visits: Vec<Visit> = (0..10)
        .map(|n| visit(n, n + 10, 0, &[("meal", 1)]))
        .collect();
    assert_eq!(
        lines(&services(&visits, true)),
        ["2026-12 s7 meal 10 10 ", "2026-12 s7 visit 10 10 24.00"]
    );
    // Eleven visits of nine people, however often they come.
    let mut few: Vec<Visit> = (0..9).map(|n| visit(n, n + 10, 0, &[])).collect();
    few.push(visit(20, 10, 2 * HOUR_MS, &[]));
    few.push(visit(21, 11, 2 * HOUR_MS, &[]));
    assert_eq!(
        lines(&services(&few, true)),
        ["2026-12 s7 visit <10* <10* <10*"]
    );
    assert_eq!(
        lines(&services(&few, false)),
        ["2026-12 s7 visit 11 11 24.00"]
    );
}

#[test]
fn a_small_month_takes_another_with_it() {
    let mut visits = Vec::new();
    for n in 0..3 {
        visits.push(visit(n, n + 10, -HOUR_MS, &[]));
    }
    for n in 3..43 {
        visits.push(visit(n, n + 10, 0, &[]));
    }
    let mut others = visits.clone();
    for (n, visit) in (100..).zip(&mut others) {
        visit.id = DocumentId::from_bytes([n; 16]);
        visit.station = StationId::from_bytes([8; 16]);
        if n < 103 {
            visit.arrived_at = LATE_IN_NOVEMBER;
        }
    }
    visits.extend(others);
    let told: BTreeSet<String> = lines(&services(&visits, true)).into_iter().collect();
    // 3 in November at s7, so neither December there nor its total helps to find it.
    assert!(told.contains("2026-11 s7 visit <10* <10* <10*"), "{told:?}");
    let hidden = told.iter().filter(|line| line.contains("<10*")).count();
    assert!(hidden > 1, "{told:?}");
    assert!(told.contains("all all visit 86 86 24.00"), "{told:?}");
}

/// What is handed out tells nothing more by the months that stand beside it: a month that is told
/// alone is told the same way among others, and no total over months helps to find what is withheld.
#[test]
fn a_month_by_itself_says_the_same_whatever_months_stand_beside_it() {
    let mut visits = Vec::new();
    for n in 0..60 {
        // 3 of 30 drivers of s7 came in November, all 30 of s8.
        let after_ms = if !(3..30).contains(&n) { -HOUR_MS } else { 0 };
        let mut one = visit(n, n + 60, after_ms, &[("meal", 1)]);
        one.station = StationId::from_bytes([if n < 30 { 7 } else { 8 }; 16]);
        visits.push(one);
    }
    let made = |from: &str, to: &str, by_month: bool| {
        with_lens(|lens| {
            let wanted = Wanted {
                from: month(from),
                to: month(to),
                ..wanted(What::Services, true)
            };
            let mut sums = Services::default();
            for visit in &visits {
                sums.visit(visit, &wanted, lens);
            }
            let report = Report {
                wanted,
                sums: Sums::Services(sums),
                unreadable: 0,
            };
            lines(&if by_month {
                report.finish_by_month(lens)
            } else {
                report.finish(lens)
            })
        })
    };
    let both = made("2026-11", "2026-12", true);
    let november = made("2026-11", "2026-11", false);
    let december = made("2026-12", "2026-12", false);
    assert!(
        november.iter().any(|line| line.contains("<10*")),
        "{november:?}"
    );
    assert_eq!(both, [november, december].concat());
    let whole = made("2026-11", "2026-12", false);
    assert!(
        whole.iter().any(|line| line.starts_with("all ")),
        "{whole:?}"
    );
}

#[test]
fn a_month_is_so_many_months_after_another() {
    assert_eq!(month("2026-11").earlier(12), Some(month("2025-11")));
    assert_eq!(month("2026-01").earlier(1), Some(month("2025-12")));
    assert_eq!(month("0000-02").earlier(2), None);
    assert_eq!(month("2025-11").months_to(month("2026-11")), 13);
    assert_eq!(month("2026-11").months_to(month("2026-11")), 1);
    assert_eq!(month("2026-11").months_to(month("2026-10")), 0);
    assert_eq!(month("2026-11").months_to(month("2019-10")), 0);
}

#[test]
fn a_corrected_check_is_counted_once_at_the_level_of_its_correction() {
    let check = |n: u8, level, replaces: Option<u8>| Check {
        id: DocumentId::from_bytes([n; 16]),
        driver: person(1),
        station: StationId::from_bytes([7; 16]),
        visit: None,
        consent: None,
        by: None,
        taken_at: LATE_IN_NOVEMBER,
        measurements: Vec::new(),
        pressure_level: level,
        glucose_level: None,
        rule_set: String::new(),
        crisis: false,
        advice: Vec::new(),
        note: None,
        replaces: replaces.map(|n| (DocumentId::from_bytes([n; 16]), String::new())),
    };
    let first = check(1, Some(Level::Grade3), None);
    let second = check(2, Some(Level::Grade1), Some(1));
    let other = check(3, None, None);
    for checks in [[&first, &second, &other], [&other, &second, &first]] {
        let sheet = with_lens(|lens| {
            let wanted = wanted(What::Checks, false);
            let mut sums = Checks::default();
            for check in checks {
                sums.check(check, &wanted, lens);
            }
            table::sheet(&wanted, &sums.finish(&wanted, lens), 0)
        });
        let expected = ["2026-12 s7 none 1", "2026-12 s7 pressure:grade_1 1"];
        assert_eq!(lines(&sheet), expected);
    }
}

#[test]
fn months_are_read_as_they_are_written() {
    assert_eq!(month("2026-11").to_string(), "2026-11");
    for wrong in [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "26-11",
        "2026-1",
        "+026-11",
        "2026-1一",
    ] {
        assert!(wrong.parse::<Month>().is_err(), "{wrong}");
    }
}
