//! Reports over what many phones sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::report::{Month, Report, What, Where};
use yizhan_client_core::model::{Command, consent, visit};
use yizhan_proto::{DocumentId, RegionKey, Role, StationId, Timestamp};

use super::World;
use super::phone::Phone;
use crate::error::{RelayError, SheetError};
use crate::relay::{MonthOf, ReportWanted, SheetWanted};

fn month() -> Month {
    "2026-11".parse().unwrap()
}

fn always() -> MonthOf {
    Arc::new(|_| Some(month()))
}

fn wanted(place: Where) -> ReportWanted {
    ReportWanted {
        what: What::Services,
        from: month(),
        to: month(),
        place,
    }
}

/// Ten drivers who each checked in so often at the first station, at one time.
async fn ten_drivers(world: &mut World, times: u8) -> Vec<yizhan_proto::PersonId> {
    let mut people = Vec::new();
    for n in 0..10 {
        let mut driver = world.driver().await;
        people.push(driver.identity.person);
        for time in 0..times {
            let mut id = [n; 16];
            (id[0], id[1]) = (240, time);
            driver.check_in(DocumentId::from_bytes(id), world.stations[0]);
        }
        driver.push().await;
    }
    people
}

#[tokio::test]
async fn a_report_reads_all_portions_and_tells_how_far_it_is() {
    let mut world = World::new().await;
    ten_drivers(&mut world, 13).await;
    let mut told = Vec::new();
    let sheet = world
        .relay
        .report(wanted(Where::Everywhere), always(), |done, of| {
            told.push((done, of));
        })
        .await
        .unwrap();
    let lines: Vec<String> = sheet.records().map(|row| row.join(" ")).collect();
    // Thirteen records of one arrival are one visit.
    assert_eq!(lines, ["2026-11 north visit 10 10 "]);
    assert_eq!(told, [(100, 130), (130, 130), (130, 130)]);
    let elsewhere = Where::Stations(BTreeSet::from([world.stations[1]]));
    let sheet = world
        .relay
        .report(wanted(elsewhere), always(), |_, _| {})
        .await
        .unwrap();
    assert!(sheet.rows.is_empty());
}

#[tokio::test]
async fn people_who_are_one_count_once_and_nine_are_not_told_of() {
    let mut world = World::new().await;
    let people = ten_drivers(&mut world, 1).await;
    let merged = world.relay.merge_people(people[0], people[1]).await;
    merged.unwrap();
    let sheet = world
        .relay
        .report(wanted(Where::Everywhere), always(), |_, _| {})
        .await
        .unwrap();
    let lines: Vec<String> = sheet.records().map(|row| row.join(" ")).collect();
    assert_eq!(lines, ["2026-11 north visit <10* <10* "]);
}

#[tokio::test]
async fn one_report_is_made_at_a_time() {
    let world = World::new().await;
    let _first = world.relay.inner.reporting.lock().await;
    let second = world
        .relay
        .report(wanted(Where::Everywhere), always(), |_, _| {})
        .await;
    assert!(matches!(second, Err(RelayError::Busy { .. })));
}

/// Drivers check in, and one of them withdraws the consent to statistics: what they had then is
/// counted as it was told, what comes is not, and so nine others are too few to be told of.
#[tokio::test]
async fn who_withdraws_from_statistics_is_counted_before_and_not_after_until_they_give_it_again() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let mut world = World::new().await;
    let station = world.stations[0];
    let mut drivers = Vec::new();
    for _ in 0..10 {
        drivers.push(world.driver().await);
    }
    let begin = world.relay.time();
    // Each "month" of this report is ten days of the test's time.
    let months: MonthOf = Arc::new(move |time: Timestamp| {
        let tens = time.ms_since(begin) / (10 * DAY_MS);
        Month::new(2026, u8::try_from(tens + 1).ok()?)
    });
    let mut consent = DocumentId::from_bytes([250; 16]);
    let mut told = Vec::new();
    for round in 0..4_u8 {
        let now = world.relay.time();
        match round {
            0 => give(&mut drivers[0], consent, station, now),
            1 => {
                let withdraw = consent::Command::Withdraw {
                    withdrawn_at: begin,
                };
                drivers[0].edit(consent, Command::Consent(withdraw));
            }
            3 => {
                consent = DocumentId::from_bytes([251; 16]);
                give(&mut drivers[0], consent, station, now);
            }
            _ => {}
        }
        drivers[0].push().await;
        world.clock.advance_ms(DAY_MS);
        for (n, driver) in (0..).zip(&mut drivers) {
            let mut id = [n; 16];
            (id[0], id[1]) = (240, round);
            arrive(
                driver,
                DocumentId::from_bytes(id),
                station,
                world.relay.time(),
            );
            driver.push().await;
        }
        world.clock.advance_ms(9 * DAY_MS);
        told.push(by_month(&world, Arc::clone(&months)).await);
    }
    let (whole, few) = ("north visit 10 10", "north visit <10* <10*");
    assert_eq!(
        told[3],
        [
            format!("2026-01 {whole}"),
            format!("2026-02 {few}"),
            format!("2026-03 {few}"),
            format!("2026-04 {whole}"),
        ]
    );
    for (earlier, later) in told.iter().zip(&told[1..]) {
        assert_eq!(earlier[..], later[..earlier.len()], "what was told stays");
    }
}

/// The lines of a report, each month by itself, as phones are handed it.
async fn by_month(world: &World, months: MonthOf) -> Vec<String> {
    let wanted = ReportWanted {
        from: "2026-01".parse().unwrap(),
        to: "2026-12".parse().unwrap(),
        ..wanted(Where::Everywhere)
    };
    let finish = Report::finish_by_month;
    let sheet = world.relay.add_up(wanted, months, |_, _| {}, finish).await;
    let sheet = sheet.unwrap();
    let rows = sheet.records().map(|row| row[..5].join(" "));
    rows.filter(|row| row.starts_with("2026")).collect()
}

fn give(driver: &mut Phone, id: DocumentId, station: StationId, now: Timestamp) {
    let give = consent::Command::Give {
        driver: driver.identity.person,
        station,
        purpose: Purpose::Statistics,
        given_at: now,
        witness: None,
        share_with: None,
        until: None,
    };
    driver.edit(id, Command::Consent(give));
}

fn arrive(driver: &mut Phone, id: DocumentId, station: StationId, now: Timestamp) {
    let check_in = visit::Command::CheckIn {
        driver: driver.identity.person,
        driver_name: "王师傅".into(),
        station,
        arrived_at: now,
        source: visit::Source::DriverApp,
        vehicle_plate: None,
        requested: Vec::new(),
    };
    driver.edit(id, check_in);
}

/// Two coordinators ask at one time: the relay counts once at a time, and whoever comes meanwhile is
/// told when to come back; but what is there already is handed out at once.
#[tokio::test]
async fn while_a_sheet_is_made_another_is_told_to_come_back_and_one_that_is_kept_is_handed_out() {
    let mut world = World::new().await;
    ten_drivers(&mut world, 1).await;
    let region: RegionKey = "changzhou".parse().unwrap();
    let roles = vec![Role::Coordinator(region.clone())];
    let chen = world.phone("陈协调", roles).await;
    let relay = world.relay.clone();
    let caller = relay.caller(chen.device).unwrap();
    let sheet = async |what| {
        let wanted = SheetWanted {
            what,
            region: region.clone(),
            months: None,
        };
        relay.sheet(&caller, wanted).await
    };
    let made = sheet(What::Services).await.unwrap();
    let making = relay.inner.sheets.making.lock().await;
    let busy = sheet(What::Checks).await;
    let Err(SheetError::Relay(RelayError::Busy { retry_after_ms })) = busy else {
        panic!("{busy:?}");
    };
    assert_eq!(retry_after_ms, 5_000);
    assert_eq!(sheet(What::Services).await.unwrap(), made);
    drop(making);
    let checks = sheet(What::Checks).await.unwrap();
    assert_ne!(checks.version, made.version);
    assert_eq!(sheet(What::Checks).await.unwrap(), checks);
}
