//! One sync exchange: push, then pull.
//!
//! A request that pushes or acknowledges is one job for the writer, so its receipts are all about
//! one commit. The answer is read from one snapshot taken after that. A request that does neither
//! writes nothing.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use yizhan_proto::sync::{Forgotten, Outcome, Page, Push, Receipt, SyncRequest, SyncResponse};
use yizhan_proto::{Cursor, ProtocolVersion, Scope, ScopeDigest, Sequence, Window};

mod asked;

use super::accept::{Arrival, Incoming, Writer, settle};
use super::page::{Answer, Ask, Budget, Reading};
use super::quarantine::decisions;
use super::quotas::Begun;
use super::recipients::begun;
use super::seats::Told;
use super::types::Caller;
use super::{Relay, audit, from_read, from_write};
use crate::error::RelayError;
use crate::store::{LogTx, Snapshot, StoreError};
use asked::{Pull, check, pull};

/// Pushed bytes up to which looking at them is quicker than handing them to another thread.
const INLINE_BYTES_MAX: usize = 16 * 1024;
/// Threads that a larger push is spread over.
const INSPECT_PARTS: usize = 4;

/// What a device says that it has carried out.
#[derive(Debug)]
struct Done {
    forgotten: Vec<Forgotten>,
    left: Vec<Scope>,
}

impl Done {
    fn is_nothing(&self) -> bool {
        self.forgotten.is_empty() && self.left.is_empty()
    }
}

/// What was read.
#[derive(Debug)]
struct Pulled {
    head: Cursor,
    pages: Vec<Page>,
    mismatches: u64,
    repairs: Vec<yizhan_proto::sync::RepairAnswer>,
    fetched: Vec<yizhan_proto::sync::Fetched>,
    decisions: Option<yizhan_proto::sync::Decisions>,
    /// Scopes read from a former life of the relay of which the device holds exactly what is there.
    settled: Vec<Scope>,
}

impl Pulled {
    fn nothing(head: Cursor) -> Self {
        Self {
            head,
            pages: Vec::new(),
            mismatches: 0,
            repairs: Vec::new(),
            fetched: Vec::new(),
            decisions: None,
            settled: Vec::new(),
        }
    }
}

impl Relay {
    /// One sync exchange.
    ///
    /// # Errors
    /// [`RelayError`]. Of what was pushed, nothing was stored, unless the error is
    /// [`RelayError::Storage`] or [`RelayError::Internal`], which may also come from reading
    /// after the push was stored, or [`RelayError::Caller`], if the device was revoked meanwhile; a
    /// device pushes again then, and is told of duplicates.
    pub async fn sync(
        &self,
        caller: &Caller,
        request: SyncRequest,
    ) -> Result<SyncResponse, RelayError> {
        check(&request)?;
        let caller = self.served(caller.device).await?;
        let mut request = request;
        let pushes = std::mem::take(&mut request.pushes);
        let done = Done {
            forgotten: std::mem::take(&mut request.forgotten),
            left: std::mem::take(&mut request.left),
        };
        let (receipts, pushed_head) = if pushes.is_empty() && done.is_nothing() {
            (Vec::new(), None)
        } else {
            let (receipts, head) = self.push(&caller, &request, pushes, done).await?;
            (receipts, Some(head))
        };
        let (mut pull, tell_identity) = pull(&caller, request, self.epoch());
        pull.former = self.inner.former;
        let identity = tell_identity.then(|| self.inner.directory.told(&caller));
        pull.pushed = receipts.iter().filter_map(sequence_of).collect();
        let begun = begun(&pull.asks);
        let device = caller.device;
        let pulled = match pushed_head {
            Some(head) if pull.asks_nothing() => Pulled::nothing(head),
            _ => self
                .inner
                .readers
                .read(move |snapshot| read(snapshot, &pull))
                .await
                .map_err(from_read)?,
        };
        // Whose right ended while this went on gets nothing of what was read under it.
        let current = self.caller(device)?;
        let (pulled, identity) = if current.identity.version == caller.identity.version {
            self.begin(device, begun, pulled.head).await?;
            self.settle_anew(device, &pulled.settled, pulled.head)
                .await?;
            (pulled, identity)
        } else {
            let identity = self.inner.directory.told(&current);
            (Pulled::nothing(pulled.head), Some(identity))
        };
        self.count(&receipts, &pulled);
        Ok(SyncResponse {
            version: ProtocolVersion::CURRENT,
            epoch: self.epoch(),
            relay_time: self.inner.clock.now(),
            head: pulled.head,
            receipts,
            pages: pulled.pages,
            identity,
            repairs: pulled.repairs,
            fetched: pulled.fetched,
            next_sync_ms: None,
            decisions: pulled.decisions,
        })
    }

    /// Stores what may be stored, in one job. The head is that job's own.
    async fn push(
        &self,
        caller: &Caller,
        request: &SyncRequest,
        pushes: Vec<Push>,
        done: Done,
    ) -> Result<(Vec<Receipt>, Cursor), RelayError> {
        let device_time = request.device_time;
        let incoming = inspect_all(pushes).await?;
        let device = caller.device;
        let seen = self.inner.seen.is_news(device, self.inner.clock.now());
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| -> Result<_, RelayError> {
            // Looked up here, where revocations are ordered with everything else.
            let caller = relay.inner.directory.caller(device)?;
            let writer = Writer {
                author: &caller.author,
                former: &caller.former,
                pardoned: false,
            };
            let now = relay.inner.clock.now();
            let quotas = relay.inner.quotas;
            let arrival = Arrival::new(&caller.author, now, device_time).under(quotas);
            let mut room = Begun::new(quotas, caller.person, now);
            for forgotten in &done.forgotten {
                if tx.acknowledge_forget(device, forgotten, now)? {
                    audit::forgotten(tx, arrival, forgotten)?;
                }
            }
            tx.confirm_left(device, &done.left, now)?;
            if seen {
                tx.see_device(device, now)?;
            }
            let mut receipts = Vec::with_capacity(incoming.len());
            let mut told = Told::default();
            for incoming in &incoming {
                let (begins, begun_max) = room.begins(tx, incoming)?;
                let arrival = Arrival {
                    begun_max,
                    ..arrival
                };
                let outcome = relay.admit(tx, &mut told, writer, arrival, incoming)?;
                if begins && matches!(outcome, Outcome::Accepted(_)) {
                    room.one_more();
                }
                if let Outcome::Refused(reason) = &outcome {
                    relay.audit_refusal(tx, arrival, incoming.document, reason)?;
                }
                receipts.push(Receipt {
                    change: incoming.hash,
                    outcome,
                });
            }
            relay.seat_beside(tx, &mut told)?;
            room.keep(tx)?;
            Ok((receipts, tx.head(), told))
        };
        let written = self.inner.writer.write(job).await;
        let (receipts, head, told) = written.map_err(from_write::<_, RelayError>)?;
        told.count();
        Ok((receipts, head))
    }

    /// Decides about one change and, if it is accepted, about what follows from it.
    pub(super) fn admit(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
        writer: Writer<'_>,
        arrival: Arrival,
        incoming: &Incoming,
    ) -> Result<Outcome, StoreError> {
        let outcome = settle(tx, writer, arrival, incoming)?;
        if let Outcome::Accepted(stored) = &outcome {
            self.seat(tx, told, incoming, stored.sequence)?;
            self.follow_ticket(tx, incoming)?;
        }
        Ok(outcome)
    }

    fn count(&self, receipts: &[Receipt], pulled: &Pulled) {
        let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
        let mut refusals: BTreeMap<&str, u64> = BTreeMap::new();
        for receipt in receipts {
            let outcome = match &receipt.outcome {
                Outcome::Accepted(_) => "accepted",
                Outcome::Duplicate(_) => "duplicate",
                Outcome::Refused(reason) => {
                    *refusals.entry(&reason.code).or_default() += 1;
                    "refused"
                }
                Outcome::Needs(_) => "needs",
                Outcome::Quarantined(_) => "quarantined",
                Outcome::Later(reason) => {
                    *refusals.entry(&reason.code).or_default() += 1;
                    "later"
                }
                Outcome::Unknown(_) => "unknown",
            };
            *outcomes.entry(outcome).or_default() += 1;
        }
        for (outcome, count) in outcomes {
            let outcome = outcome.to_owned();
            metrics::counter!("yizhan_pushes_total", "outcome" => outcome).increment(count);
        }
        for (code, count) in refusals {
            let code = code.to_owned();
            metrics::counter!("yizhan_refused_total", "code" => code).increment(count);
        }
        let items = pulled.pages.iter().flat_map(|page| &page.items);
        let changes = items.flat_map(|item| &item.changes);
        let bytes: usize = changes.map(|change| change.change.len()).sum();
        metrics::counter!("yizhan_pages_bytes_total").increment(bytes as u64);
        if pulled.mismatches > 0 {
            self.inner
                .digest_mismatches
                .fetch_add(pulled.mismatches, Ordering::Relaxed);
            metrics::counter!("yizhan_digest_mismatch_total").increment(pulled.mismatches);
            tracing::warn!(
                scopes = pulled.mismatches,
                "a device that is current holds something else than the relay; it repairs itself"
            );
        }
    }
}

/// Looks at every pushed change: here if they are few, else on a thread that may be kept busy.
pub(super) async fn inspect_all(pushes: Vec<Push>) -> Result<Vec<Incoming>, RelayError> {
    let inspect =
        |part: Vec<Push>| -> Vec<Incoming> { part.into_iter().map(Incoming::inspect).collect() };
    let bytes: usize = pushes.iter().map(|push| push.change.len()).sum();
    if bytes <= INLINE_BYTES_MAX {
        return Ok(inspect(pushes));
    }
    let part_len = pushes.len().div_ceil(INSPECT_PARTS);
    let mut incoming = Vec::with_capacity(pushes.len());
    let mut pushes = pushes.into_iter();
    let mut parts = Vec::new();
    while pushes.len() > 0 {
        let part = pushes.by_ref().take(part_len).collect();
        parts.push(tokio::task::spawn_blocking(move || inspect(part)));
    }
    for part in parts {
        let part = part
            .await
            .map_err(|_| RelayError::Internal("looking at changes failed"))?;
        incoming.extend(part);
    }
    Ok(incoming)
}

fn sequence_of(receipt: &Receipt) -> Option<Sequence> {
    match &receipt.outcome {
        Outcome::Accepted(stored) | Outcome::Duplicate(stored) => Some(stored.sequence),
        Outcome::Refused(_)
        | Outcome::Needs(_)
        | Outcome::Quarantined(_)
        | Outcome::Later(_)
        | Outcome::Unknown(_) => None,
    }
}

fn read(snapshot: &Snapshot<'_>, pull: &Pull) -> Result<Pulled, StoreError> {
    let reading = Reading {
        snapshot,
        head: snapshot.head()?,
        pushed: &pull.pushed,
    };
    let mut budget = Budget::new(pull.page_bytes_max);
    let mut pages = Vec::new();
    let mut mismatches = 0;
    let mut agreed = Vec::new();
    for ask in &pull.asks {
        match reading.page(ask, &mut budget)? {
            Answer::Unchanged => agreed.extend(ask.digest.map(|_| &ask.scope)),
            Answer::Page(page) => pages.push(page),
            Answer::Mismatch(page) => {
                mismatches += 1;
                pages.push(page);
            }
        }
    }
    if let Some(theirs) = pull.summary.filter(|_| pages.is_empty()) {
        let digests = digest_pages(&reading, &pull.asks)?;
        let ours = digests
            .iter()
            .filter_map(|page| page.digest)
            .fold(ScopeDigest::EMPTY, ScopeDigest::and);
        if ours != theirs {
            // Which scope it is, only the device can tell.
            mismatches += 1;
            pages = digests;
        } else {
            agreed.extend(pull.asks.iter().map(|ask| &ask.scope));
        }
    }
    let mut settled = Vec::new();
    if pull.former && !agreed.is_empty() {
        settled = snapshot.former_scopes(pull.device)?;
        settled.retain(|scope| agreed.contains(&scope));
    }
    Ok(Pulled {
        head: reading.head,
        pages,
        mismatches,
        repairs: reading.repairs(&pull.repairs)?,
        fetched: reading.fetch(&pull.fetches, &mut budget)?,
        decisions: match pull.decided {
            Some(after) => decisions(snapshot, pull.device, after)?,
            None => None,
        },
        settled,
    })
}

/// For each scope a page that says nothing but its digest.
fn digest_pages(reading: &Reading<'_>, asks: &[Ask]) -> Result<Vec<Page>, StoreError> {
    let page = |ask: &Ask| {
        let totals = reading.snapshot.scope(&ask.scope)?;
        let digest = totals.map_or(ScopeDigest::EMPTY, |totals| totals.digest);
        let window = Window::complete(reading.head);
        Ok(Page::new(
            ask.scope.clone(),
            Vec::new(),
            window,
            Some(digest),
            false,
        ))
    };
    asks.iter().map(page).collect()
}
