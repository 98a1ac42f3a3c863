//! Own changes that the relay refused, or that wait for a person's decision: shown, and
//! discarded or offered again by the person who made them.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use yizhan_proto::sync::Reason;
use yizhan_proto::{ChangeHash, DocumentId, Kind};

use super::changes::{self, ChangeRow};
use super::reread::reread;
use super::scrub::{self, Part};
use super::sql::{bytes, count, time};
use super::{ChangeState, FindError, Held, Store, StoreError, apply, documents};

impl Store {
    /// Own changes that were refused or wait for a decision, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT c.hash, d.id, d.kind, c.state, c.reason_code, c.reason_path,
                        c.reason_bound, c.device_time, c.summary
                 FROM changes c JOIN documents d ON d.n = c.document
                 WHERE c.state IN (2, 3) AND c.state <> 1 ORDER BY c.n",
            )?;
            let rows = statement.query_map([], |row| {
                let kind = Kind::from_code(row.get(2)?);
                let summary: Option<String> = row.get(8)?;
                Ok(Held {
                    change: bytes(row, 0, ChangeHash::from_bytes)?,
                    document: bytes(row, 1, DocumentId::from_bytes)?,
                    kind,
                    state: match row.get::<_, i64>(3)? {
                        2 => ChangeState::Refused,
                        _ => ChangeState::Quarantined,
                    },
                    reason: changes::read_reason(row, 4)?.unwrap_or_else(no_reason),
                    made_at: time(row, 7)?,
                    summary: summary.unwrap_or_else(|| kind.name().to_owned()),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Deletes a refused change and the refused ones that build on it. Returns how many.
    ///
    /// # Errors
    /// [`FindError::None`] if there is no such refused change.
    pub fn discard(&mut self, change: ChangeHash) -> Result<u64, FindError> {
        let gone = self.write(|tx| {
            let document = document_of(tx, change, &[ChangeState::Refused])?;
            let rows = changes::of_document(tx, document)?;
            let gone: Vec<ChangeRow> = changes::with_dependents(&rows, &[change])
                .into_iter()
                .filter(|row| row.state == ChangeState::Refused)
                .collect();
            scrub::note(tx, Part::Store)?;
            for row in &gone {
                tx.execute("DELETE FROM changes WHERE n = ?1", params![row.n])?;
            }
            if gone.len() == rows.len() && !is_member(tx, document)? {
                documents::remove(tx, document)?;
            } else {
                reread(tx, document)?;
            }
            apply::drop_leaving(tx)?;
            Ok::<_, FindError>(count(gone.len()))
        })?;
        self.fold_log();
        Ok(gone)
    }

    /// Offers a refused or quarantined change again, with what it builds on and what builds on it.
    /// Returns how many changes that is.
    ///
    /// # Errors
    /// [`FindError::None`] if there is no such held change.
    pub fn retry(&mut self, change: ChangeHash) -> Result<u64, FindError> {
        self.write(|tx| {
            let document = document_of(
                tx,
                change,
                &[ChangeState::Refused, ChangeState::Quarantined],
            )?;
            let rows = changes::of_document(tx, document)?;
            let roots = with_ancestors(&rows, change);
            let mut offered = 0;
            for row in changes::with_dependents(&rows, &roots) {
                if is_held(&row) {
                    changes::offer(tx, row.n)?;
                    offered += 1;
                }
            }
            reread(tx, document)?;
            Ok(offered)
        })
    }
}

fn no_reason() -> Reason {
    Reason {
        code: "unknown".to_owned(),
        path: None,
        bound: None,
    }
}

fn is_held(row: &ChangeRow) -> bool {
    matches!(row.state, ChangeState::Refused | ChangeState::Quarantined)
}

/// The document with that held change.
fn document_of(
    connection: &Connection,
    change: ChangeHash,
    states: &[ChangeState],
) -> Result<i64, FindError> {
    for state in states {
        let found = connection
            .prepare_cached(
                "SELECT document FROM changes WHERE state = ?1 AND state <> 1 AND hash = ?2",
            )?
            .query_row(params![state.code(), change.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(document) = found {
            return Ok(document);
        }
    }
    Err(FindError::None {
        what: "refused change",
        text: change.to_string(),
    })
}

/// The change and the held ones it builds on, directly or not.
fn with_ancestors(rows: &[ChangeRow], change: ChangeHash) -> Vec<ChangeHash> {
    let mut found = vec![change];
    for row in rows.iter().rev() {
        if found.contains(&row.hash) {
            for dep in &row.deps {
                let held = rows
                    .iter()
                    .any(|other| other.hash == *dep && is_held(other));
                if held && !found.contains(dep) {
                    found.push(*dep);
                }
            }
        }
    }
    found
}

fn is_member(tx: &Transaction<'_>, document: i64) -> Result<bool, StoreError> {
    Ok(tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM members WHERE document = ?1)",
        [document],
        |row| row.get(0),
    )?)
}
