//! Documents that leave this device.
//!
//! A document leaves when the last scope it came by lets it go, and not before its unsent work was
//! uploaded; with refused or quarantined work in it, it stays and is shown, until a person
//! has dealt with that. What was erased for everybody goes at once, whatever is in it.

use rusqlite::{Transaction, params};
use yizhan_proto::Scope;
use yizhan_proto::sync::{ForgetReason, Item, SyncRequest};

use super::super::documents::DocumentRow;
use super::super::sql::int;
use super::super::{StoreError, documents, erased};
use super::step::Step;

/// A document left a scope: it is a member there no more, and the relay will be told so.
pub(super) fn leave(
    step: &mut Step<'_>,
    (scope_n, scope): (i64, &Scope),
    item: &Item,
) -> Result<(), StoreError> {
    let held = documents::find(step.tx, item.document)?;
    if let (Some(row), Some(ForgetReason::Erased)) = (&held, item.forget) {
        erase(step, row)?;
    } else if let Some(row) = held {
        step.touch(row.n)?;
        step.tx
            .prepare_cached("DELETE FROM members WHERE scope = ?1 AND document = ?2")?
            .execute(params![scope_n, row.n])?;
        start_leaving(step.tx, row.n)?;
    }
    step.tx
        .prepare_cached(
            "INSERT OR REPLACE INTO forgets (scope, document, sequence) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![
            scope.to_string(),
            item.document.as_bytes(),
            int(item.sequence.get())
        ])?;
    step.progressed = true;
    step.more = true;
    Ok(())
}

/// The document was erased for everybody: everything of it goes, sent or not, whatever scope holds it.
/// What may not be kept may not wait either.
pub(super) fn erase(step: &mut Step<'_>, row: &DocumentRow) -> Result<(), StoreError> {
    step.touch(row.n)?;
    let lost = erased::drop_content(step.tx, row, step.clock.now())?;
    step.applied.erased += 1;
    step.applied.erased_unsent += lost;
    step.progressed = true;
    Ok(())
}

/// The relay refuses a change because its document was erased. What it had not taken goes at once;
/// the rest goes with the forget, which comes when the relay has deleted it too: until then, both
/// sides agree on what the scopes hold. Where no scope holds it, no forget will come.
pub(super) fn erase_refused(step: &mut Step<'_>, row: &DocumentRow) -> Result<(), StoreError> {
    if !has_member(step.tx, row.n)? {
        return erase(step, row);
    }
    step.touch(row.n)?;
    let lost = erased::drop_untaken(step.tx, row, step.clock.now())?;
    step.applied.erased_unsent += lost;
    step.progressed = true;
    Ok(())
}

/// The document is to leave unless a scope holds it.
pub(super) fn start_leaving(tx: &Transaction<'_>, document: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE documents SET leaving = 1 WHERE n = ?1")?
        .execute([document])?;
    Ok(())
}

/// The relay took something of a document that no scope of this device holds (yet). Unless a page
/// says otherwise until all scopes are current, it is none of this device's any more.
pub(super) fn doubt(tx: &Transaction<'_>, document: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE documents SET leaving = 2 WHERE n = ?1 AND leaving = 0
             AND NOT EXISTS (SELECT 1 FROM members WHERE document = ?1)",
    )?
    .execute([document])?;
    Ok(())
}

/// All scopes are current: what is still in doubt belongs to none of them.
pub(super) fn end_doubts(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE documents SET leaving = 1 WHERE leaving <> 0 AND leaving = 2")?
        .execute([])?;
    Ok(())
}

/// A scope holds the document (again).
pub(super) fn stay(
    tx: &Transaction<'_>,
    scope: &Scope,
    document: i64,
    item: &Item,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE documents SET leaving = 0 WHERE n = ?1 AND leaving <> 0")?
        .execute([document])?;
    tx.prepare_cached("DELETE FROM forgets WHERE scope = ?1 AND document = ?2")?
        .execute(params![scope.to_string(), item.document.as_bytes()])?;
    Ok(())
}

/// The relay has been told of these.
pub(super) fn acknowledged(tx: &Transaction<'_>, request: &SyncRequest) -> Result<(), StoreError> {
    for forgotten in &request.forgotten {
        tx.prepare_cached(
            "DELETE FROM forgets WHERE scope = ?1 AND document = ?2 AND sequence = ?3",
        )?
        .execute(params![
            forgotten.scope.to_string(),
            forgotten.document.as_bytes(),
            int(forgotten.sequence.get())
        ])?;
    }
    for scope in &request.left {
        tx.prepare_cached("UPDATE left_scopes SET told = 1 WHERE scope = ?1")?
            .execute([scope.to_string()])?;
    }
    Ok(())
}

/// The person of this device was erased: whatever is here goes, once the relay has said what becomes of
/// it. That work which was refused, or waits for somebody else's decision, went from here is noted.
pub(super) fn leave_all(step: &mut Step<'_>) -> Result<(), StoreError> {
    step.tx
        .execute("UPDATE documents SET leaving = 1 WHERE leaving <> 1", [])?;
    let mut statement = step.tx.prepare_cached(
        "SELECT DISTINCT document FROM changes WHERE state <> 1 AND state IN (2, 3)
             AND document NOT IN (SELECT document FROM changes WHERE state <> 1 AND state = 0)",
    )?;
    let held: Vec<i64> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for document in held {
        if let Some(row) = documents::by_number(step.tx, document)? {
            erase(step, &row)?;
        }
    }
    Ok(())
}

/// Drops the documents that are to leave and can. Returns how many went.
pub(in super::super) fn drop_leaving(tx: &Transaction<'_>) -> Result<u64, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT n FROM documents WHERE leaving <> 0 AND leaving = 1")?;
    let leaving: Vec<i64> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut dropped = 0;
    for document in leaving {
        if has_member(tx, document)? {
            tx.prepare_cached("UPDATE documents SET leaving = 0 WHERE n = ?1")?
                .execute([document])?;
            tx.prepare_cached("DELETE FROM left_documents WHERE document = ?1")?
                .execute([document])?;
        } else if !has_open_work(tx, document)? {
            documents::remove(tx, document)?;
            dropped += 1;
        }
    }
    Ok(dropped)
}

fn has_member(tx: &Transaction<'_>, document: i64) -> Result<bool, StoreError> {
    Ok(tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM members WHERE document = ?1)")?
        .query_row([document], |row| row.get(0))?)
}

/// Unsent, refused or quarantined.
fn has_open_work(tx: &Transaction<'_>, document: i64) -> Result<bool, StoreError> {
    Ok(tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM changes
                            WHERE document = ?1 AND state <> 1 AND state IN (0, 2, 3))",
        )?
        .query_row([document], |row| row.get(0))?)
}
