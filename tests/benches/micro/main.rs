//! What single steps cost, on a disk, without HTTP: `cargo bench -p yizhan-tests --bench micro`.
//!
//! Where a figure must not grow with what is held, it is taken at two sizes side by side. How far
//! the relay is off the physical limit is what the bench `ratios` tells.

mod hostile;
mod phone;
mod relay;
mod report;
mod screens;
mod seats;

fn main() {
    divan::main();
    screens::clean_up();
}
