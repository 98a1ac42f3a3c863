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
    set_aside: BTreeSet<DocumentId>,
}

impl Sizes {
    pub(super) const fn new() -> Self {
        Self {
            push_bytes_max: PUSH_BYTES_MAX,
            pushes_max: PUSHES_MAX,
            page_bytes_max: PAGE_MAX,
            set_aside: BTreeSet::new(),
        }
    }

    pub(super) fn budget(&self) -> Budget {
        Budget {
            push_bytes_max: self.push_bytes_max,
            pushes_max: self.pushes_max,
            page_bytes_max: self.page_bytes_max,
            set_aside: self.set_aside.clone(),
        }
    }

    /// Half the changes that were in the last push, at least one.
    pub(super) fn halve_push(&mut self, pushes: usize) {
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
    pub(super) fn set_aside(&mut self, document: DocumentId) {
        self.set_aside.insert(document);
    }

    /// Tries what was set aside again.
    pub(super) fn take_back(&mut self) {
        self.set_aside.clear();
    }

    pub(super) fn aside(&self) -> &BTreeSet<DocumentId> {
        &self.set_aside
    }
}
