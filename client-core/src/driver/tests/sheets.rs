//! A coordinator's phone and the reports of the region: when it asks, what it keeps, what it shows.

use std::sync::atomic::Ordering;

use yizhan_proto::RegionKey;
use yizhan_proto::report::{SheetAnswer, SheetRequest};

use super::*;
use crate::client::ReportEntry;
use crate::model::report::{Field, Handed, Month, Sheet, What};

const HOUR_MS: i64 = 60 * 60 * 1_000;
const MADE_AT: Timestamp = Timestamp::from_ms(1_795_000_000_400);

/// What the relay answers to who asks for a report.
#[derive(Debug, Default)]
pub(super) struct Played {
    asked: Vec<SheetRequest>,
    people: i64,
    fault: Option<Fault>,
    /// What is asked for is answered with another region's.
    mixed_up: bool,
}

impl Played {
    pub(super) fn answer(&mut self, request: &SheetRequest) -> Result<SheetAnswer, TransportError> {
        self.asked.push(request.clone());
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        let region = match self.mixed_up {
            true => region("yantai"),
            false => request.region.clone(),
        };
        let bytes = handed(What::from_text(&request.what).unwrap(), region, self.people).bytes();
        let version = ContentHash::of(&bytes);
        Ok(SheetAnswer {
            made_at: MADE_AT,
            version,
            body: (request.have != Some(version)).then_some(bytes),
        })
    }
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn region(key: &str) -> RegionKey {
    key.parse().unwrap()
}

fn handed(what: What, region: RegionKey, people: i64) -> Handed {
    let text = |text: &str| Field::Text(text.to_owned());
    let row = |month| vec![text(month), text("a"), text("shower"), Field::Whole(people)];
    Handed {
        region,
        from: "2025-11".parse().unwrap(),
        to: "2026-11".parse().unwrap(),
        zone: "+08".to_owned(),
        sheet: Sheet {
            what,
            columns: ["month", "station", "service", "person_times"]
                .map(str::to_owned)
                .to_vec(),
            rows: vec![row("2026-10"), row("2026-11")],
            unreadable: 0,
        },
    }
}

struct Coordinator {
    client: Client,
    clock: Arc<TestClock>,
    relay: PlayedRelay,
}

impl Coordinator {
    fn new(roles: Vec<Role>) -> Self {
        let clock = Arc::new(TestClock::default());
        let mut relay = PlayedRelay::new();
        relay.roles = roles;
        relay.reports.people = 12;
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let mut client = Client::in_memory(shared).unwrap();
        client.pair(&mut relay, &relay_url(), "CODE", "").unwrap();
        Self {
            client,
            clock,
            relay,
        }
    }

    fn of_changzhou() -> Self {
        Self::new(vec![Role::Coordinator(region("changzhou"))])
    }

    fn sync(&mut self) -> crate::driver::SyncReport {
        self.client.sync(&mut self.relay).unwrap()
    }

    fn wait_hours(&self, hours: i64) {
        self.clock
            .on_ms
            .fetch_add(hours * HOUR_MS, Ordering::Relaxed);
    }

    /// What was asked for since the last look.
    fn asked(&mut self) -> Vec<String> {
        let asked = std::mem::take(&mut self.relay.reports.asked);
        asked.into_iter().map(|request| request.what).collect()
    }

    fn services(&self, month: Month) -> Result<Vec<Field>, ClientError> {
        let entry = ReportEntry {
            what: What::Services,
            from: month,
            to: month,
            station: None,
            region: None,
        };
        let made = self.client.report(&entry, &|_| None)?;
        assert_eq!(made.handed.map(|note| note.made_at), Some(MADE_AT));
        assert_eq!(made.sheet.rows.len(), 1);
        Ok(made.sheet.rows.into_iter().flatten().skip(3).collect())
    }
}

#[test]
fn a_coordinator_asks_once_in_most_of_a_day_and_reads_offline() {
    let mut leader = Coordinator::of_changzhou();
    let error = leader.services(month("2026-11")).unwrap_err();
    assert_eq!(error.code(), "report.none_yet");
    let report = leader.sync();
    assert_eq!((report.sheets_received, report.sheets_stopped), (3, false));
    assert_eq!(leader.asked(), ["services", "checks", "activities"]);
    assert_eq!(
        leader.services(month("2026-11")).unwrap(),
        [Field::Whole(12)]
    );
    let error = leader.services(month("2025-10")).unwrap_err();
    assert_eq!(error.code(), "report.months");

    leader.relay.reports.people = 13;
    leader.wait_hours(19);
    leader.sync();
    assert_eq!(leader.asked(), [""; 0]);
    assert_eq!(
        leader.services(month("2026-10")).unwrap(),
        [Field::Whole(12)]
    );
    leader.wait_hours(1);
    assert_eq!(leader.sync().sheets_received, 3);
    assert_eq!(
        leader.services(month("2026-10")).unwrap(),
        [Field::Whole(13)]
    );

    // What has not changed is not sent again, and is not asked for again either.
    leader.wait_hours(20);
    leader.asked();
    let report = leader.sync();
    assert_eq!((report.sheets_received, report.sheets_stopped), (0, false));
    assert_eq!(leader.asked().len(), 3);
    leader.sync();
    assert_eq!(leader.asked(), [""; 0]);
    // A clock that was set back is no reason to wait for years.
    leader.wait_hours(-1_000);
    leader.sync();
    assert_eq!(leader.asked().len(), 3);
}

#[test]
fn nobody_else_asks() {
    let station = StationId::from_bytes([5; 16]);
    let mut keeper = Coordinator::new(vec![
        Role::Driver,
        Role::Keeper(station),
        Role::Specialist("legal".parse().unwrap()),
    ]);
    let report = keeper.sync();
    assert_eq!(keeper.asked(), [""; 0]);
    assert_eq!((report.sheets_received, report.sheets_stopped), (0, false));
}

#[test]
fn a_report_that_does_not_come_fails_no_sync_and_is_asked_for_later() {
    let busy = Fault::new(FaultCode::Busy, "Being made.").retry_after_ms(2 * 60_000);
    let forbidden = Fault::new(FaultCode::Forbidden, "No coordinator.");
    // Who is told to wait asks for nothing else; what is refused stands alone, for long.
    for (fault, asked, early_ms, late_ms) in [
        (busy, 1, 110_000, 130_000),
        (forbidden, 3, 19 * HOUR_MS, 20 * HOUR_MS),
    ] {
        let mut leader = Coordinator::of_changzhou();
        arrive(&mut leader.client);
        leader.relay.reports.fault = Some(fault.clone());
        let report = leader.sync();
        assert!(report.sheets_stopped, "{fault:?}");
        assert_eq!((report.sent, report.unsent_left), (1, 0));
        assert_eq!(leader.asked().len(), asked, "{fault:?}");
        leader.relay.reports.fault = None;
        leader.clock.on_ms.store(early_ms, Ordering::Relaxed);
        leader.sync();
        assert!(
            !leader.asked().contains(&"services".to_owned()),
            "{fault:?}"
        );
        leader.clock.on_ms.store(late_ms, Ordering::Relaxed);
        leader.sync();
        assert!(leader.asked().contains(&"services".to_owned()), "{fault:?}");
        assert_eq!(
            leader.services(month("2026-11")).unwrap(),
            [Field::Whole(12)]
        );
    }
}

#[test]
fn what_was_not_asked_for_is_not_kept() {
    let mut leader = Coordinator::of_changzhou();
    leader.relay.reports.mixed_up = true;
    let report = leader.sync();
    assert_eq!((report.sheets_received, report.sheets_stopped), (0, true));
    let error = leader.services(month("2026-11")).unwrap_err();
    assert_eq!(error.code(), "report.none_yet");
}

#[test]
fn a_token_that_ran_out_is_renewed_for_reports_too() {
    let mut leader = Coordinator::of_changzhou();
    // Since the exchange of documents the relay has come to know another token.
    drop(leader.relay.access());
    let tokens = leader.relay.tokens;
    let mut driver = leader.client.driver(&mut leader.relay);
    driver.run_sheets();
    let report = driver.report();
    assert_eq!((report.sheets_received, report.sheets_stopped), (3, false));
    assert_eq!(leader.relay.tokens, tokens + 1);
}

#[test]
fn sheets_leave_with_the_role() {
    let leads = |key: &str| Role::Coordinator(region(key));
    let both = vec![leads("changzhou"), leads("zhaoyuan")];
    let mut leader = Coordinator::new(both.clone());
    assert_eq!(leader.sync().sheets_received, 6);
    leader.relay.roles = vec![leads("zhaoyuan"), Role::Driver];
    leader
        .client
        .pair(&mut leader.relay, &relay_url(), "CODE", "")
        .unwrap();
    let driver = leader.client.driver(&mut leader.relay);
    let held = |key: &str| driver.store.sheet(What::Services, &region(key)).unwrap();
    assert_eq!(held("changzhou"), None);
    assert!(held("zhaoyuan").is_some());

    // Whoever gets the role again is handed them anew.
    leader.relay.roles = both;
    leader
        .client
        .pair(&mut leader.relay, &relay_url(), "CODE", "")
        .unwrap();
    let driver = leader.client.driver(&mut leader.relay);
    let now = driver.clock.now();
    let due = driver.store.sheets_due(now, 20 * HOUR_MS).unwrap();
    assert_eq!(due.len(), 3);
    for sheet in due {
        assert_eq!((sheet.region, sheet.have), (region("changzhou"), None));
    }
}
