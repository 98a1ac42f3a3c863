//! The simulation: whole worlds in one process, with everything going wrong that can, each
//! repeated by its seed.
//!
//! `YIZHAN_SIM_SEED=7` runs every scenario with that seed alone; `YIZHAN_SIM_RUNS=5000` runs so
//! many random histories.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod access;
mod aging;
mod attachments;
mod attacks;
mod audit;
mod clocks;
mod codes;
mod corpora;
mod crashes;
mod crises;
mod desks;
mod devices;
mod editing;
mod epochs;
mod erasure;
mod histories;
mod hostile;
mod joining;
mod leaving;
mod network;
mod quarantine;
mod refusals;
mod repairs;
mod same_code;
mod seats;
mod tablet;
mod teeth;

/// The seeds of a scenario: `number` of them, or the one that was asked for.
fn seeds(number: u64) -> Vec<u64> {
    match std::env::var("YIZHAN_SIM_SEED") {
        Ok(seed) => vec![seed.parse().expect("YIZHAN_SIM_SEED is a number")],
        Err(_) => (1..=number).collect(),
    }
}

/// The driver home where most scenarios play.
const HOME: &str = "zy-xinglongsheng";
/// Another station.
const ELSEWHERE: &str = "xd-transfar";
