//! What a device does not have yet, scope by scope, from one snapshot of the store.
//!
//! News first, rising; then history, falling; whole documents, until the budget of bytes is spent.
//! All arithmetic of positions is in [`yizhan_proto::sequence`].

use std::collections::BTreeSet;

use yizhan_proto::limits::{PAGE_BYTES_MAX, PAGE_BYTES_MIN};
use yizhan_proto::sync::{Item, Page};
use yizhan_proto::{Cursor, Scope, ScopeDigest, Sequence, Window};

use crate::store::rows::{IndexRow, ScopeRow};
use crate::store::{Snapshot, StoreError};

/// Rows of the index read at a time.
const CHUNK_ROWS: u32 = 256;
/// What an item costs besides its changes, bytes: ids, numbers, framing.
const ITEM_BYTES: usize = 48;
/// What a change costs besides its bytes.
const CHANGE_BYTES: usize = 24;

/// Where a device stands in a scope that it may read.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// Which scope.
    pub(super) scope: Scope,
    /// What it holds; `None` at first contact.
    pub(super) window: Option<Window>,
    /// Its digest, if it said so for this scope alone.
    pub(super) digest: Option<ScopeDigest>,
}

/// Bytes of changes that a response may still carry.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    untouched: bool,
    closed: bool,
}

impl Budget {
    /// The budget a device asked for (0: the relay's own), held within what the relay serves.
    pub(super) fn new(page_bytes_max: u32) -> Self {
        let asked = match usize::try_from(page_bytes_max) {
            Ok(0) | Err(_) => PAGE_BYTES_MAX,
            Ok(asked) => asked.clamp(PAGE_BYTES_MIN, PAGE_BYTES_MAX),
        };
        Self {
            left: asked,
            untouched: true,
            closed: false,
        }
    }

    /// Takes an item's share. The first one always fits, so that every response makes progress;
    /// after the first that does not, none does, so that order is kept.
    pub(super) fn take(&mut self, item: &Item) -> bool {
        let changes = item.changes.iter();
        let bytes = ITEM_BYTES
            + changes
                .map(|c| CHANGE_BYTES + c.change.len())
                .sum::<usize>();
        if self.closed || (bytes > self.left && !self.untouched) {
            self.closed = true;
            return false;
        }
        self.untouched = false;
        self.left = self.left.saturating_sub(bytes);
        true
    }
}

/// One snapshot, and what holds for all pages read from it.
#[derive(Debug)]
pub(super) struct Reading<'r> {
    /// The snapshot.
    pub(super) snapshot: &'r Snapshot<'r>,
    /// The latest sequence in it.
    pub(super) head: Cursor,
    /// Changes the device pushed in this exchange, and so has.
    pub(super) pushed: &'r BTreeSet<Sequence>,
}

/// What there is to say about a scope.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nothing: the device is current and agrees, as far as it said.
    Unchanged,
    /// This page.
    Page(Page),
    /// The device is current, and its digest is another one: a page that says only that.
    Mismatch(Page),
}

impl Reading<'_> {
    /// The page of a scope for a device that stands where `ask` says.
    pub(super) fn page(&self, ask: &Ask, budget: &mut Budget) -> Result<Answer, StoreError> {
        let told = ask
            .window
            .filter(|window| window.is_consistent() && window.live <= self.head);
        let start = told.unwrap_or_else(|| Window::first_contact(self.head));
        let totals = self.snapshot.scope(&ask.scope)?;
        let mut items = Vec::new();
        let (end, more) = match &totals {
            Some(totals) => self.fill(totals, start, budget, &mut items)?,
            None => (Window::complete(self.head), false),
        };
        let current = end == Window::complete(self.head);
        let digest = totals.map_or(ScopeDigest::EMPTY, |totals| totals.digest);
        let silent = items.is_empty() && told.is_some_and(Window::is_complete) && !more;
        let page = Page::new(
            ask.scope.clone(),
            items,
            end,
            current.then_some(digest),
            more,
        );
        Ok(match (silent, ask.digest) {
            (false, _) => Answer::Page(page),
            (true, Some(theirs)) if theirs != digest => Answer::Mismatch(page),
            (true, _) => Answer::Unchanged,
        })
    }

    /// News, then history, as far as the budget goes. Returns where the device then stands, and
    /// whether there is more.
    fn fill(
        &self,
        totals: &ScopeRow,
        start: Window,
        budget: &mut Budget,
        items: &mut Vec<Item>,
    ) -> Result<(Window, bool), StoreError> {
        let mut window = start;
        loop {
            let rows = self.snapshot.news(totals.id, window.live, CHUNK_ROWS)?;
            for row in &rows {
                let item = self.news_item(row, start)?;
                if !budget.take(&item) {
                    return Ok((window, true));
                }
                window = window.read_up_to(row.last);
                items.push(item);
            }
            if rows.len() < CHUNK_ROWS as usize {
                break;
            }
        }
        window = window.settled_at(self.head);
        while !window.is_complete() {
            let rows = self.snapshot.history(totals.id, window.floor, CHUNK_ROWS)?;
            for row in &rows {
                let item = self.whole_item(row)?;
                if !budget.take(&item) {
                    return Ok((window, true));
                }
                window = window.filled_down_to(Some(row.last), true);
                items.push(item);
            }
            if rows.len() < CHUNK_ROWS as usize {
                window = window.filled_down_to(None, false);
            }
        }
        Ok((window, false))
    }

    /// A document that moved past where the device has read: what it may lack of it. Part of that
    /// may have come with an earlier page of the same news; the device knows it by its hash.
    fn news_item(&self, row: &IndexRow, window: Window) -> Result<Item, StoreError> {
        if row.left.is_some() {
            return Ok(item(row));
        }
        let sequences = self.snapshot.sequences(row.document)?;
        let latest = sequences
            .iter()
            .copied()
            .chain([row.joined])
            .filter(|sequence| window.settled.has_read(*sequence))
            .max();
        let held = window.settled.has_read(row.joined) && window.holds(latest);
        let lacking = sequences
            .into_iter()
            .filter(|sequence| !(held && window.settled.has_read(*sequence)));
        self.with_changes(row, lacking)
    }

    /// A document the device has nothing of.
    pub(super) fn whole_item(&self, row: &IndexRow) -> Result<Item, StoreError> {
        self.with_changes(row, self.snapshot.sequences(row.document)?)
    }

    fn with_changes(
        &self,
        row: &IndexRow,
        sequences: impl IntoIterator<Item = Sequence>,
    ) -> Result<Item, StoreError> {
        let mut item = item(row);
        for sequence in sequences {
            if !self.pushed.contains(&sequence) {
                item.changes.push(self.snapshot.change(sequence)?);
            }
        }
        Ok(item)
    }
}

/// An item without changes; a forget if the document left.
pub(super) fn item(row: &IndexRow) -> Item {
    Item {
        document: row.document,
        kind: row.kind,
        sequence: row.last,
        changes: Vec::new(),
        forget: row.left,
    }
}
