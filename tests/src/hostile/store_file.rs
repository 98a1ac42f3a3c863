//! Store files with flipped bytes.

/// Placeholder.
pub fn check(_: &[u8]) {}

/// Seeds.
#[must_use]
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    Vec::new()
}
