//! Seats: who has one is decided here, in the order in which requests arrive.

mod decide;
#[cfg(test)]
mod tests;
