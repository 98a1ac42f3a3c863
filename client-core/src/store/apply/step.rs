//! The state of one application, and the bookkeeping all its parts share.

use std::collections::BTreeMap;

use rusqlite::Transaction;
use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::sync::{Stored, StoredChange};
use yizhan_proto::{ChangeHash, DeviceId, ScopeDigest};

use super::super::changes::{self, DEPENDENCY_HELD, NewChange};
use super::super::reread::reread;
use super::super::{Applied, ChangeState, StoreError, documents, scopes};
use crate::clock::Clock;

/// What a document added to which digests before this step.
struct Before {
    digest: Option<DocumentDigest>,
    scopes: Vec<i64>,
}

/// One application under way.
pub(super) struct Step<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) clock: &'a dyn Clock,
    pub(super) device: DeviceId,
    pub(super) applied: Applied,
    /// Whether the relay has more to say.
    pub(super) more: bool,
    /// Whether anything moved, so that going on makes sense.
    pub(super) progressed: bool,
    /// Whether unsent changes that waited for others need not wait any longer.
    pub(super) freed: bool,
    touched: BTreeMap<i64, Before>,
}

impl<'a> Step<'a> {
    pub(super) fn new(tx: &'a Transaction<'a>, clock: &'a dyn Clock, device: DeviceId) -> Self {
        Self {
            tx,
            clock,
            device,
            applied: Applied::default(),
            more: false,
            progressed: false,
            freed: false,
            touched: BTreeMap::new(),
        }
    }

    /// Something of the response does not fit and is left out.
    pub(super) fn ignore(&mut self) {
        self.applied.ignored += 1;
    }

    /// To be called before anything of a document changes: its changes, its scopes.
    pub(super) fn touch(&mut self, document: i64) -> Result<(), StoreError> {
        if !self.touched.contains_key(&document) {
            let digest = documents::by_number(self.tx, document)?.and_then(|row| row.acked_digest);
            let scopes = scopes::of_document(self.tx, document)?;
            self.touched.insert(document, Before { digest, scopes });
        }
        Ok(())
    }

    /// Reads every touched document anew, and brings the digests of the scopes along.
    pub(super) fn settle_touched(&mut self) -> Result<(), StoreError> {
        let mut deltas: BTreeMap<i64, ScopeDigest> = BTreeMap::new();
        for (document, before) in std::mem::take(&mut self.touched) {
            let after = reread(self.tx, document)?;
            if after.newly_set_aside {
                self.applied.set_aside += 1;
            }
            if let Some(digest) = before.digest {
                for scope in before.scopes {
                    let delta = deltas.entry(scope).or_default();
                    *delta = delta.without(digest);
                }
            }
            if let Some(digest) = after.acked_digest {
                for scope in scopes::of_document(self.tx, document)? {
                    let delta = deltas.entry(scope).or_default();
                    *delta = delta.with(digest);
                }
            }
        }
        scopes::add_digests(self.tx, &deltas)
    }

    /// Takes in a change as the relay keeps it; twice is once. The document is touched. Returns
    /// its hash.
    pub(super) fn receive(
        &mut self,
        document: i64,
        received: &StoredChange,
    ) -> Result<ChangeHash, StoreError> {
        let inspected = changes::look_at(&received.change);
        let hash = inspected.as_ref().map_or_else(
            || ChangeHash::of_chunk(&received.change),
            |change| change.hash,
        );
        let stored = Stored {
            sequence: received.sequence,
            received_at: received.received_at,
            skew_ms: received.skew_ms,
        };
        match changes::find(self.tx, document, hash)? {
            Some((_, ChangeState::Acknowledged, _)) => {}
            Some((n, state, _)) => self.acknowledge(document, n, state, stored)?,
            None => {
                let own = inspected
                    .as_ref()
                    .is_some_and(|change| change.actor.device() == self.device);
                let new = NewChange {
                    document,
                    bytes: &received.change,
                    own,
                    state: ChangeState::Acknowledged,
                    stored: Some(stored),
                    summary: None,
                };
                changes::insert(self.tx, &new, inspected.as_ref())?;
                self.applied.changes_received += 1;
                self.end_waits(document)?;
            }
        }
        Ok(hash)
    }

    /// A change is at the relay: marks it so, and lets go what waited for it.
    pub(super) fn acknowledge(
        &mut self,
        document: i64,
        change: i64,
        was: ChangeState,
        stored: Stored,
    ) -> Result<(), StoreError> {
        changes::acknowledge(self.tx, change, stored)?;
        self.end_waits(document)?;
        if was == ChangeState::Quarantined {
            self.tx
                .prepare_cached(
                    "UPDATE changes SET state = 0, reason_code = NULL, reason_path = NULL,
                         reason_bound = NULL
                     WHERE document = ?1 AND state = 3 AND state <> 1 AND reason_code = ?2",
                )?
                .execute(rusqlite::params![document, DEPENDENCY_HELD])?;
        }
        Ok(())
    }

    /// Something new is known of a document: what waited for other changes is tried again.
    fn end_waits(&mut self, document: i64) -> Result<(), StoreError> {
        let ended = self
            .tx
            .prepare_cached(
                "UPDATE changes SET waits_since = NULL
                 WHERE document = ?1 AND state = 0 AND state <> 1 AND waits_since IS NOT NULL",
            )?
            .execute([document])?;
        self.freed |= ended > 0;
        Ok(())
    }
}
