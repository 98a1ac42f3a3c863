//! A store of an older format: when its documents have ended is filled in, a portion a job.

use std::sync::Arc;

use yizhan_client_core::model::{Inspected, Outline, gate, inspect};
use yizhan_proto::{DocumentId, Kind};

use super::age::latest_of;
use crate::store::rows::DocumentRow;
use crate::store::{LogTx, StoreError};

/// Goes on where the last portion ended. Whether there may be more.
pub(super) fn fill(tx: &mut LogTx<'_>, room: u32) -> Result<bool, StoreError> {
    let Some(found) = tx.without_ages(room)? else {
        return Ok(false);
    };
    for id in &found {
        fill_one(tx, *id)?;
    }
    let more = found.len() == room as usize;
    tx.put_filled(found.last().copied().filter(|_| more))?;
    Ok(more)
}

fn fill_one(tx: &mut LogTx<'_>, id: DocumentId) -> Result<(), StoreError> {
    let Some(before) = tx.document(id)? else {
        return Ok(());
    };
    let mut outline = before.outline.clone();
    if matches!(outline.kind, Kind::Visit | Kind::Notice | Kind::Check) {
        complete(tx, id, &mut outline)?;
    }
    if let (Kind::Enrolment, Some(activity)) = (outline.kind, outline.facts.activity) {
        tx.put_follower(activity, id)?;
    }
    tx.fill_age(id, &before.outline)?;
    if outline != before.outline {
        let after = DocumentRow {
            outline,
            ..DocumentRow::clone(&before)
        };
        tx.put_document(id, Some(Arc::clone(&before)), after)?;
    }
    Ok(())
}

/// Reads what the outlines of an older version do not say from the changes themselves.
fn complete(tx: &mut LogTx<'_>, id: DocumentId, outline: &mut Outline) -> Result<(), StoreError> {
    let changes: Vec<Inspected> = tx
        .change_bytes(id)?
        .iter()
        .filter_map(|bytes| inspect(bytes).ok())
        .collect();
    if outline.kind == Kind::Check {
        for change in &changes {
            let latest = latest_of(tx, Kind::Check, change)?;
            outline.facts.until = outline.facts.until.max(latest);
        }
        return Ok(());
    }
    if let Some(said) = gate::outline_of(outline.kind, &changes) {
        outline.facts.began_at = said.facts.began_at;
        outline.facts.until = said.facts.until;
        outline.facts.withdrawn_at = said.facts.withdrawn_at;
    }
    Ok(())
}
