//! One request at the relay, from bytes to bytes.

use std::sync::Arc;

use divan::Bencher;
use tokio::runtime::Runtime;
use yizhan_proto::codec::encode;
use yizhan_proto::sync::{ScopeState, Summary, SyncRequest, SyncResponse};
use yizhan_proto::{Cursor, ScopeDigest, Window};
use yizhan_server::relay::{Caller, Relay};
use yizhan_tests::load;

/// Changes of one request, when the relay is filled.
const FILLED_AT_ONCE: usize = 2_500;

/// A relay, and the device that asks.
struct Bench {
    runtime: Runtime,
    relay: Relay,
    caller: Arc<Caller>,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// The driver of the device has so many visits.
    fn with_visits(count: usize) -> Self {
        let (relay, folder) = load::relay();
        let caller = relay.caller(load::device(0)).expect("a paired device");
        let bench = Self {
            runtime: load::runtime(),
            relay,
            caller,
            _folder: folder,
        };
        let visits: Vec<_> = (0..count).map(|number| load::visit(0, number)).collect();
        for some in visits.chunks(FILLED_AT_ONCE) {
            let answer = bench.exchange(&load::push(some, bench.identity_version()));
            load::assert_accepted(&answer, some.len());
        }
        bench
    }

    fn identity_version(&self) -> u64 {
        self.caller.identity.version
    }

    fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let answer = load::exchange(&self.relay, &self.caller, request);
        self.runtime.block_on(answer)
    }

    fn ask(&self, request: &SyncRequest) -> SyncResponse {
        load::read(&self.exchange(&encode(request)))
    }

    /// The request of a device that stands at the same place in all its scopes.
    fn standing_at(&self, window: Option<Window>) -> SyncRequest {
        let scopes = self.caller.identity.scopes.iter().cloned();
        let scope = |scope| ScopeState::new(scope, window, ScopeDigest::default());
        SyncRequest {
            epoch: Some(self.relay.epoch()),
            scopes: scopes.map(scope).collect(),
            ..load::nothing(self.identity_version())
        }
    }

    /// The request of a device that holds all there is.
    fn quiet(&self) -> SyncRequest {
        let head = self.ask(&load::nothing(self.identity_version())).head;
        // Asked by a device that claims to hold nothing, the relay says what there is to hold.
        let told = self.ask(&self.standing_at(Some(Window::complete(head))));
        let digests = told.pages.iter().filter_map(|page| page.digest);
        SyncRequest {
            summary: Some(Summary {
                live: head,
                digest: digests.fold(ScopeDigest::default(), ScopeDigest::and),
            }),
            scopes: Vec::new(),
            ..self.standing_at(None)
        }
    }
}

/// One change, durable.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn push_one_change(bencher: Bencher<'_, '_>) {
    let bench = Bench::with_visits(0);
    let mut number = 0;
    bencher
        .with_inputs(|| {
            number += 1;
            let change = load::visit(0, number);
            load::push(&[change], bench.identity_version())
        })
        .bench_local_values(|request| bench.exchange(&request));
}

/// First contact with a driver's 1,000 visits.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn read_first_page_of_1000_visits(bencher: Bencher<'_, '_>) {
    let bench = Bench::with_visits(1_000);
    let request = bench.standing_at(None);
    let answer = bench.ask(&request);
    let held: usize = answer.pages.iter().map(|page| page.items.len()).sum();
    assert!(held >= 1_000, "the station and the visits: {held}");
    assert_eq!(answer.pages[0].floor, Cursor::START);
    let request = encode(&request);
    bencher.bench_local(|| bench.exchange(&request));
}

/// A sync with nothing new. It must not grow with what is held.
#[divan::bench(args = [1_000, 10_000], sample_count = 500)]
fn quiet_sync_holding(bencher: Bencher<'_, '_>, documents: usize) {
    let bench = Bench::with_visits(documents);
    let request = encode(&bench.quiet());
    let answer = bench.exchange(&request);
    assert!(load::read(&answer).pages.is_empty(), "nothing is new");
    assert!(request.len().max(answer.len()) < 200);
    bencher.bench_local(|| bench.exchange(&request));
}
