//! How much goes into one exchange: shrinks when a line or a relay cannot take it, grows back
//! with every exchange that went well.

use std::collections::BTreeSet;

use yizhan_proto::DocumentId;
use yizhan_proto::limits::{
    CHANGE_BYTES_MAX, PAGE_BYTES_MAX, PAGE_BYTES_MIN, REQUEST_COMPRESSED_BYTES_MAX,
};

use super::effect::Budget;

/// Bytes of changes in one push: they may travel uncompressed, and the rest of the request
/// (scopes, acknowledgements, framing of each change) needs room too.
pub const PUSH_BYTES_MAX: usize = REQUEST_COMPRESSED_BYTES_MAX / 2;
/// Changes in one push: each costs some forty bytes of framing, and about as much in the answer.
pub const PUSHES_MAX: usize = 8_192;

/// [`PAGE_BYTES_MAX`] as it travels.
const PAGE_MAX: u32 = 1024 * 1024;
/// [`PAGE_BYTES_MIN`] as it travels.
const PAGE_MIN: u32 = 4 * 1024;
const _: () = assert!(PAGE_MAX as usize == PAGE_BYTES_MAX && PAGE_MIN as usize == PAGE_BYTES_MIN);

/// The sizes in use.
#[derive(Debug, Clone)]
pub(super) struct Sizes {
    push_bytes_max: usize,
    pushes_max: usize,
    page_bytes_max: u32,
    left_out: BTreeSet<DocumentId>,
}

impl Sizes {
    pub(super) const fn new() -> Self {
        Self {
            push_bytes_max: PUSH_BYTES_MAX,
            pushes_max: PUSHES_MAX,
            page_bytes_max: PAGE_MAX,
            left_out: BTreeSet::new(),
        }
    }

    pub(super) fn budget(&self) -> Budget {
        Budget {
            push_bytes_max: self.push_bytes_max,
            pushes_max: self.pushes_max,
            page_bytes_max: self.page_bytes_max,
            left_out: self.left_out.clone(),
        }
    }

    /// Half the changes that were in the last push, at least one.
    pub(super) fn halve_push(&mut self, pushes: usize) {
        if pushes == 0 {
            return;
        }
        self.pushes_max = (pushes.min(self.pushes_max) / 2).max(1);
        self.push_bytes_max = (self.push_bytes_max / 2).max(CHANGE_BYTES_MAX);
    }

    /// Half the answer.
    pub(super) fn halve_page(&mut self) {
        self.page_bytes_max = (self.page_bytes_max / 2).max(PAGE_MIN);
    }

    /// An exchange went well: twice as much next time.
    pub(super) fn grow(&mut self) {
        self.push_bytes_max = self.push_bytes_max.saturating_mul(2).min(PUSH_BYTES_MAX);
        self.pushes_max = self.pushes_max.saturating_mul(2).min(PUSHES_MAX);
        self.page_bytes_max = self.page_bytes_max.saturating_mul(2).min(PAGE_MAX);
    }

    /// Leaves a document's changes out from here on.
    pub(super) fn leave_out(&mut self, document: DocumentId) {
        self.left_out.insert(document);
    }

    /// Tries what was left out again.
    pub(super) fn take_back(&mut self) {
        self.left_out.clear();
    }

    pub(super) fn left_out(&self) -> &BTreeSet<DocumentId> {
        &self.left_out
    }
}
