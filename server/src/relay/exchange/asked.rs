//! What a device asks for: bounded, and only of what it may read.

use std::collections::{BTreeMap, BTreeSet};

use yizhan_proto::limits::{FETCHES_MAX, FORGOTTEN_MAX, REPAIR_RANGES_MAX, SCOPES_MAX};
use yizhan_proto::sync::{Fetch, RangeDigest, SyncRequest};
use yizhan_proto::{DeviceId, Scope, ScopeDigest, Sequence, Window};

use super::super::page::Ask;
use super::super::types::Caller;
use crate::error::RelayError;

/// What to read for a device.
#[derive(Debug)]
pub(super) struct Pull {
    pub(super) asks: Vec<Ask>,
    /// The sum of all digests, if that is all the device said.
    pub(super) summary: Option<ScopeDigest>,
    pub(super) pushed: BTreeSet<Sequence>,
    pub(super) page_bytes_max: u32,
    pub(super) repairs: Vec<RangeDigest>,
    pub(super) fetches: Vec<Fetch>,
    /// Who asks.
    pub(super) device: DeviceId,
    /// Up to where the device was told of decisions, if it asks for more.
    pub(super) decided: Option<u64>,
    /// Whether it may hold what it read from a former life of the relay.
    pub(super) former: bool,
}

impl Pull {
    /// Whether the device only pushes: then there is nothing to read for it.
    pub(super) fn asks_nothing(&self) -> bool {
        self.asks.is_empty()
            && self.repairs.is_empty()
            && self.fetches.is_empty()
            && self.decided.is_none()
    }
}

/// Version and counts.
pub(super) fn check(request: &SyncRequest) -> Result<(), RelayError> {
    if !request.version.is_supported() {
        return Err(RelayError::UnsupportedVersion {
            found: request.version,
        });
    }
    let counts = [
        ("SCOPES_MAX", SCOPES_MAX, request.scopes.len()),
        ("SCOPES_MAX", SCOPES_MAX, request.left.len()),
        ("FORGOTTEN_MAX", FORGOTTEN_MAX, request.forgotten.len()),
        (
            "REPAIR_RANGES_MAX",
            REPAIR_RANGES_MAX,
            request.repairs.len(),
        ),
        ("FETCHES_MAX", FETCHES_MAX, request.fetches.len()),
    ];
    for (limit, bound, found) in counts {
        if found > bound {
            return Err(RelayError::Limit {
                limit,
                bound: bound as u64,
                found: found as u64,
            });
        }
    }
    Ok(())
}

/// What to read, and whether the device is to be told its identity.
pub(super) fn pull(
    caller: &Caller,
    request: SyncRequest,
    epoch: yizhan_proto::Epoch,
) -> (Pull, bool) {
    let known = request.identity_version == caller.identity.version;
    // Positions in another lineage mean nothing here.
    let lineage = request.epoch == Some(epoch);
    let scopes = &caller.identity.scopes;
    let (asks, summary) = match request.summary {
        // What the device is complete in may not be what it would be told now: identity first.
        Some(_) if !known => (Vec::new(), None),
        Some(summary) => {
            let window = lineage.then(|| Window::complete(summary.live));
            let asks = scopes.iter().map(|scope| Ask {
                scope: scope.clone(),
                window,
                digest: None,
            });
            (asks.collect(), lineage.then_some(summary.digest))
        }
        None => {
            let states: BTreeMap<&Scope, _> = request
                .scopes
                .iter()
                .map(|state| (&state.scope, state))
                .collect();
            let asks = scopes.iter().filter_map(|scope| {
                let state = states.get(scope)?;
                Some(Ask {
                    scope: scope.clone(),
                    window: state.window().filter(|_| lineage),
                    digest: lineage.then_some(state.digest),
                })
            });
            (asks.collect(), None)
        }
    };
    let pull = Pull {
        asks,
        summary,
        pushed: BTreeSet::new(),
        page_bytes_max: request.page_bytes_max,
        repairs: permitted(request.repairs, scopes, |range| &range.scope),
        fetches: permitted(request.fetches, scopes, |fetch| &fetch.scope),
        device: caller.device,
        // The numbers of another lineage mean nothing here.
        decided: request.decided.map(|after| if lineage { after } else { 0 }),
        former: false,
    };
    (pull, !known)
}

/// Only what is about scopes the device may read; the rest is as if it did not exist.
fn permitted<T>(asked: Vec<T>, scopes: &[Scope], scope: impl Fn(&T) -> &Scope) -> Vec<T> {
    asked
        .into_iter()
        .filter(|ask| scopes.contains(scope(ask)))
        .collect()
}
