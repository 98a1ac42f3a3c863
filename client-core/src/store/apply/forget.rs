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
        let why = match item.forget {
            Some(ForgetReason::Retired) => Why::GrownOld,
            Some(ForgetReason::Left | ForgetReason::Erased | ForgetReason::Unknown(_)) | None => {
                Why::Left
            }
        };
        start_leaving(step.tx, row.n, why)?;
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

/// Why a document is to leave, as it stands in the column `leaving`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The right to it has ended, or it is somewhere else.
    Left = 1,
    /// It grew too old for the last audience here that had it.
    GrownOld = 3,
}

/// The document is to leave unless a scope holds it.
pub(super) fn start_leaving(
    tx: &Transaction<'_>,
    document: i64,
    why: Why,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE documents SET leaving = ?2 WHERE n = ?1")?
        .execute(params![document, why as i64])?;
    Ok(())
}

/// Documents that went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) struct Gone {
    /// All of them.
    pub(in super::super) documents: u64,
    /// Those that grew old.
    pub(in super::super) grown_old: u64,
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

/// Drops the documents that are to leave and can, and counts those that grew old.
pub(in super::super) fn drop_leaving(tx: &Transaction<'_>) -> Result<Gone, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT n, kind, leaving = 3 FROM documents WHERE leaving <> 0 AND leaving IN (1, 3)",
    )?;
    let leaving: Vec<(i64, i64, bool)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut gone = Gone::default();
    for (document, kind, grown_old) in leaving {
        if has_member(tx, document)? {
            tx.prepare_cached("UPDATE documents SET leaving = 0 WHERE n = ?1")?
                .execute([document])?;
            tx.prepare_cached("DELETE FROM left_documents WHERE document = ?1")?
                .execute([document])?;
        } else if !has_open_work(tx, document)? {
            documents::remove(tx, document)?;
            gone.documents += 1;
            if grown_old {
                gone.grown_old += 1;
                tx.prepare_cached(
                    "INSERT INTO grown_old (kind, documents) VALUES (?1, 1)
                     ON CONFLICT (kind) DO UPDATE SET documents = documents + 1",
                )?
                .execute([kind])?;
            }
        }
    }
    Ok(gone)
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
