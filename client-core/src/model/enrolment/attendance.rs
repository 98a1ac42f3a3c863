//! Who was there: a fold over the scans of a driver's code in the relay's order.
//!
//! A scan happened, so it is never refused and never lost; a second one, or one that failed, is
//! kept and marked.

use yizhan_proto::{EntryId, PersonId, Timestamp};

use crate::model::codes::text_codes;
use crate::model::order::Place;
use crate::model::reader::Map;

/// What the device that scanned made of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScanResult {
    /// `ok`: the driver, with a seat.
    Ok,
    /// `walk_in`: the driver, without a seat that the device knew of.
    WalkIn,
    /// `wrong_activity`: a code made for another activity.
    WrongActivity,
    /// `expired`: an old code.
    Expired,
    /// `revoked`: the code of a device whose right has ended.
    Revoked,
    /// `unverified`: the device could not tell.
    Unverified,
}

text_codes!(ScanResult {
    Ok = "ok",
    WalkIn = "walk_in",
    WrongActivity = "wrong_activity",
    Expired = "expired",
    Revoked = "revoked",
    Unverified = "unverified",
});

impl ScanResult {
    /// Whether it shows that the driver was there.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Ok | Self::WalkIn)
    }
}

/// What a scan is, next to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// `counted`: the driver was there.
    Counted,
    /// `duplicate`: again, or the same code again.
    Duplicate,
    /// `failed`: the code did not show it.
    Failed,
}

text_codes!(Mark {
    Counted = "counted",
    Duplicate = "duplicate",
    Failed = "failed",
});

/// One scan, as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Its entry.
    pub entry: EntryId,
    /// Its place in the fold.
    pub place: Place,
    /// The code's nonce.
    pub nonce: EntryId,
    /// What the device made of it.
    pub result: ScanResult,
    /// The code itself.
    pub code: Option<String>,
    /// Who scanned.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// What it is, next to the others.
    pub mark: Mark,
}

/// Marks the scans of an enrolment, which stand in the order of the fold. The first that shows
/// that the driver was there counts, also if the same code had failed on another device before.
pub fn mark(scans: &mut [Scan]) {
    let mut counted = false;
    for at in 0..scans.len() {
        let (before, rest) = scans.split_at_mut(at);
        let Some(scan) = rest.first_mut() else { break };
        let seen = before.iter().any(|earlier| earlier.nonce == scan.nonce);
        scan.mark = match scan.result.counts() {
            true if counted => Mark::Duplicate,
            true => Mark::Counted,
            false if seen => Mark::Duplicate,
            false => Mark::Failed,
        };
        counted |= scan.mark == Mark::Counted;
    }
}

pub(super) fn scan(place: Place, entry: EntryId, map: &Map<'_>) -> Option<Scan> {
    Some(Scan {
        entry,
        place,
        nonce: map.entry("nonce")?,
        // A result of a newer version shows at least that there was a scan.
        result: map
            .text("result")
            .and_then(|text| ScanResult::from_text(&text))
            .unwrap_or(ScanResult::Unverified),
        code: map.text("code"),
        by: map.person("by"),
        at: map.time("at")?,
        mark: Mark::Failed,
    })
}
