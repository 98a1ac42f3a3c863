//! Documents that grow old, as seen from the relay: stores of an older format, reports, and what a
//! tick does.

use std::collections::BTreeSet;
use std::sync::Arc;

use yizhan_client_core::model::report::{Month, What, Where};
use yizhan_client_core::model::visit;
use yizhan_proto::sync::{ForgetReason, Outcome};
use yizhan_proto::{DocumentId, Scope, Timestamp};

use super::attacks::leave;
use super::{MORNING_MS, World};
use crate::relay::{Became, Periods, Relay, RelayOptions, ReportWanted, Which};
use crate::store::{database_path, make_older};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn visit_id(n: u8) -> DocumentId {
    let mut id = [n; 16];
    // Of version 7, as ids of phones are.
    (id[0], id[6]) = (200, 0x70);
    DocumentId::from_bytes(id)
}

/// Ticks until there is nothing more to do; how often that was.
async fn tick(world: &World) -> u32 {
    for ticks in 1..1_000 {
        let now = world.relay.time();
        if !world.relay.tick(now).await.unwrap() {
            return ticks;
        }
    }
    panic!("there is always more to do");
}

async fn left(world: &World, id: DocumentId, scope: &Scope) -> Option<ForgetReason> {
    let row = world
        .relay
        .inner
        .readers
        .read(move |snapshot| snapshot.document(id));
    let row = row.await.unwrap().unwrap();
    let member = row.members.iter().find(|member| member.scope == *scope);
    member.and_then(|member| member.left)
}

#[tokio::test]
async fn a_tick_lets_go_what_grew_old_and_a_report_still_counts_it() {
    let mut world = World::new().await;
    let station = world.stations[0];
    for n in 0..10 {
        let mut driver = world.driver().await;
        driver.check_in(visit_id(n), station);
        driver.push().await;
    }
    tick(&world).await;
    let report = || async {
        let month: Month = "2025-10".parse().unwrap();
        let wanted = ReportWanted {
            what: What::Services,
            from: month,
            to: month,
            place: Where::Stations(BTreeSet::from([station])),
        };
        let months: crate::relay::MonthOf = Arc::new(move |_| Some(month));
        let sheet = world.relay.report(wanted, months, |_, _| {}).await.unwrap();
        sheet.records().collect::<Vec<_>>()
    };
    let before = report().await;
    assert_eq!(before[0][3], "10");
    world.clock.advance_ms(400 * DAY_MS);
    tick(&world).await;
    for n in 0..10 {
        let scope = Scope::Station(station);
        assert_eq!(
            left(&world, visit_id(n), &scope).await,
            Some(ForgetReason::Retired)
        );
    }
    assert_eq!(world.relay.status().await.unwrap().retired, 20);
    let after = report().await;
    assert_eq!(after[0][..4], before[0][..4], "of the same visits");
}

/// A relay of an older version knew neither when a visit ended nor what left when: all that is
/// filled in a portion a tick, and nothing leaves before.
#[tokio::test]
async fn a_store_of_an_older_format_is_filled_in_in_portions() {
    let mut world = World::new().await;
    let station = world.stations[0];
    let mut driver = world.driver().await;
    for n in 0..250 {
        driver.check_in(visit_id(n), station);
    }
    // Two of them lasted long; one says so in a later change.
    for n in [7, 9] {
        let left_at = Timestamp::from_ms(MORNING_MS + 20 * DAY_MS);
        driver.edit(visit_id(n), visit::Command::CheckOut { left_at });
    }
    driver.push().await;
    world.relay.shutdown();
    make_older(&database_path(world.folder.path()));
    world.clock.advance_ms(32 * DAY_MS);
    world.relay = Relay::open(
        world.folder.path(),
        world.clock.clone(),
        &RelayOptions::default(),
    )
    .unwrap();
    assert!(
        tick(&world).await >= 5,
        "three portions are filled in, and then some leave"
    );
    let scope = Scope::Station(station);
    for n in 0..250 {
        let stays = n == 7 || n == 9;
        let found = left(&world, visit_id(n), &scope).await;
        assert_eq!(found.is_none(), stays, "{n}");
    }
    world.clock.advance_ms(20 * DAY_MS);
    tick(&world).await;
    assert_eq!(
        left(&world, visit_id(7), &scope).await,
        Some(ForgetReason::Retired)
    );
}

/// With the periods off nothing ever leaves, and a tick that finds nothing to do writes nothing.
#[tokio::test]
async fn with_periods_off_nothing_leaves_and_a_tick_without_work_writes_nothing() {
    let mut world = World::new().await;
    world.relay.shutdown();
    let options = RelayOptions {
        periods: Periods::off(),
        ..RelayOptions::default()
    };
    world.relay = Relay::open(world.folder.path(), world.clock.clone(), &options).unwrap();
    let station = world.stations[0];
    let mut driver = world.driver().await;
    driver.check_in(visit_id(1), station);
    driver.push().await;
    world.clock.advance_ms(5_000 * DAY_MS);
    tick(&world).await;
    assert_eq!(
        left(&world, visit_id(1), &Scope::Station(station)).await,
        None
    );
    let database = database_path(world.folder.path());
    let wal = || std::fs::metadata(database.with_extension("db-wal")).map(|file| file.len());
    let size = wal().unwrap();
    for _ in 0..5 {
        assert_eq!(tick(&world).await, 1);
    }
    assert_eq!(wal().unwrap(), size);
}

/// A lost phone handed over a visit. When a person lets it in it is too old for a station: that it
/// came when it was young does not leave it there for ever.
#[tokio::test]
async fn what_is_let_in_late_is_as_old_as_it_is_by_then() {
    let mut world = World::new().await;
    let station = world.stations[0];
    let mut driver = world.driver().await;
    driver.check_in(visit_id(1), station);
    let device = driver.device;
    world.relay.order_wipe(device).await.unwrap();
    let said = leave(&driver, driver.unsent.clone());
    let told = world.relay.farewell(said).await.unwrap();
    assert!(matches!(told.receipts[0].outcome, Outcome::Quarantined(_)));
    world.clock.advance_ms(40 * DAY_MS);
    tick(&world).await;
    let which = Which::Device(device);
    let decided = world.relay.accept_quarantined(which, None).await.unwrap();
    assert!(matches!(decided[0].became, Became::Accepted(_)));
    tick(&world).await;
    let own = Scope::Person(driver.identity.person);
    assert_eq!(left(&world, visit_id(1), &own).await, None);
    assert_eq!(
        left(&world, visit_id(1), &Scope::Station(station)).await,
        Some(ForgetReason::Retired)
    );
}
