//! What waits for a person to decide: listed, shown, accepted, rejected; and how its device is told.
//!
//! A change that is accepted enters through the same gate as when it was pushed, with all rights
//! that its author ever had, and everything follows from it that follows from any other. What
//! builds on it follows in order. Nothing here is deleted: a change that is rejected stays with the
//! reason, and its author gets it back as a draft.

mod decide;
mod error;
mod listed;
mod told;

pub use decide::{Became, Decided, Which};
pub use error::QuarantineError;
pub use listed::{HeldDecision, HeldInfo, HeldPage, HeldQuery, HeldShown};
pub(super) use told::{decisions, rejected};

use yizhan_client_core::model::Inspected;
use yizhan_proto::ChangeHash;
use yizhan_proto::sync::Push;

use super::accept::Incoming;
use crate::store::rows::HeldRow;

/// The beginning of a change's hash, as people type it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    text: String,
    range: [ChangeHash; 2],
}

/// Digits of a hash that a person has to type at least.
const DIGITS_MIN: usize = 4;

impl Named {
    fn parse(text: &str) -> Result<Self, QuarantineError> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            })
            .collect();
        let fits = |digits: &Vec<u8>| (DIGITS_MIN..=64).contains(&digits.len());
        let digits = digits.filter(fits).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            QuarantineError::Invalid(format!(
                "{shown} is not the beginning of a change's hash: {DIGITS_MIN} to 64 of 0-9, a-f, as `yizhan quarantine list` shows it"
            ))
        })?;
        let filled = |with: u8| {
            let digit = |at: usize| digits.get(at).copied().unwrap_or(with);
            let byte = |at: usize| digit(2 * at) << 4 | digit(2 * at + 1);
            ChangeHash::from_bytes(std::array::from_fn(byte))
        };
        Ok(Self {
            text: text.to_owned(),
            range: [filled(0), filled(0xf)],
        })
    }

    /// The one that was meant.
    fn only<T>(&self, mut found: Vec<T>) -> Result<Option<T>, QuarantineError> {
        if found.len() > 1 {
            return Err(QuarantineError::Ambiguous(self.text.clone()));
        }
        Ok(found.pop())
    }
}

/// A change that waits, looked at again.
#[derive(Debug)]
struct Again {
    row: HeldRow,
    incoming: Incoming,
}

impl Again {
    fn new(mut row: HeldRow) -> Self {
        let incoming = Incoming::inspect(Push {
            document: row.document,
            kind: row.kind,
            change: std::mem::take(&mut row.bytes),
        });
        Self { row, incoming }
    }

    fn change(&self) -> Option<&Inspected> {
        self.incoming.inspected.as_ref().ok()
    }

    fn builds_on(&self, hashes: &[ChangeHash]) -> bool {
        self.change()
            .is_some_and(|change| change.deps.iter().any(|dep| hashes.contains(dep)))
    }
}

/// All of these, each after those it builds on.
fn in_order(rows: Vec<HeldRow>) -> Vec<Again> {
    let mut all: Vec<Again> = rows.into_iter().map(Again::new).collect();
    // A change's first operation lies beyond all operations it builds on.
    all.sort_by_key(|again| {
        let start = again.change().map_or(u64::MAX, |change| change.start_op);
        (start, again.row.arrived)
    });
    all
}
