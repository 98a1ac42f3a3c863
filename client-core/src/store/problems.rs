//! Everything that a person entered and that is not where it should be: refused, waiting for a
//! decision, waiting for something else at the relay, or in a document that cannot be opened. Each
//! with its state, a code, since when, what it was, and what one can do. Nothing leaves this list
//! but by being accepted, or by hand.

use rusqlite::{Connection, Row, params};
use yizhan_proto::sync::Reason;
use yizhan_proto::{ChangeHash, DocumentId, Kind, Timestamp};

use super::changes::{self, look_at};
use super::sql::{bytes, bytes_opt, time_opt};
use super::{FindError, Store, StoreError};
use crate::model::said::{Said, said};

/// Code of what waits until the relay has something else; `docs/PROTOCOL.md` lists it.
pub const CHANGE_WAITS: &str = "change.waits";
/// Code of what is in a document that cannot be opened; `docs/PROTOCOL.md` lists it.
pub const DOCUMENT_SET_ASIDE: &str = "document.set_aside";

/// Where something stands that is not where it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemState {
    /// The relay did not take it; the document is shown without it.
    Refused,
    /// It waits at the relay for a person's decision; the document is shown with it.
    Quarantined,
    /// The relay lacks something it builds on; it is sent again by itself.
    Waiting,
    /// Its document cannot be opened; all of it is kept.
    SetAside,
}

impl ProblemState {
    /// Every state.
    pub const ALL: [Self; 4] = [
        Self::Refused,
        Self::Quarantined,
        Self::Waiting,
        Self::SetAside,
    ];

    /// As an app translates it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Quarantined => "quarantined",
            Self::Waiting => "waiting",
            Self::SetAside => "set_aside",
        }
    }

    /// What one can do, in a sentence of English.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Refused => {
                "Enter it again as it should be; offer it again if the reason is gone; or delete it."
            }
            Self::Quarantined => {
                "Wait: a person decides, and the next sync brings it. Nothing is lost."
            }
            Self::Waiting => "Nothing: it is sent again by itself. Nothing is lost.",
            Self::SetAside => {
                "Update this program; what was entered is kept, and its text can be read here."
            }
        }
    }
}

/// Something that is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The change, as `discard`, `retry` and [`Store::typed`] take it; `None` for a document that
    /// cannot be opened and holds nothing of this device.
    pub change: Option<ChangeHash>,
    /// The document.
    pub document: DocumentId,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub state: ProblemState,
    /// Why; of a document that is set aside, `bound` says what could not be read.
    pub reason: Reason,
    /// When it was entered, by this device's clock; `None` without a change.
    pub since: Option<Timestamp>,
    /// What it is, in a few words for people: `visit at Changzhou Driver Home`.
    pub summary: String,
}

impl Store {
    /// All that was entered here and is not where it should be, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn problems(&self) -> Result<Vec<Problem>, StoreError> {
        self.read(|connection| {
            let mut problems = stopped(connection)?;
            problems.extend(set_aside(connection)?);
            Ok(problems)
        })
    }

    /// What was typed into one own change, field by field. Empty if its bytes cannot be read here
    /// any more; its summary says what it was.
    ///
    /// # Errors
    /// [`FindError::None`] if this device made no such change.
    pub fn typed(&self, change: ChangeHash) -> Result<Vec<Said>, FindError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(
                    "SELECT d.kind, c.bytes FROM changes c JOIN documents d ON d.n = c.document
                     WHERE c.hash = ?1 AND c.own = 1",
                )
                .map_err(StoreError::from)?;
            let mut rows = statement
                .query(params![change.as_bytes()])
                .map_err(StoreError::from)?;
            let Some(row) = rows.next().map_err(StoreError::from)? else {
                return Err(FindError::None {
                    what: "own change",
                    text: change.to_string(),
                });
            };
            let read = || -> Result<_, StoreError> {
                let bytes: Vec<u8> = row.get(1)?;
                Ok((Kind::from_code(row.get(0)?), bytes))
            };
            let (kind, bytes) = read()?;
            Ok(look_at(&bytes).map_or_else(Vec::new, |change| said(kind, &change)))
        })
    }
}

/// Own changes that were refused, wait for a decision, or wait for something else.
fn stopped(connection: &Connection) -> Result<Vec<Problem>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT c.hash, d.id, d.kind, c.device_time, c.summary, c.state, c.reason_code,
                c.reason_path, c.reason_bound
         FROM changes c JOIN documents d ON d.n = c.document
         WHERE c.state <> 1 AND (c.state IN (2, 3)
               OR (c.state = 0 AND c.waits_since IS NOT NULL))
         ORDER BY c.n",
    )?;
    let rows = statement.query_map([], |row| {
        let (state, code) = match row.get::<_, i64>(5)? {
            2 => (ProblemState::Refused, "unknown"),
            3 => (ProblemState::Quarantined, "unknown"),
            _ => (ProblemState::Waiting, CHANGE_WAITS),
        };
        let reason = changes::read_reason(row, 6)?.unwrap_or_else(|| plain(code));
        own(row, state, reason)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is in documents that cannot be opened: own changes one by one, or the document alone.
fn set_aside(connection: &Connection) -> Result<Vec<Problem>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT c.hash, d.id, d.kind, c.device_time, c.summary, d.set_aside
         FROM documents d LEFT JOIN changes c
              ON c.document = d.n AND c.own = 1 AND c.state NOT IN (2, 3)
         WHERE d.set_aside IS NOT NULL ORDER BY d.n, c.n",
    )?;
    let rows = statement.query_map([], |row| {
        let reason = Reason {
            bound: row.get(5)?,
            ..plain(DOCUMENT_SET_ASIDE)
        };
        own(row, ProblemState::SetAside, reason)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn own(row: &Row<'_>, state: ProblemState, reason: Reason) -> rusqlite::Result<Problem> {
    let kind = Kind::from_code(row.get(2)?);
    let summary: Option<String> = row.get(4)?;
    let change = bytes_opt(row, 0, ChangeHash::from_bytes)?;
    Ok(Problem {
        change,
        document: bytes(row, 1, DocumentId::from_bytes)?,
        kind,
        state,
        reason,
        since: time_opt(row, 3)?,
        summary: summary.unwrap_or_else(|| kind.name().to_owned()),
    })
}

fn plain(code: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        path: None,
        bound: None,
    }
}
