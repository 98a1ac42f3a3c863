use super::world::*;
use crate::clock::Clock as _;
use crate::store::*;
use yizhan_proto::{DocumentId, Role};

#[test]
fn speed() {
    let clock = TestClock::new(1);
    let mut relay = Relay::new();
    let folder = tempfile::tempdir().unwrap();
    let mut a = Store::open(folder.path(), &clock).unwrap();
    relay.pair(&mut a, vec![Role::Driver], &clock);
    let id = |n: u32| {
        let mut b = [0u8; 16];
        b[..4].copy_from_slice(&n.to_be_bytes());
        DocumentId::from_bytes(b)
    };
    let mut t = std::time::Instant::now();
    let mut lap = |what: &str, n: u32| {
        eprintln!("{what}: {:?} each", t.elapsed() / n);
        t = std::time::Instant::now();
    };
    const N: u32 = 3000;
    for n in 1..=N {
        check_in(&mut a, id(n), "张伟国", &clock);
        if n == 500 {
            lap("first 500", 500)
        }
    }
    lap("rest edits", N - 500);
    for n in 1..=500 {
        note(&mut a, id(n), "轮胎有问题，需要修理", &clock);
    }
    lap("notes", 500);
    drop(a);
    let mut a = Store::open(folder.path(), &clock).unwrap();
    lap("open", 1);
    let device = a.device().unwrap().device;
    let mut rounds = 0;
    loop {
        let r = a.plan_request(&Budget::default(), clock.now()).unwrap();
        lap("plan", 1);
        let resp = relay.sync(device, &r);
        lap("relay", 1);
        let n = r.pushes.len() as u32;
        let ap = a.apply_response(&r, &resp, &clock).unwrap();
        eprintln!("{n} pushes {} pages", resp.pages.len());
        lap("apply", 1);
        rounds += 1;
        if !ap.more {
            break;
        }
    }
    eprintln!("{rounds} rounds");
    let folder2 = tempfile::tempdir().unwrap();
    let mut b = Store::open(folder2.path(), &clock).unwrap();
    relay.page_items = 5000;
    relay.pair(&mut b, vec![Role::Keeper(station_id())], &clock);
    let device = b.device().unwrap().device;
    let r = b.plan_request(&Budget::default(), clock.now()).unwrap();
    let resp = relay.sync(device, &r);
    lap("relay", 1);
    let ap = b.apply_response(&r, &resp, &clock).unwrap();
    lap("apply first sync per doc", N);
    assert_eq!(ap.documents_received, N as u64 + 1);
    for _ in 0..100 {
        let r = b.plan_request(&Budget::default(), clock.now()).unwrap();
        let resp = yizhan_proto::sync::SyncResponse {
            pages: vec![],
            repairs: vec![],
            fetched: vec![],
            receipts: vec![],
            ..resp.clone()
        };
        b.apply_response(&r, &resp, &clock).unwrap();
    }
    lap("quiet sync (incl. clone)", 100);
    for _ in 0..100 {
        b.visits(
            &VisitFilter {
                limit: 50,
                ..Default::default()
            },
            clock.now(),
        )
        .unwrap();
    }
    lap("list 50", 100);
    b.visits(&VisitFilter::default(), clock.now()).unwrap();
    lap("list all", 1);
    for _ in 0..10 {
        b.search("伟国", 20).unwrap();
    }
    lap("search hit all", 10);
    for _ in 0..10 {
        b.search("轮胎", 20).unwrap();
    }
    lap("search 500", 10);
    b.status().unwrap();
    lap("status", 1);
    eprintln!(
        "{:?}",
        std::fs::metadata(folder2.path().join("yizhan.sqlite"))
            .unwrap()
            .len()
            / N as u64
    );
}
