//! Reports over what many phones sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use yizhan_client_core::model::report::{Month, What, Where};
use yizhan_proto::DocumentId;

use super::World;
use crate::error::RelayError;
use crate::relay::{MonthOf, ReportWanted};

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
