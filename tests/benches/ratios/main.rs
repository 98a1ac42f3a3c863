//! How far the relay is off the physical limit, as ratios within one run: the machine is shared and
//! noisy, so each figure is taken next to its limit, in turns, and the median of the ratios counts.
//!
//! | figure | what is measured | its limit |
//! | --- | --- | --- |
//! | push | 64 devices, each pushing one change a request, durable | 64 threads inserting the same bytes into a bare SQLite table through the same group commit |
//! | bulk | one exchange with 5,000 changes | parse and decode them with Automerge, then insert them bare in one commit |
//!
//! Both figures take a request as bytes and give a response as bytes; HTTP and the token are not in
//! them. `cargo bench -p yizhan-tests --bench ratios`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod bare;
mod relay;

use std::time::Duration;

use yizhan_tests::load::{self, DEVICES};

/// Rounds of limit and figure in turn.
const ROUNDS: usize = 7;
/// Changes each device pushes in a round.
const PUSHES_PER_DEVICE: usize = 100;
/// Changes in the bulk push.
const BULK: usize = 5_000;

fn main() {
    let push = rounds(|| {
        let changes = load::visits(DEVICES, PUSHES_PER_DEVICE);
        let limit = bare::insert_from_threads(&changes);
        let figure = relay::push_one_by_one(&changes);
        (limit, figure)
    });
    report("push", DEVICES * PUSHES_PER_DEVICE, &push);
    let bulk = rounds(|| {
        let changes = load::visits(1, BULK);
        let limit = bare::parse_and_insert(&changes);
        let figure = relay::push_at_once(&changes);
        (limit, figure)
    });
    report("bulk", BULK, &bulk);
}

fn rounds(mut round: impl FnMut() -> (Duration, Duration)) -> Vec<(Duration, Duration)> {
    round();
    (0..ROUNDS).map(|_| round()).collect()
}

/// Prints the medians: the limit's rate, the figure's rate, and the ratio of rates.
fn report(name: &str, changes: usize, rounds: &[(Duration, Duration)]) {
    let count = u32::try_from(changes).map_or(f64::NAN, f64::from);
    let rate = |took: Duration| count / took.as_secs_f64();
    let limit = median(rounds.iter().map(|(limit, _)| rate(*limit)).collect());
    let figure = median(rounds.iter().map(|(_, figure)| rate(*figure)).collect());
    let ratios: Vec<f64> = rounds
        .iter()
        .map(|(limit, figure)| limit.as_secs_f64() / figure.as_secs_f64())
        .collect();
    let (least, most) = ratios
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), ratio| {
            (low.min(*ratio), high.max(*ratio))
        });
    println!(
        "{name:<6} limit {limit:>8.0} changes/s   relay {figure:>8.0} changes/s   ratio {:.2} (of {} rounds: {least:.2} to {most:.2})",
        median(ratios),
        rounds.len(),
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
