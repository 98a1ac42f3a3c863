//! News and history of scopes.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};
use yizhan_proto::sync::{Item, Page, SyncRequest, SyncResponse};
use yizhan_proto::{Scope, Window};

use super::super::documents::DocumentRow;
use super::super::scopes::{self, ScopeRow};
use super::super::sql::int;
use super::super::{StoreError, documents};
use super::forget;
use super::step::Step;

/// The largest number that the store can keep.
const CURSOR_MAX: u64 = i64::MAX as u64;

/// Applies every page that fits the request, and moves the cursors of scopes without one.
pub(super) fn apply(
    step: &mut Step<'_>,
    request: &SyncRequest,
    response: &SyncResponse,
) -> Result<(), StoreError> {
    let subscribed = scopes::all(step.tx)?;
    let asked = asked(request, &subscribed);
    let mut paged: Vec<&Scope> = Vec::new();
    for page in &response.pages {
        paged.push(&page.scope);
        let Some(row) = subscribed.iter().find(|row| row.scope == page.scope) else {
            // A scope that this very response took away, or one that was never ours.
            step.ignore();
            continue;
        };
        let from = asked.get(&page.scope);
        if is_of(page, response) && fits(step, page, row, from.copied()) {
            one(step, row, page)?;
        } else {
            step.ignore();
        }
    }
    // With a new identity the relay may have served nothing: then nothing is said about cursors.
    if !step.applied.epoch_changed && response.identity.is_none() {
        for row in &subscribed {
            let asked_here = asked.get(&row.scope) == Some(&row.window);
            if asked_here && !paged.contains(&&row.scope) {
                move_up(step, row, response)?;
            }
        }
    }
    Ok(())
}

/// Where the request said the device stood, scope by scope.
fn asked(request: &SyncRequest, subscribed: &[ScopeRow]) -> BTreeMap<Scope, Option<Window>> {
    match request.summary {
        Some(summary) => subscribed
            .iter()
            .map(|row| (row.scope.clone(), Some(Window::complete(summary.live))))
            .collect(),
        None => request
            .scopes
            .iter()
            .map(|state| (state.scope.clone(), state.window()))
            .collect(),
    }
}

/// Whether a page can be of the relay's state that the response tells of. A cursor past the relay's
/// head would never be reached again: everything after it would be missed.
fn is_of(page: &Page, response: &SyncResponse) -> bool {
    page.live <= response.head && page.live.get() <= CURSOR_MAX
}

/// Whether the relay lacks what it told this device of before, in the very lineage that it says it
/// is of: it was put back from a backup by somebody who did not say so, or it lied, then or now. The
/// device asked from where it stands; an answer to an older request tells nothing.
pub(super) fn is_behind(
    tx: &Transaction<'_>,
    request: &SyncRequest,
    response: &SyncResponse,
) -> Result<bool, StoreError> {
    let subscribed = scopes::all(tx)?;
    let asked = asked(request, &subscribed);
    Ok(request.epoch == Some(response.epoch)
        && subscribed.iter().any(|row| {
            asked.get(&row.scope) == Some(&row.window)
                && row.window.is_some_and(|window| window.live > response.head)
        }))
}

/// Whether a page goes on from where the device stands. It does not if it was not asked for, if a
/// cursor would go back, or if another process has moved on meanwhile.
fn fits(step: &Step<'_>, page: &Page, row: &ScopeRow, asked: Option<Option<Window>>) -> bool {
    let Some(asked) = asked else { return false };
    let window = page.window();
    if !window.is_consistent() {
        return false;
    }
    if step.applied.epoch_changed {
        // All cursors were ignored: the answer is that of a first contact.
        return row.window.is_none();
    }
    asked == row.window
        && asked.is_none_or(|asked| {
            asked.live <= window.live
                && asked.settled <= window.settled
                && window.floor <= asked.floor
        })
}

fn one(step: &mut Step<'_>, row: &ScopeRow, page: &Page) -> Result<(), StoreError> {
    for item in &page.items {
        if item.forget.is_some() {
            forget::leave(step, (row.n, &row.scope), item)?;
        } else {
            take(step, row, item)?;
        }
    }
    let window = page.window();
    step.progressed |= row.window != Some(window) || !page.items.is_empty();
    step.more |= page.more;
    scopes::set_window(step.tx, row.n, window)?;
    if window.is_complete() && !page.more {
        drop_stale(step, row.n)?;
    }
    Ok(())
}

/// Takes in a document of a scope: its new changes, and that it is a member.
pub(super) fn take(step: &mut Step<'_>, row: &ScopeRow, item: &Item) -> Result<(), StoreError> {
    let document = match documents::find(step.tx, item.document)? {
        Some(known) if known.kind == item.kind => known.n,
        Some(known) if is_hearsay(step, &known)? => {
            // What was said of its kind before was wrong, and nobody here has anything in it.
            step.touch(known.n)?;
            documents::remove(step.tx, known.n)?;
            documents::create(step.tx, item.document, item.kind)?
        }
        Some(_) => {
            step.ignore();
            return Ok(());
        }
        None => {
            step.applied.documents_received += 1;
            documents::create(step.tx, item.document, item.kind)?
        }
    };
    step.touch(document)?;
    for change in &item.changes {
        step.receive(document, change)?;
    }
    step.tx
        .prepare_cached(
            "INSERT INTO members (scope, document, sequence) VALUES (?1, ?2, ?3)
             ON CONFLICT (scope, document) DO UPDATE SET sequence = excluded.sequence, stale = 0",
        )?
        .execute(params![row.n, document, int(item.sequence.get())])?;
    forget::stay(step.tx, &row.scope, document, item)
}

/// Whether nothing in a document is of this device.
fn is_hearsay(step: &Step<'_>, row: &DocumentRow) -> Result<bool, StoreError> {
    let own = "SELECT EXISTS (SELECT 1 FROM changes WHERE document = ?1 AND own = 1)";
    let mut statement = step.tx.prepare_cached(own)?;
    let has_own: bool = statement.query_row([row.n], |row| row.get(0))?;
    Ok(!has_own)
}

/// A scope is complete under the relay's new lineage: what it held before and did not come back
/// is a member no more.
fn drop_stale(step: &mut Step<'_>, scope: i64) -> Result<(), StoreError> {
    let mut statement = step.tx.prepare_cached(
        "SELECT document FROM members INDEXED BY members_stale WHERE stale <> 0 AND scope = ?1",
    )?;
    let stale: Vec<i64> = statement
        .query_map([scope], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for document in stale {
        step.touch(document)?;
        step.tx
            .prepare_cached("DELETE FROM members WHERE scope = ?1 AND document = ?2")?
            .execute(params![scope, document])?;
        forget::start_leaving(step.tx, document, forget::Why::Left)?;
    }
    Ok(())
}

/// A complete scope without a page is unchanged up to the head.
fn move_up(step: &mut Step<'_>, row: &ScopeRow, response: &SyncResponse) -> Result<(), StoreError> {
    match row.window {
        Some(window)
            if window.is_complete()
                && window.live <= response.head
                && response.head.get() <= CURSOR_MAX =>
        {
            step.progressed |= window.live != response.head;
            scopes::set_window(step.tx, row.n, Window::complete(response.head))
        }
        _ => Ok(()),
    }
}
