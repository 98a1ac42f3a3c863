//! What hostile bytes cost others: the push of an honest device alone, and while another device
//! sends as much that is broken as it can. The ratio of the two rows is the figure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use divan::Bencher;
use yizhan_proto::codec::encode;
use yizhan_proto::sync::{Push, SyncRequest};
use yizhan_proto::{DocumentId, Kind};
use yizhan_tests::load;

/// Broken changes of one hostile request: about 1 MiB.
const BROKEN_AT_ONCE: usize = 40_000;

/// One change of an honest device, durable.
#[divan::bench(args = ["alone", "beside hostile bytes"], sample_count = 100, sample_size = 1)]
fn push_one_change(bencher: Bencher<'_, '_>, beside: &str) {
    let (relay, _folder) = load::relay();
    let runtime = load::runtime();
    let honest = relay.caller(load::device(0)).expect("a paired device");
    let hostile = relay.caller(load::device(1)).expect("a paired device");
    let version = honest.identity.version;
    let push = Push {
        document: DocumentId::from_bytes([7; 16]),
        kind: Kind::Visit,
        change: vec![0x85],
    };
    let broken = encode(&SyncRequest {
        pushes: vec![push; BROKEN_AT_ONCE],
        ..load::nothing(hostile.identity.version)
    });
    let stop = Arc::new(AtomicBool::new(beside == "alone"));
    let thread = {
        let (relay, stop) = (relay.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let runtime = load::runtime();
            while !stop.load(Ordering::Relaxed) {
                drop(runtime.block_on(load::exchange(&relay, &hostile, &broken)));
            }
        })
    };
    let mut number = 0;
    bencher
        .with_inputs(|| {
            number += 1;
            load::push(&[load::visit(0, number)], version)
        })
        .bench_local_values(|request| runtime.block_on(load::exchange(&relay, &honest, &request)));
    stop.store(true, Ordering::Relaxed);
    thread.join().expect("it ends");
    relay.shutdown();
}
