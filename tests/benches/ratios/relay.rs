//! The figures: what the relay does with the same bytes.

use std::time::{Duration, Instant};

use yizhan_proto::limits::REQUEST_BYTES_MAX;
use yizhan_tests::load;

/// Every device pushes its changes, one a request, all devices at once.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn push_one_by_one(changes: &[Vec<load::Change>]) -> Duration {
    let (relay, _folder) = load::relay();
    let requests: Vec<Vec<Vec<u8>>> = changes
        .iter()
        .enumerate()
        .map(|(number, changes)| {
            let caller = relay.caller(load::device(number)).expect("a paired device");
            let version = caller.identity.version;
            let one = |change| load::push(std::slice::from_ref(change), version);
            changes.iter().map(one).collect()
        })
        .collect();
    let runtime = load::runtime();
    let started = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for (number, requests) in requests.into_iter().enumerate() {
            let relay = relay.clone();
            tasks.spawn(async move {
                let caller = relay.caller(load::device(number)).expect("a paired device");
                let mut last = Vec::new();
                for bytes in &requests {
                    last = load::exchange(&relay, &caller, bytes).await;
                    load::assert_accepted(&last, 1);
                }
                last
            });
        }
        while let Some(done) = tasks.join_next().await {
            assert!(!done.expect("a device finished").is_empty());
        }
    });
    let took = started.elapsed();
    relay.shutdown();
    took
}

/// One device pushes all changes in one exchange.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn push_at_once(changes: &[Vec<load::Change>]) -> Duration {
    let (relay, _folder) = load::relay();
    let caller = relay.caller(load::device(0)).expect("a paired device");
    let bytes = load::push(&changes[0], caller.identity.version);
    assert!(bytes.len() <= REQUEST_BYTES_MAX, "{} bytes", bytes.len());
    let runtime = load::runtime();
    let started = Instant::now();
    let response = runtime.block_on(load::exchange(&relay, &caller, &bytes));
    let took = started.elapsed();
    load::assert_accepted(&response, changes[0].len());
    relay.shutdown();
    took
}
