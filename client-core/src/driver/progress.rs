//! Whether an exchange got anywhere: what keeps a round from going on for ever.

use yizhan_proto::sync::{Page, SyncRequest, SyncResponse};

use crate::store::Applied;

/// Whether anything moved: a change, a document, a cursor, the identity.
pub(super) fn has_progressed(
    applied: &Applied,
    request: &SyncRequest,
    response: &SyncResponse,
) -> bool {
    applied.accepted
        + applied.duplicate
        + applied.refused
        + applied.quarantined
        + applied.changes_received
        + applied.documents_received
        + applied.forgotten
        + applied.erased_unsent
        > 0
        || applied.identity_changed
        || applied.epoch_changed
        || !request.forgotten.is_empty()
        || response.pages.iter().any(|page| has_moved(page, request))
}

/// Whether the exchange brought anything: cursors that move, and what is confirmed again, do not make
/// a round worth going on with for ever.
pub(super) const fn is_fruitful(applied: &Applied) -> bool {
    applied.accepted
        + applied.refused
        + applied.quarantined
        + applied.changes_received
        + applied.documents_received
        + applied.forgotten
        + applied.erased_unsent
        > 0
}

/// Whether the exchange was part of a repair, which takes several that move nothing by themselves.
pub(super) fn is_repairing(
    applied: &Applied,
    request: &SyncRequest,
    response: &SyncResponse,
) -> bool {
    applied.repairs_started > 0
        || !request.repairs.is_empty()
        || !request.fetches.is_empty()
        || !response.repairs.is_empty()
        || !response.fetched.is_empty()
}

/// Whether a page moves a cursor of the request it answers.
fn has_moved(page: &Page, request: &SyncRequest) -> bool {
    if let Some(summary) = request.summary {
        return page.live != summary.live || !page.items.is_empty();
    }
    request
        .scopes
        .iter()
        .find(|state| state.scope == page.scope)
        .is_some_and(|state| state.window() != Some(page.window()))
}

#[cfg(test)]
mod tests {
    use yizhan_proto::digest::ScopeDigest;
    use yizhan_proto::sync::{ScopeState, Summary};
    use yizhan_proto::version::ProtocolVersion;
    use yizhan_proto::{Cursor, Epoch, Scope, Timestamp};

    use super::*;

    fn scope() -> Scope {
        "region:a".parse().unwrap()
    }

    fn request(live: Option<u64>, floor: u64) -> SyncRequest {
        SyncRequest {
            version: ProtocolVersion::CURRENT,
            epoch: None,
            device_time: Timestamp::default(),
            identity_version: 1,
            summary: None,
            scopes: vec![ScopeState {
                scope: scope(),
                live: live.map(Cursor::new),
                floor: Cursor::new(floor),
                digest: ScopeDigest::default(),
                settled: None,
            }],
            pushes: Vec::new(),
            page_bytes_max: 0,
            forgotten: Vec::new(),
            repairs: Vec::new(),
            fetches: Vec::new(),
            decided: None,
            left: Vec::new(),
        }
    }

    fn response(live: u64, floor: u64) -> SyncResponse {
        SyncResponse {
            version: ProtocolVersion::CURRENT,
            epoch: Epoch::from_bytes([1; 8]),
            relay_time: Timestamp::default(),
            head: Cursor::new(live),
            receipts: Vec::new(),
            pages: vec![Page {
                scope: scope(),
                items: Vec::new(),
                live: Cursor::new(live),
                floor: Cursor::new(floor),
                digest: None,
                more: true,
                settled: None,
            }],
            identity: None,
            repairs: Vec::new(),
            fetched: Vec::new(),
            next_sync_ms: None,
            decisions: None,
        }
    }

    #[test]
    fn a_cursor_that_moves_is_progress_and_one_that_stands_is_not() {
        for (from, to, progressed) in [
            ((None, 0), (0, 0), true),
            ((Some(7), 3), (7, 3), false),
            ((Some(7), 3), (8, 3), true),
            ((Some(7), 3), (7, 2), true),
        ] {
            let (request, response) = (request(from.0, from.1), response(to.0, to.1));
            let applied = Applied::default();
            assert_eq!(
                has_progressed(&applied, &request, &response),
                progressed,
                "{from:?} {to:?}"
            );
        }
    }

    #[test]
    fn a_summary_that_is_answered_with_where_it_stands_is_no_progress() {
        let mut summary = request(None, 0);
        summary.scopes.clear();
        summary.summary = Some(Summary {
            live: Cursor::new(7),
            digest: ScopeDigest::default(),
        });
        let applied = Applied::default();
        assert!(!has_progressed(&applied, &summary, &response(7, 0)));
        assert!(has_progressed(&applied, &summary, &response(8, 0)));
    }
}
