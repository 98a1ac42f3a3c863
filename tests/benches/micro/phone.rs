//! One tap on a phone, and opening it.

use std::sync::Arc;

use divan::Bencher;
use yizhan_client_core::client::Client;
use yizhan_proto::DocumentId;
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::SimClock;
use yizhan_tests::world::{PhoneNo, World};

/// Documents on the phone: some weeks of a driver, and some years of a station.
const HELD: [usize; 2] = [100, 5_000];

/// A driver's phone that holds so many visits, all of them known to the relay.
fn holding(documents: usize) -> (World, PhoneNo, Vec<DocumentId>) {
    let mut world = World::new(1);
    let phone = world.driver("李师傅");
    let station = world.stations()[0];
    world.sync(phone);
    let visits = (0..documents)
        .map(|_| world.phone(phone).log_visit(station).expect("an edit"))
        .collect();
    world.sync(phone);
    assert_eq!(world.phone(phone).status().unsent_changes, 0);
    (world, phone, visits)
}

/// A new document. It must not grow with what is held.
#[divan::bench(args = HELD, sample_count = 100, sample_size = 1)]
fn log_a_visit_holding(bencher: Bencher<'_, '_>, documents: usize) {
    let (mut world, phone, _) = holding(documents);
    let station = world.stations()[0];
    bencher.bench_local(|| world.phone(phone).log_visit(station).expect("an edit"));
}

/// One more change to a document. It must not grow with what is held.
#[divan::bench(args = HELD, sample_count = 100, sample_size = 1)]
fn note_on_a_visit_holding(bencher: Bencher<'_, '_>, documents: usize) {
    let (mut world, phone, visits) = holding(documents);
    let mut visits = visits.into_iter().cycle();
    bencher
        .with_inputs(|| visits.next().expect("there are some"))
        .bench_local_values(|visit| world.phone(phone).note(visit, "夜里到站没有热饭"));
}

/// From the folder to a client that can show something. (Small files are checked whole as they are
/// opened, large ones as they are read.)
#[divan::bench(args = HELD, sample_count = 50, sample_size = 1)]
fn open_holding(bencher: Bencher<'_, '_>, documents: usize) {
    let (mut world, phone, _) = holding(documents);
    world.phone(phone).switch_off();
    let home = world.phone(phone).home().to_owned();
    let time = world.time().clone();
    bencher
        .with_inputs(|| SimClock::new(time.clone(), Chance::new(2)))
        .bench_local_values(|clock: Arc<SimClock>| Client::open(&home, clock).expect("a store"));
}
