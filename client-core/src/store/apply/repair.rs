//! Self-healing: a digest that does not agree after a completed pull is narrowed down range by
//! range to the documents that differ, and those are fetched whole.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};
use yizhan_proto::sync::{Fetched, RangeDigest, RepairAnswer, SyncRequest, SyncResponse};
use yizhan_proto::{ChangeHash, DocumentId, Timestamp};

use super::super::changes;
use super::super::reread::reread;
use super::super::scopes::{self, Held, NO_END, ScopeRow};
use super::super::{ChangeState, StoreError, documents};
use super::step::Step;
use super::{forget, pages};

/// Repairs of one scope in a row before it is left alone for [`REPAIR_PAUSE_MS`].
const REPAIR_TRIES_MAX: i64 = 3;
const REPAIR_PAUSE_MS: i64 = 60 * 60 * 1000;

/// Compares the digests of the pages with what is held now, and starts repairs.
pub(super) fn compare(step: &mut Step<'_>, response: &SyncResponse) -> Result<(), StoreError> {
    for page in &response.pages {
        let Some(theirs) = page.digest else { continue };
        let Some(row) = scopes::find(step.tx, &page.scope)? else {
            continue;
        };
        let current = row
            .window
            .is_some_and(|window| window.is_complete() && window.live == page.live);
        if current && !page.more {
            if row.digest == theirs {
                step.tx
                    .prepare_cached("UPDATE scopes SET repair_tries = 0 WHERE n = ?1")?
                    .execute([row.n])?;
            } else {
                start(step, &row)?;
            }
        }
    }
    Ok(())
}

fn start(step: &mut Step<'_>, row: &ScopeRow) -> Result<(), StoreError> {
    let now = step.clock.now();
    let (tries, last): (i64, Option<i64>) = step.tx.query_row(
        "SELECT repair_tries, repaired_at FROM scopes WHERE n = ?1",
        [row.n],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let paused = tries >= REPAIR_TRIES_MAX
        && last.is_some_and(|last| {
            now.ms_since(Timestamp::from_ms(last)).saturating_abs() < REPAIR_PAUSE_MS
        });
    let under_way = step
        .tx
        .query_row(
            "SELECT 1 FROM repairs WHERE scope = ?1
             UNION ALL SELECT 1 FROM fetches WHERE scope = ?1 LIMIT 1",
            [row.n],
            |_| Ok(()),
        )
        .optional()?
        .is_some();
    if paused || under_way {
        return Ok(());
    }
    if tries > 0 {
        // Comparing what is noted of the documents did not help: it may be that which is wrong.
        for held in scopes::in_range(step.tx, row.n, &[], &NO_END)? {
            reread(step.tx, held.n)?;
        }
    }
    scopes::add_up(step.tx, row.n)?;
    ask(step, row.n, &[], &NO_END)?;
    step.tx.execute(
        "UPDATE scopes SET repair_tries = repair_tries + 1, repaired_at = ?2 WHERE n = ?1",
        params![row.n, now.as_ms()],
    )?;
    step.applied.repairs_started += 1;
    step.progressed = true;
    Ok(())
}

fn ask(step: &Step<'_>, scope: i64, from: &[u8], until: &[u8]) -> Result<(), StoreError> {
    step.tx
        .prepare_cached(
            "INSERT OR IGNORE INTO repairs (scope, from_id, until_id) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![scope, from, until])?;
    Ok(())
}

/// Goes on from the answers to the ranges that were asked. A range without an answer agrees.
pub(super) fn narrow(
    step: &mut Step<'_>,
    request: &SyncRequest,
    response: &SyncResponse,
) -> Result<(), StoreError> {
    for asked in &request.repairs {
        let Some(row) = scopes::find(step.tx, &asked.scope)? else {
            continue;
        };
        let (from, until) = scopes::stored_ends(asked.from, asked.until);
        let was_open = step
            .tx
            .prepare_cached(
                "DELETE FROM repairs WHERE scope = ?1 AND from_id = ?2 AND until_id = ?3",
            )?
            .execute(params![row.n, from, until])?
            > 0;
        step.progressed |= was_open;
        let answer = response
            .repairs
            .iter()
            .find(|answer| same_range(&answer.range, asked));
        match answer {
            Some(answer) if was_open => narrow_one(step, &row, asked, answer)?,
            _ => {}
        }
    }
    for answer in &response.repairs {
        if !request
            .repairs
            .iter()
            .any(|asked| same_range(&answer.range, asked))
        {
            step.ignore();
        }
    }
    Ok(())
}

fn same_range(one: &RangeDigest, other: &RangeDigest) -> bool {
    one.scope == other.scope && one.from == other.from && one.until == other.until
}

fn narrow_one(
    step: &mut Step<'_>,
    row: &ScopeRow,
    asked: &RangeDigest,
    answer: &RepairAnswer,
) -> Result<(), StoreError> {
    let (from, until) = scopes::stored_ends(asked.from, asked.until);
    let held = scopes::in_range(step.tx, row.n, &from, &until)?;
    let Some(entries) = &answer.entries else {
        for part in &answer.parts {
            let (part_from, part_until) = scopes::stored_ends(part.from, part.until);
            let (whole, part_ends) = ((&from, &until), (&part_from, &part_until));
            if part.scope != row.scope || !is_narrower(part_ends, whole) {
                step.ignore();
                continue;
            }
            let (from, until) = (part_from, part_until);
            let ours = scopes::digest_of(&scopes::in_range(step.tx, row.n, &from, &until)?);
            if ours != part.digest {
                ask(step, row.n, &from, &until)?;
            }
        }
        return Ok(());
    };
    for entry in entries {
        let id = entry.document.as_bytes().as_slice();
        if id < from.as_slice() || id >= until.as_slice() {
            step.ignore();
            continue;
        }
        let ours = find(&held, entry.document).and_then(|held| held.digest);
        if ours != Some(entry.digest) {
            step.tx
                .prepare_cached("INSERT OR IGNORE INTO fetches (scope, document) VALUES (?1, ?2)")?
                .execute(params![row.n, entry.document.as_bytes()])?;
        }
    }
    let theirs: BTreeSet<DocumentId> = entries.iter().map(|entry| entry.document).collect();
    for held in held.iter().filter(|held| !theirs.contains(&held.id)) {
        lost(step, row.n, held)?;
    }
    Ok(())
}

/// Whether a range lies within another one and is smaller: else the narrowing would not end.
fn is_narrower(part: (&Vec<u8>, &Vec<u8>), whole: (&Vec<u8>, &Vec<u8>)) -> bool {
    part != whole && part.0 < part.1 && part.0 >= whole.0 && part.1 <= whole.1
}

fn find(held: &[Held], id: DocumentId) -> Option<&Held> {
    held.binary_search_by_key(&id, |held| held.id)
        .ok()
        .and_then(|at| held.get(at))
}

/// The relay does not hold a document there: it is a member no more, and own work in it is
/// offered again, in case the relay has lost it.
fn lost(step: &mut Step<'_>, scope: i64, held: &Held) -> Result<(), StoreError> {
    step.touch(held.n)?;
    step.tx
        .prepare_cached("DELETE FROM members WHERE scope = ?1 AND document = ?2")?
        .execute(params![scope, held.n])?;
    for row in changes::of_document(step.tx, held.n)? {
        if row.own && row.state == ChangeState::Acknowledged {
            changes::offer(step.tx, row.n)?;
        }
    }
    forget::start_leaving(step.tx, held.n, forget::Why::Left)
}

/// Takes in the documents that were fetched, each whole.
pub(super) fn take_fetched(
    step: &mut Step<'_>,
    request: &SyncRequest,
    response: &SyncResponse,
) -> Result<(), StoreError> {
    if response.fetched.is_empty() {
        give_up(step, request)?;
    }
    for fetched in &response.fetched {
        let asked = request
            .fetches
            .iter()
            .any(|fetch| fetch.scope == fetched.scope && fetch.document == fetched.item.document);
        let row = scopes::find(step.tx, &fetched.scope)?;
        match row {
            Some(row) if asked => take_one(step, request, &row, fetched)?,
            _ => step.ignore(),
        }
    }
    Ok(())
}

/// The relay sends nothing of what was fetched: it would be asked for ever, and for nothing else. A
/// digest that does not agree then starts a new repair.
fn give_up(step: &mut Step<'_>, request: &SyncRequest) -> Result<(), StoreError> {
    for fetch in &request.fetches {
        if let Some(row) = scopes::find(step.tx, &fetch.scope)? {
            step.tx
                .prepare_cached("DELETE FROM fetches WHERE scope = ?1 AND document = ?2")?
                .execute(params![row.n, fetch.document.as_bytes()])?;
            step.ignore();
        }
    }
    Ok(())
}

fn take_one(
    step: &mut Step<'_>,
    request: &SyncRequest,
    row: &ScopeRow,
    fetched: &Fetched,
) -> Result<(), StoreError> {
    let item = &fetched.item;
    let was_open = step
        .tx
        .prepare_cached("DELETE FROM fetches WHERE scope = ?1 AND document = ?2")?
        .execute(params![row.n, item.document.as_bytes()])?
        > 0;
    step.progressed |= was_open;
    if item.forget.is_some() {
        return forget::leave(step, (row.n, &row.scope), item);
    }
    pages::take(step, row, item)?;
    let Some(document) = documents::find(step.tx, item.document)? else {
        return Ok(());
    };
    // The relay's own, and what it was given in this exchange; anything else it does not have.
    let theirs: BTreeSet<ChangeHash> = item
        .changes
        .iter()
        .map(|change| &change.change)
        .chain(request.pushes.iter().map(|push| &push.change))
        .map(|change| ChangeHash::of_chunk(change))
        .collect();
    for change in changes::of_document(step.tx, document.n)? {
        if change.state == ChangeState::Acknowledged && !theirs.contains(&change.hash) {
            if change.own {
                changes::offer(step.tx, change.n)?;
            } else {
                changes::unconfirm(step.tx, change.n)?;
            }
        }
    }
    Ok(())
}
