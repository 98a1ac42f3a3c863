//! What a report costs the relay, at two sizes side by side, and what it costs a phone that syncs
//! while one is made: the same push and the same quiet sync, alone and beside reports.

use std::sync::Arc;

use divan::Bencher;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use yizhan_client_core::model::report::{Month, Sheet, What, Where};
use yizhan_proto::codec::encode;
use yizhan_server::relay::{Caller, MonthOf, Relay, ReportWanted};
use yizhan_tests::load;

/// Documents of the relay on which phones sync while a report is made.
const DOCUMENTS: usize = 10_000;
/// Visits of one exchange, when the relay is filled.
const FILLED_AT_ONCE: usize = 2_500;

/// A relay that holds so many visits, of all drivers.
struct Bench {
    runtime: Runtime,
    relay: Relay,
    caller: Arc<Caller>,
    _folder: tempfile::TempDir,
}

fn wanted() -> (ReportWanted, MonthOf) {
    let month: Month = "2026-11".parse().expect("a month");
    let wanted = ReportWanted {
        what: What::Services,
        from: month,
        to: month,
        place: Where::Everywhere,
    };
    (wanted, Arc::new(move |_| Some(month)))
}

async fn report(relay: &Relay) -> Sheet {
    let (wanted, month) = wanted();
    let made = relay.report(wanted, month, |_, _| {}).await;
    made.expect("a report")
}

impl Bench {
    fn with_visits(count: usize) -> Self {
        let (relay, folder) = load::relay();
        let runtime = load::runtime();
        for owner in 0..load::DEVICES {
            let caller = relay.caller(load::device(owner)).expect("a paired device");
            let numbers = (0..count).filter(|number| number % load::DEVICES == owner);
            let visits: Vec<_> = numbers.map(|number| load::visit(owner, number)).collect();
            for some in visits.chunks(FILLED_AT_ONCE) {
                let request = load::push(some, caller.identity.version);
                let answer = runtime.block_on(load::exchange(&relay, &caller, &request));
                load::assert_accepted(&answer, some.len());
            }
        }
        Self {
            caller: relay.caller(load::device(0)).expect("a paired device"),
            runtime,
            relay,
            _folder: folder,
        }
    }

    fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let answer = load::exchange(&self.relay, &self.caller, request);
        self.runtime.block_on(answer)
    }

    /// Makes one report after another, until the task is aborted.
    fn keep_reporting(&self) -> JoinHandle<()> {
        let relay = self.relay.clone();
        self.runtime.spawn(async move {
            loop {
                let sheet = report(&relay).await;
                assert!(!sheet.rows.is_empty(), "there are visits");
            }
        })
    }

    /// Whatever is measured, with and without reports beside it.
    fn beside(&self, reports: bool, measure: impl FnOnce()) {
        let reporting = reports.then(|| self.keep_reporting());
        measure();
        if let Some(reporting) = reporting {
            assert!(!reporting.is_finished(), "reports were made throughout");
            reporting.abort();
        }
    }
}

/// Linear: ten times the documents, ten times as long.
#[divan::bench(args = [1_000, 10_000], sample_count = 10, sample_size = 1)]
fn report_over(bencher: Bencher<'_, '_>, documents: usize) {
    let bench = Bench::with_visits(documents);
    let sheet = bench.runtime.block_on(report(&bench.relay));
    assert_eq!(sheet.unreadable, 0);
    bencher.bench_local(|| bench.runtime.block_on(report(&bench.relay)));
}

/// One change, durable, without and with a report beside it.
#[divan::bench(args = [false, true], sample_count = 200, sample_size = 1)]
fn push_beside_report(bencher: Bencher<'_, '_>, reports: bool) {
    let bench = Bench::with_visits(DOCUMENTS);
    let mut number = DOCUMENTS;
    bench.beside(reports, || {
        bencher
            .with_inputs(|| {
                number += 1;
                load::push(&[load::visit(0, number)], bench.caller.identity.version)
            })
            .bench_local_values(|request| bench.exchange(&request));
    });
}

/// A sync that asks for nothing, without and with a report beside it.
#[divan::bench(args = [false, true], sample_count = 500, sample_size = 1)]
fn quiet_sync_beside_report(bencher: Bencher<'_, '_>, reports: bool) {
    let bench = Bench::with_visits(DOCUMENTS);
    let request = encode(&load::nothing(bench.caller.identity.version));
    bench.beside(reports, || {
        bencher.bench_local(|| bench.exchange(&request));
    });
}
