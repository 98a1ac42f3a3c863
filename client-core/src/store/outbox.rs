//! The next exchange, derived from what is here. There is no queue: what is sent is "own changes
//! without a receipt", so nothing can be stuck behind something else.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use yizhan_proto::limits::{FETCHES_MAX, FORGOTTEN_MAX, REPAIR_RANGES_MAX, SCOPES_MAX};
use yizhan_proto::sync::{Fetch, Forgotten, Push, RangeDigest, ScopeState, Summary, SyncRequest};
use yizhan_proto::{DocumentId, Kind, ProtocolVersion, Scope, ScopeDigest, Sequence, Timestamp};

use super::scopes::{self, ScopeRow};
use super::sql::{bytes, count, int, time_opt, uint};
use super::{Budget, Store, StoreError, device};

/// Bytes of framing around one pushed change: document id, kind, lengths.
const PUSH_OVERHEAD_BYTES: usize = 32;
/// A change whose dependencies the relay lacked is offered again after so long, if nothing about
/// its document has moved before.
const WAIT_MS: i64 = 10 * 60 * 1000;

impl Store {
    /// The next exchange: what is unsent, where this device stands, what it wants. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plan_request(&self, budget: &Budget, now: Timestamp) -> Result<SyncRequest, StoreError> {
        self.read(|connection| {
            let device = device::load(connection)?;
            let subscribed = scopes::all(connection)?;
            let repairs = repairs(connection)?;
            let fetches = fetches(connection)?;
            let settled = repairs.is_empty() && fetches.is_empty();
            let summary = summary(&subscribed).filter(|_| settled);
            Ok(SyncRequest {
                version: ProtocolVersion::CURRENT,
                epoch: device.epoch,
                device_time: now,
                identity_version: device.identity.map_or(0, |identity| identity.version),
                scopes: match summary {
                    Some(_) => Vec::new(),
                    None => subscribed.into_iter().map(state).collect(),
                },
                summary,
                pushes: pushes(connection, budget.push_bytes_max, now)?,
                page_bytes_max: budget.page_bytes_max,
                forgotten: forgotten(connection)?,
                repairs,
                fetches,
                decided: decided(connection)?,
                left: left(connection)?,
            })
        })
    }
}

/// The short form, if the device is complete at one cursor in all of its scopes.
fn summary(subscribed: &[ScopeRow]) -> Option<Summary> {
    let live = subscribed.first()?.window?.live;
    let complete = |row: &ScopeRow| {
        row.window
            .is_some_and(|window| window.is_complete() && window.live == live)
    };
    subscribed.iter().all(complete).then(|| Summary {
        live,
        digest: subscribed
            .iter()
            .fold(ScopeDigest::EMPTY, |sum, row| sum.and(row.digest)),
    })
}

fn state(row: ScopeRow) -> ScopeState {
    ScopeState::new(row.scope, row.window, row.digest)
}

/// Unsent changes, those of documents with an urgent one first, each document's in the order they
/// were made: one may have become unsent again, without its urgency, after one that builds on it.
fn pushes(
    connection: &Connection,
    bytes_max: usize,
    now: Timestamp,
) -> Result<Vec<Push>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.id, d.kind, c.bytes, c.waits_since
         FROM changes c JOIN documents d ON d.n = c.document
         WHERE c.state = 0 AND c.state <> 1
         ORDER BY (SELECT max(u.urgent) FROM changes u
                   WHERE u.document = c.document AND u.state = 0 AND u.state <> 1) DESC, c.n",
    )?;
    let mut rows = statement.query([])?;
    let mut left = bytes_max;
    let mut waiting = BTreeSet::new();
    let mut pushes = Vec::new();
    while let Some(row) = rows.next()? {
        let document = bytes(row, 0, DocumentId::from_bytes)?;
        if time_opt(row, 3)?.is_some_and(|since| is_waiting(since, now)) {
            waiting.insert(document);
        }
        if waiting.contains(&document) {
            continue;
        }
        let change: Vec<u8> = row.get(2)?;
        let needed = change.len() + PUSH_OVERHEAD_BYTES;
        if needed > left && !pushes.is_empty() {
            break;
        }
        left = left.saturating_sub(needed);
        pushes.push(Push {
            document,
            kind: Kind::from_code(row.get(1)?),
            change,
        });
    }
    Ok(pushes)
}

/// The clock may have been set back meanwhile: far in either direction ends the wait.
fn is_waiting(since: Timestamp, now: Timestamp) -> bool {
    now.ms_since(since).saturating_abs() < WAIT_MS
}

/// How many changes could be sent at once.
pub(super) fn sendable(connection: &Connection) -> Result<u64, StoreError> {
    let left: i64 = connection
        .prepare_cached(
            "SELECT COUNT(*) FROM changes
             WHERE state = 0 AND state <> 1 AND waits_since IS NULL",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(uint(left))
}

/// Scopes that were left and of which nothing is here any more, that the relay does not know of.
pub(super) const LEFT_TO_TELL: &str = "SELECT s.scope FROM left_scopes s WHERE s.told = 0
     AND NOT EXISTS (SELECT 1 FROM left_documents d WHERE d.scope = s.scope)
     AND NOT EXISTS (SELECT 1 FROM forgets f JOIN documents d ON d.id = f.document
                     WHERE f.scope = s.scope AND d.leaving <> 0)";

fn left(connection: &Connection) -> Result<Vec<Scope>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{LEFT_TO_TELL} LIMIT ?1"))?;
    let rows = statement.query_map([int(count(SCOPES_MAX))], |row| row.get::<_, String>(0))?;
    rows.map(|row| parse_scope(&row?)).collect()
}

/// Forgets whose documents are gone from this device, or are here by another scope with nothing
/// unsent.
fn forgotten(connection: &Connection) -> Result<Vec<Forgotten>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT f.document, f.sequence, f.scope FROM forgets f
         WHERE NOT EXISTS (SELECT 1 FROM documents d JOIN changes c ON c.document = d.n
                           WHERE d.id = f.document AND c.state = 0 AND c.state <> 1)
           AND NOT EXISTS (SELECT 1 FROM documents d
                           WHERE d.id = f.document AND d.leaving <> 0)
         LIMIT ?1",
    )?;
    let rows = statement.query_map([int(count(FORGOTTEN_MAX))], |row| {
        Ok((
            bytes(row, 0, DocumentId::from_bytes)?,
            uint(row.get(1)?),
            row.get::<_, String>(2)?,
        ))
    })?;
    let mut forgotten = Vec::new();
    for row in rows {
        let (document, sequence, scope) = row?;
        let sequence =
            Sequence::new(sequence).ok_or_else(|| StoreError::damaged("a forget numbered 0"))?;
        forgotten.push(Forgotten {
            scope: parse_scope(&scope)?,
            document,
            sequence,
        });
    }
    Ok(forgotten)
}

/// Up to where decisions were told, if anything waits for one.
fn decided(connection: &Connection) -> Result<Option<u64>, StoreError> {
    let told: Option<i64> = connection
        .prepare_cached(
            "SELECT decided FROM device
             WHERE EXISTS (SELECT 1 FROM changes WHERE state = 3 AND state <> 1)",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(told.map(uint))
}

fn repairs(connection: &Connection) -> Result<Vec<RangeDigest>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT s.n, s.scope, r.from_id, r.until_id FROM repairs r JOIN scopes s ON s.n = r.scope
         ORDER BY r.scope, r.from_id LIMIT ?1",
    )?;
    let rows = statement.query_map(params![int(count(REPAIR_RANGES_MAX))], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get::<_, Vec<u8>>(3)?,
        ))
    })?;
    let mut repairs = Vec::new();
    for row in rows {
        let (n, scope, from, until) = row?;
        let held = scopes::in_range(connection, n, &from, &until)?;
        repairs.push(RangeDigest {
            scope: parse_scope(&scope)?,
            from: scopes::sent_end(&from),
            until: scopes::sent_end(&until),
            digest: scopes::digest_of(&held),
        });
    }
    Ok(repairs)
}

fn fetches(connection: &Connection) -> Result<Vec<Fetch>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT f.document, s.scope FROM fetches f JOIN scopes s ON s.n = f.scope
         ORDER BY f.scope, f.document LIMIT ?1",
    )?;
    let rows = statement.query_map(params![int(count(FETCHES_MAX))], |row| {
        Ok((
            bytes(row, 0, DocumentId::from_bytes)?,
            row.get::<_, String>(1)?,
        ))
    })?;
    let mut fetches = Vec::new();
    for row in rows {
        let (document, scope) = row?;
        let scope = parse_scope(&scope)?;
        fetches.push(Fetch { scope, document });
    }
    Ok(fetches)
}

fn parse_scope(text: &str) -> Result<Scope, StoreError> {
    text.parse()
        .map_err(|error| StoreError::damaged(format!("a scope: {error}")))
}
